-- code: L316
-- name: policy_function_of_row
-- level: info
-- title: Policies call a function with each row
-- why: a function that takes the row's columns runs once for every row of every organization, and
--   no index on the org column helps
SELECT c.name AS object,
       'language ' || l.lanname || CASE WHEN c.prosecdef THEN ', SECURITY DEFINER' ELSE '' END
       || '; called by ' || count(DISTINCT c.policy) || ' policies, as ' || min(p.name) AS seen,
       'compare the org column with custody.current_org_uuid() or = ANY (custody.current_orgs_uuid())'
       AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
  JOIN pg_language l ON l.oid = c.prolang AND l.lanname NOT IN ('c', 'internal')
 WHERE c.takes_row AND c.function >= 16384 AND c.provolatile <> 'i'
 GROUP BY c.function, c.name, l.lanname, c.prosecdef
