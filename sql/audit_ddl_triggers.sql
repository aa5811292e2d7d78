-- Partitions that come and go, and the event triggers themselves.

-- A partition of an audited table without the trigger on TRUNCATE is new; a table that has the trigger and
-- is not (any more) in the tree was detached. So nothing has to be remembered, and a dump keeps it right.
CREATE FUNCTION custody.audit_attached(subject int4, identity uuid, partition regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step text;
    rows int8 := 0;
BEGIN
    FOR step IN SELECT custody.audit_trigger_steps(partition, identity)
        UNION ALL SELECT custody.hold_truncate_steps(partition) LOOP
        PERFORM custody.maintain_ledger(step);
    END LOOP;
    -- A parent among partitions has no rows of its own; its leaves come by themselves.
    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = partition) = 'r' THEN
        rows := custody.record_baseline(partition);
    END IF;
    PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'attach',
        'partition', partition, 'bounds', (SELECT pg_get_expr(c.relpartbound, c.oid)
                                             FROM pg_class c WHERE c.oid = partition),
        'rows', rows)::text);
END
$$;
COMMENT ON FUNCTION custody.audit_attached(int4, uuid, regclass) IS
'records a partition that an audited table got, with a baseline of its rows; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_detached(subject int4, identity uuid, partition regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rows int8 := 0;
    root oid;
    left_over name;
BEGIN
    PERFORM custody.hold_check_detached(partition);
    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = partition) = 'r' THEN
        -- Capture writes for the table that the ledger names only: for these rows it is the partition, or what
        -- was detached with it.
        SELECT a.relid INTO root FROM custody_ledger.audited a WHERE a.id = subject;
        PERFORM custody.maintain_ledger(format('CREATE TRIGGER custody_capture AFTER INSERT ON %s FOR EACH ROW '
                                               'EXECUTE FUNCTION custody.capture(%L)', partition, identity));
        PERFORM custody.maintain_ledger(format('UPDATE custody_ledger.audited SET relid = %s WHERE id = %s',
                                               coalesce(pg_partition_root(partition), partition)::oid, subject));
        -- What was altered while a partition was being detached does not have the columns of its table.
        BEGIN
            rows := custody.record_removal(partition);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            rows := NULL;
        END;
        PERFORM custody.maintain_ledger(format('UPDATE custody_ledger.audited SET relid = %s WHERE id = %s',
                                               root, subject));
    END IF;
    PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'detach',
        'partition', partition, 'rows', rows)::text);
    FOR left_over IN SELECT t.tgname FROM pg_trigger t
                      WHERE t.tgrelid = partition AND custody.audit_is_trigger(t.tgfoid) LOOP
        PERFORM custody.maintain_ledger(format('DROP TRIGGER %I ON %s', left_over, partition));
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_detached(int4, uuid, regclass) IS
'records that an audited table lost a partition, with an event for each of its rows; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_sync_partitions(subject int4, root regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    identity uuid := (SELECT a.identity FROM custody_ledger.audited a WHERE a.id = subject);
    arguments bytea := convert_to(identity::text, 'UTF8') || E'\\x00'::bytea;
    truncating oid := 'custody.capture_truncate()'::regprocedure;
    partition regclass;
BEGIN
    FOR partition IN
        SELECT t.relid FROM custody.partition_tree(root) t
           JOIN pg_class c ON c.oid = t.relid AND c.relkind <> 'f'
         WHERE t.level > 0 AND NOT EXISTS (SELECT FROM pg_trigger g
                WHERE g.tgrelid = t.relid AND g.tgfoid = truncating AND g.tgargs = arguments)
         ORDER BY t.level, t.relid LOOP
        PERFORM custody.audit_attached(subject, identity, partition);
    END LOOP;
    FOR partition IN
        SELECT g.tgrelid FROM pg_trigger g
         WHERE g.tgfoid = truncating AND g.tgargs = arguments AND g.tgrelid <> root
           AND NOT EXISTS (SELECT FROM custody.partition_tree(root) t WHERE t.relid = g.tgrelid) LOOP
        PERFORM custody.audit_detached(subject, identity, partition);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_sync_partitions(int4, regclass) IS
'records the partitions that an audited table got and lost since it was last looked at; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_rewritten() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    done oid[];
    one regclass;
    subject int4;
BEGIN
    WITH gone AS (DELETE FROM custody.audit_rewriting r WHERE r.xid = pg_current_xact_id()
                  RETURNING r.relation)
    SELECT array_agg(g.relation) INTO done FROM gone g;
    FOREACH one IN ARRAY coalesce(done, '{}') LOOP
        subject := custody.audited_id(one);
        PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'rewrite', 'relation', one,
            'rows', custody.record_baseline(one))::text);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_rewritten() IS
'records the rows that a command rewrote: a baseline and an event of kind rewrite; part of the event triggers; privilege: superuser';

-- What is done to a table reaches those that inherit from it, and what is done to a type those that are made
-- OF it; of these the server tells nothing.
CREATE FUNCTION custody.audit_touched(class oid, object oid) RETURNS SETOF oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE named AS (
        SELECT object AS oid WHERE class = 'pg_class'::regclass
         UNION ALL
        SELECT c.oid FROM pg_class t JOIN pg_class c ON c.reloftype = t.reltype
         WHERE class = 'pg_class'::regclass AND t.oid = object AND t.relkind = 'c'),
    heir AS (
        SELECT n.oid FROM named n
         UNION
        SELECT i.inhrelid FROM heir h JOIN pg_inherits i ON i.inhparent = h.oid
          JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition)
    SELECT h.oid FROM heir h
     UNION ALL
    SELECT c.oid FROM custody_ledger.audited a JOIN pg_class c ON c.oid = custody.recorded_relation(a.id)
     WHERE class = 'pg_namespace'::regclass AND c.relnamespace = object
     UNION ALL
    -- Descriptors name types with their schema.
    SELECT a.attrelid FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
     WHERE class = 'pg_namespace'::regclass AND y.typnamespace = object AND a.attnum > 0 AND NOT a.attisdropped
     UNION ALL
    SELECT a.attrelid FROM pg_depend d JOIN pg_type y ON d.objid IN (y.oid, y.typelem) JOIN pg_attribute a ON a.atttypid = y.oid
     WHERE class = 'pg_extension'::regclass AND d.refclassid = class AND d.refobjid = object AND d.deptype = 'e'
       AND d.classid = 'pg_type'::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION custody.audit_touched(oid, oid) IS
'tables that a command on a table, on a type that tables are made of, on a schema, or on an extension with types of columns, may have changed; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_ddl() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    command record;
BEGIN
    IF custody.ledger_is_maintained() THEN
        RETURN;
    END IF;
    PERFORM custody.audit_check_ddl();
    PERFORM custody.audit_overwritten_columns(c.classid, c.objid, custody.ddl_replaced_columns(c.command))
       FROM pg_event_trigger_ddl_commands() c WHERE tg_tag = 'ALTER TABLE';
    FOR command IN
        SELECT DISTINCT ON (o.oid) a.id, a.identity, o.oid AS objid, c.objid AS named, c.objsubid, c.object_type, r.root,
               c.command_tag = 'CREATE TABLE' AS creates
          FROM pg_event_trigger_ddl_commands() c
         CROSS JOIN LATERAL custody.audit_touched(c.classid, c.objid) AS o (oid)
         CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(o.oid), o.oid)::regclass AS root) r
         CROSS JOIN LATERAL (SELECT custody.audited_id(r.root) AS id) i
          JOIN custody_ledger.audited a ON a.id = i.id AND a.active
         WHERE c.object_type IN ('table', 'table column', 'schema', 'composite type', 'composite type column', 'extension')
           AND c.schema_name IS DISTINCT FROM 'pg_temp'
           -- ALTER INDEX renames tables, ALTER VIEW their columns, too.
           AND (tg_tag LIKE 'ALTER %' OR tg_tag IN ('CREATE TABLE', 'CREATE SCHEMA'))
           AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.root
                          AND t.tgfoid = to_regprocedure('custody.capture()'))
    LOOP
        -- Whatever it did: an older snapshot of another transaction that alters the table, too, fails here (40001).
        PERFORM custody.maintain_ledger('UPDATE custody_ledger.audited SET relid = relid WHERE id = ' || command.id);
        IF command.object_type LIKE '% column' THEN
            PERFORM custody.audit_rename_column(command.id, command.root,
                (SELECT a.attname FROM pg_attribute a
                  WHERE a.attrelid = command.named AND a.attnum = command.objsubid));
        END IF;
        IF command.creates THEN
            PERFORM custody.audit_attached(command.id, command.identity, command.objid)
              WHERE command.objid <> command.root;
        ELSE
            PERFORM custody.audit_altered(command.id, command.root);
            PERFORM custody.audit_sync_partitions(command.id, command.root);
        END IF;
    END LOOP;
    PERFORM custody.audit_named_type(c.classid, c.objid, c.objsubid, custody.ddl_changes_values(c.command))
       FROM pg_event_trigger_ddl_commands() c
      WHERE tg_tag LIKE 'ALTER %' AND c.classid IN ('pg_class'::regclass, 'pg_type'::regclass);
    PERFORM custody.audit_rewritten();
END
$$;
COMMENT ON FUNCTION custody.audit_ddl() IS
'event trigger (ddl_command_end) of the ledger: records what DDL did to audited tables, refuses DDL on the ledger';

CREATE FUNCTION custody.audit_has_new_column(relation regclass) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_attribute a
          JOIN custody_ledger.descriptor d ON d.tbl = custody.audited_id(relation) AND d.version = custody.fold_version(d.tbl)
         WHERE a.attrelid = relation AND a.atthasmissing AND NOT a.attisdropped
           AND NOT EXISTS (SELECT FROM jsonb_array_elements(d.text::jsonb -> 'columns') o WHERE o ->> 'name' = a.attname))
$$;
COMMENT ON FUNCTION custody.audit_has_new_column(regclass) IS
'whether a table has a column with a constant for the rows from before it that the newest descriptor does not have; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_rewrite() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    rewritten oid := pg_event_trigger_table_rewrite_oid();
BEGIN
    IF pg_event_trigger_table_rewrite_reason() & 4 <> 0 THEN
        PERFORM custody.hold_check_columns(rewritten::regclass);
    END IF;
    -- 2: a default that is not constant, 4: another type. Storage and access method change no value, but take away
    -- the constant of a column that the same command adds.
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = rewritten AND t.tgfoid = to_regprocedure('custody.capture()'))
        AND (pg_event_trigger_table_rewrite_reason() & 6 <> 0 OR custody.audit_has_new_column(rewritten)) THEN
        INSERT INTO custody.audit_rewriting (xid, relation)
            VALUES (pg_current_xact_id(), rewritten)
            ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_rewrite() IS
'event trigger (table_rewrite) of the ledger: notes which audited tables a command rewrites';

-- As the server finds what goes with an object: what depends on it, and what it is a part of that does
-- not go without it (a column of a partition key: the table; a member: its extension).
CREATE FUNCTION custody.audit_cascading(classes oid[], objects oid[]) RETURNS SETOF oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE gone (class, object, part) AS (
        SELECT u.class, u.object, 0 FROM unnest(classes, objects) u (class, object)
         UNION
        SELECT n.* FROM gone g CROSS JOIN LATERAL (
            SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
             WHERE d.refclassid = g.class AND d.refobjid = g.object AND g.part IN (0, d.refobjsubid)
             UNION ALL
            SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d
             WHERE d.classid = g.class AND d.objid = g.object AND g.part IN (0, d.objsubid) AND d.deptype IN ('i', 'e')) n)
    SELECT g.object FROM gone g JOIN pg_class c ON c.oid = g.object AND c.relkind IN ('r', 'p')
     WHERE g.class = 'pg_class'::regclass AND g.part = 0
$$;
COMMENT ON FUNCTION custody.audit_cascading(oid[], oid[]) IS
'the tables that DROP ... CASCADE of objects, each by its catalog and OID, takes along; part of the event triggers; errors: none; privilege: none';

-- The tables that go with what a command names.
CREATE FUNCTION custody.audit_going("by" text, classes oid[], objects oid[]) RETURNS SETOF oid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF "by" = 'owner' THEN
        SELECT array_agg(s.classid), array_agg(s.objid) INTO classes, objects FROM pg_shdepend s
         WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND s.deptype = 'o'
           AND s.refclassid = 'pg_authid'::regclass AND s.refobjid = ANY (objects);
    END IF;
    RETURN QUERY SELECT custody.audit_cascading(classes, objects);
END
$$;
COMMENT ON FUNCTION custody.audit_going(text, oid[], oid[]) IS
'the tables that go when what a command names is dropped: objects, by their catalogs, or (by: owner) what roles own; without CASCADE, too, as the command fails then where there are some; part of the event triggers; privilege: none';

-- Called from C before a DROP, with what it names and its caller may drop.
CREATE FUNCTION custody.audit_dropping("by" text, classes oid[], objects oid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    going oid[];
    partition regclass;
BEGIN
    IF custody.ledger_is_maintained() THEN
        RETURN;
    END IF;
    going := ARRAY(SELECT custody.audit_going("by", classes, objects));
    FOR partition IN
        SELECT c.oid FROM pg_class c
         WHERE c.oid = ANY (going) AND c.relispartition
           AND EXISTS (SELECT FROM pg_trigger t
                        WHERE t.tgrelid = c.oid AND t.tgfoid = to_regprocedure('custody.capture()'))
           -- Of a whole table the event that it was dropped says all; and a parent takes its partitions along.
           AND NOT EXISTS (SELECT FROM pg_partition_ancestors(c.oid) a
                            WHERE a.relid <> c.oid AND a.relid = ANY (going))
         ORDER BY c.oid
    LOOP
        -- The order in which DROP itself locks.
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE',
                       (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = partition));
        PERFORM custody.audit_removed_tree(partition);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_dropping(text, oid[], oid[]) IS
'records the rows of partitions of audited tables that a command is about to drop, with what it names (custody.audit_going()); not of what goes with its whole table; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_drop_start() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_audit_drop_start';
COMMENT ON FUNCTION custody.audit_drop_start() IS
'event trigger (ddl_command_start) of the ledger: the rows of partitions that a DROP takes are events before they are gone';

CREATE FUNCTION custody.audit_drop() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    gone record;
BEGIN
    IF custody.ledger_is_maintained() THEN
        RETURN;
    END IF;
    FOR gone IN SELECT o.* FROM pg_event_trigger_dropped_objects() o LOOP
        IF gone.schema_name = 'custody_ledger'
            OR gone.object_type IN ('schema', 'trigger', 'rule', 'policy')
               AND gone.address_names[1] = 'custody_ledger' THEN
            RAISE EXCEPTION 'the audit ledger is not dropped'
                USING ERRCODE = 'insufficient_privilege', DETAIL = 'Touched: ' || gone.object_identity,
                      HINT = 'custody.request_prune() takes old events away; the ledger as a whole goes with its database.';
        ELSIF gone.object_type = 'trigger' AND gone.address_names[3] ~ '^custody_(capture$|truncate_|hold_)' THEN
            PERFORM custody.audit_dropped_trigger(tg_tag, gone.address_names);
        ELSIF gone.object_type = 'table column' THEN
            PERFORM custody.hold_check_columns(to_regclass(format('%I.%I', gone.address_names[1],
                                                                  gone.address_names[2])));
        END IF;
    END LOOP;
    -- Those see to their columns at the command's end, when names are known, too.
    IF tg_tag NOT IN ('ALTER TABLE', 'ALTER TYPE') THEN
        PERFORM custody.audit_dropped_columns();
    END IF;
    PERFORM custody.audit_replaced_columns();
    PERFORM custody.audit_dropped(a.id, o.object_identity)
       FROM pg_event_trigger_dropped_objects() o
       JOIN custody_ledger.audited a ON a.schema = o.schema_name AND a.name = o.object_name AND a.active
      WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND o.object_type = 'table';
END
$$;
COMMENT ON FUNCTION custody.audit_drop() IS
'event trigger (sql_drop) of the ledger: records tables and partitions that are dropped, refuses to drop the ledger, its triggers and what is held';

CREATE FUNCTION custody.audit_dropped(subject int4, object text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'drop', 'relation', object)::text);
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.audited SET active = false, until = now(), relid = NULL WHERE id = %s', subject));
END
$$;
COMMENT ON FUNCTION custody.audit_dropped(int4, text) IS
'records that an audited table was dropped; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_dropped_trigger(tag text, names text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place text := format('%I.%I', names[1], names[2]);
    hold int4 := substring(names[3] FROM '^custody_hold_([0-9]+)')::int4;
    subject record;
BEGIN
    IF hold IS NOT NULL THEN
        PERFORM custody.check_snapshot();
    END IF;
    IF hold IS NOT NULL AND EXISTS (SELECT FROM custody_ledger.hold h
                                     WHERE h.id = hold AND h.lifted_at IS NULL)
        AND (to_regclass(place) IS NULL OR tag = 'DROP TRIGGER') THEN
        RAISE EXCEPTION '% is under legal hold %', place, hold
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'custody.request_lift() asks to lift it. A partition without held rows can be detached.';
    ELSIF to_regclass(place) IS NOT NULL AND tag = 'DROP TRIGGER' THEN
        RAISE EXCEPTION 'trigger "%" of % is not dropped', names[3], place
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'It records the table.',
                  HINT = 'custody.unaudit() ends recording.';
    END IF;
    SELECT a.* INTO subject FROM custody_ledger.audited a
     WHERE a.identity::text = substring(names[3] FROM '^custody_truncate_(.+)$') AND a.active;
    IF FOUND AND to_regclass(place) IS NULL AND (subject.schema, subject.name) <> (names[1], names[2]) THEN
        PERFORM custody.audit_dropped_partition(subject.id, subject.identity, names[1], names[2]);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_dropped_trigger(text, text[]) IS
'refuses (42501, 55000) to drop the triggers that record and hold, or a held table; records a dropped partition by its trigger; part of the event triggers; privilege: superuser';

REVOKE ALL ON FUNCTION custody.audit_touched(oid, oid), custody.audit_is_trigger(oid), custody.audit_check_triggers(oid),
    custody.audit_check_attached(oid), custody.newest_audited(), custody.check_snapshot(),
    custody.audit_check_ddl(), custody.audit_check_publications(),
    custody.audit_rename_column(int4, regclass, name), custody.audit_altered(int4, regclass), custody.audit_added_constants(int4, regclass, int4),
    custody.audit_note_rewriting(regclass),
    custody.audit_attached(int4, uuid, regclass), custody.audit_detached(int4, uuid, regclass),
    custody.audit_sync_partitions(int4, regclass), custody.audit_rewritten(), custody.audit_ddl(),
    custody.audit_rewrite(), custody.audit_has_new_column(regclass), custody.audit_drop(), custody.audit_drop_start(),
    custody.audit_cascading(oid[], oid[]), custody.audit_going(text, oid[], oid[]),
    custody.audit_dropping(text, oid[], oid[]), custody.audit_dropped(int4, text),
    custody.audit_dropped_trigger(text, text[]) FROM PUBLIC;
