-- The digest room. The vectors (test/vectors) are compared in digest_vectors.
\set vectors `echo "$PG_ABS_SRCDIR/vectors"`
\set tables :vectors /tables.sql
\set tables_14 :vectors /tables_14.sql
\set file :vectors /vectors.tsv
SELECT current_setting('server_version_num')::int >= 140000 AS has_multiranges \gset
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
\set ECHO none
\i :tables
\if :has_multiranges
\i :tables_14
\endif
\set ECHO all
RESET search_path;
SET client_min_messages = notice;
CREATE TABLE vector (name text, number int, form text, rules text, key text, sent text, row text,
    hash text, key_hash text, sha256 text, key_sha256 text);
\set command '\\copy vector FROM ' :'file'
:command
DELETE FROM vector WHERE form <> 'binary';

SELECT custody.encoding_version();

-- Columns in canonical order.
CREATE FUNCTION columns_of(rel regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(attname::text ORDER BY convert_to(attname, 'UTF8')), '{}') FROM pg_attribute
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped $$;
CREATE FUNCTION bucket(digests bytea, hash text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(substr(digests, 1 + 24 * ('x' || right(hash, 4))::bit(16)::int, 24), 'hex') $$;
-- Rows that are equal in canonical form share a bucket.
SELECT v.number, left(bucket(s.digests, v.hash), 16) AS rows
FROM custody.migration_scan('vectors.floats', columns_of('vectors.floats'), 'binary', '{}', 65536) s, vector v
WHERE v.name = 'floats' AND v.number IN (4, 5) ORDER BY 1;

-- The table's digest: the sum of its rows' hashes.
SELECT d.rows, d.sum = v.hash AS hash_of_the_only_row, d.form
FROM vector v, custody.digest_info(custody.table_digest('vectors."it''s ""quoted"""')) d WHERE v.name = 'it''s "quoted"';
SELECT custody.table_digest('vectors.no_columns');
CREATE TABLE empty_one (a int);
SELECT custody.table_digest('empty_one');

-- Settings of the caller change nothing, and come back.
SELECT custody.table_digest('vectors.text_form') AS before \gset
SET datestyle = 'German, DMY';
SET intervalstyle = 'iso_8601';
SET timezone = 'Asia/Tokyo';
SET extra_float_digits = -10;
SET bytea_output = 'escape';
SET search_path = vectors;
SELECT custody.table_digest('text_form')::text = :'before' AS same;
SHOW datestyle;
SHOW timezone;
SHOW search_path;
SHOW extra_float_digits;
-- Also after an error in the middle of the scan.
RESET search_path;
DO $$
BEGIN
    UPDATE pg_type SET typoutput = 'pg_catalog.any_out'::regproc WHERE oid = 'vectors.no_send'::regtype;
    PERFORM custody.table_digest('vectors.text_form_no_send');
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE '%, datestyle is %', SQLERRM, current_setting('datestyle');
END $$;
RESET datestyle;
RESET intervalstyle;
RESET timezone;
RESET extra_float_digits;
RESET bytea_output;

-- Another client_encoding: texts are UTF-8 all the same.
SELECT custody.table_digest('vectors.texts') AS texts \gset
SELECT custody.table_digest('vectors.composites') AS labels \gset
SELECT custody.table_digest('vectors.misc') AS sent \gset
SET client_encoding = 'LATIN1';
SELECT custody.table_digest('vectors.texts')::text = :'texts' AS same;
SELECT custody.table_digest('vectors.composites')::text = :'labels' AS same;
SELECT custody.table_digest('vectors.misc')::text = :'sent' AS same;
RESET client_encoding;

-- Partitions are summed into their parent, whatever the order of their columns.
CREATE TABLE parent (id int, at date, note text) PARTITION BY RANGE (id);
CREATE TABLE child_1 PARTITION OF parent FOR VALUES FROM (0) TO (10);
CREATE TABLE child_2 (note text, gone int, at date, id int);
ALTER TABLE child_2 DROP gone;
ALTER TABLE parent ATTACH PARTITION child_2 FOR VALUES FROM (10) TO (20);
INSERT INTO parent SELECT i, '2024-01-01'::date + i, 'note ' || i FROM generate_series(0, 19) i;
CREATE TABLE together AS SELECT * FROM parent;
SELECT custody.table_digest('parent') AS digest, custody.table_digest('parent') OPERATOR(custody.=) custody.table_digest('together') AS same;
SELECT custody.table_digest('child_2');

-- Generated columns are left out, and digested where they are listed.
CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO generated VALUES (1), (2);
CREATE TABLE plain AS TABLE generated;
SELECT custody.table_digest('generated') OPERATOR(custody.=) custody.table_digest('plain', '{a}') AS same;
SELECT a.digests = b.digests AS same FROM custody.migration_scan('generated', '{a,b}', 'binary', '{}', 4) a,
    custody.migration_scan('plain', '{a,b}', 'binary', '{}', 4) b;

-- Rows are those of the active snapshot: not dead, not other transactions', but one's own.
BEGIN;
DELETE FROM plain WHERE a = 1;
INSERT INTO plain VALUES (3, 6), (4, 8);
SELECT custody.table_digest('plain');
SELECT rows, foreign_rows FROM custody.migration_scan('plain', '{a}', 'binary', '{a}', 1, ARRAY[pg_current_xact_id()]);
SELECT rows, foreign_rows FROM custody.migration_scan('plain', '{a}', 'binary', '{a}', 1, '{}');
SELECT rows, foreign_rows FROM custody.migration_scan('plain', '{a}', 'binary', '{a}', 1);
ROLLBACK;

-- Every kind of stored relation; an inheritance child is a table of its own.
CREATE TEMPORARY TABLE of_session AS SELECT 1 AS a;
CREATE UNLOGGED TABLE unlogged AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW materialized AS SELECT 1 AS a;
CREATE TABLE child () INHERITS (unlogged);
INSERT INTO child VALUES (2);
SELECT t.name, d, d OPERATOR(custody.=) o AS same
FROM unnest('{of_session,unlogged,materialized,child}'::text[]) t(name), custody.table_digest(t.name::regclass) d,
    custody.table_digest('of_session') o;

-- An enum of more labels than are kept at hand costs no memory for each row.
DO $$ BEGIN
    EXECUTE (SELECT format('CREATE TYPE many AS ENUM (%s)', string_agg(quote_literal(lpad(i::text, 63, 'x')), ','))
             FROM generate_series(1, 300) i);
END $$;
CREATE TABLE of_many AS SELECT enum.label
FROM generate_series(1, 60) n, unnest(enum_range(NULL::many)) enum(label);
CREATE TABLE of_texts AS SELECT label::text FROM of_many;
SELECT (custody.digest_info(m)).rows, m OPERATOR(custody.=) t AS same
FROM custody.table_digest('of_many') m, custody.table_digest('of_texts') t;
SELECT d, (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'ExprContext') < 1000000 AS flat
FROM custody.table_digest('of_many') d;

-- Any change shows; none where nothing changed.
SELECT custody.table_digest('together') AS was \gset
UPDATE together SET note = note;
VACUUM FULL together;
SELECT custody.table_digest('together')::text = :'was' AS same;
UPDATE together SET note = NULL WHERE id = 3;
SELECT custody.table_digest('together')::text = :'was' AS same;
UPDATE together SET note = '' WHERE id = 3;
SELECT custody.table_digest('together')::text = :'was' AS same;
UPDATE together SET note = 'note 3' WHERE id = 3;
SELECT custody.table_digest('together')::text = :'was' AS same;
INSERT INTO together SELECT * FROM together WHERE id = 1;
SELECT d, d::text = :'was' AS same FROM custody.table_digest('together') d;

-- Refused.
SELECT custody.migration_scan('parent', '{id}', 'binary', '{}', 1);
\echo :LAST_ERROR_SQLSTATE
CREATE VIEW a_view AS SELECT 1 AS a;
SELECT custody.migration_scan('a_view', '{a}', 'binary', '{}', 1);
CREATE MATERIALIZED VIEW unpopulated AS SELECT 1 AS a WITH NO DATA;
SELECT custody.table_digest('unpopulated');
CREATE SEQUENCE a_sequence;
SELECT custody.table_digest('a_sequence');
CREATE INDEX an_index ON plain (a);
SELECT custody.table_digest('an_index');
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE foreign_table (a int) SERVER far;
SELECT custody.migration_scan('foreign_table', '{a}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', '{a}', 'binary', '{}', 3);
SELECT custody.migration_scan('plain', '{a}', 'other', '{}', 1);
SELECT custody.migration_scan('plain', '{a,a}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', '{a,c}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', '{ctid}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', '{a}', 'binary', '{b}', 1);
SELECT custody.migration_scan('plain', '{a}', 'binary', '{a,a}', 1);
SELECT custody.migration_scan('plain', '{a,NULL}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', NULL, 'binary', '{}', 1);
SELECT custody.migration_scan('vectors.text_form', '{r}', 'binary', '{}', 1);
SELECT custody.migration_scan('vectors.text_form_nested', '{d}', 'binary', '{}', 1);
SELECT custody.wire_form('vectors.text_form_nested', '{i}');

-- Privileges of the caller, by column; row security never hides rows.
CREATE ROLE regress_custody_reader;
GRANT USAGE ON SCHEMA custody TO regress_custody_reader;
SET ROLE regress_custody_reader;
SELECT custody.migration_scan('plain', '{a}', 'binary', '{}', 1);
RESET ROLE;
GRANT SELECT (a) ON plain TO regress_custody_reader;
SET ROLE regress_custody_reader;
SELECT rows FROM custody.migration_scan('plain', '{a}', 'binary', '{}', 1);
SELECT rows FROM custody.migration_scan('plain', '{}', 'binary', '{}', 1);
SELECT custody.migration_scan('plain', '{a,b}', 'binary', '{}', 1);
RESET ROLE;
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
SET ROLE regress_custody_reader;
SELECT custody.migration_scan('plain', '{a}', 'binary', '{}', 1);
\echo :LAST_ERROR_SQLSTATE
SET row_security = off;
SELECT custody.migration_scan('plain', '{a}', 'binary', '{}', 1);
RESET row_security;
RESET ROLE;
SELECT rows FROM custody.migration_scan('plain', '{a}', 'binary', '{}', 1);

SET client_min_messages = warning;
DROP SCHEMA vectors CASCADE;
DROP EXTENSION hstore CASCADE;
DROP EXTENSION citext CASCADE;
REVOKE ALL ON SCHEMA custody FROM regress_custody_reader;
REVOKE ALL ON plain FROM regress_custody_reader;
DROP ROLE regress_custody_reader;
