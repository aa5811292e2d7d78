-- How a migration loads audited tables: their triggers count the rows that it copies instead of
-- recording each; one event of kind load, written by the transaction that copied them, says how many
-- and with which digest, and a baseline follows (a task of the migration).

CREATE FUNCTION custody.begin_load(relation regclass) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_begin_load';
COMMENT ON FUNCTION custody.begin_load(regclass) IS
'from here on rows inserted into an audited table by this transaction are counted, not recorded, until custody.record_load(), without which the transaction cannot commit; updates and deletes are recorded as ever; false, and nothing is begun, for a table that is not audited; errors: 55000 where a load is begun already, 25001 after a savepoint; privilege: custody_operator, custody_admin';

CREATE FUNCTION custody.end_load(relation regclass, rows int8, info text) RETURNS int4
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_end_load';
COMMENT ON FUNCTION custody.end_load(regclass, int8, text) IS
'ends what custody.begin_load() began with an event of kind load; returns its number in the transaction; errors: 55000 where no load of the table is begun, 22000 where it got another number of rows, 25001 after a savepoint; privilege: superuser (custody.record_load() is for the others)';

CREATE FUNCTION custody.load_info(migration bigint, table_id int, part int) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('kind', 'load', 'migration', m.name, 'source', m.source,
               'source_identity', m.source_identity, 'source_schema', t.source_schema,
               'source_name', t.source_table, 'schema', t.target_schema, 'name', t.target_table,
               'part', p.number,
               'parts', (SELECT count(*) FROM custody.migration_part x
                          WHERE x.migration_id = p.migration_id AND x.table_id = p.table_id),
               'rows', p.rows, 'digest', custody.migration_digest_hex(p.digests), 'profile', 'fast',
               'form', t.form, 'columns', t.columns, 'snapshot', s.xmin_xmax, 'lsn', s.lsn,
               'taken_at', s.taken_at)
      FROM custody.migration_part p
      JOIN custody.migration_table t ON t.migration_id = p.migration_id AND t.id = p.table_id
      JOIN custody.migration m ON m.id = p.migration_id
      JOIN custody.migration_snapshot s
        ON s.migration_id = p.migration_id AND s.number = p.snapshot
     WHERE p.migration_id = migration AND p.table_id = load_info.table_id AND p.number = part
       AND p.writer = pg_current_xact_id()
$$;
COMMENT ON FUNCTION custody.load_info(bigint, int, int) IS
'the text of the event of kind load of a part that this transaction has set done; NULL for another part; errors: none; privilege: SELECT on the state tables';

-- Ids of tasks are given out per migration, to one transaction at a time.
CREATE FUNCTION custody.add_baseline(migration bigint, table_id int) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM custody.migration_task k
                WHERE k.migration_id = migration AND k.table_id = add_baseline.table_id
                  AND k.kind = 'baseline') THEN
        RETURN;
    END IF;
    PERFORM FROM custody.migration m WHERE m.id = migration FOR NO KEY UPDATE;
    INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
                                        object_schema, object_name, table_id, needs_rows, sql)
    SELECT migration, k.id, 'baseline', 'baseline', k.position, 'TABLE', t.target_schema,
           t.target_table, t.id, true, format('SELECT custody.record_load_baseline(%s, %s)', migration, k.id)
      FROM custody.migration_table t,
           (SELECT coalesce(max(x.id), 0) + 1 AS id, coalesce(max(x.position), 0) + 1 AS position
              FROM custody.migration_task x WHERE x.migration_id = migration) k
     WHERE t.migration_id = migration AND t.id = add_baseline.table_id
       AND NOT EXISTS (SELECT FROM custody.migration_task o
                        WHERE o.migration_id = migration AND o.table_id = t.id
                          AND o.kind = 'baseline');
END
$$;
COMMENT ON FUNCTION custody.add_baseline(bigint, int) IS
'gives a migration the task to record the baseline of a table, once; errors: none; privilege: INSERT on custody.migration_task';

-- SECURITY DEFINER, here and below: who runs a migration has no rights on the ledger. What is recorded
-- comes from the state, as this very transaction has set it, and from the count of the trigger.
CREATE FUNCTION custody.record_load(migration bigint, table_id int, part int) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    info jsonb := custody.load_info(migration, table_id, part);
BEGIN
    IF info IS NULL THEN
        RAISE EXCEPTION 'part % of table % of migration % was not set done by this transaction',
            part, table_id, migration
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Set the part done in the transaction that wrote its rows.';
    END IF;
    PERFORM custody.add_baseline(migration, table_id);
    RETURN custody.end_load(format('%I.%I', info->>'schema', info->>'name')::regclass,
                            (info->>'rows')::int8, info::text);
END
$$;
COMMENT ON FUNCTION custody.record_load(bigint, int, int) IS
'ends what custody.begin_load() began for a part of a migration''s table that this transaction has set done: records an event of kind load with the migration, rows, digest and snapshot, and gives the migration the task to record a baseline; returns the event''s number in the transaction; errors: 55000 for a part that another transaction wrote or where no load is begun, 22000 where the table got another number of rows, 25001 after a savepoint; privilege: custody_operator, custody_admin';

CREATE FUNCTION custody.record_load_baseline(migration bigint, task int) RETURNS int8
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    relation regclass;
BEGIN
    -- The caller has the task's row locked, and sets it done in the same transaction.
    SELECT format('%I.%I', t.target_schema, t.target_table)::regclass INTO relation
      FROM custody.migration_task k
      JOIN custody.migration_table t ON t.migration_id = k.migration_id AND t.id = k.table_id
     WHERE k.migration_id = migration AND k.id = task AND k.kind = 'baseline'
       AND k.state = 'pending' AND t.state <> 'pending' FOR NO KEY UPDATE OF k;
    IF relation IS NULL THEN
        RAISE EXCEPTION 'migration % has no baseline to record as task %', migration, task
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN custody.record_baseline(relation);
END
$$;
COMMENT ON FUNCTION custody.record_load_baseline(bigint, int) IS
'records the rows of an audited table that a migration has loaded (operation B): the work of a task of kind baseline; returns the number of rows; errors: 55000 where the task is not pending or the rows are not there; privilege: custody_operator, custody_admin';

REVOKE ALL ON FUNCTION custody.begin_load(regclass), custody.end_load(regclass, int8, text),
    custody.load_info(bigint, int, int), custody.add_baseline(bigint, int),
    custody.record_load(bigint, int, int), custody.record_load_baseline(bigint, int) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator}', 'custody.begin_load(regclass)');
SELECT custody.give_duty('{admin,operator}', 'custody.record_load(bigint, int, int)');
SELECT custody.give_duty('{admin,operator}', 'custody.record_load_baseline(bigint, int)');
