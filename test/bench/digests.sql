-- The tables of test/bench/digests: `rows` rows of mixed types with and without jsonb, nested types,
-- narrow rows, wide rows, and long values out of line.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION custody;
CREATE TABLE mixed (id bigint PRIMARY KEY, u uuid, i int, n numeric(12,2), t text, at timestamptz,
    b bool, j jsonb);
INSERT INTO mixed SELECT g, md5(g::text)::uuid, CASE WHEN g % 20 <> 0 THEN g % 100000 END,
    CASE WHEN g % 20 <> 1 THEN (g * 37 % 100000000) / 100.0 END,
    CASE WHEN g % 20 <> 2 THEN md5(g::text) || substr(md5((g + 1)::text), 1, 24 + (g % 9)::int) END,
    timestamptz '2024-01-01' + g * interval '1 s', g % 2 = 0,
    CASE WHEN g % 20 <> 3 THEN jsonb_build_object('id', g, 'name', 'user ' || g,
        'tags', jsonb_build_array('a', 'b', g % 7), 'score', (g % 1000) / 10.0, 'active', g % 3 = 0) END
    FROM generate_series(1, :rows) g;
CREATE TABLE plain AS SELECT id, u, i, n, t, at, b FROM mixed;
ALTER TABLE plain ADD PRIMARY KEY (id);
CREATE TABLE nested AS SELECT id, ARRAY[i, NULL, g2] AS list, ARRAY[t, 'x'] AS texts,
        int4range(0, g2) AS span
    FROM (SELECT *, (id % 1000)::int AS g2 FROM mixed) m;
ALTER TABLE nested ADD PRIMARY KEY (id);
CREATE TABLE narrow AS SELECT id, i FROM mixed;
ALTER TABLE narrow ADD PRIMARY KEY (id);
SELECT format('CREATE TABLE wide AS SELECT id, %s FROM mixed WHERE id <= %s',
    string_agg(format('%s AS c%s', CASE k % 5 WHEN 0 THEN 'i + ' || k WHEN 1 THEN 't'
        WHEN 2 THEN 'n' WHEN 3 THEN 'at' ELSE 'u' END, k), ', '), :rows / 10) FROM generate_series(1, 60) k
\gexec
ALTER TABLE wide ADD PRIMARY KEY (id);
-- Text that pglz does not make smaller, about 16 kB a row, out of line.
CREATE TABLE toasted (id bigint PRIMARY KEY, body text);
ALTER TABLE toasted ALTER body SET STORAGE external;
INSERT INTO toasted SELECT id, (SELECT string_agg(md5((id * 512 + k)::text), '')
    FROM generate_series(1, 512) k) FROM mixed WHERE id <= :rows / 50;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
