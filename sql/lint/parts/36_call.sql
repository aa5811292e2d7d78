-- Functions that policies call by name: whether with something of the row, and whether inside of a
-- sub-select.
lint_call AS (
    SELECT n.policy, n.part, n.n, n.last, f.oid AS function, f.pronamespace, f.proname,
           f.provolatile, f.prosrc, f.proconfig, f.prosecdef, f.prolang,
           f.oid::regprocedure::text AS name, n.takes_row, n.in_sublink
      FROM (SELECT c.policy, c.part, c.n, c.last, c.funcid, count(v.n) > 0 AS takes_row,
                   count(s.n) > 0 AS in_sublink
              FROM lint_node c
              LEFT JOIN lint_node v
                ON v.policy = c.policy AND v.part = c.part AND v.label = 'VAR'
               AND v.n > c.n AND v.n < c.last
              LEFT JOIN lint_node s
                ON s.policy = c.policy AND s.part = c.part AND s.label = 'SUBLINK'
               AND s.n < c.n AND s.last > c.last
             WHERE c.label = 'FUNC'
             GROUP BY c.policy, c.part, c.n, c.last, c.funcid) n
      JOIN pg_proc f ON f.oid = n.funcid
     WHERE f.oid NOT IN (SELECT oid FROM lint_own)
)
