-- Who changed what, when: of one row, or of many by table, organization, user, time and transaction.

CREATE FUNCTION custody.org_text(org bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE substr(org, 1, 1)
               WHEN E'\\x75' THEN encode(substr(org, 2), 'hex')::uuid::text
               WHEN E'\\x62' THEN (('x' || encode(substr(org, 2), 'hex'))::bit(64)::int8)::text
               WHEN E'\\x68' THEN 'sha256 ' || encode(substr(org, 2), 'hex')
               WHEN E'\\x74' THEN convert_from(substr(org, 2), custody.ledger_encoding()) END
$$;
COMMENT ON FUNCTION custody.org_text(bytea) IS
'an organization of the ledger as a text (a long one as its SHA-256); NULL for rows of none; errors: 22P02 for bytes that are none; privilege: none';

-- A key in the order of its columns, from an object, a list, or the value of a key of one column.
CREATE FUNCTION custody.key_texts(tbl int4, key jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[] := (SELECT ARRAY(SELECT d.text::jsonb #>> ARRAY['columns', k.p, 'name']
                         FROM jsonb_array_elements_text(d.text::jsonb -> 'key') WITH ORDINALITY k (p, n) ORDER BY k.n)
                       FROM custody_ledger.descriptor d WHERE d.tbl = key_texts.tbl ORDER BY d.version DESC LIMIT 1);
    texts text[];
BEGIN
    texts := CASE jsonb_typeof(key)
        WHEN 'object' THEN ARRAY(SELECT key ->> n.name FROM unnest(names) WITH ORDINALITY n (name, i)
                                  WHERE key ? n.name ORDER BY n.i)
        WHEN 'array' THEN ARRAY(SELECT e FROM jsonb_array_elements_text(key) e)
        ELSE ARRAY[key #>> '{}'] END;
    IF cardinality(names) = 0 OR cardinality(texts) <> cardinality(names) OR array_position(texts, NULL) IS NOT NULL
        OR jsonb_typeof(key) = 'object' AND (SELECT count(*) FROM jsonb_object_keys(key)) <> cardinality(names) THEN
        RAISE EXCEPTION 'the key is not %', key
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('Columns of the key: ' || nullif(array_to_string(names, ', '), ''), 'The table is recorded without a key.'),
                  HINT = CASE WHEN cardinality(names) > 0
                      THEN 'Give an object with a value for each of them, a list in their order, or the value of the only one.'
                      ELSE 'custody.changes() and custody.table_as_of() need none.' END;
    END IF;
    RETURN texts;
END
$$;
COMMENT ON FUNCTION custody.key_texts(int4, jsonb) IS
'the values of a table''s key, as texts in its order, from an object, a list, or a value; errors: 22023 for what is not the key, or has a null; privilege: SELECT on the ledger';

-- A value that cannot be read is given as it is shown: {"bytes": "2a"}; of a type that is gone, and written as
-- texts are (enums, strings), by its text.
CREATE FUNCTION custody.unread_value(form text, type text, value text) RETURNS bytea
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN custody.harmless_type(to_regtype(type), -1) IS NOT NULL THEN custody.wire_value(value, type, form)
                WHEN value ~ '^\{"bytes": "([0-9a-f]{2})*"\}$' THEN decode(value::jsonb ->> 'bytes', 'hex')
                WHEN form = 'text' OR to_regtype(type) IS NULL THEN convert_to(value, custody.ledger_encoding()) END
$$;
COMMENT ON FUNCTION custody.unread_value(text, text, text) IS
'a value of a key of which a column has a type that is gone, or runs code of its owner, as the wire row has it; NULL where that is not known; errors: none; privilege: none';

CREATE FUNCTION custody.descriptor_key(descriptor text, texts text[]) RETURNS bytea
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    info jsonb := descriptor::jsonb;
    typed text;
    names text[];
    unreadable boolean; -- a type is gone, or may run code of its owner
    possible boolean;
    result bytea;
BEGIN
    SELECT string_agg(format('%L::%s AS %I', texts[k.n], t.type, info #>> ARRAY['columns', k.p, 'name']), ', ' ORDER BY k.n),
           array_agg(info #>> ARRAY['columns', k.p, 'name'] ORDER BY k.n),
           bool_or(t.type IS NULL), bool_and(texts[k.n] IS NOT NULL AND (t.type IS NULL OR custody.type_has(t.type, texts[k.n])))
      INTO typed, names, unreadable, possible FROM jsonb_array_elements_text(info -> 'key') WITH ORDINALITY k (p, n)
      LEFT JOIN pg_type y ON y.oid = to_regtype(info #>> ARRAY['columns', k.p, 'type'])
     CROSS JOIN LATERAL (SELECT CASE WHEN y.typtype = 'b' AND y.oid < 16384 THEN info #>> ARRAY['columns', k.p, 'type']
                                     ELSE custody.harmless_type(y.oid, -1) END) t (type);
    IF NOT possible OR cardinality(names) <> cardinality(texts) THEN
        RETURN NULL;
    ELSIF NOT unreadable THEN
        EXECUTE format('SELECT custody.wire_row("the key".*, $1, $2) FROM (SELECT %s) AS "the key"', typed)
           INTO result USING names, info ->> 'form';
    ELSE
        SELECT CASE WHEN bool_and(v.value IS NOT NULL)
                    THEN int2send(count(*)::int2) || string_agg(int4send(octet_length(v.value)) || v.value, '' ORDER BY k.n) END
          INTO result
          FROM jsonb_array_elements_text(info -> 'key') WITH ORDINALITY k (p, n)
         CROSS JOIN LATERAL (SELECT custody.unread_value(info ->> 'form', info #>> ARRAY['columns', k.p, 'type'], texts[k.n])) v (value);
    END IF;
    RETURN result;
EXCEPTION WHEN data_exception OR undefined_object OR undefined_function OR cannot_coerce THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.descriptor_key(text, text[]) IS
'a key as events under a descriptor have it, from its values as texts; NULL where its types do not have them; errors: none; privilege: none';

-- A value that no version of the key could have is a mistake, and no row without events.
CREATE FUNCTION custody.key_versions(tbl int4, key jsonb) RETURNS bytea[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    texts text[] := custody.key_texts(tbl, key);
    keys bytea[] := ARRAY(SELECT DISTINCT k.key FROM custody_ledger.descriptor d
                           CROSS JOIN LATERAL (SELECT custody.descriptor_key(d.text, texts) AS key) k
                           WHERE d.tbl = key_versions.tbl AND k.key IS NOT NULL);
BEGIN
    IF keys = '{}' THEN
        RAISE EXCEPTION 'the key is not %', key
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'No type that its columns had, and that can be read, has these values.',
                  HINT = 'Write its values as the columns have them.';
    END IF;
    RETURN keys;
END
$$;
COMMENT ON FUNCTION custody.key_versions(int4, jsonb) IS
'a key as events have it, in each form that it has under the descriptors of its table; errors: 22023 for what is not the key, or has values that its columns never could have; privilege: SELECT on the ledger';

CREATE TYPE custody.change AS (
    at timestamptz, clock text, incarnation int8, xid xid8, seq int4, pair int4, "table" text, op text, key jsonb,
    old jsonb, new jsonb, org text, login text, role text, app_user text, application text, client text,
    query_hash text);
COMMENT ON TYPE custody.change IS
'one event of the ledger: at, the time of commit where clock is commit, else shortly before it; incarnation, xid and seq name it; pair: seq of the event that it goes on with, or NULL; op: docs/ledger-format.md, section 4; key, old and new as custody.event_key() and event_row() have them; org; login (session user), role (current user), app_user (verified), application name, client address, SHA-256 of the query';

CREATE FUNCTION custody.find_changes(condition text, tbl int4, keys bytea[], orgs bytea[], app_user text, login text,
    since timestamptz, until timestamptz, transaction xid8) RETURNS SETOF custody.change
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.check_ledger();
    RETURN QUERY EXECUTE format($q$
        WITH place AS MATERIALIZED (SELECT * FROM custody.incarnation_places()),
             this AS MATERIALIZED (SELECT custody.this_incarnation() AS incarnation)
        SELECT coalesce(c.exact, t.committing_at), CASE WHEN c.exact IS NULL THEN 'pre-commit' ELSE 'commit' END,
               e.incarnation, e.xid, e.seq, e.pair, (SELECT format('%%I.%%I', a.schema, a.name) FROM custody_ledger.audited a
                                              WHERE a.id = e.tbl), e.op::text,
               custody.event_key(e.descriptor, e.key), custody.event_row(e.descriptor, e.old),
               custody.event_row(e.descriptor, e.new), custody.org_text(e.org), f.fields[1], f.fields[3], f.fields[4],
               f.fields[7], f.fields[8], f.fields[13]
          FROM (SELECT * FROM custody_ledger.event x WHERE %1$s
                UNION ALL SELECT x.at, x.xid, x.incarnation, x.lsn, x.seq, x.cid, x.tbl, x.descriptor, x.pair, x.context,
                    x.op, x.key_salt, x.images_salt, x.org, x.key, x.old, x.new, x.key_hash, x.images_hash
                  FROM custody_ledger.held_event x WHERE %1$s) e
          JOIN custody_ledger.tx t ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation
         CROSS JOIN this LEFT JOIN place p ON p.short = e.incarnation
         CROSS JOIN LATERAL (SELECT custody.exact_commit_time(t.xid, t.incarnation, this.incarnation) AS exact) c
         CROSS JOIN LATERAL (SELECT custody.context_fields(t.contexts, e.context) AS fields) f
         WHERE ($6 IS NULL OR coalesce(c.exact, t.committing_at) >= $6)
           AND ($7 IS NULL OR t.at <= $7 + interval '1 day' AND coalesce(c.exact, t.committing_at) <= $7)
           AND ($4 IS NULL OR f.fields[4] = $4) AND ($5 IS NULL OR f.fields[1] = $5)
         ORDER BY coalesce(p.place, 9223372036854775807), max(e.lsn) OVER (PARTITION BY e.incarnation, e.xid), e.cid, e.seq $q$, condition)
     USING tbl, keys, orgs, app_user, login, since, until, transaction;
END
$$;
COMMENT ON FUNCTION custody.find_changes(text, int4, bytea[], bytea[], text, text, timestamptz, timestamptz, xid8) IS
'events in their order; condition is one of custody''s own, on $1 (table), $2 (keys), $3 (organizations) and $8 (transaction); part of history() and changes(); privilege: SELECT on the ledger';

CREATE FUNCTION custody.history(rel regclass, key jsonb) RETURNS SETOF custody.change
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tbl int4 := custody.recorded_id(rel);
    -- One key has other bytes when its columns had other types.
    keys bytea[] := custody.key_versions(tbl, key);
BEGIN
    -- Under another key the same bytes are another row.
    RETURN QUERY SELECT * FROM custody.find_changes(
        CASE WHEN (SELECT max(octet_length(k)) FROM unnest(keys) k) <= 2000
             THEN 'x.tbl = $1 AND x.key = ANY ($2) AND octet_length(x.key) <= 2000'
             ELSE 'x.tbl = $1 AND x.key = ANY ($2)' END
            || format(' AND x.descriptor = ANY (%L::int4[])', custody.key_descriptors(tbl, custody.fold_version(tbl))),
        tbl, keys, NULL, NULL, NULL, NULL, NULL, NULL);
END
$$;
COMMENT ON FUNCTION custody.history(regclass, jsonb) IS
'all that happened to the row with a key, in the order in which it happened; key: an object of its columns, a list in their order, or the value of the only one; a row that changed its key begins with E, its history under the old key ends with L; of a table that got another key only what happened since, custody.changes() shows the rest; errors: 22023 for what is not the key, 42704 for a table that is not recorded; privilege: custody_auditor';

CREATE FUNCTION custody.recorded_id(rel regclass) RETURNS int4
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tbl int4;
BEGIN
    PERFORM custody.check_ledger();
    tbl := custody.audited_id(rel);
    IF tbl IS NULL THEN
        RAISE EXCEPTION '% is not recorded', rel
            USING ERRCODE = 'undefined_object', HINT = 'custody.audit() records a table.';
    END IF;
    RETURN tbl;
END
$$;
COMMENT ON FUNCTION custody.recorded_id(regclass) IS
'id in the ledger of a table; errors: 42704 for one that was never recorded, 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.changes(rel regclass DEFAULT NULL, org text DEFAULT NULL, app_user text DEFAULT NULL,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, transaction xid8 DEFAULT NULL, login text DEFAULT NULL)
    RETURNS SETOF custody.change
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    orgs bytea[] := CASE WHEN org IS NOT NULL THEN ARRAY(SELECT custody.org_spellings(org)) END;
BEGIN
    RETURN QUERY SELECT * FROM custody.find_changes(concat_ws(' AND ', 'true',
            CASE WHEN rel IS NOT NULL THEN 'x.tbl = $1' END, CASE WHEN org IS NOT NULL THEN 'x.org = ANY ($3)' END,
            CASE WHEN transaction IS NOT NULL
                 THEN 'x.xid = $8 AND x.at IN (SELECT y.at FROM custody_ledger.tx y WHERE y.xid = $8)' END),
        CASE WHEN rel IS NOT NULL THEN custody.recorded_id(rel) END, NULL, orgs, app_user, login, since, until,
        transaction);
END
$$;
COMMENT ON FUNCTION custody.changes(regclass, text, text, timestamptz, timestamptz, xid8, text) IS
'events, in their order, of a table, an organization, a verified application user, a time from since to until (of commit), a transaction, a session user; NULL chooses all; errors: 42704 for a table that is not recorded; privilege: custody_auditor';

-- SECURITY DEFINER: an organization's own auditor has no rights on the ledger. What leaves is filtered
-- here by the verified context, and by nothing that the caller gives; xid, seq and pair are left out,
-- whose gaps would tell how much others changed, and claims, which may name other organizations.
CREATE FUNCTION custody.org_changes(rel regclass DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (at timestamptz, transaction text, number int8, "table" text, op text, key jsonb, old jsonb, new jsonb,
                   login text, role text, app_user text, application text, client text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    wanted bytea[] := custody.own_orgs();
BEGIN
    RETURN QUERY SELECT c.at, encode(substr(sha256(t.secret || uuid_send(l.ledger)), 1, 8), 'hex'),
           row_number() OVER (PARTITION BY c.incarnation, c.xid ORDER BY c.seq), c."table", c.op, c.key, c.old, c.new,
           c.login, c.role, c.app_user, c.application, c.client
      FROM custody.find_changes(CASE WHEN rel IS NULL THEN 'x.org = ANY ($3)' ELSE 'x.org = ANY ($3) AND x.tbl = $1' END,
               CASE WHEN rel IS NOT NULL THEN custody.recorded_id(rel) END, NULL, wanted, NULL, NULL,
               since, until, NULL) WITH ORDINALITY c
      JOIN custody_ledger.tx t ON t.xid = c.xid AND t.incarnation = c.incarnation CROSS JOIN custody_ledger.ledger l
     ORDER BY c.ordinality;
END
$$;
COMMENT ON FUNCTION custody.org_changes(regclass, timestamptz, timestamptz) IS
'the events of the organization of the verified tenant context, and nothing else, for its own auditor: at (of commit), a name for the transaction, the event''s number among the organization''s in it, and as custody.change; errors: 42501 without a context with one organization, and where its role is not one of the ledger''s option auditor_roles (default: auditor); privilege: EXECUTE, which nobody has until it is granted to the application''s role';

CREATE FUNCTION custody.own_orgs() RETURNS bytea[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    info record;
    roles jsonb;
BEGIN
    PERFORM custody.check_ledger();
    SELECT * INTO info FROM custody.context_info();
    SELECT coalesce(l.options -> 'auditor_roles', '["auditor"]') INTO roles FROM custody_ledger.ledger l;
    IF NOT FOUND OR NOT info.is_valid OR info.orgs IS NULL OR cardinality(info.orgs) <> 1 OR info.role IS NULL OR NOT roles ? info.role THEN
        RAISE EXCEPTION 'no tenant context of an auditor'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Events are shown to a verified context with one organization and the role of an auditor.',
                  HINT = 'Enter a context; the ledger''s option auditor_roles names the roles.';
    END IF;
    RETURN CASE info.org_type WHEN 'uuid' THEN ARRAY[E'\\x75'::bytea || uuid_send(info.orgs[1]::uuid)]
                              WHEN 'bigint' THEN ARRAY[E'\\x62'::bytea || int8send(info.orgs[1]::int8)]
                              ELSE ARRAY[custody.org_of_text(info.orgs[1])] END;
END
$$;
COMMENT ON FUNCTION custody.own_orgs() IS
'the organization of the verified tenant context as events have it; errors: 42501 as custody.org_changes(); privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.org_text(bytea), custody.key_texts(int4, jsonb), custody.descriptor_key(text, text[]),
    custody.unread_value(text, text, text), custody.key_versions(int4, jsonb),
    custody.find_changes(text, int4, bytea[], bytea[], text, text, timestamptz, timestamptz, xid8),
    custody.history(regclass, jsonb), custody.recorded_id(regclass),
    custody.changes(regclass, text, text, timestamptz, timestamptz, xid8, text),
    custody.org_changes(regclass, timestamptz, timestamptz), custody.own_orgs() FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.org_text(bytea)', 'custody.key_texts(int4, jsonb)', 'custody.type_has(text, text)', 'custody.descriptor_key(text, text[])',
    'custody.key_versions(int4, jsonb)', 'custody.unread_value(text, text, text)',
    'custody.find_changes(text, int4, bytea[], bytea[], text, text, timestamptz, timestamptz, xid8)',
    'custody.history(regclass, jsonb)', 'custody.recorded_id(regclass)', 'custody.org_spellings(text)', 'custody.org_of_text(text)',
    'custody.changes(regclass, text, text, timestamptz, timestamptz, xid8, text)']::regprocedure[]) f
 WHERE NOT EXISTS (SELECT FROM custody.duty_function d WHERE d.function::regprocedure = f);
