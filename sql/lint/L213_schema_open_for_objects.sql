-- code: L213
-- name: schema_open_for_objects
-- level: warning
-- title: Schema in which others may create objects
-- why: functions and operators made there are found by statements of others, and see the values
--   that those compare
SELECT quote_ident(n.nspname) AS object, 'CREATE by ' || string_agg(b.name, ', ') AS seen,
       format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, string_agg(b.name, ', ')) AS remediation
  FROM lint_schema n, aclexplode(n.nspacl) a
  JOIN lint_bound b ON b.oid = a.grantee
 WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
 GROUP BY n.nspname
