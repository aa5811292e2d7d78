-- The part of custody.verify_ledger() that looks at the triggers of legal holds: each is on all that it
-- should be on, holds what it should hold, and goes when its hold is lifted.

CREATE FUNCTION custody.is_condition_of(trigger oid, condition text) RETURNS boolean
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'custody_is_condition_of';
COMMENT ON FUNCTION custody.is_condition_of(oid, text) IS
'whether a trigger fires under this condition, on columns of OLD and NEW, however it is written; NULL: under none; errors: those of a condition that cannot be read; privilege: superuser, as input functions of types run';

-- SECURITY DEFINER: to read a condition takes rights on the schemas of its types, which whoever verifies may
-- lack. It is made from the ledger and of types that run no code of owners (custody.key_type()).
CREATE FUNCTION custody.hold_trigger_problem(trigger oid, hold int4, tbl int4, partition regclass) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET timezone = 'UTC' AS $$
BEGIN
    RETURN CASE WHEN NOT custody.is_condition_of(trigger, custody.hold_condition(hold, tbl, partition))
                THEN 'the trigger of a legal hold holds other rows than the hold' END;
EXCEPTION WHEN data_exception OR feature_not_supported OR syntax_error_or_access_rule_violation THEN
    RETURN 'the trigger of a legal hold cannot be held against the hold: ' || SQLERRM;
END
$$;
COMMENT ON FUNCTION custody.hold_trigger_problem(oid, int4, int4, regclass) IS
'why a row trigger of a hold, on a table of the ledger or a partition of it, does not hold what the hold does; NULL where it does; errors: 42P01 without a ledger; privilege: custody_auditor, custody_operator, custody_admin';

CREATE FUNCTION custody.verify_hold_triggers()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT h.id AS hold, e.tbl, r.relid, g.name, g.type
          FROM custody_ledger.hold h JOIN custody_ledger.held e ON e.hold = h.id
          JOIN custody_ledger.audited a ON a.id = e.tbl AND a.active
          JOIN pg_namespace n ON n.nspname = a.schema
          JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.name AND c.relkind IN ('r', 'p')
         CROSS JOIN custody.partition_tree(c.oid) r JOIN pg_class p ON p.oid = r.relid
         CROSS JOIN LATERAL (VALUES (format('custody_hold_%s', h.id), 27), (format('custody_hold_%s_truncate', h.id), 34)) AS g (name, type)
         WHERE h.lifted_at IS NULL AND NOT (p.relkind = 'f' AND g.type = 34))
    SELECT format('%s on %s', w.name, w.relid), 'refuted', x.problem
      FROM wanted w
      LEFT JOIN pg_trigger t ON t.tgrelid = w.relid AND t.tgname = w.name AND t.tgenabled = 'A' AND t.tgtype = w.type
            AND t.tgfoid = to_regprocedure('custody.refuse_held()') AND cardinality(t.tgattr::int2[]) = 0
            AND (t.tgqual IS NULL OR w.type = 27)
     CROSS JOIN LATERAL (SELECT CASE WHEN t.oid IS NULL THEN 'the trigger of a legal hold is not there, not enabled always, or not custody''s'
                                     WHEN w.type = 27 THEN custody.hold_trigger_problem(t.oid, w.hold, w.tbl, w.relid) END) x (problem)
     WHERE x.problem IS NOT NULL
    UNION ALL
    -- Of a hold that is over, or of none: nobody is held up by right.
    SELECT format('%s on %s', t.tgname, t.tgrelid::regclass), 'refuted', 'it refuses changes, and there is no legal hold that it is of'
      FROM pg_trigger t
     WHERE t.tgfoid = to_regprocedure('custody.refuse_held()')
       AND NOT EXISTS (SELECT FROM wanted w WHERE w.relid = t.tgrelid AND w.name = t.tgname::text);
END
$$;
COMMENT ON FUNCTION custody.verify_hold_triggers() IS
'the part of custody.verify_ledger() that looks whether legal holds are on the live rows: a row for each trigger of one that is missing, not enabled always or not custody''s, that is on other rows than the hold''s, or that no hold has any more; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.is_condition_of(oid, text), custody.hold_trigger_problem(oid, int4, int4, regclass),
    custody.verify_hold_triggers() FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY[
    'custody.hold_trigger_problem(oid, int4, int4, regclass)', 'custody.verify_hold_triggers()']::regprocedure[]) f;
