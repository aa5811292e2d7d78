-- Every row of the vectors' tables (every type that a column can have), as an image: its values as
-- texts are those of the type's output function, and lead back to the same bytes.
-- A database of its own, because a ledger is one's for good.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit_image TEMPLATE template0;
\c regress_audit_image
SET client_min_messages = error;
CREATE EXTENSION custody;
\set vectors `echo "$PG_ABS_SRCDIR/vectors"`
\set tables :vectors /tables.sql
\set tables_types :vectors /tables_types.sql
\set tables_14 :vectors /tables_14.sql
\set tables_contrib :vectors /tables_contrib.sql
\set tables_arrays :vectors /tables_arrays.sql
SELECT current_setting('server_version_num')::int >= 140000 AS has_multiranges,
    count(*) = 7 AS has_contrib FROM pg_available_extensions
WHERE name IN ('ltree', 'lo', 'cube', 'seg', 'intarray', 'earthdistance', 'isn') \gset
SET client_min_messages = warning;
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
\set ECHO none
\i :tables
\i :tables_types
\if :has_multiranges
\i :tables_14
\endif
\if :has_contrib
CREATE EXTENSION ltree;
CREATE EXTENSION lo;
CREATE EXTENSION cube;
CREATE EXTENSION seg;
CREATE EXTENSION intarray;
CREATE EXTENSION earthdistance;
CREATE EXTENSION isn;
\i :tables_contrib
\endif
\i :tables_arrays
\set ECHO all
RESET search_path;
SET client_min_messages = warning;
CREATE FUNCTION columns_of(rel regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped $$;
CREATE FUNCTION description(rel regclass, form text) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('table', gen_random_uuid(), 'schema', 's', 'name', 't', 'version', 1,
        'form', form, 'key', '[]'::json, 'org', null, 'excluded', '[]'::json, 'columns',
        (SELECT json_agg(c.description ORDER BY c.place) FROM custody.descriptor_columns(rel, '{}') c))::text $$;
-- The table's rows read back from their texts, under the settings that wire rows have.
CREATE FUNCTION looked_at(rel regclass, form text, OUT rows bigint, OUT unread bigint, OUT other_texts bigint,
    OUT other_bytes bigint, OUT other_json bigint)
    LANGUAGE plpgsql SET datestyle = 'ISO, MDY' SET intervalstyle = postgres SET timezone = 'UTC' SET extra_float_digits = 3
    SET bytea_output = hex SET xmlbinary = base64 SET xmloption = content SET lc_monetary = 'C'
    SET search_path = '' SET quote_all_identifiers = off AS $$
DECLARE
    columns text[] := public.columns_of(rel);
    texts text := (SELECT coalesce(string_agg(format(
        'CASE num_nulls(row_here.%1$I) WHEN 0 THEN format(''%%s'', row_here.%1$I) END', c), ', '), 'NULL::text') FROM unnest(columns) c);
BEGIN
    EXECUTE format($q$
        SELECT count(*), count(*) FILTER (WHERE v.states && '{bytes}'),
               count(*) FILTER (WHERE v.texts IS DISTINCT FROM ARRAY[%1$s]),
               count(*) FILTER (WHERE custody.wire_row(read_back, $2, $3) IS DISTINCT FROM w.bytes),
               count(*) FILTER (WHERE custody.image_json($1, '\x01' || w.bytes) IS DISTINCT FROM to_jsonb(row_here))
          FROM %2$s row_here CROSS JOIN LATERAL (SELECT custody.wire_row(row_here, $2, $3) AS bytes) w
         CROSS JOIN LATERAL (SELECT array_agg(i.value ORDER BY i.position) AS texts, array_agg(i.state) AS states,
               '(' || string_agg(coalesce('"' || replace(replace(i.value, '\', '\\'), '"', '""') || '"', ''), ',' ORDER BY i.position) || ')' AS row_text
                               FROM custody.image_values($1, '\x01' || w.bytes) i) v
         CROSS JOIN LATERAL (SELECT i.* FROM CAST(v.row_text AS %2$s) i) read_back $q$, texts, rel)
       INTO rows, unread, other_texts, other_bytes, other_json USING public.description(rel, form), columns, form;
END $$;
CREATE TABLE seen AS
SELECT c.oid::regclass AS rel, f.form, l.* FROM pg_class c
 CROSS JOIN LATERAL (SELECT custody.wire_form(c.oid, columns_of(c.oid)) AS own) o
 CROSS JOIN LATERAL (SELECT DISTINCT unnest(ARRAY[o.own, 'text']) AS form) f
 CROSS JOIN LATERAL looked_at(c.oid, f.form) l
 WHERE c.relnamespace = 'vectors'::regnamespace AND c.relkind = 'r' AND columns_of(c.oid) IS NOT NULL
   -- Inside of arrays the server does not receive the empty int2vector that it sends: such are "bytes".
   AND (c.relname, f.form) <> ('arrays_arrays', 'binary')
   -- Values of these types cannot be read from anything.
   AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.atttypid::regtype::text
       ~ '^(gtsvector|pg_(dependencies|ndistinct|mcv_list|node_tree|brin.*))(\[\])?$');
SELECT rel, form, unread, other_texts, other_bytes, other_json FROM seen
 WHERE unread + other_texts + other_bytes + other_json > 0 ORDER BY rel::text, form;
SELECT count(*) > 60 AS many_tables, sum(rows) > 400 AS many_rows, count(*) FILTER (WHERE rows = 0) < 5 AS filled FROM seen;

-- What is no value: each state, and types that are gone or were changed.
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN small AS int CHECK (value < 10);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE patient (id int, mood mood, age small, both_ pair, many pair[], doc json);
SELECT description('patient', 'binary') AS text \gset
INSERT INTO patient VALUES (1, 'sad', 9, (1, 'x'), ARRAY[(1, 'x')::pair, null], '{"b": 1,  "a": [1]}');
SELECT '\x01'::bytea || custody.wire_row(p, columns_of('patient'), 'binary') AS image FROM patient p \gset
SELECT * FROM custody.image_values(:'text', :'image');
SELECT custody.image_json(:'text', :'image');
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
ALTER TYPE pair ADD ATTRIBUTE c int;
SELECT position, state, value FROM custody.image_values(:'text', :'image');
SELECT custody.image_json(:'text', :'image');
ALTER TABLE patient DROP mood, ALTER age TYPE int;
ALTER DOMAIN small ADD CHECK (value < 5) NOT VALID;
DROP TYPE mood;
SELECT position, type, state, value FROM custody.image_values(:'text', :'image');
SELECT * FROM custody.image_values(:'text', '\x0200030001fffffffe0002fffffffd'::bytea || decode(repeat('ab', 32), 'hex') ||
    '\x0003fffffffc0000000005f5e100'::bytea || decode(repeat('cd', 32), 'hex'));
SELECT custody.image_values(:'text', '\x00');
SELECT custody.image_values(:'text', '\x01ff');
SELECT custody.image_values(:'text', '\x02000100ff00000000');
SELECT custody.image_values('{}', '\x00');
SELECT custody.image_json(:'text', '\x0001', true);
-- A change of a type in the same session and query text is seen.
PREPARE look AS SELECT state, value FROM custody.image_values($1, $2) WHERE position = 2;
EXECUTE look (:'text', :'image');
DROP DOMAIN small CASCADE;
EXECUTE look (:'text', :'image');
\c - -
SELECT has_function_privilege('public', 'custody.image_values(text,bytea,boolean)', 'EXECUTE') AS everybodys;
\c :home
DROP DATABASE regress_audit_image;
