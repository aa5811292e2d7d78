-- code: L305
-- name: policy_arm_ignores_row
-- level: warning
-- title: Policy with an alternative that does not look at the row
-- why: for whom it holds, it opens the rows of all organizations: a claim that a session makes
--   should not be able to
SELECT p.name AS object,
       coalesce(pg_get_expr(p.polqual, p.relation), pg_get_expr(p.polwithcheck, p.relation)) AS seen,
       'give those who see all organizations a role of their own, with a policy TO it' AS remediation
  FROM lint_policy p
 WHERE p.oid IN (
           SELECT a.policy
             FROM lint_arm a
            WHERE NOT a.reads_row AND a.label <> 'CONST'
              AND (a.policy, a.part) NOT IN (SELECT policy, part FROM lint_floored)
              AND NOT EXISTS (SELECT FROM lint_node t
                               WHERE t.policy = a.policy AND t.part = a.part AND t.n >= a.n
                                 AND t.n < a.last AND t.label = 'NULLTEST'))
