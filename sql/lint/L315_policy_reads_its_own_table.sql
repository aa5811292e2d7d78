-- code: L315
-- name: policy_reads_its_own_table
-- level: warning
-- title: Policy that reads the table it is on
-- why: the server refuses every statement with "infinite recursion detected", until somebody
--   turns row security off
SELECT p.name AS object, 'a sub-select on ' || p.table_name AS seen,
       'ask a function or custody.current_orgs_uuid(), _bigint(), _text() instead' AS remediation
  FROM lint_policy p
 WHERE coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, '')
       ~ (':relid ' || p.relation || '\M')
