-- Values that a text round trip, a float, a date or an array can lose.

CREATE SCHEMA "values";

CREATE TABLE "values".texts (id integer PRIMARY KEY, t text, v varchar(20), b character(10), n name, c "char",
    raw bytea);
INSERT INTO "values".texts VALUES
    (1, NULL, NULL, NULL, NULL, NULL, NULL), (2, '', '', '', '', '', ''), (3, ' ', ' ', ' ', ' ', ' ', '\x20'),
    (4, '\N', '\N', '\N', '\N', 'N', '\x5c4e'), (5, '\.', '\.', '\.', '\.', '\', '\x5c2e'),
    (6, E'\\.\n\\.\n', E'\n', E'\t', E'\r\n', E'\n', '\x00'),
    (7, E'\b\f\n\r\t\v\x01\x7f', E'\r', E'\x0b', E'\x1b', E'\t', '\x00ff00'),
    (8, E'back\\slash \\\\ \\n \\x41 \\101 \\', E'\\', E'\\\\', E'\\n', '''', '\x5c5c'),
    (9, 'single '' double " dollar $$ $1 ${x} %s :var :''var'' ; -- /* */', ',', '"', '''', '"', '\x27'),
    (10, 'NULL', 'null', 'NULL', 'NULL', '0', '\x4e554c4c'), (11, '{}', '{a,b}', '(a,b)', '[1,2)', '{', '\x7b7d'),
    (12, E'e\u0301 vs \u00e9 | \u212b \u00c5 | \ufb01', E'e\u0301', E'\u00e9', E'\u00e9', 'e', '\xc3a9'),
    (13, E'\U0001F469\u200D\U0001F469\u200D\U0001F467 \U0001F44D\U0001F3FD \U0010FFFF \uFEFFbom \u200E\u200F\u202E',
        E'\U0001F600', E'\U0001F600', E'\U0001F600', 'u', NULL),
    (14, 'العربية עברית हिन्दी தமிழ் ไทย 中文 日本語 한국어 Ελληνικά Русский ქართული አማርኛ', 'ß ẞ ı İ', 'ﬀ', 'ǆ', 's', NULL),
    (15, 'trailing   ', 'trailing   ', 'trailing', 'trailing', 'x', '\xdeadbeef'),
    (16, repeat('x', 3000), repeat('ä', 20), repeat('ä', 10), repeat('n', 63), 'x', NULL),
    (17, repeat(E'\\', 9000), NULL, NULL, NULL, NULL, decode(repeat('00', 9000), 'hex'));

CREATE TABLE "values".numbers (
    id integer PRIMARY KEY, i2 smallint, i4 integer, i8 bigint, n numeric, scaled numeric(10,3), f4 real, f8 float8,
    m money, b boolean);
INSERT INTO "values".numbers VALUES
    (-2147483648, -32768, -2147483648, -9223372036854775808, 'NaN', 'NaN', 'NaN', 'NaN', '-92233720368547758.08', true),
    (2147483647, 32767, 2147483647, 9223372036854775807, -0.000, -0.0004, '-0', '-0', '92233720368547758.07', false),
    (-1, 0, 0, 0, 1e130000, 9999999.999, '3.4028235e38', '1.7976931348623157e308', '0', NULL),
    (0, NULL, NULL, NULL, 1e-16000, 0.001, '1e-45', '5e-324', NULL, NULL),
    (1, 1, 1, 1, 1.10, 1.10, 0.1, 0.1, '1.10', true), (2, 1, 1, 1, 1.1000, 1.100, 1e-5, 1e15, '-1', true),
    (3, 1, 1, 1, 100000000000000000000, 0, 'Infinity', 'Infinity', '1', true),
    (4, 1, 1, 1, 1e4, 0, '-Infinity', '-Infinity', '1', true),
    (5, 1, 1, 1, 0.1e-3, 0, 16777217, 9007199254740993, '1', true),
    (6, 1, 1, 1, 10000.00001, 0, 0.30000001192092896, 0.1 + 0.2::float8, '1', true);
-- A NaN has a sign and a payload, which comparisons and output do not show and binary transport does.
INSERT INTO "values".numbers (id, f4, f8) VALUES (7, -'NaN'::real, -'NaN'::float8),
    (8, 'nan(0x123)', 'nan(0x123456789)');
\if :from_14
    INSERT INTO "values".numbers (id, n) VALUES (9, 'Infinity'), (10, '-Infinity');
\endif

CREATE TABLE "values".times (
    id integer PRIMARY KEY, d date, t time, tz timetz, ts timestamp, tstz timestamptz, i interval, t0 time(0),
    i0 interval day to second(2));
INSERT INTO "values".times VALUES
    (1, 'infinity', '24:00:00', '24:00:00-15:59', 'infinity', 'infinity', '178000000 years', '24:00:00',
        '1 day 02:03:04.05'),
    (2, '-infinity', '00:00', '00:00+15:59', '-infinity', '-infinity', '-178000000 years', '00:00:00', '-1 day'),
    (3, '4713-01-01 BC', '23:59:59.999999', '12:00:00.000001+05:30', '4714-11-24 00:00:00 BC',
        '4714-11-24 00:00:00+00 BC', '1 mon -1 day +00:00:00.000001', '12:00', '0'),
    (4, '5874897-12-31', '12:00', '12:00+01:02:03', '294276-12-31 23:59:59.999999',
        '294276-12-31 23:59:59.999999+00', '-1 mon +30 days -24:00:00', '12:00', '1.99'),
    (5, '0001-12-31 BC', '00:00:00.000001', '00:00-00:00:01', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00+00 BC',
        '24 hours', NULL, NULL),
    (6, '2000-01-01', NULL, NULL, '2000-01-01', '2025-03-30 02:30+01', '1 day', NULL, NULL),
    (7, '1582-10-10', NULL, NULL, '1999-12-31 23:59:59.9999995', '1883-11-18 12:03:57+00', '30 days', NULL, NULL);

CREATE TABLE "values".others (
    id integer PRIMARY KEY, u uuid, bits bit(9), varbits varbit, ip inet, net cidr, mac macaddr, mac8 macaddr8,
    p point, l line, s lseg, bx box,
    pa path, pg polygon, ci circle, tsv tsvector, tsq tsquery, js json, jb jsonb, jp jsonpath, lsn pg_lsn,
    snap pg_snapshot, t tid, ov oidvector, iv int2vector);
INSERT INTO "values".others VALUES
    (1, '00000000-0000-0000-0000-000000000000', B'101010101', B'', '192.168.0.1/24', '10.0.0.0/8',
        '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(NaN,-0)',
     '{1,-1,0}', '[(0,0),(1e-300,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,0),(0,1))', '<(1,2),3>',
     '''a b'':1A,3 ''it''''s'':2', '!a & (b | ''c d'':*AB) <-> e',
     ' { "b" : 1, "a":2,"b":3, "x":"\u0041\u00e9\n" } ',
     '{"b": 1.0, "a": 1e3, "n": null, "s": "\"\\\n\u0001é", "deep": [[], {}, [1, [2]]], "big": 12345678901234567890.10}',
     'strict $."a b"[*] ? (@.x > 1 && @ like_regex "^\\d" flag "i")', 'FFFFFFFF/FFFFFFFF', '10:20:10,14,15',
     '(4294967295,65535)', '1 2 3', '-1 0 1'),
    (2, 'ffffffff-ffff-ffff-ffff-ffffffffffff', B'000000000', B'1', '::ffff:1.2.3.4', '2001:db8::/32', NULL, NULL,
        '(Infinity,-Infinity)', NULL, NULL, NULL, '((0,0),(1,1))', NULL,
     NULL, '', '', '"scalar"', '"scalar"', '$', '0/0', '1:1:', '(0,0)', '', ''),
    (3, NULL, NULL, repeat('10', 500)::varbit, '::1', '::/0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, '[]', '{}', 'lax $.*', NULL, NULL, NULL, NULL, NULL);
SELECT EXISTS (SELECT FROM pg_config WHERE name = 'CONFIGURE' AND setting LIKE '%with-libxml%') AS with_xml \gset
\if :with_xml
    CREATE TABLE "values".markup (id integer PRIMARY KEY, x xml);
    INSERT INTO "values".markup VALUES (1, '<?xml version="1.0"?><a b="c">é<!-- x --><![CDATA[<&]]></a>'),
    (2, 'text &amp; content &#233; <b/>'), (3, NULL);
    UPDATE "values".markup SET x = 'two roots <a/><b/>' WHERE id = 2;
\endif

CREATE TABLE "values".arrays (id integer PRIMARY KEY, i integer[], t text[], f float8[], fixed integer[3],
    j jsonb[], b bytea[], ts timestamptz[]);
INSERT INTO "values".arrays VALUES
    (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (2, '{NULL}', '{NULL,"NULL","",null}', '{NaN,-0,Infinity}', '{1,2,3,4}', '{"1",NULL,"\"x\""}', '{"\\x00",NULL}',
        '{infinity}'),
    (3, '[5:6]={1,2}', '[-2147483648:-2147483648]={x}', '[0:1][3:4]={{1,2},{3,4}}', '{{1},{2}}', NULL, NULL, NULL),
    (4, '{{{{{{1,NULL}}}}}}', E'{"a,b","{c}","\\"q\\"","\\\\"," sp ","\n"}', NULL, NULL, NULL, NULL, NULL),
    (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- No NULL is left in these, but the stored value still says that it has a bitmap for them.
INSERT INTO "values".arrays (id, i, t) SELECT 6, a[1:2], b[2:3]
    FROM (VALUES (ARRAY[1, 2, NULL], ARRAY[NULL, 'x', 'y'])) AS v (a, b);
INSERT INTO "values".arrays (id, i) VALUES (7, '{1,NULL,3}'), (8, '{1,2}');
UPDATE "values".arrays SET i[2] = 2 WHERE id = 7;
UPDATE "values".arrays SET i[-3] = 0, t[4] = 'late' WHERE id = 8;

-- The longest values: one as text, one as bytes with every byte, and short ones behind them in the same table.
CREATE TABLE "values".giants (id integer PRIMARY KEY, t text, b bytea);
ALTER TABLE "values".giants ALTER b SET STORAGE EXTERNAL;
INSERT INTO "values".giants
    SELECT 1, string_agg(md5(g::text), CASE WHEN g % 100 = 0 THEN E'\\\n' ELSE '' END), NULL
        FROM generate_series(1, :bytes / 32) AS g;
INSERT INTO "values".giants
    SELECT 2, NULL, substring(decode(repeat((SELECT string_agg(lpad(to_hex(g), 2, '0'), '')
        FROM generate_series(0, 255) AS g), 1 + :bytes / 1024), 'hex') FOR :bytes / 4);
INSERT INTO "values".giants VALUES (3, 'short', '\x00'), (4, repeat('compressible ', 10000), NULL);
