-- code: L110
-- name: multiple_permissive_policies
-- level: warning
-- title: Several permissive policies for the same command and role
-- why: they are OR-ed: a row needs to please only one of them, and each costs its evaluation
SELECT p.table_name AS object,
       'for ' || string_agg(DISTINCT CASE c.cmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                                WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END, ', ')
       || ': ' || string_agg(DISTINCT quote_ident(p.polname), ', ') AS seen,
       'make one policy of them, or restrictive those that have to hold always' AS remediation
  FROM unnest(ARRAY['r', 'a', 'w', 'd']) c(cmd)
  JOIN lint_policy p ON p.polpermissive AND p.polcmd IN ('*', c.cmd)
 WHERE p.oid NOT IN (SELECT policy FROM lint_floored)
   AND EXISTS (SELECT FROM pg_policy o
                WHERE o.polrelid = p.relation AND o.oid <> p.oid AND o.polpermissive
                  AND o.polcmd IN ('*', c.cmd)
                  AND (o.polroles && p.polroles OR 0::oid = ANY (o.polroles)
                       OR 0::oid = ANY (p.polroles)))
 GROUP BY p.table_name
