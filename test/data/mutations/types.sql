-- The types that somebody has to make: extensions' (where they are available), enums, domains,
-- composites, ranges.
CREATE SCHEMA suite;
CREATE SCHEMA m;

DO $$
DECLARE extension text;
BEGIN
    FOR extension IN SELECT name FROM pg_available_extensions
        WHERE name IN ('hstore', 'citext', 'ltree', 'cube', 'intarray', 'seg', 'isn', 'lo', 'pg_trgm', 'btree_gist',
                       'tablefunc', 'dblink') ORDER BY name COLLATE "C"
    LOOP
        EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA public', extension);
    END LOOP;
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'earthdistance') THEN
        CREATE EXTENSION earthdistance SCHEMA public; -- needs cube
    END IF;
END $$;

CREATE TYPE m.mood AS ENUM ('sad', 'ok', 'OK', 'ok ', 'it''s "so" \fine');
CREATE DOMAIN m.year AS int4 CHECK (VALUE > 1900);
CREATE DOMAIN m.leap AS m.year CHECK (VALUE % 4 = 0);
CREATE DOMAIN m.moods AS m.mood[];
CREATE TYPE m."inner" AS (n numeric, gone text, t text, mood m.mood);
ALTER TYPE m."inner" DROP ATTRIBUTE gone;
CREATE TYPE m."outer" AS (i int4, "in" m."inner", list m."inner"[], y m.year, f float4[]);
CREATE TYPE m.shelf AS (i int4, place regclass);
CREATE TYPE m.nothing AS ();
CREATE DOMAIN m.checked AS m."outer" CHECK ((VALUE).i > 0);
CREATE TYPE m.float_range AS RANGE (subtype = float8);
CREATE TYPE m.text_range AS RANGE (subtype = text, collation = "C");
CREATE TABLE m.relation (a int4, b text);

-- Without send and receive functions.
CREATE TYPE m.mute;
CREATE FUNCTION m.mute_in(cstring) RETURNS m.mute LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION m.mute_out(m.mute) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE m.mute (INPUT = m.mute_in, OUTPUT = m.mute_out, LIKE = text);

-- What only the server itself can make: expressions, and statistics of columns.
CREATE TABLE suite.defaults (a int4 DEFAULT 1, b int4 DEFAULT 2);
CREATE TABLE suite.measured AS SELECT i / 10 AS a, i / 10 AS b, i % 7 AS c FROM generate_series(1, 200) i;
CREATE STATISTICS suite.alike ON a, b FROM suite.measured;
CREATE STATISTICS suite.unlike ON b, c FROM suite.measured;
ANALYZE suite.measured;
CREATE FUNCTION suite.expression(of_column text) RETURNS pg_node_tree LANGUAGE sql STABLE AS
    $$ SELECT adbin FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
       WHERE d.adrelid = 'suite.defaults'::regclass AND a.attname = of_column $$;
CREATE FUNCTION suite.statistics(name text) RETURNS pg_statistic_ext_data LANGUAGE sql STABLE AS
    $$ SELECT d FROM pg_statistic_ext_data d JOIN pg_statistic_ext e ON e.oid = d.stxoid WHERE e.stxname = name $$;

-- What is changed: `name` is the type, and may be followed by a remark in parentheses; before and
-- after are input of the type, or an SQL expression after a "="; same: two ways to the same value.
CREATE TABLE suite.change (
    number int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL, what text NOT NULL, before text, after text, same bool NOT NULL DEFAULT false);
