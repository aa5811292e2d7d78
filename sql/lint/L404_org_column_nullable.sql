-- code: L404
-- name: org_column_nullable
-- level: warning
-- title: Org column that may be NULL
-- why: a row without an organization is invisible to all, or everybody's where a policy says so
-- needs: org
SELECT format('%s.%I', o.name, o.attname) AS object, 'may be NULL' AS seen,
       format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', o.name, o.attname) AS remediation
  FROM lint_org o
 WHERE NOT o.attnotnull AND NOT o.relispartition
