-- Leaks 29 to 32, 36 to 38 and 40: what lies beside the tables.
SELECT suite.plant(29, 'sequence', '{plain,quoted,inherited}',
    'CREATE SEQUENCE {s}."number"; SELECT setval(''{s}.number'', 4711);
     ALTER SEQUENCE {s}."number" OWNER TO {keeper}; ALTER SEQUENCE {s}."number" OWNED BY {t}.id; GRANT SELECT ON SEQUENCE {s}."number" TO {g}',
    'CREATE SEQUENCE {s}."number"; SELECT setval(''{s}.number'', 4711);
     ALTER SEQUENCE {s}."number" OWNER TO {keeper}; ALTER SEQUENCE {s}."number" OWNED BY {t}.id; GRANT USAGE ON SEQUENCE {s}."number" TO {g}',
    '{probe,lint,loader}', ARRAY['@A', 'SELECT last_value FROM {s}."number"'],
    why => 'how many rows all organizations have together is no row of anybody''s');
SELECT suite.plant(29, 'activity', '{plain,inherited,quoted}',
    'GRANT pg_read_all_stats TO {g}', 'CREATE ROLE {s}_plain NOLOGIN; GRANT {s}_plain TO {g}', '{lint}',
    ARRAY['@A', 'SELECT count(*) FROM pg_stat_activity WHERE backend_type = ''checkpointer'' AND backend_start IS NOT NULL'],
    why => 'what others are running is no row of anybody''s');
SELECT suite.plant(29, 'monitor', '{plain,inherited}',
    'CREATE ROLE {s}_dashboard NOLOGIN; GRANT pg_monitor TO {s}_dashboard; GRANT {s}_dashboard TO {g}',
    'CREATE ROLE {s}_dashboard NOLOGIN; GRANT {s}_dashboard TO {g}', '{lint}',
    ARRAY['@A', 'SELECT count(*) FROM pg_stat_activity WHERE backend_type = ''checkpointer'' AND backend_start IS NOT NULL'],
    why => 'what others are running is no row of anybody''s');

-- Says that it is leakproof, and tells what it sees.
SELECT suite.plant(30, 'function', '{plain,quoted,partitioned,inherited}',
    $$CREATE FUNCTION {s}.peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 LEAKPROOF SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN IF $1 LIKE '%of B' THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PEEK0'; END IF; RETURN true; END$f$ $$,
    $$CREATE FUNCTION {s}.peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN IF $1 LIKE '%of B' THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PEEK0'; END IF; RETURN true; END$f$ $$,
    '{lint}', ARRAY['@A', 'SET LOCAL enable_indexscan = off', 'SET LOCAL enable_bitmapscan = off',
                    'SELECT count(*) FROM {r} WHERE {s}.peek(title) AND {org} <> {a}'],
    leak_state => 'PEEK0',
    why => 'what a function does with what it is given is not in the policy; whether it was checked is for a person to say');
SELECT suite.plant(30, 'operator', '{plain,view}',
    $$CREATE FUNCTION {s}.peek(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0001 LEAKPROOF SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN IF $1 LIKE '%of B' THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PEEK0'; END IF; RETURN true; END$f$;
      CREATE OPERATOR {s}.=== (FUNCTION = {s}.peek, LEFTARG = text, RIGHTARG = text)$$,
    $$CREATE FUNCTION {s}.peek(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0001 SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN IF $1 LIKE '%of B' THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PEEK0'; END IF; RETURN true; END$f$;
      CREATE OPERATOR {s}.=== (FUNCTION = {s}.peek, LEFTARG = text, RIGHTARG = text)$$,
    '{lint}', ARRAY['@A', 'SET LOCAL enable_indexscan = off', 'SET LOCAL enable_bitmapscan = off',
                    'SELECT count(*) FROM {r} WHERE title OPERATOR({s}.===) ''x'' AND {org} <> {a}'],
    leak_state => 'PEEK0',
    why => 'what a function does with what it is given is not in the policy; whether it was checked is for a person to say');

-- COPY past row security: the files below it.
SELECT suite.plant(31, 'read', '{plain,inherited,quoted}',
    'GRANT pg_read_server_files TO {g}', 'GRANT pg_signal_backend TO {keeper}', '{lint}',
    ARRAY['@super', 'CREATE TEMPORARY TABLE got (line text) ON COMMIT DROP', 'GRANT ALL ON got TO PUBLIC',
          'SELECT set_config(''custom.data'', current_setting(''data_directory''), true)', '@A',
          $$DO $f$BEGIN EXECUTE format('COPY got FROM %L', current_setting('custom.data') || '/PG_VERSION'); END$f$ $$,
          'SELECT count(*) FROM got'],
    why => 'it goes past every table');
SELECT suite.plant(31, 'program', '{plain,quoted}',
    'GRANT pg_execute_server_program TO {g}', '', '{lint}',
    ARRAY['@super', 'CREATE TEMPORARY TABLE got (line text) ON COMMIT DROP', 'GRANT ALL ON got TO PUBLIC', '@A',
          'COPY got FROM PROGRAM ''echo here''', 'SELECT count(*) FROM got'],
    why => 'it goes past every table');
SELECT suite.plant(31, 'write', '{plain,inherited}',
    'CREATE ROLE {s}_dump NOLOGIN; GRANT pg_write_server_files TO {s}_dump; GRANT {s}_dump TO {g}',
    'CREATE ROLE {s}_dump NOLOGIN; GRANT {s}_dump TO {g}', '{lint}',
    ARRAY['@A', 'COPY (SELECT 1) TO ''/dev/null''', 'SELECT 1'],
    why => 'it goes past every table');

SELECT suite.plant(32, 'publication', '{plain,quoted,partitioned}',
    'CREATE PUBLICATION {s} FOR TABLE {t}', 'CREATE PUBLICATION {s} FOR TABLE {t} WHERE ({org} = {a}) WITH (publish = ''insert'', publish_via_partition_root)',
    '{lint}', ARRAY['@super', 'SELECT count(*) FROM pg_publication_tables WHERE pubname = ''{s}'' AND rowfilter IS NULL'],
    why => 'a replica gets what the publisher''s log has: no policy is asked');
SELECT suite.plant(32, 'replication', '{plain,inherited}',
    'ALTER ROLE {app} REPLICATION', '', '{prove,lint}',
    ARRAY['@login:{app}', 'SELECT count(*) FROM pg_create_physical_replication_slot(''{s}'', false, true)'],
    why => 'a replica gets what the publisher''s log has: no policy is asked');

-- A large object of the place, readable by one role.
CREATE FUNCTION suite.file(place text, id oid, reader text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lo_from_bytea(id, 'a file of B');
    EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO %s', id, reader);
END
$$;
-- Lets a foreign server be this one.
CREATE FUNCTION suite.here(server text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER SERVER %I OPTIONS (host %L, port %L, dbname %L)', server,
        current_setting('unix_socket_directories'), current_setting('port'), current_database());
END
$$;
SELECT suite.plant(36, 'large_object', '{plain,quoted}',
    $$SELECT suite.file('{s}', {file}, '{app}')$$, $$SELECT suite.file('{s}', {file}, 'postgres')$$, '{probe,lint}',
    ARRAY['@A', 'SELECT octet_length(lo_get({file}))'],
    why => 'large objects have no policies, and no table that they belong to');
-- What is open to all is one finding that names nobody.
INSERT INTO suite.elsewhere VALUES ('large objects', 'leak36_plain_large_object_public');
SELECT suite.plant(36, 'large_object_public', '{plain}',
    $$SELECT suite.file('{s}', {file}, 'PUBLIC')$$, $$SELECT suite.file('{s}', {file}, 'postgres')$$, '{probe,lint}',
    ARRAY['@A', 'SELECT octet_length(lo_get({file}))'],
    why => 'large objects have no policies, and no table that they belong to');
-- A password kept for everybody, and a server that everybody may use.
SELECT suite.plant(36, 'mapping', '{plain,inherited}',
    $$CREATE SERVER {s}_far FOREIGN DATA WRAPPER postgres_fdw;
      CREATE USER MAPPING FOR PUBLIC SERVER {s}_far OPTIONS (user 'postgres', password_required 'false');
      SELECT suite.here('{s}_far'); GRANT USAGE ON FOREIGN SERVER {s}_far TO {g}; GRANT CREATE ON SCHEMA {s} TO {g}$$,
    $$CREATE SERVER {s}_far FOREIGN DATA WRAPPER postgres_fdw;
      CREATE USER MAPPING FOR {keeper} SERVER {s}_far OPTIONS (user 'postgres', password_required 'false');
      SELECT suite.here('{s}_far')$$,
    '{lint}',
    ARRAY['@A', 'CREATE FOREIGN TABLE {s}.far (org_id uuid) SERVER {s}_far OPTIONS (schema_name ''{s}'', table_name ''doc'')',
          'SELECT count(*) FROM {s}.far WHERE org_id <> {a}'],
    why => 'the rows are reached from outside, as another role');

-- Not a leak: the role does not see its own. What denies everything must not pass for proven and held.
SELECT suite.plant(37, 'no_select', '{plain,quoted,inherited}',
    'DROP POLICY custody_select ON {t}', '', '{probe,lint,loader}',
    ARRAY['@A', 'SELECT 1 - least(count(*), 1) FROM {r}'],
    why => 'nothing is visible, so that nothing of another organization is');
SELECT suite.plant(37, 'no_policy', '{plain,partitioned}',
    'DROP POLICY custody_select ON {t}; DROP POLICY custody_insert ON {t}; DROP POLICY custody_update ON {t};
     DROP POLICY custody_delete ON {t}; DROP POLICY custody_floor ON {t}', '', '{probe,lint,loader}',
    ARRAY['@A', 'SELECT 1 - least(count(*), 1) FROM {r}'],
    why => 'nothing is visible, so that nothing of another organization is');
SELECT suite.plant(37, 'false', '{plain,view}',
    'ALTER POLICY custody_floor ON {t} USING (false)', '', '{probe,loader}',
    ARRAY['@A', 'SELECT 1 - least(count(*), 1) FROM {r}'],
    why => 'nothing is visible, so that nothing of another organization is');

-- Done with the rights of whoever owns the rule's table, or the trigger's function.
SELECT suite.plant(38, 'rule', '{plain,quoted,inherited}',
    $$CREATE TABLE {s}.ping (n int); GRANT UPDATE, INSERT, SELECT ON {s}.ping TO {g}; INSERT INTO {s}.ping VALUES (1);
      CREATE RULE pong AS ON UPDATE TO {s}.ping DO ALSO UPDATE {t} SET title = 'gone'$$,
    $$CREATE TABLE {s}.ping (n int); GRANT UPDATE, INSERT, SELECT ON {s}.ping TO {g}; INSERT INTO {s}.ping VALUES (1);
      ALTER TABLE {s}.ping OWNER TO {keeper}$$,
    '{prove,lint}',
    ARRAY['@A', 'UPDATE {s}.ping SET n = 2', '@super', 'SELECT count(*) FROM {t} WHERE title = ''gone'' AND {org} = {b}'],
    why => 'the rule belongs to another table, which has no organization');
SELECT suite.plant(38, 'trigger', '{plain,quoted,inherited}',
    $$CREATE TABLE {s}.ping (n int); GRANT INSERT ON {s}.ping TO {g}; ALTER TABLE {s}.ping OWNER TO {keeper};
      CREATE FUNCTION {s}.pong() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN UPDATE {t} SET title = 'gone'; RETURN NULL; END$f$;
      CREATE TRIGGER pong AFTER INSERT ON {s}.ping FOR EACH ROW EXECUTE FUNCTION {s}.pong()$$,
    $$CREATE TABLE {s}.ping (n int); GRANT INSERT ON {s}.ping TO {g}; ALTER TABLE {s}.ping OWNER TO {keeper};
      CREATE FUNCTION {s}.pong() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN UPDATE {t} SET title = 'gone'; RETURN NULL; END$f$;
      CREATE TRIGGER pong AFTER INSERT ON {s}.ping FOR EACH ROW EXECUTE FUNCTION {s}.pong()$$,
    '{prove,lint}',
    ARRAY['@A', 'INSERT INTO {s}.ping VALUES (2)', '@super', 'SELECT count(*) FROM {t} WHERE title = ''gone'' AND {org} = {b}'],
    why => 'the trigger belongs to another table, which has no organization');
SELECT suite.plant(38, 'own_trigger', '{plain,view}',
    $$CREATE FUNCTION {s}.pong() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN UPDATE {t} SET title = 'gone' WHERE title <> 'gone'; RETURN NULL; END$f$;
      CREATE TRIGGER pong AFTER INSERT ON {t} FOR EACH STATEMENT EXECUTE FUNCTION {s}.pong()$$,
    $$CREATE FUNCTION {s}.pong() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN UPDATE {t} SET title = 'gone' WHERE title <> 'gone'; RETURN NULL; END$f$;
      CREATE TRIGGER pong AFTER INSERT ON {t} FOR EACH STATEMENT EXECUTE FUNCTION {s}.pong()$$,
    '{prove,lint}',
    ARRAY['@A', 'INSERT INTO {r} (title) VALUES (''mine'')', '@super', 'SELECT count(*) FROM {t} WHERE title = ''gone'' AND {org} = {b}'],
    why => 'what a trigger does is its own business; that it does so with its owner''s rights is in the catalog');

-- Table 141, which nobody thought of.
SELECT suite.plant(40, 'granted', '{plain,inherited}',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA {s} GRANT SELECT ON TABLES TO {g};
     CREATE TABLE {s}.news ({org} {type}, body text); INSERT INTO {s}.news VALUES ({b}, ''new'')',
    'CREATE TABLE {s}.news ({org} {type} NOT NULL DEFAULT {ctx}, body text); CREATE INDEX ON {s}.news ({org}); ALTER TABLE {s}.news OWNER TO {keeper};
     INSERT INTO {s}.news VALUES ({b}, ''new''); SELECT suite.policies(''{s}.news'', ''{org}'', ''{ctx}'', ''{g}''), suite.register(''{s}.news'', trim(''"'' FROM ''{org}''), ''{g}'')',
    '{probe,lint,loader}', ARRAY['@A', 'SELECT count(*) FROM {s}.news WHERE {org} <> {a}'],
    why => 'the prover is asked about the tables that are protected');
SELECT suite.plant(40, 'copy', '{quoted,partitioned}',
    'CREATE TABLE {s}."Doc (copy)" AS SELECT * FROM {t}; GRANT SELECT ON {s}."Doc (copy)" TO {g}',
    'CREATE TABLE {s}."Doc (copy)" AS SELECT * FROM {t}; SELECT suite.exempt_others(''{s}'')',
    '{probe,lint,loader}', ARRAY['@A', 'SELECT count(*) FROM {s}."Doc (copy)" WHERE {org} <> {a}'],
    why => 'the prover is asked about the tables that are protected');
