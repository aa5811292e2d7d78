-- code: L204
-- name: owner_can_log_in
-- level: warning
-- title: Owner of tables with row security can log in
-- why: an owner may disable row security, drop policies and, without FORCE, is not bound at all
SELECT quote_ident(a.rolname) AS object,
       'owns ' || count(*) || ' tables with row security, as ' || min(r.name) AS seen,
       format('ALTER ROLE %I NOLOGIN;', a.rolname) AS remediation
  FROM lint_relation r
  JOIN pg_roles a ON a.oid = r.relowner
 WHERE r.relrowsecurity AND a.rolcanlogin AND NOT a.rolsuper
   AND NOT (a.oid IN (SELECT unnest(p.roles || p.multi_roles) FROM lint_protection p)
            AND r.oid IN (SELECT p.relation FROM lint_protection p))
 GROUP BY a.rolname
