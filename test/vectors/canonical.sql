-- The wire row of docs/wire-format.md once more, in SQL alone: every byte comes from the server's
-- own send and output functions. Slow, and independent of what it checks.
SET search_path = '';

-- A length word and the value's bytes.
CREATE FUNCTION vectors.field(value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT coalesce(int4send(octet_length(value)) || value, '\xffffffff') $$;

CREATE FUNCTION vectors.base_type(type oid) RETURNS oid LANGUAGE sql STABLE AS
    $$ WITH RECURSIVE step AS (
           SELECT oid, typtype, typbasetype FROM pg_type WHERE oid = type
           UNION ALL SELECT t.oid, t.typtype, t.typbasetype FROM step s JOIN pg_type t ON t.oid = s.typbasetype
           WHERE s.typtype = 'd')
       SELECT oid FROM step WHERE typtype <> 'd' $$;

CREATE FUNCTION vectors.range_subtype(type oid) RETURNS oid LANGUAGE sql STABLE AS
    $$ SELECT coalesce(
           (SELECT rngsubtype FROM pg_range WHERE rngtypid = type),
           (SELECT rngsubtype FROM pg_range WHERE (to_jsonb(pg_range) ->> 'rngmultitypid')::oid = type)) $$;

-- The rule of a type, as the library writes it.
CREATE FUNCTION vectors.rule(type oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE t pg_type;
BEGIN
    SELECT * INTO STRICT t FROM pg_type WHERE oid = vectors.base_type(type);
    IF t.oid = 'float4'::regtype THEN RETURN 'float4'; END IF;
    IF t.oid = 'float8'::regtype THEN RETURN 'float8'; END IF;
    IF t.typsend = 'array_send'::regproc THEN RETURN format('array(%s)', vectors.rule(t.typelem)); END IF;
    IF t.typtype = 'c' THEN
        RETURN format('composite(%s)', (SELECT string_agg(vectors.rule(atttypid), ',' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped));
    END IF;
    IF t.typtype = 'r' THEN RETURN format('range(%s)', vectors.rule(vectors.range_subtype(t.oid))); END IF;
    IF t.typtype = 'm' THEN RETURN format('multirange(%s)', vectors.rule(vectors.range_subtype(t.oid))); END IF;
    RETURN 'raw';
END $$;

-- Whether the type, or one inside of it, has no binary form: it cannot be sent and received, or sends
-- the OID of a catalog's row.
CREATE FUNCTION vectors.needs_text(type oid) RETURNS bool LANGUAGE plpgsql STABLE AS $$
DECLARE t pg_type;
BEGIN
    SELECT * INTO STRICT t FROM pg_type WHERE oid = vectors.base_type(type);
    RETURN t.typsend = 0 OR t.typreceive = 0 OR t.oid IN (24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191)
        OR (t.typsend = 'array_send'::regproc AND vectors.needs_text(t.typelem))
        OR (t.typtype IN ('r', 'm') AND vectors.needs_text(vectors.range_subtype(t.oid)))
        OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0
                AND NOT attisdropped AND vectors.needs_text(atttypid)));
END $$;

-- SQL of a call with an expression of a type. (The functions of refcursor are declared for text.)
CREATE FUNCTION vectors.call_sql(function regproc, expr text, type oid) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT format(CASE WHEN a.typtype = 'p' OR a.oid = type THEN '%s((%s)::%s)' ELSE '%s(((%s)::%s)::text)' END,
           function, expr, format_type(type, -1))
       FROM pg_proc p JOIN pg_type a ON a.oid = p.proargtypes[0] WHERE p.oid = function $$;

-- SQL of the bytes that an expression of a type sends: as they are, or canonical.
CREATE FUNCTION vectors.sent_sql(expr text, type oid) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT vectors.call_sql(typsend, expr, oid) FROM pg_type WHERE oid = vectors.base_type(type) $$;

CREATE FUNCTION vectors.range_sql(expr text, subtype oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN format('substr(range_send(%1$s), 1, 1)'
        || ' || CASE WHEN isempty(%1$s) OR lower_inf(%1$s) THEN '''' ELSE vectors.field(%2$s) END'
        || ' || CASE WHEN isempty(%1$s) OR upper_inf(%1$s) THEN '''' ELSE vectors.field(%3$s) END',
        expr, vectors.canonical_sql(format('lower(%s)', expr), subtype),
        vectors.canonical_sql(format('upper(%s)', expr), subtype));
END $$;

CREATE FUNCTION vectors.array_sql(expr text, element oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v text := 'v_' || md5(expr); -- nested arrays need names of their own
BEGIN
    RETURN format('CASE WHEN %1$s IS NOT NULL THEN (SELECT int4send(coalesce(array_ndims(%1$s), 0))'
        || ' || int4send(coalesce(bool_or(%2$s::text IS NULL), false)::int) || int4send(0)'
        || ' || coalesce((SELECT string_agg(int4send(array_length(%1$s, g.d)) || int4send(array_lower(%1$s, g.d)), '''' ORDER BY g.d)'
        || ' FROM generate_series(1, array_ndims(%1$s)) g(d)), '''')'
        || ' || coalesce(string_agg(vectors.field(%3$s), '''' ORDER BY o.n), '''')'
        || ' FROM (SELECT %2$s, row_number() OVER () AS n FROM (SELECT unnest(%1$s) AS %2$s) u) o) END',
        expr, v, vectors.canonical_sql(v, element));
END $$;

CREATE FUNCTION vectors.composite_sql(expr text, relation oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT format('CASE WHEN %s::text IS NOT NULL THEN int4send(%s)%s END', expr, count(*),
        coalesce(string_agg(format(' || int4send(0) || vectors.field(%s)',
            vectors.canonical_sql(format('(%s).%I', expr, attname), atttypid)), '' ORDER BY attnum), ''))
    FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped);
END $$;

CREATE FUNCTION vectors.multirange_sql(expr text, subtype oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN format('CASE WHEN %2$s IS NOT NULL THEN (SELECT int4send(count(*)::int)'
        || ' || coalesce(string_agg(vectors.field(%1$s), '''' ORDER BY u.o), '''')'
        || ' FROM unnest(%2$s) WITH ORDINALITY AS u(r, o)) END', vectors.range_sql('u.r', subtype), expr);
END $$;

CREATE FUNCTION vectors.canonical_sql(expr text, type oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE t pg_type;
BEGIN
    SELECT * INTO STRICT t FROM pg_type WHERE oid = vectors.base_type(type);
    expr := format('(%s)::%s', expr, format_type(t.oid, -1));
    IF t.oid = 'float4'::regtype THEN
        RETURN format('CASE WHEN %1$s = ''NaN'' THEN ''\x7fc00000'' ELSE float4send(%1$s) END', expr);
    ELSIF t.oid = 'float8'::regtype THEN
        RETURN format('CASE WHEN %1$s = ''NaN'' THEN ''\x7ff8000000000000'' ELSE float8send(%1$s) END', expr);
    ELSIF t.typsend = 'array_send'::regproc THEN
        RETURN vectors.array_sql('(' || expr || ')', t.typelem);
    ELSIF t.typtype = 'c' THEN
        RETURN vectors.composite_sql('(' || expr || ')', t.typrelid);
    ELSIF t.typtype = 'r' THEN
        RETURN vectors.range_sql('(' || expr || ')', vectors.range_subtype(t.oid));
    ELSIF t.typtype = 'm' THEN
        RETURN vectors.multirange_sql('(' || expr || ')', vectors.range_subtype(t.oid));
    END IF;
    RETURN vectors.sent_sql(expr, type);
END $$;

-- Output functions, for the text form.
CREATE FUNCTION vectors.output_sql(expr text, type oid) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT format('convert_to(%s::text, ''UTF8'')', vectors.call_sql(typoutput, expr, oid)) FROM pg_type WHERE oid = vectors.base_type(type) $$;

-- The columns of a table in canonical order, key columns marked.
CREATE VIEW vectors.columns AS
    SELECT a.attrelid AS rel, a.attname, a.atttypid,
        row_number() OVER (PARTITION BY a.attrelid ORDER BY convert_to(a.attname, 'UTF8')) - 1 AS position,
        coalesce(a.attnum = ANY (i.indkey), false) AS in_key
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
        LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE c.relnamespace = 'vectors'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped;

-- The forms of a table's vectors: its own, and the text form that any other one may take. (Left out:
-- giant texts, and bytes of "char" that are no characters.)
CREATE FUNCTION vectors.forms_of(table_oid oid) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT 'text' WHERE (SELECT relname FROM pg_class WHERE oid = table_oid)
        NOT IN ('toasted', 'texts', 'numerics_extreme', 'chars', 'chars_arrays')
    UNION ALL
    SELECT 'binary' WHERE NOT EXISTS (SELECT FROM vectors.columns WHERE rel = table_oid AND vectors.needs_text(atttypid)) $$;

-- Rows of a table as bytes: `kind` is sent, canonical or output.
CREATE FUNCTION vectors.row_sql(table_oid oid, kind text, only_key bool) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('SELECT ctid, int2send(%s::int2)%s AS row FROM %s the_row', count(c.rel),
        coalesce(string_agg(' || vectors.field(' || CASE kind
            WHEN 'sent' THEN vectors.sent_sql('the_row.' || quote_ident(c.attname), c.atttypid)
            WHEN 'canonical' THEN vectors.canonical_sql('the_row.' || quote_ident(c.attname), c.atttypid)
            ELSE vectors.output_sql('the_row.' || quote_ident(c.attname), c.atttypid) END || ')', '' ORDER BY c.position)
            FILTER (WHERE c.rel IS NOT NULL), ''),
        'vectors.' || quote_ident((SELECT relname FROM pg_class WHERE oid = table_oid)))
    FROM (SELECT) one LEFT JOIN vectors.columns c ON c.rel = table_oid AND (NOT only_key OR c.in_key) $$;

CREATE FUNCTION vectors.rows_of(table_oid oid, kind text, only_key bool) RETURNS TABLE (number bigint, "row" bytea)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT row_number() OVER (ORDER BY ctid), row FROM (%s) r',
        vectors.row_sql(table_oid, kind, only_key));
END $$;
