-- code: L202
-- name: login_can_become_unbound
-- level: warning
-- title: Login that can become a role which row security does not bind
-- why: RESET ROLE and SET ROLE are plain statements: whoever injects SQL into such a session
--   leaves the application's role
SELECT quote_ident(a.rolname) AS object,
       string_agg(DISTINCT CASE WHEN t.rolsuper THEN 'can become the superuser '
                                WHEN t.rolbypassrls THEN 'can become, with BYPASSRLS, '
                                ELSE 'has the privileges of an owner of tables that are not FORCEd, ' END
                  || quote_ident(t.rolname), '; ') AS seen,
       format('REVOKE %s FROM %I;', string_agg(DISTINCT quote_ident(t.rolname), ', '), a.rolname)
       AS remediation
  FROM pg_roles a
  JOIN lint_member m ON m.member = a.oid
  JOIN pg_roles t ON t.oid = m.roleid
 WHERE a.rolcanlogin AND NOT a.rolsuper AND NOT a.rolbypassrls
   AND (m.may_set AND (t.rolsuper OR t.rolbypassrls)
        OR EXISTS (SELECT FROM lint_relation r
                    WHERE r.relowner = t.oid AND r.relrowsecurity AND NOT r.relforcerowsecurity))
   AND a.oid NOT IN (SELECT unnest(p.roles || p.multi_roles) FROM lint_protection p)
 GROUP BY a.rolname
