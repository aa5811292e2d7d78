-- The vectors (test/vectors), which plain SQL made and not the code under test: every row of their
-- tables, stored here, has the hash that they say, in each form.
\set vectors `echo "$PG_ABS_SRCDIR/vectors"`
\set tables :vectors /tables.sql
\set tables_types :vectors /tables_types.sql
\set tables_14 :vectors /tables_14.sql
\set tables_contrib :vectors /tables_contrib.sql
\set tables_arrays :vectors /tables_arrays.sql
\set file :vectors /vectors.tsv
SELECT current_setting('server_version_num')::int >= 140000 AS has_multiranges,
    count(*) = 7 AS has_contrib FROM pg_available_extensions
WHERE name IN ('ltree', 'lo', 'cube', 'seg', 'intarray', 'earthdistance', 'isn') \gset
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
CREATE TABLE every_vector (name text, number int, form text, rules text, key text, sent text, row text,
    hash text, key_hash text, sha256 text, key_sha256 text);
\set command '\\copy every_vector FROM ' :'file'
:command
CREATE TABLE vector_table AS
    SELECT name, form, count(*) AS rows, to_regclass('vectors.' || quote_ident(name)) AS rel FROM every_vector GROUP BY name, form;
DELETE FROM vector_table WHERE rel IS NULL;

-- No table is without vectors, each table has its own form, and no type that a column can have is
-- without a table. (A row type of the catalogs is made of such types.)
SELECT c.oid::regclass AS no_vectors FROM pg_class c LEFT JOIN vector_table ON rel = oid
WHERE relnamespace = 'vectors'::regnamespace AND relkind = 'r' AND rel IS NULL ORDER BY 1;
CREATE FUNCTION columns_in_order(rel regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(attname::text ORDER BY convert_to(attname, 'UTF8')), '{}') FROM pg_attribute
    WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped $$;
SELECT rel AS not_in_its_form FROM vector_table GROUP BY rel
HAVING NOT bool_or(form = custody.wire_form(rel, columns_in_order(rel))) ORDER BY 1;
SELECT t.oid::regtype AS no_column FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typsend = 'array_send'::regproc
WHERE t.typtype IN ('b', 'r', 'm', 'd', 'e') AND coalesce(e.typtype, 'b') NOT IN ('c', 'p')
    AND t.typnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_attribute a JOIN vector_table ON rel = attrelid WHERE atttypid = t.oid) ORDER BY 1;

-- Each row's hash and that of its key, in each profile and form; and the sum of all.
CREATE FUNCTION key_of(rel regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(attname::text), '{}') FROM pg_attribute JOIN pg_index ON indrelid = attrelid
    WHERE attrelid = rel AND indisprimary AND attnum = ANY (indkey) $$;
CREATE VIEW expected AS
    SELECT name, form, number, p.* FROM every_vector v,
        LATERAL (VALUES ('fast', hash, CASE v.key WHEN '' THEN hash ELSE key_hash END),
            ('sql', sha256, CASE v.key WHEN '' THEN sha256 ELSE key_sha256 END)) p(profile, row_hash, key_hash);
CREATE TABLE verdict AS
SELECT t.name, t.form, p.profile, e.hashes = f.hashes AS hashes_right, i.rows = t.rows AS all_rows
FROM vector_table t CROSS JOIN unnest('{fast,sql}'::text[]) p(profile),
    LATERAL (SELECT array_agg(row_hash || key_hash ORDER BY row_hash COLLATE "C", key_hash COLLATE "C") FROM expected e
        WHERE (e.name, e.form, e.profile) = (t.name, t.form, p.profile)) e(hashes),
    LATERAL (SELECT array_agg(encode(row_hash || key_hash, 'hex') ORDER BY row_hash, key_hash)
        FROM custody.bucket_rows(rel, 1, '{0}', key_of(rel), columns_in_order(rel), p.profile, t.form)) f(hashes),
    LATERAL custody.digest_info(custody.table_digest(rel, columns_in_order(rel), p.profile, t.form)) i;
SELECT * FROM verdict WHERE (hashes_right AND all_rows) IS NOT TRUE ORDER BY name COLLATE "C", form, profile;
SELECT count(*) = 2 * (SELECT count(*) FROM vector_table) AS every_table, count(*) > 200 AS many FROM verdict;

-- Plain SQL computes the digests of the profile sql.
CREATE FUNCTION by_sql(query text) RETURNS text LANGUAGE plpgsql SET row_security = off SET datestyle = 'ISO, MDY'
    SET intervalstyle = postgres SET timezone = 'UTC' SET extra_float_digits = 3 SET bytea_output = hex SET xmlbinary = base64
    SET xmloption = content SET lc_monetary = 'C' SET search_path = '' SET quote_all_identifiers = off AS $$
DECLARE
    found text;
BEGIN
    EXECUTE query INTO STRICT found;
    RETURN found;
END $$;
SELECT rel AS other_by_sql FROM (SELECT DISTINCT rel FROM vector_table) t
WHERE by_sql(custody.sql_digest_query(rel)) <> custody.table_digest(rel, profile => 'sql')::text ORDER BY 1;

-- As docs/wire-format.md has them.
SELECT custody.table_digest('vectors.floats', profile => profile) FROM unnest('{fast,sql,evidence}'::text[]) profile;

SET client_min_messages = warning;
DROP VIEW expected;
DROP TABLE verdict, vector_table, every_vector;
DROP FUNCTION columns_in_order, key_of, by_sql;
DROP SCHEMA vectors CASCADE;
DROP EXTENSION hstore, citext CASCADE;
DROP EXTENSION IF EXISTS earthdistance, isn, intarray, seg, cube, lo, ltree;
