-- Digests of whole tables, straight from their storage. Like those of sql/digest.sql they read with
-- the caller's own privileges and refuse where row security would hide rows; so PUBLIC may call them.

CREATE FUNCTION custody.table_digest(
        rel regclass, columns text[] DEFAULT NULL, profile text DEFAULT 'fast',
        form text DEFAULT NULL, children bool DEFAULT false)
    RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_table_digest';
COMMENT ON FUNCTION custody.table_digest(regclass, text[], text, text, bool) IS
    'digest of the rows of a table, a materialized view, or all partitions of a partitioned table, under the statement''s snapshot; columns: their order is the digest''s, NULL = all that are not generated, by name; profile: fast, sql or evidence; form: binary or text, NULL = the one that the profile takes for these columns; children: with the tables that inherit from it; errors: 42809 for what stores no rows (views, foreign tables, also as a partition), 0A000 for a temporary table of another session, 55000 for a materialized view without data, 42501 without privilege and where row security is active for the caller, 40001 where it was rewritten, or got or lost partitions, after the snapshot was taken, 42703 and 42701 for columns that are not there or there twice, 22023 for an unknown profile or form; privilege: USAGE on the schema and SELECT on the columns of the table (of the root, not of its partitions)';

CREATE FUNCTION custody.table_buckets(
        rel regclass, buckets int4 DEFAULT 1024, key text[] DEFAULT NULL,
        columns text[] DEFAULT NULL, profile text DEFAULT 'fast',
        form text DEFAULT NULL, children bool DEFAULT false)
    RETURNS TABLE (bucket int4, digest custody.digest)
    LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 1024
    AS 'MODULE_PATHNAME', 'custody_table_buckets';
COMMENT ON FUNCTION custody.table_buckets(regclass, int4, text[], text[], text, text, bool) IS
    'digest of each bucket of a table''s rows, empty ones too, from one scan; buckets: a power of two up to 65536; key: columns (among those of the digest) whose hash picks a row''s bucket, NULL = the primary key, {} = the row''s own hash; columns, profile, form and children as of custody.table_digest(); with profile evidence the sum of a bucket is the SHA-256 of its sorted row hashes; errors: as of custody.table_digest(), 42703 for a key that is not among the columns, 22023 for another number of buckets; privilege: USAGE on the schema and SELECT on the columns';

CREATE FUNCTION custody.bucket_rows(
        rel regclass, buckets int4, wanted int4[], key text[] DEFAULT NULL,
        columns text[] DEFAULT NULL, profile text DEFAULT 'fast',
        form text DEFAULT NULL, children bool DEFAULT false)
    RETURNS TABLE (bucket int4, key text[], key_hash bytea, row_hash bytea, relation regclass,
        ctid tid)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_bucket_rows';
COMMENT ON FUNCTION custody.bucket_rows(regclass, int4, int4[], text[], text[], text, text, bool) IS
    'the rows of the wanted buckets, from one scan, in no order: key as its columns'' output functions write it under the settings of the text form (NULL without a key), hash of the key (of the row without a key) and of the row, and where the row is stored; other arguments as of custody.table_buckets(); rows that do not fit into work_mem wait in a temporary file; errors: as of custody.table_buckets(), 22023 for a bucket that is not one of them; privilege: USAGE on the schema and SELECT on the columns';

-- The slot of CLUSTER in the server's progress reporting is borrowed: extension/digest/scan_progress.
CREATE VIEW custody.digest_progress AS
    SELECT s.pid, s.datid, d.datname,
        CASE WHEN d.datname = pg_catalog.current_database() THEN s.relid::regclass END AS relation,
        CASE s.param20 & 255 WHEN 1 THEN 'migration_scan' WHEN 2 THEN 'table_digest'
            WHEN 3 THEN 'table_buckets' WHEN 4 THEN 'bucket_rows' END AS function,
        CASE s.param2 WHEN 1 THEN 'scanning' WHEN 3 THEN 'sorting' END AS phase,
        s.param13 AS relations_done, s.param12 AS relations_total,
        CASE WHEN d.datname = pg_catalog.current_database() THEN s.param14::oid::regclass END
            AS current_relation,
        s.param7 AS blocks_done, s.param6 AS blocks_total,
        s.param4 AS rows_done, s.param11 AS rows_expected
    FROM pg_catalog.pg_stat_get_progress_info('CLUSTER') s
        LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datid
    WHERE s.param20 >> 8 = x'63757374'::int8;
COMMENT ON VIEW custody.digest_progress IS
    'scans of tables that run now, of all databases: how many tables (partitions), blocks and rows are done of how many (rows: of the planner''s estimate); brought up to date every few thousand rows. A scan reports in the slot of CLUSTER, so that pg_stat_progress_cluster shows it, too, as a command without a name; a backend that reports another command (COPY of a query that calls us) does not appear. Without the rights of pg_read_all_stats one sees only one''s own';
COMMENT ON COLUMN custody.digest_progress.pid IS 'process of the scan';
COMMENT ON COLUMN custody.digest_progress.datid IS 'OID of its database';
COMMENT ON COLUMN custody.digest_progress.datname IS 'its database';
COMMENT ON COLUMN custody.digest_progress.relation IS 'table that was asked for; NULL in other databases';
COMMENT ON COLUMN custody.digest_progress.function IS 'migration_scan, table_digest, table_buckets or bucket_rows';
COMMENT ON COLUMN custody.digest_progress.phase IS 'scanning, or sorting (the row hashes of profile evidence)';
COMMENT ON COLUMN custody.digest_progress.relations_done IS 'tables and partitions that are done';
COMMENT ON COLUMN custody.digest_progress.relations_total IS 'tables and partitions in all';
COMMENT ON COLUMN custody.digest_progress.current_relation IS 'table or partition that is being read';
COMMENT ON COLUMN custody.digest_progress.blocks_done IS 'blocks that are done, of all relations';
COMMENT ON COLUMN custody.digest_progress.blocks_total IS 'blocks in all, when the scan began';
COMMENT ON COLUMN custody.digest_progress.rows_done IS 'rows that are done';
COMMENT ON COLUMN custody.digest_progress.rows_expected IS 'rows in all, as the planner estimates them; 0 where a table was never analyzed';
GRANT SELECT ON custody.digest_progress TO PUBLIC;
