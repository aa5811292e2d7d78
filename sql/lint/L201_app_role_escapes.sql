-- code: L201
-- name: app_role_escapes
-- level: error
-- title: Application role that row security does not hold
-- why: the role, or one that it can become, bypasses row security or owns protected tables and
--   may turn it off
-- needs: custody
SELECT quote_ident(a.rolname) AS object, string_agg(DISTINCT x.what, '; ') AS seen,
       'take the attribute or the membership away, and give the tables to a role without LOGIN'
       AS remediation
  FROM pg_roles a,
       LATERAL (SELECT a.oid AS role, '' AS way, true AS may_set
                UNION
                SELECT m.roleid, 'can become ' || quote_ident(pg_get_userbyid(m.roleid)) || ': ',
                       m.may_set
                  FROM lint_member m WHERE m.member = a.oid) r
  JOIN pg_roles t ON t.oid = r.role,
       LATERAL (SELECT r.way || 'superuser' AS what WHERE t.rolsuper AND r.may_set
                UNION ALL
                SELECT r.way || 'BYPASSRLS' WHERE t.rolbypassrls AND r.may_set
                UNION ALL
                SELECT r.way || 'owns ' || string_agg(l.name, ', ' ORDER BY l.name)
                  FROM lint_relation l
                 WHERE l.relowner = t.oid
                   AND l.oid IN (SELECT p.relation FROM lint_protection p WHERE p.class <> 'exempt')
                HAVING count(*) > 0) x
 WHERE a.oid IN (SELECT unnest(p.roles || p.multi_roles) FROM lint_protection p)
 GROUP BY a.rolname
