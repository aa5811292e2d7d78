-- Tables whose org column is known: by custody.protection, else by the name that the caller gave.
-- A partition has the column of its root.
lint_org AS (
    SELECT r.oid AS relation, r.name, r.relrowsecurity, r.relispartition, p.class,
           a.attnum, a.attname, a.attnotnull, a.atttypid, a.attcollation
      FROM lint_relation r
      LEFT JOIN lint_protection p
        ON p.relation = CASE WHEN r.relispartition THEN pg_partition_root(r.oid) ELSE r.oid END
      JOIN pg_attribute a
        ON a.attrelid = r.oid AND NOT a.attisdropped AND a.attnum > 0
       AND a.attname = CASE WHEN p.relation IS NULL THEN (SELECT o.org_column FROM lint_option o)
                            ELSE p.org_column END
     WHERE r.relkind IN ('r', 'p') AND coalesce(p.class, 'owned') NOT IN ('shared', 'exempt')
)
