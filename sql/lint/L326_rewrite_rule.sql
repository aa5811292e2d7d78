-- code: L326
-- name: rewrite_rule
-- level: warning
-- title: Rewrite rule that reaches a table with row security
-- why: what the rule does is done with the rights of the owner of the table or view that it is on, past
--   row security where he is past it
SELECT format('%I on %s', w.rulename, r.name) AS object,
       'ON ' || CASE w.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' ELSE 'DELETE' END AS seen,
       format('DROP RULE %I ON %s;', w.rulename, r.name) AS remediation
  FROM pg_rewrite w
  JOIN lint_relation r ON r.oid = w.ev_class
 WHERE w.ev_type <> '1'
   AND (r.relkind IN ('r', 'p')
        AND (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org))
        OR EXISTS (SELECT FROM pg_depend d JOIN lint_relation t ON t.oid = d.refobjid
                    WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                      AND d.refclassid = 'pg_class'::regclass AND t.relkind IN ('r', 'p')
                      AND t.relrowsecurity
                      AND (r.relowner IN (SELECT oid FROM lint_unbound)
                           OR r.relowner = t.relowner AND NOT t.relforcerowsecurity)))
