-- Passes only when everything is proven, everything is held, and the linter has neither errors nor warnings;
-- what accepted.sql accepts is counted and shown. psql ends with 3 otherwise. Nothing is changed: the probe undoes
-- what it does. Run it after each migration and each change of roles; a superuser runs it.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

\echo '=== Proof'
SELECT tables, proven, refuted, unproven, accepted, not_bound FROM custody.prove_summary();
SELECT relation, object, role, command, part, verdict, reason, witness FROM custody.prove_isolation()
 WHERE verdict <> 'proven';
SELECT success AS proven FROM custody.prove_summary() \gset

\echo '=== Probe, as each role that a policy is for and each that can become one'
CREATE TEMP TABLE attacks AS
SELECT r.rolname AS role, p.*
  FROM pg_roles r CROSS JOIN LATERAL custody.probe_isolation(r.oid::regrole) p
 WHERE NOT r.rolsuper AND EXISTS (SELECT FROM custody.protection t, unnest(t.roles || t.multi_roles) b
                                   WHERE pg_has_role(r.oid, b, 'MEMBER'));
SELECT role, count(*) FILTER (WHERE verdict = 'held') AS held, count(*) FILTER (WHERE verdict = 'leak') AS leaks,
       count(*) FILTER (WHERE verdict = 'inconclusive' AND accepted IS NULL) AS inconclusive, count(accepted) AS accepted
  FROM attacks GROUP BY role ORDER BY role;
SELECT DISTINCT object, attack, accepted FROM attacks WHERE accepted IS NOT NULL AND object <> 'session' ORDER BY 1, 2;
SELECT role, object, attack, verdict, detail, statement FROM attacks WHERE verdict <> 'held' AND accepted IS NULL;
SELECT count(*) > 0 AND count(*) = count(*) FILTER (WHERE verdict = 'held' OR accepted IS NOT NULL) AS held
  FROM attacks \gset

\echo '=== Lint, and what the guard would say'
SELECT code, level, object, seen, remediation, exempt FROM custody.lint() WHERE level <> 'info';
SELECT code, object, seen, remedy FROM custody.check_guard();
SELECT (SELECT count(*) = 0 FROM custody.lint() WHERE level <> 'info' AND exempt IS NULL)
   AND (SELECT count(*) = 0 FROM custody.check_guard()) AS clean \gset

\echo '===' proven: :proven, held: :held, clean: :clean
SELECT :'proven'::bool AND :'held'::bool AND :'clean'::bool AS isolated \gset
\if :isolated
\else
DO $$ BEGIN RAISE EXCEPTION 'isolation is not proven' USING HINT = 'the tables above say where'; END $$;
\endif
