-- code: L210
-- name: truncate_granted
-- level: error
-- title: TRUNCATE on a table with row security
-- why: TRUNCATE does not look at policies: it removes the rows of all organizations
SELECT r.name AS object, 'TRUNCATE by ' || string_agg(g.role_name, ', ' ORDER BY g.role_name) AS seen,
       format('REVOKE TRUNCATE ON %s FROM %s;', r.name,
              string_agg(g.role_name, ', ' ORDER BY g.role_name)) AS remediation
  FROM lint_relation r
  JOIN lint_grant g ON g.relation = r.oid AND g.privilege = 'TRUNCATE'
 WHERE r.relkind IN ('r', 'p')
   AND (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org))
 GROUP BY r.name
