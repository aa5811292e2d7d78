-- The type custody.digest: what is left of many rows, small enough to be kept and compared.
-- Its functions only look at their arguments, so PUBLIC may call them.

CREATE TYPE custody.digest;

CREATE FUNCTION custody.digest_in(cstring) RETURNS custody.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_in';
CREATE FUNCTION custody.digest_out(custody.digest) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_out';
CREATE FUNCTION custody.digest_recv(internal) RETURNS custody.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_recv';
CREATE FUNCTION custody.digest_send(custody.digest) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_send';
COMMENT ON FUNCTION custody.digest_in(cstring) IS 'reads the text form of a digest';
COMMENT ON FUNCTION custody.digest_out(custody.digest) IS 'writes the text form of a digest';
COMMENT ON FUNCTION custody.digest_recv(internal) IS 'reads the binary form of a digest';
COMMENT ON FUNCTION custody.digest_send(custody.digest) IS
    'writes the binary form of a digest: 56 bytes, big-endian';

CREATE TYPE custody.digest (
    INPUT = custody.digest_in,
    OUTPUT = custody.digest_out,
    RECEIVE = custody.digest_recv,
    SEND = custody.digest_send,
    INTERNALLENGTH = 56,
    ALIGNMENT = double
);
COMMENT ON TYPE custody.digest IS
    'digest of rows, as version:profile:form:columns:rows:sum; columns is a fingerprint of the column list, with adhoc- before it where the rows are no table''s; compares and adds up with digests of the same description only';

CREATE FUNCTION custody.digest_eq(a custody.digest, b custody.digest) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_eq';
CREATE FUNCTION custody.digest_ne(a custody.digest, b custody.digest) RETURNS bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_ne';
CREATE FUNCTION custody.digest_plus(a custody.digest, b custody.digest) RETURNS custody.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_plus';
CREATE FUNCTION custody.digest_minus(a custody.digest, b custody.digest) RETURNS custody.digest
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_minus';
COMMENT ON FUNCTION custody.digest_eq(custody.digest, custody.digest) IS 'implementation of = operator';
COMMENT ON FUNCTION custody.digest_ne(custody.digest, custody.digest) IS 'implementation of <> operator';
COMMENT ON FUNCTION custody.digest_plus(custody.digest, custody.digest) IS 'implementation of + operator';
COMMENT ON FUNCTION custody.digest_minus(custody.digest, custody.digest) IS 'implementation of - operator';

-- No operator class: the server would compare unlike digests while it sorts or hashes, and fail.
CREATE OPERATOR custody.= (
    LEFTARG = custody.digest, RIGHTARG = custody.digest, FUNCTION = custody.digest_eq,
    COMMUTATOR = OPERATOR(custody.=), NEGATOR = OPERATOR(custody.<>));
CREATE OPERATOR custody.<> (
    LEFTARG = custody.digest, RIGHTARG = custody.digest, FUNCTION = custody.digest_ne,
    COMMUTATOR = OPERATOR(custody.<>), NEGATOR = OPERATOR(custody.=));
CREATE OPERATOR custody.+ (
    LEFTARG = custody.digest, RIGHTARG = custody.digest, FUNCTION = custody.digest_plus,
    COMMUTATOR = OPERATOR(custody.+));
CREATE OPERATOR custody.- (
    LEFTARG = custody.digest, RIGHTARG = custody.digest, FUNCTION = custody.digest_minus);
COMMENT ON OPERATOR custody.= (custody.digest, custody.digest) IS
    'same rows, as far as the profile tells; 22023 for unlike digests';
COMMENT ON OPERATOR custody.<> (custody.digest, custody.digest) IS
    'different rows; 22023 for unlike digests';
COMMENT ON OPERATOR custody.+ (custody.digest, custody.digest) IS
    'digest of the rows of both; 22023 for unlike digests, 0A000 for profile evidence, 22003 for more rows than a bigint counts';
COMMENT ON OPERATOR custody.- (custody.digest, custody.digest) IS
    'digest of the rows of the first without those of the second; 22023 for unlike digests, 0A000 for profile evidence, 22003 where the second has more rows';

CREATE AGGREGATE custody.sum(custody.digest) (
    SFUNC = custody.digest_plus,
    STYPE = custody.digest,
    COMBINEFUNC = custody.digest_plus,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custody.sum(custody.digest) IS
    'digest of the rows of all digests together, as of the partitions of a table; NULLs are skipped, NULL where there are none; errors: 22023 for unlike digests, 0A000 for profile evidence, 22003 for more rows than a bigint counts; privilege: none';

CREATE FUNCTION custody.digest_info(
        value custody.digest,
        OUT encoding_version int4, OUT profile text, OUT form text, OUT ad_hoc bool,
        OUT columns text, OUT rows int8, OUT sum text)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'custody_digest_info';
COMMENT ON FUNCTION custody.digest_info(custody.digest) IS
    'the parts of a digest: version of the encoding, profile (fast, sql, evidence), form (binary, text), whether it is of rows that are no table''s, fingerprint of the column list, number of rows, and the sum of their hashes in hexadecimal digits; NULL for NULL; errors: none; privilege: none';
