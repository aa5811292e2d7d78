-- code: L112
-- name: table_not_classified
-- level: error
-- title: Table that nobody decided about
-- why: the schema holds protected tables, and this one is not among them, nor exempt with a
--   reason
-- needs: custody
SELECT r.name AS object,
       'not in custody.protection, row security is off; open to '
       || (SELECT string_agg(DISTINCT g.role_name, ', ') FROM lint_grant g WHERE g.relation = r.oid)
       AS seen,
       format('SELECT * FROM custody.protect(%L, ...);', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition AND NOT r.relrowsecurity
   AND r.oid NOT IN (SELECT relation FROM lint_protection)
   AND r.oid NOT IN (SELECT relation FROM lint_org)
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)
   AND EXISTS (SELECT FROM lint_grant g WHERE g.relation = r.oid)
   AND EXISTS (SELECT FROM lint_protection p JOIN pg_class c ON c.oid = p.relation
                WHERE c.relnamespace = r.relnamespace)
