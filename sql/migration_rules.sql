-- What may follow what in the state of migrations, and what is still unproven.

CREATE TABLE custody.migration_transition (
    object text NOT NULL CHECK (object IN ('migration', 'table', 'part', 'task')),
    from_state text NOT NULL,
    to_state text NOT NULL,
    meaning text NOT NULL,
    PRIMARY KEY (object, from_state, to_state)
);
INSERT INTO custody.migration_transition (object, from_state, to_state, meaning) VALUES
    ('migration', 'open', 'partial', 'the run stopped and can be resumed'),
    ('migration', 'open', 'done', 'all is copied and equal'),
    ('migration', 'open', 'unverified', 'all is copied, not all is equal'),
    ('migration', 'partial', 'open', 'the run was resumed'),
    ('migration', 'unverified', 'open', 'what is not equal is copied again'),
    ('migration', 'unverified', 'done', 'a later verification found all equal'),
    ('migration', 'done', 'unverified', 'a later verification found a difference'),
    ('table', 'pending', 'copied', 'all parts are done'),
    ('table', 'copied', 'verified', 'source and target were compared'),
    ('table', 'copied', 'pending', 'has to be copied again'),
    ('table', 'verified', 'pending', 'has to be copied again'),
    ('part', 'pending', 'done', 'its rows are committed'),
    ('part', 'done', 'pending', 'its table has to be copied again'),
    ('task', 'pending', 'done', 'its work is committed'),
    ('task', 'pending', 'benign', 'there was nothing to do'),
    ('task', 'pending', 'failed', 'the server refused it'),
    ('task', 'failed', 'pending', 'is tried again'),
    ('task', 'done', 'pending', 'has to be done again'),
    ('task', 'benign', 'pending', 'has to be done again');

CREATE FUNCTION custody.migration_check_transition() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM custody.migration_transition t
                    WHERE t.object = TG_ARGV[0] AND t.from_state = OLD.state
                      AND t.to_state = NEW.state) THEN
        RAISE EXCEPTION 'a % cannot go from state "%" to "%"',
            TG_ARGV[0], OLD.state, NEW.state
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'The legal transitions are in custody.migration_transition.',
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'state';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION custody.migration_check_transition() IS
'trigger: refuses a change of state that custody.migration_transition does not have';

-- A table is copied when every part is done, and its source side is the sum of theirs.
CREATE FUNCTION custody.migration_check_parts() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sums record;
BEGIN
    SELECT count(*) FILTER (WHERE p.state <> 'done') AS pending, sum(p.rows) AS rows,
           sum(p.lossy_rows) AS lossy_rows, custody.migration_digest_sum(p.digests) AS digests
      INTO sums
      FROM custody.migration_part p
     WHERE p.migration_id = NEW.migration_id AND p.table_id = NEW.id;
    IF sums.pending > 0 OR sums.rows IS DISTINCT FROM NEW.source_rows
        OR sums.lossy_rows IS DISTINCT FROM NEW.lossy_rows
        OR sums.digests IS DISTINCT FROM NEW.source_digests THEN
        RAISE EXCEPTION 'table % of migration % is not the sum of its parts',
            NEW.id, NEW.migration_id
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('%s parts are pending; the parts have %s rows, the table %s.',
                                  sums.pending, sums.rows, NEW.source_rows),
                  HINT = 'Set a table copied with the sums over custody.migration_part.',
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.migration_check_parts() IS
'trigger: a table is copied when its parts are done, and only with their sums';

CREATE FUNCTION custody.migration_keep_result() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'part % of copied table % of migration % cannot change',
        OLD.number, OLD.table_id, OLD.migration_id
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = 'What its table proves is the sum of its parts.',
              HINT = 'Set the table pending first.',
              SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION custody.migration_keep_result() IS
'trigger: the parts of a copied table stay as they were when it was copied';

CREATE FUNCTION custody.migration_mark_parts() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE custody.migration_part SET copied = (NEW.state <> 'pending')
     WHERE migration_id = NEW.migration_id AND table_id = NEW.id
       AND copied <> (NEW.state <> 'pending');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.migration_mark_parts() IS
'trigger: tells the parts of a table whether they count as copied, which their constraints need';

-- The constraints of the parts do not let one go; whoever can switch them off can.
CREATE FUNCTION custody.migration_has_parts(migration bigint, table_id int, source_rows bigint)
    RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) > 0 AND min(p.number) = 1 AND max(p.number) = count(*)
           AND count(*) FILTER (WHERE p.upper IS NULL) = 1
           AND bool_and(p.lower IS NOT DISTINCT FROM p.before)
           AND sum(p.rows) IS NOT DISTINCT FROM source_rows
      FROM (SELECT x.number, x.lower, x.upper, x.rows,
                   lag(x.upper) OVER (ORDER BY x.number) AS before
              FROM custody.migration_part x
             WHERE x.migration_id = migration AND x.table_id = migration_has_parts.table_id) p
$$;
COMMENT ON FUNCTION custody.migration_has_parts(bigint, int, bigint) IS
'true when the parts of a table in the state tile it and have that many rows together; errors: none; privilege: SELECT on custody.migration_part';

CREATE FUNCTION custody.migration_unproven(migration bigint)
    RETURNS TABLE (object_type text, object text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH newest AS (SELECT max(s.number) AS number FROM custody.migration_snapshot s
                     WHERE s.migration_id = migration)
    SELECT 'table', format('%I.%I', t.target_schema, t.target_table),
           CASE WHEN t.state = 'pending' THEN 'is not copied'
                WHEN t.verdict IS NULL THEN 'is not verified'
                WHEN t.verdict <> 'equal' THEN t.verdict || ': ' || t.reason
                ELSE format('was read under snapshot %s and not confirmed under snapshot %s',
                            coalesce(t.confirmed_snapshot, t.snapshot), newest.number) END
      FROM custody.migration_table t, newest
     WHERE t.migration_id = migration
       AND (t.verdict IS DISTINCT FROM 'equal'
            OR coalesce(t.confirmed_snapshot, t.snapshot) IS DISTINCT FROM newest.number)
    UNION ALL
    SELECT 'table', format('%I.%I', t.target_schema, t.target_table),
           'its parts in the state are not all there, or do not have its rows'
      FROM custody.migration_table t
     WHERE t.migration_id = migration AND t.state <> 'pending'
       AND NOT custody.migration_has_parts(migration, t.id, t.source_rows)
    UNION ALL
    SELECT t.object_type, concat_ws('.', nullif(t.object_schema, ''), t.object_name),
           CASE t.state WHEN 'pending' THEN t.kind || ' is not done'
                        WHEN 'failed' THEN t.kind || ' failed: ' || t.message
                        ELSE coalesce(t.verdict || ': ' || t.reason, 'is not verified') END
      FROM custody.migration_task t JOIN custody.migration_task_kind k USING (kind)
     WHERE t.migration_id = migration
       AND (t.state IN ('pending', 'failed')
            OR t.verdict <> 'equal' OR k.needs_verdict AND t.verdict IS NULL)
    UNION ALL
    SELECT 'isolation', g.object, g.reason FROM custody.guard_unproven() g
    UNION ALL
    SELECT 'part', format('part %s of table %s', p.number, p.table_id), 'belongs to no table'
      FROM custody.migration_part p
     WHERE p.migration_id = migration
       AND NOT EXISTS (SELECT FROM custody.migration_table t
                        WHERE t.migration_id = p.migration_id AND t.id = p.table_id)
    UNION ALL
    SELECT 'migration', coalesce((SELECT m.name FROM custody.migration m WHERE m.id = migration),
                                 migration::text), 'has nothing to look at'
     WHERE NOT EXISTS (SELECT FROM custody.migration_table t WHERE t.migration_id = migration)
       AND NOT EXISTS (SELECT FROM custody.migration_task t WHERE t.migration_id = migration)
$$;
COMMENT ON FUNCTION custody.migration_unproven(bigint) IS
'everything in a migration''s scope that has no verdict "equal", or is not done; empty = proven; errors: none; privilege: SELECT on the state tables (custody_auditor)';

CREATE FUNCTION custody.migration_check_proof() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    objects int;
    seen text;
BEGIN
    SELECT count(*), string_agg(format('%s %s %s', u.object_type, u.object, u.reason), E'\n'
                                ORDER BY u.object_type, u.object) FILTER (WHERE u.place <= 10)
      INTO objects, seen
      FROM (SELECT *, row_number() OVER (ORDER BY f.object_type, f.object) AS place
              FROM custody.migration_unproven(NEW.id) f) u;
    IF objects > 0 THEN
        RAISE EXCEPTION 'migration "%" is not proven', NEW.name
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = seen,
                  HINT = format('SELECT * FROM custody.migration_unproven(%s) lists all %s.',
                                NEW.id, objects),
                  SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION custody.migration_check_proof() IS
'trigger: a migration is done only when nothing in it is unproven';

CREATE TRIGGER check_transition BEFORE UPDATE ON custody.migration
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION custody.migration_check_transition('migration');
CREATE TRIGGER prove BEFORE UPDATE ON custody.migration
    FOR EACH ROW WHEN (NEW.state = 'done' AND OLD.state <> 'done')
    EXECUTE FUNCTION custody.migration_check_proof();
CREATE TRIGGER guard_end AFTER UPDATE ON custody.migration
    FOR EACH ROW WHEN (OLD.state = 'open' AND NEW.state <> 'open')
    EXECUTE FUNCTION custody.guard_migration_end();
CREATE TRIGGER check_transition BEFORE UPDATE ON custody.migration_table
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION custody.migration_check_transition('table');
-- Fires after mark_parts, by its name: the parts are locked then, and seen as they stay.
CREATE TRIGGER sum_parts AFTER UPDATE ON custody.migration_table
    FOR EACH ROW WHEN (NEW.state <> 'pending'
                       AND (OLD.state, OLD.source_rows, OLD.lossy_rows, OLD.source_digests)
                           IS DISTINCT FROM
                           (NEW.state, NEW.source_rows, NEW.lossy_rows, NEW.source_digests))
    EXECUTE FUNCTION custody.migration_check_parts();
-- A restore inserts tables that are copied, and their parts before them.
CREATE TRIGGER sum_inserted_parts AFTER INSERT ON custody.migration_table
    FOR EACH ROW WHEN (NEW.state <> 'pending')
    EXECUTE FUNCTION custody.migration_check_parts();
CREATE TRIGGER keep_result BEFORE UPDATE ON custody.migration_part
    FOR EACH ROW WHEN (OLD.copied AND NEW.copied AND NEW.state = 'done'
                       AND (OLD.number, OLD.lower, OLD.upper, OLD.snapshot, OLD.rows,
                            OLD.digests, OLD.lossy_rows, OLD.writer)
                           IS DISTINCT FROM
                           (NEW.number, NEW.lower, NEW.upper, NEW.snapshot, NEW.rows,
                            NEW.digests, NEW.lossy_rows, NEW.writer))
    EXECUTE FUNCTION custody.migration_keep_result();
CREATE TRIGGER mark_parts AFTER UPDATE ON custody.migration_table
    FOR EACH ROW WHEN ((OLD.state = 'pending') <> (NEW.state = 'pending'))
    EXECUTE FUNCTION custody.migration_mark_parts();
CREATE TRIGGER check_transition BEFORE UPDATE ON custody.migration_part
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION custody.migration_check_transition('part');
CREATE TRIGGER check_transition BEFORE UPDATE ON custody.migration_task
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION custody.migration_check_transition('task');

-- What was proven may be found different later: the migration is then not done any more.
CREATE FUNCTION custody.migration_withdraw_proof() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A session that sets "done" right now has seen the proof as it was: wait for it.
    PERFORM FROM custody.migration WHERE id = NEW.migration_id FOR NO KEY UPDATE;
    UPDATE custody.migration SET state = 'unverified'
     WHERE id = NEW.migration_id AND state = 'done';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.migration_withdraw_proof() IS
'trigger: a migration is unverified as soon as something in it is not equal or not done any more';
CREATE TRIGGER withdraw_proof AFTER UPDATE ON custody.migration_table
    FOR EACH ROW WHEN (OLD.verdict = 'equal' AND NEW.verdict IS DISTINCT FROM 'equal')
    EXECUTE FUNCTION custody.migration_withdraw_proof();
CREATE TRIGGER withdraw_proof AFTER UPDATE ON custody.migration_task
    FOR EACH ROW WHEN (OLD.verdict = 'equal' AND NEW.verdict IS DISTINCT FROM 'equal'
                       OR NEW.verdict <> 'equal'
                       OR OLD.state <> NEW.state AND NEW.state IN ('pending', 'failed'))
    EXECUTE FUNCTION custody.migration_withdraw_proof();
-- So it is with something new; what a restore inserts into a migration that is done is equal.
CREATE TRIGGER withdraw_proof_of_new AFTER INSERT ON custody.migration_table
    FOR EACH ROW WHEN (NEW.verdict IS DISTINCT FROM 'equal')
    EXECUTE FUNCTION custody.migration_withdraw_proof();
CREATE TRIGGER withdraw_proof_of_new AFTER INSERT ON custody.migration_task
    FOR EACH ROW WHEN (NEW.state IN ('pending', 'failed') OR NEW.verdict <> 'equal')
    EXECUTE FUNCTION custody.migration_withdraw_proof();

-- A loader's sessions run with session_replication_role = replica, which would silence these
-- triggers and, because they are triggers too, the foreign keys that make parts tile.
CREATE FUNCTION custody.migration_arm() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT c.oid::regclass AS relation, t.tgname
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
              WHERE c.relnamespace = 'custody'::regnamespace AND c.relname LIKE 'migration%'
                AND t.tgenabled <> 'A'
              ORDER BY c.relname, t.tgname LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r.relation, r.tgname);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.migration_arm() IS
'makes the constraints of the migration state hold in replica mode too; pg_upgrade forgets that; errors: none';
REVOKE ALL ON FUNCTION custody.migration_arm() FROM PUBLIC;
SELECT custody.migration_arm();
