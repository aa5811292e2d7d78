-- Whole schemas, and the end of recording.

CREATE FUNCTION custody.audit_schema(schema regnamespace, exclude_tables regclass[] DEFAULT '{}',
    options jsonb DEFAULT '{}', baseline boolean DEFAULT true, dry_run boolean DEFAULT false)
    RETURNS SETOF text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    relation regclass;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.audit_check_options(options);
    IF schema IS NULL THEN
        RAISE EXCEPTION 'no schema is named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    FOR relation IN
        SELECT c.oid FROM pg_class c
         WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relpersistence <> 't' AND c.oid <> ALL (coalesce(exclude_tables, '{}'))
           AND NOT EXISTS (SELECT FROM custody.audit_exemption e WHERE e.relation = c.oid)
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
           AND NOT EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND t.tgname = 'custody_capture')
         ORDER BY c.relname LOOP
        RETURN QUERY SELECT custody.audit(relation, options => audit_schema.options,
                                          baseline => audit_schema.baseline,
                                          dry_run => audit_schema.dry_run);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.audit_schema(regnamespace, regclass[], jsonb, boolean, boolean) IS
'records all tables of a schema that are not recorded yet, but for exclude_tables, those in custody.audit_exemption and those of extensions, each as custody.audit() does without lists of columns; returns the statements; errors: as custody.audit(), 22004 without a schema; privilege: custody_admin and ownership of the tables';

CREATE FUNCTION custody.unaudit_register(identity uuid, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject record;
BEGIN
    SELECT * INTO STRICT subject FROM custody_ledger.audited a WHERE a.identity = unaudit_register.identity;
    PERFORM custody.record_note(subject.id, 'S', jsonb_build_object('kind', 'audit_off',
        'schema', subject.schema, 'name', subject.name, 'reason', reason, 'oid', r.relation::oid::text,
        'places', custody.audit_column_places(r.relation))::text) FROM custody.recorded_relation(subject.id) r (relation);
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.audited SET active = false, until = now() WHERE id = %s', subject.id));
END
$$;
COMMENT ON FUNCTION custody.unaudit_register(uuid, text) IS
'enters into the ledger that a table is not recorded any more; a step of custody.unaudit(); errors: P0002 for an identity that is not in the ledger; privilege: superuser';

-- SECURITY DEFINER: as custody.audit().
CREATE FUNCTION custody.unaudit(rel regclass, reason text, dry_run boolean DEFAULT false)
    RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    subject record;
    step text;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.audit_check_caller(rel);
    PERFORM custody.check_reason(reason);
    IF NOT dry_run THEN
        -- No hold is placed beside it, as with custody.audit().
        PERFORM custody.lock_ledger();
        PERFORM custody.check_snapshot();
    END IF;
    SELECT a.* INTO subject FROM custody_ledger.audited a
     WHERE a.id = custody.audited_id(rel) AND a.active AND NOT (SELECT relispartition FROM pg_class WHERE oid = rel);
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not recorded', rel
            USING ERRCODE = 'undefined_object', HINT = 'A partition is recorded with its root.';
    END IF;
    IF EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = rel AND t.tgfoid = 'custody.refuse_held()'::regprocedure) THEN
        RAISE EXCEPTION '% is under legal hold', rel
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'What is held stays recorded; custody.request_lift() asks to lift a hold.';
    END IF;
    FOR step IN
        SELECT format('SELECT custody.maintain_ledger(%L)', format('DROP TRIGGER %I ON %s', t.tgname, r.relid))
          FROM custody.partition_tree(rel) r
          JOIN pg_trigger t ON t.tgrelid = r.relid AND t.tgparentid = 0 AND custody.audit_is_trigger(t.tgfoid)
         UNION ALL
        SELECT format('SELECT custody.unaudit_register(%L, %L)', subject.identity, reason)
    LOOP
        -- NULL is no word to write.
        IF dry_run IS FALSE THEN
            EXECUTE step;
        END IF;
        RETURN NEXT step;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.unaudit(regclass, text, boolean) IS
'ends the recording of a table, with an event of kind audit_off; what was recorded stays, and custody.audit() goes on under the same identity; arguments: rel; reason; dry_run returns the statements and runs none; errors: 22004 without a table, 42501 for others than the owner, 42704 for a table that is not recorded, 55000 for one under legal hold, 40001 where a hold was placed or a table recorded that the transaction does not see, 22023 without a reason; privilege: custody_admin and ownership of the table';

REVOKE ALL ON FUNCTION custody.audit_schema(regnamespace, regclass[], jsonb, boolean, boolean),
    custody.unaudit_register(uuid, text), custody.unaudit(regclass, text, boolean) FROM PUBLIC;

SELECT custody.give_duty('{admin}', 'custody.audit_schema(regnamespace, regclass[], jsonb, boolean, boolean)');
SELECT custody.give_duty('{admin}', 'custody.unaudit(regclass, text, boolean)');
SELECT custody.give_duty('{admin}', 'custody.audit_check_options(jsonb)');
