-- A probe changes nothing, runs nothing that may act outside, and cannot be turned against who runs it.
SET client_min_messages = warning;
SET search_path = public, custody;
CREATE ROLE probe_app;
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO probe_app; -- not on custody: that goes away again
CREATE SEQUENCE probe.outside; -- what a rollback does not take back
CREATE TABLE probe.org (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE probe.doc (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES probe.org, title text NOT NULL UNIQUE);
CREATE TABLE probe.line (id bigserial PRIMARY KEY, org_id bigint NOT NULL, doc_id bigint REFERENCES probe.doc ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE probe.empty (id bigserial PRIMARY KEY, org_id bigint NOT NULL, title text NOT NULL);
INSERT INTO probe.org SELECT i, 'org ' || i FROM generate_series(1, 3) i;
INSERT INTO probe.doc (org_id, title) SELECT 1 + i % 3, 'doc ' || i FROM generate_series(1, 3000) i;
INSERT INTO probe.line (org_id, doc_id) SELECT org_id, id FROM probe.doc;
CREATE FUNCTION probe.act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('probe.outside');
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER act AFTER INSERT OR UPDATE OR DELETE ON probe.doc FOR EACH ROW EXECUTE FUNCTION probe.act();
CREATE TRIGGER act_each AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON probe.line EXECUTE FUNCTION probe.act();
-- The worst case: nothing is protected, everything granted.
GRANT ALL ON ALL TABLES IN SCHEMA probe TO probe_app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA probe TO probe_app;
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES ('probe.org', 'root', 'id', '{probe_app}');

-- An own row that an attack moves keeps the xmax of what was undone; one of others has nothing of it.
CREATE FUNCTION probe.picture() RETURNS text LANGUAGE sql AS $$
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT format('%s %s %s %s', tableoid, ctid, xmin, nullif(id, 1) * xmax::text::bigint) || t::text AS line FROM probe.org t
    UNION ALL SELECT format('%s %s %s %s', tableoid, ctid, xmin, nullif(org_id, 1) * xmax::text::bigint) || t::text FROM probe.doc t
    UNION ALL SELECT format('%s %s %s %s', tableoid, ctid, xmin, nullif(org_id, 1) * xmax::text::bigint) || t::text FROM probe.line t
    UNION ALL SELECT format('%s %s %s %s', tableoid, ctid, xmin, nullif(org_id, 1) * xmax::text::bigint) || t::text FROM probe.empty t
    UNION ALL SELECT format('sequence %s %s', sequencename, last_value) FROM pg_sequences WHERE schemaname = 'probe'
    UNION ALL SELECT format('%s %s', nspname, nspacl) FROM pg_namespace
    UNION ALL SELECT format('%s %s', setrole, setconfig) FROM pg_db_role_setting
    UNION ALL SELECT format('%s %s %s', name, setting, source) FROM pg_settings) p
$$;
-- Settings of the library are there once it is loaded.
SELECT probe.picture() AS before, pg_current_wal_insert_lsn() AS wal FROM custody.context_info() \gset
SELECT attack, verdict, count(*) FROM custody.probe_isolation('probe_app')
 WHERE object IN ('probe.doc', 'probe.line', 'probe.empty') AND verdict <> 'held' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT probe.picture() = :'before' AS unchanged;
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), :'wal') < 3000000 AS little_was_written;
SELECT is_called FROM probe.outside;
SELECT has_schema_privilege('probe_app', 'custody', 'USAGE') AS granted, current_user = session_user AS myself,
    current_setting('session_replication_role') AS replication_role, (SELECT is_valid FROM custody.context_info()) AS context;
-- On a copy triggers run.
SELECT count(*) > 0 AS probed FROM custody.probe_isolation('probe_app', '{probe.doc}', on_clone => true);
SELECT is_called FROM probe.outside;

-- A trigger that always fires: its table is not written. BEFORE ones leave the question open.
ALTER TABLE probe.doc ENABLE ALWAYS TRIGGER act;
SELECT attack, verdict, detail FROM custody.probe_isolation('probe_app', '{probe.doc}') WHERE object = 'probe.doc' AND attack = 'writes';
DROP TRIGGER act ON probe.doc;
CREATE TRIGGER act BEFORE INSERT OR UPDATE ON probe.doc FOR EACH ROW EXECUTE FUNCTION probe.act();
SELECT attack, verdict, detail FROM custody.probe_isolation('probe_app', '{probe.doc}')
 WHERE object = 'probe.doc' AND attack IN ('insert_other', 'move') ORDER BY 1;

-- What a policy calls runs as the role and cannot become anybody else.
CREATE FUNCTION probe.escape() RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'RESET ROLE';
    RETURN true;
END
$$;
CREATE POLICY p ON probe.empty USING (probe.escape());
ALTER TABLE probe.empty ENABLE ROW LEVEL SECURITY;
SELECT attack, verdict, sqlstate, detail FROM custody.probe_isolation('probe_app', '{probe.empty}')
 WHERE object = 'probe.empty' AND attack = 'read_all';
CREATE OR REPLACE FUNCTION probe.escape() RETURNS bool LANGUAGE sql AS $$ SELECT pg_sleep(10) IS NOT NULL $$;
SELECT attack, verdict, sqlstate, detail FROM custody.probe_isolation('probe_app', '{probe.empty}', statement_timeout => '5ms')
 WHERE object = 'probe.empty' AND attack = 'read_key';
SET statement_timeout = '100ms'; -- that of the whole statement stays in force
\set VERBOSITY terse
SELECT count(*) FROM custody.probe_isolation('probe_app', '{probe.empty}');
RESET statement_timeout;

-- The row cap: more rows than it are not known to be all.
DROP POLICY p ON probe.empty;
CREATE POLICY p ON probe.empty USING (org_id = custody.current_org_bigint());
INSERT INTO probe.empty (org_id, title) SELECT 1 + i % 2, 'row' FROM generate_series(1, 100) i;
SELECT attack, verdict, detail FROM custody.probe_isolation('probe_app', '{probe.empty}', row_cap => 20)
 WHERE object = 'probe.empty' AND attack IN ('read_all', 'delete_blind') ORDER BY 1;

-- Arguments; who may.
SELECT * FROM custody.probe_isolation(NULL);
SELECT * FROM custody.probe_isolation('probe_app', row_cap => 0);
SELECT custody.probe_step();
GRANT USAGE ON SCHEMA custody TO probe_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA custody TO probe_app;
SET ROLE probe_app;
SELECT * FROM custody.probe_isolation('probe_app');
SELECT custody.probe_context('1', 'bigint');
SELECT custody.probe_attempt(10, '', '1', 'bigint', 'org', NULL, 'SELECT 1');
RESET ROLE;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA custody FROM probe_app;
REVOKE USAGE ON SCHEMA custody FROM probe_app;

-- Accepted, with a reason and an end; an expired one is none, and a leak is never accepted.
INSERT INTO custody.exemption (tool, code, object, reason, expires) VALUES
    ('probe', 'copy', 'session', 'nobody may log in', now() + interval '1 day'),
    ('probe', 'discard', 'session', 'was accepted once', now() - interval '1 day'),
    ('probe', 'truncate', '%', 'no', now() + interval '1 day');
SELECT attack, verdict, accepted IS NOT NULL AS accepted FROM custody.probe_isolation('probe_app', '{probe.doc}')
 WHERE attack IN ('copy', 'discard', 'truncate') ORDER BY 1;
INSERT INTO custody.exemption (tool, code, object, reason) VALUES ('probe', 'copy', 'session', 'for ever'); -- refused
DELETE FROM custody.exemption;

-- A context of one's own making.
CREATE TABLE probe.setting (id bigserial PRIMARY KEY, org_id text NOT NULL);
INSERT INTO probe.setting (org_id) VALUES ('it''s'), ('other');
CREATE POLICY p ON probe.setting USING (org_id = current_setting('probe.org', true));
ALTER TABLE probe.setting ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON probe.setting TO probe_app;
SELECT attack, verdict FROM custody.probe_isolation('probe_app', '{probe.setting}', enter => 'SELECT set_config(''probe.org'', $1, true)')
 WHERE attack IN ('read_all', 'read_key', 'forged_settings', 'no_context') ORDER BY 1;

DELETE FROM custody.protection;
DROP SCHEMA probe CASCADE;
DROP ROLE probe_app;
