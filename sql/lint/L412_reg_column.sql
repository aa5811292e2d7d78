-- code: L412
-- name: reg_column
-- level: info
-- title: Column that holds an OID of the catalogs
-- why: pg_upgrade refuses the database, and the value means nothing on another server
SELECT format('%s.%I', r.name, a.attname) AS object, 'type ' || t.typname AS seen,
       format('ALTER TABLE %s ALTER COLUMN %I TYPE text;', r.name, a.attname) AS remediation
  FROM pg_attribute a
  JOIN lint_relation r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p', 'm') AND NOT r.relispartition
  JOIN pg_type t ON t.oid = a.atttypid AND t.typnamespace = 'pg_catalog'::regnamespace
   AND t.typname IN ('regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper',
                     'regoperator', 'regproc', 'regprocedure')
 WHERE NOT a.attisdropped AND a.attnum > 0
