-- The digest room: what is stored, as wire rows (docs/wire-format.md), hashed and summed.
-- These functions read with the caller's own privileges, as a SELECT of the same columns would,
-- and refuse where row security would hide rows; so PUBLIC may call them.

CREATE FUNCTION custody.encoding_version() RETURNS int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_encoding_version';
COMMENT ON FUNCTION custody.encoding_version() IS
    'version of the wire row encoding; digests of different versions do not compare; errors: none; privilege: none';

CREATE FUNCTION custody.wire_form(rel regclass, columns text[]) RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_wire_form';
COMMENT ON FUNCTION custody.wire_form(regclass, text[]) IS
    'form that the rows of a table have in profiles fast and evidence when these columns are digested: binary or text; arguments: rel; columns, as of custody.table_digest(); NULL where one of them is NULL; errors: 42703 for a column that is not there; privilege: none';

CREATE FUNCTION custody.migration_scan(
        rel regclass, columns text[], form text, key text[], buckets int4,
        writers xid8[] DEFAULT NULL,
        OUT rows int8, OUT foreign_rows int8, OUT digests bytea)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_migration_scan';
COMMENT ON FUNCTION custody.migration_scan(regclass, text[], text, text[], int4, xid8[]) IS
    'rows and bucket digests of one table as the loader compares them: how many rows, how many of them were written by other transactions than writers, and for each bucket rows and sum in profile fast; arguments: rel, columns, form, key and buckets as of custody.table_buckets(), rel no partitioned table, key {} for the hash of the row; writers, NULL for not looking who wrote; errors: as of custody.table_buckets(), 0A000 where rows have no xmin and writers are given, 22004 for any other NULL; privilege: SELECT on the columns';
