-- code: L312
-- name: leakproof_claim
-- level: warning
-- title: Function that claims to be LEAKPROOF
-- why: the server runs it on rows that row security hides: an error message or a notice of it
--   shows their values
SELECT r.name AS object, 'LEAKPROOF, language ' || l.lanname AS seen,
       format('ALTER FUNCTION %s NOT LEAKPROOF;', r.name) AS remediation
  FROM lint_routine r
  JOIN pg_language l ON l.oid = r.prolang
 WHERE r.proleakproof
