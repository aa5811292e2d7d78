-- CPU seconds of one backend for reading a million rows: counted, copied, digested. Each query runs
-- once to warm up, then three times; the least counts, against the CPU of COPY BINARY to /dev/null.
--   psql -X -q -f test/bench/digest_scan.sql       (a scratch database with custody, as superuser)
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA digest_bench;
SET search_path = digest_bench;
CREATE TABLE mixed (id bigint PRIMARY KEY, u uuid, i int, n numeric(12,2), t text, at timestamptz,
    b bool, j jsonb);
INSERT INTO mixed SELECT g, md5(g::text)::uuid, CASE WHEN g % 20 <> 0 THEN g % 100000 END,
    CASE WHEN g % 20 <> 1 THEN (g * 37 % 100000000) / 100.0 END,
    CASE WHEN g % 20 <> 2 THEN md5(g::text) || substr(md5((g + 1)::text), 1, 24 + (g % 9)::int) END,
    timestamptz '2024-01-01' + g * interval '1 s', g % 2 = 0,
    CASE WHEN g % 20 <> 3 THEN jsonb_build_object('id', g, 'name', 'user ' || g,
        'tags', jsonb_build_array('a', 'b', g % 7), 'score', (g % 1000) / 10.0, 'active', g % 3 = 0) END
    FROM generate_series(1, 1000000) g;
CREATE TABLE plain AS SELECT id, u, i, n, t, at, b FROM mixed;
CREATE TABLE nested AS SELECT id, ARRAY[i, NULL, g2] AS list, ARRAY[t, 'x'] AS texts, int4range(0, g2) AS span
    FROM (SELECT *, (id % 1000)::int AS g2 FROM mixed) m;
VACUUM (FREEZE, ANALYZE) mixed, plain, nested;
CREATE FUNCTION cpu() RETURNS numeric LANGUAGE sql VOLATILE AS
    $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1e9 $$;
CREATE FUNCTION seconds(query text) RETURNS numeric LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    least numeric;
    started numeric;
BEGIN
    EXECUTE query;
    FOR i IN 1 .. 3 LOOP
        started := cpu();
        EXECUTE query;
        least := least(least, cpu() - started);
    END LOOP;
    RETURN least;
END $$;
CREATE TABLE result AS
    SELECT c.relname AS rel, q.position, q.what, seconds(format(q.query, c.relname, cols)) AS cpu_seconds
    FROM pg_class c, LATERAL (SELECT array_agg(attname::text ORDER BY attname COLLATE "C") AS cols
            FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) a,
        (VALUES (1, 'count', 'SELECT count(*) FROM %I'),
            (2, 'copy text', 'COPY %I TO ''/dev/null'''),
            (3, 'copy binary', 'COPY %I TO ''/dev/null'' (FORMAT binary)'),
            (4, 'scan', 'SELECT rows FROM custody.migration_scan(%L, %L, ''binary'', ''{}'', 1)'),
            (5, 'scan, 1024 buckets', 'SELECT rows FROM custody.migration_scan(%L, %L, ''binary'', ''{id}'', 1024)'),
            (6, 'scan, text form', 'SELECT rows FROM custody.migration_scan(%L, %L, ''text'', ''{}'', 1)')) q(position, what, query)
    WHERE c.oid IN ('mixed'::regclass, 'plain'::regclass, 'nested'::regclass);
SELECT rel AS table, what, round(cpu_seconds, 3) AS cpu_seconds, round(cpu_seconds /
        (SELECT cpu_seconds FROM result b WHERE b.rel = r.rel AND b.what = 'copy binary'), 2) AS of_copy_binary
    FROM result r ORDER BY rel, position;
DROP SCHEMA digest_bench CASCADE;
