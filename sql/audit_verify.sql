-- Verification of the ledger: what is stored, hashed again.

CREATE FUNCTION custody.verify_stored(from_block int8, to_block int8)
    RETURNS TABLE ("check" text, object text, block int8, status text, detail text,
        since timestamptz, tbl int4, descriptor int4, key bytea)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_verify_stored';
COMMENT ON FUNCTION custody.verify_stored(int8, int8) IS
'the part of custody.verify_ledger() that reads every row of the ledger and hashes it again: chain, membership, roots, payloads and descriptors; rows as there, with the table, descriptor and key of an event; NULL for a block: the first, or the last with what is not sealed yet; sorts in maintenance_work_mem, then in temporary files; errors: 42P01 without a ledger, 22023 for a block below 1; privilege: custody_auditor, custody_operator, custody_admin';
REVOKE ALL ON FUNCTION custody.verify_stored(int8, int8) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', 'custody.verify_stored(int8, int8)');
