-- code: L604
-- name: guard_off
-- level: warning
-- title: Protected tables without the guard
-- why: a table made tomorrow, a policy dropped, a grant too many: nobody looks until the next
--   lint
-- needs: custody
SELECT quote_ident(current_database()) AS object,
       'no event trigger of custody is ENABLE ALWAYS' AS seen,
       'SELECT custody.set_guard(''refuse'');' AS remediation
 WHERE EXISTS (SELECT FROM lint_protection WHERE class <> 'exempt')
   AND NOT EXISTS (SELECT FROM pg_event_trigger t
                    WHERE t.evtenabled = 'A' AND t.evtfoid IN (SELECT oid FROM lint_own))
