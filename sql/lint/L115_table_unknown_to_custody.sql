-- code: L115
-- name: table_unknown_to_custody
-- level: info
-- title: Table with row security that custody does not know
-- why: the schema holds protected tables; the prover and the prober take theirs from
--   custody.protection and so leave this one out
-- needs: custody
SELECT r.name AS object, 'not in custody.protection' AS seen,
       format('SELECT * FROM custody.protect(%L, ...);', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition AND r.relrowsecurity
   AND r.oid NOT IN (SELECT relation FROM lint_protection)
   AND EXISTS (SELECT FROM lint_protection p JOIN pg_class c ON c.oid = p.relation
                WHERE c.relnamespace = r.relnamespace)
