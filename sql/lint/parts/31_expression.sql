-- The expressions as the server stores them, so that how they were written does not matter.
lint_expression AS (
    SELECT oid AS policy, relation, 'using' AS part, polqual::text AS tree
      FROM lint_policy WHERE polqual IS NOT NULL
    UNION ALL
    SELECT oid, relation, 'check', polwithcheck::text
      FROM lint_policy WHERE polwithcheck IS NOT NULL
)
