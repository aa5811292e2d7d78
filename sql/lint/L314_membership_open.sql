-- code: L314
-- name: membership_open
-- level: error
-- title: Policies believe a table that others write without row security
-- why: whoever may write it makes himself a member of any organization
SELECT t.name AS object,
       'read by ' || count(DISTINCT p.oid) || ' policies, as ' || min(p.name)
       || '; row security is off, ' || (SELECT string_agg(DISTINCT g.privilege || ' by ' || g.role_name, ', ')
                      FROM lint_grant g WHERE g.relation = t.oid AND g.privilege IN ('INSERT', 'UPDATE'))
       AS seen,
       format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', t.name) AS remediation
  FROM pg_depend d
  JOIN lint_policy p ON p.oid = d.objid
  JOIN lint_relation t ON t.oid = d.refobjid AND t.oid <> p.relation
 WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_class'::regclass
   AND t.relkind IN ('r', 'p') AND NOT t.relrowsecurity
   AND EXISTS (SELECT FROM lint_grant g
                WHERE g.relation = t.oid AND g.privilege IN ('INSERT', 'UPDATE'))
 GROUP BY t.oid, t.name
