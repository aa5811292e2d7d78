-- Tables that have their organization from a parent: orphans, parents that disagree, keys that carry it.
\set SHOW_CONTEXT never
\set a '''aaaaaaaa-0000-0000-0000-000000000001'''
\set b '''bbbbbbbb-0000-0000-0000-000000000002'''
CREATE ROLE kin_app;
CREATE SCHEMA kin;
GRANT USAGE ON SCHEMA kin TO kin_app;
SET search_path = kin;
CREATE TABLE orgs (id uuid PRIMARY KEY, parent uuid REFERENCES orgs);
CREATE TABLE projects (id int PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, partner uuid REFERENCES orgs, lead int);
CREATE TABLE people (org_id uuid NOT NULL REFERENCES orgs, id int PRIMARY KEY, boss int REFERENCES people ON DELETE SET NULL);
CREATE TABLE tasks (id int PRIMARY KEY, project int NOT NULL REFERENCES projects ON DELETE CASCADE ON UPDATE CASCADE, person int REFERENCES people ON DELETE SET NULL DEFERRABLE);
CREATE TABLE hours (task int REFERENCES tasks, day date, PRIMARY KEY (task, day));
CREATE TABLE logs (id int, org_id uuid NOT NULL, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE logs_0 PARTITION OF logs FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE days (id int PRIMARY KEY, org_id text NOT NULL, log int REFERENCES logs);
CREATE TABLE old_days (closed bool) INHERITS (days);
CREATE TABLE shifts (id int PRIMARY KEY, org_id text NOT NULL, day int REFERENCES days);
CREATE TABLE old_shifts (closed bool) INHERITS (shifts);
CREATE TABLE log_texts (log int NOT NULL REFERENCES logs, org_id uuid NOT NULL);
ALTER TABLE projects ADD FOREIGN KEY (lead) REFERENCES people ON UPDATE SET NULL;
INSERT INTO orgs VALUES (:a, NULL), (:b, :a);
INSERT INTO people VALUES (:a, 1, NULL), (:a, 2, 1), (:b, 3, NULL);
INSERT INTO projects VALUES (1, :a, :b, 1), (2, :b, NULL, 3);
INSERT INTO tasks VALUES (1, 1, 1), (2, 2, NULL), (3, 2, 3);
INSERT INTO hours VALUES (1, '2026-01-01'), (3, '2026-01-01');
RESET search_path;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kin TO kin_app;

-- Two columns could be the organization's: the column that is named so wins, else it has to be said.
SELECT relation, class, org_column, parent, foreign_key, note FROM custody.classify_schema('kin');
SELECT relation, class, note FROM custody.classify_schema('kin', 'tenant_id') WHERE relation IN ('kin.orgs'::regclass, 'kin.days'::regclass);
SELECT DISTINCT relation, class, note FROM custody.protect_schema('kin', 'tenant_id', '{kin_app}', classes => '{"orgs": "root"}', dry_run => true) WHERE relation IS NOT NULL ORDER BY 1;
SELECT action, note FROM custody.protect('kin.projects', 'partner', '{kin_app}', class => 'owned', dry_run => true);
-- A grandchild before its parent.
SELECT action, note FROM custody.protect('kin.hours', roles => '{kin_app}', dry_run => true);

-- Parents that disagree, rows without one, references across: each stops all, and nothing is changed.
UPDATE kin.tasks SET person = 3 WHERE id = 1;
SELECT action, note FROM custody.protect_schema('kin', roles => '{kin_app}', dry_run => true) WHERE action = 'stop';
SELECT count(*) FROM custody.protect_schema('kin', roles => '{kin_app}');
UPDATE kin.tasks SET person = 1 WHERE id = 1;
SET session_replication_role = replica;
INSERT INTO kin.tasks VALUES (9, 99);
INSERT INTO kin.hours VALUES (9, '2026-01-01'), (98, '2026-01-01');
UPDATE kin.people SET boss = 3 WHERE id = 2;
RESET session_replication_role;
SELECT action, note FROM custody.protect_schema('kin', roles => '{kin_app}', composite_keys => true, dry_run => true) WHERE action = 'stop';
DELETE FROM kin.hours WHERE task > 3;
DELETE FROM kin.tasks WHERE id = 9;
UPDATE kin.people SET boss = 1 WHERE id = 2;
ALTER TABLE kin.people ALTER org_id DROP NOT NULL;
INSERT INTO kin.people VALUES (NULL, 4);
SELECT count(*) FROM custody.protect_schema('kin', roles => '{kin_app}');
DELETE FROM kin.people WHERE id = 4;
SELECT count(*) FROM custody.protection;

SELECT action, note FROM custody.protect_schema('kin', roles => '{kin_app}', composite_keys => true, dry_run => true) WHERE action = 'note';
SELECT count(*) > 0 AS steps FROM custody.protect_schema('kin', roles => '{kin_app}', composite_keys => true);
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
 WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'kin'::regnamespace AND cardinality(conkey) > 1 ORDER BY conrelid::regclass::text, conname;
SELECT count(*) FROM custody.protect_schema('kin', composite_keys => true) WHERE sql IS NOT NULL;
SELECT id, org_id FROM kin.tasks ORDER BY id;
SELECT task, org_id FROM kin.hours ORDER BY task;

BEGIN;
SELECT custody.set_context(:a::uuid, 'ann');
SET LOCAL ROLE kin_app;
SAVEPOINT s;
INSERT INTO kin.tasks VALUES (10, 2);
ROLLBACK TO s;
INSERT INTO kin.tasks VALUES (10, 1, 3);
ROLLBACK TO s;
INSERT INTO kin.hours VALUES (3, '2026-02-02');
ROLLBACK TO s;
INSERT INTO kin.tasks VALUES (10, 1, 2);
INSERT INTO kin.hours VALUES (10, '2026-02-02');
-- The actions of the keys beside: the person goes, the organization stays; the project takes its tasks along.
UPDATE kin.people SET boss = NULL;
DELETE FROM kin.people WHERE id = 2;
SELECT * FROM kin.tasks WHERE id = 10;
UPDATE kin.projects SET id = 11 WHERE id = 1;
SELECT project, org_id FROM kin.tasks WHERE id = 10;
DELETE FROM kin.hours;
DELETE FROM kin.projects;
SELECT count(*) FROM kin.tasks;
RESET ROLE;
SELECT id, org_id FROM kin.tasks;
ROLLBACK;

-- Back-fill by the procedure: transactions of its own, only what is missing, again and again.
SELECT count(*) > 0 AS steps FROM unnest('{hours,tasks}'::text[]) t CROSS JOIN LATERAL custody.unprotect(('kin.' || t)::regclass);
ALTER TABLE kin.hours ADD org_id uuid;
ALTER TABLE kin.tasks ADD org_id uuid;
INSERT INTO kin.tasks SELECT g, 1 + g % 2 FROM generate_series(100, 1099) g;
CREATE TABLE kin.xids (xid xid8);
CREATE FUNCTION kin.note_xid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kin.xids SELECT pg_current_xact_id(); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER UPDATE ON kin.tasks FOR EACH STATEMENT EXECUTE FUNCTION kin.note_xid();
CALL custody.backfill_org('kin.tasks', 50, foreign_key => 'tasks_project_fkey');
SELECT count(DISTINCT xid) > 3 AS several FROM kin.xids;
SELECT org_id, count(*) FROM kin.tasks GROUP BY 1 ORDER BY 1;
CALL custody.backfill_org('kin.tasks', 200, foreign_key => 'tasks_project_fkey');
CALL custody.backfill_org('kin.hours', foreign_key => 'hours_task_fkey');
CALL custody.backfill_org('kin.tasks', foreign_key => 'no_such');
CALL custody.backfill_org('kin.tasks', 0, foreign_key => 'tasks_project_fkey');
BEGIN;
UPDATE kin.tasks SET org_id = NULL WHERE id = 1;
CALL custody.backfill_org('kin.tasks', foreign_key => 'tasks_project_fkey');
ROLLBACK;
-- Where row security would hide rows from it, it does not go by what it sees.
CREATE ROLE kin_owner;
ALTER TABLE kin.tasks OWNER TO kin_owner;
ALTER TABLE kin.projects OWNER TO kin_owner;
GRANT USAGE ON SCHEMA kin TO kin_owner;
SELECT custody.grant_duty('kin_owner', 'admin');
SET ROLE kin_owner;
CALL custody.backfill_org('kin.tasks', foreign_key => 'tasks_project_fkey');
RESET ROLE;

SET client_min_messages = warning;
SELECT count(*) > 0 AS steps FROM unnest('{people,projects,log_texts,shifts,days,logs,orgs}'::text[]) t
 CROSS JOIN LATERAL custody.unprotect(('kin.' || t)::regclass);
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'kin'::regnamespace ORDER BY conrelid::regclass::text, conname;
DROP SCHEMA kin CASCADE;
DROP OWNED BY kin_owner;
DROP ROLE kin_app, kin_owner;
