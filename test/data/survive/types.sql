-- User-made types, alone, inside each other, and in arrays.

CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE SCHEMA types;

CREATE TYPE types.mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE types.mood ADD VALUE 'meh' BEFORE 'ok';
ALTER TYPE types.mood ADD VALUE 'It''s "great"' AFTER 'happy';
ALTER TYPE types.mood RENAME VALUE 'sad' TO 'SAD';
CREATE TYPE types.nothing AS ENUM ();

CREATE TYPE types.inner AS (n integer, word text, mood types.mood);
CREATE TYPE types.outer AS (head types.inner, tail types.inner[], at timestamptz);
ALTER TYPE types.inner ADD ATTRIBUTE dropped bytea;
ALTER TYPE types.inner ADD ATTRIBUTE ratio float8;
ALTER TYPE types.inner DROP ATTRIBUTE dropped;
CREATE TYPE types.empty AS ();
CREATE TYPE types.shelf AS (place regclass, n integer);
COMMENT ON TYPE types.outer IS 'a composite of composites';
COMMENT ON COLUMN types.outer.tail IS 'an attribute''s comment';

CREATE DOMAIN types.positive AS numeric(20,5) NOT NULL DEFAULT 1 CHECK (VALUE > 0);
CREATE DOMAIN types.small AS types.positive CONSTRAINT below_a_thousand CHECK (VALUE < 1000);
CREATE DOMAIN types.checked_inner AS types.inner CHECK ((VALUE).n IS NULL OR (VALUE).n <> 13);
CREATE DOMAIN types.three AS integer[] CHECK (array_length(VALUE, 1) <= 3);
CREATE DOMAIN types.code AS character(4) COLLATE "C";
CREATE DOMAIN types.unproven AS integer;
COMMENT ON DOMAIN types.small IS 'a domain over a domain';

CREATE FUNCTION types.inner_less(types.inner, types.inner) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE TYPE types.float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TYPE types.word_range AS RANGE (subtype = text, collation = "C");

CREATE TABLE types.holder (
    id integer PRIMARY KEY, mood types.mood, moods types.mood[], one types.inner, many types.inner[],
    nested types.outer,
    nests types.outer[], void types.empty, positive types.positive, small types.small, checked types.checked_inner,
    checkeds types.checked_inner[], three types.three, code types.code, shelf types.shelf, shelves types.shelf[],
    unproven types.unproven, own types.nothing);
INSERT INTO types.holder VALUES
    (1, 'meh', '{SAD,meh,NULL,"It''s \"great\""}', ROW(1, 'a "quoted", (one)', 'happy', 'NaN'),
     ARRAY[ROW(1, '', 'ok', '-0'), NULL, ROW(NULL, NULL, NULL, NULL)]::types.inner[],
     ROW(ROW(7, E'back\\slash\nnewline', 'ok', 1e-300), ARRAY[ROW(1, NULL, NULL, 'Infinity')]::types.inner[],
         '2025-03-30 02:30+01'),
     ARRAY[ROW(NULL, '{}', '-infinity')]::types.outer[], ROW(), 1.5, 999.99999, ROW(12, 'x', NULL, NULL),
     ARRAY[ROW(1, 'y', 'meh', 2)::types.inner], '{1,NULL,3}', 'ab', ROW('types.holder', 1),
     ARRAY[ROW('pg_catalog.pg_class', 2), NULL]::types.shelf[], -5, NULL),
    (2, NULL, '{}', NULL, '{}', NULL, NULL, NULL, 0.00001, 1, NULL, '{}', '{}', '', ROW(NULL, NULL), '{}', 7, NULL),
    (3, 'It''s "great"', '[-1:1]={ok,ok,ok}', ROW(NULL, NULL, NULL, NULL), '[2:3][0:0]={{NULL},{"(5,five,ok,5)"}}',
        ROW(NULL, NULL, NULL),
     '{NULL}', ROW(), 123456789012345.12345, 1.00000, ROW(NULL, NULL, NULL, NULL), '{NULL}', '[0:1]={1,2}', 'é',
     NULL, NULL, NULL, NULL);
-- The value was there before the check, which is NOT VALID and has to stay so.
ALTER DOMAIN types.unproven ADD CONSTRAINT not_negative CHECK (VALUE >= 0) NOT VALID;

CREATE TABLE types.ranges (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, i4 int4range, i8 int8range, num numrange, ts tsrange,
    tstz tstzrange,
    d daterange, f types.float_range, w types.word_range, i4s int4range[]);
INSERT INTO types.ranges (i4, i8, num, ts, tstz, d, f, w, i4s) VALUES
    ('[1,5)', '(,9223372036854775807)', '[1.10,2.20]', '[2020-01-01,infinity]', '(-infinity,2020-01-01)',
        '[2020-02-29,)', '[-0,1e308]',
     '["a, b","c""d")', '{"[1,2)",empty,NULL,"(,)"}'),
    ('empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}'),
    ('(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', NULL),
    (NULL, NULL, '[NaN,NaN]', '(,"0044-03-15 12:00 BC"]', '[,infinity)', '[-infinity,4713-01-01 BC]',
        '[Infinity,NaN]', '["",]', NULL);
\if :from_14
    CREATE TYPE types.span AS RANGE (subtype = interval, multirange_type_name = types.spans);
    CREATE TABLE types.multiranges (id integer PRIMARY KEY, i4 int4multirange, d datemultirange, num nummultirange,
        s types.spans,
                                    i4s int4multirange[]);
    INSERT INTO types.multiranges VALUES
        (1, '{[1,3),[7,9)}', '{[2020-01-01,2020-02-01),[2021-01-01,)}', '{(,1.0),[2.00,3]}', '{["1 day","2 days"]}',
            '{"{[1,2)}","{}",NULL}'),
        (2, '{}', '{}', '{}', '{}', '{}'), (3, NULL, NULL, '{(,)}', NULL, NULL);
\endif

CREATE TABLE types.contrib (id integer PRIMARY KEY, h hstore, hs hstore[], c citext UNIQUE, cs citext[]);
INSERT INTO types.contrib VALUES
    (1, '"a"=>"1", "b"=>NULL, "c"=>"NULL", "quote\""=>"back\\slash", ""=>""', ARRAY['a=>1'::hstore, NULL, ''],
        'MiXeD', '{ABC,abc,NULL}'),
    (2, '', '{}', 'ÄÖÜ', '{}'), (3, NULL, NULL, NULL, NULL);

-- The catalog's own numbers in columns: only their names mean the same on another server.
CREATE TABLE types.catalog_names (
    id integer PRIMARY KEY, rel regclass, typ regtype, fun regproc, fun_args regprocedure, op regoperator,
    role regrole, space regnamespace,
    conf regconfig, dict regdictionary, rels regclass[], o oid, x xid, snapshot txid_snapshot);
INSERT INTO types.catalog_names VALUES
    (1, 'types.holder', 'types.mood[]', 'pg_catalog.now', 'pg_catalog.lower(text)', '+(integer,integer)',
        '"survive owner"', 'types', 'german', 'simple',
     '{types.ranges,NULL,pg_class}', 4294967295, '4294967295', '10:20:10,14,15'),
    (2, '-', '-', '-', '-', '0', '-', '-', '-', '-', '{}', 0, '0', NULL);
INSERT INTO types.catalog_names (id) VALUES (3);
