-- code: L317
-- name: policy_reads_membership
-- level: info
-- title: Policies that look the organization up in another table
-- why: a sub-select in a policy is no join: the index on the org column cannot be used, every
--   statement reads all rows
SELECT p.table_name AS object,
       'sub-select in ' || string_agg(DISTINCT quote_ident(p.polname), ', ') AS seen,
       'enter the organizations and compare with = ANY (custody.current_orgs_uuid())' AS remediation
  FROM lint_policy p
  JOIN lint_expression e ON e.policy = p.oid AND e.tree LIKE '%{SUBLINK %' AND e.tree ~ ':relid [1-9]'
 GROUP BY p.table_name
