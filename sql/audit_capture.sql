-- Capture: what writes the ledger (extension/audit). The functions check no rights on its tables,
-- which nobody has.

CREATE FUNCTION custody.capture() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_capture';
COMMENT ON FUNCTION custody.capture() IS
'trigger, after each row, ENABLE ALWAYS: records the row''s change in the ledger; its argument is the table''s identity there (custody.audit() makes it); errors: 55000 without a ledger or for a table that it does not know, 42501 where the table asks for a verified context, 39P01 as another kind of trigger';
-- Everybody may execute it: who makes a partition of an audited table clones its trigger. It records
-- for no other table than that which its argument stands for.
