-- Tables of every shape: without keys, rows or columns, with dropped and added columns, children, generated values.

CREATE SCHEMA shapes;

CREATE TABLE shapes.no_key (a integer, b text);
INSERT INTO shapes.no_key VALUES (1, 'one'), (1, 'one'), (1, 'one'), (NULL, NULL), (NULL, NULL), (2, '');
CREATE TABLE shapes.no_rows (id integer PRIMARY KEY, t text);
CREATE TABLE shapes.no_columns ();
INSERT INTO shapes.no_columns SELECT FROM generate_series(1, 5);
CREATE TABLE shapes.no_columns_no_rows ();
CREATE TABLE shapes.columns_all_dropped (a integer, b integer);
INSERT INTO shapes.columns_all_dropped VALUES (1, 2), (3, 4), (5, 6);
ALTER TABLE shapes.columns_all_dropped DROP a, DROP b;

CREATE TABLE shapes.dropped_columns (gone1 integer, id integer PRIMARY KEY, gone2 types.mood, kept text,
    gone3 text NOT NULL DEFAULT 'x', last integer);
INSERT INTO shapes.dropped_columns SELECT g, g, 'ok', 'kept ' || g, 'y', -g FROM generate_series(1, 50) AS g;
ALTER TABLE shapes.dropped_columns DROP gone1, DROP gone2, DROP gone3;
ALTER TABLE shapes.dropped_columns ADD later text;
INSERT INTO shapes.dropped_columns VALUES (51, 'new', 0, 'later');

-- The first rows do not store these columns: the catalog answers for them, with the default of that time.
CREATE TABLE shapes.fast_default (id integer PRIMARY KEY);
INSERT INTO shapes.fast_default SELECT g FROM generate_series(1, 10) AS g;
ALTER TABLE shapes.fast_default ADD n integer DEFAULT 42, ADD t text NOT NULL DEFAULT 'it''s "fast" \',
    ADD a integer[] DEFAULT '{1,NULL,3}',
    ADD m types.mood DEFAULT 'meh', ADD r numrange DEFAULT '[1.0,2)',
    ADD at timestamptz DEFAULT '2020-01-01 00:00+00', ADD nil text;
ALTER TABLE shapes.fast_default ALTER n SET DEFAULT 43, ALTER t DROP DEFAULT;
INSERT INTO shapes.fast_default (id, t) VALUES (11, 'slow');
UPDATE shapes.fast_default SET nil = 'touched' WHERE id = 5;

CREATE TABLE shapes.parent (id integer, name text DEFAULT 'parent', CONSTRAINT id_is_positive CHECK (id > 0),
    CONSTRAINT own CHECK (id < 1000) NO INHERIT);
CREATE TABLE shapes.other_parent (extra text, name text);
CREATE TABLE shapes.child (note text, PRIMARY KEY (id)) INHERITS (shapes.parent);
CREATE TABLE shapes.child_of_two (extra text NOT NULL DEFAULT 'mine', own integer) INHERITS (shapes.parent,
    shapes.other_parent);
CREATE TABLE shapes.grandchild () INHERITS (shapes.child);
CREATE TABLE shapes.adopted (note text, name text, gone integer, id integer CONSTRAINT id_is_positive CHECK (id > 0));
ALTER TABLE shapes.adopted DROP gone;
ALTER TABLE shapes.adopted INHERIT shapes.parent;
ALTER TABLE shapes.child ALTER name SET DEFAULT 'child';
INSERT INTO shapes.parent VALUES (1, 'p'), (2, 'p');
INSERT INTO shapes.child (id, note) VALUES (1, 'c'), (3000, 'd');
INSERT INTO shapes.child_of_two VALUES (1, 'both', 'e', 5);
INSERT INTO shapes.grandchild VALUES (7, 'g', 'h');
INSERT INTO shapes.adopted VALUES ('note', 'name', 9);

CREATE TYPE shapes.point_of_sale AS (id integer, place text);
CREATE TABLE shapes.typed OF shapes.point_of_sale (PRIMARY KEY (id), place WITH OPTIONS DEFAULT 'here');
INSERT INTO shapes.typed VALUES (1, DEFAULT), (2, 'there');
CREATE TABLE shapes.row_holder (id integer PRIMARY KEY, whole shapes.no_key, many shapes.typed[]);
INSERT INTO shapes.row_holder VALUES (1, ROW(1, 'x'), ARRAY[ROW(1, 'y')::shapes.typed, NULL]);

CREATE TABLE shapes.negative_key (a integer, b text COLLATE "C", c date, v text, PRIMARY KEY (b, a, c));
INSERT INTO shapes.negative_key SELECT g, chr(65 + abs(g) % 26), '2020-01-01'::date + g, repeat('v', abs(g) % 50)
    FROM generate_series(-2000, 2000) AS g;
INSERT INTO shapes.negative_key VALUES (-2147483648, '', '-infinity', NULL), (2147483647, 'é', 'infinity', '');
CREATE TABLE shapes.sparse_key (id bigint PRIMARY KEY, v integer);
INSERT INTO shapes.sparse_key VALUES (-9223372036854775808, 1), (-1, 2), (0, 3), (9223372036854775807, 4);
CREATE TABLE shapes.uuid_key (id uuid PRIMARY KEY, v integer);
INSERT INTO shapes.uuid_key SELECT md5(g::text)::uuid, g FROM generate_series(1, 500) AS g;

CREATE FUNCTION shapes.doubled(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 * 2; END';
CREATE TABLE shapes.generated (
    full_name text GENERATED ALWAYS AS (first_name || ' ' || upper(last_name)) STORED, first_name text, last_name text,
    id integer GENERATED ALWAYS AS IDENTITY (START WITH -10 INCREMENT BY 5 MINVALUE -10) PRIMARY KEY,
    twice integer GENERATED ALWAYS AS (shapes.doubled(n)) STORED, n integer, j jsonb,
    from_json text GENERATED ALWAYS AS (j ->> 'key') STORED, search tsvector GENERATED ALWAYS
        AS (to_tsvector('english', coalesce(last_name, ''))) STORED);
INSERT INTO shapes.generated (first_name, last_name, n, j) VALUES ('Zoë', 'Ångström', 21, '{"key": "v"}'),
    (NULL, 'x', NULL, NULL), ('a', NULL, -1, '{"key": null}');
CREATE TABLE shapes.all_generated (a integer GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO shapes.all_generated DEFAULT VALUES;
INSERT INTO shapes.all_generated DEFAULT VALUES;

CREATE TABLE shapes.identities (a integer GENERATED ALWAYS AS IDENTITY, b bigint NOT NULL, c smallserial,
    d bigserial, t text);
ALTER TABLE shapes.identities ALTER b ADD
    GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME shapes."Other Name" START 1000 INCREMENT -7 MAXVALUE 1000
    MINVALUE -9000 CYCLE);
INSERT INTO shapes.identities (t) SELECT 'row ' || g FROM generate_series(1, 10) AS g;
INSERT INTO shapes.identities (a, b, t) OVERRIDING SYSTEM VALUE VALUES (500, 5, 'forced'), (-3, -3, 'forced');
DELETE FROM shapes.identities WHERE t IN ('row 3', 'row 10');

CREATE UNLOGGED TABLE shapes.unlogged (id serial PRIMARY KEY, t text);
INSERT INTO shapes.unlogged (t) SELECT 'u' || g FROM generate_series(1, 100) AS g;

CREATE TABLE shapes.settings (id integer CONSTRAINT settings_key PRIMARY KEY, code text NOT NULL, wide text, other text)
    WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false, parallel_workers = 3);
ALTER TABLE shapes.settings ALTER wide SET STORAGE EXTERNAL, ALTER other SET STORAGE MAIN, ALTER code
    SET STATISTICS 500,
    ALTER code SET (n_distinct = -0.5, n_distinct_inherited = 7);
CREATE UNIQUE INDEX settings_code ON shapes.settings (code) WITH (fillfactor = 60);
CREATE INDEX settings_expression ON shapes.settings (lower(code), (length(wide)));
ALTER INDEX shapes.settings_expression ALTER COLUMN 2 SET STATISTICS 300;
ALTER TABLE shapes.settings CLUSTER ON settings_code, REPLICA IDENTITY USING INDEX settings_code;
ALTER TABLE shapes.no_key REPLICA IDENTITY FULL;
ALTER TABLE shapes.no_rows REPLICA IDENTITY NOTHING;
INSERT INTO shapes.settings SELECT g, 'code' || g, repeat(md5(g::text), 200), repeat('z', 5000)
    FROM generate_series(1, 30) AS g;
\if :from_14
    CREATE TABLE shapes.compressed (id integer PRIMARY KEY, t text COMPRESSION pglz);
    INSERT INTO shapes.compressed SELECT g, repeat('abc', 5000) FROM generate_series(1, 5) AS g;
\endif

-- Rows moved, died and left holes: not every block has as many rows as the first.
CREATE TABLE shapes.holes (id integer PRIMARY KEY, t text);
INSERT INTO shapes.holes SELECT g, repeat('h', 200) FROM generate_series(1, 3000) AS g;
DELETE FROM shapes.holes WHERE id BETWEEN 500 AND 2400 OR id % 7 = 0;
UPDATE shapes.holes SET t = t || id WHERE id % 3 = 0;
BEGIN;
INSERT INTO shapes.holes SELECT g, 'rolled back' FROM generate_series(10001, 10500) AS g;
ROLLBACK;
