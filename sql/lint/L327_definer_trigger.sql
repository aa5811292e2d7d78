-- code: L327
-- name: definer_trigger
-- level: info
-- title: Trigger with the rights of an owner past row security
-- why: the trigger's function reads and writes rows of all organizations
SELECT format('%I on %s', t.tgname, r.name) AS object,
       f.name || ' is SECURITY DEFINER, owner ' || quote_ident(pg_get_userbyid(f.proowner)) AS seen,
       format('ALTER FUNCTION %s SECURITY INVOKER;', f.name) AS remediation
  FROM pg_trigger t
  JOIN lint_relation r ON r.oid = t.tgrelid
  JOIN lint_routine f ON f.oid = t.tgfoid AND f.prosecdef
 WHERE NOT t.tgisinternal AND f.proowner IN (SELECT oid FROM lint_unbound)
   AND (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org)
        OR r.oid IN (SELECT relation FROM lint_grant WHERE privilege IN ('INSERT', 'UPDATE', 'DELETE')))
   AND to_jsonb(t) ->> 'tgparentid' IS NOT DISTINCT FROM '0'
