-- code: L324
-- name: function_search_path
-- level: info
-- title: Function without a search_path
-- why: what the names in it mean depends on who calls it
SELECT r.name AS object, 'no search_path' AS seen,
       format('ALTER %s %s SET search_path = pg_catalog, pg_temp;', r.kind, r.name) AS remediation
  FROM lint_routine r
  JOIN pg_language l ON l.oid = r.prolang AND l.lanname NOT IN ('c', 'internal')
 WHERE NOT r.prosecdef AND r.prosrc <> ''
   AND r.oid NOT IN (SELECT c.function FROM lint_call c)
   AND NOT EXISTS (SELECT FROM unnest(r.proconfig) s(entry) WHERE s.entry LIKE 'search\_path=%')
