-- Leaks 5 to 11: ways around the table.
SELECT suite.plant(5, NULL, '{plain,quoted,partitioned,inherited}',
    'CREATE VIEW {s}.titles AS SELECT * FROM {t}; GRANT SELECT ON {s}.titles TO {g}',
    'CREATE VIEW {s}.titles WITH (security_invoker) AS SELECT * FROM {t}; GRANT SELECT ON {s}.titles TO {g}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}.titles WHERE {org} <> {a}']);
-- A view that is its owner's, below or above one that is its caller's: only what it reads itself is read as its owner.
SELECT suite.plant(5, 'of_view', '{view,quoted}',
    'CREATE VIEW {s}.inner_titles AS SELECT {org} AS o FROM {t}; GRANT SELECT ON {s}.inner_titles TO {g};
     CREATE VIEW {s}."outer" WITH (security_invoker, security_barrier) AS SELECT o FROM {s}.inner_titles;
     GRANT SELECT ON {s}."outer" TO {g}',
    'CREATE VIEW {s}.inner_titles WITH (security_invoker) AS SELECT {org} AS o FROM {t}; GRANT SELECT ON {s}.inner_titles TO {g};
     CREATE VIEW {s}."outer" WITH (security_barrier) AS SELECT o FROM {s}.inner_titles;
     GRANT SELECT ON {s}."outer" TO {g}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}."outer" WHERE o <> {a}']);

SELECT suite.plant(6, NULL, '{plain,quoted,partitioned,inherited}',
    'CREATE MATERIALIZED VIEW {s}.totals AS SELECT {org} AS o, count(*) FROM {t} GROUP BY 1; GRANT SELECT ON {s}.totals TO {g}',
    'CREATE MATERIALIZED VIEW {s}.totals AS SELECT {org} AS o, count(*) FROM {t} GROUP BY 1',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}.totals WHERE o <> {a}']);
-- A table of the same server, reached as a superuser.
CREATE EXTENSION postgres_fdw;
SELECT format('CREATE SERVER suite_loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
    current_setting('unix_socket_directories'), current_setting('port'), current_database()) \gexec
CREATE USER MAPPING FOR postgres SERVER suite_loop OPTIONS (user 'postgres');
SELECT suite.plant(6, 'foreign', '{plain,quoted}',
    'CREATE FOREIGN TABLE {s}.remote (org_id {type}, title text) SERVER suite_loop
        OPTIONS (schema_name ''suite'', table_name ''remote_{type}'');
     CREATE USER MAPPING FOR {app} SERVER suite_loop OPTIONS (user ''postgres'', password_required ''false'');
     GRANT SELECT ON {s}.remote TO {g}',
    'CREATE FOREIGN TABLE {s}.remote (org_id {type}, title text) SERVER suite_loop
        OPTIONS (schema_name ''suite'', table_name ''remote_{type}'')',
    '{probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}.remote WHERE org_id <> {a}'],
    why => 'the rows of a foreign table are on another server: no expression here says anything about them');
CREATE TABLE suite.remote_uuid AS SELECT suite.org(o, 'uuid')::uuid AS org_id, 'far'::text AS title FROM unnest('{A,B}'::text[]) o;
CREATE TABLE suite.remote_text AS SELECT suite.org(o, 'text') AS org_id, 'far'::text AS title FROM unnest('{A,B}'::text[]) o;

SELECT suite.plant(7, 'sql', '{plain,quoted,partitioned,inherited}',
    'CREATE FUNCTION {s}.find(wanted uuid) RETURNS SETOF {t} LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $f$SELECT * FROM {t} WHERE id = wanted$f$',
    'CREATE FUNCTION {s}.find(wanted uuid) RETURNS SETOF {t} LANGUAGE sql STABLE
        SET search_path = pg_catalog, pg_temp AS $f$SELECT * FROM {t} WHERE id = wanted$f$',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}.find({vb})']);
SELECT suite.plant(7, 'opaque', '{view,quoted}',
    'CREATE FUNCTION {s}."All of it"() RETURNS SETOF json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $f$BEGIN RETURN QUERY EXECUTE $q$SELECT to_json(d) FROM {t} d$q$; END$f$',
    'CREATE FUNCTION {s}."All of it"() RETURNS SETOF json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $f$BEGIN RETURN QUERY EXECUTE $q$SELECT to_json(d) FROM {t} d$q$; END$f$;
     REVOKE EXECUTE ON FUNCTION {s}."All of it"() FROM PUBLIC',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}."All of it"() j WHERE j ->> ''org_id'' IS DISTINCT FROM {a}::text
                   AND j ->> ''Org Id'' IS DISTINCT FROM {a}::text']);

-- The attacker's own table comes first where a function does not pin its search_path.
SELECT suite.plant(8, 'policy', '{plain,quoted,partitioned}',
    'CREATE TABLE {s}.seen_by (org {type}); GRANT SELECT ON {s}.seen_by TO {g};
     CREATE FUNCTION {s}.seen(o {type}) RETURNS bool LANGUAGE plpgsql STABLE AS
        $f$BEGIN RETURN EXISTS (SELECT FROM seen_by WHERE org = o); END$f$;
     ALTER POLICY custody_select ON {t} USING ({org} = {ctx} OR {s}.seen({org})); DROP POLICY custody_floor ON {t};
     CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    'CREATE TABLE {s}.seen_by (org {type}); GRANT SELECT ON {s}.seen_by TO {g};
     CREATE FUNCTION {s}.seen(o {type}) RETURNS bool LANGUAGE plpgsql STABLE SET search_path = {s}, pg_temp AS
        $f$BEGIN RETURN EXISTS (SELECT FROM seen_by WHERE org = o); END$f$;
     ALTER POLICY custody_select ON {t} USING ({org} = {ctx} AND NOT {s}.seen({org}));
     CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    '{prove,lint}',
    ARRAY['@A', 'SET LOCAL search_path = {s}_own, {s}', 'CREATE TABLE seen_by (org {type})', 'INSERT INTO seen_by VALUES ({b})',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    why => 'which relation a function finds is up to the caller''s search_path: the prober does not know the name to plant');
SELECT suite.plant(8, 'definer', '{plain,inherited}',
    'CREATE TABLE {s}.visible (org {type});
     CREATE FUNCTION {s}.titles() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
        $f$BEGIN RETURN QUERY SELECT title FROM {t} WHERE {org} IN (SELECT org FROM visible); END$f$;
     CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    'CREATE TABLE {s}.visible (org {type});
     CREATE FUNCTION {s}.titles() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = {s}, pg_temp AS
        $f$BEGIN RETURN QUERY SELECT title FROM {t} WHERE {org} IN (SELECT org FROM visible); END$f$;
     REVOKE EXECUTE ON FUNCTION {s}.titles() FROM PUBLIC; CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL search_path = {s}_own, {s}', 'CREATE TABLE visible (org {type})', 'INSERT INTO visible VALUES ({b})',
          'SELECT count(*) FROM {s}.titles() x WHERE x LIKE ''% of B''']);

SELECT suite.plant(9, 'hash', '{partitioned}',
    'GRANT SELECT ON {s}.doc_0, {s}."doc 1" TO {g}; ALTER TABLE {s}.doc_0 DISABLE ROW LEVEL SECURITY;
     ALTER TABLE {s}."doc 1" DISABLE ROW LEVEL SECURITY', 'GRANT SELECT ON {s}.doc_0, {s}."doc 1" TO {g}', '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM (SELECT {org} FROM {s}.doc_0 UNION ALL SELECT {org} FROM {s}."doc 1") x WHERE {org} <> {a}']);
SELECT suite.plant(9, 'written', '{partitioned}',
    'GRANT DELETE ON {s}."doc 1" TO {g}; ALTER TABLE {s}."doc 1" DISABLE ROW LEVEL SECURITY', 'GRANT DELETE ON {s}."doc 1" TO {g}', '{prove,probe,lint,loader}',
    ARRAY['@A', 'DELETE FROM {s}."doc 1"', '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}']);
SELECT suite.plant(9, 'child', '{plain,quoted,inherited}',
    'CREATE TABLE {s}."old docs" () INHERITS ({t}); ALTER TABLE {s}."old docs" OWNER TO {keeper};
     INSERT INTO {s}."old docs" ({org}, title) VALUES ({b}, ''old''); GRANT SELECT ON {s}."old docs" TO {g}',
    'CREATE TABLE {s}."old docs" () INHERITS ({t}); ALTER TABLE {s}."old docs" OWNER TO {keeper};
     INSERT INTO {s}."old docs" ({org}, title) VALUES ({b}, ''old'');
     SELECT suite.policies(''{s}."old docs"'', ''{org}'', ''{ctx}'', ''{g}'')',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {s}."old docs" WHERE {org} <> {a}']);

SELECT suite.plant(10, NULL, '{plain,quoted,partitioned,view,inherited}',
    'GRANT TRUNCATE ON {t} TO {g}', '', '{prove,probe,lint,loader}',
    ARRAY['@A', 'TRUNCATE {t}', '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}']);
SELECT suite.plant(10, 'all', '{plain,quoted}',
    'GRANT ALL ON {t} TO PUBLIC', 'GRANT SELECT, INSERT, UPDATE, DELETE ON {t} TO {g}', '{prove,probe,lint,loader}',
    ARRAY['@A', 'TRUNCATE {t}', '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}']);

SELECT suite.plant(11, 'trigger', '{plain,quoted,view,inherited}',
    'GRANT TRIGGER ON {t} TO {g}; CREATE SCHEMA {s}_own AUTHORIZATION {app}', 'CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'CREATE FUNCTION {s}_own.spy() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN RETURN NEW; END$f$',
          'CREATE TRIGGER spy AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}_own.spy()', '@super',
          'SELECT count(*) FROM pg_trigger WHERE tgrelid = $t${t}$t$::regclass AND tgname = ''spy''']);
SELECT suite.plant(11, 'references', '{plain,quoted,partitioned}',
    'GRANT REFERENCES ON {t} TO {g}; CREATE SCHEMA {s}_own AUTHORIZATION {app}', 'CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'CREATE TABLE {s}_own.spy (id uuid REFERENCES {t})', 'INSERT INTO {s}_own.spy VALUES ({vb})',
          'SELECT count(*) FROM {s}_own.spy']);
