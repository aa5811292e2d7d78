-- code: L203
-- name: login_bypasses_row_security
-- level: warning
-- title: Login with BYPASSRLS
-- why: right for backup and migration; an application that uses it has no row security at all
SELECT quote_ident(rolname) AS object, 'LOGIN, BYPASSRLS' AS seen,
       format('ALTER ROLE %I NOBYPASSRLS;', rolname) AS remediation
  FROM pg_roles
 WHERE rolcanlogin AND rolbypassrls AND NOT rolsuper
