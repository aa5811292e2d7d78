-- Tables that are not recorded, with the reason: custody.audit_coverage() shows them as exempt, not as gaps.

CREATE TABLE custody.audit_exemption (
    relation regclass PRIMARY KEY,
    reason text NOT NULL CHECK (reason ~ '\S'),
    made_at timestamptz NOT NULL DEFAULT now(),
    made_by name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE custody.audit_exemption IS
'tables that are not recorded in the ledger, each with a reason; partitions go with their root';
COMMENT ON COLUMN custody.audit_exemption.relation IS 'the table';
COMMENT ON COLUMN custody.audit_exemption.reason IS 'why it is not recorded';
COMMENT ON COLUMN custody.audit_exemption.made_at IS 'when the row was written';
COMMENT ON COLUMN custody.audit_exemption.made_by IS 'session user who wrote it';
SELECT pg_extension_config_dump('custody.audit_exemption', '');
REVOKE ALL ON custody.audit_exemption FROM PUBLIC;
