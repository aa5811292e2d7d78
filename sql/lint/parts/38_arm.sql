-- The alternatives of an OR outside of sub-selects: whether they look at the row of the table, and
-- whether they ask who is there. Inside a sub-select only an outer column is the row's.
lint_sublink AS (
    SELECT policy, part, n, last FROM lint_node WHERE label = 'SUBLINK'
),
lint_row AS (
    SELECT v.policy, v.part, v.n
      FROM lint_node v
      LEFT JOIN lint_sublink s
        ON s.policy = v.policy AND s.part = v.part AND s.n < v.n AND s.last > v.n
     WHERE v.label = 'VAR' AND (s.n IS NULL OR v.attributes ~ ':varlevelsup [1-9]')
),
lint_asks AS (
    SELECT n.policy, n.part, n.n
      FROM lint_node n
      LEFT JOIN pg_proc f ON f.oid = n.funcid
     WHERE n.label IN ('SQLVALUEFUNCTION', 'SUBLINK') OR f.provolatile <> 'i'
        OR f.oid >= 16384 AND f.pronargs = 0
),
lint_choice AS (
    SELECT a.policy, a.part, a.n, a.last, a.label, a.attributes, o.n AS parent
      FROM lint_node o
      JOIN lint_node a ON a.policy = o.policy AND a.part = o.part AND a.level = o.level + 1
       AND a.n > o.n AND a.n < o.last
      LEFT JOIN lint_sublink s
        ON s.policy = o.policy AND s.part = o.part AND s.n < o.n AND s.last > o.n
     WHERE o.label = 'BOOL' AND o.attributes LIKE '%:boolop or %' AND s.n IS NULL
),
lint_arm AS (
    SELECT a.policy, a.part, a.n, a.last, a.label, a.attributes, a.parent,
           count(v.n) > 0 AS reads_row, count(c.n) > 0 AS reads_caller
      FROM lint_choice a
      LEFT JOIN lint_row v ON v.policy = a.policy AND v.part = a.part AND v.n >= a.n AND v.n < a.last
      LEFT JOIN lint_asks c ON c.policy = a.policy AND c.part = a.part AND c.n >= a.n AND c.n < a.last
     GROUP BY a.policy, a.part, a.n, a.last, a.label, a.attributes, a.parent
),
lint_fallback AS (
    SELECT c.policy, c.part, count(v.n) > 0 AS reads_row
      FROM lint_node c
      JOIN lint_asks k ON k.policy = c.policy AND k.part = c.part AND k.n > c.n AND k.n < c.last
      LEFT JOIN lint_row v ON v.policy = c.policy AND v.part = c.part AND v.n > c.n AND v.n < c.last
     WHERE c.label = 'COALESCE'
       AND (c.policy, c.part) NOT IN (SELECT policy, part FROM lint_floored)
     GROUP BY c.policy, c.part, c.n
)
