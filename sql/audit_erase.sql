-- Lawful erasure: key, images and context parts are replaced by the commitments that the hashes are made
-- of, and the salts are destroyed. So everything verifies as before, and nobody can try values against the
-- commitment. What was erased is in backups and, until VACUUM, in the files still.

CREATE FUNCTION custody.erase_events(tbl int4, key jsonb, request int4) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked int4 := (SELECT (r.arguments ->> 'version')::int4 FROM custody_ledger.request r WHERE r.id = request);
    newest int4 := custody.key_version_now(tbl, asked);
    keys bytea[];
    descriptors int4[]; -- for each of the keys one under which it is meant: under others the same bytes may be another
    number int8 := 0;
    place text;
BEGIN
    -- Of a table that is gone, or has another key by now, too: by what its descriptors say of the types.
    SELECT array_agg(s.key), array_agg(d) INTO keys, descriptors
      FROM custody.key_spellings(tbl, newest, custody.key_given(tbl, asked, key)) s CROSS JOIN LATERAL unnest(s.descriptors) d;
    IF keys IS NULL THEN
        RAISE EXCEPTION 'the key cannot be read any more'
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Its columns have other types, or the types are gone.',
                  HINT = 'Withdraw the request, and ask again.';
    END IF;
    -- No hold is placed meanwhile (custody.place_hold() takes the same lock).
    PERFORM custody.lock_ledger();
    IF EXISTS (SELECT FROM custody_ledger.held e JOIN custody_ledger.hold h ON h.id = e.hold AND h.lifted_at IS NULL
                WHERE e.tbl = erase_events.tbl AND (e.key = ANY (keys) OR e.key IS NULL AND e.org IS NULL))
        OR EXISTS (SELECT FROM custody_ledger.event e WHERE e.tbl = erase_events.tbl AND e.key = ANY (keys)
                      AND (e.key, e.descriptor) IN (SELECT * FROM unnest(keys, descriptors)) AND custody.event_is_held(e.tbl, e.org, e.key))
        OR EXISTS (SELECT FROM custody_ledger.held_event e WHERE e.tbl = erase_events.tbl AND e.key = ANY (keys)
                      AND (e.key, e.descriptor) IN (SELECT * FROM unnest(keys, descriptors)) AND custody.event_is_held(e.tbl, e.org, e.key)) THEN
        RAISE EXCEPTION 'events of this key are under legal hold'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'custody.request_lift() asks to lift it.';
    END IF;
    -- What was held when its partition was pruned lives on in a copy.
    FOREACH place IN ARRAY ARRAY['event', 'held_event'] LOOP
        number := number + custody.maintain_ledger(format($erase$
            UPDATE custody_ledger.%I SET
                key_hash = sha256(E'\\x03'::bytea || uuid_send(key_salt) || key),
                images_hash = sha256(E'\\x04'::bytea || uuid_send(images_salt)
                    || int4send(octet_length(coalesce(old, E'\\x00'))) || coalesce(old, E'\\x00')
                    || int4send(octet_length(coalesce(new, E'\\x00'))) || coalesce(new, E'\\x00')),
                key_salt = NULL, images_salt = NULL, key = NULL, old = NULL, new = NULL
             WHERE tbl = %s AND key = ANY (%L) AND (key, descriptor) IN (SELECT * FROM unnest(%3$L::bytea[], %4$L::int4[]))
               AND key_hash IS NULL AND images_hash IS NULL$erase$, place, tbl, keys, descriptors));
    END LOOP;
    -- The copy's proof has key and images, too; it proves the commitments as well.
    PERFORM custody.maintain_ledger(format($erase$
        UPDATE custody_ledger.held_event SET proof = ARRAY(
            SELECT CASE WHEN l::jsonb ->> 't' = 'event' THEN (l::jsonb || jsonb_build_object(
                       'key', jsonb_build_object('hash', encode(key_hash, 'hex')),
                       'images', jsonb_build_object('hash', encode(images_hash, 'hex'))))::text ELSE l END
              FROM unnest(proof) WITH ORDINALITY u (l, n) ORDER BY u.n)
         WHERE tbl = %s AND key_hash IS NOT NULL AND images_hash IS NOT NULL$erase$, tbl));
    -- What holds that are over said of the row.
    PERFORM custody.maintain_ledger(format(
        'WITH gone AS (DELETE FROM custody_ledger.held e WHERE e.key IS NOT NULL AND e.hold IN (
                           SELECT o.hold FROM custody_ledger.held o WHERE o.tbl = %s AND o.key = ANY (%L)) RETURNING e.hold)
         UPDATE custody_ledger.hold h SET subject = h.subject - ''{key,key_salt}''::text[]
           FROM gone g WHERE h.id = g.hold', tbl, keys));
    PERFORM custody.record_note(tbl, 'S', (jsonb_build_object('kind', 'erase', 'events', number)
                                           || custody.request_facts(request))::text);
    RETURN format('%s events erased', number)
           || CASE WHEN newest < custody.fold_version(tbl) AND custody.recorded_relation(tbl) IS NOT NULL
                   THEN '; the table has another key now: ask by that, too' ELSE '' END
           || coalesce((SELECT format('; the table had another key before: custody.request_erase_dropped() asks by that, too (version => %s)', max(d.version))
                          FROM custody_ledger.descriptor d
                         WHERE d.tbl = erase_events.tbl AND d.version < newest AND custody.key_names(d.text::jsonb) <> '{}'
                           AND d.id <> ALL (custody.key_descriptors(d.tbl, newest)) HAVING count(*) > 0), '');
END
$$;
COMMENT ON FUNCTION custody.erase_events(int4, jsonb, int4) IS
'erases key and images of all events of one row, with an event of kind erase, by the key as it was when it was asked for; executes an approved request; returns how many, and whether the table has another key now, or had one before; errors: 55000 for events under a hold, and for a key that cannot be read any more; privilege: superuser';

CREATE FUNCTION custody.context_user(bytes bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place int := 2; -- behind the number of fields
    length int;
BEGIN
    FOR field IN 0 .. 3 LOOP
        length := ('x' || encode(substring(bytes FROM place + 1 FOR 4), 'hex'))::bit(32)::int;
        IF field = 3 THEN
            RETURN CASE WHEN length >= 0 THEN convert_from(substring(bytes FROM place + 5 FOR length), custody.ledger_encoding()) END;
        END IF;
        place := place + 4 + greatest(length, 0);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.context_user(bytea) IS
'verified application user in part 0 of a context (docs/ledger-format.md, section 4); NULL where there is none; privilege: none';

-- The contexts of a transaction, with those of one user replaced by commitments.
CREATE FUNCTION custody.erase_contexts(contexts bytea, app_user text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number int := get_byte(contexts, 0) * 256 + get_byte(contexts, 1);
    result bytea := substring(contexts FROM 1 FOR 2);
    place int := 2;
    size int;
    erase boolean;
BEGIN
    FOR part IN 0 .. number * 3 - 1 LOOP
        IF part % 3 = 0 THEN
            erase := false;
        END IF;
        IF get_byte(contexts, place) = 0 THEN
            size := 33;
        ELSE
            size := 21 + ('x' || encode(substring(contexts FROM place + 18 FOR 4), 'hex'))::bit(32)::int;
            IF part % 3 = 0 THEN
                erase := custody.context_user(substring(contexts FROM place + 22 FOR size - 21)) = app_user;
            END IF;
        END IF;
        IF erase AND get_byte(contexts, place) = 1 THEN
            result := result || E'\\x00'::bytea || sha256(E'\\x05'::bytea || decode(lpad(to_hex(part % 3), 2, '0'), 'hex')
                || substring(contexts FROM place + 2 FOR 16) || substring(contexts FROM place + 22 FOR size - 21));
        ELSE
            result := result || substring(contexts FROM place + 1 FOR size);
        END IF;
        place := place + size;
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION custody.erase_contexts(bytea, text) IS
'custody_ledger.tx.contexts with the parts of one verified application user''s contexts replaced by their commitments; the value itself where there are none; privilege: none';

CREATE FUNCTION custody.erase_user(app_user text, request int4) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number int8;
BEGIN
    PERFORM custody.lock_ledger();
    -- Held events are in a copy once their partition was pruned.
    IF EXISTS (SELECT FROM (SELECT e.at, e.xid, e.tbl, e.org, e.key FROM custody_ledger.event e
                            UNION ALL SELECT e.at, e.xid, e.tbl, e.org, e.key FROM custody_ledger.held_event e) e
                 JOIN custody_ledger.tx t ON t.at = e.at AND t.xid = e.xid
                WHERE EXISTS (SELECT FROM custody_ledger.hold h WHERE h.lifted_at IS NULL)
                  AND custody.event_is_held(e.tbl, e.org, e.key)
                  AND custody.erase_contexts(t.contexts, app_user) <> t.contexts) THEN
        RAISE EXCEPTION 'events of this user are under legal hold'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'custody.request_lift() asks to lift it.';
    END IF;
    number := custody.maintain_ledger(format(
        'UPDATE custody_ledger.tx SET contexts = custody.erase_contexts(contexts, %1$L)
          WHERE custody.erase_contexts(contexts, %1$L) <> contexts', app_user));
    -- A copy's proof has the event's context, too; it proves the commitments as well.
    PERFORM custody.maintain_ledger($erase$
        UPDATE custody_ledger.held_event h SET proof = ARRAY(
            SELECT CASE WHEN l::jsonb ->> 't' = 'context'
                        THEN custody.ledger_context_line(t.contexts, h.context, 2) ELSE l END
              FROM unnest(h.proof) WITH ORDINALITY u (l, n) ORDER BY u.n)
          FROM custody_ledger.tx t
         WHERE t.at = h.at AND t.xid = h.xid AND t.incarnation = h.incarnation AND t.contexts IS NOT NULL
           AND array_position(h.proof, custody.ledger_context_line(t.contexts, h.context, 2)) IS NULL$erase$);
    PERFORM custody.record_note(0, 'S', (jsonb_build_object('kind', 'erase', 'contexts', number)
                                         || custody.request_facts(request))::text);
    RETURN format('contexts of %s transactions erased', number);
END
$$;
COMMENT ON FUNCTION custody.erase_user(text, int4) IS
'erases who, where and claims of all contexts of one verified application user, with an event of kind erase; executes an approved request; errors: 55000 for events under a hold; privilege: superuser';

-- SECURITY DEFINER: as the other requests.
CREATE FUNCTION custody.request_erase(rel regclass, key jsonb, reason text) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    subject int4;
    named jsonb;
BEGIN
    PERFORM custody.check_ledger();
    subject := custody.audited_id(rel);
    IF subject IS NULL THEN
        RAISE EXCEPTION '% is not recorded', rel USING ERRCODE = 'undefined_object';
    END IF;
    named := custody.recorded_key(rel, key);
    RETURN custody.make_request('erase', jsonb_build_object('tbl', subject, 'version', custody.key_version(subject, named))
        || custody.salted(named, 'key'), reason);
END
$$;
COMMENT ON FUNCTION custody.request_erase(regclass, jsonb, text) IS
'asks for key and images of all events of one row to be erased: rel; key, as custody.history() takes it; reason, which must not name what is erased, as it stays; the other duty approves (custody.approve()); returns the request''s number; errors: 22023 without a reason or for what is not the key, 42704 for a table that was never recorded; privilege: custody_admin, custody_legal';

-- By its identity in the ledger, or by the last name that it had.
CREATE FUNCTION custody.recorded_once("table" text) RETURNS int4
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found int4[] := ARRAY(SELECT a.id FROM custody_ledger.audited a
                           WHERE a.identity::text = lower("table")
                              OR format('%I.%I', a.schema, a.name) = "table" AND custody.recorded_relation(a.id) IS NULL ORDER BY a.id);
BEGIN
    IF cardinality(found) = 0 THEN
        RAISE EXCEPTION 'no table that is gone was recorded as "%"', "table"
            USING ERRCODE = 'undefined_object', HINT = 'custody_ledger.audited has the names (write schema.table) and identities of all.';
    ELSIF cardinality(found) > 1 THEN
        RAISE EXCEPTION '% tables that are gone were recorded as "%"', cardinality(found), "table"
            USING ERRCODE = 'ambiguous_alias',
                  DETAIL = (SELECT string_agg(format('%s until %s', a.identity, a.until), ', ' ORDER BY a.until)
                              FROM custody_ledger.audited a WHERE a.id = ANY (found)),
                  HINT = 'Give the identity of the one.';
    END IF;
    RETURN found[1];
END
$$;
COMMENT ON FUNCTION custody.recorded_once(text) IS
'id in the ledger of a table by its identity there, or, of one that is gone, by the last name that it had (schema.table, quoted as custody.changes() does); errors: 42704 for none, 42P09 for several; privilege: SELECT on the ledger';

-- As the types of a version have them, where these can be read still.
CREATE FUNCTION custody.key_said_at(tbl int4, version int4, texts text[]) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(c.c ->> 'name', CASE WHEN t.type IS NULL THEN to_jsonb(texts[k.n])
                                                 ELSE custody.key_said(t.type, to_jsonb(texts[k.n])) END)
      FROM custody_ledger.descriptor d CROSS JOIN LATERAL (SELECT d.text::jsonb) i (info)
     CROSS JOIN LATERAL jsonb_array_elements_text(i.info -> 'key') WITH ORDINALITY k (p, n)
     CROSS JOIN LATERAL (SELECT i.info #> ARRAY['columns', k.p]) c (c)
     CROSS JOIN LATERAL (SELECT custody.harmless_type(to_regtype(c.c ->> 'type'), -1)) t (type)
     WHERE d.tbl = key_said_at.tbl AND d.version = key_said_at.version
$$;
COMMENT ON FUNCTION custody.key_said_at(int4, int4, text[]) IS
'the values of a key as an object by the columns of a version, each as custody.key_said() has it; errors: as there; privilege: SELECT on the ledger';

CREATE FUNCTION custody.request_erase_dropped("table" text, key jsonb, reason text, version int4 DEFAULT NULL) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    subject int4;
    texts text[];
BEGIN
    PERFORM custody.check_ledger();
    subject := custody.recorded_once("table");
    version := coalesce(version, custody.key_version(subject, key));
    texts := custody.key_given(subject, version, key);
    IF array_position(texts, NULL) IS NOT NULL OR NOT EXISTS (
        SELECT FROM custody.key_spellings(subject, version, texts) s WHERE s.key IS NOT NULL) THEN
        RAISE EXCEPTION 'the key is not %', key
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('Keys that the table had: ' || (
                      SELECT string_agg(DISTINCT '(' || array_to_string(k.names, ', ') || ')', ', ') FROM custody_ledger.descriptor d
                       CROSS JOIN LATERAL (SELECT custody.key_names(d.text::jsonb)) k (names) WHERE d.tbl = subject AND k.names <> '{}'),
                      'The table was recorded without a key.'),
                  HINT = 'Give an object with a value for each of the columns, as custody.changes() shows it.';
    END IF;
    RETURN custody.make_request('erase', jsonb_build_object('tbl', subject, 'version', version)
        || custody.salted(custody.key_said_at(subject, version, texts), 'key'), reason);
END
$$;
COMMENT ON FUNCTION custody.request_erase_dropped(text, jsonb, text, int4) IS
'asks for key and images of all events of one row to be erased, of a table that was dropped, or by a key that a table has no more: table, its last name (schema.table) or its identity in the ledger (custody_ledger.audited), which alone finds one that is there; key, as custody.changes() shows it; reason, as custody.request_erase(); version of the table''s descriptor (custody_ledger.descriptor), where the key''s names were those of other columns once (default: the newest with such names); the other duty approves (custody.approve()); returns the request''s number; errors: 22023 without a reason or for what was never the key, 42704 for a table that was never recorded, or by the name of one that is there, 42P09 where several had the name; privilege: custody_admin, custody_legal';

CREATE FUNCTION custody.request_erase_user(app_user text, reason text) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    PERFORM custody.check_ledger();
    IF coalesce(app_user, '') = '' THEN
        RAISE EXCEPTION 'no user is named'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Name the verified application user, as custody.changes() has it (app_user).';
    END IF;
    RETURN custody.make_request('erase_user', custody.salted(to_jsonb(app_user), 'user'), reason);
END
$$;
COMMENT ON FUNCTION custody.request_erase_user(text, text) IS
'asks for the contexts (who, from where, claims) of one verified application user to be erased; the other duty approves (custody.approve()); returns the request''s number; errors: 22023 without a reason or a user; privilege: custody_admin, custody_legal';

REVOKE ALL ON FUNCTION custody.erase_events(int4, jsonb, int4), custody.context_user(bytea),
    custody.erase_contexts(bytea, text), custody.erase_user(text, int4),
    custody.recorded_once(text), custody.key_said_at(int4, int4, text[]), custody.request_erase_dropped(text, jsonb, text, int4),
    custody.request_erase(regclass, jsonb, text), custody.request_erase_user(text, text) FROM PUBLIC;
SELECT custody.give_duty('{admin,legal}', f) FROM unnest(ARRAY['custody.request_erase(regclass, jsonb, text)',
    'custody.request_erase_dropped(text, jsonb, text, int4)', 'custody.request_erase_user(text, text)']::regprocedure[]) f;
