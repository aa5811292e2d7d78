-- code: L306
-- name: policy_falls_back_to_row
-- level: error
-- title: Policy that falls back to the row's own value
-- why: without a context it compares the column with itself: every row is open
SELECT p.name AS object,
       coalesce(pg_get_expr(p.polqual, p.relation), pg_get_expr(p.polwithcheck, p.relation)) AS seen,
       format('ALTER POLICY %I ON %s USING (... = custody.current_org_uuid());', p.polname,
              p.table_name) AS remediation
  FROM lint_policy p
 WHERE p.oid IN (SELECT f.policy FROM lint_fallback f WHERE f.reads_row)
