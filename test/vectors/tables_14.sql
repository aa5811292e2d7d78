-- What 14 brought: multiranges, numeric's infinities with the scale that they send, summaries of
-- BRIN.
SET search_path = vectors, public;
SET client_min_messages = warning;
CREATE TABLE multiranges (i int4multirange, f float_multirange, a datemultirange[]);
INSERT INTO multiranges VALUES
    ('{[1,5),[7,9)}', '{[1,2],[3,NaN]}', '{"{[2024-01-01,2024-02-01)}","{}",NULL}'),
    ('{}', '{(,)}', '{}'),
    (NULL, float_multirange(float_range(1, - 'NaN'::float8, '[]')), NULL);
CREATE TABLE infinities (n numeric, a numeric[]);
INSERT INTO infinities VALUES ('Infinity', '{-Infinity,NaN}'), ('-Infinity', NULL);

CREATE TABLE multiranges_all (i4 int4multirange, i8 int8multirange, n nummultirange, d datemultirange,
    t tsmultirange, tz tstzmultirange);
INSERT INTO multiranges_all VALUES
    ('{[1,2),[3,4)}', '{(,0),[5,)}', '{[0.10,0.2],(0.30,NaN]}', '{[2024-01-01,2024-01-03)}', '{(,)}',
     '{[2024-01-01 00:00+00,2024-01-01 00:00+00]}'),
    ('{}', '{}', '{}', '{}', '{}', '{}');
CREATE DOMAIN some_ranges AS float_multirange;
CREATE TYPE with_multirange AS (m some_ranges, a int8multirange[]);
CREATE TABLE multiranges_nested (w with_multirange, l with_multirange[]);
INSERT INTO multiranges_nested VALUES
    (ROW(float_multirange(float_range(- 'NaN'::float8, NULL)), '{"{[1,2)}",NULL}'), ARRAY[ROW(NULL, '{}')::with_multirange, NULL]);

CREATE CAST (bytea AS pg_brin_bloom_summary) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_brin_minmax_multi_summary) WITHOUT FUNCTION;
CREATE TABLE summaries (b pg_brin_bloom_summary, m pg_brin_minmax_multi_summary);
INSERT INTO summaries VALUES ('\x00000100400000000000000000000000000000'::bytea::pg_brin_bloom_summary, NULL);
DROP CAST (bytea AS pg_brin_bloom_summary);
DROP CAST (bytea AS pg_brin_minmax_multi_summary);
