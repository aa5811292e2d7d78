-- What is not a plain table: views, partitions, definer functions; and rows that are made up.
SET client_min_messages = warning;
SET search_path = public, custody;
CREATE ROLE probe_app;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe, custody TO probe_app;
CREATE TYPE probe.state AS ENUM ('open', 'closed');
CREATE DOMAIN probe.short AS text CHECK (length(VALUE) < 40);
CREATE TABLE probe.org (id uuid PRIMARY KEY, name text NOT NULL);
-- Empty: rows of two organizations are made up, with their parents.
CREATE TABLE probe.made (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES probe.org, state probe.state NOT NULL,
    name probe.short NOT NULL, amount int4 NOT NULL CHECK (amount > 17), kind text NOT NULL CHECK (kind IN ('a', 'b')), tags text[] NOT NULL, note jsonb NOT NULL);
CREATE TABLE probe.impossible (id bigserial PRIMARY KEY, org_id uuid NOT NULL, way path NOT NULL);
CREATE TABLE probe.parts (id bigint NOT NULL, org_id uuid NOT NULL, PRIMARY KEY (org_id, id)) PARTITION BY HASH (org_id);
CREATE TABLE probe.parts_0 PARTITION OF probe.parts FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO probe.parts SELECT i, md5((i % 2)::text)::uuid FROM generate_series(1, 10) i;
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY '{made,impossible,parts}'::text[] LOOP
        EXECUTE format('CREATE POLICY p ON probe.%I USING (org_id = custody.current_org_uuid())', t);
        EXECUTE format('ALTER TABLE probe.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON probe.%I TO probe_app', t);
    END LOOP;
END
$$;
CREATE VIEW probe.view_leak AS SELECT id FROM probe.parts;
CREATE VIEW probe.view_safe WITH (security_invoker) AS SELECT id FROM probe.parts;
CREATE VIEW probe.count_leak AS SELECT count(*) FROM probe.parts;
CREATE VIEW probe.count_safe WITH (security_invoker) AS SELECT count(*) FROM probe.parts;
CREATE MATERIALIZED VIEW probe.stored AS SELECT * FROM probe.parts;
GRANT SELECT ON probe.view_leak, probe.view_safe, probe.count_leak, probe.count_safe, probe.stored TO probe_app;
SELECT object, attack, verdict FROM custody.probe_isolation('probe_app', '{probe.parts}')
 WHERE object ~ 'view|count|stored' AND attack = 'read_all' ORDER BY object COLLATE "C";
-- A partition by itself: no privilege, then one that no policy limits.
SELECT object, attack, verdict FROM custody.probe_isolation('probe_app', '{probe.parts}') WHERE object = 'probe.parts_0' AND attack = 'read_all';
GRANT SELECT ON probe.parts_0 TO probe_app;
SELECT object, attack, verdict FROM custody.probe_isolation('probe_app', '{probe.parts}') WHERE object = 'probe.parts_0' AND attack = 'read_all';
-- Made up.
SELECT verdict, count(*) > 10 AS many FROM custody.probe_isolation('probe_app', '{probe.made}') WHERE object = 'probe.made' GROUP BY 1;
SELECT attack, verdict, sqlstate, detail FROM custody.probe_isolation('probe_app', '{probe.impossible}')
 WHERE object = 'probe.impossible' AND verdict <> 'held';
SELECT (SELECT count(*) FROM probe.made) AS made, (SELECT count(*) FROM probe.org) AS org;
-- Functions: only on a copy.
CREATE FUNCTION probe.leaking() RETURNS SETOF probe.parts LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT * FROM probe.parts';
CREATE FUNCTION probe.filtering() RETURNS SETOF probe.parts LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT * FROM probe.parts WHERE org_id = custody.current_org_uuid()';
SELECT object, verdict FROM custody.probe_isolation('probe_app', '{probe.parts}') WHERE attack = 'function' ORDER BY 1;
SELECT DISTINCT object, verdict FROM custody.probe_isolation('probe_app', '{probe.parts}', on_clone => true)
 WHERE attack = 'function' ORDER BY 1;
DROP SCHEMA probe CASCADE;
REVOKE ALL ON SCHEMA custody FROM probe_app;
DROP ROLE probe_app;
