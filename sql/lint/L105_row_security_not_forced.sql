-- code: L105
-- name: row_security_not_forced
-- level: warning
-- title: Row security does not bind the owner
-- why: the owner, and every role that has its privileges, reads and writes all rows
SELECT r.name AS object, 'owner ' || quote_ident(pg_get_userbyid(r.relowner)) AS seen,
       format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relrowsecurity AND NOT r.relforcerowsecurity
   AND (NOT r.relispartition
        OR (SELECT c.relforcerowsecurity FROM pg_class c WHERE c.oid = pg_partition_root(r.oid)))
