-- How a migration brings a ledger along: its rows are copied as they are into tables that
-- custody.init_ledger() has made, then recording goes on here. All of it is one transaction of the
-- loader, so the ledger is here whole or not at all.
-- SECURITY DEFINER: who runs a migration has no rights on the ledger.

CREATE TABLE custody.ledger_receiving (
    xid xid8 PRIMARY KEY,
    role name NOT NULL,
    readable oid[] NOT NULL,
    usable boolean NOT NULL
);
COMMENT ON TABLE custody.ledger_receiving IS
'the transaction that a ledger is being copied in, between custody.receive_ledger() and adopt_ledger(); no row outlives its transaction';
COMMENT ON COLUMN custody.ledger_receiving.xid IS 'the transaction';
COMMENT ON COLUMN custody.ledger_receiving.role IS 'session user who may write the ledger''s tables in it';
COMMENT ON COLUMN custody.ledger_receiving.readable IS 'the ledger''s tables that the role might read before, by itself';
COMMENT ON COLUMN custody.ledger_receiving.usable IS 'whether it had USAGE on the ledger''s schema before, by itself';
REVOKE ALL ON custody.ledger_receiving FROM PUBLIC;

-- Who did not end it would keep the right to write the ledger.
CREATE FUNCTION custody.check_ledger_received() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    IF EXISTS (SELECT FROM custody.ledger_receiving r WHERE r.xid = NEW.xid) THEN
        RAISE EXCEPTION 'a ledger was received and not adopted'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Call custody.adopt_ledger() in the transaction of custody.receive_ledger(), behind the rows.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.check_ledger_received() IS
'trigger, when a transaction ends: refuses (55000) one that called custody.receive_ledger() and not adopt_ledger()';
CREATE CONSTRAINT TRIGGER received AFTER INSERT ON custody.ledger_receiving DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION custody.check_ledger_received();
ALTER TABLE custody.ledger_receiving ENABLE ALWAYS TRIGGER received;

CREATE FUNCTION custody.receive_ledger(period text, options jsonb, partitions jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET timezone = 'UTC' AS $$
DECLARE
    part record;
BEGIN
    PERFORM custody.check_session();
    PERFORM custody.init_ledger(period, options);
    IF EXISTS (SELECT FROM custody_ledger.tx) OR EXISTS (SELECT FROM custody_ledger.block)
        OR EXISTS (SELECT FROM custody_ledger.audited) THEN
        RAISE EXCEPTION 'this database has a ledger with events of its own'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Its id is %s.', (SELECT l.ledger FROM custody_ledger.ledger l)),
                  HINT = 'Two ledgers are not made one: move into a database without one.';
    ELSIF period <> (SELECT l.period FROM custody_ledger.ledger l) THEN
        RAISE EXCEPTION 'the ledger here has partitions by another period'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Move into a database without a ledger.';
    END IF;
    INSERT INTO custody.ledger_receiving (xid, role, readable, usable)
        VALUES (pg_current_xact_id(), session_user, '{}', false);
    PERFORM custody.maintain_ledger('DELETE FROM custody_ledger.ledger');
    PERFORM custody.maintain_ledger('DELETE FROM custody_ledger.descriptor');
    -- Exactly the source's: what is in its default partitions stays there, until the next seal.
    FOR part IN SELECT p.relation FROM unnest('{event,tx}'::text[]) AS k
                 CROSS JOIN LATERAL custody.ledger_partitions(k) p LOOP
        PERFORM custody.maintain_ledger(format('DROP TABLE %s', part.relation));
    END LOOP;
    FOR part IN SELECT * FROM jsonb_to_recordset(partitions)
                    AS p (parent text, lower timestamptz, upper timestamptz) LOOP
        IF part.parent NOT IN ('event', 'tx') THEN
            RAISE EXCEPTION 'the ledger has no partitioned table "%"', part.parent
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM custody.make_ledger_partition(part.parent, part.lower, part.upper);
    END LOOP;
    -- What he has by a duty of his own he keeps.
    UPDATE custody.ledger_receiving r SET
           readable = ARRAY(SELECT c.oid FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
                             WHERE c.relnamespace = 'custody_ledger'::regnamespace AND a.privilege_type = 'SELECT'
                               AND a.grantee = (SELECT o.oid FROM pg_roles o WHERE o.rolname = session_user)),
           usable = EXISTS (SELECT FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a
                             WHERE n.nspname = 'custody_ledger' AND a.privilege_type = 'USAGE'
                              AND a.grantee = (SELECT o.oid FROM pg_roles o WHERE o.rolname = session_user))
     WHERE r.xid = pg_current_xact_id();
    PERFORM custody.maintain_ledger(format('GRANT USAGE ON SCHEMA custody_ledger TO %I', session_user));
    PERFORM custody.maintain_ledger(format(
        'GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA custody_ledger TO %I', session_user));
END
$$;
COMMENT ON FUNCTION custody.receive_ledger(text, jsonb, jsonb) IS
'makes an empty ledger, with the partitions of another one (parent, lower, upper), for its rows to be copied in by the caller in the same transaction; custody.adopt_ledger() ends it, without which the transaction cannot commit; errors: 55000 where there is a ledger with events, or by another period, 22023 for another partitioned table; privilege: custody_operator, custody_admin';

-- Numbers go on behind those that came.
CREATE FUNCTION custody.continue_ledger_numbers() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['audited', 'descriptor', 'hold', 'request', 'prune'] LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), m.top) FROM '
                       '(SELECT max(x.id) AS top FROM custody_ledger.%I x) m WHERE m.top > 0',
                       'custody_ledger.' || t, t);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.continue_ledger_numbers() IS
'sets the sequences of the ledger behind the numbers that its tables hold; part of custody.adopt_ledger(); privilege: superuser';

-- What stands for the rows that the migration copied while nothing recorded them.
CREATE FUNCTION custody.record_moved_table(migration bigint, subject int4, relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step text;
    loaded record;
BEGIN
    FOR step IN SELECT custody.audit_trigger_steps(relation, a.identity)
                  FROM custody_ledger.audited a WHERE a.id = subject LOOP
        PERFORM custody.maintain_ledger(step);
    END LOOP;
    FOR loaded IN
        SELECT jsonb_build_object('kind', 'load', 'migration', m.name, 'source', m.source,
                   'source_identity', m.source_identity, 'source_schema', t.source_schema,
                   'source_name', t.source_table, 'schema', t.target_schema,
                   'name', t.target_table, 'rows', t.target_rows,
                   'digest', custody.migration_digest_hex(t.target_digests), 'profile', t.profile,
                   'form', t.form, 'columns', t.columns, 'verdict', t.verdict,
                   'snapshot', s.xmin_xmax, 'lsn', s.lsn, 'taken_at', s.taken_at) AS info
          FROM custody.migration_table t JOIN custody.migration m ON m.id = t.migration_id
          JOIN custody.migration_snapshot s
            ON s.migration_id = t.migration_id AND s.number = coalesce(t.confirmed_snapshot, t.snapshot)
         WHERE t.migration_id = migration
           AND to_regclass(format('%I.%I', t.target_schema, t.target_table)) IN
               (SELECT p.relid FROM pg_partition_tree(relation) p UNION SELECT relation)
         ORDER BY t.id
    LOOP
        PERFORM custody.record_note(subject, 'S', loaded.info::text);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.record_moved_table(bigint, int4, regclass) IS
'gives a table that was moved with its ledger its capture triggers and an event of kind load for each relation that the migration copied; part of custody.adopt_ledger(); privilege: superuser';

CREATE FUNCTION custody.adopt_ledger(migration bigint, facts jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    receiver record;
    subject record;
    missing text[];
    last jsonb := (SELECT jsonb_build_object('block', b.number, 'hash', encode(b.hash, 'hex'))
                     FROM custody_ledger.block b ORDER BY b.number DESC LIMIT 1);
BEGIN
    PERFORM custody.check_session();
    DELETE FROM custody.ledger_receiving r WHERE r.xid = pg_current_xact_id() AND r.role = session_user RETURNING * INTO receiver;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no ledger was received in this transaction'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call custody.receive_ledger() first.';
    END IF;
    PERFORM custody.continue_ledger_numbers();
    -- OIDs of the source mean nothing here; what was dropped there stays dropped.
    PERFORM custody.maintain_ledger($sql$UPDATE custody_ledger.audited
        SET relid = to_regclass(format('%I.%I', schema, name)) WHERE relid IS NOT NULL$sql$);
    PERFORM custody.maintain_ledger(format(
        'REVOKE INSERT ON ALL TABLES IN SCHEMA custody_ledger FROM %I', session_user));
    PERFORM custody.maintain_ledger(format('REVOKE SELECT ON %s FROM %I', c.oid::regclass, session_user))
       FROM pg_class c WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') AND c.oid <> ALL (receiver.readable);
    IF NOT receiver.usable THEN
        PERFORM custody.maintain_ledger(format('REVOKE USAGE ON SCHEMA custody_ledger FROM %I', session_user));
    END IF;
    PERFORM custody.record_note(0, 'S', (facts || jsonb_build_object('kind', 'load',
        'ledger', (SELECT l.ledger FROM custody_ledger.ledger l), 'source_digest', last))::text);
    FOR subject IN SELECT a.id, a.relid, a.schema, a.name FROM custody_ledger.audited a
                    WHERE a.active ORDER BY a.id LOOP
        IF subject.relid IS NULL THEN
            missing := missing || format('%I.%I', subject.schema, subject.name);
        ELSE
            PERFORM custody.record_moved_table(migration, subject.id, subject.relid);
        END IF;
    END LOOP;
    PERFORM custody.hold_again();
    RETURN jsonb_build_object('source_digest', last, 'missing', to_jsonb(missing));
END
$$;
COMMENT ON FUNCTION custody.adopt_ledger(bigint, jsonb) IS
'ends what custody.receive_ledger() began: recording goes on here, by an event of kind load that names the last block that came (source_digest) and one for each table that the migration copied; the role has no rights on the ledger''s tables by it any more; returns that block, and missing, the tables that are recorded and not here; errors: 55000 where custody.receive_ledger() was not called in this transaction, those of custody.record_note(); privilege: custody_operator, custody_admin';

CREATE FUNCTION custody.note_ledger_moved(digest jsonb) RETURNS int4
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
    SELECT custody.record_note(0, 'S', jsonb_build_object('kind', 'load', 'moved_to', digest)::text)
$$;
COMMENT ON FUNCTION custody.note_ledger_moved(jsonb) IS
'records, on the source of a migration, the digest of the first block of the target''s ledger: an event of kind load with moved_to; returns its number in the transaction; errors: those of custody.record_note(); privilege: custody_operator, custody_admin';

REVOKE ALL ON FUNCTION custody.check_ledger_received(), custody.receive_ledger(text, jsonb, jsonb), custody.continue_ledger_numbers(),
    custody.record_moved_table(bigint, int4, regclass), custody.adopt_ledger(bigint, jsonb),
    custody.note_ledger_moved(jsonb) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator}', 'custody.receive_ledger(text, jsonb, jsonb)');
SELECT custody.give_duty('{admin,operator}', 'custody.adopt_ledger(bigint, jsonb)');
SELECT custody.give_duty('{admin,operator}', 'custody.note_ledger_moved(jsonb)');
