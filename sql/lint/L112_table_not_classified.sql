-- code: L112
-- name: table_not_classified
-- level: error
-- title: Table that nobody decided about
-- why: the schema holds protected tables, and this one is not among them, nor exempt with a
--   reason
-- needs: custody
SELECT r.name AS object,
       CASE WHEN r.relrowsecurity THEN 'not in custody.protection, with row security'
            ELSE 'not in custody.protection, row security is off' END AS seen,
       format('SELECT * FROM custody.protect(%L, ...);', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition
   AND r.oid NOT IN (SELECT relation FROM lint_protection)
   AND r.oid NOT IN (SELECT relation FROM lint_org WHERE NOT relrowsecurity)
   AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid AND NOT r.relrowsecurity)
   AND EXISTS (SELECT FROM lint_protection p JOIN pg_class c ON c.oid = p.relation
                WHERE c.relnamespace = r.relnamespace)
