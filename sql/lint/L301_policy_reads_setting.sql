-- code: L301
-- name: policy_reads_setting
-- level: error
-- title: Policy that takes the context from a setting
-- why: SET, set_config, UPDATE pg_settings and connection options set it to whatever an injected
--   statement likes
SELECT p.table_name AS object,
       'current_setting() in ' || string_agg(DISTINCT quote_ident(p.polname), ', ') AS seen,
       'compare with custody.current_org_uuid(), _bigint() or _text()' AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.proname = 'current_setting' AND c.pronamespace = 'pg_catalog'::regnamespace
 GROUP BY p.table_name
