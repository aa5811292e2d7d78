-- code: L321
-- name: definer_search_path
-- level: error
-- title: SECURITY DEFINER without a search_path
-- why: the caller's search_path decides what names in it mean: a table or operator of his own
--   runs with the owner's rights
SELECT r.name AS object, 'SECURITY DEFINER, no search_path' AS seen,
       format('ALTER %s %s SET search_path = pg_catalog, pg_temp;', r.kind, r.name) AS remediation
  FROM lint_routine r
  JOIN pg_language l ON l.oid = r.prolang AND l.lanname NOT IN ('c', 'internal')
 WHERE r.prosecdef
   AND NOT EXISTS (SELECT FROM unnest(r.proconfig) s(entry) WHERE s.entry LIKE 'search\_path=%')
