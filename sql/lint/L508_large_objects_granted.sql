-- code: L508
-- name: large_objects_granted
-- level: warning
-- title: Large objects open to others
-- why: a large object belongs to no organization: a role that may read it reads it for all
SELECT 'large objects' AS object,
       count(DISTINCT l.oid) || ' open to ' || string_agg(DISTINCT b.name, ', ')
       || ', as ' || min(l.oid) AS seen,
       format('REVOKE ALL ON LARGE OBJECT ... FROM %s;', string_agg(DISTINCT b.name, ', ')) AS remediation
  FROM pg_largeobject_metadata l, aclexplode(l.lomacl) a
  JOIN lint_bound b ON b.oid = a.grantee
 WHERE a.grantee <> l.lomowner
HAVING count(*) > 0
