-- What can happen to rows whatever their type: for each type a table without a key, put into states
-- one after the other. Read after build.sql. A judge says which states hold the same rows.

CREATE TABLE suite.state (number int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, made text NOT NULL);
-- %1$s and %2$s are two values of the type, %3$s is NULL.
INSERT INTO suite.state (what, made) VALUES
    ('no row', 'SELECT 1, %1$s, %3$s WHERE false'),
    ('a row of NULLs', 'SELECT NULL, %3$s, %3$s'),
    ('two rows of NULLs', 'SELECT NULL, %3$s, %3$s FROM generate_series(1, 2)'),
    ('a row', 'SELECT 1, %1$s, %3$s'),
    ('twice', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 2)'),
    ('three times', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 3)'),
    ('four times', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 4)'),
    ('five times', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 5)'),
    ('256 times', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 256)'),
    ('512 times', 'SELECT 1, %1$s, %3$s FROM generate_series(1, 512)'),
    ('another row twice', 'SELECT 1, %2$s, %3$s FROM generate_series(1, 2)'),
    ('another row four times', 'SELECT 1, %2$s, %3$s FROM generate_series(1, 4)'),
    ('another row 256 times', 'SELECT 1, %2$s, %3$s FROM generate_series(1, 256)'),
    ('both rows twice', 'SELECT 1, CASE i % 2 WHEN 0 THEN %1$s ELSE %2$s END, %3$s FROM generate_series(1, 4) i'),
    ('moved to the next column', 'SELECT 1, %3$s, %1$s'),
    ('moved to the next column, twice', 'SELECT 1, %3$s, %1$s FROM generate_series(1, 2)'),
    ('two rows', 'SELECT 1, %1$s, %3$s UNION ALL SELECT 2, %2$s, %3$s'),
    ('two rows in the other order', 'SELECT 2, %2$s, %3$s UNION ALL SELECT 1, %1$s, %3$s'),
    ('two rows with their values swapped', 'SELECT 1, %2$s, %3$s UNION ALL SELECT 2, %1$s, %3$s'),
    ('two rows with values moved crosswise', 'SELECT 1, %3$s, %2$s UNION ALL SELECT 2, %1$s, %3$s'),
    ('two rows, the second NULL', 'SELECT 1, %1$s, %3$s UNION ALL SELECT 2, %3$s, %3$s'),
    ('16 rows', 'SELECT i, %1$s, %3$s FROM generate_series(1, 16) i'),
    ('16 rows backwards', 'SELECT 17 - i, %1$s, %3$s FROM generate_series(1, 16) i'),
    ('the same change in 2 of 16 rows', 'SELECT i, CASE WHEN i <= 2 THEN %2$s ELSE %1$s END, %3$s FROM generate_series(1, 16) i'),
    ('the same change in 2 other rows of 16', 'SELECT i, CASE WHEN i > 14 THEN %2$s ELSE %1$s END, %3$s FROM generate_series(1, 16) i'),
    ('the same change in 4 of 16 rows', 'SELECT i, CASE WHEN i <= 4 THEN %2$s ELSE %1$s END, %3$s FROM generate_series(1, 16) i'),
    ('the same change in 8 of 16 rows', 'SELECT i, CASE WHEN i <= 8 THEN %2$s ELSE %1$s END, %3$s FROM generate_series(1, 16) i'),
    ('the same change in 16 rows', 'SELECT i, %2$s, %3$s FROM generate_series(1, 16) i');
UPDATE suite.state SET made = replace(made, 'i % 2', 'mod(i, 2)');

-- All states of all types: what the judge reads, and a digest for each of the queries (%s is the table).
CREATE FUNCTION suite.states(queries text[]) RETURNS TABLE (tab text, state text, judge text, digests text[]) LANGUAGE plpgsql AS $$
DECLARE
    type text;
    x text;
    y text;
    s suite.state;
    query text;
    digest text;
BEGIN
    FOR tab, type, x, y IN SELECT DISTINCT ON (name) name, regexp_replace(name, ' \([a-z][a-z0-9 -]*\)$', ''), before, after FROM suite.change
        WHERE NOT same AND coalesce(before, after) IS NOT NULL AND name NOT IN (SELECT a.name FROM suite.absent a)
        ORDER BY name, (before IS NULL OR after IS NULL), number
    LOOP
        EXECUTE format('CREATE TABLE suite.state_of (k int4, v %s, w %1$s)', type);
        FOR s IN SELECT * FROM suite.state ORDER BY number LOOP
            DELETE FROM suite.state_of;
            EXECUTE format('INSERT INTO suite.state_of ' || s.made, suite.value(x, type), suite.value(y, type), suite.value(NULL, type));
            state := s.what;
            EXECUTE 'SELECT count(*) || coalesce('' '' || md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")), '''') FROM suite.state_of t'
                INTO judge;
            digests := '{}';
            FOREACH query IN ARRAY queries LOOP
                EXECUTE format(query, 'suite.state_of') INTO digest;
                digests := digests || digest;
            END LOOP;
            RETURN NEXT;
        END LOOP;
        DROP TABLE suite.state_of;
    END LOOP;
END $$;
