-- Reading what is stored of rows: images and keys (docs/ledger-format.md, section 4). jsonb is a view
-- for the eye, made on reading; what has to be exact works with event_values() or the bytes.

CREATE FUNCTION custody.image_values(descriptor text, stored bytea, is_key boolean DEFAULT false)
    RETURNS TABLE ("position" int, name text, type text, state text, value text)
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_image_values';
COMMENT ON FUNCTION custody.image_values(text, bytea, boolean) IS
'the values of an image, or of a key, by a descriptor''s text: position, from 0; name and type of the column; state: value, null, redacted, hashed, too_large, or bytes where they are no value of the type as it is in this database now; value as the type''s output function writes it under the settings of docs/wire-format.md, the hash in hexadecimal of what is hashed or too large, the bytes in hexadecimal of bytes; errors: XX001 for what is no descriptor, image or key; privilege: none';

CREATE FUNCTION custody.image_json(descriptor text, stored bytea, is_key boolean DEFAULT false)
    RETURNS jsonb LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_image_json';
COMMENT ON FUNCTION custody.image_json(text, bytea, boolean) IS
'an image, or a key, by a descriptor''s text, as to_jsonb() has a row, with the columns that are in it only; what is not there as a value is an object with the one member redacted, hashed, too_large (and length) or bytes; errors: XX001 for what is no descriptor, image or key; privilege: none';

CREATE FUNCTION custody.event_values(descriptor int4, image bytea)
    RETURNS TABLE ("position" int, name text, type text, state text, value text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT v.* FROM custody_ledger.descriptor d, custody.image_values(d.text, image) v
                  WHERE d.id = descriptor;
END
$$;
COMMENT ON FUNCTION custody.event_values(int4, bytea) IS
'the values of an event''s old or new image, one row each: position, from 0; name and type of the column; state: value, null, redacted, hashed, too_large, or bytes where they are no value of the type as it is now; value as the type''s output function writes it (of what is hashed or too large the hash, of bytes these, in hexadecimal); no rows for NULL; errors: 42P01 without a ledger, XX001 for what is no image; privilege: SELECT on the ledger';

CREATE FUNCTION custody.event_row(descriptor int4, image bytea) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF get_byte(image, 0) = 3 THEN
        RETURN convert_from(substr(image, 2), custody.ledger_encoding())::jsonb;
    END IF;
    RETURN (SELECT custody.image_json(d.text, image) FROM custody_ledger.descriptor d
             WHERE d.id = descriptor);
END
$$;
COMMENT ON FUNCTION custody.event_row(int4, bytea) IS
'an event''s old or new image as to_jsonb() has a row, with the columns that are in it only, or the text of a structural event; what is not there as a value is an object with a member redacted, hashed, too_large or bytes; NULL for NULL; errors: 42P01 without a ledger, XX001 for what is no image; privilege: SELECT on the ledger';

CREATE FUNCTION custody.event_key(descriptor int4, key bytea) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF key = '' THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT custody.image_json(d.text, key, true) FROM custody_ledger.descriptor d
             WHERE d.id = descriptor);
END
$$;
COMMENT ON FUNCTION custody.event_key(int4, bytea) IS
'an event''s key as an object; NULL where the row has none, or it was erased; errors: 42P01 without a ledger, XX001 for what is no key; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.image_values(text, bytea, boolean),
    custody.image_json(text, bytea, boolean), custody.event_values(int4, bytea),
    custody.event_row(int4, bytea), custody.event_key(int4, bytea) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f)
  FROM unnest('{custody.image_values(text\, bytea\, boolean),custody.image_json(text\, bytea\, boolean),custody.event_values(int4\, bytea),custody.event_row(int4\, bytea),custody.event_key(int4\, bytea)}'::regprocedure[]) f;
