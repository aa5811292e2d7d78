-- The digest room: what is stored, as wire rows (docs/wire-format.md), hashed and summed.
-- These functions read with the caller's own privileges, as a SELECT of the same columns would,
-- and refuse where row security would hide rows; so PUBLIC may call them.

CREATE FUNCTION custody.encoding_version() RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_encoding_version';
COMMENT ON FUNCTION custody.encoding_version() IS
    'version of the wire row encoding; digests of different versions do not compare';

CREATE FUNCTION custody.wire_form(rel regclass, columns text[]) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_wire_form';
COMMENT ON FUNCTION custody.wire_form(regclass, text[]) IS
    'form of the wire rows of these columns: binary or text';

CREATE FUNCTION custody.migration_scan(
        rel regclass, columns text[], form text, key text[], buckets int4,
        writers xid8[] DEFAULT NULL,
        OUT rows int8, OUT foreign_rows int8, OUT digests bytea)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_migration_scan';
COMMENT ON FUNCTION custody.migration_scan(regclass, text[], text, text[], int4, xid8[]) IS
    'rows and bucket digests of one table as the loader compares them';

CREATE FUNCTION custody.table_digest(
        rel regclass,
        OUT rows int8, OUT digest text, OUT form text, OUT columns text[])
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_table_digest';
COMMENT ON FUNCTION custody.table_digest(regclass) IS
    'rows and digest of a table, or of all partitions of a partitioned table';
