-- Expressions that neither row nor caller can change, and that only the server's own functions are
-- part of: they can be evaluated. Materialized, so that no other one is.
lint_constant AS MATERIALIZED (
    SELECT e.policy, e.part,
           pg_get_expr(CASE e.part WHEN 'using' THEN p.polqual ELSE p.polwithcheck END, e.relation)
           AS expression
      FROM lint_expression e
      JOIN pg_policy p ON p.oid = e.policy
     WHERE (e.policy, e.part) NOT IN (
               SELECT n.policy, n.part
                 FROM lint_node n
                 LEFT JOIN pg_proc f ON f.oid = n.funcid
                WHERE n.label IN ('VAR', 'SQLVALUEFUNCTION', 'SUBLINK', 'PARAM')
                   OR f.provolatile <> 'i' OR f.oid >= 16384)
)
