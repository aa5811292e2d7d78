-- code: L405
-- name: org_column_collation
-- level: error
-- title: Org column whose comparison takes two texts for one
-- why: two organizations that differ in case or accents are one to the policies
-- needs: org
SELECT format('%s.%I', o.name, o.attname) AS object,
       coalesce('collation ' || quote_ident(c.collname), 'type ' || t.typname) AS seen,
       format('ALTER TABLE %s ALTER COLUMN %I TYPE text COLLATE "C";', o.name, o.attname)
       AS remediation
  FROM lint_org o
  JOIN pg_type t ON t.oid = o.atttypid
  LEFT JOIN pg_collation c ON c.oid = o.attcollation AND NOT c.collisdeterministic
 WHERE NOT o.relispartition AND (c.oid IS NOT NULL OR t.typname = 'citext')
