-- The tables of schema m once more in other shapes, a schema for each: same rows, stored otherwise.
-- Read after build.sql; :directory is a folder that the server can write.
CREATE SCHEMA parts;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE VIEW suite.tables AS SELECT oid AS rel, relname::text AS tab FROM pg_class
    WHERE relnamespace = 'm'::regnamespace AND relkind = 'r' AND relname <> 'relation';
CREATE VIEW suite.columns AS SELECT t.*, attnum, attname::text AS col,
        format('%I %s', attname, format_type(atttypid, atttypmod)) AS definition, typstorage <> 'p' AS is_long
    FROM suite.tables t JOIN pg_attribute ON attrelid = rel AND attnum > 0 JOIN pg_type ty ON ty.oid = atttypid;

CREATE FUNCTION suite.definitions(the_tab text, direction int4) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT string_agg(definition, ', ' ORDER BY attnum * direction) FROM suite.columns WHERE tab = the_tab $$;

-- A partition with its columns backwards and one that was dropped.
CREATE FUNCTION suite.odd_part(tab text, root text, number int4, bounds text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE part text := format('parts.%I', root || number || ' ' || tab);
BEGIN
    EXECUTE format('CREATE TABLE %s (gone text, %s)', part, suite.definitions(tab, -1));
    EXECUTE format('ALTER TABLE %s DROP gone', part);
    EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %s %s', root, tab, part, bounds);
END $$;

CREATE FUNCTION suite.make_shape(shape text, tab text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := format('%I.%I', shape, tab);
    straight text := suite.definitions(tab, 1);
BEGIN
    CASE shape
    WHEN 'hash' THEN
        EXECUTE format('CREATE TABLE %s (%s) PARTITION BY HASH (k)', made, straight);
        PERFORM suite.odd_part(tab, shape, i, format('FOR VALUES WITH (MODULUS 3, REMAINDER %s)', i)) FROM generate_series(0, 2) i;
    WHEN 'nested' THEN
        EXECUTE format('CREATE TABLE %s (%s) PARTITION BY LIST ((k %% 2))', made, straight);
        EXECUTE format('CREATE TABLE parts.%I PARTITION OF %s FOR VALUES IN (0) PARTITION BY RANGE (k)', 'even ' || tab, made);
        EXECUTE format('CREATE TABLE parts.%I PARTITION OF parts.%I FOR VALUES FROM (MINVALUE) TO (400)', 'low ' || tab, 'even ' || tab);
        EXECUTE format('CREATE TABLE parts.%I PARTITION OF parts.%I FOR VALUES FROM (400) TO (MAXVALUE)', 'high ' || tab, 'even ' || tab);
        PERFORM suite.odd_part(tab, shape, 1, 'DEFAULT');
    WHEN 'inherited' THEN
        EXECUTE format('CREATE TABLE %s (%s)', made, straight);
        EXECUTE format('CREATE TABLE parts.%I () INHERITS (%s)', 'heir of ' || tab, made);
    WHEN 'backwards' THEN
        EXECUTE format('CREATE TABLE %s (gone int8, %s, gone_too text)', made, suite.definitions(tab, -1));
    WHEN 'unlogged' THEN EXECUTE format('CREATE UNLOGGED TABLE %s (%s)', made, straight);
    WHEN 'other_am' THEN EXECUTE format('CREATE TABLE %s (%s) USING heap2', made, straight);
    ELSE
        EXECUTE format('CREATE TABLE %s (%s)', made, straight);
        IF shape IN ('external', 'main', 'lz4')
            AND EXISTS (SELECT FROM suite.columns c WHERE c.tab = make_shape.tab AND is_long) THEN
            EXECUTE (SELECT format('ALTER TABLE %s %s', made, string_agg(format('ALTER %I SET %s', col,
                CASE shape WHEN 'lz4' THEN 'COMPRESSION lz4' ELSE 'STORAGE ' || shape END), ', ')) FROM suite.columns c
                WHERE c.tab = make_shape.tab AND is_long);
        END IF;
    END CASE;
END $$;

-- Rows by way of a file, so that no value keeps the way in which it was stored; COPY BINARY where
-- the types can.
CREATE FUNCTION suite.carry(shape text, tab text, directory text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    list text := (SELECT string_agg(quote_ident(col), ', ' ORDER BY col) FROM suite.columns c WHERE c.tab = carry.tab);
    filler text := CASE shape WHEN 'inherited' THEN format('parts.%I', 'heir of ' || tab) ELSE format('%I.%I', shape, tab) END;
    chosen text := CASE WHEN shape = 'binary' AND custody.wire_form(format('m.%I', tab)::regclass,
        (SELECT array_agg(col) FROM suite.columns c WHERE c.tab = carry.tab)) = 'binary' THEN 'binary' ELSE 'text' END;
BEGIN
    EXECUTE format('COPY m.%I (%s) TO %L (FORMAT %s)', tab, list, directory || '/carried', chosen);
    EXECUTE format('COPY %s (%s) FROM %L (FORMAT %s)', filler, list, directory || '/carried', chosen);
    IF shape = 'inherited' THEN
        EXECUTE format('INSERT INTO inherited.%I SELECT * FROM ONLY parts.%I WHERE k %% 2 = 0', tab, 'heir of ' || tab);
        EXECUTE format('DELETE FROM ONLY parts.%I WHERE k %% 2 = 0', 'heir of ' || tab);
    ELSIF shape = 'backwards' THEN
        EXECUTE format('ALTER TABLE %s DROP gone, DROP gone_too', filler);
    END IF;
END $$;

-- Values that no input function takes stay where they are.
CREATE FUNCTION suite.shape_all(shape text, directory text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE tab text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', shape);
    FOR tab IN SELECT t.tab FROM suite.tables t WHERE t.tab NOT LIKE '%(server-made)' ORDER BY t.tab LOOP
        PERFORM suite.make_shape(shape, tab);
        PERFORM suite.carry(shape, tab, directory);
    END LOOP;
END $$;

-- One row of each type, its values in columns that were added with a default, and written.
CREATE FUNCTION suite.add_defaults() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t text;
    values_of jsonb;
BEGIN
    CREATE SCHEMA fast;
    CREATE SCHEMA slow;
    FOR t IN SELECT tab FROM suite.tables WHERE tab NOT LIKE 'key of %' AND tab NOT LIKE '%(server-made)'
        AND tab <> 'regrole' ORDER BY tab LOOP -- the server takes no default of this type
        EXECUTE format('CREATE TABLE slow.%I AS SELECT ', t) || (SELECT string_agg(format(
            '(SELECT %I FROM m.%I WHERE %1$I IS NOT NULL AND k > 0 ORDER BY k LIMIT 1) AS %1$I', col, t), ', ' ORDER BY attnum)
            FROM suite.columns c WHERE c.tab = t);
        EXECUTE format('CREATE TABLE fast.%I AS SELECT k FROM slow.%1$I', t);
        EXECUTE format('SELECT jsonb_object_agg(key, value) FROM slow.%I s, LATERAL (SELECT c.col AS key, suite.text_of(%2$L, c.col) AS value
            FROM suite.columns c WHERE c.tab = %2$L) v', t, t) INTO values_of;
        EXECUTE format('ALTER TABLE fast.%I ', t) || (SELECT string_agg(format('ADD %s DEFAULT %L', definition, values_of ->> col), ', '
            ORDER BY attnum) FROM suite.columns c WHERE c.tab = t AND col <> 'k');
    END LOOP;
END $$;
CREATE FUNCTION suite.text_of(tab text, col text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT %I::text FROM slow.%I', col, tab) INTO result;
    RETURN result;
END $$;
