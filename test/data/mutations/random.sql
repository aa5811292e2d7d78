-- Random tables of random types with random values; a seed repeats them. Read after types.sql.

-- An SQL expression for a random value of each type.
CREATE TABLE suite.generator (type text PRIMARY KEY, expression text NOT NULL);
INSERT INTO suite.generator VALUES
    ('bool', 'random() < 0.5'),
    ('int2', '(random() * 60000 - 30000)::int2'),
    ('int4', '(random() * 4e9 - 2e9)::int4'),
    ('int8', '(random() * 1e18 - 5e17)::int8'),
    ('float4', '(ARRAY[''NaN'', ''-0'', ''Infinity'', (random() * 100)::text, (random() * 1e30)::text])[1 + random() * 4]::float4'),
    ('float8', '(ARRAY[''NaN'', ''-0'', ''-Infinity'', random()::text, (random() * 1e300)::text])[1 + random() * 4]::float8'),
    ('numeric', 'round((random() * 10 ^ (random() * 30)::int)::numeric, (random() * 12)::int)'),
    ('numeric(12,2)', '(random() * 1e9)::numeric(12,2)'),
    ('money', '(random() * 1e9)::numeric(12,2)::money'),
    ('text', 'suite.random_text()'),
    ('varchar(40)', 'left(suite.random_text(), 40)'),
    ('char(12)', 'left(suite.random_text(), 12)'),
    ('name', 'left(suite.random_text(), 12)::name'),
    ('citext', 'suite.random_text()::public.citext'),
    ('bytea', 'decode(repeat(md5(random()::text), (random() * 3)::int), ''hex'')'),
    ('uuid', 'md5(random()::text)::uuid'),
    ('date', 'date ''2000-01-01'' + (random() * 20000 - 10000)::int'),
    ('time', 'time ''00:00'' + random() * interval ''1 day'''),
    ('timestamp', 'timestamp ''2000-01-01'' + (random() * 2e9 - 1e9) * interval ''1 second'''),
    ('timestamptz', 'timestamptz ''2000-01-01 00:00+00'' + (random() * 2e9 - 1e9) * interval ''1 second'''),
    ('interval', 'make_interval(months => (random() * 20)::int, days => (random() * 40 - 20)::int, secs => random() * 1e5)'),
    ('json', 'format(''{%s: [%s ,%s]}'', to_json(suite.random_text()), random(), to_json(suite.random_text()))::json'),
    ('jsonb', 'jsonb_build_object(suite.random_text(), random()::numeric, suite.random_text(), jsonb_build_array(NULL, true, suite.random_text()))'),
    ('hstore', 'public.hstore(suite.random_text(), suite.random_text())'),
    ('inet', '(''10.'' || (random() * 255)::int || ''.1.2/'' || (random() * 32)::int)::inet'),
    ('varbit', '(random() * 1e9)::int::bit(32)::varbit'),
    ('point', 'point(random(), random())'),
    ('tsvector', 'to_tsvector(''pg_catalog.simple'', suite.random_text())'),
    ('int4range', 'int4range((random() * 10)::int, 10 + (random() * 10)::int)'),
    ('numrange', 'numrange(round(random()::numeric, 3), round(1 + random()::numeric, 5), ''[]'')'),
    ('regtype', '(ARRAY[''int4'', ''text'', ''point''])[1 + random() * 2]::regtype'),
    ('m.mood', '(ARRAY[''sad'', ''ok'', ''OK''])[1 + random() * 2]::m.mood'),
    ('m."inner"', 'ROW(round(random()::numeric, 3), suite.random_text(), ''ok'')::m."inner"'),
    ('m."outer"', 'ROW(1, ROW(1.50, suite.random_text(), NULL), ARRAY[ROW(2, NULL, ''sad'')::m."inner", NULL], NULL, ARRAY[random(), NULL]::float4[])::m."outer"');
INSERT INTO suite.generator SELECT type || '[]', format('(ARRAY[%s, NULL, %1$s])[1:(random() * 3)::int]', expression) FROM suite.generator;

CREATE FUNCTION suite.random_text() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(string_agg((ARRAY['a', 'B', ' ', '', E'\n', E'\t', E'\\', '"', '''', ',', 'é', '漢', '{', '}', 'NULL', '0'])[1 + (random() * 15)::int], ''), '')
    FROM generate_series(1, (random() * 12)::int) $$;

-- Tables r1, r2, ... of schema m, and s1, s2, ... with a single type each: what a type does to the form of a table
-- is hidden by the others beside it.
CREATE FUNCTION suite.make_random(seed int4, tables int4, rows int4) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n int8;
    definition text;
    expressions text;
BEGIN
    PERFORM setseed(seed / 2147483648.0);
    FOR n, definition, expressions IN SELECT row_number() OVER (ORDER BY type COLLATE "C"), type, expression
            FROM suite.generator WHERE to_regtype(type) IS NOT NULL LOOP
        EXECUTE format('CREATE TABLE m.%I (k int4 PRIMARY KEY, c %s)', 's' || n, definition);
        EXECUTE format('INSERT INTO m.%I SELECT k, %s FROM generate_series(1, 5) k', 's' || n, expressions);
    END LOOP;
    FOR t IN 1 .. tables LOOP
        SELECT string_agg(format('%I %s', 'c ' || number, type), ', ' ORDER BY number),
               string_agg(format('CASE WHEN random() > 0.2 THEN %s END', expression), ', ' ORDER BY number)
            INTO definition, expressions
            FROM (SELECT type, expression, row_number() OVER () AS number
                  FROM (SELECT * FROM suite.generator WHERE to_regtype(type) IS NOT NULL ORDER BY random() LIMIT 1 + (random() * 9)::int) g) chosen;
        EXECUTE format('CREATE TABLE m.%I (k int4 PRIMARY KEY, %s)', 'r' || t, definition);
        EXECUTE format('INSERT INTO m.%I SELECT k, %s FROM generate_series(1, %s) k', 'r' || t, expressions, rows);
    END LOOP;
END $$;
