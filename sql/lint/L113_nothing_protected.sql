-- code: L113
-- name: nothing_protected
-- level: warning
-- title: No table is protected
-- why: what is known of organizations comes from custody.protection: rules about org columns had
--   nothing to look at
-- needs: custody
SELECT quote_ident(current_database()) AS object, 'custody.protection is empty' AS seen,
       'SELECT * FROM custody.protect_schema(...);' AS remediation
 WHERE NOT EXISTS (SELECT FROM lint_protection WHERE class <> 'exempt')
