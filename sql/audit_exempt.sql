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
-- Of a table that is gone there is a number left, which is another table's where the dump is restored.
SELECT pg_extension_config_dump('custody.audit_exemption',
    'WHERE relation IN (SELECT c.oid FROM pg_catalog.pg_class c)');
REVOKE ALL ON custody.audit_exemption FROM PUBLIC;
