-- code: L205
-- name: createrole_is_every_role
-- level: warning
-- title: Login with CREATEROLE before PostgreSQL 16
-- why: it may grant itself any role that is no superuser, those with BYPASSRLS and the owners too
SELECT quote_ident(r.rolname) AS object, 'CREATEROLE' AS seen,
       format('ALTER ROLE %I NOCREATEROLE;', r.rolname) AS remediation
  FROM pg_roles r, lint_server s
 WHERE r.rolcreaterole AND NOT r.rolsuper AND r.rolcanlogin AND s.version < 160000
