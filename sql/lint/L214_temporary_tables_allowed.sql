-- code: L214
-- name: temporary_tables_allowed
-- level: info
-- title: Temporary tables outlive the organization that filled them
-- why: temporary tables, held cursors and prepared statements stay in the session: behind a
--   pooler the next organization reads them
SELECT quote_ident(d.datname) AS object, 'TEMPORARY by ' || string_agg(b.name, ', ') AS seen,
       format('REVOKE TEMPORARY ON DATABASE %I FROM %s;', d.datname, string_agg(b.name, ', ')) AS remediation
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  JOIN lint_bound b ON b.oid = a.grantee
 WHERE d.datname = current_database() AND a.privilege_type = 'TEMPORARY' AND a.grantee <> d.datdba
   AND EXISTS (SELECT FROM lint_relation WHERE relrowsecurity)
 GROUP BY d.datname
