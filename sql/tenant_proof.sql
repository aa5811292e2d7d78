-- Proof of tenant isolation, by the server's own predicate prover.

CREATE FUNCTION custody.policy_verdict(policy oid, org_column name) RETURNS text
    LANGUAGE C STABLE STRICT SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'custody_policy_verdict';
COMMENT ON FUNCTION custody.policy_verdict(oid, name) IS
'how a policy (its OID in pg_policy) by itself stands to "org column = org of the context", USING and WITH CHECK together: same, narrower (every row that it lets through is of the context''s org, not every such row is let through) or different (that could not be shown); undefined_object or undefined_column where there is none; for the owner of the extension and whom it grants EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.policy_verdict(oid, name) FROM PUBLIC;
