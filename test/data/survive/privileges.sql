-- Who owns what, who may do what, and which rows they see.

CREATE SCHEMA walls AUTHORIZATION "survive owner";
GRANT USAGE ON SCHEMA walls TO survive_reader, survive_writer;
GRANT CREATE ON SCHEMA walls TO survive_writer WITH GRANT OPTION;

CREATE TABLE walls.tenants (id integer PRIMARY KEY, owner name NOT NULL, secret text, note text);
INSERT INTO walls.tenants SELECT g, (ARRAY['survive_reader', 'survive_writer', 'nobody'])[1 + g % 3],
    'secret ' || g, NULL FROM generate_series(1, 60) AS g;
ALTER TABLE walls.tenants OWNER TO "survive owner";
ALTER TABLE walls.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "sees own" ON walls.tenants FOR SELECT TO survive_reader, survive_writer USING (owner = current_user);
CREATE POLICY writes_own ON walls.tenants FOR INSERT TO survive_writer WITH
    CHECK (owner = current_user AND note <> 'it''s "closed" \');
CREATE POLICY never ON walls.tenants AS RESTRICTIVE USING (id > 0) WITH CHECK (id < 1000000);
CREATE POLICY on_anything ON walls.tenants TO PUBLIC
    USING (EXISTS (SELECT FROM walls.tenants t WHERE t.id = tenants.id AND false));
COMMENT ON POLICY never ON walls.tenants IS 'a policy''s comment';
CREATE TABLE walls.enabled_without_policy (id integer PRIMARY KEY REFERENCES walls.tenants);
INSERT INTO walls.enabled_without_policy VALUES (1), (2);
ALTER TABLE walls.enabled_without_policy ENABLE ROW LEVEL SECURITY;
CREATE TABLE walls.policy_not_enabled (id integer PRIMARY KEY);
INSERT INTO walls.policy_not_enabled VALUES (1), (2);
CREATE POLICY sleeping ON walls.policy_not_enabled USING (false);
CREATE TABLE walls.forced_not_enabled (id integer PRIMARY KEY);
INSERT INTO walls.forced_not_enabled VALUES (1);
ALTER TABLE walls.forced_not_enabled FORCE ROW LEVEL SECURITY;
CREATE POLICY on_parts ON parts.by_list USING (region <> 'us');
ALTER TABLE parts.by_list ENABLE ROW LEVEL SECURITY;

CREATE TABLE walls.granted (id serial PRIMARY KEY, open text, "Closed" text);
ALTER TABLE walls.granted OWNER TO survive_writer;
GRANT SELECT ON walls.granted TO PUBLIC;
GRANT SELECT (open), UPDATE (open, "Closed"), REFERENCES (id) ON walls.granted TO survive_reader;
REVOKE UPDATE, TRUNCATE ON walls.granted FROM survive_writer;
SET ROLE survive_writer;
GRANT INSERT ON walls.granted TO "survive owner" WITH GRANT OPTION;
RESET ROLE;
SET ROLE "survive owner";
GRANT INSERT ON walls.granted TO survive_reader;
RESET ROLE;
GRANT USAGE, SELECT ON SEQUENCE walls.granted_id_seq TO survive_reader;
INSERT INTO walls.granted (open) VALUES ('x');
CREATE TABLE walls.revoked (id integer PRIMARY KEY);
REVOKE ALL ON walls.revoked FROM CURRENT_USER;

CREATE VIEW walls.seen AS SELECT id, note FROM walls.tenants;
ALTER VIEW walls.seen OWNER TO "survive owner";
GRANT SELECT ON walls.seen TO survive_reader;
CREATE MATERIALIZED VIEW walls.snapshot AS SELECT count(*) FROM walls.granted;
ALTER MATERIALIZED VIEW walls.snapshot OWNER TO survive_writer;
ALTER TABLE parts.by_list_us OWNER TO survive_writer;
ALTER TABLE "Mixed Case"."User" OWNER TO "survive owner";
ALTER SEQUENCE objects.descending OWNER TO survive_writer;
ALTER TYPE types.mood OWNER TO "survive owner";
ALTER DOMAIN types.small OWNER TO survive_writer;
ALTER FUNCTION programs.guarded(text) OWNER TO "survive owner";
ALTER SCHEMA shapes OWNER TO survive_writer;
ALTER STATISTICS objects.correlated OWNER TO survive_writer;

REVOKE EXECUTE ON FUNCTION programs.guarded(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION programs.guarded(text) TO survive_reader WITH GRANT OPTION;
REVOKE ALL ON PROCEDURE programs.proceed(integer) FROM PUBLIC, CURRENT_USER;
REVOKE USAGE ON TYPE types.mood FROM PUBLIC;
GRANT USAGE ON TYPE types.mood TO survive_reader;
GRANT USAGE ON FOREIGN SERVER "Survive Server" TO survive_reader;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_current_logfile() TO survive_reader;
GRANT EXECUTE ON FUNCTION public.hstore(text, text) TO survive_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE "survive owner" IN SCHEMA walls GRANT SELECT ON TABLES TO survive_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE survive_writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE survive_writer IN SCHEMA walls GRANT USAGE ON SEQUENCES TO survive_reader
    WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE survive_writer GRANT USAGE ON SCHEMAS TO survive_reader;
