-- Partitioned tables: by list, range and hash, on several levels, with partitions that look unlike their parent.

CREATE SCHEMA parts;

CREATE TABLE parts.by_list (id integer, kind types.mood, region text COLLATE "C" NOT NULL DEFAULT 'eu', v text,
    PRIMARY KEY (region, id))
    PARTITION BY LIST (region);
CREATE TABLE parts.by_list_eu PARTITION OF parts.by_list (v DEFAULT 'from eu') FOR VALUES IN ('eu', 'uk');
CREATE TABLE parts.by_list_us PARTITION OF parts.by_list FOR VALUES IN ('us') PARTITION BY RANGE (id);
CREATE TABLE parts.by_list_us_low PARTITION OF parts.by_list_us FOR VALUES FROM (MINVALUE) TO (0);
CREATE TABLE parts.by_list_us_high PARTITION OF parts.by_list_us FOR VALUES FROM (0) TO (MAXVALUE);
CREATE TABLE parts.by_list_other PARTITION OF parts.by_list DEFAULT;
CREATE TABLE parts."It's empty" PARTITION OF parts.by_list FOR VALUES IN ('it''s', E'a\\b', '');
-- Another order of columns, one dropped, and rows from before it was attached.
CREATE TABLE parts.by_list_attached (v text, gone integer, region text COLLATE "C" NOT NULL, id integer NOT NULL,
    kind types.mood);
INSERT INTO parts.by_list_attached SELECT 'old ' || g, g, 'asia', g, 'ok' FROM generate_series(1, 40) AS g;
ALTER TABLE parts.by_list_attached DROP gone;
ALTER TABLE parts.by_list ATTACH PARTITION parts.by_list_attached FOR VALUES IN ('asia');
INSERT INTO parts.by_list (id, kind, region, v)
    SELECT g, 'happy', (ARRAY['eu', 'uk', 'us', 'asia', 'mars'])[1 + g % 5], NULL FROM generate_series(100, 400) AS g;
INSERT INTO parts.by_list VALUES (-5, NULL, 'us', 'low');
CREATE TABLE parts.detached (LIKE parts.by_list INCLUDING ALL);
INSERT INTO parts.detached VALUES (1, 'ok', 'gone', 'was a partition');

CREATE TABLE parts.by_range (at timestamptz NOT NULL, n numeric, note text, doubled numeric GENERATED ALWAYS
    AS (n * 2) STORED,
                             CHECK (n IS NULL OR n > -1000)) PARTITION BY RANGE (at, n);
CREATE TABLE parts.by_range_old PARTITION OF parts.by_range FOR VALUES
    FROM (MINVALUE, MINVALUE) TO ('2020-01-01 00:00+00', 5);
CREATE TABLE parts.by_range_new PARTITION OF parts.by_range FOR VALUES
    FROM ('2020-01-01 00:00+00', 5) TO (MAXVALUE, MAXVALUE) WITH (fillfactor = 50);
INSERT INTO parts.by_range (at, n, note) SELECT '2019-12-01 00:00+00'::timestamptz + g * interval '1 day', g % 10,
    'r' || g FROM generate_series(1, 100) AS g;
INSERT INTO parts.by_range (at, n) VALUES ('-infinity', 'NaN'), ('infinity', 3);
CREATE INDEX by_range_at ON parts.by_range (at) WHERE n > 0;
CREATE INDEX by_range_new_only ON parts.by_range_new (note);
-- Of this one the parent's index exists alone: it stays invalid.
CREATE INDEX by_range_incomplete ON ONLY parts.by_range (note, n);

-- Where a row belongs depends on the enum's OIDs, or on the bytes of the text.
CREATE TABLE parts.by_hash (kind types.mood, name text, id integer) PARTITION BY HASH (kind);
CREATE TABLE parts.by_hash_0 PARTITION OF parts.by_hash FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE parts.by_hash_1 PARTITION OF parts.by_hash FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE parts.by_hash_2 PARTITION OF parts.by_hash FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE parts.by_hash_3 PARTITION OF parts.by_hash FOR VALUES WITH (MODULUS 4, REMAINDER 3)
    PARTITION BY HASH (name, id);
CREATE TABLE parts.by_hash_3_0 PARTITION OF parts.by_hash_3 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts.by_hash_3_1 PARTITION OF parts.by_hash_3 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts.by_hash SELECT (ARRAY['SAD', 'meh', 'ok', 'happy', 'It''s "great"', NULL])[1 + g % 6]::types.mood,
    'name ' || g, g
    FROM generate_series(1, 300) AS g;

CREATE TABLE parts.no_partitions (id integer) PARTITION BY LIST ((id % 10));
CREATE TABLE parts.by_expression (id integer, t text) PARTITION BY RANGE (lower(t));
CREATE TABLE parts.by_expression_all PARTITION OF parts.by_expression DEFAULT;
INSERT INTO parts.by_expression VALUES (1, 'ABC'), (2, NULL);

-- Keys to and from partitioned tables.
CREATE TABLE parts.refers (id integer PRIMARY KEY, region text COLLATE "C", list_id integer,
                           FOREIGN KEY (region, list_id) REFERENCES parts.by_list (region, id));
INSERT INTO parts.refers SELECT row_number() OVER (ORDER BY region, id), region, id
    FROM parts.by_list ORDER BY region, id LIMIT 50;
INSERT INTO parts.refers VALUES (1000, NULL, 7);
CREATE TABLE parts.refers_from (id integer, target integer REFERENCES parts.refers ON DELETE CASCADE ON UPDATE
    SET NULL) PARTITION BY RANGE (id);
CREATE TABLE parts.refers_from_1 PARTITION OF parts.refers_from FOR VALUES FROM (0) TO (100);
CREATE TABLE parts.refers_from_2 PARTITION OF parts.refers_from FOR VALUES FROM (100) TO (200);
INSERT INTO parts.refers_from SELECT g, CASE WHEN g % 3 > 0 THEN g / 4 + 1 END FROM generate_series(0, 199) AS g;
