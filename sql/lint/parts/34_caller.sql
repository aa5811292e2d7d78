-- Parts of policies that ask who is there: by a function whose value can change, by current_user, by
-- a sub-select, or by a function without arguments that only claims that its value cannot change.
lint_caller AS (
    SELECT DISTINCT n.policy, n.part
      FROM lint_node n
      LEFT JOIN pg_proc f ON f.oid = n.funcid
     WHERE n.label IN ('SQLVALUEFUNCTION', 'SUBLINK') OR f.provolatile <> 'i'
        OR f.oid >= 16384 AND f.pronargs = 0
)
