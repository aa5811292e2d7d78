-- Permissive policies under a restrictive one that asks who is there, for the same command and at
-- least the same roles: what the permissive one lets through is narrowed again.
lint_floored AS (
    SELECT e.policy, e.part
      FROM lint_expression e
      JOIN lint_policy p ON p.oid = e.policy AND p.polpermissive
      JOIN lint_policy f
        ON f.relation = p.relation AND NOT f.polpermissive AND f.polcmd IN ('*', p.polcmd)
       AND (f.polroles @> p.polroles OR 0::oid = ANY (f.polroles))
     WHERE EXISTS (SELECT FROM lint_caller c
                    WHERE c.policy = f.oid
                      AND c.part = CASE WHEN e.part = 'check' AND f.polwithcheck IS NOT NULL
                                        THEN 'check' ELSE 'using' END)
)
