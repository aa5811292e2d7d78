-- code: L313
-- name: policy_call_per_row
-- level: info
-- title: Policies call a function for each row that could be called once
-- why: where no index serves, the call is made for every row; (SELECT f()) is evaluated once.
--   custody's accessors need no such thing
SELECT c.name AS object,
       'in ' || count(DISTINCT c.policy) || ' policies, as ' || min(p.name) AS seen,
       'write (SELECT ...) around the call, or use custody.current_org_uuid(), _bigint(), _text()'
       AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.provolatile = 's' AND (c.function >= 16384 OR c.proname = 'current_setting')
   AND NOT c.takes_row AND NOT c.in_sublink
 GROUP BY c.function, c.name
