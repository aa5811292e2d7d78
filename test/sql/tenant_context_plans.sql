-- The tenant context in plans: never folded into one, there in parallel workers, safe to keep as an
-- index key while it changes, in triggers that wait and in procedures that commit.
CREATE SCHEMA plans;
GRANT ALL ON SCHEMA plans TO PUBLIC;
SET search_path = plans;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || message;
END$$;
CREATE ROLE plans_app;
GRANT USAGE ON SCHEMA custody TO plans_app;
GRANT EXECUTE ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) TO plans_app;
CREATE TABLE docs (id int PRIMARY KEY, org_id bigint NOT NULL, kind text DEFAULT 'x', pad text DEFAULT repeat('p', 200));
INSERT INTO docs (id, org_id) SELECT i, i % 5 FROM generate_series(1, 5000) i;
CREATE INDEX ON docs (org_id);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
GRANT ALL ON docs TO plans_app;
CREATE POLICY p ON docs TO plans_app USING (org_id = custody.current_org_bigint());
CREATE TABLE texts (id int PRIMARY KEY, org_id text NOT NULL);
INSERT INTO texts SELECT i, 'org ' || i % 5 FROM generate_series(1, 5000) i;
CREATE INDEX ON texts (org_id);
ANALYZE docs, texts;

-- Prepared, generic: the plan has the call, not the value.
SET plan_cache_mode = force_generic_plan;
SET ROLE plans_app;
PREPARE seen AS SELECT min(org_id), max(org_id), count(*) FROM docs;
BEGIN;
SELECT custody.set_context(1, 'ann');
EXECUTE seen;
EXPLAIN (COSTS OFF) EXECUTE seen;
SELECT custody.set_context(2, 'ann');
EXECUTE seen;
COMMIT;
EXECUTE seen;
RESET plan_cache_mode;
BEGIN;
SELECT custody.set_context(3, 'ann');
EXECUTE seen;
COMMIT;
DO $$
BEGIN
    FOR org IN 0..7 LOOP
        PERFORM custody.set_context(org, 'ann');
        IF (SELECT count(*) FROM docs WHERE org_id <> org) <> 0 OR (SELECT count(*) FROM docs) <> (CASE WHEN org < 5 THEN 1000 ELSE 0 END) THEN
            RAISE 'org % sees another''s', org;
        END IF;
    END LOOP;
END$$;
RESET ROLE;
-- Nor is it in an expression that the parser or planner could take for a constant.
CREATE VIEW folded AS SELECT custody.current_org_bigint() AS org;
BEGIN;
SELECT custody.set_context(1, 'ann');
EXPLAIN (VERBOSE, COSTS OFF) SELECT custody.current_org_bigint(), org FROM folded;
SELECT try('CREATE INDEX ON docs ((custody.current_org_bigint()))');
ROLLBACK;

-- Workers: as many rows as without them, each org its own, none without a context.
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
GRANT EXECUTE ON FUNCTION custody.set_context_orgs(bigint[], text, text, timestamptz, jsonb, boolean) TO plans_app;
SET ROLE plans_app;
BEGIN;
SELECT custody.set_context(4, 'ann', 'editor', claims => '{"a": 1}');
EXPLAIN (COSTS OFF) SELECT count(*), min(org_id), max(org_id) FROM docs;
SELECT count(*), min(org_id), max(org_id) FROM docs;
SELECT custody.current_user_id(), custody.current_role_name(), custody.current_claims(), orgs, is_valid
  FROM custody.context_info();
SAVEPOINT s;
SELECT custody.set_context(3, 'bob');
SELECT count(*), min(org_id), max(org_id) FROM docs;
ROLLBACK TO s;
SELECT count(*), min(org_id), max(org_id) FROM docs;
SELECT custody.set_context_orgs('{1,2}'::bigint[], 'support');
SELECT count(*) FROM docs;
ROLLBACK TO s;
SELECT count(*) FROM docs;
SELECT custody.leave();
SELECT count(*) FROM docs;
ROLLBACK;
SELECT count(*) FROM docs;
RESET ROLE;
SELECT custody.set_context(2, 'ann', is_session => true);
SET ROLE plans_app;
SELECT count(*), min(org_id), max(org_id) FROM docs;
SELECT custody.leave();
RESET ROLE;
-- A worker is a part of a command that began in time.
BEGIN;
SELECT custody.set_context(2, 'ann', expires => clock_timestamp() + '200 ms');
SET LOCAL ROLE plans_app;
DO $$
DECLARE
    org bigint := custody.current_org_bigint();
BEGIN
    WHILE (SELECT is_valid FROM custody.context_info()) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE NOTICE '% rows of %, then valid: %', (SELECT count(*) FROM docs), org, (SELECT is_valid FROM custody.context_info());
END$$;
SAVEPOINT s;
\set VERBOSITY terse
SELECT count(*) FROM docs;
\set VERBOSITY default
ROLLBACK;
RESET parallel_leader_participation;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
RESET max_parallel_workers_per_gather;
RESET enable_indexscan;

-- An index scan that has begun keeps its key, whatever happens to the context and its memory.
SET enable_seqscan = off;
CREATE FUNCTION change_context(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custody.set_context('another org, ' || repeat('long ', i % 50), 'ann');
    RETURN i;
END$$;
BEGIN;
SELECT custody.set_context('org 1', 'ann');
EXPLAIN (COSTS OFF) SELECT count(change_context(id)), min(org_id), max(org_id) FROM texts WHERE org_id = custody.current_org_text();
SELECT count(change_context(id)), min(org_id), max(org_id) FROM texts WHERE org_id = custody.current_org_text();
ROLLBACK;
BEGIN;
SELECT custody.set_context_orgs('{org 1,org 3}'::text[], 'ann');
SELECT count(change_context(id)), count(DISTINCT org_id) FROM texts WHERE org_id = ANY (custody.current_orgs_text());
ROLLBACK;
-- Also when the context was set in a subtransaction that the query itself rolls back.
CREATE FUNCTION enter_and_fail() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custody.set_context('org 2', 'ann');
    PERFORM custody.current_org_text();
    RAISE 'no';
EXCEPTION WHEN raise_exception THEN
    RETURN 'rolled back';
END$$;
BEGIN;
SELECT custody.set_context('org 1', 'ann');
SELECT enter_and_fail(), count(*) FROM texts WHERE org_id = custody.current_org_text() GROUP BY enter_and_fail();
SELECT custody.current_org_text();
COMMIT;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- A constraint trigger that waits for the commit has the context still; after leave() it has none.
CREATE FUNCTION note_org() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'at the end: %', custody.current_org_bigint();
    RETURN NULL;
END$$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON docs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_org();
SET ROLE plans_app;
BEGIN;
SELECT custody.set_context(1, 'ann');
INSERT INTO docs (id, org_id) VALUES (10001, 1);
COMMIT;
BEGIN;
SELECT custody.set_context(1, 'ann');
INSERT INTO docs (id, org_id) VALUES (10002, 1);
SELECT custody.leave();
COMMIT;
RESET ROLE;
SELECT count(*) FROM docs WHERE id > 10000;
-- A procedure's context ends with its transaction, so each one enters.
CREATE PROCEDURE by_org() LANGUAGE plpgsql AS $$
BEGIN
    FOR org IN 1..2 LOOP
        PERFORM custody.set_context(org, 'job');
        UPDATE docs SET kind = 'y' WHERE org_id = custody.current_org_bigint();
        COMMIT;
        RAISE NOTICE 'after COMMIT: %', custody.current_org_or_null_bigint();
    END LOOP;
END$$;
CALL by_org();
SELECT org_id, count(*) FROM docs WHERE kind = 'y' GROUP BY 1 ORDER BY 1;
-- In a function's transaction with exception blocks.
SELECT try('SELECT custody.set_context(9, ''ann'')'), custody.current_org_or_null_bigint();
DROP OWNED BY plans_app;
DROP ROLE plans_app;
\set VERBOSITY terse
DROP SCHEMA plans CASCADE;
