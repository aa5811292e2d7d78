-- What changes rows, or what rows mean, without a row event: seen by event triggers (ENABLE ALWAYS) and
-- recorded as an event of its own. They also refuse DDL on the ledger, and DDL that would stop the
-- recording of a table or reach what is under a legal hold.
-- SECURITY DEFINER: whoever runs DDL has no rights on the ledger. The functions take nothing from their
-- caller but names of catalog objects, and cannot be called but as event triggers.

CREATE TABLE custody.audit_rewriting (
    xid xid8 NOT NULL,
    relation oid NOT NULL,
    PRIMARY KEY (xid, relation)
);
COMMENT ON TABLE custody.audit_rewriting IS
'audited tables whose rows a command under way rewrites; no row outlives its command';
COMMENT ON COLUMN custody.audit_rewriting.xid IS 'the transaction';
COMMENT ON COLUMN custody.audit_rewriting.relation IS 'the table or partition';
REVOKE ALL ON custody.audit_rewriting FROM PUBLIC;

CREATE FUNCTION custody.audit_is_trigger(function oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT function = ANY (ARRAY[to_regprocedure('custody.capture()')::oid,
                                 to_regprocedure('custody.capture_truncate()')::oid,
                                 to_regprocedure('custody.refuse_held()')::oid])
$$;
COMMENT ON FUNCTION custody.audit_is_trigger(oid) IS
'true for the functions of the triggers that custody puts on audited and held tables; privilege: none';

-- Does a table still have all that custody put on it?
CREATE FUNCTION custody.audit_check_triggers(relation oid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong name;
BEGIN
    SELECT t.tgname INTO wrong FROM pg_trigger t
     WHERE t.tgrelid = relation AND custody.audit_is_trigger(t.tgfoid)
       AND (t.tgenabled <> 'A' OR t.tgname !~ '^custody_(capture$|truncate_|hold_)');
    IF FOUND THEN
        RAISE EXCEPTION 'trigger "%" of % stays as it is', wrong, relation::regclass
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'It records the table or holds its rows.',
                  HINT = 'custody.unaudit() ends recording, custody.request_lift() asks to lift a hold.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_triggers(oid) IS
'refuses (42501) when a trigger of custody on this table was disabled or renamed; part of the event triggers; privilege: superuser';

-- Capture writes for the root of a partition: below another one a table would be written no more.
CREATE FUNCTION custody.audit_check_attached(parent oid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong regclass;
BEGIN
    SELECT i.inhrelid INTO wrong
      FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid
      JOIN pg_trigger t ON t.tgrelid = i.inhrelid AND t.tgparentid = 0
     WHERE p.oid = parent AND p.relkind = 'p' AND t.tgfoid = to_regprocedure('custody.capture()') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'recorded table % cannot become a partition of %', wrong, parent::regclass
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'A partition is recorded with its root, which is another table in the ledger, or in none.',
                  HINT = 'Call custody.unaudit() for it, attach it, then record the root by custody.audit().';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_attached(oid) IS
'refuses (55000) that a table with a recording of its own is a partition of this one; part of the event triggers; privilege: superuser';

-- Catalogs and ledger are read under the transaction's snapshot: it must not be older than what it reads of.
CREATE FUNCTION custody.newest_audited()
    RETURNS TABLE (id int4, identity uuid, schema name, name name, relid oid, active boolean, since timestamptz,
                   until timestamptz, options jsonb)
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'custody_newest_audited';
COMMENT ON FUNCTION custody.newest_audited() IS
'table custody_ledger.audited as it is now, whatever the transaction''s snapshot is; errors: 42P01 without a ledger; privilege: superuser';

CREATE FUNCTION custody.check_snapshot() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
        RETURN;
    ELSIF EXISTS (SELECT FROM custody.newest_holds() n WHERE NOT EXISTS (SELECT FROM custody_ledger.hold h WHERE h.id = n.id)) THEN
        RAISE EXCEPTION 'a legal hold was placed after this transaction began'
            USING ERRCODE = 'serialization_failure', HINT = 'Begin again.';
    -- Also one that was recorded before, and not any more when it began.
    ELSIF EXISTS (SELECT FROM custody.newest_audited() n WHERE n.active
                     AND NOT EXISTS (SELECT FROM custody_ledger.audited a WHERE a.id = n.id AND a.active)) THEN
        RAISE EXCEPTION 'a table was recorded after this transaction began'
            USING ERRCODE = 'serialization_failure', HINT = 'Begin again.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_snapshot() IS
'refuses (40001) to look for recorded tables and holds in a transaction that does not see all of them; errors: 42P01 without a ledger; privilege: superuser';

CREATE FUNCTION custody.audit_check_ddl() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong text;
BEGIN
    -- Triggers, rules and policies have no schema; their table has.
    SELECT c.object_identity INTO wrong FROM pg_event_trigger_ddl_commands() c
     WHERE c.command_tag NOT IN ('COMMENT', 'REINDEX')
       AND (c.schema_name = 'custody_ledger'
            OR (pg_identify_object_as_address(c.classid, c.objid, c.objsubid)).object_names[1] = 'custody_ledger'
               AND c.object_type IN ('trigger', 'rule', 'policy', 'schema'));
    IF FOUND OR to_regclass('custody_ledger.event') IS NULL OR to_regclass('custody_ledger.tx') IS NULL
        OR to_regclass('custody_ledger.block') IS NULL THEN
        RAISE EXCEPTION 'the audit ledger is not altered'
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'Touched: ' || coalesce(wrong, 'custody_ledger'),
                  HINT = 'Leave it as it is; custody makes its partitions and guards.';
    END IF;
    PERFORM custody.check_snapshot();
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.object_type LIKE 'publication%') THEN
        PERFORM custody.audit_check_publications();
    END IF;
    PERFORM custody.audit_check_attached(c.objid) FROM pg_event_trigger_ddl_commands() c
      WHERE c.classid = 'pg_class'::regclass AND c.command_tag = 'ALTER TABLE';
    PERFORM custody.audit_check_triggers(c.objid) FROM pg_event_trigger_ddl_commands() c
      WHERE c.classid = 'pg_class'::regclass AND c.command_tag = 'ALTER TABLE';
    PERFORM custody.audit_check_triggers(t.tgrelid)
       FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger t ON t.oid = c.objid
      WHERE c.classid = 'pg_trigger'::regclass AND c.command_tag = 'ALTER TRIGGER';
    -- CREATE OR REPLACE would put another function in the place of one that records or holds.
    SELECT t.tgname INTO wrong FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger t ON t.oid = c.objid
     WHERE c.classid = 'pg_trigger'::regclass AND t.tgname ~ '^custody_(capture$|truncate_|hold_)'
       AND NOT custody.audit_is_trigger(t.tgfoid);
    IF FOUND THEN
        RAISE EXCEPTION 'trigger "%" is made by custody.audit() and custody.place_hold() only', wrong
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'Its name stands for recording and holding.';
    END IF;
    -- A capture trigger with the identity of another table would write events in its name.
    SELECT t.tgname INTO wrong FROM pg_event_trigger_ddl_commands() c JOIN pg_trigger t ON t.oid = c.objid
     WHERE c.classid = 'pg_trigger'::regclass AND custody.audit_is_trigger(t.tgfoid)
       AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = custody.audit_caller());
    IF FOUND THEN
        RAISE EXCEPTION 'trigger "%" is made by custody.audit() and custody.place_hold() only', wrong
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_ddl() IS
'refuses (42501) DDL on the ledger and on the triggers that record and hold; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_check_publications() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong name;
BEGIN
    SELECT p.pubname INTO wrong FROM pg_publication_tables p WHERE p.schemaname = 'custody_ledger';
    IF FOUND THEN
        RAISE EXCEPTION 'publication "%" contains the audit ledger', wrong
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = 'What a subscriber would get could not be told from events of its own.',
                  HINT = 'Name the tables or schemas to publish. The ledger is moved by a dump.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_check_publications() IS
'refuses (0A000) a publication that contains the ledger, FOR ALL TABLES too; privilege: none';

-- A renamed column keeps how it is recorded: the names in the options follow.
CREATE FUNCTION custody.audit_rename_column(subject int4, relation regclass, new_name name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest int4 := custody.fold_version(subject);
    since int4;
    gone name[];
    changed jsonb;
BEGIN
    -- The newest descriptor has the column under its old name, or the one before it: event triggers of others that
    -- fire before this one may write the table, or alter it. A recorded column, or else one that is excluded: of these
    -- some may have been dropped before.
    SELECT k.version, array_agg(k.name) INTO since, gone
      FROM (SELECT d.version, c ->> 'name' AS name, 1 AS rank
              FROM custody_ledger.descriptor d, jsonb_array_elements(d.text::jsonb -> 'columns') c
             WHERE d.tbl = subject AND d.version >= newest - 1
            UNION ALL
            SELECT d.version, e, 2 FROM custody_ledger.descriptor d, jsonb_array_elements_text(d.text::jsonb -> 'excluded') e
             WHERE d.tbl = subject AND d.version = newest) k
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation
                          AND a.attname = k.name AND NOT a.attisdropped)
     GROUP BY k.version, k.rank ORDER BY k.version DESC, k.rank LIMIT 1;
    SELECT jsonb_object_agg(o.key, CASE
               WHEN o.key = 'org_column' AND o.value #>> '{}' = ANY (gone) THEN to_jsonb(new_name)
               WHEN o.key IN ('key', 'exclude', 'hash', 'redact') AND o.value ?| gone::text[] THEN
                   (SELECT jsonb_agg(DISTINCT CASE WHEN e = ANY (gone) THEN new_name ELSE e END)
                      FROM jsonb_array_elements_text(o.value) AS e)
               ELSE o.value END) INTO changed
      FROM custody_ledger.audited a, jsonb_each(a.options) o WHERE a.id = subject;
    SELECT jsonb_set(changed, '{key}', coalesce(jsonb_agg(to_jsonb(
               CASE WHEN k.name = ANY (gone) THEN new_name ELSE k.name END) ORDER BY k.n), '[]'))
      INTO changed FROM custody_ledger.audited a,
           jsonb_array_elements_text(a.options -> 'key') WITH ORDINALITY AS k (name, n)
     WHERE a.id = subject;
    PERFORM custody.maintain_ledger(format('UPDATE custody_ledger.audited SET options = %L WHERE id = %s',
                                           changed, subject));
    IF since < newest THEN
        PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'columns', 'options', changed)::text);
        PERFORM custody.audit_note_rewriting(relation);
    ELSE
        PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'columns',
            'renamed', gone[1], 'to', new_name, 'options', changed)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.audit_rename_column(int4, regclass, name) IS
'lets the names in a table''s options follow a column that was renamed; part of the event triggers; privilege: superuser';

-- A column added with a constant: the rows that are there have it, and nothing wrote them. Of a partitioned
-- table its partitions have the constant. The note has it as a wire row does: its type may be another one day.
CREATE FUNCTION custody.audit_added_constants(subject int4, relation regclass, before int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
    SET intervalstyle = postgres SET extra_float_digits = 3 SET bytea_output = hex SET lc_monetary = 'C'
    SET xmlbinary = base64 SET xmloption = content SET array_nulls = on AS $$
DECLARE
    added record;
BEGIN
    FOR added IN
        WITH new AS MATERIALIZED (
        SELECT c.place, c.name, c.description ->> 'store' AS store, c.description ->> 'type' AS type,
               d.text::jsonb ->> 'form' AS form
          FROM custody_ledger.audited s CROSS JOIN LATERAL custody.descriptor_columns(relation, s.options) c
          JOIN custody_ledger.descriptor d ON d.tbl = s.id AND d.version = custody.fold_version(s.id)
         WHERE s.id = subject AND NOT EXISTS (
               SELECT FROM custody_ledger.descriptor d, jsonb_array_elements(d.text::jsonb -> 'columns') o
                WHERE d.id = before AND o ->> 'name' = c.name))
        SELECT n.*, m.value, m.number
          FROM new n CROSS JOIN LATERAL (
               SELECT min((a.attmissingval::text::text[])[1]) AS value, count(DISTINCT a.attmissingval::text) AS number
                 FROM custody.partition_tree(relation) t
                 JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = n.name AND a.atthasmissing) m
         WHERE m.number > 0 ORDER BY n.place
    LOOP
        -- What is not recorded as it is must not be told here; and partitions may have got several.
        IF added.store <> 'value' OR added.number > 1 THEN
            PERFORM custody.audit_note_rewriting(relation);
        ELSE
            PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'default', 'column', added.name,
                'position', added.place, 'value', added.value,
                'wire', encode(custody.wire_value(added.value, added.type, added.form), 'hex'))::text);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_added_constants(int4, regclass, int4) IS
'records for a table the columns that it has since a descriptor (its id) with a constant that its rows have without being written: an event of kind default, or a baseline at the end of the command where that must not tell the value, or partitions have several; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_note_rewriting(relation regclass) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO custody.audit_rewriting (xid, relation)
        SELECT pg_current_xact_id(), t.relid FROM custody.partition_tree(relation) t
          JOIN pg_class c ON c.oid = t.relid AND c.relkind = 'r'
        ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION custody.audit_note_rewriting(regclass) IS
'lets the command under way be recorded as one that rewrites a table, with its partitions: a baseline at its end; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.audit_altered(subject int4, relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names record;
    before int4;
BEGIN
    SELECT n.nspname AS schema, c.relname AS name INTO names
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.audited SET schema = %L, name = %L, relid = %s
          WHERE id = %s AND (schema, name, relid) IS DISTINCT FROM (%1$L, %2$L, %3$s)',
        names.schema, names.name, relation::oid, subject));
    -- A hold on an organization must not fail by this table.
    PERFORM custody.key_type(relation, (a.options ->> 'org_column')::name)
       FROM custody_ledger.audited a WHERE a.id = subject AND a.active;
    SELECT max(d.id) INTO before FROM custody_ledger.descriptor d WHERE d.tbl = subject;
    PERFORM custody.renew_descriptor(subject);
    -- In the other form of the wire row all values have other bytes, those of keys, too; without the key that
    -- they had, rows are told apart otherwise.
    IF (SELECT count(DISTINCT (d.text::jsonb ->> 'form', jsonb_array_length(d.text::jsonb -> 'key')))
          FROM custody_ledger.descriptor d WHERE d.tbl = subject AND d.id >= before) > 1 THEN
        PERFORM custody.record_note(subject, 'S', jsonb_build_object('kind', 'rewrite', 'relation', relation,
            'rows', custody.record_baseline(relation))::text);
    END IF;
    IF custody.audit_written_otherwise(before, custody.fold_version(subject)) THEN
        PERFORM custody.hold_check_columns(relation);
        PERFORM custody.audit_note_rewriting(relation);
    END IF;
    PERFORM custody.audit_added_constants(subject, relation, before);
END
$$;
COMMENT ON FUNCTION custody.audit_altered(int4, regclass) IS
'brings the ledger''s names and descriptor of a table up to date, with events of kind columns and default; errors: 0A000, as custody.key_type(), for a column of organizations that got such a type; part of the event triggers; privilege: superuser';
