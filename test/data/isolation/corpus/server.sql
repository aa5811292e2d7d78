-- Leaks 25 to 28: holes of the server itself that were mended. They cannot be planted on a server that has the
-- mends: here only the twins are, with the attacks that an older server let through.
SELECT suite.plant(25, 'function', '{plain,quoted,inherited}', NULL,
    'CREATE FUNCTION {s}.all_of() RETURNS SETOF {t} LANGUAGE sql STABLE AS $f$SELECT * FROM {t}$f$;
     REVOKE EXECUTE ON FUNCTION {s}.all_of() FROM PUBLIC; GRANT EXECUTE ON FUNCTION {s}.all_of() TO {g}', '{}',
    ARRAY['@super', 'SET LOCAL plan_cache_mode = force_generic_plan', 'PREPARE "{s}" AS SELECT count(*) FROM {s}.all_of() x WHERE {org} <> {a}',
          'EXECUTE "{s}"', '@A', 'EXECUTE "{s}"'],
    why => 'a matter of the server''s minor version, which lint names');
SELECT suite.plant(25, 'subquery', '{plain,partitioned,view}', NULL, '', '{}',
    ARRAY['@super', 'SET LOCAL plan_cache_mode = force_generic_plan',
          'PREPARE "{s}" AS WITH x AS MATERIALIZED (SELECT * FROM {r}) SELECT count(*) FROM x WHERE {org} <> {a}',
          'EXECUTE "{s}"', '@A', 'EXECUTE "{s}"'],
    why => 'a matter of the server''s minor version, which lint names');

SELECT suite.plant(26, 'update', '{plain,quoted,inherited}', NULL, '', '{}',
    ARRAY['@A', 'MERGE INTO {t} d USING (SELECT {vb} AS id) v ON d.id = v.id WHEN MATCHED THEN UPDATE SET title = ''gone''',
          '@super', 'SELECT count(*) FROM {t} WHERE title = ''gone'''],
    why => 'a matter of the server''s minor version, which lint names');
SELECT suite.plant(26, 'delete', '{plain,partitioned}', NULL, '', '{}',
    ARRAY['@A', 'MERGE INTO {t} d USING (SELECT {vb} AS id) v ON d.id = v.id WHEN MATCHED THEN DELETE',
          '@super', 'SELECT 4 - count(*) FROM {t} WHERE {org} = {b}'],
    why => 'a matter of the server''s minor version, which lint names');
SELECT suite.plant(26, 'insert', '{plain,quoted}', NULL, '', '{}',
    ARRAY['@A', 'MERGE INTO {t} d USING (SELECT 1) v ON false WHEN NOT MATCHED THEN INSERT ({org}, title) VALUES ({b}, ''planted'')',
          '@super', 'SELECT count(*) - 4 FROM {t} WHERE {org} = {b}'],
    why => 'a matter of the server''s minor version, which lint names');

SELECT suite.plant(27, 'update', '{plain,quoted,partitioned,view,inherited}', NULL, '', '{}',
    ARRAY['@A', 'INSERT INTO {r} (id, title) VALUES ({vb}, ''mine'') ON CONFLICT (id) DO UPDATE SET title = ''gone''',
          '@super', 'SELECT count(*) FROM {t} WHERE title = ''gone'''],
    why => 'a matter of the server''s minor version, which lint names');

SELECT suite.plant(28, 'statistics', '{plain,quoted,partitioned,inherited}', NULL, '', '{}',
    ARRAY['@super', 'ANALYZE {t}', '@A',
          'SELECT count(*) FROM pg_stats WHERE schemaname = ''{s}'' AND (histogram_bounds::text || most_common_vals::text) LIKE ''%of B%'''],
    why => 'a matter of the server''s minor version, which lint names');
SELECT suite.plant(28, 'operator', '{plain,view}', NULL, '', '{}',
    ARRAY['@super', 'ANALYZE {t}', 'GRANT CREATE ON SCHEMA {s} TO {g}', '@A',
          $$CREATE FUNCTION {s}.peek(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS
              $f$BEGIN IF $1 LIKE '%of B' THEN RAISE EXCEPTION 'seen' USING ERRCODE = 'PEEK0'; END IF; RETURN true; END$f$ $$,
          'CREATE OPERATOR {s}.<<< (FUNCTION = {s}.peek, LEFTARG = text, RIGHTARG = text, RESTRICT = scalarltsel)',
          'SELECT count(*) FROM {r} WHERE title OPERATOR({s}.<<<) ''x'' AND {org} <> {a}'],
    leak_state => 'PEEK0', why => 'a matter of the server''s minor version, which lint names');
