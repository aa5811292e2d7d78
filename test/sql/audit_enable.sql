-- custody.audit() without running it: what it finds, what it would do, what it refuses.
-- A database of its own, because a ledger is one's for good.
SELECT current_database() AS home \gset
CREATE DATABASE regress_audit_enable TEMPLATE template0;
\c regress_audit_enable
SET client_min_messages = error;
CREATE EXTENSION custody;
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT custody.audit('pg_class');
SELECT custody.init_ledger() IS NOT NULL AS made;
CREATE SCHEMA clinic;
CREATE TABLE clinic.patient (id int PRIMARY KEY, mail text NOT NULL UNIQUE, ssn text, org int8);
CREATE TABLE clinic."a ""visit" (day date, "Key" int, org uuid, PRIMARY KEY ("Key", day)) PARTITION BY RANGE (day);
CREATE TABLE clinic.visit_1 PARTITION OF clinic."a ""visit" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE clinic.log (line text);
CREATE TABLE clinic.pair (a int NOT NULL, b int NOT NULL, c int, UNIQUE (c), UNIQUE (b, a));
CREATE VIEW clinic.seen AS SELECT * FROM clinic.patient;
CREATE TEMP TABLE gone (a int);

-- The identity is made anew each time.
CREATE FUNCTION pg_temp.plan(rel regclass, VARIADIC arguments text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT regexp_replace(s, ''[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'', ''<id>'', ''g'')
           FROM custody.audit(%L, dry_run => true%s) s', rel, coalesce(', ' || nullif(array_to_string(arguments, ', '), ''), ''));
END
$$;
SELECT pg_temp.plan('clinic.patient', $$org_column => 'org'$$, $$redact => '{ssn}'$$, $$exclude => '{mail}'$$,
                    $$options => '{"full_row": true}'$$);
SELECT pg_temp.plan('clinic."a ""visit"', $$baseline => false$$);
SELECT pg_temp.plan('clinic.pair', $$baseline => false$$) LIMIT 1;
SELECT pg_temp.plan('clinic.log', $$baseline => false$$) LIMIT 1;
SELECT count(*) AS nothing_done FROM pg_trigger WHERE tgname LIKE 'custody%' AND tgrelid::regclass::text LIKE 'clinic.%';
SELECT count(*) AS nothing_written FROM custody_ledger.audited WHERE schema = 'clinic';

-- Refused.
SELECT pg_temp.plan('clinic.seen');
SELECT pg_temp.plan('gone');
SELECT pg_temp.plan('clinic.visit_1');
SELECT pg_temp.plan('pg_class');
SELECT pg_temp.plan('custody.migration');
SELECT pg_temp.plan('custody_ledger.event');
SELECT pg_temp.plan('clinic.patient', $$org_column => 'nobody'$$);
SELECT pg_temp.plan('clinic.patient', $$exclude => '{nothing}'$$);
SELECT pg_temp.plan('clinic.patient', $$exclude => '{id}'$$);
SELECT pg_temp.plan('clinic.patient', $$key => '{mail}'$$, $$hash => '{mail}'$$);
SELECT pg_temp.plan('clinic.patient', $$org_column => 'org'$$, $$redact => '{org}'$$);
SELECT pg_temp.plan('clinic.patient', $$hash => '{ssn}'$$, $$redact => '{ssn}'$$);
SELECT pg_temp.plan('clinic.patient', format($$options => %L$$, o))
  FROM unnest(ARRAY['{"ful_row": true}', '{"full_row": "yes"}', '{"require_context": "all"}', '{"truncate": true}',
                    '{"large_value": 0}', '{"large_value": 1e9}']) o LIMIT 1;
SELECT pg_temp.plan('clinic.patient', $$options => '{"truncate": "never"}'$$);
SELECT pg_temp.plan('clinic.patient', $$options => '{"large_value": 10}'$$);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT custody.audit('clinic.patient');
ROLLBACK;

-- A schema, without what is exempt and left out.
INSERT INTO custody.audit_exemption (relation, reason) VALUES ('clinic.log', 'lines for machines');
SELECT substring(s FROM 'CREATE TRIGGER custody_capture .* ON (\S+|\S+ \S+) FOR') AS recorded
  FROM custody.audit_schema('clinic', exclude_tables => '{clinic.pair}', dry_run => true) s
 WHERE s LIKE '%custody_capture AFTER%';

-- Descriptors: forms, stores, what is excluded, keys.
SELECT custody.descriptor_text('00000000-0000-0000-0000-000000000001', 'clinic.patient',
    '{"key": ["mail", "id"], "hash": ["ssn"], "redact": [], "exclude": ["org"], "org_column": "org"}', 3);
ALTER TABLE clinic.log ADD place regclass, ADD double int GENERATED ALWAYS AS (octet_length(line) * 2) STORED;
SELECT custody.descriptor_text('00000000-0000-0000-0000-000000000001', 'clinic.log', '{"key": ["gone"]}', 1);

DELETE FROM custody.audit_exemption;
DROP SCHEMA clinic CASCADE;
DROP FUNCTION pg_temp.plan;

-- A superuser who takes the guards away can drop the ledger.
DROP SCHEMA custody_ledger CASCADE;
DROP EVENT TRIGGER custody_audit_drop;
DROP EVENT TRIGGER custody_audit_ddl;
DROP EVENT TRIGGER custody_audit_drop_start;
DROP EVENT TRIGGER custody_audit_rewrite;
DROP SCHEMA custody_ledger CASCADE;
\c :home
DROP DATABASE regress_audit_enable;
