-- Digests of whole tables: each profile against plain SQL, buckets and their rows, what is scanned
-- and what is refused, and for whom.
CREATE SCHEMA digest_tables;
SET search_path = digest_tables, custody;
SET client_min_messages = warning;

-- Some 20000 rows, of which 3000 are the same.
CREATE TABLE mixed (id int PRIMARY KEY, gone int, note text, at timestamptz, flags bool[]);
INSERT INTO mixed SELECT n, n, 'note ' || n % 7, timestamptz '2024-01-01 00:00+00' + n * interval '1 s', ARRAY[n % 2 = 0, NULL]
FROM generate_series(1, 17000) n;
ALTER TABLE mixed DROP gone, DROP CONSTRAINT mixed_pkey;
ALTER TABLE mixed ADD added numeric DEFAULT 1.50, ADD made text GENERATED ALWAYS AS (note || '!') STORED;
INSERT INTO mixed SELECT 0, 'twin', '2024-02-29 12:00+00', '{t}' FROM generate_series(1, 3000);
INSERT INTO mixed VALUES (-1, repeat('x', 20000), NULL, NULL, NULL);

-- The wire row, its hash and its buckets once more, in plain SQL.
CREATE FUNCTION put(value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT coalesce(int4send(octet_length(value)) || value, '\xffffffff') $$;
CREATE FUNCTION canonical(flags bool[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT int4send(1) || int4send((array_position(flags, NULL) IS NOT NULL)::int) || int4send(0) || int4send(cardinality(flags))
            || int4send(1) || string_agg(put(boolsend(flag)), '' ORDER BY n)
       FROM unnest(flags) WITH ORDINALITY u(flag, n) WHERE flags IS NOT NULL HAVING flags IS NOT NULL $$;
CREATE VIEW hashed AS
    SELECT sha256('\x0005' || put(numeric_send(added)) || put(timestamptz_send(at)) || put(canonical(flags)) || put(int4send(id)) || put(textsend(note))) AS hash,
        sha256('\x0001' || put(int4send(id))) AS key_hash FROM mixed;
CREATE FUNCTION bucket(hash bytea, buckets int) RETURNS int LANGUAGE sql IMMUTABLE AS
    $$ SELECT (get_byte(hash, 30) * 256 + get_byte(hash, 31)) % buckets $$;
CREATE VIEW lists AS
    SELECT bucket, count(hash) AS rows, sha256(coalesce(string_agg(hash, '' ORDER BY hash), '')) AS list
    FROM generate_series(0, 1023) bucket LEFT JOIN hashed ON bucket = bucket(hash, 1024) GROUP BY bucket;
CREATE FUNCTION root() RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    level bytea[] := (SELECT array_agg(sha256('\x00' || int4send(bucket) || int8send(rows) || list) ORDER BY bucket) FROM lists);
BEGIN
    WHILE cardinality(level) > 1 LOOP
        level := (SELECT array_agg(sha256('\x01' || level[2 * n - 1] || level[2 * n]) ORDER BY n)
                  FROM generate_series(1, cardinality(level) / 2) n);
    END LOOP;
    RETURN level[1];
END $$;
CREATE FUNCTION lanes(hashes bytea[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(lpad(to_hex(sum::bit(64)::bigint), 16, '0'), '' ORDER BY lane)
    FROM (SELECT lane, mod(sum(mod(('x' || substr(encode(h, 'hex'), 16 * lane + 1, 16))::bit(64)::bigint::numeric + 18446744073709551616, 18446744073709551616)), 18446744073709551616) AS total
          FROM unnest(hashes) h, generate_series(0, 3) lane GROUP BY lane) t,
        LATERAL (SELECT (total - CASE WHEN total >= 9223372036854775808 THEN 18446744073709551616 ELSE 0 END)::bigint AS sum) s $$;
SELECT rows, form, ad_hoc, sum = (SELECT lanes(array_agg(hash)) FROM hashed) AS right
FROM digest_info(table_digest('mixed', profile => 'sql', form => 'binary'));
SELECT form, table_digest('mixed', profile => 'sql')::text = table_digest('mixed', profile => 'sql', form => 'text')::text AS same
FROM digest_info(table_digest('mixed', profile => 'sql'));
SELECT rows, form, ad_hoc, sum = encode(root(), 'hex') AS right FROM digest_info(table_digest('mixed', profile => 'evidence'));

-- The root does not depend on the memory; where it is short, temporary files help.
CREATE FUNCTION spills(query text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT json) ' || query INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Temp Written Blocks')::int > 0;
END $$;
SELECT table_digest('mixed', profile => 'evidence') AS evidence \gset
SET work_mem = '64kB';
SELECT table_digest('mixed', profile => 'evidence')::text = :'evidence' AS same;
SELECT spills($$SELECT custody.table_digest('mixed', profile => 'evidence')$$);
SET work_mem = '512kB';
SELECT table_digest('mixed', profile => 'evidence')::text = :'evidence' AS same;
SELECT spills($$SELECT custody.table_digest('mixed', profile => 'evidence')$$);
SET work_mem = '16MB';
SELECT table_digest('mixed', profile => 'evidence')::text = :'evidence' AS same;
SELECT spills($$SELECT custody.table_digest('mixed', profile => 'evidence')$$);
RESET work_mem;
-- Nothing is left of the files after an error either.
SET temp_file_limit = '64kB';
SET work_mem = '64kB';
SELECT table_digest('mixed', profile => 'evidence');
RESET temp_file_limit;
RESET work_mem;
SELECT count(*) FROM pg_ls_tmpdir();

-- Buckets: they sum up to the table; by key, by another key, by the row.
SELECT count(*), min(bucket), max(bucket), sum(digest) = table_digest('mixed') AS same
FROM table_buckets('mixed');
SELECT count(*), sum(digest) = table_digest('mixed') AS same FROM table_buckets('mixed', 65536, '{id}');
SELECT * FROM table_buckets('mixed', 1, '{id,note}') WHERE digest = table_digest('mixed');
SELECT count(*) AS empty FROM table_buckets('mixed', 65536, '{note}') WHERE (digest_info(digest)).rows = 0;
SELECT bool_and((digest_info(b.digest)).sum IS NOT DISTINCT FROM h.sum AND (digest_info(b.digest)).rows = h.rows) AS right
FROM table_buckets('mixed', 16, '{id}', profile => 'sql', form => 'binary') b
    JOIN (SELECT bucket(key_hash, 16), lanes(array_agg(hash)) AS sum, count(*) AS rows FROM hashed GROUP BY 1) h USING (bucket);
SELECT bool_and((digest_info(b.digest)).sum = encode(list, 'hex') AND (digest_info(b.digest)).rows = l.rows) AS right, count(*)
FROM table_buckets('mixed', 1024, '{}', profile => 'evidence') b JOIN lists l USING (bucket);
SELECT bool_and((digest_info(b.digest)).sum = h.sum) AS right
FROM table_buckets('mixed', 16, '{id}', profile => 'evidence') b
    JOIN (SELECT bucket(key_hash, 16), encode(sha256(string_agg(hash, '' ORDER BY hash)), 'hex') AS sum FROM hashed GROUP BY 1) h USING (bucket);
-- Without a key it is the primary one.
CREATE TABLE keyed (b text, a date, c int, PRIMARY KEY (b, a));
INSERT INTO keyed SELECT 'b' || n % 3, date '2024-01-01' + n, n FROM generate_series(1, 100) n;
SELECT (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('keyed', 8) x) =
       (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('keyed', 8, '{a,b}') x) AS by_primary_key,
       (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('keyed', 8) x) =
       (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('keyed', 8, '{}') x) AS by_row;

-- The rows of buckets, with keys that no setting changes, and where they are.
SET datestyle = 'German';
SELECT bucket, key, key_hash, row_hash, relation, ctid FROM bucket_rows('keyed', 64, '{3,7}') ORDER BY key;
RESET datestyle;
SELECT key, count(*) FROM bucket_rows('keyed', 4, '{0,1,2,3}', '{c,a}') WHERE key[1] = '7' GROUP BY key;
SELECT count(*), count(DISTINCT r.ctid), count(*) FILTER (WHERE k.c::text = r.key[1]) AS found, count(DISTINCT bucket)
FROM bucket_rows('keyed', 4, '{0,1,2,3}', '{c}') r JOIN keyed k ON k.ctid = r.ctid;
SELECT count(*), bool_and(r.row_hash = h.hash AND r.key_hash = h.key_hash AND r.bucket = bucket(h.key_hash, 8)) AS right
FROM bucket_rows('mixed', 8, '{0,1,2,3,4,5,6,7}', '{id}', profile => 'sql', form => 'binary') r
    JOIN (SELECT DISTINCT * FROM hashed) h ON h.key_hash = r.key_hash;
SELECT count(*), bool_and(key IS NULL AND key_hash = row_hash AND octet_length(row_hash) = 16) AS keyless FROM bucket_rows('mixed', 2, '{1}', '{}');
SELECT key FROM bucket_rows('mixed', 1, '{0}', '{flags,id}') WHERE key[2] IN ('-1', '7') ORDER BY key[2];
SELECT count(*) FROM bucket_rows('keyed', 4, '{}');
SELECT sum((digest_info(digest)).rows) = (SELECT count(*) FROM bucket_rows('keyed', 4, '{1,2}')) AS same FROM table_buckets('keyed', 4) WHERE bucket IN (1, 2);
SELECT bool_and(r.bucket = row_bucket(k, 16) AND encode(r.row_hash, 'hex') = (digest_info(row_digest(k))).sum) AS same
FROM bucket_rows('keyed', 16, ARRAY(SELECT generate_series(0, 15))) r JOIN keyed k ON k.ctid = r.ctid;
SET work_mem = '64kB';
SELECT spills($$SELECT * FROM custody.bucket_rows('mixed', 1, '{0}')$$);
RESET work_mem;

-- Column lists: their order and what is in them is part of the digest.
SELECT table_digest('keyed', '{a,b,c}') = table_digest('keyed') AS same;
SELECT table_digest('keyed', '{c,b}') = table_digest('keyed');
SELECT table_digest('keyed', '{c}'), table_digest('keyed', '{c}', form => 'text');
SELECT (digest_info(table_digest('mixed', '{made,id}'))).rows;
SELECT table_digest('keyed', '{}');

-- Partitions at every level, through other access methods, with other orders of columns.
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE parts (c int, a date, b text) PARTITION BY RANGE (c);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (50) PARTITION BY LIST (b);
CREATE TABLE parts_low_0 PARTITION OF parts_low FOR VALUES IN ('b0') USING heap2;
CREATE TABLE parts_low_rest (b text, gone int, a date, c int) USING heap2;
ALTER TABLE parts_low_rest DROP gone;
ALTER TABLE parts_low ATTACH PARTITION parts_low_rest DEFAULT;
CREATE UNLOGGED TABLE parts_high PARTITION OF parts FOR VALUES FROM (50) TO (1000);
INSERT INTO parts (a, b, c) SELECT a, b, c FROM keyed;
SELECT profile, table_digest('parts', profile => profile)::text = table_digest('keyed', profile => profile)::text AS same
FROM unnest('{fast,sql,evidence}'::text[]) profile;
SELECT (SELECT digest(p) FROM parts p) = table_digest('parts') AS aggregate, (SELECT digest(p, 'sql') FROM parts p) = table_digest('parts', profile => 'sql') AS in_sql;
SELECT table_digest('parts') = table_digest('parts_low_0') + table_digest('parts_low_rest') + table_digest('parts_high') AS sum;
SELECT (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('parts', 8, '{a,b}') x) =
       (SELECT array_agg(x::text ORDER BY x.bucket) FROM table_buckets('keyed', 8) x) AS same;
SELECT relation, count(*) FROM bucket_rows('parts', 2, '{0,1}') GROUP BY relation ORDER BY relation::text COLLATE "C";
BEGIN;
INSERT INTO parts_low_0 VALUES (3, '2024-01-01', 'b0');
SELECT rows, foreign_rows FROM migration_scan('parts_low_0', '{a,b,c}', 'binary', '{}', 1, ARRAY[pg_current_xact_id()]);
ROLLBACK;

-- Children of a table only where they are asked for.
CREATE TABLE heir (extra int) INHERITS (keyed);
CREATE TABLE grandchild () INHERITS (heir);
CREATE TEMPORARY TABLE temporary_child () INHERITS (keyed);
INSERT INTO heir VALUES ('b', '2020-01-01', 1000, 1);
INSERT INTO grandchild VALUES ('b', '2020-01-01', 1001, 1);
INSERT INTO temporary_child VALUES ('b', '2020-01-01', 1002);
SELECT (digest_info(table_digest('keyed'))).rows, (digest_info(table_digest('keyed', children => true))).rows AS with_children,
    (SELECT sum((digest_info(digest)).rows) FROM table_buckets('keyed', children => true)) AS in_buckets;
SELECT relation, key FROM bucket_rows('keyed', 1, '{0}', '{c}', children => true) WHERE key[1]::int >= 1000 ORDER BY key;
SELECT (SELECT digest(k) FROM keyed k) = table_digest('keyed', children => true) AS aggregate, (SELECT digest(k) FROM ONLY keyed k) = table_digest('keyed') AS only;
SELECT table_digest('keyed', children => true) = table_digest('keyed') + table_digest('heir', '{a,b,c}', children => true) + table_digest('temporary_child') AS sum;

-- What stores no rows.
CREATE FOREIGN DATA WRAPPER regress_custody_nowhere;
CREATE SERVER regress_custody_far FOREIGN DATA WRAPPER regress_custody_nowhere;
CREATE SCHEMA "Far away";
CREATE FOREIGN TABLE "Far away".parts_far PARTITION OF parts FOR VALUES FROM (1000) TO (2000) SERVER regress_custody_far;
SELECT table_digest('parts');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM bucket_rows('"Far away".parts_far', 1, '{0}');
DROP FOREIGN TABLE "Far away".parts_far;
CREATE FOREIGN TABLE far_child () INHERITS (keyed) SERVER regress_custody_far;
SELECT table_digest('keyed', children => true);
SELECT (digest_info(table_digest('keyed'))).rows;
DROP FOREIGN TABLE far_child;
SELECT table_digest('hashed');
\set VERBOSITY sqlstate
SELECT table_digest(reltoastrelid) FROM pg_class WHERE oid = 'mixed'::regclass;
\set VERBOSITY default
CREATE TYPE pair AS (a int, b int);
SELECT table_digest('pair'::regclass);

-- What is not understood.
SELECT table_digest('keyed', profile => 'md5');
SELECT table_digest('keyed', form => 'json');
SELECT table_digest('keyed', NULL, NULL);
SELECT table_digest(NULL);
SELECT table_digest(4000000000);
SELECT migration_scan(4000000000, '{}', 'binary', '{}', 1);
SELECT table_digest('keyed', children => NULL);
SELECT table_digest('keyed', '{a,d}');
SELECT table_digest('keyed', '{a,a}');
SELECT * FROM table_buckets('keyed', 3);
SELECT * FROM table_buckets('keyed', NULL);
SELECT * FROM table_buckets('keyed', 4, '{d}');
SELECT * FROM table_buckets('keyed', 4, NULL, '{c}');
SELECT * FROM bucket_rows('keyed', 4, '{4}');
SELECT * FROM bucket_rows('keyed', 4, '{-1}');
SELECT * FROM bucket_rows('keyed', 4, '{NULL}');
SELECT * FROM bucket_rows('keyed', 4, NULL);

-- SELECT on the columns is enough, on the root is enough for the partitions; policies are those of
-- the table that is named, as for a SELECT from it.
RESET client_min_messages;
CREATE ROLE regress_custody_reader;
GRANT USAGE ON SCHEMA custody, digest_tables TO regress_custody_reader;
GRANT SELECT (b, a) ON keyed TO regress_custody_reader;
GRANT SELECT ON parts TO regress_custody_reader;
SET ROLE regress_custody_reader;
SELECT (digest_info(table_digest('keyed', '{a,b}'))).rows;
SELECT table_digest('keyed');
SELECT * FROM table_buckets('keyed', 4);
SELECT count(*) FROM table_buckets('keyed', 4, NULL, '{a,b}');
SELECT count(*) FROM bucket_rows('keyed', 4, '{0,1,2,3}', NULL, '{b,a}');
SELECT (digest_info(table_digest('parts'))).rows;
SELECT table_digest('parts_high');
SELECT count(*) FROM digest_progress;
RESET ROLE;
GRANT SELECT ON parts_high TO regress_custody_reader;
ALTER TABLE parts_high ENABLE ROW LEVEL SECURITY;
SET ROLE regress_custody_reader;
SELECT count(*) FROM parts;
SELECT (digest_info(table_digest('parts'))).rows;
SELECT table_digest('parts_high');
RESET ROLE;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
SET ROLE regress_custody_reader;
SELECT table_digest('parts');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM table_buckets('parts', 4, '{}');
SELECT * FROM bucket_rows('parts', 4, '{0}', '{}');
RESET ROLE;
SELECT (digest_info(table_digest('parts'))).rows;

-- Without the schema's name an OID does not help.
SELECT 'parts_high'::regclass::oid AS high, 'keyed'::regclass::oid AS keyed \gset
ALTER TABLE parts_high DISABLE ROW LEVEL SECURITY;
REVOKE USAGE ON SCHEMA digest_tables FROM regress_custody_reader;
SET ROLE regress_custody_reader;
SELECT custody.table_digest(:high);
SELECT * FROM custody.bucket_rows(:keyed, 1, '{0}', '{a}', '{a}');
RESET ROLE;

-- A backend that reports another command goes on doing so; otherwise the slot is free again.
COPY (SELECT (digest_info(table_digest('keyed'))).rows, (SELECT command FROM pg_stat_progress_copy WHERE pid = pg_backend_pid())) TO STDOUT;
SELECT (digest_info(table_digest('keyed'))).rows, (SELECT count(*) FROM pg_stat_progress_cluster) AS reports;

SET client_min_messages = warning;
DROP SCHEMA digest_tables CASCADE;
DROP ACCESS METHOD heap2;
DROP FOREIGN DATA WRAPPER regress_custody_nowhere CASCADE;
DROP SCHEMA "Far away";
REVOKE ALL ON SCHEMA custody FROM regress_custody_reader;
DROP ROLE regress_custody_reader;
