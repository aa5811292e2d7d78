-- The nodes of the expressions: n is the place, last the place where the node ends, so that
-- "inside" is a comparison; level is the depth. Labels lost or won "EXPR" in 16. Split at braces, not
-- matched: there may be thousands.
lint_node AS (
    SELECT policy, part, n, last, level,
           CASE WHEN label LIKE '%EXPR' THEN left(label, -4) ELSE label END AS label,
           CASE WHEN label IN ('FUNCEXPR', 'OPEXPR', 'SCALARARRAYOPEXPR', 'DISTINCTEXPR', 'NULLIFEXPR')
                THEN split_part(split_part(token, 'funcid ', 2), ' ', 1)::oid END AS funcid,
           token AS attributes
      FROM (SELECT policy, part, n, token, split_part(token, ' ', 1) AS label, level,
                   lead(n) OVER (PARTITION BY policy, part, level ORDER BY n) AS last
              FROM (SELECT e.policy, e.part, t.n, t.token,
                           sum(CASE WHEN t.token LIKE '}%' THEN -1 ELSE 1 END)
                               OVER (PARTITION BY e.policy, e.part ORDER BY t.n)
                           + CASE WHEN t.token LIKE '}%' THEN 1 ELSE 0 END AS level
                      FROM lint_expression e,
                           unnest(string_to_array(replace(replace(replace(e.tree, '\{', ''), '\}', ''),
                                                          '}', '{}'), '{'))
                           WITH ORDINALITY t(token, n)
                     WHERE t.n > 1) counted) leveled
     WHERE label ~ '^[A-Z]'
)
