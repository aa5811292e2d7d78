-- code: L218
-- name: login_may_replicate
-- level: warning
-- title: Login with REPLICATION
-- why: replication carries every row of every organization; row security is not applied
SELECT quote_ident(rolname) AS object, 'LOGIN, REPLICATION' AS seen,
       format('ALTER ROLE %I NOREPLICATION;', rolname) AS remediation
  FROM pg_roles
 WHERE rolcanlogin AND rolreplication AND NOT rolsuper
