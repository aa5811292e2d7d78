-- The type custody.digest: text and binary form, comparison, arithmetic.
SET search_path = public, custody;
CREATE TABLE sample (name text, value custody.digest);
INSERT INTO sample VALUES
    ('small', '1:fast:binary:00000000000000ff:2:00000000000000000000000000000003'),
    ('large', '1:fast:binary:00000000000000ff:5:ffffffffffffffffffffffffffffffff'),
    ('other columns', '1:fast:binary:00000000000000fe:2:00000000000000000000000000000003'),
    ('ad hoc', '1:fast:binary:adhoc-00000000000000ff:2:00000000000000000000000000000003'),
    ('text', '1:fast:text:00000000000000ff:2:00000000000000000000000000000003'),
    ('version', '2:fast:binary:00000000000000ff:2:00000000000000000000000000000003'),
    ('sql', '1:sql:binary:00000000000000ff:2:ffffffffffffffff000000000000000000000000000000000000000000000001'),
    ('evidence', '1:evidence:binary:00000000000000ff:2:00000000000000000000000000000000000000000000000000000000000000ab');
SELECT * FROM sample;
SELECT i.* FROM sample, custody.digest_info(value) i;
SELECT custody.digest_info(NULL);

-- Both forms there and back.
SELECT name, value::text::custody.digest = value AS text_same FROM sample;
SELECT encode(custody.digest_send(value), 'hex') FROM sample WHERE name IN ('large', 'sql', 'ad hoc');
\copy sample TO 'digest_type.copy' (FORMAT binary)
CREATE TABLE again (name text, value custody.digest);
\copy again FROM 'digest_type.copy' (FORMAT binary)
SELECT count(*), bool_and(a.value = b.value) AS binary_same FROM sample a JOIN again b USING (name);
\! rm digest_type.copy

-- What is no digest.
SELECT ''::custody.digest;
SELECT '1:fast:binary:00000000000000ff:2'::custody.digest;
SELECT '1:slow:binary:00000000000000ff:2:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:xml:00000000000000ff:2:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:binary:00000000000000FF:2:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:binary:00000000000000ff:02:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:binary:00000000000000ff:-2:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:binary:00000000000000ff:9223372036854775808:00000000000000000000000000000003'::custody.digest;
SELECT '1:fast:binary:00000000000000ff:2:03'::custody.digest;
SELECT '1:sql:binary:00000000000000ff:2:00000000000000000000000000000003'::custody.digest;

-- Comparison: rows and sum decide; unlike digests do not compare.
\set small '''1:fast:binary:00000000000000ff:2:00000000000000000000000000000003''::custody.digest'
SELECT :small = :small AS eq, :small <> :small AS ne,
    :small = '1:fast:binary:00000000000000ff:3:00000000000000000000000000000003' AS other_rows,
    :small <> '1:fast:binary:00000000000000ff:2:00000000000000000000000000000004' AS other_sum,
    :small = NULL AS unknown;
SELECT :small = (SELECT value FROM sample WHERE name = 'other columns');
SELECT :small <> (SELECT value FROM sample WHERE name = 'ad hoc');
SELECT (SELECT value FROM sample WHERE name = 'ad hoc') = :small;
SELECT :small = (SELECT value FROM sample WHERE name = 'text');
SELECT :small = (SELECT value FROM sample WHERE name = 'version');
SELECT :small = (SELECT value FROM sample WHERE name = 'sql');
SELECT value = value FROM sample WHERE name = 'evidence';
-- Nothing that would compare unlike digests unasked.
SELECT DISTINCT value FROM sample;
SELECT value FROM sample ORDER BY value;

-- Arithmetic.
SELECT value + :small AS sum, value - :small AS rest, (value + :small) - :small = value AS there_and_back
FROM sample WHERE name IN ('small', 'large');
SELECT value + value AS lanes FROM sample WHERE name = 'sql';
SELECT :small - value FROM sample WHERE name = 'large';
SELECT :small + value FROM sample WHERE name = 'sql';
SELECT value + value FROM sample WHERE name = 'evidence';
SELECT value - value FROM sample WHERE name = 'evidence';
SELECT :small + '1:fast:binary:00000000000000ff:9223372036854775807:00000000000000000000000000000003';
SELECT custody.sum(value) FROM sample WHERE name IN ('small', 'large');
SELECT custody.sum(value) FROM sample WHERE name = 'none';
SELECT custody.sum(value) FROM (VALUES (NULL), (:small), (NULL)) v (value);
SELECT custody.sum(value) FROM sample WHERE name IN ('small', 'text');
SELECT custody.sum(value ORDER BY name) FROM (SELECT * FROM sample, (VALUES (1), (2)) v WHERE name = 'evidence') s;
DROP TABLE sample, again;
