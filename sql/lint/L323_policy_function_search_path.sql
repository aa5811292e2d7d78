-- code: L323
-- name: policy_function_search_path
-- level: warning
-- title: Policies call a function without a search_path
-- why: the caller's search_path, temporary tables first, decides what the names in it mean
SELECT c.name AS object,
       'no search_path; called by ' || count(DISTINCT c.policy) || ' policies, as ' || min(p.name) AS seen,
       format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp;', c.name) AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
  JOIN pg_language l ON l.oid = c.prolang AND l.lanname NOT IN ('c', 'internal')
 WHERE NOT c.prosecdef AND c.function >= 16384 AND c.prosrc <> ''
   AND NOT EXISTS (SELECT FROM unnest(c.proconfig) s(entry) WHERE s.entry LIKE 'search\_path=%')
 GROUP BY c.function, c.name
