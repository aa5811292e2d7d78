-- Keys and organizations, as people write them and as events have them.

-- What is made of a key is run with the rights of custody. The code that a table's owner can attach to
-- types must not run then: the checks of domains, and casts and operators of his own types.
CREATE FUNCTION custody.harmless_type(type oid, modifier int4) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE base AS (
        SELECT type AS oid, modifier AS modifier
         UNION ALL
        SELECT y.typbasetype, y.typtypmod FROM base b JOIN pg_type y ON y.oid = b.oid AND y.typtype = 'd')
    SELECT format_type(b.oid, b.modifier)
      FROM base b JOIN pg_type y ON y.oid = b.oid LEFT JOIN pg_roles r ON r.oid = y.typowner
     -- 16384: the first OID that is not the server's own.
     WHERE y.typtype <> 'd' AND (b.oid < 16384 OR y.typtype = 'e'
           OR y.typtype = 'b' AND y.typcategory <> 'A' AND r.rolsuper)
$$;
COMMENT ON FUNCTION custody.harmless_type(oid, int4) IS
'the type below the domains of a type, as it is written in SQL; NULL where reading or comparing its values may run code of its owner; errors: none; privilege: none';

CREATE FUNCTION custody.key_type(relation regclass, column_name name) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    type text;
BEGIN
    SELECT custody.harmless_type(a.atttypid, a.atttypmod) INTO type FROM pg_attribute a
     WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF FOUND AND type IS NULL THEN
        RAISE EXCEPTION 'column "%" of % cannot be compared safely', column_name, relation
            USING ERRCODE = 'feature_not_supported', DETAIL = 'Code of its type''s owner would run.',
                  HINT = 'A key or an organization needs a type of the server, of an extension, a domain over one, or an enum.';
    END IF;
    RETURN type;
END
$$;
COMMENT ON FUNCTION custody.key_type(regclass, name) IS
'custody.harmless_type() of a column; errors: 0A000 where there is none; privilege: none';

-- A cast to a type with a length or a scale cuts and rounds: what is left is another value.
CREATE FUNCTION custody.type_has(type text, value text) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plain text := format_type(to_regtype(type), -1);
    same boolean := true;
BEGIN
    IF plain <> type THEN
        EXECUTE format('SELECT %L::%s = %L::%s', value, type, value, plain) INTO same;
    END IF;
    RETURN same;
END
$$;
COMMENT ON FUNCTION custody.type_has(text, text) IS
'whether a value, written as text, is one of a type (as custody.harmless_type() writes it), and not one that is cut or rounded to be; errors: 22P02 and others of class 22 as the type''s input function has them; privilege: none';

-- What is read under the settings of a session, as it is written whatever these are.
CREATE FUNCTION custody.ledger_text(value anyelement) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
    SET intervalstyle = postgres SET extra_float_digits = 3 SET bytea_output = hex SET lc_monetary = 'C' AS $$
BEGIN
    RETURN format('%s', value);
END
$$;
COMMENT ON FUNCTION custody.ledger_text(anyelement) IS
'a value as its type''s output function writes it under the settings of docs/wire-format.md; errors: none; privilege: none';

-- By the type's own equality: that of citext is not that of the text that it would be taken for.
CREATE FUNCTION custody.key_equality(type regtype) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
          FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
          JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amopstrategy = 3
                        AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype
          JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
         WHERE c.opcdefault AND c.opcintype = type AND n.nspname <> 'pg_catalog'), '=')
$$;
COMMENT ON FUNCTION custody.key_equality(regtype) IS
'the operator by which values of a type are equal in an index, as it is written in SQL; errors: none; privilege: none';

CREATE FUNCTION custody.is_of_domain(relation regclass, column_name name) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid AND y.typtype = 'd'
                    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0)
$$;
COMMENT ON FUNCTION custody.is_of_domain(regclass, name) IS
'whether a column has a domain as its type; errors: none; privilege: none';

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
                  DETAIL = coalesce('Columns of the key: ' || nullif(array_to_string(key, ', '), ''), 'The table is recorded without a key.'),
                  HINT = CASE WHEN cardinality(key) > 0
                      THEN 'Give an object with a value for each of them, a list in their order, or the value of the only one.'
                              ELSE 'custody.audit(..., key => ...) names one.' END;
    END IF;
    -- Of a domain the value below it: for the domain itself somebody may have made an operator that is a better match.
    SELECT string_agg(CASE WHEN y.typtype = 'e' THEN format('enum_eq(%s, %L::%s)', c.name, value ->> k.name::text, t.type)
                           ELSE format('%s %s %L::%s', c.name, custody.key_equality(y.oid), value ->> k.name::text,
                                       t.type) END, ' AND ' ORDER BY k.n)
      INTO condition
      FROM unnest(key) WITH ORDINALITY AS k (name, n)
     CROSS JOIN LATERAL custody.key_type(relation, k.name) t (type)
      LEFT JOIN pg_type y ON y.oid = to_regtype(t.type)
     CROSS JOIN LATERAL (
           SELECT CASE WHEN custody.is_of_domain(relation, k.name) THEN format('(%s%I)::%s', alias, k.name, t.type)
                       ELSE format('%s%I', alias, k.name) END) c (name);
    RETURN condition;
END
$$;
COMMENT ON FUNCTION custody.key_condition(regclass, name[], jsonb, text) IS
'the SQL condition under which a row has a key, with an alias and a dot before the columns; errors: 22023 for an object that is not the key, 0A000 as custody.key_type(); privilege: none';

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
    SELECT string_agg(format('%L::%s AS %I', value ->> k.name::text, t.type, k.name), ', ' ORDER BY k.n)
      INTO typed
      FROM unnest(key) WITH ORDINALITY AS k (name, n)
     CROSS JOIN LATERAL custody.key_type(relation, k.name) t (type);
    EXECUTE format('SELECT custody.wire_row("the key".*, $1, $2) FROM (SELECT %s) AS "the key"', typed)
       INTO result USING key::text[], form;
    RETURN result;
END
$$;
COMMENT ON FUNCTION custody.key_bytes(regclass, name[], jsonb, text) IS
'a key as custody_ledger.event.key has it, from an object with a value for each of its columns; errors: 22023 for an object that is not the key, 0A000 as custody.key_type(); privilege: none';

-- What date a text means depends on the settings of the session: another one may approve, or look.
CREATE FUNCTION custody.key_said(type text, value jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_type y WHERE y.oid = to_regtype(type) AND y.typcategory = 'D') THEN
        EXECUTE format('SELECT to_jsonb(%L::%s)', value #>> '{}', type) INTO value;
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION custody.key_said(text, jsonb) IS
'a value of a key, of a type that runs no code of its owner (custody.harmless_type()), in a way that every session reads alike: dates and times in ISO format, others as they are; errors: those of the type''s input; privilege: none';

-- Looked at before it is stored: what comes later would fail by it.
CREATE FUNCTION custody.key_object(relation regclass, key name[], value jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named jsonb := CASE jsonb_typeof(value)
        WHEN 'object' THEN value
        WHEN 'array' THEN CASE WHEN jsonb_array_length(value) = cardinality(key) THEN (
            SELECT jsonb_object_agg(k.name, value -> (k.n::int - 1)) FROM unnest(key) WITH ORDINALITY k (name, n)) END
        ELSE CASE WHEN cardinality(key) = 1 THEN jsonb_build_object(key[1], value) END END;
    cut name;
BEGIN
    PERFORM custody.key_condition(relation, key, coalesce(named, value), '');
    PERFORM custody.key_bytes(relation, key, named, 'text');
    SELECT k.name INTO cut FROM unnest(key) k (name) WHERE NOT custody.type_has(custody.key_type(relation, k.name), named ->> k.name::text);
    IF FOUND THEN
        RAISE EXCEPTION 'the key of % is not %', relation, value
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Column "%s" cannot have such a value: it would be cut or rounded.', cut),
                  HINT = 'Write its values as the columns have them.';
    END IF;
    RETURN (SELECT jsonb_object_agg(n.name, custody.key_said(t.type, n.value))
              FROM jsonb_each(named) n (name, value) CROSS JOIN LATERAL custody.key_type(relation, n.name::name) t (type));
EXCEPTION WHEN data_exception THEN
    -- What says already what is wrong with the key goes on.
    IF SQLSTATE = '22023' THEN
        RAISE;
    END IF;
    RAISE EXCEPTION 'the key of % is not %', relation, value
        USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM, HINT = 'Write its values as the columns have them.';
END
$$;
COMMENT ON FUNCTION custody.key_object(regclass, name[], jsonb) IS
'a key as an object with a value for each of its columns, from such an object, a list in their order, or the value of the only one; errors: 22023 for what is not the key, or has values that its columns cannot have, 0A000 as custody.key_type(); privilege: none';

CREATE FUNCTION custody.recorded_key(rel regclass, key jsonb) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.key_object(rel, ARRAY(SELECT jsonb_array_elements_text(a.options -> 'key'))::name[], key)
      FROM custody_ledger.audited a WHERE a.id = custody.audited_id(rel)
$$;
COMMENT ON FUNCTION custody.recorded_key(regclass, jsonb) IS
'custody.key_object() of a recorded table; NULL for another one; errors: 42P01 without a ledger, and as there; privilege: SELECT on the ledger';

CREATE FUNCTION custody.loose_collation(relation regclass, column_name name, type text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(' COLLATE %I.%I', n.nspname, c.collname)
      FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation AND NOT c.collisdeterministic
      JOIN pg_namespace n ON n.oid = c.collnamespace
      JOIN pg_type y ON y.oid = to_regtype(type) AND y.typcollation <> 0
     WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0
$$;
COMMENT ON FUNCTION custody.loose_collation(regclass, name, text) IS
'the COLLATE clause with which values of a column, read as a type, are compared, where different texts may be equal; NULL where they are not; errors: none; privilege: none';

-- Equal values may have other bytes: of types in which they can be written in several ways, under collations to
-- which different texts are equal, and of columns that had another type. The events know them as they were written.
CREATE FUNCTION custody.key_spellings(tbl int4, version int4, texts text[]) RETURNS TABLE (key bytea, descriptors int4[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Of a table that is gone nobody knows collations.
    columns text[] := (SELECT custody.key_names(o.text::jsonb) FROM custody_ledger.descriptor o
                        WHERE o.tbl = key_spellings.tbl AND o.version = key_spellings.version);
    d record;
    same text;
    spelled boolean;
BEGIN
    IF texts IS NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    FOR d IN SELECT array_agg(o.id) AS ids, min(o.text) AS text, k.types, (array_agg(w.key))[1] AS wanted
               FROM custody_ledger.descriptor o
              CROSS JOIN LATERAL (SELECT custody.descriptor_key(o.text, texts)) w (key)
              CROSS JOIN LATERAL (SELECT ARRAY(SELECT o.text::jsonb #>> ARRAY['columns', p, 'type']
                       FROM jsonb_array_elements_text(o.text::jsonb -> 'key') WITH ORDINALITY e (p, n) ORDER BY e.n)) k (types)
              WHERE o.id = ANY (custody.key_descriptors(key_spellings.tbl, key_spellings.version)) AND w.key IS NOT NULL
              GROUP BY k.types, o.text::jsonb -> 'form' LOOP
        RETURN QUERY SELECT d.wanted, d.ids;
        SELECT string_agg(format('k.texts[%s]::%s%s %s %L::%2$s', u.n, t.type, l.name, e.equality, texts[u.n]), ' AND '),
               bool_or(e.equality <> '=' OR l.name IS NOT NULL
                       OR to_regtype(t.type) IN ('numeric', 'bpchar', 'float4', 'float8', 'interval', 'timetz')) AND bool_and(t.type IS NOT NULL)
          INTO same, spelled
          FROM unnest(d.types) WITH ORDINALITY u (type, n)
         CROSS JOIN LATERAL (SELECT custody.harmless_type(to_regtype(u.type), -1)) t (type)
         CROSS JOIN LATERAL (SELECT custody.key_equality(to_regtype(t.type))) e (equality)
         CROSS JOIN LATERAL (SELECT custody.loose_collation(custody.recorded_relation(key_spellings.tbl), columns[u.n], t.type)) l (name);
        IF spelled THEN
            RETURN QUERY EXECUTE format($q$
                SELECT k.key, $3 FROM (SELECT e.key, custody.key_values($4, e.key) AS texts
                          FROM (SELECT key FROM custody_ledger.event WHERE tbl = $1 AND descriptor = ANY ($3) AND key <> ''
                                UNION SELECT key FROM custody_ledger.held_event WHERE tbl = $1 AND descriptor = ANY ($3) AND key <> '') e OFFSET 0) k
                 WHERE k.key <> $2 AND k.texts IS NOT NULL AND %s$q$, same) USING tbl, d.wanted, d.ids, custody.descriptor_harmless(d.text);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.key_spellings(int4, int4, text[]) IS
'the bytes that custody_ledger.event.key has for a key, its values given as texts in the order of the key of a version of the table''s descriptor: under each descriptor with that key (custody.key_descriptors()), and as the events so far have keys that are equal: of types like citext and numeric, and under collations that are not deterministic; with the descriptors under which it is meant, as under others the same bytes may be another key; some may come twice; NULL for NULL; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- What a domain's owner lets its check do must not tell which rows are found.
CREATE FUNCTION custody.descriptor_harmless(descriptor text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_set(d.info, '{columns}', (
               SELECT jsonb_agg(c.c || jsonb_build_object('type', coalesce(custody.harmless_type(to_regtype(c.c ->> 'type'), -1), c.c ->> 'type'))
                                ORDER BY c.n)
                 FROM jsonb_array_elements(d.info -> 'columns') WITH ORDINALITY c (c, n)))::text
      FROM (SELECT descriptor::jsonb) d (info)
$$;
COMMENT ON FUNCTION custody.descriptor_harmless(text) IS
'a descriptor with the types below domains (custody.harmless_type()), which have the same bytes; errors: none; privilege: none';

CREATE FUNCTION custody.key_values(descriptor text, key bytea) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN bool_and(v.state = 'value') THEN array_agg(v.value ORDER BY v.n) END
      FROM custody.image_values(descriptor, key, true) WITH ORDINALITY AS v ("position", name, type, state, value, n)
$$;
COMMENT ON FUNCTION custody.key_values(text, bytea) IS
'the values of a key, by a descriptor''s text, as texts in its order; NULL where one cannot be read; errors: XX001 for what is no descriptor or key; privilege: none';

-- As capture has it: a long text by its hash.
CREATE FUNCTION custody.org_of_text(value text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length(b) > 2000 THEN '\x68'::bytea || sha256(b) ELSE '\x74'::bytea || b END
      FROM convert_to(value, custody.ledger_encoding()) b
$$;
COMMENT ON FUNCTION custody.org_of_text(text) IS
'an organization that a text names as custody_ledger.event.org has it; errors: none; privilege: none';

CREATE FUNCTION custody.org_bytes(relation regclass, org_column name, value text) RETURNS bytea
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text;
BEGIN
    SELECT CASE t.type WHEN 'uuid' THEN 'u' WHEN 'smallint' THEN 'b' WHEN 'integer' THEN 'b' WHEN 'bigint' THEN 'b'
                ELSE 't' END INTO kind
      FROM custody.key_type(relation, org_column) t (type) WHERE org_column IS NOT NULL;
    IF kind = 't' THEN
        -- As the column has it: char(n) with its blanks.
        EXECUTE format('SELECT custody.ledger_text(%L::%s)', value, custody.key_type(relation, org_column)) INTO value;
    END IF;
    RETURN CASE kind WHEN 'u' THEN '\x75'::bytea || uuid_send(value::uuid)
                     WHEN 'b' THEN '\x62'::bytea || int8send(value::int8)
                     WHEN 't' THEN custody.org_of_text(value) END;
END
$$;
COMMENT ON FUNCTION custody.org_bytes(regclass, name, text) IS
'an organization as custody_ledger.event.org has it, by the type of a table''s column; NULL where there is no such column; errors: 22P02 for a value that the type does not have; privilege: none';

-- Of texts that are equal by their type or collation the events know each as it was written.
CREATE FUNCTION custody.org_equals(tbl int4, relation regclass, org_column name, value text) RETURNS SETOF bytea
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    type text := custody.key_type(relation, org_column);
    equality text := custody.key_equality(to_regtype(type));
    loose text := custody.loose_collation(relation, org_column, type);
BEGIN
    RETURN NEXT CASE WHEN value IS NOT NULL THEN custody.org_bytes(relation, org_column, value) END;
    IF value IS NOT NULL AND (SELECT y.typcategory = 'S' FROM pg_type y WHERE y.oid = to_regtype(type))
        AND (equality <> '=' OR loose IS NOT NULL) THEN
        RETURN QUERY EXECUTE format(
            'SELECT o.org FROM (SELECT e.org FROM custody_ledger.event e WHERE e.tbl = $1
                                UNION SELECT e.org FROM custody_ledger.held_event e WHERE e.tbl = $1) o
              WHERE substr(o.org, 1, 1) = ''t'' AND custody.org_text(o.org)::%1$s%2$s %3$s %4$L::%1$s', type, loose, equality, value) USING tbl;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.org_equals(int4, regclass, name, text) IS
'an organization as custody.org_bytes() has it, and as the events of a table so far have those that are equal to it, of types like citext and under collations that are not deterministic; some may come twice; NULL for NULL; errors: as custody.org_bytes(); privilege: SELECT on the ledger';

CREATE FUNCTION custody.org_spellings(value text) RETURNS SETOF bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.org_of_text(value)
    UNION ALL SELECT '\x62'::bytea || int8send(value::int8) WHERE value ~ '^-?[0-9]{1,18}$'
    UNION ALL SELECT '\x75'::bytea || uuid_send(value::uuid)
               WHERE value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
$$;
COMMENT ON FUNCTION custody.org_spellings(text) IS
'what custody_ledger.event.org may have for an organization, whatever the type of the column that names it; errors: none; privilege: none';

REVOKE ALL ON FUNCTION custody.harmless_type(oid, int4), custody.key_type(regclass, name), custody.type_has(text, text), custody.ledger_text(anyelement),
    custody.key_equality(regtype), custody.is_of_domain(regclass, name), custody.key_condition(regclass, name[], jsonb, text),
    custody.key_bytes(regclass, name[], jsonb, text), custody.key_object(regclass, name[], jsonb),
    custody.recorded_key(regclass, jsonb), custody.key_said(text, jsonb), custody.descriptor_harmless(text), custody.key_values(text, bytea), custody.loose_collation(regclass, name, text),
    custody.key_spellings(int4, int4, text[]), custody.org_of_text(text),
    custody.org_bytes(regclass, name, text), custody.org_equals(int4, regclass, name, text), custody.org_spellings(text) FROM PUBLIC;
