-- code: L320
-- name: definer_function_executable
-- level: warning
-- title: Function that runs with the rights of an owner past row security
-- why: who may call it sees what its owner sees, unless the body looks at the context itself
SELECT r.name AS object,
       'SECURITY DEFINER, owner ' || quote_ident(pg_get_userbyid(r.proowner)) || ', executable by '
       || string_agg(b.name, ', ' ORDER BY b.name) AS seen,
       format('REVOKE EXECUTE ON %s %s FROM %s;', r.kind, r.name,
              string_agg(b.name, ', ' ORDER BY b.name)) AS remediation
  FROM lint_routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
  JOIN lint_bound b ON b.oid = a.grantee
 WHERE r.prosecdef AND a.grantee <> r.proowner
   AND r.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND (r.proowner IN (SELECT oid FROM lint_unbound)
        OR EXISTS (SELECT FROM lint_relation t WHERE t.relowner = r.proowner AND t.relrowsecurity
                                                 AND NOT t.relforcerowsecurity))
 GROUP BY r.oid, r.name, r.kind, r.proowner
