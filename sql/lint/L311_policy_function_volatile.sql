-- code: L311
-- name: policy_function_volatile
-- level: warning
-- title: Policy calls a function that is VOLATILE
-- why: it runs once for every row, keeps the index on the org column from being used, and may
--   answer differently each time
SELECT c.name AS object,
       'VOLATILE; called by ' || count(DISTINCT c.policy) || ' policies, as ' || min(p.name) AS seen,
       format('ALTER FUNCTION %s STABLE;', c.name) AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.function >= 16384 AND c.provolatile = 'v'
 GROUP BY c.function, c.name
