-- The wire rows of the corpus by plain SQL: test/vectors/canonical.sql has the bytes of values, here
-- is which form a table has. Read after test/vectors/canonical.sql.
-- Text form: no send or no receive function, or one of the types that send an OID, at any depth.
CREATE FUNCTION suite.is_mute(type oid) RETURNS bool LANGUAGE plpgsql STABLE AS $$
DECLARE t pg_catalog.pg_type;
BEGIN
    SELECT * INTO STRICT t FROM pg_catalog.pg_type WHERE oid = vectors.base_type(type);
    IF t.typsend = 0 OR t.typreceive = 0 OR t.oid IN (24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191) THEN
        RETURN true;
    ELSIF t.typsend = 'pg_catalog.array_send'::regproc THEN
        RETURN suite.is_mute(t.typelem);
    ELSIF t.typtype IN ('r', 'm') THEN
        RETURN suite.is_mute(vectors.range_subtype(t.oid));
    ELSIF t.typtype = 'c' THEN
        RETURN coalesce((SELECT bool_or(suite.is_mute(atttypid)) FROM pg_catalog.pg_attribute
                         WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped), false);
    END IF;
    RETURN false;
END $$;

-- Text form in the sql profile as well: what has an inside that a rule rewrites. The bounds of a range are
-- left as they are where the rule of its subtype is raw, or is such a range again.
CREATE FUNCTION suite.is_nested(type oid) RETURNS bool LANGUAGE plpgsql STABLE AS $$
DECLARE rule text := vectors.rule(type);
BEGIN
    WHILE rule ~ 'range\(raw\)' LOOP
        rule := regexp_replace(rule, '(multi)?range\(raw\)', 'raw');
    END LOOP;
    RETURN rule NOT IN ('raw', 'float4', 'float8');
END $$;

-- SQL of the wire rows of a table: k, form and wire row of the fast profile, form and wire row of the sql profile.
CREATE FUNCTION suite.wire_sql(tab regclass, columns text[]) RETURNS text LANGUAGE sql STABLE AS $$
    WITH wanted AS (
        SELECT attname, atttypid FROM pg_catalog.pg_attribute
        WHERE attrelid = tab AND attnum > 0 AND NOT attisdropped AND (columns IS NULL OR attname = ANY (columns))),
    form AS (SELECT bool_or(suite.is_mute(atttypid)) AS mute, bool_or(suite.is_nested(atttypid)) AS nested FROM wanted),
    row_of AS (
        SELECT text_form, format('int2send(%s::int2)%s', count(*), string_agg(format(' || vectors.field(%s)',
            CASE WHEN text_form THEN vectors.output_sql('t.' || quote_ident(attname), atttypid)
                 ELSE vectors.canonical_sql('t.' || quote_ident(attname), atttypid) END), '' ORDER BY convert_to(attname, 'UTF8'))) AS expression
        FROM wanted, (VALUES (false), (true)) f (text_form) GROUP BY text_form)
    SELECT format('SELECT t.k, %L AS fast_form, %s AS fast, %L AS sql_form, %s AS sql FROM %s t', CASE WHEN mute THEN 'text' ELSE 'binary' END,
        fast.expression, CASE WHEN mute OR nested THEN 'text' ELSE 'binary' END, sql.expression, tab)
    FROM form JOIN row_of fast ON fast.text_form = form.mute JOIN row_of sql ON sql.text_form = (form.mute OR form.nested) $$;
