-- The state of migrations: what a loader has to do, and what it has done. A transaction that does
-- a unit of work sets the unit's state, so that both commit together. What must not be (parts that
-- overlap or leave a gap, a verdict without its proof) is refused by constraints, not by code.
-- Foreign keys point one way round (parts before tables), so that a dump restores in one pass.

CREATE FUNCTION custody.protocol() RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 1';
COMMENT ON FUNCTION custody.protocol() IS
'handshake number of the migration state: a loader with another one refuses to work; errors: none; privilege: none';

-- Bucket digests (docs/wire-format.md): 24 bytes per bucket, rows and sum of row hashes.
CREATE FUNCTION custody.migration_digest_rows(digests bytea) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_migration_digest_rows';
COMMENT ON FUNCTION custody.migration_digest_rows(bytea) IS
'number of rows that a set of bucket digests stands for; errors: 22P03 for what is none, 22003 for more rows than a bigint counts; privilege: none';

CREATE FUNCTION custody.migration_digest_hex(digests bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_migration_digest_hex';
COMMENT ON FUNCTION custody.migration_digest_hex(bytea) IS
'total of a set of bucket digests as 32 hexadecimal digits: the sum of custody.table_digest(); errors: 22P03 for what is none; privilege: none';

CREATE FUNCTION custody.migration_digest_add(a bytea, b bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_migration_digest_add';
COMMENT ON FUNCTION custody.migration_digest_add(bytea, bytea) IS
'bucket digests of two sets of rows together; both must have the same number of buckets';

CREATE AGGREGATE custody.migration_digest_sum(digests bytea) (
    sfunc = custody.migration_digest_add, stype = bytea,
    combinefunc = custody.migration_digest_add, parallel = safe
);
COMMENT ON AGGREGATE custody.migration_digest_sum(bytea) IS
'bucket digests of several sets of rows together; errors: 22P03 for what is none, 22023 for other numbers of buckets, 22003 for more rows than a bigint counts; privilege: none';

CREATE TABLE custody.migration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'partial', 'done', 'unverified')),
    source text NOT NULL,
    source_identity text NOT NULL,
    source_version int NOT NULL,
    target_version int NOT NULL,
    loader_version text NOT NULL,
    protocol int NOT NULL DEFAULT custody.protocol(),
    options jsonb NOT NULL DEFAULT '{}',
    plan jsonb NOT NULL DEFAULT '{}',
    findings jsonb NOT NULL DEFAULT '[]',
    report jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT migration_finished_has_time
        CHECK ((state IN ('done', 'unverified')) = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX migration_one_unfinished ON custody.migration (name)
    WHERE state IN ('open', 'partial');
-- Lock keys hold six bits of the id (custody.migration_lock_key): they are exact, not hashes.
CREATE UNIQUE INDEX migration_lock_group ON custody.migration ((id % 64))
    WHERE state IN ('open', 'partial');

CREATE TABLE custody.migration_snapshot (
    migration_id bigint NOT NULL REFERENCES custody.migration ON DELETE CASCADE,
    number int NOT NULL CHECK (number >= 1),
    name text NOT NULL,
    system_identifier text NOT NULL,
    lsn text,
    xmin_xmax text,
    taken_at timestamptz NOT NULL DEFAULT now(),
    locked_at timestamptz NOT NULL DEFAULT now(),
    lost_at timestamptz,
    PRIMARY KEY (migration_id, number)
);

-- A part's neighbours are the parts before and after it: part 1 has no lower bound and every other
-- part starts where its predecessor ends; a part without a successor has no upper bound. So the
-- parts of a table are one chain from end to end. As soon as the table is copied, every part of
-- the chain must be done and read under the table's snapshot: proof_snapshot travels along it.
CREATE TABLE custody.migration_part (
    migration_id bigint NOT NULL REFERENCES custody.migration ON DELETE CASCADE,
    table_id int NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    id int NOT NULL CHECK (id BETWEEN 1 AND 16777215),
    lower bigint,
    upper bigint,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
    snapshot int,
    rows bigint CHECK (rows >= 0),
    bytes bigint CHECK (bytes >= 0),
    digests bytea,
    lossy_rows bigint CHECK (lossy_rows BETWEEN 0 AND rows),
    writer xid8,
    started_at timestamptz,
    finished_at timestamptz,
    duration interval GENERATED ALWAYS AS (finished_at - started_at) STORED,
    copied boolean NOT NULL DEFAULT false,
    previous int GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    next int GENERATED ALWAYS AS (CASE WHEN upper IS NOT NULL THEN number + 1 END) STORED,
    proof_snapshot int GENERATED ALWAYS AS (CASE WHEN copied THEN snapshot ELSE 0 END) STORED,
    PRIMARY KEY (migration_id, table_id, number),
    UNIQUE (migration_id, id),
    CONSTRAINT part_ends_are_targets_upper UNIQUE (migration_id, table_id, number, upper),
    CONSTRAINT part_ends_are_targets_lower
        UNIQUE (migration_id, table_id, number, lower, proof_snapshot),
    CONSTRAINT part_proof_is_a_target UNIQUE (migration_id, table_id, number, proof_snapshot),
    CONSTRAINT part_first_has_no_lower CHECK ((number = 1) = (lower IS NULL)),
    CONSTRAINT part_range_is_not_empty CHECK (lower < upper),
    CONSTRAINT part_follows_its_previous
        FOREIGN KEY (migration_id, table_id, previous, lower)
        REFERENCES custody.migration_part (migration_id, table_id, number, upper)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT part_is_followed_by_its_next
        FOREIGN KEY (migration_id, table_id, next, upper, proof_snapshot)
        REFERENCES custody.migration_part (migration_id, table_id, number, lower, proof_snapshot)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT part_snapshot_is_known
        FOREIGN KEY (migration_id, snapshot) REFERENCES custody.migration_snapshot
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT part_of_copied_table_is_done CHECK (NOT copied OR state = 'done'),
    CONSTRAINT part_done_has_its_results CHECK (
        (state = 'done') = (num_nulls(snapshot, rows, bytes, digests, lossy_rows, writer,
                                      started_at, finished_at) = 0)),
    CONSTRAINT part_pending_has_no_results CHECK (
        state <> 'pending' OR num_nonnulls(snapshot, rows, bytes, digests, lossy_rows, writer,
                                           started_at, finished_at) = 0),
    CONSTRAINT part_rows_are_in_its_digests CHECK (
        rows IS NULL OR (rows = custody.migration_digest_rows(digests)) IS TRUE)
);

CREATE TABLE custody.migration_table (
    migration_id bigint NOT NULL REFERENCES custody.migration ON DELETE CASCADE,
    id int NOT NULL CHECK (id BETWEEN 1 AND 16777215),
    source_schema text NOT NULL,
    source_table text NOT NULL,
    target_schema text NOT NULL,
    target_table text NOT NULL,
    source_oid oid NOT NULL,
    source_filenode oid NOT NULL,
    columns text[] NOT NULL,
    key_columns text[] NOT NULL DEFAULT '{}',
    form text NOT NULL CHECK (form IN ('binary', 'text')),
    buckets int NOT NULL CHECK (buckets BETWEEN 1 AND 65536 AND buckets & (buckets - 1) = 0),
    row_filter text NOT NULL DEFAULT '',
    method text NOT NULL CHECK (method IN ('whole', 'ctid', 'key', 'leaf')),
    part_key text NOT NULL DEFAULT '',
    bytes bigint NOT NULL DEFAULT 0,
    estimated_rows bigint NOT NULL DEFAULT 0,
    persistence text NOT NULL DEFAULT 'p' CHECK (persistence IN ('p', 'u', 't')),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'copied', 'verified')),
    snapshot int,
    confirmed_snapshot int,
    encoding_version int,
    profile text CHECK (profile IN ('fast', 'sql', 'evidence')),
    source_rows bigint,
    source_digests bytea,
    source_count bigint,
    target_rows bigint,
    target_digests bytea,
    foreign_rows bigint,
    generated_wrong bigint,
    lossy_rows bigint,
    verdict text CHECK (verdict IN ('equal', 'different', 'unverified')),
    reason text,
    verified_at timestamptz,
    started_at timestamptz,
    copied_at timestamptz,
    first_part int GENERATED ALWAYS AS (1) STORED,
    proof_snapshot int
        GENERATED ALWAYS AS (CASE WHEN state <> 'pending' THEN snapshot ELSE 0 END) STORED,
    PRIMARY KEY (migration_id, id),
    UNIQUE (migration_id, source_schema, source_table),
    UNIQUE (migration_id, target_schema, target_table),
    CONSTRAINT table_has_parts
        FOREIGN KEY (migration_id, id, first_part, proof_snapshot)
        REFERENCES custody.migration_part (migration_id, table_id, number, proof_snapshot)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT table_snapshot_is_known
        FOREIGN KEY (migration_id, snapshot) REFERENCES custody.migration_snapshot
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT table_confirmed_snapshot_is_known
        FOREIGN KEY (migration_id, confirmed_snapshot) REFERENCES custody.migration_snapshot
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT table_key_is_among_its_columns CHECK (key_columns <@ columns),
    CONSTRAINT table_split_by_key_names_it CHECK ((method = 'key') = (part_key <> '')),
    CONSTRAINT table_pending_has_no_results CHECK (
        state <> 'pending' OR num_nonnulls(
            snapshot, confirmed_snapshot, encoding_version, profile, source_rows, source_digests,
            source_count, lossy_rows, target_rows, target_digests, foreign_rows, generated_wrong,
            verdict, reason, verified_at, started_at, copied_at) = 0),
    CONSTRAINT table_copied_has_its_source CHECK (
        state = 'pending' OR num_nulls(snapshot, encoding_version, profile, source_rows,
                                       source_digests, lossy_rows, started_at, copied_at) = 0),
    CONSTRAINT table_verified_has_verdict CHECK (
        (state = 'verified') = (verdict IS NOT NULL)
        AND (state = 'verified') = (verified_at IS NOT NULL)),
    CONSTRAINT table_not_equal_has_reason CHECK (
        verdict IS NULL OR verdict = 'equal' OR coalesce(reason, '') <> ''),
    CONSTRAINT table_source_rows_are_in_its_digests CHECK (
        source_digests IS NULL OR (
            octet_length(source_digests) = 24 * buckets
            AND source_rows = custody.migration_digest_rows(source_digests)) IS TRUE),
    CONSTRAINT table_target_rows_are_in_its_digests CHECK (
        target_digests IS NULL OR (
            octet_length(target_digests) = 24 * buckets
            AND target_rows = custody.migration_digest_rows(target_digests)) IS TRUE),
    -- IS TRUE: what was not looked at is NULL, and NULL proves nothing.
    CONSTRAINT table_equal_is_proven CHECK (
        verdict IS DISTINCT FROM 'equal' OR (
            source_digests = target_digests
            AND source_rows = target_rows
            AND (source_count = source_rows
                 OR source_count IS NULL AND reason LIKE 'not counted%')
            AND foreign_rows = 0
            AND generated_wrong = 0
            AND lossy_rows = 0) IS TRUE)
);

CREATE TABLE custody.migration_task_kind (
    kind text PRIMARY KEY,
    needs_verdict boolean NOT NULL,
    description text NOT NULL
);
INSERT INTO custody.migration_task_kind (kind, needs_verdict, description) VALUES
    ('analyze', false, 'planner statistics'),
    ('baseline', false, 'events of the rows of an audited table after they were loaded'),
    ('constraint', false, 'primary key, unique, check or exclusion constraint'),
    ('extension_config', false, 'rows of an extension''s configuration table'),
    ('foreign_key', false, 'foreign key, made without reading the rows'),
    ('index', false, 'index'),
    ('large_object', true, 'content of large objects'),
    ('ledger', true, 'the source''s audit ledger, row for row'),
    ('ledger_anchor', false, 'source and target name each other''s blocks'),
    ('matview', false, 'refresh of a materialized view; its content is information, not a verdict'),
    ('role', false, 'role without its password'),
    ('row_security', false, 'row security switched on or forced'),
    ('schema', false, 'entry of the dump'),
    ('sequence', true, 'position of a sequence'),
    ('setting', false, 'setting of the database or of a role in it'),
    ('vacuum', false, 'visibility map of a table loaded in parts'),
    ('validate', false, 'validation of a foreign key or check constraint'),
    ('verify_generated', false, 'generated columns of the target against their expressions');

-- A task depends on tasks with smaller ids only: there is no loop.
CREATE TABLE custody.migration_task (
    migration_id bigint NOT NULL REFERENCES custody.migration ON DELETE CASCADE,
    id int NOT NULL CHECK (id BETWEEN 1 AND 16777215),
    kind text NOT NULL REFERENCES custody.migration_task_kind,
    phase text NOT NULL,
    position int NOT NULL,
    object_type text NOT NULL,
    object_schema text NOT NULL DEFAULT '',
    object_name text NOT NULL,
    table_id int,
    needs_rows boolean NOT NULL DEFAULT false,
    dump_id int,
    depends int[] NOT NULL DEFAULT '{}',
    sql text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'benign', 'failed')),
    sqlstate text,
    message text,
    detail text,
    hint text,
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    writer xid8,
    started_at timestamptz,
    finished_at timestamptz,
    note text,
    source_rows bigint,
    target_rows bigint,
    source_value text,
    target_value text,
    verdict text CHECK (verdict IN ('equal', 'different', 'unverified')),
    reason text,
    verified_at timestamptz,
    snapshot int,
    PRIMARY KEY (migration_id, id),
    CONSTRAINT task_table_is_known
        FOREIGN KEY (migration_id, table_id) REFERENCES custody.migration_table
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT task_snapshot_is_known
        FOREIGN KEY (migration_id, snapshot) REFERENCES custody.migration_snapshot
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT task_depends_on_earlier_ones CHECK (id > ALL (depends)),
    CONSTRAINT task_that_needs_rows_names_table CHECK (NOT needs_rows OR table_id IS NOT NULL),
    CONSTRAINT task_pending_has_no_results CHECK (
        state <> 'pending' OR num_nonnulls(sqlstate, message, detail, hint, writer, started_at,
                                           finished_at, verdict) = 0),
    CONSTRAINT task_settled_has_times CHECK (
        state = 'pending' OR num_nulls(writer, started_at, finished_at) = 0 AND attempts > 0),
    CONSTRAINT task_done_has_no_error CHECK (
        state <> 'done' OR num_nonnulls(sqlstate, message, detail, hint) = 0),
    CONSTRAINT task_benign_says_why CHECK (
        state <> 'benign' OR coalesce(message, '') || coalesce(note, '') <> ''),
    CONSTRAINT task_failed_has_its_error CHECK (
        state <> 'failed' OR coalesce(message, '') <> ''),
    CONSTRAINT task_verdict_has_time CHECK ((verdict IS NULL) = (verified_at IS NULL)),
    CONSTRAINT task_not_equal_has_reason CHECK (
        verdict IS NULL OR verdict = 'equal' OR coalesce(reason, '') <> ''),
    CONSTRAINT task_equal_is_proven CHECK (
        verdict IS DISTINCT FROM 'equal' OR (
            state IN ('done', 'benign')
            AND source_rows IS NOT DISTINCT FROM target_rows
            AND (source_value = target_value
                 OR kind = 'sequence' AND source_value IS NOT NULL AND target_value IS NOT NULL
                    AND reason LIKE 'ahead%')) IS TRUE)
);
CREATE INDEX migration_task_order ON custody.migration_task (migration_id, phase, position, id)
    WHERE state = 'pending';
CREATE INDEX migration_task_table ON custody.migration_task (migration_id, table_id);

CREATE TABLE custody.migration_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_id bigint NOT NULL REFERENCES custody.migration ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    object text NOT NULL DEFAULT '',
    message text NOT NULL
);
CREATE INDEX migration_log_migration ON custody.migration_log (migration_id, id);

-- Content that belongs to the state, and so to a dump; the other tables are filled by this script.
SELECT pg_extension_config_dump('custody.migration', '');
SELECT pg_extension_config_dump(pg_get_serial_sequence('custody.migration', 'id')::regclass, '');
SELECT pg_extension_config_dump('custody.migration_snapshot', '');
SELECT pg_extension_config_dump('custody.migration_part', '');
SELECT pg_extension_config_dump('custody.migration_table', '');
SELECT pg_extension_config_dump('custody.migration_task', '');
SELECT pg_extension_config_dump('custody.migration_log', '');
SELECT pg_extension_config_dump(pg_get_serial_sequence('custody.migration_log', 'id')::regclass,
                                '');
