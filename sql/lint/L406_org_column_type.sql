-- code: L406
-- name: org_column_type
-- level: warning
-- title: Org column of another type than the others
-- why: a context has one type: where the column has another, a cast stands between them, or the
--   accessor refuses
-- needs: org
SELECT format('%s.%I', o.name, o.attname) AS object,
       'type ' || format_type(o.atttypid, NULL) || ', most are ' || m.kind AS seen,
       format('ALTER TABLE %s ALTER COLUMN %I TYPE %s USING ...;', o.name, o.attname, m.kind)
       AS remediation
  FROM (SELECT relation, name, attname, atttypid,
               CASE WHEN atttypid IN (20, 21, 23) THEN 'bigint' WHEN atttypid IN (25, 1042, 1043)
                    THEN 'text' ELSE format_type(atttypid, NULL) END AS kind
          FROM lint_org WHERE NOT relispartition) o,
       (SELECT CASE WHEN atttypid IN (20, 21, 23) THEN 'bigint' WHEN atttypid IN (25, 1042, 1043)
                    THEN 'text' ELSE format_type(atttypid, NULL) END AS kind
          FROM lint_org WHERE NOT relispartition
         GROUP BY 1 ORDER BY bool_or(class = 'root') DESC NULLS LAST, count(*) DESC, 1 LIMIT 1) m
 WHERE o.kind <> m.kind
