-- code: L308
-- name: row_without_org_is_open
-- level: error
-- title: Policy that opens rows without an organization
-- why: a row whose organization is NULL is everybody's, to read and, by the same policy, to write
SELECT p.name AS object,
       coalesce(pg_get_expr(p.polqual, p.relation), pg_get_expr(p.polwithcheck, p.relation)) AS seen,
       format('ALTER POLICY %I ON %s USING (... = custody.current_org_uuid());', p.polname,
              p.table_name) AS remediation
  FROM lint_policy p
 WHERE p.oid IN (
           SELECT a.policy
             FROM lint_arm a
             JOIN lint_node v ON v.policy = a.policy AND v.part = a.part AND v.n = a.n + 1
              AND v.label = 'VAR'
             JOIN lint_arm o ON o.policy = a.policy AND o.part = a.part AND o.parent = a.parent
              AND o.n <> a.n AND o.reads_caller
             JOIN lint_node w ON w.policy = a.policy AND w.part = a.part AND w.n > o.n
              AND w.n < o.last AND w.label = 'VAR'
              AND substring(w.attributes, ':varattno (\d+)') = substring(v.attributes, ':varattno (\d+)')
            WHERE a.label = 'NULLTEST'
              AND (a.policy, a.part) NOT IN (SELECT policy, part FROM lint_floored))
