-- code: L502
-- name: materialized_view_readable
-- level: error
-- title: Materialized view with rows of all organizations
-- why: it was filled past row security, and has none of its own
SELECT v.name AS object,
       'holds rows of ' || string_agg(DISTINCT t.name, ', ') || '; open to '
       || (SELECT string_agg(DISTINCT g.role_name, ', ') FROM lint_grant g
            WHERE g.relation = v.oid
               OR g.relation IN (SELECT x.viewer FROM lint_reach x WHERE x.relation = v.oid)) AS seen,
       format('REVOKE ALL ON %s FROM ...; grant a view that compares the org column instead', v.name)
       AS remediation
  FROM lint_relation v
  JOIN lint_reach d ON d.viewer = v.oid
  JOIN lint_relation t ON t.oid = d.relation
   AND (t.relrowsecurity OR t.oid IN (SELECT relation FROM lint_org))
 WHERE v.relkind = 'm'
   AND EXISTS (SELECT FROM lint_grant g
                WHERE g.relation = v.oid
                   OR g.relation IN (SELECT x.viewer FROM lint_reach x WHERE x.relation = v.oid))
 GROUP BY v.oid, v.name
