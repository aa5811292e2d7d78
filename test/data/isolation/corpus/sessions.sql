-- Leaks 20 and 21: what one client leaves behind for the next on the same connection. Their attacks begin with @session:
-- they run in a session of their own, with transactions that commit.
SELECT suite.plant(20, NULL, '{plain,quoted,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({org} = nullif(current_setting(''app.org'', true), '''')::{type});
     DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@session', '@login:{app}', 'SET app.org = {A}', 'SELECT count(*) FROM {r}', 'SELECT count(*) FROM {r}'],
    ARRAY['@session', '@A', 'SELECT count(*) FROM {r}', '@commit', 'SELECT count(*) FROM {r}'],
    why => 'the prober sees the setting that can be set, the program also that it stays');
SELECT suite.plant(20, 'default', '{plain,quoted,partitioned}',
    'ALTER POLICY custody_select ON {t} USING ({org} = nullif(current_setting(''app.org'', true), '''')::{type});
     DROP POLICY custody_floor ON {t}; ALTER ROLE {app} SET app.org = {A}',
    'ALTER ROLE {app} SET statement_timeout = ''5min''', '{prove,probe,lint,loader}',
    ARRAY['@super', 'SELECT count(*) FROM pg_db_role_setting WHERE setrole = ''{app}''::regrole AND setconfig[1] LIKE ''app.org=%''']);

SELECT suite.plant(21, 'temporary', '{plain,quoted,partitioned,view,inherited}',
    'GRANT TEMPORARY ON DATABASE {db} TO {g}', '', '{lint,loader}',
    ARRAY['@session', '@A', 'CREATE TEMPORARY TABLE kept AS SELECT * FROM {r}', '@commit', '@B',
          'SELECT count(*) FROM kept WHERE {org} = {a}'],
    why => 'a temporary table has no policy to prove; within one transaction the prober has one context');
-- custody's context refuses what would outlive it.
SELECT suite.plant(21, 'cursor', '{plain,quoted,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({org} = nullif(current_setting(''app.org'', true), '''')::{type});
     DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@session', '@login:{app}', 'BEGIN', 'SET LOCAL app.org = {A}', 'DECLARE kept CURSOR WITH HOLD FOR SELECT {org} AS o FROM {r}',
          '@commit', '@B', 'FETCH kept', 'SELECT 1'],
    ARRAY['@session', '@A', 'DECLARE kept CURSOR WITH HOLD FOR SELECT {org} AS o FROM {r}', '@commit', '@B', 'FETCH kept', 'SELECT 1'],
    held_state => '0A000');
-- Nobody can be denied these: only a connection that is reset between its clients is safe.
SELECT suite.plant(21, 'prepared', '{plain,quoted,inherited}',
    '', '', '{loader}',
    ARRAY['@session', '@A', 'PREPARE kept AS SELECT id FROM {r} WHERE title = ''secret of A''', '@commit', '@B',
          'SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE ''%secret of A%'''],
    ARRAY['@session', '@A', 'PREPARE kept AS SELECT id FROM {r} WHERE title = ''secret of A''', '@commit', '@reset', '@B',
          'SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE ''%secret of A%'''],
    why => 'it is a matter of the pooler, not of the database: only a client of the pooler sees it');

-- The session as psql runs it.
CREATE FUNCTION suite.script(which text) RETURNS text LANGUAGE sql AS $$
SELECT string_agg(CASE
        WHEN step IN ('@A', '@B') THEN
            format('RESET SESSION AUTHORIZATION; BEGIN; DO $do$BEGIN PERFORM suite.enter(%L, %L); END$do$; SET SESSION AUTHORIZATION %I;',
                   org_type, substr(step, 2), app)
        WHEN step LIKE '@login:%' THEN format('SET SESSION AUTHORIZATION %I;', substr(step, 8))
        WHEN step = '@commit' THEN 'COMMIT;'
        WHEN step = '@reset' THEN 'RESET SESSION AUTHORIZATION; DISCARD ALL;'
        ELSE step || ';' END, E'\n' ORDER BY n)
  FROM suite.planted, unnest(attack) WITH ORDINALITY u (step, n)
 WHERE place = which AND step <> '@session'
$$;
