-- The ways in which tenant isolation leaks, each planted on several shapes of a table, with a safe twin
-- beside it. suite.planted has a row for each side of each shape: what was planted, the attack that shows
-- it, and which of custody's tools have to flag it. Everything of one row lies in a schema of its own, its
-- roles are named after that schema (leakNN_shape, twinNN_shape), so that a finding tells where it belongs.
--
-- psql -v ON_ERROR_STOP=1 -f corpus.sql, as a superuser, in an empty database with the extension.
SET client_min_messages = error;
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
\ir corpus/build.sql
\ir corpus/judge.sql
\ir corpus/owners.sql
\ir corpus/ways_around.sql
\ir corpus/policies.sql
\ir corpus/constraints.sql
\ir corpus/context.sql
\ir corpus/sessions.sql
\ir corpus/server.sql
\ir corpus/others.sql
-- Each place is a database of its own, with one type for its organizations.
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('lint', 'L406', '%', 'all types are in the corpus');
ANALYZE;
