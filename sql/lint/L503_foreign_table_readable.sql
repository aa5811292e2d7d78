-- code: L503
-- name: foreign_table_readable
-- level: warning
-- title: Foreign table open to others
-- why: a foreign table has no row security, and the far server sees one user only
SELECT r.name AS object,
       'open to ' || string_agg(DISTINCT g.role_name, ', ') AS seen,
       format('REVOKE ALL ON %s FROM %s;', r.name, string_agg(DISTINCT g.role_name, ', ')) AS remediation
  FROM lint_relation r
  JOIN lint_grant g ON g.relation = r.oid
 WHERE r.relkind = 'f'
   AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                    WHERE i.inhrelid = r.oid AND c.relrowsecurity)
 GROUP BY r.name
