-- code: L212
-- name: default_privileges_past_row_security
-- level: warning
-- title: Default privileges give TRUNCATE, TRIGGER or REFERENCES
-- why: every table that is made from now on begins with them
SELECT quote_ident(pg_get_userbyid(d.defaclrole))
       || coalesce(' in ' || quote_ident(n.nspname), '') AS object,
       string_agg(a.privilege_type || ' to ' || b.name, ', ' ORDER BY a.grantee, a.privilege_type) AS seen,
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE TRUNCATE, TRIGGER, REFERENCES ON TABLES FROM %s;',
              pg_get_userbyid(d.defaclrole), coalesce(' IN SCHEMA ' || quote_ident(n.nspname), ''),
              string_agg(DISTINCT b.name, ', '))
       AS remediation
  FROM pg_default_acl d
  LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
  JOIN lint_bound b ON b.oid = a.grantee
 WHERE d.defaclobjtype = 'r' AND a.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
   AND a.grantee <> d.defaclrole
 GROUP BY d.oid, d.defaclrole, n.nspname
