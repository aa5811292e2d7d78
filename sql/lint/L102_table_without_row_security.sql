-- code: L102
-- name: table_without_row_security
-- level: warning
-- title: Table open to others without row security
-- why: all rows are open to the roles that have privileges on it; custody knows of no
--   organization here, so it may be meant
SELECT r.name AS object,
       string_agg(g.privileges || ' by ' || g.role_name, '; ' ORDER BY g.role_name) AS seen,
       format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', r.name) AS remediation
  FROM lint_relation r
  JOIN (SELECT relation, role_name, string_agg(privilege, ', ' ORDER BY privilege) AS privileges
          FROM lint_grant
         WHERE privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
         GROUP BY relation, role_name) g ON g.relation = r.oid
 WHERE r.relkind IN ('r', 'p') AND NOT r.relrowsecurity
   AND r.oid NOT IN (SELECT relation FROM lint_org)
   AND NOT EXISTS (SELECT FROM lint_protection p JOIN pg_class c ON c.oid = p.relation
                    WHERE c.relnamespace = r.relnamespace)
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)
   AND NOT EXISTS (SELECT FROM pg_inherits i
                    WHERE i.inhrelid = r.oid
                      AND (r.relispartition OR (SELECT relrowsecurity FROM pg_class c
                                                 WHERE c.oid = i.inhparent)))
 GROUP BY r.oid, r.name
