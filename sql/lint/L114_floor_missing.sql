-- code: L114
-- name: floor_missing
-- level: warning
-- title: Protected table without the restrictive policy that holds whatever else is added
-- why: any permissive policy added later opens rows of other organizations
-- needs: custody
SELECT o.name AS object,
       'no restrictive policy for all commands binds '
       || string_agg(quote_ident(pg_get_userbyid(b.role)), ', ' ORDER BY b.role) AS seen,
       'SELECT * FROM custody.protect(...);' AS remediation
  FROM lint_org o
  JOIN lint_protection p ON p.relation = o.relation,
       LATERAL unnest(p.roles || p.multi_roles) b(role)
 WHERE o.relrowsecurity
   AND NOT EXISTS (SELECT FROM pg_policy f
                    WHERE f.polrelid = o.relation AND NOT f.polpermissive AND f.polcmd = '*'
                      AND (b.role = ANY (f.polroles) OR 0::oid = ANY (f.polroles)
                           OR EXISTS (SELECT FROM lint_member m
                                       WHERE m.member = b.role AND m.may_inherit
                                         AND m.roleid = ANY (f.polroles))))
 GROUP BY o.name
