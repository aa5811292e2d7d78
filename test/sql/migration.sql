-- The state of migrations: what its constraints refuse, and what its views show.
-- A loader's sessions run in replica mode, where ordinary triggers and foreign keys are silent.
SET session_replication_role = replica;
\set VERBOSITY terse

-- One bucket of so many rows, and the sum of their hashes.
CREATE FUNCTION pg_temp.digests(rows int, hash int DEFAULT 7) RETURNS bytea LANGUAGE sql AS
$$ SELECT decode(lpad(to_hex(rows), 16, '0') || lpad(to_hex(hash), 32, '0'), 'hex') $$;

SELECT custody.protocol();
SELECT custody.migration_lock_key(1, 'run', 0), custody.migration_lock_key(1, 'part', 7),
       custody.migration_lock_key(63, 'task', 16777215), custody.migration_lock_key(32, 'table', 1);
-- The caller's search_path brings no operator into it.
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.remainder(bigint, int) RETURNS bigint LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'hostile operator called'; END $$;
CREATE OPERATOR hostile.% (LEFTARG = bigint, RIGHTARG = int, FUNCTION = hostile.remainder);
SET search_path = hostile, public;
SELECT custody.migration_lock_key(1, 'part', 7);
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
RESET client_min_messages;

-- Bucket digests.
SELECT custody.migration_digest_rows(pg_temp.digests(3)),
       custody.migration_digest_hex(pg_temp.digests(3, 255));
SELECT custody.migration_digest_rows(s), custody.migration_digest_hex(s), octet_length(s)
  FROM (SELECT custody.migration_digest_sum(pg_temp.digests(n, n) || pg_temp.digests(1, 16))
          FROM generate_series(1, 3) n) AS d (s);
SELECT custody.migration_digest_sum(NULL) IS NULL AS nothing;
SELECT custody.migration_digest_rows('\x00');
SELECT custody.migration_digest_rows('');
SELECT custody.migration_digest_rows(decode(rpad('ffffffffffffffff', 48, '0'), 'hex') || pg_temp.digests(4));
SELECT custody.migration_digest_rows(decode(rpad('7fffffffffffffff', 48, '0'), 'hex') || pg_temp.digests(1));
SELECT custody.migration_digest_add(pg_temp.digests(1), pg_temp.digests(1) || pg_temp.digests(1));

-- One unfinished migration per name, and per group of lock keys.
INSERT INTO custody.migration (name, source, source_identity, source_version, target_version,
                               loader_version)
    VALUES ('move', 'source:5432/app', '42/app', 150000, 150000, '0.1.0')
    RETURNING id AS m \gset
INSERT INTO custody.migration (name, source, source_identity, source_version, target_version,
                               loader_version)
    VALUES ('move', 'source:5432/app', '42/app', 150000, 150000, '0.1.0');
INSERT INTO custody.migration (id, name, source, source_identity, source_version, target_version,
                               loader_version) OVERRIDING SYSTEM VALUE
    VALUES (:m + 64, 'other', 'source:5432/app', '42/app', 150000, 150000, '0.1.0');
UPDATE custody.migration SET state = 'lost' WHERE id = :m;

CREATE FUNCTION pg_temp.add_table(id int, parts int4range[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
        SELECT 1, add_table.id, p.number, add_table.id * 100 + p.number, lower(p.range), upper(p.range)
          FROM unnest(parts) WITH ORDINALITY AS p (range, number);
    INSERT INTO custody.migration_table (migration_id, id, source_schema, source_table,
            target_schema, target_table, source_oid, source_filenode, columns, key_columns, form,
            buckets, method)
        VALUES (1, add_table.id, 'public', 'Table ' || add_table.id, 'moved',
                'Table ' || add_table.id, 1, 1, '{a,id}', '{id}', 'binary', 1, 'ctid');
$$;
SELECT :m AS the_functions_above_expect_1;

-- Parts must tile: what tiles is taken.
SELECT pg_temp.add_table(1, '{"(,)"}');
SELECT pg_temp.add_table(2, '{"[,10)","[10,20)","[20,)"}');
-- No part at all.
SELECT pg_temp.add_table(3, '{}');
-- A gap, an overlap, a missing end, a missing beginning, an empty part, one the wrong way round.
SELECT pg_temp.add_table(3, '{"[,10)","[11,20)","[20,)"}');
SELECT pg_temp.add_table(3, '{"[,10)","[9,20)","[20,)"}');
SELECT pg_temp.add_table(3, '{"[,10)","[10,20)"}');
SELECT pg_temp.add_table(3, '{"[0,10)","[10,)"}');
INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
    VALUES (:m, 3, 2, 302, 10, 10);
INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
    VALUES (:m, 3, 2, 302, 10, 5);
-- Two chains: a second whole part, and one that hangs in the air.
SELECT pg_temp.add_table(3, '{"(,)","(,)"}');
INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
    VALUES (:m, 1, 3, 103, 10, NULL);
INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
    VALUES (:m, 1, 1, 109, NULL, NULL);
-- A loop: the successor of a part is the next number, so one cannot be written down.
UPDATE custody.migration_part SET next = 1 WHERE table_id = 2 AND number = 2;
-- Afterwards: a part removed (first, middle, last), moved, renumbered.
DELETE FROM custody.migration_part WHERE table_id = 1;
DELETE FROM custody.migration_part WHERE table_id = 2 AND number = 1;
DELETE FROM custody.migration_part WHERE table_id = 2 AND number = 2;
DELETE FROM custody.migration_part WHERE table_id = 2 AND number = 3;
UPDATE custody.migration_part SET upper = 11 WHERE table_id = 2 AND number = 1;
UPDATE custody.migration_part SET lower = 11 WHERE table_id = 2 AND number = 2;
UPDATE custody.migration_part SET number = 4 WHERE table_id = 2 AND number = 3;
-- Other ones in one transaction are fine.
BEGIN;
DELETE FROM custody.migration_part WHERE table_id = 2;
INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
    VALUES (:m, 2, 1, 201, NULL, 50), (:m, 2, 2, 202, 50, NULL);
COMMIT;

-- A part is done with all of its results or not at all.
INSERT INTO custody.migration_snapshot (migration_id, number, name, system_identifier)
    VALUES (:m, 1, '00000003-1', '42'), (:m, 2, '00000003-2', '42');
UPDATE custody.migration_part SET state = 'done' WHERE id = 101;
UPDATE custody.migration_part SET rows = 1 WHERE id = 101;
UPDATE custody.migration_part SET state = 'done', snapshot = 1, rows = 4, bytes = 1,
       digests = pg_temp.digests(3), lossy_rows = 0, writer = '7', started_at = now(),
       finished_at = now() WHERE id = 101;
UPDATE custody.migration_part SET state = 'done', snapshot = 9, rows = 3, bytes = 1,
       digests = pg_temp.digests(3), lossy_rows = 0, writer = '7', started_at = now(),
       finished_at = now() WHERE id = 101;
CREATE FUNCTION pg_temp.finish_part(part int, snapshot int, rows int) RETURNS void LANGUAGE sql AS $$
    UPDATE custody.migration_part p SET state = 'done', snapshot = finish_part.snapshot,
           rows = finish_part.rows, bytes = finish_part.rows * 10,
           digests = pg_temp.digests(finish_part.rows), lossy_rows = 0, writer = '7',
           started_at = now(), finished_at = now() WHERE p.id = part
$$;
SELECT pg_temp.finish_part(101, 1, 3);
SELECT pg_temp.finish_part(201, 1, 5);

-- A table is copied when all its parts are done, under its snapshot, with their sums.
CREATE FUNCTION pg_temp.copied(tab int, snapshot int, rows int, digests bytea) RETURNS void
    LANGUAGE sql AS $$
    UPDATE custody.migration_table t SET state = 'copied', snapshot = copied.snapshot,
           encoding_version = 1, profile = 'fast', source_rows = copied.rows,
           source_digests = copied.digests, lossy_rows = 0, started_at = now(), copied_at = now()
     WHERE t.id = tab
$$;
UPDATE custody.migration_table SET state = 'copied' WHERE id = 1;
SELECT pg_temp.copied(1, 1, 2, pg_temp.digests(2));
SELECT pg_temp.copied(1, 1, 3, pg_temp.digests(3, 8));
SELECT pg_temp.copied(1, 2, 3, pg_temp.digests(3));
SELECT pg_temp.copied(2, 1, 5, pg_temp.digests(5));
SELECT pg_temp.finish_part(202, 2, 1);
SELECT pg_temp.copied(2, 1, 6, pg_temp.digests(6, 14));
UPDATE custody.migration_table SET state = 'verified' WHERE id = 1;
SELECT pg_temp.copied(1, 1, 3, pg_temp.digests(3));
-- Its parts stay done.
UPDATE custody.migration_part SET state = 'pending', snapshot = NULL, rows = NULL, bytes = NULL,
       digests = NULL, lossy_rows = NULL, writer = NULL, started_at = NULL, finished_at = NULL
 WHERE id = 101;
UPDATE custody.migration_part SET copied = false WHERE id = 101;
-- Neither they nor what was summed over them change any more.
UPDATE custody.migration_part SET rows = 5, digests = pg_temp.digests(5) WHERE id = 101;
UPDATE custody.migration_part SET lossy_rows = 1 WHERE id = 101;
UPDATE custody.migration_table SET source_rows = 5, source_digests = pg_temp.digests(5) WHERE id = 1;
UPDATE custody.migration_table SET lossy_rows = 1 WHERE id = 1;
-- A table that is inserted as copied, as a restore does it, is the sum of its parts as well.
CREATE FUNCTION pg_temp.insert_copied(rows int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO custody.migration_part (migration_id, table_id, number, id, state, copied, snapshot, rows,
            bytes, digests, lossy_rows, writer, started_at, finished_at)
        VALUES (1, 4, 1, 401, 'done', true, 1, 3, 1, pg_temp.digests(3), 0, '7', now(), now());
    INSERT INTO custody.migration_table (migration_id, id, source_schema, source_table,
            target_schema, target_table, source_oid, source_filenode, columns, form, buckets, method,
            state, snapshot, encoding_version, profile, source_rows, source_digests, lossy_rows,
            started_at, copied_at)
        VALUES (1, 4, 'public', 'Table 4', 'moved', 'Table 4', 1, 1, '{a}', 'binary', 1, 'whole',
                'copied', 1, 1, 'fast', insert_copied.rows, pg_temp.digests(insert_copied.rows), 0,
                now(), now())
$$;
SELECT pg_temp.insert_copied(5);
BEGIN;
SELECT pg_temp.insert_copied(3);
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;

-- Equal without proof.
CREATE FUNCTION pg_temp.verdict(verdict text, target bytea, source_count int, foreign_rows int,
                                generated_wrong int, lossy_rows int, reason text DEFAULT NULL)
    RETURNS void LANGUAGE sql AS $$
    UPDATE custody.migration_table t SET state = 'verified', target_digests = target,
           target_rows = custody.migration_digest_rows(target),
           source_count = verdict.source_count, foreign_rows = verdict.foreign_rows,
           generated_wrong = verdict.generated_wrong, lossy_rows = verdict.lossy_rows,
           verdict = verdict.verdict, reason = verdict.reason, verified_at = now()
     WHERE t.id = 1
$$;
SELECT pg_temp.verdict('equal', NULL, 3, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3, 8), 3, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(4), 3, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 4, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), NULL, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), NULL, 0, 0, 0, 'looks fine');
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, 1, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, NULL, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, 0, 1, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, 0, NULL, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, 0, 0, 1);
SELECT pg_temp.verdict('equal', pg_temp.digests(3) || pg_temp.digests(0), 3, 0, 0, 0);
SELECT pg_temp.verdict('different', pg_temp.digests(4), 3, 0, 0, 0);
SELECT pg_temp.verdict('fine', pg_temp.digests(3), 3, 0, 0, 0, 'x');
SELECT pg_temp.verdict(NULL, pg_temp.digests(3), 3, 0, 0, 0);
SELECT pg_temp.verdict('equal', pg_temp.digests(3), NULL, 0, 0, 0, 'not counted: turned off');
SELECT pg_temp.verdict('equal', pg_temp.digests(3), 3, 0, 0, 0);
UPDATE custody.migration_table SET target_rows = 4 WHERE id = 1;

-- Illegal changes of state.
UPDATE custody.migration_table SET state = 'copied', verdict = NULL, verified_at = NULL
 WHERE id = 1;
UPDATE custody.migration_table SET state = 'pending' WHERE id = 1;
UPDATE custody.migration SET state = 'done', finished_at = now() WHERE id = :m;
UPDATE custody.migration SET state = 'partial' WHERE id = :m;
UPDATE custody.migration SET state = 'unverified', finished_at = now() WHERE id = :m;
UPDATE custody.migration SET state = 'open' WHERE id = :m;
SELECT object, from_state, to_state FROM custody.migration_transition ORDER BY 1, 2, 3;

-- Tasks.
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_schema, object_name, table_id, needs_rows, depends)
    VALUES (:m, 1, 'index', 'index', 1, 'INDEX', 'moved', 'by a', 1, true, '{}'),
           (:m, 2, 'sequence', 'post', 2, 'SEQUENCE', 'moved', 's', NULL, false, '{1}'),
           (:m, 3, 'foreign_key', 'foreign_key', 3, 'FK CONSTRAINT', 'moved', 'f', 1, true, '{1}');
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_name, depends)
    VALUES (:m, 4, 'index', 'index', 4, 'INDEX', 'x', '{4}');
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_name, table_id)
    VALUES (:m, 4, 'index', 'index', 4, 'INDEX', 'x', 9);
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_name, needs_rows)
    VALUES (:m, 4, 'index', 'index', 4, 'INDEX', 'x', true);
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_name) VALUES (:m, 4, 'magic', 'index', 4, 'X', 'x');
UPDATE custody.migration_task SET state = 'done' WHERE id = 1;
UPDATE custody.migration_task SET state = 'failed', writer = '7', started_at = now(),
       finished_at = now(), attempts = 1 WHERE id = 1;
UPDATE custody.migration_task SET state = 'benign', writer = '7', started_at = now(),
       finished_at = now(), attempts = 1 WHERE id = 1;
UPDATE custody.migration_task SET state = 'done', writer = '7', started_at = now(),
       finished_at = now(), attempts = 1 WHERE id IN (1, 2);
UPDATE custody.migration_task SET state = 'failed', message = 'late' WHERE id = 1;
UPDATE custody.migration_task SET state = 'failed', writer = '7', started_at = now(),
       finished_at = now(), attempts = 1, sqlstate = '23503', message = 'an orphan' WHERE id = 3;
UPDATE custody.migration_task SET verdict = 'equal', verified_at = now() WHERE id = 2;
UPDATE custody.migration_task SET verdict = 'equal', verified_at = now(), source_value = '5,t',
       target_value = '4,t' WHERE id = 2;
UPDATE custody.migration_task SET verdict = 'equal', verified_at = now(), source_value = '5,t',
       target_value = '6,t', reason = 'ahead of the source' WHERE id = 1;
UPDATE custody.migration_task SET verdict = 'different', verified_at = now() WHERE id = 2;
UPDATE custody.migration_task SET verdict = 'equal', verified_at = now(), source_value = 'x',
       target_value = 'x' WHERE id = 3;
UPDATE custody.migration_task SET verdict = 'equal', verified_at = now(), source_value = '5,t',
       target_value = '5,t', snapshot = 1 WHERE id = 2;

-- What is unproven, and what a DBA reads.
SELECT * FROM custody.migration_unproven(:m) ORDER BY 1, 2;
\set VERBOSITY default
\set SHOW_CONTEXT never
UPDATE custody.migration SET state = 'done', finished_at = now() WHERE id = :m;
\set VERBOSITY terse
SELECT object_type, target_object, state, verdict, reason, source_rows, source_digest,
       target_rows, target_digest, snapshot, snapshot_name
  FROM custody.migration_verdict ORDER BY object_type, target_object;

BEGIN;
SELECT pg_advisory_xact_lock(1668641652, custody.migration_lock_key(:m, 'part', 202)),
       pg_advisory_xact_lock(1668641652, custody.migration_lock_key(:m, 'run', 0));
SELECT kind, unit_id, pid = pg_backend_pid() AS own FROM custody.migration_worker ORDER BY kind;
SELECT object, command, phase, pid = pg_backend_pid() AS own, workers, parts_done, parts_total,
       tuples_processed, bytes_processed, started_at IS NOT NULL AS started
  FROM custody.migration_progress ORDER BY command, object;
COMMIT;
SELECT relation, string_agg(attname || ' ' || format_type(atttypid, -1), ', ' ORDER BY attnum)
  FROM unnest('{custody.migration_progress,custody.migration_verdict,custody.migration_worker}'
              ::regclass[]) AS relation
  JOIN pg_attribute ON attrelid = relation AND attnum > 0
 GROUP BY relation ORDER BY relation::text;
SELECT custody.migration_unproven(0);

-- Done when all is proven, and not any more when something is found different.
BEGIN;
DELETE FROM custody.migration_task WHERE id = 3;
DELETE FROM custody.migration_table WHERE id = 2;
SELECT * FROM custody.migration_unproven(:m) ORDER BY 1, 2;
DELETE FROM custody.migration_part WHERE table_id = 2;
UPDATE custody.migration_table SET confirmed_snapshot = 2;
UPDATE custody.migration SET state = 'done', finished_at = now() WHERE id = :m RETURNING state;
SAVEPOINT done;
SELECT pg_temp.verdict('different', pg_temp.digests(4), 3, 0, 0, 0, 'source has 3 rows, target 4');
SELECT state FROM custody.migration WHERE id = :m;
ROLLBACK TO done;
-- Nor when something new comes that is not proven.
SELECT pg_temp.add_table(3, '{"(,)"}');
SELECT state FROM custody.migration WHERE id = :m;
ROLLBACK TO done;
INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                    object_name) VALUES (:m, 5, 'sequence', 'post', 5, 'SEQUENCE', 'x');
SELECT state FROM custody.migration WHERE id = :m;
ROLLBACK;

-- Copied again: nothing of the proof stays.
BEGIN;
UPDATE custody.migration_table SET state = 'pending', snapshot = NULL, encoding_version = NULL,
       profile = NULL, source_rows = NULL, source_digests = NULL, source_count = NULL,
       lossy_rows = NULL, target_rows = NULL, target_digests = NULL, foreign_rows = NULL,
       generated_wrong = NULL, verdict = NULL, verified_at = NULL, started_at = NULL,
       copied_at = NULL WHERE id = 1;
UPDATE custody.migration_part SET state = 'pending', snapshot = NULL, rows = NULL, bytes = NULL,
       digests = NULL, lossy_rows = NULL, writer = NULL, started_at = NULL, finished_at = NULL
 WHERE id = 101;
COMMIT;
SELECT t.state, p.state, p.copied FROM custody.migration_table t JOIN custody.migration_part p
    ON p.table_id = t.id WHERE t.id = 1;

-- Nothing stays of a migration that is deleted.
DELETE FROM custody.migration WHERE id = :m;
SELECT (SELECT count(*) FROM custody.migration_table), (SELECT count(*) FROM custody.migration_part),
       (SELECT count(*) FROM custody.migration_task),
       (SELECT count(*) FROM custody.migration_snapshot);

-- Every table that holds state is dumped; every trigger fires for every session.
SELECT dumped FROM pg_extension, unnest(extconfig::regclass[]) AS dumped
 WHERE extname = 'custody' AND dumped::text LIKE 'custody.migration%';
SELECT tgenabled, count(*) > 0 AS some FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
 WHERE relnamespace = 'custody'::regnamespace AND relname LIKE 'migration%' GROUP BY 1;

-- Duties. Roles of the cluster may be others' here: the ones of this test are its own.
RESET session_replication_role;
CREATE ROLE regress_custody_operator;
CREATE ROLE regress_custody_auditor;
SET ROLE regress_custody_operator;
SELECT * FROM custody.migration_verdict;
RESET ROLE;
SELECT custody.grant_duty('regress_custody_operator', 'operator');
SELECT custody.grant_duty('regress_custody_auditor', 'auditor');
SELECT custody.grant_duty('regress_custody_auditor', 'king');
SET ROLE regress_custody_operator;
INSERT INTO custody.migration (name, source, source_identity, source_version, target_version,
                               loader_version) VALUES ('mine', 's', 's', 150000, 150000, '0.1.0');
DELETE FROM custody.migration_transition;
INSERT INTO custody.migration (name, state, finished_at, source, source_identity, source_version,
                               target_version, loader_version)
    VALUES ('forged', 'done', now(), 's', 's', 150000, 150000, '0.1.0');
TRUNCATE custody.migration_task;
SELECT custody.grant_duty('regress_custody_operator', 'admin');
SET ROLE regress_custody_auditor;
SELECT name, state FROM custody.migration;
SELECT count(*) FROM custody.migration_progress;
DELETE FROM custody.migration;
RESET ROLE;
DELETE FROM custody.migration;
DROP OWNED BY regress_custody_operator, regress_custody_auditor;
DROP ROLE regress_custody_operator, regress_custody_auditor;
