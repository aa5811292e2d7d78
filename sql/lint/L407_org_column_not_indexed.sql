-- code: L407
-- name: org_column_not_indexed
-- level: warning
-- title: Org column without an index
-- why: every statement of every organization reads the rows of all
-- needs: org
SELECT format('%s.%I', o.name, o.attname) AS object, 'no index begins with it' AS seen,
       format('CREATE INDEX CONCURRENTLY ON %s (%I);', o.name, o.attname) AS remediation
  FROM lint_org o
 WHERE NOT o.relispartition
   AND NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = o.relation AND i.indkey[0] = o.attnum AND i.indpred IS NULL)
