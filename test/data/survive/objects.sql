-- Sequences, materialized views, large objects, statistics, publications, foreign tables, settings.

CREATE SCHEMA objects;

CREATE SEQUENCE objects.untouched;
CREATE SEQUENCE objects.with_gap START 100 INCREMENT 3 CACHE 20;
SELECT nextval('objects.with_gap') \g /dev/null
SELECT setval('objects.with_gap', 5000) \g /dev/null
CREATE SEQUENCE objects.not_called START 5;
SELECT setval('objects.not_called', 42, false) \g /dev/null
CREATE SEQUENCE objects.descending AS smallint INCREMENT -2 MAXVALUE 10 MINVALUE -32768 START 10;
SELECT nextval('objects.descending'), nextval('objects.descending') \g /dev/null
CREATE SEQUENCE objects.circular AS integer MINVALUE -3 MAXVALUE 3 START 0 CYCLE;
SELECT nextval('objects.circular') FROM generate_series(1, 6) \g /dev/null
CREATE SEQUENCE objects.used_up MAXVALUE 3;
SELECT setval('objects.used_up', 3) \g /dev/null
CREATE SEQUENCE objects.lowest MINVALUE -9223372036854775808 MAXVALUE 9223372036854775807 START -9223372036854775808;
SELECT nextval('objects.lowest') \g /dev/null
CREATE SEQUENCE objects.shared;
CREATE TABLE objects.sharing (a bigint PRIMARY KEY DEFAULT nextval('objects.shared'),
    b bigint DEFAULT nextval('objects.shared'), owned bigint);
INSERT INTO objects.sharing (owned) VALUES (NULL), (1);
CREATE SEQUENCE objects.owned OWNED BY objects.sharing.owned;
\if :from_15
    CREATE UNLOGGED SEQUENCE objects.unlogged;
    SELECT setval('objects.unlogged', 77) \g /dev/null
\endif
COMMENT ON SEQUENCE objects.with_gap IS 'a sequence''s comment';

CREATE MATERIALIZED VIEW objects.populated WITH (fillfactor = 80) AS SELECT region, count(*) AS n
    FROM parts.by_list GROUP BY region;
CREATE UNIQUE INDEX populated_region ON objects.populated (region);
CREATE MATERIALIZED VIEW objects.empty AS SELECT 1 AS one WITH NO DATA;
CREATE INDEX empty_one ON objects.empty (one);
CREATE MATERIALIZED VIEW objects.a_on_others AS SELECT p.region, v.logs FROM objects.populated p, programs.on_by_key v;
CREATE MATERIALIZED VIEW objects.empty_on_empty AS SELECT * FROM objects.empty WITH NO DATA;
CREATE VIEW objects.over_populated AS SELECT * FROM objects.populated WHERE n > 1;
COMMENT ON MATERIALIZED VIEW objects.populated IS 'a matview''s comment';

SELECT lo_from_bytea(700001, 'a small one'), lo_from_bytea(700002, ''),
    lo_from_bytea(700003, decode(repeat('00ff10', 100000), 'hex')),
       lo_create(700004), lo_from_bytea(4294967295, '\x0001') \g /dev/null
-- Written past its end: the pages in between are not stored, and read as zeros.
SELECT lo_put(700004, 100000, 'behind a hole') \g /dev/null
COMMENT ON LARGE OBJECT 700001 IS 'a large object''s comment';
ALTER LARGE OBJECT 700001 OWNER TO "survive owner";
ALTER LARGE OBJECT 700002 OWNER TO survive_writer;
GRANT SELECT ON LARGE OBJECT 700001 TO survive_reader;
GRANT SELECT, UPDATE ON LARGE OBJECT 700003 TO survive_writer WITH GRANT OPTION;
REVOKE ALL ON LARGE OBJECT 700002 FROM survive_writer;
CREATE TABLE objects.files (id integer PRIMARY KEY, content oid);
INSERT INTO objects.files VALUES (1, 700001), (2, 4294967295), (3, NULL);

CREATE STATISTICS objects.correlated (ndistinct, dependencies, mcv) ON a, b, c FROM shapes.negative_key;
ALTER STATISTICS objects.correlated SET STATISTICS 50;
COMMENT ON STATISTICS objects.correlated IS 'a statistics object''s comment';
\if :from_14
    CREATE STATISTICS objects.of_expression ON lower(t), (n + 1) FROM shapes.fast_default;
\endif

CREATE PUBLICATION survive_all FOR ALL TABLES WITH (publish = 'insert, truncate');
CREATE PUBLICATION "Survive Some" FOR TABLE shapes.settings, ONLY shapes.parent, parts.by_list
    WITH (publish = 'insert', publish_via_partition_root);
CREATE PUBLICATION survive_none;
\if :from_15
    CREATE PUBLICATION survive_filtered FOR TABLE shapes.negative_key (a, b, c) WHERE (a > 0);
    CREATE PUBLICATION survive_schema FOR TABLES IN SCHEMA types, TABLE shapes.uuid_key;
\endif
COMMENT ON PUBLICATION survive_none IS 'a publication''s comment';

CREATE FOREIGN DATA WRAPPER survive_nowhere OPTIONS (debug 'it''s');
CREATE SERVER "Survive Server" TYPE 'none' VERSION '1' FOREIGN DATA WRAPPER survive_nowhere
    OPTIONS (host 'nowhere.invalid');
CREATE USER MAPPING FOR PUBLIC SERVER "Survive Server" OPTIONS (account 'someone');
CREATE FOREIGN TABLE objects.elsewhere (id integer OPTIONS (column_name 'ID') NOT NULL,
    t text DEFAULT 'x') SERVER "Survive Server" OPTIONS (path 'a b');
COMMENT ON FOREIGN TABLE objects.elsewhere IS 'a foreign table''s comment';

COMMENT ON SCHEMA objects IS E'a schema''s comment\nin two lines \\ with "quotes" and $$ and ; --';
COMMENT ON EXTENSION hstore IS 'not the comment it came with';
COMMENT ON TABLE objects.files IS 'DROP TABLE objects.files; --';
SELECT format('COMMENT ON DATABASE %I IS %L', current_database(), 'the database''s own comment') \gexec
SELECT format('ALTER DATABASE %I SET %s', current_database(), setting)
FROM unnest(ARRAY['search_path = programs, "$user", public', 'work_mem = ''7MB''',
    'survive.custom = ''it''''s "custom"''']) AS setting \gexec
SELECT format('ALTER ROLE survive_reader IN DATABASE %I SET statement_timeout = ''90s''', current_database()) \gexec
SELECT format('GRANT TEMPORARY ON DATABASE %I TO survive_reader', current_database()) \gexec
