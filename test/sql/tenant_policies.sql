-- Policies that are called like ours, and what reads a table past all policies.
\set SHOW_CONTEXT never
SET client_min_messages = error;
CREATE ROLE regress_policies_app;
CREATE SCHEMA named;
CREATE TABLE named.doc (id int, org_id bigint NOT NULL);
ALTER TABLE named.doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY custody_select ON named.doc FOR SELECT TO regress_policies_app USING (id > 3);
CREATE POLICY custody_orgs_delete ON named.doc FOR DELETE TO regress_policies_app USING (id > 3);
SELECT action, note FROM custody.protect('named.doc', roles => '{regress_policies_app}', class => 'owned', dry_run => true)
 WHERE action = 'stop';
SELECT custody.protect('named.doc', roles => '{regress_policies_app}', class => 'owned');
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'named.doc'::regclass ORDER BY 1;
DROP POLICY custody_select ON named.doc;
DROP POLICY custody_orgs_delete ON named.doc;
CREATE VIEW named.all_docs AS SELECT * FROM named.doc;
CREATE VIEW named.own_docs WITH (security_invoker = true) AS SELECT * FROM named.doc;
CREATE VIEW named.hidden_docs AS SELECT * FROM named.doc;
CREATE MATERIALIZED VIEW named.kept_docs AS SELECT * FROM named.doc;
ALTER VIEW named.all_docs OWNER TO :USER;
GRANT SELECT ON named.own_docs, named.kept_docs TO regress_policies_app;
GRANT SELECT (id) ON named.all_docs TO PUBLIC;
SELECT action, replace(note, current_user, 'SUPERUSER') AS note
  FROM custody.protect('named.doc', roles => '{regress_policies_app}', class => 'owned') WHERE action = 'warning';
ALTER POLICY custody_select ON named.doc USING (true);
SELECT action FROM custody.protect('named.doc') WHERE sql ~ '^ALTER POLICY';
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'named.doc'::regclass AND polname = 'custody_select';
-- A child of two tables.
CREATE TABLE named.one (org_id bigint NOT NULL);
CREATE TABLE named.two (owner_id bigint NOT NULL);
CREATE TABLE named.child () INHERITS (named.one, named.two);
SELECT count(*) > 0 AS protected FROM custody.protect('named.one', roles => '{regress_policies_app}', class => 'owned');
SELECT custody.protect('named.two', 'owner_id', roles => '{regress_policies_app}', class => 'owned');
SELECT count(*) FROM custody.protect('named.one') WHERE sql IS NOT NULL;
SELECT count(*) > 0 AS undone FROM unnest('{named.doc,named.one}'::regclass[]) t, custody.unprotect(t);
DROP SCHEMA named CASCADE;
DROP OWNED BY regress_policies_app;
DROP ROLE regress_policies_app;
