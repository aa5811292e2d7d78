-- code: L302
-- name: context_function_reads_setting
-- level: error
-- title: Policies call a function that takes the context from a setting
-- why: the function is only as good as the setting, which any statement can set
SELECT c.name AS object,
       'reads current_setting(), itself or through another; called by ' || count(DISTINCT c.policy) || ' policies, as '
       || min(p.name) AS seen,
       'have it return custody.current_user_id() or custody.current_org_uuid(), _bigint(), _text()'
       AS remediation
  FROM lint_call c
  JOIN lint_policy p ON p.oid = c.policy
 WHERE c.function IN (SELECT oid FROM lint_reader)
 GROUP BY c.function, c.name
