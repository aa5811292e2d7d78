-- code: L310
-- name: context_function_immutable
-- level: error
-- title: Context function that is declared IMMUTABLE
-- why: the planner replaces the call by its value, and a prepared statement shows the next
--   organization the rows of the first
SELECT c.name AS object,
       'IMMUTABLE; called by ' || count(DISTINCT c.policy) || ' policies, as ' || min(p.name) AS seen,
       format('ALTER FUNCTION %s STABLE;', c.name) AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.function >= 16384 AND c.provolatile = 'i'
   AND NOT c.takes_row
 GROUP BY c.function, c.name
