-- code: L211
-- name: trigger_or_references_granted
-- level: warning
-- title: TRIGGER or REFERENCES on a table with row security
-- why: a trigger runs in the sessions of others and sees their rows; a foreign key tells which
--   keys exist
SELECT r.name AS object, string_agg(g.privilege || ' by ' || g.role_name, ', '
                                    ORDER BY g.role_name, g.privilege) AS seen,
       format('REVOKE TRIGGER, REFERENCES ON %s FROM %s;', r.name,
              string_agg(DISTINCT g.role_name, ', ')) AS remediation
  FROM lint_relation r
  JOIN (SELECT DISTINCT relation, privilege, role_name FROM lint_grant) g
    ON g.relation = r.oid AND g.privilege IN ('TRIGGER', 'REFERENCES')
 WHERE r.relkind IN ('r', 'p')
   AND (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org))
 GROUP BY r.name
