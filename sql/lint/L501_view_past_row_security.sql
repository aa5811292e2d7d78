-- code: L501
-- name: view_past_row_security
-- level: error
-- title: View that reads past row security
-- why: a view without security_invoker (before PostgreSQL 15: every view) reads with the rights
--   of its owner, whom row security does not bind
SELECT v.name AS object,
       'owner ' || quote_ident(pg_get_userbyid(v.relowner)) || ' reads '
       || string_agg(DISTINCT t.name, ', ') || '; open to '
       || (SELECT string_agg(DISTINCT g.role_name, ', ') FROM lint_grant g
            WHERE g.relation = v.oid
               OR g.relation IN (SELECT x.viewer FROM lint_reach x WHERE x.relation = v.oid)) AS seen,
       format(CASE WHEN min(s.version) < 150000 THEN 'REVOKE ALL ON %s FROM ...;'
                   ELSE 'ALTER VIEW %s SET (security_invoker = on);' END, v.name) AS remediation
  FROM lint_server s, lint_relation v
  JOIN lint_reads d ON d.viewer = v.oid
  JOIN lint_relation t ON t.oid = d.relation AND t.relrowsecurity
 WHERE v.relkind = 'v'
   AND NOT EXISTS (SELECT FROM unnest(v.reloptions) o(entry)
                    WHERE o.entry ~* '^security_invoker=(on|true|yes|1)$')
   AND (v.relowner IN (SELECT oid FROM lint_unbound)
        OR v.relowner = t.relowner AND NOT t.relforcerowsecurity)
   AND EXISTS (SELECT FROM lint_grant g
                WHERE g.relation = v.oid
                   OR g.relation IN (SELECT x.viewer FROM lint_reach x WHERE x.relation = v.oid))
 GROUP BY v.oid, v.name, v.relowner
