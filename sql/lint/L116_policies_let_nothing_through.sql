-- code: L116
-- name: policies_let_nothing_through
-- level: info
-- title: Policies that are false for every row
-- why: nobody sees or writes a row: safe, and of no use; the way out that is taken in a hurry is
--   often a policy that is always true
SELECT p.table_name AS object,
       string_agg(CASE WHEN p.polpermissive THEN '' ELSE 'restrictive ' END || quote_ident(p.polname)
                  || ' USING (' || c.expression || ')', ', ' ORDER BY p.polname) AS seen,
       'write the condition, or drop the policy' AS remediation
  FROM lint_constant c
  JOIN lint_policy p ON p.oid = c.policy AND (p.polpermissive OR p.polcmd IN ('*', 'r'))
 WHERE c.part = 'using'
   AND query_to_xml('SELECT 1 WHERE ' || c.expression, false, false, '')::text NOT LIKE '%<row>%'
 GROUP BY p.table_name
