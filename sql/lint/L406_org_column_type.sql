-- code: L406
-- name: org_column_type
-- level: warning
-- title: Org column of another type than the others
-- why: a context has one type: where the column has another, a cast stands between them, or the
--   accessor refuses
-- needs: org
SELECT format('%s.%I', o.name, o.attname) AS object,
       'type ' || format_type(o.atttypid, NULL) || ', most of the schema are ' || m.kind AS seen,
       format('ALTER TABLE %s ALTER COLUMN %I TYPE %s USING ...;', o.name, o.attname, m.kind)
       AS remediation
  FROM lint_org o
  JOIN lint_relation r ON r.oid = o.relation
  JOIN (SELECT DISTINCT ON (n.relnamespace) n.relnamespace, k.kind
          FROM lint_org t
          JOIN lint_relation n ON n.oid = t.relation
          JOIN lint_kind k ON k.oid = t.atttypid
         WHERE NOT t.relispartition
         GROUP BY n.relnamespace, k.kind
         ORDER BY n.relnamespace, bool_or(t.class = 'root') DESC NULLS LAST, count(*) DESC, k.kind) m
    ON m.relnamespace = r.relnamespace
  JOIN lint_kind k ON k.oid = o.atttypid AND k.kind <> m.kind
 WHERE NOT o.relispartition
