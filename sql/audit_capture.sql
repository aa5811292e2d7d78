-- Capture: what writes the ledger (extension/audit). The functions check no rights on its tables,
-- which nobody has.

CREATE FUNCTION custody.capture() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_capture';
COMMENT ON FUNCTION custody.capture() IS
'trigger, after each row, ENABLE ALWAYS: records the row''s change in the ledger; its argument is the table''s identity there (custody.audit() makes it); errors: 55000 without a ledger or for a table that it does not know, 42501 where the table asks for a verified context, 39P01 as another kind of trigger';
-- Everybody may execute it: who makes or attaches a partition of an audited table clones its trigger,
-- and the server asks for the right. It records for the table only that its argument stands for.

CREATE FUNCTION custody.capture_truncate() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_capture_truncate';
COMMENT ON FUNCTION custody.capture_truncate() IS
'trigger, before TRUNCATE, ENABLE ALWAYS, on a table and on each of its partitions: records each row (unless option truncate is event) and an event of operation T; its argument is the table''s identity in the ledger; errors: those of custody.capture()';

CREATE FUNCTION custody.record_note(tbl int4, op "char", info text) RETURNS int4
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_record_note';
COMMENT ON FUNCTION custody.record_note(int4, "char", text) IS
'records an event that is no change of a row (operation S, or T for TRUNCATE) with a JSON text whose member kind says what (docs/ledger-format.md, section 9); tbl is the id of the audited table, 0 for none; sessions look at the table''s options and descriptor again; returns the event''s number in the transaction; errors: 55000 without a ledger, 42704 for a table without descriptor, 22023 for another operation; privilege: superuser';

CREATE FUNCTION custody.record_baseline(relation regclass) RETURNS int8
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_record_baseline';
COMMENT ON FUNCTION custody.record_baseline(regclass) IS
'records each row of an audited table, or of the partitions of one, as it is (operation B); locks writers out until the end of the transaction; returns the number of rows; errors: 55000 for a table that is not audited, 42809 for what is no table; privilege: superuser';

CREATE FUNCTION custody.record_removal(relation regclass) RETURNS int8
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_record_removal';
COMMENT ON FUNCTION custody.record_removal(regclass) IS
'records each row of an audited table, or of a partition or all partitions of one, as deleted (operation D), before it is dropped or detached; locks writers out until the end of the transaction; returns the number of rows; errors: those of custody.record_baseline(); privilege: superuser';

REVOKE ALL ON FUNCTION custody.record_note(int4, "char", text),
    custody.record_baseline(regclass), custody.record_removal(regclass) FROM PUBLIC;
