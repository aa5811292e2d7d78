-- Leaks 19, 24, 33, 34 and 39: what the context is made of.

-- A setting that every client may write. The twins have custody's, which none of these ways reaches.
SELECT suite.plant(19, 'set_config', '{plain,quoted,partitioned,view,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({org} = nullif(current_setting(''app.org'', true), '''')::{type});
     DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT set_config(''app.org'', {b}::text, true)', 'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    ARRAY['@A', 'SELECT set_config(''custody.context'', {b}::text, true)', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
SELECT suite.plant(19, 'set', '{plain,quoted}',
    'ALTER POLICY custody_select ON {t} USING ({org} = (SELECT current_setting(''app.org'', true)::{type})); DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL app.org = {B}', 'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    ARRAY['@A', 'SET LOCAL custody.context = {B}', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
SELECT suite.plant(19, 'pg_settings', '{plain,quoted}',
    'ALTER POLICY custody_select ON {t} USING ({org}::text = current_setting(''application_name'')); DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@A', 'UPDATE pg_settings SET setting = {B} WHERE name = ''application_name''',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    ARRAY['@A', 'UPDATE pg_settings SET setting = {B} WHERE name = ''custody.context''',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
-- The setting is read by a function, and written by another one.
SELECT suite.plant(19, 'function', '{plain,quoted,inherited}',
    'CREATE FUNCTION {s}.my_org() RETURNS {type} LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN RETURN nullif(current_setting(''app.org'', true), '''')::{type}; END$f$;
     ALTER POLICY custody_select ON {t} USING ({org} = {s}.my_org()); DROP POLICY custody_floor ON {t};
     CREATE SCHEMA {s}_own AUTHORIZATION {app}',
    'CREATE SCHEMA {s}_own AUTHORIZATION {app}', '{prove,probe,lint,loader}',
    ARRAY['@A', $$CREATE FUNCTION {s}_own.mine() RETURNS bigint LANGUAGE plpgsql AS
            $f$BEGIN PERFORM set_config('app.org', {B}, true); RETURN (SELECT count(*) FROM {r} WHERE {org} <> {a}); END$f$ $$,
          'SELECT {s}_own.mine()']);
SELECT suite.plant(19, 'role', '{plain,partitioned}',
    'ALTER POLICY custody_select ON {t} USING ({org} = nullif(current_setting(''app.org'', true), '''')::{type});
     DROP POLICY custody_floor ON {t}; GRANT SET ON PARAMETER app.org TO {app}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@A', 'ALTER ROLE {app} SET app.org = 202', '@super',
          'SELECT count(*) FROM pg_db_role_setting WHERE setrole = ''{app}''::regrole'],
    ARRAY['@A', 'ALTER ROLE {app} SET custody.context = 202', '@super',
          'SELECT count(*) FROM pg_db_role_setting WHERE setrole = ''{app}''::regrole']);
-- The setting that no client may write, granted to one: what it writes is refused, but it may take the context away.
SELECT suite.plant(19, 'granted', '{plain,quoted,inherited}',
    'GRANT SET ON PARAMETER custody.context TO {g}', '', '{lint}',
    ARRAY['@A', 'SET LOCAL custody.context = ''''', 'SELECT 1'],
    why => 'without a context nothing is visible: the policies are what they were');

-- Folded into a cached plan.
SELECT suite.plant(24, 'sql', '{plain,quoted,partitioned,inherited}',
    'CREATE FUNCTION {s}.org() RETURNS {type} LANGUAGE sql IMMUTABLE AS $f$SELECT {ctx}$f$;
     ALTER POLICY custody_select ON {t} USING ({org} = {s}.org()); DROP POLICY custody_floor ON {t}',
    'CREATE FUNCTION {s}.org() RETURNS {type} LANGUAGE sql STABLE RETURN {ctx};
     ALTER POLICY custody_select ON {t} USING ({org} = {s}.org()); ALTER POLICY custody_floor ON {t} USING ({org} = {ctx})',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL plan_cache_mode = force_generic_plan', 'PREPARE "{s}" AS SELECT count(*) FROM {r} WHERE {org} = {a}',
          'EXECUTE "{s}"', '@B', 'EXECUTE "{s}"']);
SELECT suite.plant(24, 'plpgsql', '{plain,view}',
    'CREATE FUNCTION {s}."Org"() RETURNS {type} LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN RETURN {ctx}; END$f$;
     ALTER POLICY custody_select ON {t} USING ({org} = {s}."Org"()); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_select ON {t} USING ({org} = (SELECT {ctx}))',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SET LOCAL plan_cache_mode = force_generic_plan', 'PREPARE "{s}" AS SELECT count(*) FROM {r} WHERE {org} = {a}',
          'EXECUTE "{s}"', '@B', 'EXECUTE "{s}"']);

-- A trigger that waits until the context is another one.
SELECT suite.plant(33, NULL, '{plain,quoted,inherited}',
    $$CREATE TABLE {s}.log (org text); ALTER TABLE {s}.log OWNER TO {keeper}; GRANT INSERT ON {s}.log TO {g};
      CREATE FUNCTION {s}.log() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN INSERT INTO {s}.log VALUES (current_setting('app.org')); RETURN NULL; END$f$;
      CREATE CONSTRAINT TRIGGER log AFTER INSERT ON {t} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {s}.log()$$,
    $$CREATE TABLE {s}.log (org text); ALTER TABLE {s}.log OWNER TO {keeper}; GRANT INSERT ON {s}.log TO {g};
      CREATE FUNCTION {s}.log() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $f$BEGIN INSERT INTO {s}.log VALUES ({ctx}); RETURN NULL; END$f$;
      CREATE TRIGGER log AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.log()$$,
    '{lint}',
    ARRAY['@A', 'SELECT set_config(''app.org'', {a}::text, true)', 'INSERT INTO {r} (title) VALUES (''mine'')',
          'SELECT set_config(''app.org'', {b}::text, true)', 'SET CONSTRAINTS ALL IMMEDIATE', '@super',
          'SELECT count(*) FROM {s}.log WHERE org = {b}::text'],
    why => 'what a trigger does with the context is its own business; that it runs later is in the catalog');

-- Known to the backend only: a parallel worker is another one, and finds no context.
SELECT suite.plant(34, NULL, '{plain,quoted,inherited}',
    $$CREATE TABLE {s}.session (pid int, org {type}); ALTER TABLE {s}.session OWNER TO {keeper}; GRANT SELECT, INSERT ON {s}.session TO {g};
      CREATE FUNCTION {s}.org() RETURNS {type} LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS
        $f$SELECT org FROM {s}.session WHERE pid = pg_backend_pid()$f$;
      ALTER POLICY custody_select ON {t} USING ({org} = coalesce({s}.org(), {org})); DROP POLICY custody_floor ON {t}$$,
    '', '{prove,probe,lint,loader}',
    ARRAY['@super', 'INSERT INTO {s}.session VALUES (pg_backend_pid(), {a})', '@A', 'SET LOCAL force_parallel_mode = on',
          'SET LOCAL max_parallel_workers_per_gather = 2', 'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    ARRAY['@A', 'SET LOCAL force_parallel_mode = on', 'SET LOCAL max_parallel_workers_per_gather = 2',
          'SELECT count(*) FROM {r} WHERE {org} <> {a}'],
    why => 'without its session''s row the function opens the table: probe and proof see that');

-- Two organizations whose names differ, but not to the operator.
CREATE EXTENSION citext;
CREATE COLLATION suite.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FUNCTION suite.retype(relation text, org text, type text, ctx text, g text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    policy name;
BEGIN
    FOR policy IN SELECT polname FROM pg_policy WHERE polrelid = relation::regclass LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy, relation);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ALTER %s TYPE %s', relation, org, type);
    PERFORM suite.policies(relation, org, ctx, g);
    EXECUTE format('INSERT INTO %s (%s, title) VALUES (%L, %L)', relation, org, 'ACME', 'of another ACME');
END
$$;
SELECT suite.plant(39, 'collation', '{quoted}',
    $$SELECT suite.retype($t${t}$t$, '{org}', 'text COLLATE suite.nocase', '{ctx}', '{g}')$$,
    $$SELECT suite.retype($t${t}$t$, '{org}', 'text COLLATE "C"', '{ctx}', '{g}')$$,
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {r} WHERE {org} COLLATE "C" <> {a}']);
SELECT suite.plant(39, 'citext', '{quoted}',
    $$SELECT suite.retype($t${t}$t$, '{org}', 'public.citext', '{ctx}::public.citext', '{g}')$$,
    $$SELECT suite.retype($t${t}$t$, '{org}', 'varchar(80)', '{ctx}', '{g}')$$,
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {r} WHERE {org}::text COLLATE "C" <> {a}']);
SELECT suite.plant(39, 'lower', '{quoted}',
    $$SELECT suite.retype($t${t}$t$, '{org}', 'text', '{ctx}', '{g}');
      ALTER POLICY custody_select ON {t} USING (lower({org}) = lower({ctx})); DROP POLICY custody_floor ON {t}$$,
    $$SELECT suite.retype($t${t}$t$, '{org}', 'text', '{ctx}', '{g}');
      ALTER POLICY custody_select ON {t} USING (lower({org}) = lower({ctx}))$$,
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'SELECT count(*) FROM {r} WHERE {org} COLLATE "C" <> {a}']);
-- Rows of nobody are everybody's.
SELECT suite.plant(39, 'null', '{plain,partitioned,inherited}',
    'ALTER TABLE {t} ALTER {org} DROP NOT NULL; INSERT INTO {t} ({org}, title) VALUES (NULL, ''of nobody'');
     ALTER POLICY custody_select ON {t} USING ({org} IS NOT DISTINCT FROM {null}); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_select ON {t} USING ({org} IS NOT NULL AND {org} = {null}); ALTER POLICY custody_floor ON {t} USING ({org} = {null})',
    '{prove,probe,lint,loader}',
    ARRAY['@none', 'SELECT count(*) FROM {r}']);
