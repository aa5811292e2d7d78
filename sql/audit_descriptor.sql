-- Descriptors: what the positions of a recorded row mean, one per version of a table's columns
-- (docs/ledger-format.md, section 3), and which table of the database an id of the ledger stands for.

-- The capture trigger names the table's identity, so it stays right when OIDs change.
CREATE FUNCTION custody.audited_relation(identity uuid) RETURNS regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.tgrelid::regclass FROM pg_trigger t
     WHERE t.tgfoid = to_regprocedure('custody.capture()') AND t.tgparentid = 0
       AND t.tgargs = convert_to(identity::text, 'UTF8') || E'\\x00'::bytea
     ORDER BY t.tgrelid LIMIT 1
$$;
COMMENT ON FUNCTION custody.audited_relation(uuid) IS
'the table whose capture trigger names this identity, a partitioned one for its partitions; NULL where there is none; errors: none; privilege: none';

-- Where a dump was restored, the OID in the ledger is nobody's, or another table's.
CREATE FUNCTION custody.recorded_relation(subject int4) RETURNS regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(custody.audited_relation(a.identity), CASE WHEN a.relid IS NOT NULL THEN coalesce(
               (SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = a.schema AND c.relname = a.name),
               (SELECT c.oid::regclass FROM pg_class c WHERE c.oid = a.relid AND c.relkind IN ('r', 'p'))) END)
      FROM custody_ledger.audited a WHERE a.id = subject
$$;
COMMENT ON FUNCTION custody.recorded_relation(int4) IS
'the table that an id of the ledger stands for: by its capture trigger, else by name, else by OID; NULL where it was dropped; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.audited_id(relation regclass) RETURNS int4
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root regclass := coalesce(pg_partition_root(relation), relation);
    found int4;
BEGIN
    SELECT a.id INTO found
      FROM pg_trigger t JOIN custody_ledger.audited a
           ON t.tgargs = convert_to(a.identity::text, 'UTF8') || E'\\x00'::bytea
     WHERE t.tgrelid = root AND t.tgfoid = to_regprocedure('custody.capture()')
     ORDER BY a.id LIMIT 1;
    IF found IS NULL THEN
        SELECT a.id INTO found
          FROM custody_ledger.audited a JOIN pg_class c ON c.oid = root
               JOIN pg_namespace n ON n.oid = c.relnamespace
         -- A dropped table has no OID any more: its name again is another table.
         WHERE a.schema = n.nspname AND a.name = c.relname AND a.relid IS NOT NULL
           AND (a.relid = c.oid OR NOT EXISTS (SELECT FROM pg_class o WHERE o.oid = a.relid AND o.relkind IN ('r', 'p')))
         ORDER BY a.relid = c.oid DESC, a.id DESC LIMIT 1;
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION custody.audited_id(regclass) IS
'id in the ledger of a table, or of the root of a partition: by its capture trigger, else by OID and name; NULL where it was never recorded; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.descriptor_columns(relation regclass, options jsonb)
    RETURNS TABLE (place int, name name, description json)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off AS $$
    SELECT (row_number() OVER (ORDER BY a.attnum) - 1)::int, a.attname,
           CASE WHEN a.attgenerated = '' THEN
               json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                 'store', s.store)
           ELSE
               json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                 'store', s.store, 'generated', true)
           END
      FROM pg_attribute a
     CROSS JOIN LATERAL (SELECT CASE WHEN options -> 'redact' ? a.attname::text THEN 'redact'
                                     WHEN options -> 'hash' ? a.attname::text THEN 'hash'
                                     ELSE 'value' END) AS s (store)
     -- A virtual generated column ("v", from 18 on) is not stored anywhere.
     WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
       AND (options -> 'exclude' ? a.attname::text) IS NOT TRUE
$$;
COMMENT ON FUNCTION custody.descriptor_columns(regclass, jsonb) IS
'the recorded columns of a table with their positions from 0, and as its descriptor has them; types are as format_type() writes them when only pg_catalog is searched; errors: none; privilege: none';

CREATE FUNCTION custody.descriptor_text(identity uuid, relation regclass, options jsonb, version int4)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns json;
    names name[];
    key int[];
    description text;
BEGIN
    SELECT json_agg(c.description ORDER BY c.place), array_agg(c.name ORDER BY c.place)
      INTO columns, names FROM custody.descriptor_columns(relation, options) c;
    SELECT coalesce(array_agg(array_position(names, k.name::name) - 1 ORDER BY k.n), '{}') INTO key
      FROM jsonb_array_elements_text(options -> 'key') WITH ORDINALITY AS k (name, n);
    SELECT json_build_object('table', identity, 'schema', n.nspname, 'name', c.relname,
               'version', version, 'form', custody.wire_form(relation, coalesce(names::text[], '{}')),
               'columns', coalesce(columns, '[]'),
               'key', CASE WHEN array_position(key, NULL) IS NULL THEN to_json(key) ELSE '[]' END,
               'org', array_position(names, (options ->> 'org_column')::name) - 1,
               'excluded', coalesce(options -> 'exclude', '[]'))::text
      INTO description
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    RETURN description;
END
$$;
COMMENT ON FUNCTION custody.descriptor_text(uuid, regclass, jsonb, int4) IS
'the descriptor of a table''s columns as they are now, a JSON text (docs/ledger-format.md, section 3); a key of which a column is gone is none; errors: none; privilege: none';

-- Bundles of evidence are JSON. Elsewhere the server converts, so only SQL_ASCII has to be looked at.
CREATE FUNCTION custody.check_utf8(relation regclass, description text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF custody.ledger_encoding() = 'SQL_ASCII' THEN
        PERFORM convert_to(description, 'UTF8');
    END IF;
EXCEPTION WHEN character_not_in_repertoire THEN
    RAISE EXCEPTION 'names of % cannot be recorded', relation
        USING ERRCODE = 'character_not_in_repertoire', DETAIL = SQLERRM,
              HINT = 'In a database of encoding SQL_ASCII names of columns and types must be UTF-8; values may have any bytes.';
END
$$;
COMMENT ON FUNCTION custody.check_utf8(regclass, text) IS
'refuses (22021) a description of a table that no bundle of evidence could have, in databases of encoding SQL_ASCII; part of custody.renew_descriptor(); privilege: none';

-- SECURITY DEFINER: capture calls it as the ledger's owner when a row no longer fits, in the
-- transaction of anybody who writes the table.
CREATE FUNCTION custody.renew_descriptor(tbl int4) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    subject record;
    newest record;
    relation regclass;
    description text;
    made int4;
BEGIN
    SELECT * INTO STRICT subject FROM custody_ledger.audited a WHERE a.id = tbl;
    relation := custody.audited_relation(subject.identity);
    IF relation IS NULL THEN
        SELECT c.oid INTO relation FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = subject.relid AND n.nspname = subject.schema AND c.relname = subject.name;
    END IF;
    SELECT d.* INTO newest FROM custody_ledger.descriptor d
     WHERE d.tbl = renew_descriptor.tbl ORDER BY d.version DESC LIMIT 1;
    IF newest.text = custody.descriptor_text(subject.identity, relation, subject.options,
                                             newest.version) THEN
        RETURN newest.id;
    END IF;
    description := custody.descriptor_text(subject.identity, relation, subject.options,
                                           coalesce(newest.version, 0) + 1);
    PERFORM custody.check_utf8(relation, description);
    -- Two writers that meet new columns at once make the same text: the second finds the first's.
    INSERT INTO custody_ledger.descriptor (tbl, version, hash, text, made_at)
        VALUES (tbl, coalesce(newest.version, 0) + 1,
                sha256(E'\\x07'::bytea || convert_to(description, 'UTF8')), description, now())
        ON CONFLICT ON CONSTRAINT descriptor_tbl_hash_key DO NOTHING
        RETURNING id INTO made;
    IF made IS NULL THEN
        SELECT d.id INTO STRICT made FROM custody_ledger.descriptor d
         WHERE d.tbl = renew_descriptor.tbl AND d.text = description;
    ELSIF newest.id IS NOT NULL THEN
        PERFORM custody.record_note(tbl, 'S', json_build_object('kind', 'columns',
            'version', newest.version + 1)::text);
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION custody.renew_descriptor(int4) IS
'the descriptor of an audited table''s columns as they are now; makes it, with an event of kind columns, where the newest is not it; returns its id; errors: P0002 for an id that is not in the ledger; privilege: the ledger''s owner';

REVOKE ALL ON FUNCTION custody.renew_descriptor(int4), custody.audited_id(regclass), custody.recorded_relation(int4),
    custody.audited_relation(uuid), custody.descriptor_columns(regclass, jsonb),
    custody.descriptor_text(uuid, regclass, jsonb, int4) FROM PUBLIC;
