-- A small clinic's database: audited, sealed, anchored; then an administrator tampers with it in
-- several ways, and each time the database and two verifiers outside of it say so and name the row.
-- Ends with 0 only if every one of them was seen. For a superuser, in an empty database:
--
--     psql -X -d clinic -f clinic.sql
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
\pset footer off
\setenv PGHOST :HOST
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\set verifier `echo "${VERIFY_BUNDLE:-../audit/verify_bundle.py}"`
\setenv VERIFY_BUNDLE :verifier

\echo '=== The database, and what is recorded of it'
CREATE EXTENSION IF NOT EXISTS custody;
\ir schema.sql
SELECT custody.init_ledger() \g /dev/null
SELECT custody.audit('patient', org_column => 'clinic_id', hash => '{insurance}', exclude => '{portrait}') \g /dev/null
SELECT custody.audit('visit', org_column => 'clinic_id') \g /dev/null
SELECT custody.audit('prescription', org_column => 'clinic_id') \g /dev/null
SELECT a.name AS "table", a.since::date <= now()::date AS recorded FROM custody_ledger.audited a ORDER BY 1;

\echo '=== A day, in two blocks: anchored where the administrators of the database cannot write'
-- On another machine, by cron; only here it is a command of the same script.
\! (umask 077; openssl genpkey -algorithm ed25519 -out anchor.pem)
\! openssl pkey -in anchor.pem -pubout -out anchor.pub
\! custody audit anchor --target="dbname=$PGDATABASE" --key-file=anchor.pem --anchor-file=anchors --quiet
\ir day.sql
\! custody audit anchor --target="dbname=$PGDATABASE" --key-file=anchor.pem --anchor-file=anchors --quiet
SELECT max(number) AS last FROM custody_ledger.block \gset
\set anchored `cat anchors`
SELECT jsonb_agg((a.line::jsonb ->> 'signed')::jsonb) AS digests FROM string_to_table(:'anchored', E'\n') a (line) \gset

\echo '=== Nothing has happened yet: the ledger; what North Clinic can show anybody, without the database'
SELECT "check", status, count(*) FROM custody.verify_ledger(:'digests') GROUP BY 1, 2 ORDER BY 1, 2;
\pset format unaligned
\pset tuples_only on
\o north.jsonl
SELECT custody.export_evidence('aaaaaaaa-0000-4000-8000-000000000001'::uuid);
\o
\pset format aligned
\pset tuples_only off
\! custody audit verify-bundle north.jsonl --anchor-file=anchors --public-key=anchor.pub
\! python3 "$VERIFY_BUNDLE" north.jsonl --digest anchors
CREATE TEMP TABLE seen (n int GENERATED ALWAYS AS IDENTITY, tampering text, names text, by text, said text);

\ir tamper.sql

\echo '=== Who saw what'
ALTER TABLE seen ADD COLUMN verdict text GENERATED ALWAYS AS (substring(said FROM '^(refuted|unproven|fork)')) STORED,
    ADD COLUMN named boolean GENERATED ALWAYS AS (position(names IN said) > 0) STORED;
SELECT tampering, by, verdict, CASE WHEN verdict IS NOT NULL AND named THEN names ELSE 'NOT SEEN: ' || said END AS names
  FROM seen ORDER BY n;
SELECT count(*) > 0 AND bool_and(verdict IS NOT NULL AND named) AS all_seen FROM seen \gset
\if :all_seen
\else
DO $$ BEGIN RAISE EXCEPTION 'a tampering was not seen'; END $$;
\endif
