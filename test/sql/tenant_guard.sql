-- The guard: what DDL and GRANTs may not do to protected tables, what they may, and who passes.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_guard_owner;
CREATE ROLE regress_guard_app;
CREATE ROLE regress_guard_second;
CREATE ROLE regress_guard_login LOGIN IN ROLE regress_guard_app;
CREATE ROLE regress_guard_migrator LOGIN SUPERUSER;
CREATE SCHEMA guarded AUTHORIZATION regress_guard_owner;
GRANT USAGE ON SCHEMA guarded, custody TO regress_guard_app;
SET ROLE regress_guard_owner;
CREATE TABLE guarded.doc (
    id int PRIMARY KEY,
    org_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
CREATE TABLE guarded.event (id int, org_id uuid NOT NULL, day int NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE guarded.event_1 PARTITION OF guarded.event FOR VALUES FROM (0) TO (10);
RESET ROLE;
ALTER TABLE guarded.doc ALTER org_id DROP DEFAULT;
GRANT SELECT, INSERT, UPDATE, DELETE ON guarded.doc, guarded.event TO regress_guard_app;
SELECT count(*) > 0 AS protected FROM custody.protect('guarded.doc', 'org_id', '{regress_guard_app}', 'owned');
SELECT count(*) > 0 AS protected FROM custody.protect('guarded.event', 'org_id', '{regress_guard_app}', 'owned');
-- Only the floor stands between the role and all rows.
CREATE POLICY legacy ON guarded.doc TO regress_guard_app USING (true);

SELECT code, seen FROM custody.check_guard();
SELECT custody.set_guard('sometimes');
SELECT custody.set_guard(NULL);
SET ROLE regress_guard_owner;
SELECT custody.set_guard('off');
RESET ROLE;
SELECT custody.set_guard('refuse');
SELECT evtname, evtenabled FROM pg_event_trigger ORDER BY 1;
SELECT * FROM custody.check_guard();
-- An auditor may look, and only that.
CREATE ROLE regress_guard_auditor;
SELECT custody.grant_duty('regress_guard_auditor', 'auditor');
SET ROLE regress_guard_auditor;
SELECT (SELECT count(*) FROM custody.lint()) = (SELECT count(*) FROM custody.lint_findings) AS looks;
SELECT * FROM custody.check_guard();
SELECT count(*) > 0 AS judged FROM custody.judge_policies(costs => false);
SELECT count(*) FROM custody.find_references('no such text');
SELECT custody.set_guard('off');
DELETE FROM custody.exemption;
RESET ROLE;

-- What would undo isolation is refused before it commits.
CREATE TABLE guarded.new (a int);
CREATE FOREIGN DATA WRAPPER regress_guard_wrapper;
CREATE SERVER regress_guard_server FOREIGN DATA WRAPPER regress_guard_wrapper;
CREATE FOREIGN TABLE guarded.far (a int) SERVER regress_guard_server;
DROP FOREIGN DATA WRAPPER regress_guard_wrapper CASCADE;
SELECT 1 AS a INTO guarded.new;
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
ALTER TABLE guarded.doc NO FORCE ROW LEVEL SECURITY;
DROP POLICY custody_floor ON guarded.doc;
ALTER POLICY custody_floor ON guarded.doc USING (true);
ALTER POLICY custody_floor ON guarded.doc USING (org_id = custody.current_org_uuid() OR id < 0);
ALTER POLICY custody_floor ON guarded.doc TO regress_guard_owner;
ALTER POLICY custody_floor ON guarded.doc WITH CHECK (true);
BEGIN;
ALTER POLICY custody_select ON guarded.event_1 USING (true);
DROP POLICY custody_floor ON guarded.event_1;
COMMIT;
ALTER TABLE guarded.doc OWNER TO regress_guard_app;
ALTER TABLE guarded.doc ALTER org_id DROP NOT NULL;
ALTER TABLE guarded.doc ALTER org_id SET DEFAULT gen_random_uuid();
ALTER TABLE guarded.doc RENAME org_id TO tenant;
ALTER TABLE guarded.doc DROP org_id CASCADE;
GRANT TRUNCATE ON guarded.doc TO regress_guard_app;
GRANT TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA guarded TO PUBLIC;
GRANT TRUNCATE ON guarded.doc TO regress_guard_login;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_guard_owner IN SCHEMA guarded GRANT ALL ON TABLES TO regress_guard_app;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_guard_owner GRANT TRUNCATE ON TABLES TO PUBLIC;
GRANT EXECUTE ON FUNCTION custody.set_context(uuid, text, text, timestamptz, jsonb, boolean) TO regress_guard_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA custody TO PUBLIC;
\set VERBOSITY terse
-- Organizations that a collation or a type would make one.
CREATE COLLATION public.regress_guard_loose (provider = icu, locale = 'und', deterministic = false);
BEGIN;
CREATE TABLE guarded.loose (org text COLLATE public.regress_guard_loose NOT NULL);
ALTER TABLE guarded.loose ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES ('guarded.loose', 'owned', 'org', '{regress_guard_app}');
\set VERBOSITY default
COMMIT;
\set VERBOSITY terse
DROP COLLATION public.regress_guard_loose;
-- Partitions: reached directly, attached, detached.
CREATE TABLE guarded.event_2 PARTITION OF guarded.event FOR VALUES FROM (10) TO (20);
GRANT SELECT ON guarded.event_2 TO regress_guard_app;
GRANT INSERT ON guarded.event_2 TO PUBLIC;
ALTER TABLE guarded.event DETACH PARTITION guarded.event_2;
ALTER TABLE guarded.event DETACH PARTITION guarded.event_2 CONCURRENTLY;
SELECT relispartition, inhdetachpending FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE oid = 'guarded.event_2'::regclass;
ALTER TABLE guarded.event DETACH PARTITION guarded.event_2 FINALIZE;
BEGIN;
ALTER TABLE guarded.event DETACH PARTITION guarded.event_2 FINALIZE;
DROP TABLE guarded.event_2;
COMMIT;
CREATE TABLE guarded.event_2 PARTITION OF guarded.event FOR VALUES FROM (10) TO (20);
BEGIN;
CREATE TABLE public.regress_guard_part (id int, org_id uuid NOT NULL, day int NOT NULL);
GRANT SELECT ON public.regress_guard_part TO regress_guard_app;
ALTER TABLE guarded.event ATTACH PARTITION public.regress_guard_part FOR VALUES FROM (20) TO (30);
COMMIT;
-- Views, of views, too, and with another owner; materialized views.
CREATE VIEW public.regress_guard_view AS SELECT * FROM guarded.doc;
GRANT SELECT ON public.regress_guard_view TO regress_guard_app;
CREATE VIEW public.regress_guard_view2 WITH (security_invoker = true) AS SELECT * FROM public.regress_guard_view;
GRANT SELECT (id) ON public.regress_guard_view2 TO regress_guard_login;
GRANT SELECT (id) ON public.regress_guard_view TO regress_guard_login;
ALTER VIEW public.regress_guard_view2 SET (security_invoker = off);
ALTER VIEW public.regress_guard_view SET (security_invoker = on);
GRANT SELECT ON public.regress_guard_view TO regress_guard_app;
ALTER VIEW public.regress_guard_view RESET (security_invoker);
DROP VIEW public.regress_guard_view CASCADE;
CREATE MATERIALIZED VIEW public.regress_guard_matview AS SELECT 1 AS one FROM guarded.doc;
GRANT SELECT ON public.regress_guard_matview TO PUBLIC;
-- A view whose owner is bound, but by other policies.
CREATE ROLE regress_guard_wide;
GRANT USAGE, CREATE ON SCHEMA guarded TO regress_guard_wide;
GRANT SELECT ON guarded.event TO regress_guard_wide;
CREATE POLICY wide ON guarded.event TO regress_guard_wide USING (true);
SET ROLE regress_guard_wide;
CREATE VIEW guarded.wide AS SELECT * FROM guarded.event;
GRANT SELECT ON guarded.wide TO regress_guard_app;
RESET ROLE;
BEGIN;
SELECT custody.set_guard('report');
GRANT SELECT ON guarded.wide TO regress_guard_app;
SELECT code, object, seen FROM custody.check_guard();
ROLLBACK;
DROP OWNED BY regress_guard_wide CASCADE;
DROP ROLE regress_guard_wide;
-- Functions with their owner's rights.
CREATE FUNCTION guarded.leak() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM guarded.doc';
CREATE FUNCTION guarded.leak() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM guarded.doc';
ALTER FUNCTION guarded.leak() SECURITY DEFINER;
BEGIN;
REVOKE EXECUTE ON FUNCTION guarded.leak() FROM PUBLIC;
ALTER FUNCTION guarded.leak() SECURITY DEFINER;
COMMIT;
GRANT EXECUTE ON FUNCTION guarded.leak() TO regress_guard_login;
DROP FUNCTION guarded.leak();

-- Nor what leads there from elsewhere: parents, triggers, rules, operators on functions of a closed schema.
CREATE SCHEMA regress_guard_other;
GRANT USAGE ON SCHEMA regress_guard_other TO regress_guard_app;
CREATE TABLE regress_guard_other.parent (id int, org_id uuid);
CREATE TABLE regress_guard_other.plain (id int);
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA regress_guard_other TO regress_guard_app;
ALTER TABLE guarded.doc INHERIT regress_guard_other.parent;
CREATE RULE clear AS ON INSERT TO regress_guard_other.plain DO ALSO DELETE FROM guarded.doc;
CREATE FUNCTION regress_guard_other.clear() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN DELETE FROM guarded.doc; RETURN NEW; END';
CREATE TRIGGER clear BEFORE INSERT ON regress_guard_other.plain
    FOR EACH ROW EXECUTE FUNCTION regress_guard_other.clear();
ALTER FUNCTION regress_guard_other.clear() SECURITY DEFINER;
REVOKE INSERT ON regress_guard_other.plain FROM regress_guard_app;
ALTER FUNCTION regress_guard_other.clear() SECURITY DEFINER;
GRANT INSERT ON regress_guard_other.plain TO regress_guard_app;
CREATE SCHEMA regress_guard_closed;
CREATE FUNCTION regress_guard_closed.count(int, int) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
    'SELECT count(*) FROM guarded.doc';
CREATE OPERATOR regress_guard_other.### (LEFTARG = int, RIGHTARG = int, FUNCTION = regress_guard_closed.count);
SELECT code, object FROM custody.check_guard();
DROP SCHEMA regress_guard_other, regress_guard_closed CASCADE;

-- What harms nothing passes.
ALTER TABLE guarded.doc ADD title text;
CREATE INDEX ON guarded.doc (org_id, title);
CREATE INDEX CONCURRENTLY ON guarded.doc (title);
CREATE POLICY wide ON guarded.doc FOR SELECT TO regress_guard_app USING (true);
DROP POLICY wide ON guarded.doc;
-- Not the floor alone, though what is left is as closed; another floor may take its place.
BEGIN;
DROP POLICY legacy ON guarded.doc;
COMMIT;
SELECT count(*) FROM custody.prove_isolation('{guarded.doc}') WHERE verdict <> 'proven';
DROP POLICY custody_floor ON guarded.doc;
DROP POLICY custody_floor ON guarded.event;
ALTER POLICY custody_floor ON guarded.event USING (org_id = custody.current_org_uuid() OR day < 0);
ALTER POLICY custody_floor ON guarded.event TO regress_guard_owner;
BEGIN;
DROP POLICY custody_floor ON guarded.doc;
CREATE POLICY ground ON guarded.doc AS RESTRICTIVE FOR SELECT TO PUBLIC USING (org_id = custody.current_org_uuid());
COMMIT;
BEGIN;
DROP POLICY custody_floor ON guarded.doc;
CREATE POLICY ground ON guarded.doc AS RESTRICTIVE TO PUBLIC USING (org_id = custody.current_org_uuid());
COMMIT;
DROP POLICY ground ON guarded.doc;
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('guard', 'floor', 'guarded.doc', 'is rebuilt');
DROP POLICY ground ON guarded.doc;
SELECT string_agg(action, ', ') AS made FROM custody.protect('guarded.doc') WHERE action ~ 'policy';
DELETE FROM custody.exemption;
CREATE TEMP TABLE scratch (a int);
CREATE TABLE public.regress_guard_elsewhere (a int);
GRANT ALL ON public.regress_guard_elsewhere TO regress_guard_app;
BEGIN;
SAVEPOINT s;
CREATE TABLE guarded.new (a int);
ROLLBACK TO s;
COMMIT;
-- A table that is made and protected, or repaired, in one transaction.
BEGIN;
CREATE TABLE guarded.list (a int);
SELECT count(*) FROM custody.protect('guarded.list', class => 'exempt', reason => 'names of countries');
COMMIT;
BEGIN;
CREATE TABLE guarded.another (id int PRIMARY KEY, org_id int NOT NULL);
GRANT SELECT, INSERT ON guarded.another TO regress_guard_app;
SELECT count(*) > 0 AS protected FROM custody.protect('guarded.another', 'org_id', '{regress_guard_app}', 'owned');
COMMIT;
CREATE POLICY legacy ON guarded.another USING (true);
ALTER TABLE guarded.another ALTER org_id DROP DEFAULT;
SELECT count(*) > 0 AS unprotected FROM custody.unprotect('guarded.another');
BEGIN;
SELECT count(*) > 0 AS unprotected FROM custody.unprotect('guarded.another');
DROP TABLE guarded.another;
COMMIT;
-- An org column that is generated can have no default.
BEGIN;
CREATE TABLE guarded.file (name text PRIMARY KEY, org_id text NOT NULL GENERATED ALWAYS AS (split_part(name, '/', 1)) STORED);
SELECT count(*) > 0 AS protected FROM custody.protect('guarded.file', 'org_id', '{regress_guard_app}', 'owned');
COMMIT;
BEGIN;
SELECT count(*) > 0 AS unprotected FROM custody.unprotect('guarded.file');
DROP TABLE guarded.file;
COMMIT;
BEGIN;
CREATE TABLE guarded.rates (a int);
GRANT SELECT ON guarded.rates TO regress_guard_app;
SELECT count(*) > 0 AS protected
  FROM custody.protect('guarded.rates', roles => '{regress_guard_app}', class => 'shared', reason => 'same for all');
COMMIT;
GRANT TRUNCATE ON guarded.rates TO regress_guard_app;
DROP TABLE guarded.rates;
BEGIN;
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
ALTER TABLE guarded.doc ENABLE ROW LEVEL SECURITY;
COMMIT;
-- A table of an extension, as long as it is one.
BEGIN;
CREATE TABLE guarded.of_extension (a int);
ALTER EXTENSION plpgsql ADD TABLE guarded.of_extension;
COMMIT;
ALTER EXTENSION plpgsql DROP TABLE guarded.of_extension;
BEGIN;
ALTER EXTENSION plpgsql DROP TABLE guarded.of_extension;
DROP TABLE guarded.of_extension;
COMMIT;
-- Subtransactions are looked at, and so is what a COMMIT in a procedure ends.
BEGIN;
SAVEPOINT s;
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
RELEASE s;
COMMIT;
CREATE PROCEDURE public.regress_guard_proc() LANGUAGE plpgsql AS
$$ BEGIN ALTER TABLE guarded.doc NO FORCE ROW LEVEL SECURITY; COMMIT; END $$;
CALL public.regress_guard_proc();
DROP PROCEDURE public.regress_guard_proc();
-- Replica mode silences ordinary triggers.
SET session_replication_role = replica;
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
RESET session_replication_role;
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'guarded.doc'::regclass;

-- DROP OWNED takes a role out of policies that others stay in.
BEGIN;
SELECT count(*) > 0 AS protected FROM custody.protect('guarded.doc', roles => '{regress_guard_app,regress_guard_second}');
CREATE POLICY everybody ON guarded.doc FOR SELECT USING (true);
GRANT SELECT ON guarded.doc TO PUBLIC;
SET CONSTRAINTS ALL IMMEDIATE;
DROP OWNED BY regress_guard_second;
ROLLBACK;

-- An exemption accepts one finding; when it has expired, it accepts nothing.
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('guard', 'unprotected', 'guarded.staging%', 'loads');
CREATE TABLE guarded.staging_1 (a int);
UPDATE custody.exemption SET expires = now() - interval '1 day';
CREATE TABLE guarded.staging_2 (a int);
SELECT code, object FROM custody.check_guard();
DELETE FROM custody.exemption;
DROP TABLE guarded.staging_1;

-- A bound session is refused at once: it could read and roll back.
ALTER TABLE guarded.doc OWNER TO regress_guard_app;
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('guard', 'owner', 'guarded.doc', 'for this test');
ALTER TABLE guarded.doc OWNER TO regress_guard_app;
BEGIN;
SET LOCAL ROLE regress_guard_app;
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
ROLLBACK;
SET SESSION AUTHORIZATION regress_guard_login;
BEGIN;
ALTER TABLE guarded.doc NO FORCE ROW LEVEL SECURITY;
ROLLBACK;
-- The locks of a run help nobody who may not write the state of migrations.
RESET SESSION AUTHORIZATION;
INSERT INTO custody.migration (id, name, source, source_identity, source_version, target_version, loader_version)
    OVERRIDING SYSTEM VALUE VALUES (63, 'move', 'source', '42/app', 150000, 150000, '0.1.0');
SET SESSION AUTHORIZATION regress_guard_login;
SELECT pg_try_advisory_lock(1668641652, custody.migration_lock_key(63, 'run', 0));
ALTER TABLE guarded.doc DISABLE ROW LEVEL SECURITY;
SELECT pg_advisory_unlock_all();
RESET SESSION AUTHORIZATION;
ALTER TABLE guarded.doc OWNER TO regress_guard_owner;
DELETE FROM custody.exemption;

-- A run passes until its end; another session does not, nor this one without the lock.
SET SESSION AUTHORIZATION regress_guard_migrator;
BEGIN;
SELECT pg_advisory_xact_lock_shared(1668641652, custody.migration_lock_key(62, 'task', 7));
CREATE TABLE guarded.arrived (a int);
COMMIT;
BEGIN;
SELECT pg_advisory_xact_lock_shared(1668641652, custody.migration_lock_key(63, 'task', 7));
CREATE TABLE guarded.arrived (a int);
COMMIT;
ALTER TABLE guarded.arrived ADD b int;
SELECT object_type, object, reason FROM custody.migration_unproven(63) WHERE object_type = 'isolation';
UPDATE custody.migration SET state = 'partial' WHERE id = 63;
SELECT severity, object, message FROM custody.migration_log WHERE migration_id = 63;
SELECT found_by, occasion, code, object FROM custody.guard_finding;
RESET SESSION AUTHORIZATION;
DELETE FROM custody.migration WHERE id = 63;
DROP TABLE guarded.arrived;

-- Only reported; findings that were there before are told when the guard begins.
TRUNCATE custody.guard_finding RESTART IDENTITY;
SELECT custody.set_guard('report');
\set VERBOSITY default
ALTER TABLE guarded.doc NO FORCE ROW LEVEL SECURITY;
\set VERBOSITY terse
SELECT id, found_by = session_user AS by_us, occasion, code, object, seen, remedy FROM custody.guard_finding;
SELECT custody.set_guard('refuse');
CREATE INDEX ON guarded.event (org_id);
ALTER TABLE guarded.doc FORCE ROW LEVEL SECURITY;

-- What no event trigger sees: roles, memberships, settings, the guard itself.
ALTER ROLE regress_guard_app BYPASSRLS;
SELECT * FROM custody.check_guard();
ALTER ROLE regress_guard_app NOBYPASSRLS;
CREATE ROLE regress_guard_backup BYPASSRLS;
GRANT regress_guard_backup TO regress_guard_app;
SELECT code, object, seen FROM custody.check_guard();
REVOKE regress_guard_backup FROM regress_guard_app;
GRANT regress_guard_backup TO regress_guard_login;
SELECT code, object, seen FROM custody.check_guard();
DROP ROLE regress_guard_backup;
ALTER ROLE regress_guard_app SET session_replication_role = replica;
SELECT code, object, seen FROM custody.check_guard();
ALTER ROLE regress_guard_app RESET session_replication_role;
REASSIGN OWNED BY regress_guard_owner TO regress_guard_app;
SELECT code, object, seen FROM custody.check_guard();
REASSIGN OWNED BY regress_guard_app TO regress_guard_owner;
ALTER EVENT TRIGGER custody_guard_ddl DISABLE;
SELECT code, object, seen FROM custody.check_guard();
DROP EVENT TRIGGER custody_guard_drop;
SELECT code, object, seen FROM custody.check_guard();
DROP TABLE guarded.list;
SELECT code, seen FROM custody.check_guard() WHERE code = 'dangling';
DELETE FROM custody.protection WHERE class = 'exempt';
SELECT custody.set_guard('refuse');

-- Dropped tables are forgotten, and what was derived from one stands for itself.
UPDATE custody.protection SET class = 'derived', parent = 'guarded.doc' WHERE relation = 'guarded.event'::regclass;
DROP TABLE guarded.doc CASCADE;
SELECT relation, class, parent FROM custody.protection;
SELECT code, object FROM custody.check_guard();
BEGIN;
DROP SCHEMA guarded CASCADE;
SELECT count(*) FROM custody.protection;
COMMIT;
SELECT count(*) FROM custody.guard_pending;
SELECT custody.set_guard('off');
SELECT count(*) FROM pg_event_trigger;
TRUNCATE custody.guard_finding RESTART IDENTITY;
DROP TABLE public.regress_guard_elsewhere;
DROP OWNED BY regress_guard_app, regress_guard_login, regress_guard_owner, regress_guard_migrator, regress_guard_auditor;
DROP ROLE regress_guard_second;
DROP ROLE regress_guard_auditor, regress_guard_app, regress_guard_login, regress_guard_owner, regress_guard_migrator;
