-- What a proof says besides the policies: ways around them, each with a twin that is safe.
SET client_min_messages = warning;
CREATE SCHEMA objects;
SET search_path = objects;
CREATE ROLE regress_custody_app LOGIN;
CREATE ROLE regress_custody_team LOGIN;
CREATE ROLE regress_custody_multi NOLOGIN;
CREATE ROLE regress_custody_group NOLOGIN;
CREATE ROLE regress_custody_owner NOLOGIN;
CREATE ROLE regress_custody_free NOLOGIN BYPASSRLS;
CREATE ROLE regress_custody_other NOLOGIN;
GRANT USAGE ON SCHEMA objects, custody TO regress_custody_app, regress_custody_team, regress_custody_owner;
CREATE FUNCTION org(n int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$SELECT lpad(n::text, 32, '0')::uuid$$;

CREATE PROCEDURE make(name text, force bool DEFAULT true) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE objects.%I (id int PRIMARY KEY, org_id uuid NOT NULL, title text)', name);
    EXECUTE format('INSERT INTO objects.%I VALUES (1, objects.org(1), ''a''), (2, objects.org(2), ''b'')', name);
    EXECUTE format('ALTER TABLE objects.%1$I OWNER TO regress_custody_owner; ALTER TABLE objects.%1$I ENABLE ROW LEVEL SECURITY', name);
    IF force THEN EXECUTE format('ALTER TABLE objects.%I FORCE ROW LEVEL SECURITY', name); END IF;
    EXECUTE format('CREATE POLICY p ON objects.%I USING (org_id = custody.current_org_uuid())', name);
    EXECUTE format('GRANT SELECT ON objects.%I TO regress_custody_app', name);
END$$;
CREATE FUNCTION verdicts(relation regclass, roles regrole[] DEFAULT NULL)
    RETURNS TABLE (object text, role name, command text, part text, verdict text, reason text, witness text) LANGUAGE sql AS $$
    SELECT object, role, command, part, verdict, reason, witness
      FROM custody.prove_isolation(ARRAY[relation], roles) $$;

-- Row security off; not forced on an owner that nobody can become, then one that can log in.
CALL make('off');
ALTER TABLE off DISABLE ROW LEVEL SECURITY;
SELECT * FROM verdicts('off', '{regress_custody_app}');
CALL make('unforced', false);
SELECT * FROM verdicts('unforced');
GRANT regress_custody_owner TO regress_custody_team;
SELECT * FROM verdicts('unforced');
REVOKE regress_custody_owner FROM regress_custody_team;

-- An application that can become the owner of what is forced, or who bypasses row security.
CALL make('forced');
SELECT * FROM verdicts('forced');
GRANT regress_custody_owner TO regress_custody_app;
SELECT * FROM verdicts('forced', '{regress_custody_app}') WHERE part NOT IN ('using', 'check', 'blind using', 'blind check');
REVOKE regress_custody_owner FROM regress_custody_app;
-- A member of a bound role that owns the table, with no role asked for.
BEGIN;
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES ('forced', 'owned', 'org_id', '{regress_custody_app}');
GRANT regress_custody_app TO regress_custody_owner;
SELECT * FROM verdicts('forced') WHERE part IN ('owner', 'privilege');
ROLLBACK;
GRANT regress_custody_free TO regress_custody_app;
GRANT SELECT ON forced TO regress_custody_free;
SELECT * FROM verdicts('forced', '{regress_custody_app}');
REVOKE regress_custody_free FROM regress_custody_app;
-- Who may grant a membership can give it to itself, directly or as somebody it is a member of.
SELECT format('WITH ADMIN %s', CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'OPTION'
                                    ELSE 'TRUE, SET FALSE, INHERIT FALSE' END) AS admin \gset
BEGIN;
ALTER ROLE regress_custody_app NOINHERIT;
GRANT regress_custody_free TO regress_custody_app :admin;
SELECT object, part, verdict FROM verdicts('forced', '{regress_custody_app}') WHERE part IN ('membership', 'owner');
ROLLBACK;
BEGIN;
GRANT regress_custody_owner TO regress_custody_other :admin;
GRANT regress_custody_other TO regress_custody_app;
SELECT object, part, verdict FROM verdicts('forced', '{regress_custody_app}') WHERE part IN ('membership', 'owner');
ROLLBACK;
SELECT count(*) FROM verdicts('forced', '{regress_custody_app}') WHERE part IN ('membership', 'owner');
SELECT * FROM verdicts('forced', '{regress_custody_free}');

-- Privileges that pass by row security; a role that has none; columns alone.
CALL make('granted');
GRANT TRUNCATE, REFERENCES, TRIGGER ON granted TO regress_custody_group;
GRANT regress_custody_group TO regress_custody_team;
SELECT * FROM verdicts('granted', '{regress_custody_team}');
CALL make('columns');
REVOKE ALL ON columns FROM regress_custody_app;
GRANT SELECT (id), UPDATE (title) ON columns TO regress_custody_app;
ALTER POLICY p ON columns USING (true);
SELECT role, command, part, verdict, witness FROM verdicts('columns', '{regress_custody_app}');
CALL make('nobody');
REVOKE ALL ON nobody FROM regress_custody_app, regress_custody_owner;
SELECT * FROM verdicts('nobody');
-- A policy for a group binds its members; another role is shown nothing.
CALL make('members');
ALTER POLICY p ON members TO regress_custody_group;
CREATE POLICY all_rows ON members TO regress_custody_other USING (true);
GRANT SELECT ON members TO regress_custody_team, regress_custody_other;
SELECT role, verdict, reason FROM verdicts('members') WHERE part = 'using' ORDER BY role;

-- Views: of the owner, of who asks, with a filter of their own, in chains; materialized ones.
CALL make('seen');
REVOKE ALL ON seen FROM regress_custody_app;
CREATE VIEW definer AS SELECT * FROM seen;
CREATE VIEW over_definer WITH (security_invoker) AS SELECT id, org_id FROM definer;
CREATE VIEW filtered AS SELECT * FROM seen WHERE org_id = custody.current_org_uuid();
CREATE VIEW without_org AS SELECT title FROM seen;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen;
CREATE VIEW over_kept AS SELECT * FROM kept;
CREATE VIEW bound_definer AS SELECT * FROM seen;
ALTER VIEW bound_definer OWNER TO regress_custody_owner;
GRANT SELECT ON definer, over_definer, filtered, without_org, kept, over_kept, bound_definer TO regress_custody_app;
SELECT object, verdict, reason, witness FROM verdicts('seen', '{regress_custody_app}') WHERE part = 'view' ORDER BY object;
CREATE VIEW invoker WITH (security_invoker) AS SELECT * FROM seen;
CREATE VIEW over_invoker AS SELECT * FROM invoker;
GRANT SELECT ON seen, invoker, over_invoker TO regress_custody_team;
SELECT object, part, verdict FROM verdicts('seen', '{regress_custody_team}');

-- Writing through a view, without the right to read it.
GRANT INSERT, DELETE, UPDATE (title) ON definer TO regress_custody_multi;
SELECT object, command, part, verdict, reason FROM verdicts('seen', '{regress_custody_multi}') WHERE part = 'view';

-- Partitions and children that can be named directly.
CREATE TABLE divided (org_id uuid NOT NULL, day int NOT NULL) PARTITION BY LIST (day);
CREATE TABLE divided_1 PARTITION OF divided FOR VALUES IN (1);
CREATE TABLE divided_2 PARTITION OF divided FOR VALUES IN (2);
INSERT INTO divided VALUES (org(1), 1), (org(2), 1), (org(2), 2);
ALTER TABLE divided ENABLE ROW LEVEL SECURITY;
ALTER TABLE divided FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON divided USING (org_id = custody.current_org_uuid());
GRANT SELECT ON divided, divided_1 TO regress_custody_app;
SELECT object, part, verdict, reason, witness FROM verdicts('divided', '{regress_custody_app}');
REVOKE SELECT ON divided_1 FROM regress_custody_app;
SELECT object, part, verdict, reason FROM verdicts('divided', '{regress_custody_app}');
-- A row that is made up keeps to the partition's bounds and the table's constraints.
ALTER TABLE divided_2 ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON divided_2 USING (org_id = custody.current_org_uuid() OR day = 1);
GRANT SELECT ON divided_2 TO regress_custody_app;
SELECT object, verdict, witness FROM verdicts('divided_2', '{regress_custody_app}') WHERE part = 'using';
CALL make('checked');
ALTER TABLE checked ADD CHECK (title <> 'public');
ALTER POLICY p ON checked USING (org_id = custody.current_org_uuid() OR title = 'public');
SELECT object, verdict, witness FROM verdicts('checked', '{regress_custody_app}');

-- A partition that is a foreign table.
CREATE FOREIGN DATA WRAPPER regress_custody_nowhere;
CREATE SERVER regress_custody_nowhere FOREIGN DATA WRAPPER regress_custody_nowhere;
CREATE FOREIGN TABLE divided_3 PARTITION OF divided FOR VALUES IN (3) SERVER regress_custody_nowhere;
SELECT object, part, verdict, reason FROM verdicts('divided', '{regress_custody_app}') WHERE object LIKE '%\_3';
GRANT SELECT ON divided_3 TO regress_custody_app;
SELECT object, part, verdict, reason FROM verdicts('divided', '{regress_custody_app}') WHERE object LIKE '%\_3';
DROP FOREIGN DATA WRAPPER regress_custody_nowhere CASCADE;

-- A table that is awkward to make rows of: dropped columns, one named as the table, a domain without NULL.
CREATE DOMAIN filled AS text NOT NULL;
CREATE TABLE "odd ""one" (gone int, id int PRIMARY KEY, also_gone text, "odd ""one" text, org_id uuid, need filled, v int);
ALTER TABLE "odd ""one" DROP gone, DROP also_gone;
INSERT INTO "odd ""one" VALUES (1, 'x', org(1), 'y', 2), (2, 'x', org(2), 'y', 3);
ALTER TABLE "odd ""one" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON "odd ""one" USING ("odd ""one" = 'x' AND v + id > 4);
GRANT SELECT ON "odd ""one" TO regress_custody_app;
SELECT object, verdict, witness FROM verdicts('"odd ""one"', '{regress_custody_app}') WHERE part = 'using';

-- SECURITY DEFINER functions of an owner whom nothing binds, and of one who is bound.
CALL make('called');
CREATE FUNCTION count_all() RETURNS bigint SECURITY DEFINER SET search_path = pg_catalog LANGUAGE sql AS 'SELECT count(*) FROM objects.called';
CREATE FUNCTION count_own() RETURNS bigint SECURITY DEFINER SET search_path = pg_catalog LANGUAGE sql AS 'SELECT count(*) FROM objects.called';
ALTER FUNCTION count_own() OWNER TO regress_custody_owner;
CREATE FUNCTION count_hidden() RETURNS bigint SECURITY DEFINER SET search_path = pg_catalog LANGUAGE sql AS 'SELECT count(*) FROM objects.called';
REVOKE EXECUTE ON FUNCTION count_hidden() FROM PUBLIC;
SELECT object, role, part, verdict, reason FROM verdicts('called', '{regress_custody_app}') WHERE object LIKE 'objects.count%';
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('prove', 'function', 'objects.count_all()', 'a total, shown to all');
SELECT object, verdict, reason FROM verdicts('called', '{regress_custody_app}') WHERE part = 'function';
SELECT tables, proven, refuted, unproven, accepted, success FROM custody.prove_summary('{called}', '{regress_custody_app}');
DELETE FROM custody.exemption;
SELECT tables, proven, refuted, unproven, accepted, success FROM custody.prove_summary('{called}', '{regress_custody_app}');

-- Columns of other types: domains, varchar, a generated one, collations for which two texts are one.
CREATE DOMAIN tenant AS uuid;
CREATE DOMAIN code AS varchar(10);
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE typed (small int2, whole int4, big int8, dom tenant, txt varchar(20), cod code, ci text COLLATE loose, c text COLLATE "C",
                    doc jsonb, made text GENERATED ALWAYS AS (doc ->> 'org') STORED, num numeric);
ALTER TABLE typed ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON typed TO regress_custody_app;
CREATE TABLE typed_shape (n int GENERATED ALWAYS AS IDENTITY, col name, qual text);
INSERT INTO typed_shape (col, qual) VALUES
    ('small', 'small = custody.current_org_bigint()'), ('whole', 'whole = custody.current_org_bigint()'),
    ('whole', 'whole::bigint = custody.current_org_bigint()'), ('big', 'big = custody.current_org_bigint()'),
    ('big', 'big = ANY (custody.current_orgs_bigint())'), ('dom', 'dom = custody.current_org_uuid()'),
    ('dom', 'dom::uuid = custody.current_org_uuid()'), ('txt', 'txt = custody.current_org_text()'),
    ('cod', 'cod = custody.current_org_text()'), ('ci', 'ci = custody.current_org_text()'),
    ('ci', 'ci COLLATE "C" = custody.current_org_text()'), ('c', 'c = custody.current_org_text()'),
    ('c', 'c COLLATE "POSIX" = custody.current_org_text()'), ('c', 'c COLLATE loose = custody.current_org_text()'),
    ('made', 'made = custody.current_org_text()'), ('num', 'num = custody.current_org_bigint()');
DO $$
DECLARE
    s record;
    v record;
BEGIN
    FOR s IN SELECT * FROM objects.typed_shape ORDER BY n LOOP
        EXECUTE format('CREATE POLICY p ON objects.typed USING (%s)', s.qual);
        SELECT * INTO v FROM custody.prove_isolation('{objects.typed}', '{regress_custody_app}', s.col) WHERE part = 'using';
        RAISE WARNING '%: % %', s.qual, v.verdict, coalesce(v.witness, '');
        DROP POLICY p ON objects.typed;
    END LOOP;
END$$;

-- Classes of custody.protection: roles of several organizations, shared tables, exempt ones.
CALL make('owned');
ALTER POLICY p ON owned USING (org_id = ANY (custody.current_orgs_uuid()));
GRANT SELECT ON owned TO regress_custody_multi;
CREATE TABLE shared (id int);
ALTER TABLE shared ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON shared USING (true);
GRANT SELECT, INSERT ON shared TO regress_custody_app, regress_custody_team;
CREATE TABLE exempted (id int);
INSERT INTO custody.protection (relation, class, org_column, roles, multi_roles, writers, reason) VALUES
    ('owned', 'owned', 'org_id', '{regress_custody_app}', '{regress_custody_multi}', '{}', NULL),
    ('shared', 'shared', NULL, '{regress_custody_app}', '{}', '{regress_custody_team}', NULL),
    ('exempted', 'exempt', NULL, '{}', '{}', '{}', 'holds nothing of anybody');
SELECT relation, object, role, command, part, verdict, reason FROM custody.prove_isolation();
SELECT tables, proven, refuted, unproven, accepted, success FROM custody.prove_summary();
-- Who logs in past row security and was made a member of a bound role is no success, until he is accepted by name.
BEGIN;
CREATE ROLE regress_custody_login LOGIN BYPASSRLS;
DROP FUNCTION count_all(), count_own() CASCADE;
DELETE FROM custody.protection WHERE class <> 'owned';
ALTER POLICY p ON owned USING (org_id = custody.current_org_uuid());
SELECT success, 'regress_custody_login' = ANY (not_bound) AS named FROM custody.prove_summary();
GRANT regress_custody_app TO regress_custody_group;
GRANT regress_custody_group TO regress_custody_login;
SELECT unproven, accepted, success FROM custody.prove_summary();
SELECT relation, object, role, part, verdict, reason FROM custody.prove_isolation() WHERE verdict <> 'proven';
INSERT INTO custody.exemption (tool, code, object, reason) VALUES
    ('prove', 'membership', 'role regress.custody_login', 'another'), ('prove', 'membership', 'role regress_custody_logi_', 'another'),
    ('prove', 'membership', '_ole regress_custody_log%', 'another'), ('prove', 'membership', 'role regress_custody_login\', 'another');
SELECT unproven, accepted, success FROM custody.prove_summary();
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('prove', 'membership', 'role regress_custody_login', 'reports, from one host');
SELECT unproven, accepted, success FROM custody.prove_summary();
DELETE FROM custody.exemption WHERE code = 'membership';
REVOKE regress_custody_app FROM regress_custody_group;
-- A superuser that is a member by intention, too.
ALTER ROLE regress_custody_login SUPERUSER NOBYPASSRLS;
GRANT regress_custody_app TO regress_custody_login;
SELECT object, part, reason FROM custody.prove_isolation() WHERE verdict <> 'proven';
ALTER ROLE regress_custody_login NOLOGIN;
SELECT unproven, success FROM custody.prove_summary();
ROLLBACK;
DELETE FROM custody.protection;
-- What an exemption covers.
SELECT object, pattern, custody.is_exempted(object, pattern) FROM (VALUES
    ('app.a_b', 'app.a_b'), ('app.axb', 'app.a_b'), ('app.axb', 'app.a_%'), ('app.a_b', 'app.a_%'), ('app.a_b', 'app.a\_%'),
    ('app."a\b"', 'app."a\b"'), ('app."ab"', 'app."a\b"'), ('app."a%"', 'app."a\%"'), ('app."a%"', 'app."a%"'),
    ('app."ab"', 'app."a\%"'), ('a', '%\'), ('%\', '%\'), ('app.f(int)', 'app.f(%'), ('app.f(int)', NULL)) v (object, pattern);

-- Arguments; who may ask; nothing is changed by asking.
SELECT * FROM custody.prove_isolation('{shared}', '{regress_custody_app}', 'nothing');
SELECT * FROM custody.prove_isolation('{definer}');
SELECT tables, success FROM custody.prove_summary();
SET ROLE regress_custody_app;
SELECT * FROM custody.prove_isolation();
RESET ROLE;
CREATE FUNCTION writes() RETURNS bool VOLATILE LANGUAGE plpgsql AS 'BEGIN INSERT INTO objects.written VALUES (1); RETURN true; END';
CREATE TABLE written (id int);
GRANT INSERT ON written TO PUBLIC;
CALL make('writing');
ALTER POLICY p ON writing USING (writes());
SELECT verdict, reason FROM verdicts('writing', '{regress_custody_app}') WHERE part = 'using';
SELECT count(*) FROM written;
SELECT current_user, orgs FROM custody.context_info();
-- Nor is a lock left that no subtransaction gives back, or given back that the session has.
CREATE FUNCTION locks(id int) RETURNS bool VOLATILE LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_lock_shared(id, 5); RETURN true; END $$;
CREATE FUNCTION unlocks() RETURNS bool VOLATILE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_unlock_all(); RETURN true; END $$;
CREATE FUNCTION locks_shortly(id int) RETURNS bool VOLATILE LANGUAGE sql AS $$ SELECT pg_advisory_xact_lock(id) IS NOT NULL $$;
SELECT pg_advisory_lock(77);
ALTER POLICY p ON writing USING (pg_try_advisory_lock(id) IS NOT NULL);
SELECT verdict, reason FROM verdicts('writing', '{regress_custody_app}') WHERE part = 'using';
ALTER POLICY p ON writing USING (locks(id));
SELECT verdict, reason FROM verdicts('writing', '{regress_custody_app}') WHERE part = 'using';
ALTER POLICY p ON writing USING (unlocks());
SELECT verdict, reason FROM verdicts('writing', '{regress_custody_app}') WHERE part = 'using';
ALTER POLICY p ON writing USING (locks_shortly(id));
SELECT verdict, witness FROM verdicts('writing', '{regress_custody_app}') WHERE part = 'using';
SELECT objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_advisory_unlock(77);
-- Without a witness: of a caller who cannot become the role.
CREATE ROLE regress_custody_asks;
GRANT USAGE ON SCHEMA objects, custody TO regress_custody_asks;
GRANT SELECT ON off, custody.protection, custody.exemption TO regress_custody_asks;
DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'custody'::regnamespace AND proname ~ '^(prove|proof)' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO regress_custody_asks', f);
    END LOOP;
END$$;
SET ROLE regress_custody_asks;
SELECT object, part, verdict, reason, witness FROM verdicts('off', '{regress_custody_app}');
RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA objects CASCADE;
DROP OWNED BY regress_custody_app, regress_custody_team, regress_custody_multi, regress_custody_group, regress_custody_owner, regress_custody_free, regress_custody_other, regress_custody_asks;
DROP ROLE regress_custody_app, regress_custody_team, regress_custody_multi, regress_custody_group, regress_custody_owner, regress_custody_free, regress_custody_other, regress_custody_asks;
