-- Partitions that are dropped: their rows are events before. One that is gone without that is refused, whatever
-- took it: what the event trigger at the command's start does not know of must not go unseen.

CREATE TABLE custody.audit_removed (
    xid xid8 NOT NULL,
    relation oid NOT NULL,
    rows int8 NOT NULL,
    PRIMARY KEY (xid, relation)
);
COMMENT ON TABLE custody.audit_removed IS
'partitions of audited tables of which a command under way drops the rows, which are events already; no row outlives its command';
COMMENT ON COLUMN custody.audit_removed.xid IS 'the transaction';
COMMENT ON COLUMN custody.audit_removed.relation IS 'the partition';
COMMENT ON COLUMN custody.audit_removed.rows IS 'how many rows it had';
REVOKE ALL ON custody.audit_removed FROM PUBLIC;

-- All locked first, as DROP does, then each by itself.
CREATE FUNCTION custody.audit_removed_tree(partition regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
BEGIN
    DELETE FROM custody.audit_removed r WHERE r.xid = pg_current_xact_id()
       AND r.relation IN (SELECT t.relid FROM custody.partition_tree(partition) t);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', partition);
    FOR member IN SELECT t.relid FROM custody.partition_tree(partition) t ORDER BY t.level, t.relid LOOP
        INSERT INTO custody.audit_removed (xid, relation, rows)
            VALUES (pg_current_xact_id(), member,
                    CASE WHEN (SELECT c.relkind FROM pg_class c WHERE c.oid = member) = 'r' THEN custody.record_removal(member) ELSE 0 END);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_removed_tree(regclass) IS
'records the rows of a partition, and of its partitions, that a command is about to drop; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_dropped_partition(subject int4, identity uuid, schema text, name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number int8;
BEGIN
    DELETE FROM custody.audit_removed r USING pg_event_trigger_dropped_objects() o
     WHERE r.xid = pg_current_xact_id() AND r.relation = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0
       AND o.schema_name = audit_dropped_partition.schema AND o.object_name = audit_dropped_partition.name
    RETURNING r.rows INTO number;
    -- Of a whole table its own event says all.
    IF number IS NULL AND custody.audited_relation(identity) IS NOT NULL THEN
        RAISE EXCEPTION 'partition % would go with its rows unseen', format('%I.%I', schema, name)
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'Its table is recorded, and custody did not see at the command''s start that this goes with it.',
                  HINT = 'DROP TABLE or DETACH it first; where another session has just made it, do the same again.'
                         ' Where event trigger custody_audit_drop_start is missing, custody.init_ledger() makes it.';
    END IF;
    PERFORM custody.record_note(subject, 'S', jsonb_strip_nulls(jsonb_build_object(
        'kind', 'drop', 'partition', format('%I.%I', schema, name), 'rows', number))::text);
END
$$;
COMMENT ON FUNCTION custody.audit_dropped_partition(int4, uuid, text, text) IS
'records that a partition of an audited table was dropped; refuses (55000) one whose rows were not recorded before, unless the whole table goes; part of the event trigger on drops; privilege: superuser';

REVOKE ALL ON FUNCTION custody.audit_removed_tree(regclass), custody.audit_dropped_partition(int4, uuid, text, text) FROM PUBLIC;
