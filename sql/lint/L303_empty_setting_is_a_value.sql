-- code: L303
-- name: empty_setting_is_a_value
-- level: warning
-- title: Policy that takes an empty setting for an organization
-- why: after SET LOCAL and COMMIT a setting is the empty text, not NULL: rows whose column is
--   empty are open to everybody
SELECT p.table_name AS object,
       'current_setting() without nullif() in ' || string_agg(DISTINCT quote_ident(p.polname), ', ')
       AS seen,
       'write nullif(current_setting(..., true), '''')' AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.proname = 'current_setting' AND c.pronamespace = 'pg_catalog'::regnamespace
   AND NOT EXISTS (SELECT FROM lint_node n
                    WHERE n.policy = c.policy AND n.part = c.part AND n.n < c.n AND n.last > c.last
                      AND n.label IN ('NULLIF', 'COERCEVIAIO'))
 GROUP BY p.table_name
