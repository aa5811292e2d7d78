-- code: L313
-- name: policy_call_per_row
-- level: info
-- title: Policy calls a function that could be called once
-- why: where no index serves, the call is made for every row; (SELECT f()) is evaluated once.
--   custody's accessors need no such thing
SELECT p.table_name AS object,
       string_agg(DISTINCT c.name, ', ') || ' in ' || string_agg(DISTINCT quote_ident(p.polname), ', ')
       AS seen,
       'write (SELECT ...) around the call, or use custody.current_org_uuid(), _bigint(), _text()'
       AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.provolatile = 's' AND (c.function >= 16384 OR c.proname = 'current_setting')
   AND NOT c.takes_row AND NOT c.in_sublink
 GROUP BY p.table_name
