-- An org column of a domain that takes no NULL, and a derived table with deferrable keys, while the
-- guard refuses.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_subject_app;
CREATE SCHEMA subject;
CREATE DOMAIN subject."Org" AS uuid NOT NULL CHECK (VALUE <> '00000000-0000-0000-0000-000000000000');
CREATE TABLE subject.doc (id int PRIMARY KEY, org_id subject."Org");
CREATE TABLE subject.page (id int PRIMARY KEY, doc_id int NOT NULL REFERENCES subject.doc DEFERRABLE INITIALLY DEFERRED);
INSERT INTO subject.doc SELECT n, md5(n::text)::uuid FROM generate_series(1, 5) n;
INSERT INTO subject.page SELECT n, n FROM generate_series(1, 5) n;
SELECT count(*) > 0 AS protected FROM custody.protect('subject.doc', roles => '{regress_subject_app}', class => 'owned');
SELECT custody.set_guard('refuse');
SELECT code, object FROM custody.check_guard();
ALTER TABLE subject.doc ADD title text;
SELECT action, sql FROM custody.protect('subject.page', roles => '{regress_subject_app}')
 WHERE action IN ('add column', 'check now', 'set default');
SELECT p.org_id = d.org_id AS same, count(*) FROM subject.page p JOIN subject.doc d ON d.id = doc_id GROUP BY 1;
SELECT * FROM custody.check_guard();
SELECT custody.set_guard('off');
SELECT count(*) > 0 AS undone FROM custody.unprotect('subject.page');
SELECT count(*) > 0 AS undone FROM custody.unprotect('subject.doc');
DROP SCHEMA subject CASCADE;
DROP OWNED BY regress_subject_app;
DROP ROLE regress_subject_app;
