-- code: L111
-- name: command_without_policy
-- level: info
-- title: Privilege that no policy lets anybody use
-- why: the statement fails or finds no rows, and the way out that is taken in a hurry is often a
--   policy that is always true
SELECT r.name AS object,
       string_agg(g.privilege || ' by ' || g.role_name, ', ' ORDER BY g.privilege, g.role_name) AS seen,
       'create the policy, or revoke the privilege' AS remediation
  FROM lint_relation r
  JOIN (SELECT DISTINCT relation, grantee, role_name, privilege FROM lint_grant
         WHERE privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) g ON g.relation = r.oid
 WHERE r.relrowsecurity AND r.relkind IN ('r', 'p')
   AND r.oid NOT IN (SELECT s.relation FROM lint_protection s WHERE s.class = 'shared')
   AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid AND p.polpermissive)
   AND NOT EXISTS (SELECT FROM pg_policy p
                    WHERE p.polrelid = r.oid AND p.polpermissive
                      AND p.polcmd IN ('*', CASE g.privilege WHEN 'SELECT' THEN 'r' WHEN 'INSERT' THEN 'a'
                                                             WHEN 'UPDATE' THEN 'w' ELSE 'd' END)
                      AND (0::oid = ANY (p.polroles) OR g.grantee = ANY (p.polroles)
                           OR g.grantee = 0
                           OR EXISTS (SELECT FROM lint_member m
                                       WHERE m.member = g.grantee AND m.may_inherit
                                         AND m.roleid = ANY (p.polroles))))
 GROUP BY r.oid, r.name
