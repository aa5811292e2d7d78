-- Reconcile finds what did not go through the ledger, on both sides, and says what it cannot tell.
-- A database of its own, because a ledger is one's for good.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit_reconcile TEMPLATE template0;
\c regress_audit_reconcile
SET client_min_messages = error;
CREATE EXTENSION custody;
SET client_min_messages = warning;
SELECT custody.init_ledger() IS NOT NULL AS made;
CREATE TABLE patient (id int PRIMARY KEY, name text, ssn text, photo bytea, secret text, twice int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO patient SELECT i, 'n' || i, 's' || i, convert_to(repeat('p', i * 500), 'UTF8'), 'z' FROM generate_series(1, 20) i;
SELECT count(*) > 0 AS recorded FROM custody.audit('patient', hash => '{ssn}', redact => '{secret}', options => '{"large_value": 3000}');
UPDATE patient SET ssn = 'new', secret = 'y' WHERE id = 3;
UPDATE patient SET ssn = NULL WHERE id = 4;
SELECT * FROM custody.reconcile('patient');

CREATE FUNCTION unrecorded(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custody.maintain_ledger('ALTER TABLE patient DISABLE TRIGGER custody_capture');
    EXECUTE statement;
    PERFORM custody.maintain_ledger('ALTER TABLE patient ENABLE ALWAYS TRIGGER custody_capture');
END $$;
SELECT unrecorded($$ UPDATE patient SET name = 'tampered' WHERE id = 5 $$);
SELECT unrecorded($$ UPDATE patient SET ssn = 'tampered' WHERE id = 6 $$);
SELECT unrecorded($$ UPDATE patient SET photo = photo || '!' WHERE id = 20 $$);
SELECT unrecorded($$ UPDATE patient SET secret = 'out of scope' WHERE id = 8 $$);
SELECT unrecorded($$ DELETE FROM patient WHERE id = 9 $$);
SELECT unrecorded($$ INSERT INTO patient VALUES (99, 'smuggled') $$);
SELECT status, problem, key, columns, since IS NOT NULL AS since, detail FROM custody.reconcile('patient') ORDER BY problem = 'summary', key ->> 'id';
SELECT * FROM custody.attest_table('patient');
SELECT unrecorded($$ UPDATE patient SET name = 'n5' WHERE id = 5 $$);
SELECT unrecorded($$ UPDATE patient SET ssn = 's6' WHERE id = 6 $$);
SELECT unrecorded($$ UPDATE patient SET photo = convert_to(repeat('p', 10000), 'UTF8') WHERE id = 20 $$);
SELECT unrecorded($$ DELETE FROM patient WHERE id = 99 $$);
SELECT unrecorded($$ INSERT INTO patient VALUES (9, 'n9', 's9', convert_to(repeat('p', 4500), 'UTF8')) $$);
SELECT status, detail FROM custody.reconcile('patient');

-- Without a key, and where differences do not tell the whole row.
CREATE TABLE log (a int);
INSERT INTO log SELECT generate_series(1, 5);
SELECT count(*) > 0 AS recorded FROM custody.audit('log');
SELECT custody.maintain_ledger('ALTER TABLE log DISABLE TRIGGER custody_capture');
INSERT INTO log VALUES (5), (9), (9);
DELETE FROM log WHERE a = 2;
SELECT custody.maintain_ledger('ALTER TABLE log ENABLE ALWAYS TRIGGER custody_capture');
SELECT status, problem, detail FROM custody.reconcile('log') ORDER BY problem = 'summary', problem, detail;
CREATE TABLE sparse (a int, b text);
INSERT INTO sparse VALUES (1, 'x'), (2, 'y');
SELECT count(*) > 0 AS recorded FROM custody.audit('sparse', hash => '{b}');
SELECT status, problem, detail FROM custody.reconcile('sparse') ORDER BY problem = 'summary';
-- A column whose type has no bytes of its own gives all values, and keys, another form.
CREATE TABLE formed (id int PRIMARY KEY, a text);
INSERT INTO formed VALUES (1, 'x'), (2, 'y');
SELECT count(*) > 0 AS recorded FROM custody.audit('formed');
ALTER TABLE formed ADD COLUMN r regclass;
UPDATE formed SET a = 'z' WHERE id = 1;
SELECT status, detail FROM custody.reconcile('formed');
SELECT op, new FROM custody.history('formed', '1');
ALTER TABLE formed DROP COLUMN r;
SELECT status, detail FROM custody.reconcile('formed');
SELECT custody.unaudit('formed', 'a test') IS NOT NULL AS done;
DROP TABLE formed;
-- What cannot be compared is no success.
CREATE TABLE stranger (a int);
SELECT * FROM custody.reconcile('stranger');
SELECT * FROM custody.attest_table('stranger');
ALTER TABLE log ENABLE ROW LEVEL SECURITY;
ALTER TABLE log FORCE ROW LEVEL SECURITY;
CREATE ROLE regress_reader;
GRANT SELECT ON log TO regress_reader;
SELECT count(*) FROM custody.grant_duty('regress_reader', 'auditor');
SET ROLE regress_reader;
\set VERBOSITY terse
SELECT custody.reconcile('log');
\set VERBOSITY default
RESET ROLE;

-- Coverage.
CREATE TABLE exempted (a int);
INSERT INTO custody.audit_exemption (relation, reason) VALUES ('exempted', 'sessions only');
CREATE TABLE part (a int PRIMARY KEY) PARTITION BY LIST (a);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
SELECT count(*) > 0 AS recorded FROM custody.audit('part');
SELECT relation, state, reason, since IS NOT NULL AS since, version FROM custody.audit_coverage() WHERE relation::text !~ '^custody';
SELECT custody.maintain_ledger('ALTER TABLE part_1 DISABLE TRIGGER custody_capture');
SELECT custody.maintain_ledger('ALTER TABLE log ENABLE TRIGGER custody_capture');
SELECT count(*) > 0 AS done FROM custody.unaudit('patient', 'a test');
SELECT relation, state, reason, since IS NOT NULL AS since, version FROM custody.audit_coverage() WHERE relation::text !~ '^custody';
SELECT count(*) FROM custody.audit_coverage() WHERE state = 'gap';
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
\c :home
DROP DATABASE regress_audit_reconcile;
