-- What a DBA reads: who works on what right now, how far it is, and what was proven.

CREATE FUNCTION custody.migration_lock_key(migration bigint, kind text, id int) RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN k.key >= 2147483648 THEN k.key - 4294967296 ELSE k.key END::int
      FROM (SELECT (migration % 64 << 26)
                   | (CASE kind WHEN 'run' THEN 0 WHEN 'table' THEN 1 WHEN 'part' THEN 2
                                WHEN 'task' THEN 3 END::bigint << 24)
                   | (id & 16777215)) AS k (key)
$$;
COMMENT ON FUNCTION custody.migration_lock_key(bigint, text, int) IS
'second key of the advisory lock of a run, table, part or task; the first is 1668641652 (cust); arguments: migration and id, their numbers; kind, one of run, table, part and task, NULL for any other; errors: none; privilege: none';

CREATE VIEW custody.migration_worker AS
SELECT m.id AS migration_id, m.name AS migration, l.kind, l.id AS unit_id, l.pid, a.usename,
       a.application_name, a.client_addr, a.xact_start, a.state, a.wait_event_type, a.wait_event
  FROM (SELECT pid, (objid::bigint >> 26) AS lock_group,
               (ARRAY['run', 'table', 'part', 'task'])[((objid::bigint >> 24) & 3) + 1] AS kind,
               (objid::bigint & 16777215)::int AS id
          FROM pg_locks
         WHERE locktype = 'advisory' AND classid = 1668641652 AND objsubid = 2 AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) l
  JOIN custody.migration m ON m.id % 64 = l.lock_group AND m.state IN ('open', 'partial')
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid;
COMMENT ON VIEW custody.migration_worker IS
'backends that work on unfinished migrations, by the advisory locks they hold';

-- 13 does not report the progress of COPY.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 140000 THEN
        CREATE VIEW custody.migration_copying AS
            SELECT pid, relid, bytes_processed, tuples_processed FROM pg_stat_progress_copy
             WHERE datname = current_database();
    ELSE
        CREATE VIEW custody.migration_copying AS
            SELECT NULL::int AS pid, NULL::oid AS relid, NULL::bigint AS bytes_processed,
                   NULL::bigint AS tuples_processed WHERE false;
    END IF;
END
$$;
COMMENT ON VIEW custody.migration_copying IS
'COPY commands under way in this database, as far as the server reports them';

CREATE VIEW custody.migration_progress AS
WITH part AS (
    SELECT p.migration_id, p.table_id, count(*) AS parts_total,
           count(*) FILTER (WHERE p.state = 'done') AS parts_done,
           coalesce(sum(p.rows), 0) + coalesce(sum(c.tuples_processed), 0) AS tuples,
           coalesce(sum(p.bytes), 0) + coalesce(sum(c.bytes_processed), 0) AS bytes,
           min(p.started_at) AS started_at,
           min(w.pid) AS pid, count(w.pid) AS workers, min(w.xact_start) AS xact_start
      FROM custody.migration_part p
      JOIN custody.migration m ON m.id = p.migration_id AND m.state IN ('open', 'partial')
      LEFT JOIN custody.migration_worker w
             ON w.migration_id = p.migration_id AND w.kind = 'part' AND w.unit_id = p.id
      LEFT JOIN custody.migration_copying c ON c.pid = w.pid AND p.state = 'pending'
     GROUP BY p.migration_id, p.table_id
)
SELECT m.id AS migration_id, m.name AS migration,
       (SELECT oid FROM pg_database WHERE datname = current_database()) AS datid,
       current_database() AS datname,
       coalesce(p.pid, w.pid) AS pid, p.workers + count_workers.n AS workers,
       to_regclass(format('%I.%I', t.target_schema, t.target_table))::oid AS relid,
       format('%I.%I', t.target_schema, t.target_table) AS object, 'COPY' AS command,
       CASE WHEN p.workers > 0 THEN 'copying'
            WHEN w.pid IS NOT NULL THEN 'verifying'
            WHEN t.state = 'pending' THEN 'waiting'
            ELSE t.state END AS phase,
       p.parts_total, p.parts_done,
       t.bytes AS bytes_total, p.bytes::bigint AS bytes_processed,
       t.estimated_rows AS tuples_total, p.tuples::bigint AS tuples_processed,
       NULL::bigint AS blocks_total, NULL::bigint AS blocks_done,
       least(p.started_at, p.xact_start, w.xact_start) AS started_at
  FROM custody.migration_table t
  JOIN part p ON p.migration_id = t.migration_id AND p.table_id = t.id
  JOIN custody.migration m ON m.id = t.migration_id
  LEFT JOIN custody.migration_worker w
         ON w.migration_id = t.migration_id AND w.kind = 'table' AND w.unit_id = t.id
 CROSS JOIN LATERAL (SELECT CASE WHEN w.pid IS NULL THEN 0 ELSE 1 END AS n) count_workers
UNION ALL
SELECT m.id, m.name, (SELECT oid FROM pg_database WHERE datname = current_database()),
       current_database(), w.pid, CASE WHEN w.pid IS NULL THEN 0 ELSE 1 END,
       CASE WHEN i.relid IS NOT NULL THEN i.relid WHEN t.id IS NOT NULL
            THEN to_regclass(format('%I.%I', t.target_schema, t.target_table))::oid END,
       concat_ws(' ', k.object_type, concat_ws('.', nullif(k.object_schema, ''), k.object_name)),
       coalesce(i.command, upper(replace(k.kind, '_', ' '))),
       CASE WHEN i.phase IS NOT NULL THEN i.phase
            WHEN w.pid IS NOT NULL THEN 'running'
            WHEN k.state = 'pending' THEN 'waiting'
            ELSE k.state END,
       NULL, NULL, NULL, NULL, i.tuples_total, i.tuples_done, i.blocks_total, i.blocks_done,
       coalesce(k.started_at, w.xact_start)
  FROM custody.migration_task k
  JOIN custody.migration m ON m.id = k.migration_id AND m.state IN ('open', 'partial')
  LEFT JOIN custody.migration_table t ON t.migration_id = k.migration_id AND t.id = k.table_id
  LEFT JOIN custody.migration_worker w
         ON w.migration_id = k.migration_id AND w.kind = 'task' AND w.unit_id = k.id
  LEFT JOIN pg_stat_progress_create_index i ON i.pid = w.pid AND i.datname = current_database();
COMMENT ON VIEW custody.migration_progress IS
'tables and tasks of unfinished migrations: what waits, what is under way and how far, what is done';

CREATE VIEW custody.migration_verdict AS
SELECT m.id AS migration_id, m.name AS migration, 'table' AS object_type,
       format('%I.%I', t.source_schema, t.source_table) AS source_object,
       format('%I.%I', t.target_schema, t.target_table) AS target_object,
       t.state, coalesce(t.verdict, 'unverified') AS verdict,
       coalesce(t.reason, CASE t.state WHEN 'pending' THEN 'not copied yet'
                                       WHEN 'copied' THEN 'not compared yet' END) AS reason,
       t.source_rows, custody.migration_digest_hex(t.source_digests) AS source_digest,
       t.target_rows, custody.migration_digest_hex(t.target_digests) AS target_digest,
       t.source_count, t.foreign_rows, t.generated_wrong, t.lossy_rows,
       t.form, t.profile, t.encoding_version, t.verified_at,
       t.snapshot, t.confirmed_snapshot, s.name AS snapshot_name, s.lsn AS snapshot_lsn
  FROM custody.migration_table t
  JOIN custody.migration m ON m.id = t.migration_id
  LEFT JOIN custody.migration_snapshot s
         ON s.migration_id = t.migration_id
        AND s.number = coalesce(t.confirmed_snapshot, t.snapshot)
UNION ALL
SELECT m.id, m.name, k.object_type,
       concat_ws('.', quote_ident(nullif(k.object_schema, '')), quote_ident(k.object_name)),
       concat_ws('.', quote_ident(nullif(k.object_schema, '')), quote_ident(k.object_name)),
       k.state, CASE WHEN k.verdict IS NOT NULL THEN k.verdict
                     WHEN kind.needs_verdict OR k.state IN ('pending', 'failed')
                     THEN 'unverified' END,
       coalesce(k.reason, CASE WHEN k.verdict IS NOT NULL THEN NULL
                               WHEN k.state = 'pending' THEN 'not done yet'
                               WHEN k.state = 'failed' THEN k.message
                               WHEN kind.needs_verdict THEN 'not compared yet'
                               ELSE 'made from the source''s definition' END),
       k.source_rows, CASE WHEN length(k.source_value) <= 64 THEN k.source_value
                           ELSE md5(k.source_value) END,
       k.target_rows, CASE WHEN length(k.target_value) <= 64 THEN k.target_value
                           ELSE md5(k.target_value) END,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, k.verified_at,
       k.snapshot, NULL, s.name, s.lsn
  FROM custody.migration_task k
  JOIN custody.migration_task_kind kind ON kind.kind = k.kind
  JOIN custody.migration m ON m.id = k.migration_id
  LEFT JOIN custody.migration_snapshot s
         ON s.migration_id = k.migration_id AND s.number = k.snapshot
 WHERE k.kind IN ('sequence', 'large_object', 'ledger', 'index', 'constraint', 'foreign_key', 'validate',
                  'extension_config', 'verify_generated');
COMMENT ON VIEW custody.migration_verdict IS
'one row per table, sequence, large object, index and constraint of every migration: both sides'
' and the verdict';

CREATE FUNCTION custody.grant_duty(role name, duty text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (duty IN ('admin', 'operator', 'auditor', 'legal')) IS NOT TRUE THEN
        RAISE EXCEPTION 'duty "%" does not exist', duty
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'use admin, operator, auditor or legal';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
        RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM custody.grant_ledger(role, duty);
    IF duty = 'legal' THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA custody TO %I', role);
    EXECUTE format(
        'GRANT SELECT ON custody.role, custody.migration, custody.migration_snapshot,
            custody.migration_table, custody.migration_part, custody.migration_task,
            custody.migration_log, custody.migration_task_kind, custody.migration_transition,
            custody.migration_worker, custody.migration_copying, custody.migration_progress,
            custody.migration_verdict TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION custody.guard_unproven() TO %I', role);
    IF duty <> 'operator' THEN
        PERFORM custody.grant_looking(role);
    END IF;
    IF duty = 'admin' THEN
        PERFORM custody.grant_protecting(role);
    END IF;
    IF duty <> 'auditor' THEN
        -- A migration begins open: what was proven is never inserted, except by a restore.
        EXECUTE format(
            'GRANT INSERT (name, source, source_identity, source_version, target_version,
                           loader_version, protocol, options, plan, findings),
                   UPDATE, DELETE ON custody.migration TO %I', role);
        EXECUTE format(
            'GRANT INSERT, UPDATE, DELETE ON custody.migration_snapshot, custody.migration_table,
                custody.migration_part, custody.migration_task, custody.migration_log TO %I', role);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.grant_duty(name, text) IS
'gives a role what it needs in schema custody: operator runs migrations, auditor reads, admin both, and legal places holds on what the ledger records; errors: 22023 for another duty, 42704 for a role that does not exist; privilege: superuser';
REVOKE ALL ON FUNCTION custody.grant_duty(name, text) FROM PUBLIC;

REVOKE ALL ON custody.migration, custody.migration_snapshot, custody.migration_table,
    custody.migration_part, custody.migration_task, custody.migration_log,
    custody.migration_task_kind, custody.migration_transition, custody.migration_worker,
    custody.migration_copying, custody.migration_progress, custody.migration_verdict FROM PUBLIC;

SELECT custody.grant_duty(r.name, d.duty)
  FROM (VALUES ('custody_admin', 'admin'), ('custody_operator', 'operator'),
               ('custody_auditor', 'auditor'), ('custody_legal', 'legal')) AS d (role, duty)
  JOIN custody.role r ON r.name = d.role::name AND r.made;
