-- Tables whose owners, policies and grants are not what the prober would wish: what is theirs does not run
-- as the superuser who probes, and nothing is called held, or a leak, that is not.
SET client_min_messages = warning;
CREATE ROLE probe_app;
CREATE ROLE probe_owner;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO probe_app; -- the owner has none, and can be served yet
GRANT USAGE ON SCHEMA custody TO probe_app, probe_owner;

CREATE FUNCTION probe.make(name text, columns text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE probe.%I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id bigint NOT NULL, %s)', name, columns);
    EXECUTE format('CREATE POLICY p ON probe.%I USING (org_id = custody.current_org_bigint())', name);
    EXECUTE format('ALTER TABLE probe.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO probe_owner', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON probe.%I TO probe_app', name);
END
$$;
CREATE FUNCTION probe.probed(relation regclass) RETURNS SETOF record LANGUAGE sql AS $$
SELECT f.attack, f.verdict, f.detail FROM custody.probe_isolation('probe_app', ARRAY[relation]) f
 WHERE f.object = relation::text ORDER BY f.attack
$$;

-- The owner's code in a check, a default, an index expression and a cast.
CREATE FUNCTION probe.code(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_user = session_user THEN
        RAISE EXCEPTION 'the owner''s code runs as %', current_user USING ERRCODE = 'ZZ001';
    END IF;
    RETURN value;
END
$$;
CREATE TYPE probe.kind AS ENUM ('a', 'b');
CREATE FUNCTION probe.kind_json(value probe.kind) RETURNS json LANGUAGE sql AS $$ SELECT to_json(probe.code('a')) $$;
CREATE CAST (probe.kind AS json) WITH FUNCTION probe.kind_json(probe.kind);
SELECT probe.make('coded', $$title text NOT NULL DEFAULT probe.code('t') CHECK (probe.code(title) <> ''), kind probe.kind NOT NULL DEFAULT 'a'$$);
CREATE INDEX ON probe.coded (probe.code(title));
CREATE VIEW probe.counted AS SELECT probe.code(count(*)::text) AS n FROM probe.coded;
ALTER VIEW probe.counted OWNER TO probe_owner;
GRANT SELECT ON probe.counted TO probe_app;
SELECT attack, verdict, detail FROM probe.probed('probe.coded') AS (attack text, verdict text, detail text) WHERE verdict <> 'held';
SELECT object, attack, detail FROM custody.probe_isolation('probe_app', '{probe.coded}') WHERE sqlstate = 'ZZ001';
SET SESSION AUTHORIZATION probe_app;
SELECT custody.probe_as_owner('custody.protection'::regclass, 'SELECT 1');
RESET SESSION AUTHORIZATION;

-- Writes without a condition that reach others' rows, but no more than there are own ones, and only in this context.
SELECT probe.make('few', 'author bigint');
INSERT INTO probe.few (org_id, author) SELECT 1 + i / 10, 1 + i % 3 FROM generate_series(0, 19) i;
DROP POLICY p ON probe.few;
CREATE POLICY s ON probe.few FOR SELECT USING (org_id = custody.current_org_bigint());
CREATE POLICY d ON probe.few FOR DELETE USING (author = custody.current_org_bigint());
CREATE POLICY u ON probe.few FOR UPDATE USING (author = custody.current_org_bigint());
SELECT * FROM probe.probed('probe.few') AS (attack text, verdict text, detail text) WHERE attack ~ 'blind';
-- And in partitions, whose columns stand elsewhere.
CREATE TABLE probe.parts (org_id bigint NOT NULL, author bigint, id uuid NOT NULL) PARTITION BY HASH (id);
CREATE TABLE probe.part_1 (id uuid NOT NULL, gone int, author bigint, org_id bigint NOT NULL);
ALTER TABLE probe.part_1 DROP gone;
ALTER TABLE probe.parts ATTACH PARTITION probe.part_1 FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE probe.part_2 PARTITION OF probe.parts FOR VALUES WITH (modulus 2, remainder 1);
INSERT INTO probe.parts SELECT 1 + i / 10, 1 + i / 10, md5(i::text)::uuid FROM generate_series(0, 19) i;
CREATE POLICY s ON probe.parts FOR SELECT USING (org_id = custody.current_org_bigint());
CREATE POLICY d ON probe.parts FOR DELETE USING (author = custody.current_org_bigint());
ALTER TABLE probe.parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON probe.parts TO probe_app;
SELECT * FROM probe.probed('probe.parts') AS (attack text, verdict text, detail text) WHERE attack = 'delete_blind';
UPDATE probe.parts SET author = 1 WHERE id = (SELECT id FROM probe.part_1 WHERE org_id = 2 LIMIT 1);
DELETE FROM probe.parts WHERE id IN (SELECT id FROM probe.parts WHERE org_id = 1 AND author = 1 LIMIT 2);
SELECT * FROM probe.probed('probe.parts') AS (attack text, verdict text, detail text) WHERE attack = 'delete_blind';
-- More own rows than the cap allows do not hide it.
SELECT f.verdict, f.detail FROM custody.probe_isolation('probe_app', '{probe.parts}', row_cap => 5) f
 WHERE f.object = 'probe.parts' AND f.attack = 'delete_blind';
-- A made up key comes to one of many hash partitions only now and then: it is tried until it does.
CREATE TABLE probe.many (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id bigint NOT NULL) PARTITION BY HASH (id);
DO $$
BEGIN
    FOR n IN 0..39 LOOP
        EXECUTE format('CREATE TABLE probe.many_%s PARTITION OF probe.many FOR VALUES WITH (modulus 40, remainder %1$s)', n);
        EXECUTE format('CREATE POLICY p ON probe.many_%s USING (org_id = custody.current_org_bigint())', n);
        EXECUTE format('ALTER TABLE probe.many_%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', n);
    END LOOP;
END
$$;
CREATE POLICY p ON probe.many USING (org_id = custody.current_org_bigint());
ALTER TABLE probe.many ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON probe.many, probe.many_0, probe.many_1, probe.many_2, probe.many_3 TO probe_app;
SELECT f.object, f.verdict, f.detail FROM custody.probe_isolation('probe_app', '{probe.many_0,probe.many_1,probe.many_2,probe.many_3}', on_clone => true) f
 WHERE f.attack IN ('rows', 'read_all') AND f.object <> 'session' ORDER BY 1;

-- A policy that cannot be asked refuses nothing.
SELECT probe.make('asked', 'title text');
INSERT INTO probe.asked (org_id) VALUES (1), (2);
CREATE TABLE probe.unreadable (org_id bigint);
ALTER POLICY p ON probe.asked USING (org_id = custody.current_org_bigint());
CREATE POLICY d ON probe.asked AS RESTRICTIVE FOR DELETE USING (EXISTS (SELECT FROM probe.unreadable));
SELECT * FROM probe.probed('probe.asked') AS (attack text, verdict text, detail text) WHERE attack ~ 'delete';

-- Who may not name the organization of a new row gives it none.
SELECT probe.make('granted', 'title text');
ALTER TABLE probe.granted ALTER org_id SET DEFAULT custody.current_org_bigint();
REVOKE INSERT ON probe.granted FROM probe_app;
GRANT INSERT (id, title) ON probe.granted TO probe_app;
INSERT INTO probe.granted (org_id) VALUES (1), (2);
SELECT * FROM probe.probed('probe.granted') AS (attack text, verdict text, detail text) WHERE attack ~ 'insert';

-- Inside the caller's own context nothing is read without one, and it is there again afterwards.
BEGIN;
SELECT custody.set_context(1::bigint, 'somebody');
SELECT * FROM probe.probed('probe.asked') AS (attack text, verdict text, detail text) WHERE attack ~ 'context';
SELECT orgs, user_id, is_valid FROM custody.context_info();
COMMIT;

-- Locks that a policy takes for the session are given back, as often as they were taken; the caller's stay.
SELECT probe.make('locking', 'title text');
INSERT INTO probe.locking (org_id) VALUES (1), (2);
CREATE POLICY d ON probe.locking AS RESTRICTIVE
    USING (pg_try_advisory_lock(-5) AND pg_try_advisory_lock_shared(-6, 2147483647) AND pg_try_advisory_lock(8, -9));
SELECT pg_advisory_lock(77);
SELECT * FROM probe.probed('probe.locking') AS (attack text, verdict text, detail text) WHERE attack = 'read_all';
SELECT objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT pg_advisory_unlock(77);

-- What is attacked cannot call the prober.
SELECT probe.make('calling', 'title text');
INSERT INTO probe.calling (org_id) VALUES (1), (2);
CREATE FUNCTION probe.call() RETURNS bool SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custody.probe_attempt('probe_app'::regrole, '', '1', 'bigint', 'org', NULL, 'SELECT 1');
    RETURN true;
END
$$;
CREATE POLICY d ON probe.calling AS RESTRICTIVE FOR DELETE USING (probe.call());
SELECT * FROM probe.probed('probe.calling') AS (attack text, verdict text, detail text) WHERE attack = 'delete_blind';

DROP SCHEMA probe CASCADE;
REVOKE ALL ON SCHEMA custody FROM probe_app, probe_owner;
DROP ROLE probe_app, probe_owner;
