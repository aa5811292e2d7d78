-- History, as of, fold and revert where the order of events is not that of transactions or times.
-- A database of its own, because a ledger is one's for good.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit_history TEMPLATE template0;
\c regress_audit_history
SET client_min_messages = error;
CREATE EXTENSION custody;
SET client_min_messages = warning;
SELECT custody.init_ledger() IS NOT NULL AS made;
CREATE SCHEMA clinic;
SET search_path = clinic;
CREATE FUNCTION seen(rel regclass, key jsonb) RETURNS TABLE (op text, k jsonb, old jsonb, new jsonb, org text, pair boolean)
    LANGUAGE sql AS 'SELECT h.op, h.key, h.old, h.new, h.org, h.pair IS NOT NULL FROM custody.history(rel, key) h';

-- A trigger that updates the row again is captured before what fired it.
CREATE TABLE patient (id int PRIMARY KEY, org int, name text, edits int DEFAULT 0, doc json);
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql SET search_path = clinic AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        UPDATE patient SET edits = edits + 1, name = NEW.name || '!' WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_again AFTER UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION again();
INSERT INTO patient VALUES (1, 7, 'ann', 0, '{"a":  1}'), (2, 7, 'bob', 0, 'null'), (3, 8, 'cy', 0, NULL);
SELECT count(*) > 0 AS recorded FROM custody.audit('patient', org_column => 'org');
UPDATE patient SET name = 'anna' WHERE id = 1;
SELECT * FROM seen('patient', '1');
SELECT r."row", r."exists", r.whole FROM custody.row_as_of('patient', '{"id": 1}', clock_timestamp()) r;
SELECT status, detail FROM custody.reconcile('patient');

-- Savepoints, change of key, move to another organization.
BEGIN;
UPDATE patient SET name = 'x' WHERE id = 2;
SAVEPOINT s; DELETE FROM patient; ROLLBACK TO s;
UPDATE patient SET id = 20 WHERE id = 2;
UPDATE patient SET org = 9 WHERE id = 3;
COMMIT;
SELECT * FROM seen('patient', '2');
SELECT * FROM seen('patient', '[20]');
SELECT * FROM seen('patient', '"3"');
SELECT op, key, new FROM custody.changes('patient', org => '9');
SELECT op, key FROM custody.changes('patient', org => '8');
SELECT status, detail FROM custody.reconcile('patient');
SELECT custody.history('patient', '{"id": 1, "name": "x"}');
CREATE TABLE stranger (id int);
SELECT custody.history('stranger', '1');

-- Columns that come, go, are renamed and rewritten.
SELECT clock_timestamp() AS before \gset
ALTER TABLE patient ADD COLUMN ward text DEFAULT 'east';
ALTER TABLE patient RENAME name TO full_name;
DROP TRIGGER a_again ON patient;
UPDATE patient SET full_name = 'anne' WHERE id = 1;
SELECT r."row" FROM custody.row_as_of('patient', '1', :'before') r;
SELECT r."row" FROM custody.row_as_of('patient', '1', clock_timestamp()) r;
SELECT r."row" FROM custody.row_as_of('patient', '3', clock_timestamp()) r;
ALTER TABLE patient DROP COLUMN ward;
ALTER TABLE patient ADD COLUMN ward int;
SELECT r."row" FROM custody.row_as_of('patient', '3', clock_timestamp()) r;
ALTER TABLE patient ALTER id TYPE bigint, ALTER full_name TYPE varchar(9) USING upper(full_name);
UPDATE patient SET ward = 3 WHERE id = 3;
SELECT op FROM custody.history('patient', '3');
SELECT status, detail FROM custody.reconcile('patient');
SELECT key, "row", whole FROM custody.table_as_of('patient', clock_timestamp()) ORDER BY key ->> 'id';
SELECT count(*) FROM custody.table_as_of('patient', '2001-01-01');
TRUNCATE patient;
SELECT count(*) FROM custody.table_as_of('patient', clock_timestamp());
SELECT r."row", r."exists" FROM custody.row_as_of('patient', '3', clock_timestamp()) r;
SELECT status, detail FROM custody.reconcile('patient');

-- Partitions: moves, TRUNCATE, ATTACH and DETACH of a filled one.
CREATE TABLE visit (id int, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE visit_2 (note text, day date NOT NULL, id int NOT NULL, PRIMARY KEY (id, day));
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
SELECT count(*) > 0 AS recorded FROM custody.audit('visit');
INSERT INTO visit SELECT i, '2026-01-01'::date + i, 'n' || i FROM generate_series(1, 40) i;
UPDATE visit SET day = '2026-02-20', note = 'moved' WHERE id = 1;
CREATE TABLE visit_3 (LIKE visit);
INSERT INTO visit_3 VALUES (100, '2026-03-05', 'was there');
ALTER TABLE visit ATTACH PARTITION visit_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
SELECT * FROM seen('visit', '{"id": 1, "day": "2026-02-20"}');
SELECT * FROM seen('visit', '{"id": 1, "day": "2026-01-02"}');
SELECT status, detail FROM custody.reconcile('visit');
SELECT status, detail FROM custody.reconcile('visit_1');
TRUNCATE visit_2;
SELECT status, detail FROM custody.reconcile('visit');

-- Without a key: a multiset.
CREATE TABLE log (a int, b text);
INSERT INTO log SELECT i % 3, 'x' FROM generate_series(1, 10) i;
SELECT count(*) > 0 AS recorded FROM custody.audit('log', options => '{"full_row": true}');
DELETE FROM log WHERE a = 0;
INSERT INTO log VALUES (7, 'z'), (7, 'z');
UPDATE log SET b = 'q' WHERE a = 1;
SELECT status, detail FROM custody.reconcile('log');
SELECT "row", count(*) FROM custody.table_as_of('log', clock_timestamp()) GROUP BY 1 ORDER BY 1;
SELECT custody.history('log', '1');
\c :home
DROP DATABASE regress_audit_history;
