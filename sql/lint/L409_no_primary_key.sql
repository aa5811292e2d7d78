-- code: L409
-- name: no_primary_key
-- level: info
-- title: Table without a primary key
-- why: rows cannot be told apart: not by replication, not by a digest that names what differs
SELECT r.name AS object, 'no primary key' AS seen,
       format('ALTER TABLE %s ADD PRIMARY KEY (...);', r.name) AS remediation
  FROM lint_relation r
 WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisprimary)
