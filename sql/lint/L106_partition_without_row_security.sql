-- code: L106
-- name: partition_without_row_security
-- level: error
-- title: Partition or child that can be read past its parent's policies
-- why: policies of the parent do not apply to a query that names the child
SELECT r.name AS object,
       'parent ' || string_agg(DISTINCT p.name, ', ') || ' has row security; open to '
       || (SELECT string_agg(DISTINCT g.role_name, ', ') FROM lint_grant g WHERE g.relation = r.oid)
       AS seen,
       format('REVOKE ALL ON %s FROM %s;', r.name,
              (SELECT string_agg(DISTINCT g.role_name, ', ') FROM lint_grant g
                WHERE g.relation = r.oid)) AS remediation
  FROM lint_relation r
  JOIN pg_inherits i ON i.inhrelid = r.oid
  JOIN lint_relation p ON p.relkind IN ('r', 'p') AND p.relrowsecurity
   AND p.oid IN (i.inhparent, CASE WHEN r.relispartition THEN pg_partition_root(r.oid) END)
 WHERE NOT r.relrowsecurity AND r.relkind IN ('r', 'p', 'f')
   AND NOT EXISTS (SELECT FROM pg_policy q WHERE q.polrelid = r.oid)
   AND EXISTS (SELECT FROM lint_grant g WHERE g.relation = r.oid)
 GROUP BY r.oid, r.name
