-- A partition that is a foreign table has no row security: no privilege on it may be left, neither
-- through PUBLIC nor on columns.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_far_app;
CREATE ROLE regress_far_group;
CREATE ROLE regress_far_login IN ROLE regress_far_group, regress_far_app;
CREATE SCHEMA far;
CREATE FOREIGN DATA WRAPPER regress_far_wrapper;
CREATE SERVER regress_far_server FOREIGN DATA WRAPPER regress_far_wrapper;
CREATE TABLE far.event (id int, org_id bigint NOT NULL, day int) PARTITION BY RANGE (day);
CREATE TABLE far.event_0 PARTITION OF far.event FOR VALUES FROM (0) TO (10);
CREATE FOREIGN TABLE far.event_1 PARTITION OF far.event FOR VALUES FROM (10) TO (20) SERVER regress_far_server;
GRANT SELECT, INSERT ON far.event, far.event_0 TO regress_far_app;
GRANT SELECT (id, org_id) ON far.event_1 TO regress_far_app;
GRANT INSERT ON far.event_1 TO regress_far_app WITH GRANT OPTION;
GRANT SELECT ON far.event_1 TO PUBLIC;
GRANT UPDATE ON far.event_1 TO regress_far_group;
CREATE TEMP TABLE before AS SELECT relacl::text, (SELECT string_agg(attacl::text, ';') FROM pg_attribute WHERE attrelid = c.oid)
  FROM pg_class c WHERE oid = 'far.event_1'::regclass;
SELECT action, sql, note FROM custody.protect('far.event', roles => '{regress_far_login,regress_far_app}', class => 'owned')
 WHERE action IN ('revoke', 'warning') AND (note ~ 'event_1' OR sql ~ 'event_1');
SELECT has_any_column_privilege('regress_far_app', 'far.event_1', 'SELECT, INSERT, UPDATE') AS app,
       has_any_column_privilege('regress_far_login', 'far.event_1', 'SELECT, INSERT') AS login;
-- The guard sees a privilege on a column, too.
REVOKE UPDATE ON far.event_1 FROM regress_far_group;
SELECT code, object, seen FROM custody.check_guard() WHERE code = 'partition';
GRANT SELECT (id) ON far.event_1 TO regress_far_app;
SELECT code, object, seen FROM custody.check_guard() WHERE code = 'partition';
REVOKE SELECT (id) ON far.event_1 FROM regress_far_app;
SELECT count(*) > 0 AS undone FROM custody.unprotect('far.event');
GRANT UPDATE ON far.event_1 TO regress_far_group;
SELECT has_column_privilege('regress_far_app', 'far.event_1', 'id', 'SELECT') AS app_id,
       has_table_privilege('regress_far_app', 'far.event_1', 'INSERT WITH GRANT OPTION') AS app_insert,
       has_table_privilege('regress_far_group', 'far.event_1', 'SELECT') AS everybody;
DROP SCHEMA far CASCADE;
DROP FOREIGN DATA WRAPPER regress_far_wrapper CASCADE;
DROP OWNED BY regress_far_app, regress_far_group, regress_far_login;
DROP ROLE regress_far_app, regress_far_group, regress_far_login;
