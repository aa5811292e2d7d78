-- The aggregate custody.digest(), and the digests of single rows.
-- Whether the leader or a worker meets an error first is chance.
\set SHOW_CONTEXT never
SET search_path = public, custody;
SET client_min_messages = warning;
CREATE ROLE regress_custody_rows;
CREATE TABLE item (id int PRIMARY KEY, dropped text, name text, at timestamptz, ratio float8, list int[]);
INSERT INTO item SELECT g, 'x', 'n' || g, timestamptz '2024-03-31 00:30:00+00' + g * interval '1 h', g / 7.0,
    ARRAY[g, NULL] FROM generate_series(1, 2000) g;
ALTER TABLE item DROP COLUMN dropped;
ALTER TABLE item ADD COLUMN added text DEFAULT 'fast';
ALTER TABLE item ADD COLUMN words tsvector DEFAULT '''é''';
ALTER TABLE item ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED;
INSERT INTO item SELECT g, repeat('long' || g, 3000), NULL, 'NaN', '{}', NULL FROM generate_series(2001, 2010) g;
ANALYZE item;
-- The same as the scan of the table finds, and as the sum over single rows.
SELECT (digest_info(digest(i))).* FROM item i;
SELECT digest(i) = table_digest('item') AS as_scanned, digest(i, 'sql') = table_digest('item', profile => 'sql') AS sql_as_scanned,
    digest(i) = sum(row_digest(i)) AS as_single_rows,
    digest(i) = digest(i, 'fast') AS fast_by_default,
    digest(i) = digest(i, 'fast', '{added,at,id,list,name,ratio,words}') AS canonical_order,
    digest(i, 'sql') = sum(row_digest(i, profile => 'sql')) AS sql_as_single_rows
FROM item i;
SELECT digest(i) FILTER (WHERE id % 3 = 0) + digest(i) FILTER (WHERE id % 3 <> 0) = digest(i) AS adds_up FROM item i;
SELECT count(DISTINCT row_digest(i)::text) = count(*) AS all_rows_differ FROM item i;

-- Rows that are no table's: ad hoc, and unlike the table's digest.
SELECT digest(s) FROM (SELECT id FROM item WHERE id < 3) s;
SELECT digest(ROW(id, name)) FROM item WHERE id < 3;
CREATE VIEW item_view AS SELECT id, name FROM item WHERE id < 3;
CREATE TYPE pair AS (id int, name text);
CREATE DOMAIN item_domain AS item;
SELECT digest(v) = digest(ROW(id, name)::pair) AS views_and_types, digest(v) AS of_view FROM item_view v;
SELECT digest(i::item_domain) FROM item i WHERE id < 3;
SELECT digest(i) = digest(i::item_domain) FROM item i WHERE id < 3;
SELECT digest(i) = (SELECT digest(s) FROM (SELECT * FROM item) s) FROM item i;
SELECT digest(s) FROM (SELECT 1 AS a, 2 AS a) s;
-- A row that was stored in another table is one of its own.
CREATE TABLE holder AS SELECT i AS held FROM item i;
SELECT digest(held) = (SELECT digest(i) FROM item i) AS held FROM holder;

-- No rows: the description is there all the same.
SELECT digest(i), digest(i, 'sql', '{name,id}') FROM item i WHERE id < 0;
SELECT digest(v) FROM item_view v WHERE id < 0;
SELECT digest(i::item_domain) FROM item i WHERE id < 0;
SELECT digest(s) IS NULL AS anonymous FROM (SELECT id FROM item WHERE id < 0) s;
SELECT digest(i, 'sql', ARRAY[name]) FROM item i WHERE id < 0;
SELECT digest(i, 'evidence') FROM item i WHERE id < 0;
SELECT digest(i, NULL) FROM item i WHERE id < 0;
SELECT digest(i, 'fast', '{none}') FROM item i WHERE id < 0;
PREPARE chosen(text, text[]) AS SELECT digest(i, $1, $2) FROM item i WHERE id < 0;
SET plan_cache_mode = force_generic_plan;
EXECUTE chosen('sql', '{id}');
RESET plan_cache_mode;
SELECT g, digest(i, 'sql') FILTER (WHERE g = 1 AND i.id < 0) FROM item i, generate_series(1, 2) g GROUP BY g ORDER BY g;

-- Over windows.
SELECT id, digest(i) OVER (ORDER BY id) - digest(i) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    = row_digest(i) AS last_row FROM item i WHERE id < 4 ORDER BY id;
SELECT digest(i, 'sql') OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM item i WHERE id < 2;

-- Parallel plans.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query;
END $$;
SELECT plan_of('SELECT digest(i, ''sql'') FROM item i');
SELECT digest(i)::text AS parallel, digest(i, 'sql')::text AS parallel_sql, digest(i, 'sql', '{twice}')::text AS parallel_columns
FROM item i \gset
SELECT digest(i, 'sql', '{id}') FROM item i WHERE id + 0 < 0;
SELECT plan_of('SELECT digest(i, ''sql'', ''{id}'') FROM item i WHERE id + 0 < 0');
SELECT sum(row_digest(i))::text AS parallel_rows FROM item i \gset
SET max_parallel_workers_per_gather = 0;
SELECT digest(i) = :'parallel' AS fast, digest(i, 'sql') = :'parallel_sql' AS sql,
    digest(i, 'sql', '{twice}') = :'parallel_columns' AS columns, sum(row_digest(i)) = :'parallel_rows' AS rows FROM item i;

-- Partitions: the rows come in the type of the table that is read.
CREATE TABLE parted (id int, name text, extra numeric) PARTITION BY RANGE (id);
CREATE TABLE parted_1 (extra numeric, gone int, id int, name text);
ALTER TABLE parted_1 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM (0) TO (1000);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (1000) TO (5000) PARTITION BY LIST (name);
CREATE TABLE parted_2_default PARTITION OF parted_2 DEFAULT;
INSERT INTO parted SELECT g, 'p' || g, g / 3.0 FROM generate_series(1, 3000) g;
ANALYZE parted;
SELECT digest(p) = table_digest('parted') AS as_scanned, digest(p, 'sql', '{id,extra}') = table_digest('parted', '{id,extra}', 'sql') AS columns_as_scanned,
    digest(p) = (SELECT sum(d) FROM (SELECT digest(a) AS d FROM parted_1 a UNION ALL SELECT digest(b) FROM parted_2 b) s)
    AS sum_of_partitions FROM parted p;
SELECT digest(p)::text AS parted_serial FROM parted p \gset
SET max_parallel_workers_per_gather = 2;
SET enable_partitionwise_aggregate = on;
SELECT plan_of('SELECT digest(p) FROM parted p');
SELECT digest(p) = :'parted_serial' AS parallel FROM parted p;
SELECT digest(p, 'sql') FROM parted p WHERE id + 0 < 0;
SELECT plan_of('SELECT digest(p, ''sql'') FROM parted p WHERE id + 0 < 0');
CREATE TABLE heir (more int) INHERITS (item);
INSERT INTO heir (id, name, more) VALUES (1, 'heir', 1);
SELECT digest(i) - row_digest((SELECT i FROM item i WHERE i.tableoid = 'heir'::regclass)) = (SELECT digest(o) FROM ONLY item o)
    AS children_as_parents, digest(i) = table_digest('item', children => true) AS as_scanned FROM item i;
DROP TABLE heir;

-- Whatever the session's settings are: the text form (a table with regclass has it) and the binary form.
CREATE TABLE texts (id int, rel regclass, at timestamptz, day date, span interval, ratio float8, bytes bytea, doc xml, price money);
SET lc_monetary = 'C';
INSERT INTO texts SELECT g, 'item', timestamptz '2024-03-31 00:30:00+00' + g * interval '1 h', date '2024-02-28' + g,
    g * interval '1 day 1 minute', 1 / 3.0 * g, decode('ff00', 'hex'), '<a/>', g::money FROM generate_series(1, 500) g;
ANALYZE texts;
SELECT digest(t)::text AS serial, digest(t, 'sql')::text AS serial_sql FROM texts t \gset
SELECT :'serial' LIKE '1:fast:text:%' AS text_form,
    table_digest('texts') = :'serial' AS as_scanned;
SELECT plan_of('SELECT digest(t), digest(t, ''sql'') FROM texts t');
CREATE TABLE setting (name text, value text);
INSERT INTO setting VALUES ('client_encoding', 'LATIN1'), ('timezone', 'Asia/Kathmandu'), ('datestyle', 'German'), ('intervalstyle', 'sql_standard'),
    ('extra_float_digits', '-15'), ('bytea_output', 'escape'), ('xmlbinary', 'hex'), ('lc_monetary', 'C.UTF-8'),
    ('quote_all_identifiers', 'on'), ('search_path', 'pg_catalog'), ('search_path', 'pg_temp');
CREATE FUNCTION under_settings(parallel bool, OUT name text, OUT same bool) RETURNS SETOF record LANGUAGE plpgsql
SET search_path = public, custody AS $$
DECLARE
    one setting;
    serial text := (SELECT digest(t)::text || digest(t, 'sql')::text || (SELECT digest(i) FROM item i)::text FROM texts t);
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', CASE WHEN parallel THEN '2' ELSE '0' END, true);
    FOR one IN SELECT * FROM setting LOOP
        PERFORM set_config(one.name, one.value, true);
        name := one.name;
        EXECUTE 'SELECT custody.digest(t)::text || custody.digest(t, ''sql'')::text
            || (SELECT custody.digest(i) FROM public.item i)::text = $1 FROM public.texts t' INTO same USING serial;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT * FROM under_settings(false);
SELECT * FROM under_settings(true);
-- The caller's settings are as they were, also in the same query.
SET datestyle = 'German';
SELECT digest(t) = :'serial' AS same, max(at)::text AS newest, current_setting('datestyle') FROM texts t;
RESET datestyle;

-- Rows and their buckets.
SELECT row_bucket(i, 16) = row_bucket(i, 16, '{id}') AS primary_key, row_bucket(i, 16, '{}') AS of_row,
    row_bucket(i, 16, '{name,id}') = row_bucket(i, 16, '{id,name}') AS any_order,
    row_bucket(i, 16, NULL, '{id,name}', 'sql') = row_bucket(i, 16, '{id}', '{id,name}', 'evidence') AS sql_as_evidence
FROM item i WHERE id = 1;
SELECT min(b) >= 0 AND max(b) < 64 AS within, count(DISTINCT b) AS used FROM (SELECT row_bucket(i, 64) AS b FROM item i) s;
SELECT bool_and(d = digest) AS buckets_as_scanned FROM table_buckets('item', 16) t
    JOIN (SELECT row_bucket(i, 16) AS b, digest(i) AS d FROM item i GROUP BY 1) s ON b = bucket;
SELECT row_digest(i, '{id}', form => 'text'), row_digest(i, '{id}', 'sql') FROM item i WHERE id = 1;
-- Options that change from row to row.
SELECT id, row_digest(i, c, p) FROM item i, (VALUES ('{id}'::text[], 'fast'), ('{name}', 'fast'), (NULL, 'sql')) v (c, p)
WHERE id < 3 ORDER BY p, c, id;

-- A call that outlives a change of its type.
CREATE FUNCTION before_and_after() RETURNS SETOF digest LANGUAGE plpgsql AS $$
DECLARE
    one pair := ROW(1, 'x');
BEGIN
    FOR i IN 1 .. 2 LOOP
        RETURN NEXT row_digest(one);
        IF i = 1 THEN
            ALTER TYPE pair ADD ATTRIBUTE more int;
        END IF;
    END LOOP;
END $$;
SELECT digest_info(d) AS before_and_after FROM before_and_after() d;
SELECT digest_info(row_digest(ROW(1, 'x', NULL)::pair)) AS after;
-- Plain SQL computes the same without the extension's functions.
CREATE FUNCTION by_sql(query text) RETURNS digest LANGUAGE plpgsql
SET row_security = off SET datestyle = 'ISO, MDY' SET intervalstyle = postgres SET timezone = 'UTC' SET extra_float_digits = 3
SET bytea_output = hex SET xmlbinary = base64 SET xmloption = content SET lc_monetary = 'C' SET search_path = ''
SET quote_all_identifiers = off AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO result;
    RETURN result;
END $$;
CREATE DOMAIN short AS text;
CREATE TABLE "Kinds ""of""" ("Ü" int, "a b" float4, "select" short, span int4range, bits bit(3), gone int);
ALTER TABLE "Kinds ""of""" DROP COLUMN gone;
INSERT INTO "Kinds ""of""" VALUES (1, 'NaN', '', '[1,5)', B'101'), (NULL, -0.0, 'x', 'empty', NULL);
SELECT position('ONLY public."Kinds ""of"""' IN sql_digest_query('"Kinds ""of"""')) > 0 AS only_itself,
    position('ONLY' IN sql_digest_query('parted')) = 0 AS with_partitions,
    position('custody' IN sql_digest_query('item')) = 0 AS without_us;
SELECT by_sql(sql_digest_query('"Kinds ""of"""')) = table_digest('"Kinds ""of"""', profile => 'sql') AS kinds,
    by_sql(sql_digest_query('"Kinds ""of"""', '{select,a b}', '"a b" = 0'))
        = (SELECT digest(k, 'sql', '{select,a b}') FROM "Kinds ""of""" k WHERE "a b" = 0) AS part,
    by_sql(sql_digest_query('parted')) = table_digest('parted', profile => 'sql') AS parted,
    by_sql(sql_digest_query('item', condition => 'id < 0')) = table_digest('item', profile => 'sql') AS part_of_item,
    by_sql(sql_digest_query('item')) = table_digest('item', profile => 'sql') AS item,
    by_sql(sql_digest_query('texts')) = table_digest('texts', profile => 'sql') AS texts;
SELECT sql_digest_query(NULL);
SELECT sql_digest_query('item_view');
SELECT sql_digest_query('item', '{id,none}');
SELECT sql_digest_query('item', '{id,id}');

-- What is refused.
SELECT digest(i, 'evidence') FROM item i;
SELECT digest(i, 'slow') FROM item i;
SELECT digest(i, NULL) FROM item i;
SELECT digest(i, 'fast', '{id,none}') FROM item i;
SELECT digest(i, 'fast', '{id,id}') FROM item i;
SELECT digest(i, 'fast', '{id,NULL}') FROM item i;
SELECT digest(i, 'fast', '{dropped}') FROM item i;
SELECT digest(ROW(1), 'fast', '{f2}');
SELECT digest(i, CASE WHEN id = 1 THEN 'fast' ELSE 'sql' END) FROM item i;
SELECT digest(u) FROM item i LEFT JOIN item u ON u.id = i.id + 1;
SELECT digest_accum(NULL, i) FROM item i;
SELECT digest_final(NULL, NULL::item);
SELECT row_digest(NULL::item);
SELECT row_digest(i, profile => 'evidence') FROM item i LIMIT 1;
SELECT row_digest(i, form => 'xml') FROM item i LIMIT 1;
SELECT row_digest(t, form => 'binary') FROM texts t LIMIT 1;
SELECT row_bucket(i, 3) FROM item i LIMIT 1;
SELECT row_bucket(i, NULL) FROM item i LIMIT 1;
SELECT row_bucket(i, 4, columns => '{name}') FROM item i LIMIT 1;

-- Where there is a column of the alias's name, it is what the name means.
SELECT digest(name) FROM item name WHERE id = 1;
SELECT digest(name.*) = table_digest('item') AS all_columns FROM item name;
-- Privileges: those of the query. Row security: an error, never the digest of a part.
GRANT USAGE ON SCHEMA custody TO regress_custody_rows;
GRANT SELECT (id, name) ON item TO regress_custody_rows;
GRANT SELECT ON parted TO regress_custody_rows;
SET ROLE regress_custody_rows;
SELECT digest(i) FROM item i;
SELECT digest(ROW(id, name)) IS NOT NULL AS of_some FROM item;
SELECT digest(p) = :'parted_serial' AS by_reader FROM parted p;
RESET ROLE;
ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON parted USING (id < 10);
SELECT (digest_info(digest(p))).rows AS by_owner FROM parted p;
SET ROLE regress_custody_rows;
SELECT count(*) AS visible FROM parted;
SELECT digest(p) FROM parted p;
SELECT digest(p) FROM parted p WHERE false;
SET max_parallel_workers_per_gather = 0;
SELECT digest(p) FROM parted p;
RESET ROLE;
-- Also where a view reads for the caller, as its owner.
CREATE VIEW parted_view AS SELECT p AS part FROM parted p;
SELECT (digest_info(digest(part))).rows AS by_owner FROM parted_view;
ALTER VIEW parted_view OWNER TO regress_custody_rows;
SELECT count(*) AS visible FROM parted_view;
SELECT digest(part) FROM parted_view;
SELECT digest(part) FROM parted_view WHERE false;
DROP VIEW parted_view;
ALTER TABLE parted DISABLE ROW LEVEL SECURITY;

DROP TABLE item, holder, parted, texts, setting, "Kinds ""of""" CASCADE;
DROP FUNCTION before_and_after, under_settings, plan_of, by_sql;
DROP DOMAIN short;
DROP TYPE pair;
REVOKE ALL ON SCHEMA custody FROM regress_custody_rows;
DROP ROLE regress_custody_rows;
