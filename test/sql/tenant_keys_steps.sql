-- Names that meet, a foreign key that is not valid, and one whose operator is not the server's.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_keys_app;
CREATE SCHEMA keyed;
SET search_path = keyed;
CREATE TABLE a (id int PRIMARY KEY, org_id bigint NOT NULL, n numeric, m numeric);
CREATE INDEX x ON a (n);
CREATE INDEX a_x ON a (m);
CREATE TABLE p (id int PRIMARY KEY, org_id bigint NOT NULL, a int, b int, a_b int, UNIQUE (a, b), UNIQUE (a_b));
CREATE TABLE c (id int PRIMARY KEY, org_id bigint NOT NULL, a int, b int, a_b int REFERENCES p (a_b), FOREIGN KEY (a, b) REFERENCES p (a, b));
CREATE TABLE d (id int PRIMARY KEY, org_id bigint NOT NULL, p_id int, q int);
INSERT INTO d VALUES (1, 1, 99, 99), (2, 1, NULL, 99);
ALTER TABLE d ADD CONSTRAINT late FOREIGN KEY (p_id) REFERENCES p NOT VALID;
SELECT note FROM custody.protect_schema('keyed', roles => '{regress_keys_app}', composite_keys => true, dry_run => true,
    classes => '{"a": "owned", "p": "owned", "c": "owned", "d": "owned"}') WHERE action = 'stop';
DELETE FROM d WHERE p_id = 99;
SELECT count(*) > 0 AS protected FROM custody.protect_schema('keyed', roles => '{regress_keys_app}', composite_keys => true,
    classes => '{"a": "owned", "p": "owned", "c": "owned", "d": "owned"}');
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
 WHERE indexrelid::regclass::text ~ 'custody' AND indrelid IN ('a'::regclass, 'p'::regclass) ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'keyed'::regnamespace AND contype = 'f' ORDER BY conrelid::regclass::text, conname;
SELECT count(*) FROM custody.protect_schema('keyed', composite_keys => true) WHERE sql IS NOT NULL;
CREATE EXTENSION citext SCHEMA public;
CREATE TABLE tag (name public.citext PRIMARY KEY, org_id bigint NOT NULL);
CREATE TABLE tagged (id int PRIMARY KEY, tag public.citext NOT NULL REFERENCES tag);
INSERT INTO tag VALUES ('Red', 1), ('blue', 2);
INSERT INTO tagged VALUES (1, 'red'), (2, 'BLUE');
SELECT count(*) > 0 AS protected FROM custody.protect('tag', roles => '{regress_keys_app}', class => 'owned');
SELECT count(*) > 0 AS protected FROM custody.protect('tagged', roles => '{regress_keys_app}');
SELECT * FROM tagged ORDER BY id;
SELECT count(*) > 0 AS undone FROM unnest('{tagged,tag}'::regclass[]) t, custody.unprotect(t);
DROP TABLE tagged, tag;
DROP EXTENSION citext;
SELECT count(*) > 0 AS undone FROM unnest('{c,d,a,p}'::regclass[]) t, custody.unprotect(t);
SELECT count(*) FROM pg_class WHERE relnamespace = 'keyed'::regnamespace AND relname ~ 'custody';
RESET search_path;
DROP SCHEMA keyed CASCADE;
DROP OWNED BY regress_keys_app;
DROP ROLE regress_keys_app;
