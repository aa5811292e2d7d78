-- The ledger's guards: UPDATE, DELETE and TRUNCATE of its tables are refused to everybody, in replica
-- mode too; DDL on them by the event triggers of audit_ddl.sql. A superuser can drop a guard: that is
-- what verification and anchors are for.

CREATE FUNCTION custody.maintain_ledger(statement text) RETURNS int8
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_maintain_ledger';
COMMENT ON FUNCTION custody.maintain_ledger(text) IS
'runs one statement that the guards of the ledger let through, and returns the number of its rows; for the functions that check duties; errors: those of the statement; privilege: superuser';

CREATE FUNCTION custody.ledger_is_maintained() RETURNS boolean
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_ledger_is_maintained';
COMMENT ON FUNCTION custody.ledger_is_maintained() IS
'true inside of custody.maintain_ledger(); errors: none; privilege: none';

-- Whoever asks, approves, holds or records is told by the session. The server runs code that belongs to tables (in
-- ANALYZE, by itself, too) and to types (where somebody reads a value) with the rights of its owner, in a session
-- of somebody else.
CREATE FUNCTION custody.check_session() RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_check_session';
COMMENT ON FUNCTION custody.check_session() IS
'refuses (42501) to act in the name of a session for code that runs because that looks at a table, an index or a value; privilege: none';

CREATE FUNCTION custody.guard_ledger() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_guard_ledger';
COMMENT ON FUNCTION custody.guard_ledger() IS
'trigger on the tables of the ledger: refuses (42501) to change or to empty them, but for custody.maintain_ledger()';

CREATE FUNCTION custody.guard_ledger_relation(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    guard record;
BEGIN
    FOR guard IN SELECT * FROM (VALUES ('custody_guard', 'UPDATE OR DELETE', 'ROW'),
                                       ('custody_guard_truncate', 'TRUNCATE', 'STATEMENT')
                                ) AS g (name, events, level) LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger t
                        WHERE t.tgrelid = relation AND t.tgname = guard.name) THEN
            PERFORM custody.maintain_ledger(format(
                'CREATE TRIGGER %I BEFORE %s ON %s FOR EACH %s EXECUTE FUNCTION custody.guard_ledger()',
                guard.name, guard.events, relation, guard.level));
        END IF;
        -- Not where it is so already: that would wait for writers, and they for it.
        IF EXISTS (SELECT FROM pg_trigger t
                    WHERE t.tgrelid = relation AND t.tgname = guard.name AND t.tgenabled <> 'A') THEN
            PERFORM custody.maintain_ledger(format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I',
                                                   relation, guard.name));
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.guard_ledger_relation(regclass) IS
'gives a table or partition of the ledger its guards where it lacks them; privilege: superuser';

CREATE FUNCTION custody.install_ledger_guards() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    -- Partitioned tables first: their row triggers reach the partitions.
    PERFORM custody.guard_ledger_relation(c.oid)
       FROM (SELECT oid FROM pg_class
              WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p')
              ORDER BY relispartition, oid) c;
    FOR t IN SELECT * FROM (VALUES
            ('custody_audit_ddl', 'ddl_command_end', 'audit_ddl'),
            ('custody_audit_drop_start', 'ddl_command_start', 'audit_drop_start'),
            ('custody_audit_drop', 'sql_drop', 'audit_drop'),
            ('custody_audit_rewrite', 'table_rewrite', 'audit_rewrite')) AS v (name, event, function)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtname = t.name) THEN
            EXECUTE format('CREATE EVENT TRIGGER %I ON %I EXECUTE FUNCTION custody.%I()', t.name, t.event,
                           t.function);
        END IF;
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', t.name);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.install_ledger_guards() IS
'makes the guards and event triggers of the ledger that are missing; part of custody.init_ledger(); privilege: superuser';

REVOKE ALL ON FUNCTION custody.maintain_ledger(text), custody.guard_ledger_relation(regclass),
    custody.install_ledger_guards() FROM PUBLIC;
