-- Types: who owns one can change what the rows of recorded tables mean, or how they are written, without
-- naming a table. Their columns are found by what depends on the type: arrays, domains, ranges, composite
-- types and row types, at any depth.

CREATE FUNCTION custody.ddl_changes_values(command pg_ddl_command) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_changes_values';
COMMENT ON FUNCTION custody.ddl_changes_values(pg_ddl_command) IS
'true for a command after which values of a type are written otherwise: RENAME VALUE of an enum, ADD, DROP and ALTER of attributes or columns, another output or send function; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.ddl_replaced_columns(command pg_ddl_command) RETURNS text[]
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_replaced_columns';
COMMENT ON FUNCTION custody.ddl_replaced_columns(pg_ddl_command) IS
'the columns that a command of ALTER TABLE gives values that have nothing to do with those of before: ALTER ... TYPE ... USING an expression without the column; part of the event triggers; privilege: superuser';

CREATE FUNCTION custody.type_columns(type oid) RETURNS TABLE (relation oid, name name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE use AS (
        SELECT 'pg_type'::regclass::oid AS class, type AS object, 0 AS part WHERE type <> 0
         UNION
        SELECT n.class, n.object, n.part
          FROM use u
         CROSS JOIN LATERAL (
               SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
                WHERE u.class = 'pg_type'::regclass AND d.refclassid = u.class AND d.refobjid = u.object
                  AND (d.classid = 'pg_type'::regclass OR d.classid = 'pg_class'::regclass AND d.objsubid > 0)
                UNION ALL
               SELECT 'pg_type'::regclass, c.reltype, 0 FROM pg_class c
                WHERE u.class = 'pg_class'::regclass AND c.oid = u.object AND c.reltype <> 0) n (class, object, part))
    SELECT a.attrelid, a.attname
      FROM use u
      JOIN pg_class c ON c.oid = u.object AND c.relkind IN ('r', 'p')
      JOIN pg_attribute a ON a.attrelid = u.object AND a.attnum = u.part AND NOT a.attisdropped
     WHERE u.class = 'pg_class'::regclass
$$;
COMMENT ON FUNCTION custody.type_columns(oid) IS
'the columns of tables and partitions whose values contain those of a type: through arrays, domains, ranges, composite types and row types; errors: none; privilege: none';

-- Between some types the server changes a column without a rewrite of its table (cidr to inet, xml to text):
-- of the same stored bytes another function writes the values then. Strings all write the same.
CREATE FUNCTION custody.audit_written_otherwise(before int4, version int4) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM custody_ledger.descriptor o
          JOIN custody_ledger.descriptor n ON n.tbl = o.tbl AND n.version = audit_written_otherwise.version AND n.id <> o.id
         CROSS JOIN LATERAL jsonb_to_recordset(o.text::jsonb -> 'columns') AS older (name text, type text)
          JOIN LATERAL jsonb_to_recordset(n.text::jsonb -> 'columns') AS newer (name text, type text, store text)
               ON newer.name = older.name AND newer.type <> older.type AND newer.store <> 'redact'
          -- A type that was renamed is not found by its name of before.
          JOIN pg_type was ON was.oid = to_regtype(older.type)
          JOIN pg_type now ON now.oid = to_regtype(newer.type)
         WHERE o.id = before AND NOT (was.typcategory = 'S' AND now.typcategory = 'S')
           AND CASE n.text::jsonb ->> 'form' WHEN 'text' THEN was.typoutput <> now.typoutput
                    ELSE was.typsend <> now.typsend END);
END
$$;
COMMENT ON FUNCTION custody.audit_written_otherwise(int4, int4) IS
'whether a column got, between a descriptor (its id) and a later version, a type whose values another function writes; part of the event triggers; privilege: SELECT on the ledger';

-- change: values (stored values are written otherwise from here on), names (of their parts), or NULL, where
-- no more than the type's own name may be another.
CREATE FUNCTION custody.audit_type_altered(type oid, change text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject record;
BEGIN
    FOR subject IN
        SELECT a.id, r.root, array_agg(DISTINCT u.name) AS names, array_agg(DISTINCT u.relation) AS relations,
               coalesce(bool_or(NOT coalesce(a.options -> 'exclude' ? u.name::text, false)), false) AS recorded,
               bool_or(NOT coalesce(a.options -> 'exclude' ? u.name::text, false)
                       AND NOT coalesce(a.options -> 'redact' ? u.name::text, false)) AS told
          FROM custody.type_columns(type) u
         CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(u.relation), u.relation)::regclass AS root) r
          JOIN custody_ledger.audited a ON a.id = custody.audited_id(r.root) AND a.active
         WHERE EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.root
                          AND t.tgfoid = to_regprocedure('custody.capture()'))
         GROUP BY a.id, r.root ORDER BY a.id
    LOOP
        IF change = 'values' THEN
            PERFORM custody.hold_check_columns(subject.root);
        END IF;
        PERFORM custody.audit_altered(subject.id, subject.root);
        CONTINUE WHEN change IS NULL OR NOT subject.recorded;
        -- It also makes sessions look at the type again, before the baseline.
        PERFORM custody.record_note(subject.id, 'S', jsonb_build_object('kind', 'type',
            'type', format_type(type, NULL), 'change', change, 'columns', subject.names)::text);
        IF change = 'values' AND subject.told THEN
            INSERT INTO custody.audit_rewriting (xid, relation)
                SELECT pg_current_xact_id(), c.oid FROM pg_class c
                 WHERE c.oid = ANY (subject.relations) AND c.relkind = 'r'
                ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_type_altered(oid, text) IS
'records for each audited table with values of a type that it was altered: an event of kind type, and a baseline at the end of the command where values are written otherwise; refuses (55000) the latter where a table has a hold; part of the event triggers; privilege: superuser';

-- A column, an attribute, or a type that a command of ALTER named.
CREATE FUNCTION custody.audit_named_type(class oid, object oid, part int, changes_values boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change text := CASE WHEN changes_values THEN 'values' WHEN class = 'pg_class'::regclass AND part > 0 THEN 'names' END;
BEGIN
    PERFORM custody.audit_type_altered(object, change) WHERE class = 'pg_type'::regclass;
    -- Tables OF a type, and those that inherit, have row types of their own.
    PERFORM custody.audit_type_altered(c.reltype, change)
       FROM custody.audit_touched(class, object) o (oid) JOIN pg_class c ON c.oid = o.oid
      WHERE class = 'pg_class'::regclass AND c.reltype <> 0;
END
$$;
COMMENT ON FUNCTION custody.audit_named_type(oid, oid, int, boolean) IS
'custody.audit_type_altered() for what a command of ALTER named: a type, a table or composite type with its row type, or (part: its number) a column or attribute that was renamed; part of the event triggers; privilege: superuser';

-- Keys of before are not keys of now, though they look the same.
CREATE FUNCTION custody.audit_overwritten_columns(class oid, object oid, names text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.audit_names_moved(a.id, names, array_fill(NULL::text, ARRAY[cardinality(names)]))
       FROM custody_ledger.audited a
      WHERE class = 'pg_class'::regclass AND names <> '{}' AND a.id = custody.audited_id(object) AND a.active
        AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = object AND t.tgfoid = to_regprocedure('custody.capture()'));
END
$$;
COMMENT ON FUNCTION custody.audit_overwritten_columns(oid, oid, text[]) IS
'records that columns of an audited table got values that have nothing to do with those of before; part of the event triggers; privilege: superuser';

-- Types, schemas, extensions and roles take columns and attributes along: the commands do not name them.
CREATE FUNCTION custody.audit_dropped_columns() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN
        SELECT DISTINCT c.oid, c.reltype, coalesce(pg_partition_root(c.oid), c.oid)::regclass AS root
          FROM pg_event_trigger_dropped_objects() o
          JOIN pg_class c ON c.oid = o.objid
         WHERE o.classid = 'pg_class'::regclass AND o.objsubid > 0
         ORDER BY c.oid
    LOOP
        PERFORM custody.audit_type_altered(gone.reltype, 'values') WHERE gone.reltype <> 0;
        PERFORM custody.audit_altered(a.id, gone.root) FROM custody_ledger.audited a
          WHERE a.id = custody.audited_id(gone.root) AND a.active
            AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = gone.root
                           AND t.tgfoid = to_regprocedure('custody.capture()'));
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_dropped_columns() IS
'records that audited tables lost columns, or their types attributes, to a command that did not name them; part of the event trigger on drops; privilege: superuser';

-- A column that one command drops and adds again has the name of before, and none of its values.
CREATE FUNCTION custody.audit_replaced_columns() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO custody.audit_rewriting (xid, relation)
        SELECT DISTINCT pg_current_xact_id(), c.oid
          FROM pg_event_trigger_dropped_objects() o
          JOIN pg_class c ON c.oid = o.objid AND c.relkind = 'r'
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = o.address_names[3] AND NOT a.attisdropped
         WHERE o.object_type = 'table column'
           AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = to_regprocedure('custody.capture()'))
        ON CONFLICT DO NOTHING;
    -- Keys of before are not keys of now, though they look the same.
    PERFORM custody.audit_names_moved(r.id, r.names, array_fill(NULL::text, ARRAY[cardinality(r.names)]))
       FROM (SELECT s.id, array_agg(DISTINCT a.attname::text) AS names
               FROM pg_event_trigger_dropped_objects() o
               JOIN pg_attribute a ON a.attrelid = coalesce(pg_partition_root(o.objid), o.objid) AND a.attname = o.address_names[3] AND NOT a.attisdropped
               JOIN custody_ledger.audited s ON s.id = custody.audited_id(a.attrelid) AND s.active
              WHERE o.object_type = 'table column'
                AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = a.attrelid AND t.tgfoid = to_regprocedure('custody.capture()'))
              GROUP BY s.id) r;
END
$$;
COMMENT ON FUNCTION custody.audit_replaced_columns() IS
'lets a command that drops a column of audited tables and adds one of its name be recorded as one that rewrites them; part of the event trigger on drops; privilege: superuser';

REVOKE ALL ON FUNCTION custody.ddl_changes_values(pg_ddl_command), custody.ddl_replaced_columns(pg_ddl_command),
    custody.audit_overwritten_columns(oid, oid, text[]), custody.type_columns(oid),
    custody.audit_written_otherwise(int4, int4),
    custody.audit_type_altered(oid, text), custody.audit_named_type(oid, oid, int, boolean),
    custody.audit_dropped_columns(), custody.audit_replaced_columns() FROM PUBLIC;
