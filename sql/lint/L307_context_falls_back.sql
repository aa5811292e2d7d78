-- code: L307
-- name: context_falls_back
-- level: warning
-- title: Policy whose context has a fallback
-- why: when the first source is empty the next one is believed, which may be one that anybody can
--   set, or a constant
SELECT p.name AS object,
       coalesce(pg_get_expr(p.polqual, p.relation), pg_get_expr(p.polwithcheck, p.relation)) AS seen,
       format('ALTER POLICY %I ON %s USING (... = custody.current_org_uuid());', p.polname,
              p.table_name) AS remediation
  FROM lint_policy p
 WHERE p.oid IN (SELECT f.policy FROM lint_fallback f WHERE NOT f.reads_row)
   AND p.oid NOT IN (SELECT f.policy FROM lint_fallback f WHERE f.reads_row)
