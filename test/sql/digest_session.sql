-- What happens in a session: types that are altered while a call site lasts (each row is taken for what it
-- is then), temporary tables with the names of the catalog's, values that grow.
SET client_min_messages = warning;
SET search_path = public, custody;
CREATE TYPE inner_type AS (a int);
CREATE TYPE outer_type AS (i inner_type, list inner_type[]);
CREATE TYPE label AS ENUM ('a', 'b');
CREATE TYPE labelled AS (e label);
CREATE TYPE shifting AS (a int, b int);
CREATE FUNCTION digests_of_nested() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    o outer_type;
BEGIN
    FOR k IN 1..3 LOOP
        IF k = 2 THEN
            EXECUTE 'ALTER TYPE inner_type ADD ATTRIBUTE b int';
        END IF;
        EXECUTE CASE WHEN k = 1 THEN 'SELECT ROW(1)::inner_type, NULL' ELSE format('SELECT ROW(1, %s)::inner_type, NULL', k) END INTO o;
        RETURN NEXT custody.row_digest(o);
    END LOOP;
END$$;
SELECT count(DISTINCT d) FROM digests_of_nested() d;
CREATE FUNCTION digests_of_labels() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    l labelled;
BEGIN
    FOR k IN 1..2 LOOP
        IF k = 2 THEN
            EXECUTE 'ALTER TYPE label RENAME VALUE ''a'' TO ''z''';
        END IF;
        EXECUTE 'SELECT e FROM unnest(enum_range(NULL::label)) e LIMIT 1' INTO l;
        RETURN NEXT custody.row_digest(l);
    END LOOP;
END$$;
SELECT count(DISTINCT d) FROM digests_of_labels() d;
-- In the middle of an aggregate: an int becomes a text.
CREATE FUNCTION shift(k int) RETURNS shifting LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    IF k = 3 THEN
        EXECUTE 'ALTER TYPE shifting ALTER ATTRIBUTE b TYPE text';
    END IF;
    EXECUTE format('SELECT %s::int, %L::%s', k, '17', CASE WHEN k < 3 THEN 'int' ELSE 'text' END) INTO r;
    RETURN r;
END$$;
CREATE TYPE as_int AS (a int, b int);
CREATE TYPE as_text AS (a int, b text);
SELECT digest(shift(k)) AS shifted FROM generate_series(1, 5) k \gset
SELECT :'shifted'::digest = (SELECT digest(ROW(k, 17)::as_int) FROM generate_series(1, 2) k)
    + (SELECT digest(ROW(k, '17')::as_text) FROM generate_series(3, 5) k) AS as_each_was;

-- Anonymous rows in rows do not carry the OIDs of their types.
CREATE TYPE mood AS ENUM ('calm');
SELECT row_digest(ROW(ROW('calm'::mood), ARRAY[ROW('calm'::mood)])) AS before \gset
DROP TYPE mood;
CREATE TYPE mood AS ENUM ('calm');
SELECT row_digest(ROW(ROW('calm'::mood), ARRAY[ROW('calm'::mood)]))::text = :'before' AS same;
DROP TYPE mood;

-- A temporary table changes how the server writes the name of a catalog that it hides.
CREATE TABLE naming (r regclass);
INSERT INTO naming VALUES ('pg_catalog.pg_class');
SELECT table_digest('naming') AS before \gset
CREATE TEMP TABLE pg_class ();
SELECT r, table_digest('naming')::text = :'before' AS scanned, row_digest(n)::text = :'before' AS as_row FROM naming n;
SET search_path = '';
SELECT r, custody.table_digest('public.naming')::text = :'before' AS scanned, custody.row_digest(n)::text = :'before' AS as_row
FROM public.naming n;
SET search_path = public, custody;
DROP TABLE pg_temp.pg_class, naming;

-- A few bytes of jsonb that stand for gigabytes: an error, as of every function of the server.
CREATE TABLE digits (j jsonb);
INSERT INTO digits SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 8300);
SELECT table_digest('digits');

DROP TABLE digits;
DROP FUNCTION digests_of_nested(), digests_of_labels(), shift(int);
DROP TYPE outer_type, inner_type, labelled, label, shifting, as_int, as_text;
