-- Makes the tables of schema m from suite.change. Columns of a type's table: k and what name the
-- change, v the value, w its neighbour, a an array, d a domain, o a composite in a composite and in
-- its array, r a range, m a multirange.

-- What lies where: the rows of all tables, each with the column whose value changes.
CREATE TABLE suite.place (tab text, k int4, col text, what text, same bool, PRIMARY KEY (tab, k));
-- Types that this server does not have.
CREATE TABLE suite.absent (name text PRIMARY KEY);

CREATE FUNCTION suite.is_there(type text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    IF type = 'xml' THEN
        PERFORM xmlparse(CONTENT '<a/>');
    END IF;
    RETURN to_regtype(type) IS NOT NULL;
EXCEPTION WHEN feature_not_supported THEN -- a server without libxml
    RETURN false;
END $$;

-- SQL of a value of a type.
CREATE FUNCTION suite.value(input text, type text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT format('CAST(%s AS %s)', CASE WHEN input LIKE '=%' THEN format('(%s)', substr(input, 2)) ELSE quote_nullable(input) END, type) $$;

-- The types around a type, and its table: returns the columns that it has.
CREATE FUNCTION suite.make_table(name text, type text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    id oid := to_regtype(type);
    is_array bool := EXISTS (SELECT FROM pg_type WHERE typarray = id);
    has_array bool := NOT is_array AND (SELECT typarray <> 0 FROM pg_type WHERE oid = id);
    is_sorted bool := EXISTS (SELECT FROM pg_opclass WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
                              AND opcdefault AND opcintype = id);
    -- Some domains have a default.
    column_list text := 'k int4 PRIMARY KEY, what text';
    columns text[] := '{v,d,o}';
BEGIN
    EXECUTE format('CREATE DOMAIN m.%I AS %s', 'domain of ' || name, type);
    EXECUTE format('CREATE TYPE m.%I AS (i int4, x %s)', 'row of ' || name, type);
    EXECUTE format('CREATE TYPE m.%I AS (t text, "in" m.%I, list m.%2$I[])', 'nest of ' || name, 'row of ' || name);
    column_list := column_list || format(', v %s DEFAULT NULL, w %1$s DEFAULT NULL, d m.%I DEFAULT NULL, o m.%I', type, 'domain of ' || name, 'nest of ' || name);
    IF has_array THEN
        column_list := column_list || format(', a %s[]', type);
        columns := columns || '{a}'::text[];
    END IF;
    IF is_sorted THEN
        EXECUTE format('CREATE TYPE m.%I AS RANGE (subtype = %s)', 'range of ' || name, format_type(id, NULL));
        EXECUTE format('CREATE TABLE m.%I (v %s, k int4, PRIMARY KEY (v, k))', 'key of ' || name, type);
        column_list := column_list || format(', r m.%I', 'range of ' || name);
        columns := columns || '{r}'::text[];
        IF current_setting('suite.from_14')::bool THEN
            column_list := column_list || format(', m m.%I', 'multirange of ' || name);
            columns := columns || '{m}'::text[];
        END IF;
    END IF;
    EXECUTE format('CREATE TABLE m.%I (%s)', name, column_list);
    RETURN columns;
END $$;

-- SQL of a value as it lies in a column.
CREATE FUNCTION suite.placed(col text, x text, sample text, name text, type text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE col
        WHEN 'v' THEN x
        WHEN 'a' THEN format('ARRAY[%s, NULL, %s]::%s[]', x, sample, type)
        WHEN 'd' THEN format('CAST(%s AS m.%I)', x, 'domain of ' || name)
        WHEN 'o' THEN format('ROW(''o'', ROW(1, %s)::m.%I, ARRAY[ROW(2, %1$s)::m.%2$I, NULL])::m.%I', x, 'row of ' || name, 'nest of ' || name)
        WHEN 'r' THEN format('m.%I(%s, %2$s, ''[]'')', 'range of ' || name, x)
        WHEN 'm' THEN format('m.%I(m.%I(%s, %3$s, ''[]''))', 'multirange of ' || name, 'range of ' || name, x) END $$;

-- One row: `key` and `what` say which, `filled` is SQL of columns and values.
CREATE FUNCTION suite.insert_row(name text, key int4, what text, cols text[], vals text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO m.%I (k, what, %s) VALUES (%s, %L, %s)', name, array_to_string(cols, ', '), key, what,
        array_to_string(vals, ', '));
END $$;

-- What happens to values of any type: one moved to the neighbouring column, two swapped between
-- columns, two swapped between rows.
CREATE FUNCTION suite.insert_moved(name text, key int4, x text, y text, side text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before bool := side = 'before';
    none text := 'NULL';
BEGIN
    PERFORM suite.insert_row(name, -key, 'moved to the next column', '{v,w}', CASE WHEN before THEN ARRAY[x, none] ELSE ARRAY[none, x] END);
    PERFORM suite.insert_row(name, -key - 1, 'swapped with the next column', '{v,w}', CASE WHEN before THEN ARRAY[x, y] ELSE ARRAY[y, x] END);
    PERFORM suite.insert_row(name, -key - 2, 'swapped with the next row', '{v}', CASE WHEN before THEN ARRAY[x] ELSE ARRAY[y] END);
    PERFORM suite.insert_row(name, -key - 3, 'swapped with the row before', '{v}', CASE WHEN before THEN ARRAY[y] ELSE ARRAY[x] END);
    INSERT INTO suite.place VALUES
        (name, -key, 'v,w', 'moved to the next column', false), (name, -key - 1, 'v,w', 'swapped with the next column', false),
        (name, -key - 2, 'v', 'swapped with the next row', false), (name, -key - 3, 'v', 'swapped with the row before', false);
END $$;

CREATE FUNCTION suite.build_type(the_name text, side text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    type text := regexp_replace(the_name, ' \([a-z][a-z0-9 -]*\)$', '');
    columns text[];
    x text;
    sample text;
    c suite.change;
    i int4;
BEGIN
    IF NOT suite.is_there(type) THEN
        INSERT INTO suite.absent VALUES (the_name);
        RETURN;
    END IF;
    columns := suite.make_table(the_name, type);
    SELECT * INTO STRICT c FROM suite.change WHERE name = the_name AND NOT same ORDER BY number LIMIT 1;
    sample := suite.value(coalesce(c.before, c.after), type);
    IF c.before IS NOT NULL OR c.after IS NOT NULL THEN
        PERFORM suite.insert_moved(the_name, c.number * 10, sample,
            suite.value(CASE WHEN c.before IS NULL THEN NULL ELSE c.after END, type), side);
    END IF;
    FOR c IN SELECT * FROM suite.change WHERE name = the_name ORDER BY number LOOP
        FOR i IN 1 .. cardinality(columns) LOOP
            CONTINUE WHEN columns[i] IN ('r', 'm') AND (c.before IS NULL OR c.after IS NULL);
            x := suite.value(CASE side WHEN 'before' THEN c.before ELSE c.after END, type);
            PERFORM suite.insert_row(the_name, c.number * 10 + i, c.what,
                CASE columns[i] WHEN 'v' THEN '{v,w}' ELSE ARRAY['v', columns[i]] END,
                ARRAY[suite.placed('v', CASE columns[i] WHEN 'v' THEN x ELSE sample END, sample, the_name, type),
                      suite.placed(CASE columns[i] WHEN 'v' THEN 'v' ELSE columns[i] END,
                                   CASE columns[i] WHEN 'v' THEN sample ELSE x END, sample, the_name, type)]);
            INSERT INTO suite.place VALUES (the_name, c.number * 10 + i, columns[i], c.what,
                c.same OR (c.before IS NULL AND c.after IS NULL));
        END LOOP;
    END LOOP;
    IF 'r' = ANY (columns) THEN
        EXECUTE format('INSERT INTO m.%I SELECT v, k FROM m.%I WHERE k > 0 AND octet_length(v::text) < 1000', 'key of ' || the_name, the_name);
    END IF;
END $$;

CREATE FUNCTION suite.build(side text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    FOR name IN SELECT c.name FROM suite.change c GROUP BY c.name ORDER BY min(number) LOOP
        PERFORM suite.build_type(name, side);
    END LOOP;
END $$;
