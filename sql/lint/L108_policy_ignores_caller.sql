-- code: L108
-- name: policy_ignores_caller
-- level: warning
-- title: Permissive policy that does not ask who is there
-- why: rows that it lets through are the same for everybody, so for every organization
SELECT p.name AS object,
       string_agg(CASE e.part WHEN 'using' THEN 'USING (' || pg_get_expr(p.polqual, p.relation)
                       ELSE 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.relation) END || ')',
                  ' ' ORDER BY e.part DESC) AS seen,
       format('ALTER POLICY %I ON %s USING (... = custody.current_org_uuid());', p.polname,
              p.table_name) AS remediation
  FROM lint_policy p
  JOIN lint_expression e ON e.policy = p.oid
 WHERE p.polpermissive
   AND (e.policy, e.part) NOT IN (SELECT policy, part FROM lint_floored)
   AND (e.policy, e.part) NOT IN (SELECT policy, part FROM lint_caller)
   AND EXISTS (SELECT FROM lint_node n
                WHERE n.policy = e.policy AND n.part = e.part AND n.label = 'VAR')
   AND (p.polcmd <> 'r' OR p.relation NOT IN (SELECT s.relation FROM lint_protection s
                                               WHERE s.class = 'shared'))
 GROUP BY p.oid, p.name, p.polname, p.table_name
