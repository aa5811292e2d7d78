-- code: L304
-- name: policy_open_without_context
-- level: error
-- title: Policy that lets everything through when there is no context
-- why: who enters no context, or resets it, sees the rows of all organizations
SELECT p.name AS object,
       coalesce(pg_get_expr(p.polqual, p.relation), pg_get_expr(p.polwithcheck, p.relation)) AS seen,
       format('ALTER POLICY %I ON %s USING (... = custody.current_org_uuid());', p.polname,
              p.table_name) AS remediation
  FROM lint_policy p
 WHERE p.oid IN (
           SELECT a.policy
             FROM lint_arm a
            WHERE NOT a.reads_row
              AND (a.label = 'CONST' AND a.attributes LIKE '%constvalue 1 [ 1 %'
                   OR EXISTS (SELECT FROM lint_node t
                               WHERE t.policy = a.policy AND t.part = a.part AND t.n >= a.n
                                 AND t.n < a.last AND t.label = 'NULLTEST'))
              AND (a.policy, a.part) NOT IN (SELECT policy, part FROM lint_floored)
           UNION ALL
           SELECT c.policy
             FROM lint_node c
             JOIN lint_node t ON t.policy = c.policy AND t.part = c.part AND t.n > c.n
              AND t.n < c.last AND t.level <= c.level + 2 AND t.label = 'CONST'
              AND t.attributes LIKE '%consttype 16 %' AND t.attributes LIKE '%constvalue 1 [ 1 %'
            WHERE c.label = 'CASE' AND c.attributes LIKE '%casetype 16 %'
              AND (c.policy, c.part) NOT IN (SELECT policy, part FROM lint_floored))
