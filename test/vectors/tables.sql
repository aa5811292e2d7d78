-- The rows of the test vectors: one table per class of types, in schema vectors. Read by make.sh,
-- which writes vectors.tsv from the server's own send and output functions, and by the pg_regress
-- test "digest". A primary key is the key of the vectors of its table. Rows are numbered in the
-- order of their ctids, so no table is updated in a way that moves a row.
CREATE SCHEMA vectors;
SET search_path = vectors, public;
SET client_min_messages = warning;

CREATE TABLE integers (b bool, c "char", i2 int2, i4 int4, i8 int8 PRIMARY KEY, o oid, x xid, x8 xid8);
INSERT INTO integers VALUES
    (true, 'a', 1, 2, 3, 4, '5', '6'),
    (false, '', -1, -2147483648, -9223372036854775808, 4294967295, '4294967295', '18446744073709551615'),
    (NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL);

CREATE TABLE floats (f4 float4, f8 float8);
INSERT INTO floats VALUES
    (1.5, 1.5), ('-0', '-0'), ('Infinity', '-Infinity'),
    ('NaN', 'NaN'), (- 'NaN'::float4, - 'NaN'::float8),
    (1e-45, 4.9e-324), (NULL, 0.1);

CREATE TABLE numerics (n numeric, fixed numeric(12,2));
INSERT INTO numerics VALUES
    (0, 0), (1.0, 1), (1.00, 1.5), (-1.5, -12345.67), (10000, 9999999999.99),
    (0.0001, NULL), (0.00001, NULL), ('NaN', 'NaN'), (100000000, NULL), (12345678.000012340000, NULL),
    (1e130, NULL), (-1e-130, NULL), (123456789012345678901234567890.123456789, NULL),
    (1e400, NULL), (1.5e-400, NULL), (0.000, NULL), (20000000000000000000, NULL);

CREATE TABLE times (d date, t time, tz timetz, ts timestamp, tstz timestamptz, iv interval);
INSERT INTO times VALUES
    ('2024-02-29', '12:34:56.789012', '12:34:56+05:30', '2024-02-29 12:34:56.789012',
     '2024-02-29 12:34:56.789012+00', '1 year 2 months 3 days 04:05:06.789'),
    ('0044-03-15 BC', '00:00', '24:00-15:59', '4713-01-01 00:00 BC', '4713-02-01 00:00+00 BC', '-1 day 24:00'),
    ('infinity', '24:00', '00:00+00', 'infinity', 'infinity', '1 day'),
    ('-infinity', NULL, NULL, '-infinity', '-infinity', '24:00');

CREATE TABLE texts (t text, v varchar(20), c char(8), n name, j json, b bytea, k text PRIMARY KEY);
INSERT INTO texts VALUES
    ('', '', '', '', '{"a" :  1}', '', ''),
    (NULL, NULL, NULL, NULL, NULL, NULL, 'null'),
    ('NULL', '\N', 'abc', 'Mixed "Case"', '[]', '\x00ff5c0a09', 'escapes'),
    (E'a\tb\nc\rd\\e\bf\fg\x0bh', E' trailing ', 'a b ', repeat('n', 63)::name, E'"\\u0041\\n"', '\x5c4e', E'k\tq'),
    ('é漢字😀' || U&'e\0301', 'ß', 'ü', 'naïve', '"é"', decode(repeat('00', 300), 'hex'), 'unicode'),
    (repeat('long ', 1000), 'v', 'c', 'n', '1', decode(repeat('ab', 5000), 'hex'), 'long');

CREATE TABLE toasted (t text, b bytea, j jsonb);
ALTER TABLE toasted ALTER t SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
INSERT INTO toasted SELECT repeat('0123456789', 1000), decode(repeat('ff00', 4000), 'hex'),
    jsonb_build_object('x', repeat('y', 9000), 'z', repeat('quoted " ', 1000));

CREATE TABLE jsonbs (j jsonb);
INSERT INTO jsonbs VALUES
    ('{}'), ('[]'), ('1'), ('"text"'), ('null'), ('true'), ('-0.0'), ('""'), ('[[]]'), ('[{}, []]'),
    ('{"b": 1, "a": 2, "aa": [true, false, null]}'),
    ('{"n": [2.00, 2.0, 2, 1e3, -1.5e-7, 0.0, 12345678901234567890.0123456789, 10000, 100000000, 0.0001]}'),
    (E'{"esc": "\\" \\\\ / \\b \\f \\n \\r \\t \\u0001 \\u001f \\u007f", "k\\"ey": "seven77\\"8"}'),
    ('{"é": "漢字😀", "deep": {"a": {"b": {"c": [1, [2, [3, {"d": "e"}]]]}}}}'),
    ('[1, "a", 2, "bb", 3, "ccc", 4, "dddd", {"x": 1}, 5, "z", [6], 7]'),
    (NULL);
INSERT INTO jsonbs SELECT jsonb_agg(i) FROM generate_series(1, 200) i;
INSERT INTO jsonbs SELECT jsonb_object_agg('key' || i, jsonb_build_array(i, i::text, i / 7.0)) FROM generate_series(1, 100) i;

CREATE TABLE misc (u uuid PRIMARY KEY, bits bit(5), vb varbit, ip inet, net cidr, m macaddr, m8 macaddr8,
    money money, lsn pg_lsn, ctid_like tid, tv tsvector, tq tsquery, jp jsonpath,
    p point, l line, s lseg, bx box, pa path, po polygon, ci circle, snap pg_snapshot);
INSERT INTO misc VALUES
    ('12345678-9abc-def0-1234-56789abcdef0', B'10101', B'1', '10.0.0.1', '10.0.0.0/8',
     '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 12.34, '16/B374D848', '(1,2)',
     'a fat cat:3A,4B é:1', '(fat | cat) & !dog:*A', '$.a[*] ? (@ > 1)',
     '(1,2)', '{1,2,3}', '[(0,0),(1,1)]', '((1,1),(0,0))', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>',
     '10:20:10,14,15'),
    ('00000000-0000-0000-0000-000000000000', NULL, B'', '::1/128', '2001:db8::/32', NULL, NULL, -1, '0/0', NULL, '', '',
     '"x"', NULL, NULL, NULL, NULL, '((0,0))', NULL, NULL, NULL);

CREATE TYPE mood AS ENUM ('sad', 'ok', 'très heureux', 'it''s "so" \fine');
CREATE DOMAIN year AS int4 CHECK (VALUE > 1900);
CREATE DOMAIN moods AS mood[];
CREATE TYPE inner_type AS (f float8, gone text, t text, m mood);
ALTER TYPE inner_type DROP ATTRIBUTE gone;
CREATE TYPE outer_type AS (i int4, "in" inner_type, list inner_type[], y year, a float4[]);
CREATE DOMAIN checked AS outer_type CHECK ((VALUE).i > 0);
CREATE TYPE empty_type AS ();

CREATE TABLE arrays (i int4[], t text[], n numeric[], e mood[], d year[], dm moods, f float8[], u uuid[], iv int2vector, ov oidvector);
INSERT INTO arrays VALUES
    ('{1,2,3}', '{a,NULL,"",NULL}', '{1.0,NaN}', '{sad,ok}', '{2001,2002}', '{ok}', '{1,NaN,-0}',
     '{12345678-9abc-def0-1234-56789abcdef0}', '1 2', '3 4'),
    ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', ''),
    ('[2:3][-1:0]={{1,2},{NULL,4}}', '{{a},{b}}', '{NULL}', '{NULL,"très heureux"}', '{NULL}', '{NULL}',
     ARRAY[- 'NaN'::float8, NULL], NULL, NULL, NULL);
-- A NULL that was sliced away leaves the flag that says there may be one.
INSERT INTO arrays (i, t) SELECT (ARRAY[1, 2, NULL])[1:2], (ARRAY['a', NULL, 'b'])[3:3];

CREATE TABLE composites (k1 int4, o outer_type, c checked, e empty_type, many checked[], "A" int4, PRIMARY KEY (k1, "A"));
INSERT INTO composites VALUES
    (1, (7, ('NaN', 'text', 'ok'), ARRAY[(1, 't', 'sad')::inner_type, NULL], 2024, '{NaN,1}'),
     (8, NULL, NULL, NULL, NULL), ROW(), ARRAY[(9, (- 'NaN'::float8, '', NULL), '{}', 1999, (ARRAY[1, NULL]::float4[])[1:1])::checked], 10),
    (2, NULL, NULL, NULL, NULL, 11),
    (3, (NULL, NULL, NULL, NULL, NULL), NULL, NULL, '{}', 12);
-- Values stored before an attribute was added to their type.
ALTER TYPE inner_type ADD ATTRIBUTE late int8;
INSERT INTO composites VALUES (4, (1, (1, 'x', 'ok', 5), NULL, NULL, NULL), NULL, NULL, NULL, 13);

CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
CREATE DOMAIN positive_range AS int4range CHECK (lower(VALUE) > 0);
CREATE TABLE ranges (i int4range, n numrange, ts tstzrange, d daterange, f float_range, t text_range, p positive_range, a int4range[]);
INSERT INTO ranges VALUES
    ('[1,5)', '(1.0,2.00]', '[2024-01-01 00:00+00,)', '[2024-01-01,2024-12-31]', '[1,NaN]', '[a,é]', '[1,2]', '{"[1,2)",NULL,empty}'),
    ('empty', '(,)', 'empty', '(,2024-01-01)', 'empty', '(,)', NULL, '{}'),
    ('(,5)', '[1,1]', '[-infinity,infinity]', NULL, float_range(1, - 'NaN'::float8, '[]'), NULL, '[3,)', NULL);

CREATE TABLE extensions (h hstore, c citext);
INSERT INTO extensions VALUES ('a=>1, b=>NULL, "q\"k"=>""', 'CiText é'), ('', ''), (NULL, NULL);

CREATE TABLE shapes (dropped_first int, id int4 PRIMARY KEY, z text, dropped text, a text);
INSERT INTO shapes VALUES (0, 1, 'z', 'gone', 'a');
ALTER TABLE shapes DROP dropped_first, DROP dropped, ADD "Fast" text DEFAULT 'fast default', ADD none int,
    ADD arr int4[] DEFAULT '{1,2}';
INSERT INTO shapes VALUES (2, NULL, NULL, 'given', 5, NULL);

CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;

CREATE TABLE "it's ""quoted""" ("Größe" int4, "select" text, "a""b" text, "Z" int4, "Ä" int4);
INSERT INTO "it's ""quoted""" VALUES (1, 's', 'ab', 2, 3);

-- Text form: a column sends an OID.
CREATE TABLE text_form (r regclass, b bool, t text, by bytea, c char(4), f float8, iv interval, ts timestamptz,
    a text[], o outer_type, m mood, n numeric, j jsonb, mo money, k int8 PRIMARY KEY);
INSERT INTO text_form VALUES
    ('vectors.shapes', true, E'a\tb\\c\nd', '\x5c00', 'x', 0.1, '1 year -2 days', '2024-02-29 12:00+00',
     '{NULL,"q\"x",é}', (1, (1, E'\t', 'ok', NULL), NULL, NULL, NULL), 'très heureux', 1.50, '{"a": "\\n"}', 1.5, 1),
    ('pg_class', false, '', '', '', 'NaN', '0', 'infinity', '{}', NULL, 'it''s "so" \fine', 'NaN', '"\\\\"', NULL, 2),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3),
    ('vectors."it''s ""quoted"""', NULL, E'\\N', NULL, NULL, 1e300, NULL, '0044-03-15 BC 00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, 4);
CREATE TYPE with_regtype AS (x int4, t regtype);
CREATE TABLE text_form_nested (i int4, d with_regtype[]);
INSERT INTO text_form_nested VALUES (1, ARRAY[(1, 'text')::with_regtype, NULL]);
CREATE TYPE no_send;
CREATE FUNCTION no_send_in(cstring) RETURNS no_send LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION no_send_out(no_send) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE no_send (INPUT = no_send_in, OUTPUT = no_send_out, LIKE = text);
CREATE TABLE text_form_no_send (a no_send, t text);
INSERT INTO text_form_no_send VALUES ('é', 'x'), (NULL, E'\r\x0b\f\b');
