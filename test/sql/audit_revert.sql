-- What a transaction did is taken back by statements that lose nothing, or not at all.
-- A database of its own, because a ledger is one's for good.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit_revert TEMPLATE template0;
\c regress_audit_revert
SET client_min_messages = error;
CREATE EXTENSION custody;
SET client_min_messages = warning;
SELECT custody.init_ledger() IS NOT NULL AS made;
CREATE TABLE patient (id int PRIMARY KEY, name text, doc json, n numeric(10,2), twice int GENERATED ALWAYS AS (id * 2) STORED,
    iv interval, arr int[], tz timestamptz, secret text, always_id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO notes VALUES (TG_OP); RETURN NULL; END $$;
CREATE SCHEMA app;
CREATE TABLE app.notes (op text);
INSERT INTO patient (id, name, doc, n, iv, arr, tz, secret)
SELECT i, 'n' || i, '{"a":  1}', 1.5, '-1 day 2 hours', '[2:3]={1,2}', '2026-01-01 12:00+03', 's' FROM generate_series(1, 5) i;
SELECT count(*) > 0 AS recorded FROM custody.audit('patient', redact => '{secret}');
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON patient FOR EACH ROW EXECUTE FUNCTION noted();
SET search_path = public, app;
BEGIN;
SELECT pg_current_xact_id() AS x \gset
UPDATE patient SET name = 'x', doc = '{"b":   2}' WHERE id = 1;
UPDATE patient SET name = 'y' WHERE id = 1;
INSERT INTO patient (id, name) VALUES (9, 'new');
UPDATE patient SET id = 20 WHERE id = 3;
SAVEPOINT a; DELETE FROM patient WHERE id = 4; ROLLBACK TO a;
COMMIT;
SELECT * FROM custody.revert(:'x');
-- Another column may change; those that the transaction changed may not.
UPDATE patient SET n = 9 WHERE id = 1;
SELECT op, key, conflict FROM custody.revert(:'x') WHERE conflict IS NOT NULL;
UPDATE patient SET doc = '1' WHERE id = 1;
UPDATE patient SET name = 'z' WHERE id = 9;
SELECT op, key, conflict FROM custody.revert(:'x') WHERE conflict IS NOT NULL;
SELECT * FROM custody.revert(:'x', dry_run => false);
DELETE FROM patient WHERE id IN (9, 20);
SELECT op, key, conflict FROM custody.revert(:'x') WHERE conflict IS NOT NULL;
UPDATE patient SET doc = '{"b":   2}' WHERE id = 1;
INSERT INTO patient (id, name, always_id) OVERRIDING SYSTEM VALUE VALUES (9, 'new', 6);
INSERT INTO patient (id, name, doc, n, iv, arr, tz, always_id) OVERRIDING SYSTEM VALUE
    VALUES (20, 'n3', '{"a":  1}', 1.5, '-1 day 2 hours', '[2:3]={1,2}', '2026-01-01 12:00+03', 3);
SET timezone = 'Asia/Tokyo'; SET intervalstyle = sql_standard; SET datestyle = German;
SELECT number, op, conflict FROM custody.revert(:'x', dry_run => false);
RESET timezone; RESET intervalstyle; RESET datestyle;
SELECT id, name, doc, n, twice, iv, arr, always_id FROM patient ORDER BY id;
SELECT count(*) > 5 AS triggers_found_their_tables FROM app.notes;
SELECT status, detail FROM custody.reconcile('patient');
-- What was not recorded cannot come back; one event; what there is not.
BEGIN;
SELECT pg_current_xact_id() AS x \gset
DELETE FROM patient WHERE id = 5;
UPDATE patient SET name = 'later' WHERE id = 4;
COMMIT;
SELECT op, key, conflict FROM custody.revert(:'x');
SELECT op, statement FROM custody.revert(:'x', 2, dry_run => false);
SELECT name FROM patient WHERE id = 4;
SELECT custody.revert('1');
-- With the caller's rights.
CREATE ROLE regress_clerk;
SELECT count(*) FROM custody.grant_duty('regress_clerk', 'auditor');
GRANT SELECT ON patient TO regress_clerk;
BEGIN; SELECT pg_current_xact_id() AS x \gset
UPDATE patient SET name = 'mine' WHERE id = 4; COMMIT;
SET ROLE regress_clerk;
\set VERBOSITY terse
SELECT op, conflict FROM custody.revert(:'x');
SELECT op FROM custody.revert(:'x', dry_run => false);
RESET ROLE;
DROP OWNED BY regress_clerk;
DROP ROLE regress_clerk;
-- Every type of the vectors is covered by audit_image; here through a deleted row of each kind of literal.
CREATE TYPE mood AS ENUM ('it''s', 'b"d');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE odd (id int PRIMARY KEY, m mood, p pair, ps pair[], r int4range, c "char", b bytea, bt bit(3), x xml, j jsonb, reg regclass, f float8);
INSERT INTO odd VALUES (1, 'it''s', (1, 'a"\'), ARRAY[(1, NULL)::pair, NULL], '[1,5)', 'q', '\x00ff', '101', '<a>''</a>', '{"a": "\\"}', 'pg_class', 'NaN'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT count(*) > 0 AS recorded FROM custody.audit('odd');
CREATE TABLE odd_before AS TABLE odd;
BEGIN; SELECT pg_current_xact_id() AS x \gset
DELETE FROM odd; COMMIT;
SELECT number, conflict FROM custody.revert(:'x', dry_run => false);
SELECT count(*) AS same FROM odd JOIN odd_before ON odd::text = odd_before::text;
\c :home
DROP DATABASE regress_audit_revert;
