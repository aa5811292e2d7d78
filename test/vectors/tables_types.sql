-- Every type of the server that tables.sql does not have, with the ends of its range. Values that
-- no input function takes come through a cast that is dropped again.
SET search_path = vectors, public;
SET client_min_messages = warning;

CREATE TABLE chars (c "char", n name PRIMARY KEY);
INSERT INTO chars VALUES ((-56)::"char", 'high bit'), ((-1)::"char", 'last'), (E'\x7f', 'é');

CREATE TABLE identifiers (o oid, x xid, x8 xid8, c cid, t tid, s txid_snapshot, ps pg_snapshot, l pg_lsn, u uuid);
INSERT INTO identifiers VALUES
    (0, '0', '0', '0', '(0,0)', '1:1:', '1:1:', '0/0', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    (4294967295, '4294967295', '18446744073709551615', '4294967295', '(4294967295,65535)',
     '10:20:10,14,15', '4294967299:4294967303:4294967301', 'FFFFFFFF/FFFFFFFF', NULL);

CREATE TABLE strings (b bpchar, b1 char, v varchar, r refcursor, e bytea);
INSERT INTO strings VALUES
    ('kept  ', ' ', 'kept  ', 'a cursor', E'\\x'), ('', '', '', '', '\x00'), (E'\t', 'é', E'\x0b\x08\x0c\x01', E'é\\', '\x5c270a');

CREATE TABLE numbers (n numeric, small numeric(1000,1000), money money, f4 float4, f8 float8);
INSERT INTO numbers VALUES
    (1e-1000, 0, '-92233720368547758.08', '-NaN', '-NaN'),
    (9999999999999999999999999999999999999999, NULL, '92233720368547758.07', 3.4028235e38, 1.7976931348623157e308),
    (-0.0, 1e-1000, 0, -1.1754944e-38, -2.2250738585072014e-308),
    (NULL, NULL, NULL, 16777217, 0.30000000000000004);
CREATE TABLE numerics_extreme (n numeric);
INSERT INTO numerics_extreme VALUES (1e131071), (1e-16383);

CREATE TABLE intervals (i interval);
INSERT INTO intervals VALUES
    ('0'), ('1 microsecond'), ('-1 microsecond'), ('1 month -30 days'), ('-1 month 30 days'), ('30 days'),
    ('720:00'), ('1.5 months'), ('178000000 years'), ('-178000000 years'),
    ('2147483647 days'), ('-2147483648 days'), ('2147483647:59:59.999999'),
    ('-2147483647:59:59.999999');

CREATE TABLE moments (d date, t time, tz timetz, ts timestamp, tstz timestamptz, short timestamptz(2));
INSERT INTO moments VALUES
    ('4713-01-01 BC', '00:00:00.000001', '00:00+15:59:59', '4713-01-01 00:00:00 BC', '0001-12-31 23:59:59.999999+00 BC', 'epoch'),
    ('5874897-12-31', '23:59:59.999999', '23:59:59.999999-15:59:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '2000-01-01 00:00+00'),
    ('2000-01-01', '24:00', '24:00+00', '1999-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', '-infinity');

CREATE TABLE addresses (i inet, c cidr, m macaddr, m8 macaddr8);
INSERT INTO addresses VALUES
    ('0.0.0.0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:ff:fe:00:00:00'),
    ('255.255.255.255/31', '255.255.255.255/32', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff'),
    ('::ffff:1.2.3.4/96', '::/0', NULL, NULL), ('10.1.2.3/8', '::1/128', NULL, NULL);

CREATE TABLE shapes_of_geometry (p point, l line, s lseg, b box, pa path, po polygon, c circle);
INSERT INTO shapes_of_geometry VALUES
    ('(-0,1e-300)', '{-1,0,0.1}', '[(Infinity,-Infinity),(1,2)]', '((1,-1),(-1,1))', '((0,0),(1,1))', '((0,0))', '<(1,2),0>'),
    ('(NaN,0)', NULL, NULL, NULL, '[(0.1,0.2)]', '((0,0),(0,1),(1,1),(1,0))', NULL);

CREATE TABLE bits (b1 bit, b8 bit(8), b9 bit(9), v varbit, v5 varbit(5));
INSERT INTO bits VALUES (B'1', B'10000001', B'100000001', B'', B'0'), (B'0', X'FF', B'000000000', X'0123456789ABCDEF', B'10101'),
    (NULL, NULL, NULL, B'1000000010000000100000001', NULL);

CREATE TABLE documents (x xml, j json, jb jsonb, jp jsonpath, tv tsvector, tq tsquery);
INSERT INTO documents VALUES
    ('<ä b="c"/>', '{"a":1,"a":2}', '{"a":1,"a":2}', 'strict $."ü"[0 to last] ? (@.a like_regex "^x" flag "i")',
     'cat:1A,2B,16383C dog é:5', 'fat:*AB <-> (cat | !é) <7> dog'),
    ('content only', ' [ ] ', ' [ ] ', 'lax $.**{2 to 3}.size() + -1.50', '', ''),
    ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a/>', '""', '""', '$', '''quoted '''' lexeme''', '''a b'''),
    (NULL, 'null', 'null', NULL, NULL, NULL);

CREATE TABLE schema_domains (c information_schema.cardinal_number, d information_schema.character_data,
    s information_schema.sql_identifier, t information_schema.time_stamp, y information_schema.yes_or_no);
INSERT INTO schema_domains VALUES (0, 'é ', 'name', '2024-02-29 12:00:00.127+00', 'YES'), (NULL, NULL, NULL, NULL, NULL);

-- Of catalogs; they have no input functions.
CREATE CAST (text AS pg_node_tree) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_ndistinct) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_dependencies) WITHOUT FUNCTION;
CREATE CAST (bytea AS pg_mcv_list) WITHOUT FUNCTION;
CREATE CAST (bytea AS gtsvector) WITHOUT FUNCTION;
CREATE TABLE of_catalogs (t pg_node_tree, n pg_ndistinct, d pg_dependencies, m pg_mcv_list);
INSERT INTO of_catalogs VALUES ('{CONST é}'::text::pg_node_tree,
    '\xa4bf52a30100000001000000000000000000f03f0200000001000200'::bytea::pg_ndistinct,
    '\x2c9a54b40100000001000000000000000000f03f020001000200'::bytea::pg_dependencies, '\x00ff'::bytea::pg_mcv_list),
    (NULL, NULL, NULL, NULL);
CREATE TABLE unsendable (a aclitem, g gtsvector, t text);
INSERT INTO unsendable VALUES ('pg_monitor=r*w/pg_monitor', '\x0100000007000000'::bytea::gtsvector, 'é'),
    ('=/pg_monitor', '\x010000000700000008000000'::bytea::gtsvector, NULL);
DROP CAST (text AS pg_node_tree);
DROP CAST (bytea AS pg_ndistinct);
DROP CAST (bytea AS pg_dependencies);
DROP CAST (bytea AS pg_mcv_list);
DROP CAST (bytea AS gtsvector);

CREATE TABLE registered (p regproc, pe regprocedure, o regoper, oe regoperator, c regclass, t regtype, r regrole,
    n regnamespace, co regconfig, d regdictionary, l regcollation);
INSERT INTO registered VALUES
    ('now', 'lower(text)', '||/', '+(int4,int4)', 'shapes', 'mood[]', 'pg_monitor', 'vectors', 'simple', 'simple', '"C"'),
    ('-', '-', '0', '0', '-', '-', '-', '-', '-', '-', '-'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TYPE of_arrays AS RANGE (subtype = int4[]);
CREATE TYPE pair AS (a float4, b text);
CREATE TYPE of_pairs AS RANGE (subtype = pair);
CREATE TYPE of_ranges AS RANGE (subtype = float_range);
CREATE DOMAIN short_list AS of_pairs[];
CREATE TYPE nested AS (r of_ranges, l short_list, p pair[], d year);
CREATE TABLE ranges_all (i4 int4range, i8 int8range, n numrange, d daterange, t tsrange, tz tstzrange);
INSERT INTO ranges_all VALUES
    ('[1,1]', '[-9223372036854775808,9223372036854775806]', '(0.10,0.2]', '[-infinity,infinity]',
     '(2024-01-01,infinity)', '[2024-01-01 00:00+00,2024-01-01 00:00+00]'),
    ('empty', 'empty', 'empty', 'empty', 'empty', 'empty'), ('(,)', '(,0)', '[NaN,)', '(,)', '(,)', '(,)');
CREATE TABLE nests (a of_arrays, p of_pairs, r of_ranges, l short_list, n nested);
INSERT INTO nests VALUES
    (of_arrays((ARRAY[1, NULL])[1:1], '{2,NULL}', '[]'), of_pairs(ROW(1, 'a'), ROW('NaN', 'ü')),
     of_ranges(float_range(1, 2), float_range(2, - 'NaN'::float8, '[]')),
     ARRAY[of_pairs(ROW(1, 'b'), NULL), NULL, 'empty'],
     ROW(of_ranges(NULL, float_range(1, 2)), ARRAY[of_pairs(NULL, NULL)]::of_pairs[], ARRAY[ROW('NaN', NULL)::pair, NULL], 2000)),
    (NULL, NULL, NULL, '{}', ROW(NULL, NULL, NULL, NULL));
