-- Leaks 12 to 15, 22, 23, 35 and 37: what the policies themselves let through. The twins keep the restrictive floor, under
-- which the same permissive policy opens nothing.
SELECT suite.plant(12, 'true', '{plain,quoted,partitioned,view,inherited}',
    'CREATE POLICY everyone ON {t} FOR SELECT TO {g} USING (true); DROP POLICY custody_floor ON {t}',
    'CREATE POLICY everyone ON {t} FOR SELECT TO {g} USING (true)',
    '{prove,probe,lint,loader}');
SELECT suite.plant(12, 'by_title', '{plain,quoted,inherited}',
    'CREATE POLICY "public docs" ON {t} TO {g} USING (title LIKE ''doc%''); DROP POLICY custody_floor ON {t}',
    'CREATE POLICY "public docs" ON {t} TO {g} USING (title LIKE ''doc%'')',
    '{prove,probe,lint,loader}');
SELECT suite.plant(12, 'inside', '{plain,partitioned}',
    'ALTER POLICY custody_select ON {t} USING ({org} = {ctx} OR created_at > ''2000-01-01'');
     ALTER POLICY custody_floor ON {t} USING ({org} = {ctx} OR title <> '''')',
    'ALTER POLICY custody_select ON {t} USING ({org} = {ctx} OR created_at > ''2000-01-01'')',
    '{prove,probe,loader}',
    why => 'the text names the context; only proof and probe tell that it is not all');

SELECT suite.plant(13, 'true', '{plain,quoted,partitioned,view,inherited}',
    'ALTER POLICY custody_insert ON {t} WITH CHECK (true); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_insert ON {t} WITH CHECK (true)',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} ({org}, title) VALUES ({b}, ''planted'')', '@super',
          'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}']);
SELECT suite.plant(13, 'other_column', '{plain,quoted,inherited}',
    'ALTER POLICY custody_insert ON {t} WITH CHECK (title <> ''''); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_insert ON {t} WITH CHECK (title <> '''')',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} ({org}, title) VALUES ({b}, ''planted'')', '@super',
          'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}']);
-- Without WITH CHECK the USING is checked: no leak.
SELECT suite.plant(13, 'missing', '{plain,partitioned}',
    'DROP POLICY custody_insert ON {t}; CREATE POLICY "all" ON {t} TO {g} USING ({org} = {ctx}) WITH CHECK ({org} IS NOT NULL);
     DROP POLICY custody_floor ON {t}',
    'DROP POLICY custody_insert ON {t}; CREATE POLICY "all" ON {t} TO {g} USING ({org} = {ctx}); ALTER POLICY custody_floor ON {t} USING ({org} = {ctx})',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {r} ({org}, title) VALUES ({b}, ''planted'')', '@super',
          'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}']);

SELECT suite.plant(14, NULL, '{plain,quoted,partitioned,view,inherited}',
    'ALTER POLICY custody_update ON {t} USING ({org} = {ctx}) WITH CHECK (true); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_update ON {t} USING ({org} = {ctx}) WITH CHECK (true)',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'UPDATE {r} SET {org} = {b}', '@super', 'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}']);
-- With a WHERE the SELECT policy guards the new row as well, unless that is open too.
SELECT suite.plant(14, 'where', '{plain,quoted}',
    'ALTER POLICY custody_update ON {t} WITH CHECK (true); ALTER POLICY custody_select ON {t} USING ({org} = {ctx} OR title LIKE ''doc%'');
     DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_update ON {t} WITH CHECK (true)',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'UPDATE {r} SET {org} = {b} WHERE id = {va}', '@super', 'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}']);

SELECT suite.plant(15, 'delete', '{plain,quoted,partitioned,view,inherited}',
    'ALTER POLICY custody_delete ON {t} USING (true); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_delete ON {t} USING (true)',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'DELETE FROM {r}', '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}']);
SELECT suite.plant(15, 'update', '{plain,quoted,inherited}',
    'ALTER POLICY custody_update ON {t} USING (title <> ''''); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_update ON {t} USING (title <> '''')',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'UPDATE {r} SET {org} = {a}', '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}']);

SELECT suite.plant(22, 'prefix', '{plain,quoted,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({org}::text LIKE current_setting(''app.org'', true) || ''%'');
     DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@none', $$SELECT set_config('app.org', '', true)$$, 'SELECT count(*) FROM {r}']);
SELECT suite.plant(22, 'empty', '{plain,partitioned}',
    'ALTER POLICY custody_select ON {t} USING (current_setting(''app.org'', true) IN ('''', {org}::text)); DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@none', $$SELECT set_config('app.org', '', true)$$, 'SELECT count(*) FROM {r}']);
SELECT suite.plant(22, 'inside', '{quoted,view}',
    'ALTER POLICY custody_select ON {t} USING (position(coalesce(current_setting(''app.org'', true), '''') IN {org}::text) > 0);
     DROP POLICY custody_floor ON {t}',
    '', '{prove,probe,lint,loader}',
    ARRAY['@none', 'SELECT count(*) FROM {r}']);

SELECT suite.plant(23, 'coalesce', '{plain,quoted,partitioned,view,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({org} = coalesce({null}, {org})); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_select ON {t} USING ({org} = {null}); ALTER POLICY custody_floor ON {t} USING ({org} = {null})',
    '{prove,probe,lint,loader}',
    ARRAY['@none', 'SELECT count(*) FROM {r}']);
SELECT suite.plant(23, 'is_null', '{plain,quoted,partitioned,inherited}',
    'ALTER POLICY custody_select ON {t} USING ({null} IS NULL OR {org} = {null}); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_select ON {t} USING ({null} IS NOT NULL AND {org} = {null}); ALTER POLICY custody_floor ON {t} USING ({org} = {null})',
    '{prove,probe,lint,loader}',
    ARRAY['@none', 'SELECT count(*) FROM {r}']);
SELECT suite.plant(23, 'case', '{plain,view}',
    'ALTER POLICY custody_select ON {t} USING (CASE WHEN {null} IS NULL THEN true ELSE {org} = {null} END); DROP POLICY custody_floor ON {t}',
    'ALTER POLICY custody_select ON {t} USING ({org} = {null}); ALTER POLICY custody_floor ON {t} USING ({org} = {null})',
    '{prove,probe,lint,loader}',
    ARRAY['@none', 'SELECT count(*) FROM {r}']);

-- The membership table decides, and the attacker may write it.
SELECT suite.plant(35, 'insert', '{plain,quoted,partitioned,inherited}',
    'CREATE TABLE {s}.member (user_id text, org {type}, PRIMARY KEY (user_id, org)); ALTER TABLE {s}.member OWNER TO {keeper};
     GRANT SELECT, INSERT ON {s}.member TO {g};
     ALTER POLICY custody_select ON {t} USING ({org} IN (SELECT m.org FROM {s}.member m WHERE m.user_id = custody.current_user_id()));
     DROP POLICY custody_floor ON {t}',
    'CREATE TABLE {s}.member (user_id text, org {type}, PRIMARY KEY (user_id, org)); ALTER TABLE {s}.member OWNER TO {keeper};
     ALTER TABLE {s}.member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; GRANT SELECT ON {s}.member TO {g};
     CREATE POLICY mine ON {s}.member FOR SELECT TO {g} USING (org = {ctx})',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'INSERT INTO {s}.member VALUES (''mallory'', {b})', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
SELECT suite.plant(35, 'update', '{plain,view}',
    'CREATE TABLE {s}.member (user_id text PRIMARY KEY, org {type}); ALTER TABLE {s}.member OWNER TO {keeper};
     INSERT INTO {s}.member VALUES (''mallory'', {a});
     GRANT SELECT, UPDATE ON {s}.member TO {g};
     ALTER POLICY custody_select ON {t} USING (EXISTS (SELECT FROM {s}.member m WHERE m.user_id = custody.current_user_id() AND m.org = {org}));
     DROP POLICY custody_floor ON {t}',
    'CREATE TABLE {s}.member (user_id text PRIMARY KEY, org {type}); ALTER TABLE {s}.member OWNER TO {keeper}',
    '{prove,probe,lint,loader}',
    ARRAY['@A', 'UPDATE {s}.member SET org = {b}', 'SELECT count(*) FROM {r} WHERE {org} <> {a}']);
