-- code: L104
-- name: row_security_without_policy
-- level: info
-- title: Row security without a permissive policy
-- why: nobody whom row security binds sees a row: safe, but often a policy that was forgotten,
--   and then somebody turns row security off
SELECT r.name AS object,
       CASE WHEN EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)
            THEN 'only restrictive policies' ELSE 'no policies' END AS seen,
       format('CREATE POLICY ... ON %s ...;', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relrowsecurity AND NOT r.relispartition
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid AND p.polpermissive)
