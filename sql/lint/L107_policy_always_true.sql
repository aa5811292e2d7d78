-- code: L107
-- name: policy_always_true
-- level: error
-- title: Permissive policy that is true for every row and everybody
-- why: permissive policies are OR-ed: one that is always true makes the others worthless, unless
--   a restrictive policy narrows it
SELECT p.name AS object,
       string_agg(CASE e.part WHEN 'using' THEN 'USING (' ELSE 'WITH CHECK (' END
                  || e.expression || ')', ' ' ORDER BY e.part DESC) AS seen,
       format('DROP POLICY %I ON %s;', p.polname, p.table_name) AS remediation
  FROM lint_constant e
  JOIN lint_policy p ON p.oid = e.policy AND p.polpermissive
 WHERE query_to_xml('SELECT 1 WHERE ' || e.expression, false, false, '')::text LIKE '%<row>%'
   AND (e.policy, e.part) NOT IN (SELECT policy, part FROM lint_floored)
   AND (p.polcmd <> 'r' OR p.relation NOT IN (SELECT s.relation FROM lint_protection s
                                               WHERE s.class = 'shared'))
 GROUP BY p.oid, p.name, p.polname, p.table_name
