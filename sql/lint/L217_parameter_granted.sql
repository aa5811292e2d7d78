-- code: L217
-- name: parameter_granted
-- level: error
-- title: Setting that guards the context may be set by others
-- why: with SET on it the context is whatever the role says; with session_replication_role no
--   trigger and no foreign key holds
-- since: 150000
SELECT p.parname AS object,
       string_agg(a.privilege_type || ' by ' || coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY a.grantee, a.privilege_type) AS seen,
       format('REVOKE SET, ALTER SYSTEM ON PARAMETER %s FROM %s;', p.parname,
              string_agg(DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC'), ', '))
       AS remediation
  FROM pg_parameter_acl p, aclexplode(p.paracl) a
  LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE (p.parname LIKE 'custody.%' OR p.parname IN ('session_replication_role',
            'session_preload_libraries', 'dynamic_library_path', 'log_parameter_max_length'))
   AND (r.oid IS NULL OR NOT r.rolsuper)
 GROUP BY p.parname
