-- Digests of records: the aggregate, and the functions of one row. They read nothing but their
-- arguments: the query that makes the rows needs the privilege to read them.

CREATE FUNCTION custody.digest_accum(state custody.digest, rec record) RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_accum';
CREATE FUNCTION custody.digest_accum(state custody.digest, rec record, profile text)
    RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_accum';
CREATE FUNCTION custody.digest_accum(
        state custody.digest, rec record, profile text, columns text[]) RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_accum';
CREATE FUNCTION custody.digest_final(state custody.digest, rec record) RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_final';
CREATE FUNCTION custody.digest_final(state custody.digest, rec record, profile text)
    RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_final';
CREATE FUNCTION custody.digest_final(
        state custody.digest, rec record, profile text, columns text[]) RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_final';
COMMENT ON FUNCTION custody.digest_accum(custody.digest, record) IS
    'transition function of custody.digest(record)';
COMMENT ON FUNCTION custody.digest_accum(custody.digest, record, text) IS
    'transition function of custody.digest(record, text)';
COMMENT ON FUNCTION custody.digest_accum(custody.digest, record, text, text[]) IS
    'transition function of custody.digest(record, text, text[])';
COMMENT ON FUNCTION custody.digest_final(custody.digest, record) IS
    'final function of custody.digest(record)';
COMMENT ON FUNCTION custody.digest_final(custody.digest, record, text) IS
    'final function of custody.digest(record, text)';
COMMENT ON FUNCTION custody.digest_final(custody.digest, record, text, text[]) IS
    'final function of custody.digest(record, text, text[])';

CREATE AGGREGATE custody.digest(rec record) (
    SFUNC = custody.digest_accum, STYPE = custody.digest, COMBINEFUNC = custody.digest_plus,
    FINALFUNC = custody.digest_final, FINALFUNC_EXTRA, PARALLEL = SAFE);
CREATE AGGREGATE custody.digest(rec record, profile text) (
    SFUNC = custody.digest_accum, STYPE = custody.digest, COMBINEFUNC = custody.digest_plus,
    FINALFUNC = custody.digest_final, FINALFUNC_EXTRA, PARALLEL = SAFE);
CREATE AGGREGATE custody.digest(rec record, profile text, columns text[]) (
    SFUNC = custody.digest_accum, STYPE = custody.digest, COMBINEFUNC = custody.digest_plus,
    FINALFUNC = custody.digest_final, FINALFUNC_EXTRA, PARALLEL = SAFE);
COMMENT ON AGGREGATE custody.digest(record) IS
    'digest of rows in profile fast, as in SELECT custody.digest(t.*) FROM tab t (custody.digest(t) is the same, but a cast of column t where there is one): of all columns that are not generated, in canonical order; arguments: rec, rows of a table''s type for a table''s digest, whatever part of the table they are; any other record (of a view, a subquery, a ROW expression) gives an ad hoc digest, which compares with ad hoc ones only; of no rows: a digest that counts none, NULL for an anonymous record; errors: 22004 for a row that is NULL, 42501 where row security is active on the table for the caller, or on a child of it that the query names, or for the owner of a view that the query reads it through, and where a table with row security is read through a cursor that another role may have opened, 0A000 for a virtual generated column that is named; privilege: SELECT on the table, as for the query';
COMMENT ON AGGREGATE custody.digest(record, text) IS
    'digest of rows in a profile, as custody.digest(rec) makes it; arguments: rec; profile, fast or sql; errors: as custody.digest(rec), and 22023 for an unknown profile, 0A000 for evidence, which custody.table_digest() makes; privilege: SELECT on the table, as for the query';
COMMENT ON AGGREGATE custody.digest(record, text, text[]) IS
    'digest of some columns of rows, as custody.digest(rec) makes it; arguments: rec; profile, fast or sql; columns, in the order of the digest, NULL for all; errors: as custody.digest(rec, profile), and 42703 and 42701 for names that the row does not have or that are there twice; privilege: SELECT on the table, as for the query';

CREATE FUNCTION custody.row_digest(
        rec record, columns text[] DEFAULT NULL, profile text DEFAULT 'fast',
        form text DEFAULT NULL) RETURNS custody.digest
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_row_digest';
COMMENT ON FUNCTION custody.row_digest(record, text[], text, text) IS
    'digest of one row; arguments: rec, as for custody.digest(rec), but ad hoc where row security of its table is active for the caller, whose rows need not be all; columns, in the order of the digest, NULL for all that are not generated in canonical order; profile, fast or sql; form, binary or text, NULL for the one that the profile has for the columns; errors: 22004 for a row or profile that is NULL, 22023 for an unknown profile or form, 42703 and 42701 for wrong columns, 0A000 for evidence and for a type that has no binary form; privilege: none but to read the row';

CREATE FUNCTION custody.row_bucket(
        rec record, buckets int4, key text[] DEFAULT NULL, columns text[] DEFAULT NULL,
        profile text DEFAULT 'fast', form text DEFAULT NULL) RETURNS int4
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_row_bucket';
COMMENT ON FUNCTION custody.row_bucket(record, int4, text[], text[], text, text) IS
    'bucket that a row falls into, from 0 on; arguments: rec, columns, profile and form as for custody.row_digest(), profile also evidence; buckets, a power of two up to 65536; key, columns among the others whose hash picks the bucket, NULL for the primary key of the table whose row type it is, {} for the hash of the row; errors: as custody.row_digest(), and 22023 for a wrong number of buckets, 42703 for a key that is not among the columns; privilege: none but to read the row';

CREATE FUNCTION custody.sql_digest_query(
        rel regclass, columns text[] DEFAULT NULL, condition text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_sql_digest_query';
COMMENT ON FUNCTION custody.sql_digest_query(regclass, text[], text) IS
    'the query that computes the digest of a table in profile sql on any server from version 13 on, without the extension; it fails with 22P02 and the SET commands to run where the session''s settings would change the digest; arguments: rel, a table, materialized view, foreign or partitioned table, NULL for NULL; columns, in the order of the digest, NULL for all that are not generated in canonical order; condition, SQL for WHERE, as it is, NULL for all rows; errors: 42809 for what is no table, 42703 and 42701 for wrong columns; privilege: none for the text, SELECT on the columns to run it';
