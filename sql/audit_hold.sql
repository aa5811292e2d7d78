-- Legal holds. A hold is a set of triggers, one for each table it reaches: the condition stands in the
-- trigger, so that it holds for every transaction that can see the table at all, whatever its snapshot,
-- follows renamed columns, and comes back with a dump. The ledger's row says who wanted it, and what of the
-- events is held.

CREATE FUNCTION custody.refuse_held() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is under legal hold %', TG_RELID::regclass, TG_ARGV[0]
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = TG_OP || CASE TG_LEVEL WHEN 'ROW' THEN ' of a row that is held' ELSE '' END,
              HINT = 'custody.request_lift() asks to lift it.';
END
$$;
COMMENT ON FUNCTION custody.refuse_held() IS
'trigger on held tables: refuses (55000) to change, delete or truncate what is under a legal hold';
-- PUBLIC keeps EXECUTE: the server asks it of whoever makes or attaches a partition. That nobody else puts
-- the trigger anywhere is seen to by custody.audit_check_ddl().

CREATE FUNCTION custody.check_reason(reason text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF reason IS NULL OR reason !~ '\S' THEN
        RAISE EXCEPTION 'a reason is needed' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'It goes into the ledger.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_reason(text) IS 'refuses (22023) an empty reason; privilege: none';

CREATE FUNCTION custody.key_condition(relation regclass, key name[], value jsonb, alias text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing name;
    condition text;
BEGIN
    SELECT k.name INTO missing FROM unnest(key) AS k (name)
     WHERE value -> k.name::text IS NULL OR jsonb_typeof(value -> k.name::text) = 'null';
    IF FOUND OR coalesce(cardinality(key), 0) = 0
        OR (SELECT count(*) FROM jsonb_object_keys(value)) <> cardinality(key) THEN
        RAISE EXCEPTION 'the key of % is not %', relation, value
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Columns of the key: %s', coalesce(array_to_string(key, ', '), 'none')),
                  HINT = 'Give an object with a value for each of them.';
    END IF;
    SELECT string_agg(format('%s%I = %L::%s', alias, k.name, value ->> k.name::text,
                             format_type(a.atttypid, a.atttypmod)), ' AND ' ORDER BY k.n)
      INTO condition
      FROM unnest(key) WITH ORDINALITY AS k (name, n)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attname = k.name AND NOT a.attisdropped;
    RETURN condition;
END
$$;
COMMENT ON FUNCTION custody.key_condition(regclass, name[], jsonb, text) IS
'the SQL condition under which a row has a key, with an alias and a dot before the columns; errors: 22023 for an object that is not the key; privilege: none';

CREATE FUNCTION custody.wire_row(rec record, columns text[], form text) RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_wire_row';
COMMENT ON FUNCTION custody.wire_row(record, text[], text) IS
'columns of a record as a wire row (docs/wire-format.md): with those of the key, what custody_ledger.event.key has; arguments: rec; columns, in order; form, binary or text, as the descriptor says; errors: 42703 and 42701 for wrong columns, 22023 for an unknown form, 22004 for a NULL record; privilege: none but to read the row';

CREATE FUNCTION custody.key_bytes(relation regclass, key name[], value jsonb, form text) RETURNS bytea
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    typed text;
    result bytea;
BEGIN
    PERFORM custody.key_condition(relation, key, value, '');
    SELECT string_agg(format('%L::%s AS %I', value ->> k.name::text,
                             format_type(a.atttypid, a.atttypmod), k.name), ', ' ORDER BY k.n)
      INTO typed
      FROM unnest(key) WITH ORDINALITY AS k (name, n)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attname = k.name AND NOT a.attisdropped;
    EXECUTE format('SELECT custody.wire_row("the key", $1, $2) FROM (SELECT %s) AS "the key"', typed)
       INTO result USING key::text[], form;
    RETURN result;
END
$$;
COMMENT ON FUNCTION custody.key_bytes(regclass, name[], jsonb, text) IS
'a key as custody_ledger.event.key has it, from an object with a value for each of its columns; errors: 22023 for an object that is not the key; privilege: none';

CREATE FUNCTION custody.org_bytes(relation regclass, org_column name, value text) RETURNS bytea
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text;
BEGIN
    SELECT CASE WHEN t.oid = 'uuid'::regtype THEN 'u' WHEN t.oid = ANY ('{int2,int4,int8}'::regtype[]) THEN 'b'
                ELSE 't' END INTO kind
      FROM pg_attribute a
     CROSS JOIN LATERAL (SELECT coalesce(nullif(y.typbasetype, 0), y.oid) AS oid FROM pg_type y
                          WHERE y.oid = a.atttypid) t
     WHERE a.attrelid = relation AND a.attname = org_column;
    RETURN CASE kind WHEN 'u' THEN '\x75'::bytea || uuid_send(value::uuid)
                     WHEN 'b' THEN '\x62'::bytea || int8send(value::int8)
                     WHEN 't' THEN '\x74'::bytea || convert_to(value, 'UTF8') END;
END
$$;
COMMENT ON FUNCTION custody.org_bytes(regclass, name, text) IS
'an organization as custody_ledger.event.org has it, by the type of a table''s column; NULL where there is no such column; errors: 22P02 for a value that the type does not have; privilege: none';

CREATE FUNCTION custody.org_spellings(value text) RETURNS SETOF bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT '\x74'::bytea || convert_to(value, 'UTF8')
    UNION ALL SELECT '\x62'::bytea || int8send(value::int8) WHERE value ~ '^-?[0-9]{1,18}$'
    UNION ALL SELECT '\x75'::bytea || uuid_send(value::uuid)
               WHERE value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
$$;
COMMENT ON FUNCTION custody.org_spellings(text) IS
'what custody_ledger.event.org may have for an organization, whatever the type of the column that names it; errors: none; privilege: none';

CREATE FUNCTION custody.event_is_held(tbl int4, org bytea, key bytea) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM custody_ledger.held e JOIN custody_ledger.hold h ON h.id = e.hold AND h.lifted_at IS NULL
         WHERE (e.tbl IS NULL OR e.tbl = event_is_held.tbl) AND (e.org IS NULL OR e.org = event_is_held.org)
           AND (e.key IS NULL OR e.key = event_is_held.key));
END
$$;
COMMENT ON FUNCTION custody.event_is_held(int4, bytea, bytea) IS
'true for an event of this table, organization and key when a hold reaches it; errors: 42P01 without a ledger; privilege: SELECT on the ledger';
REVOKE ALL ON FUNCTION custody.event_is_held(int4, bytea, bytea), custody.org_spellings(text),
    custody.check_reason(text), custody.key_condition(regclass, name[], jsonb, text),
    custody.key_bytes(regclass, name[], jsonb, text), custody.org_bytes(regclass, name, text) FROM PUBLIC;
