-- Permissive policies under a restrictive one that asks who is there, for the same command and at
-- least all roles that have something to do with the table: what the permissive one lets through is
-- narrowed again. A policy binds a role that has the privileges of one that it names.
lint_subject AS (
    SELECT p.oid AS policy, r.oid AS role
      FROM lint_policy p, unnest(p.polroles) r(oid)
     WHERE p.polpermissive AND r.oid <> 0
    UNION
    SELECT p.oid, g.grantee
      FROM lint_policy p
      JOIN lint_grant g ON g.relation = p.relation
     WHERE p.polpermissive AND 0::oid = ANY (p.polroles)
),
lint_floor AS (
    SELECT f.oid, f.relation, f.polcmd, f.polwithcheck IS NOT NULL AS checks, r.oid AS role
      FROM lint_policy f, unnest(f.polroles) r(oid)
     WHERE NOT f.polpermissive AND EXISTS (SELECT FROM lint_caller c WHERE c.policy = f.oid)
    UNION
    SELECT f.oid, f.relation, f.polcmd, f.polwithcheck IS NOT NULL, m.member
      FROM lint_policy f
      JOIN lint_member m ON m.may_inherit AND m.roleid = ANY (f.polroles)
     WHERE NOT f.polpermissive AND EXISTS (SELECT FROM lint_caller c WHERE c.policy = f.oid)
),
lint_floored AS (
    SELECT e.policy, e.part
      FROM lint_expression e
      JOIN lint_policy p ON p.oid = e.policy AND p.polpermissive
      JOIN lint_subject s ON s.policy = p.oid
      LEFT JOIN lint_floor f
        ON f.relation = p.relation AND f.polcmd IN ('*', p.polcmd) AND f.role IN (s.role, 0)
       AND EXISTS (SELECT FROM lint_caller c
                    WHERE c.policy = f.oid
                      AND c.part = CASE WHEN e.part = 'check' AND f.checks THEN 'check'
                                        ELSE 'using' END)
     GROUP BY e.policy, e.part
    HAVING bool_and(f.oid IS NOT NULL)
)
