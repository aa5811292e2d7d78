-- code: L325
-- name: deferred_trigger
-- level: info
-- title: Trigger that may run when the context has changed
-- why: a deferred trigger runs at COMMIT, under whatever context is set then
SELECT format('%I on %s', t.tgname, r.name) AS object,
       CASE WHEN t.tginitdeferred THEN 'INITIALLY DEFERRED' ELSE 'DEFERRABLE' END AS seen,
       'ALTER CONSTRAINT ... NOT DEFERRABLE, or enter one context in a transaction only' AS remediation
  FROM pg_trigger t
  JOIN lint_relation r ON r.oid = t.tgrelid
 WHERE t.tgdeferrable AND NOT t.tgisinternal
   AND (r.relrowsecurity OR r.oid IN (SELECT relation FROM lint_org))
