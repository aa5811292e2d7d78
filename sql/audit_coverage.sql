-- Is everything recorded that should be? Every table is recorded, exempt for a reason, or a gap.

CREATE FUNCTION custody.coverage_trigger_problem(rel regclass) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject record;
    wrong text;
BEGIN
    SELECT a.* INTO subject FROM custody_ledger.audited a WHERE a.id = custody.audited_id(rel);
    IF NOT FOUND OR NOT subject.active THEN
        RETURN 'not recorded';
    END IF;
    SELECT string_agg(format('%s: trigger %s %s', t.relid, k.what,
                             CASE WHEN g.oid IS NULL THEN 'is missing' ELSE 'is not ENABLE ALWAYS' END), '; ' ORDER BY t.relid::text)
      INTO wrong
      FROM (SELECT p.relid FROM pg_partition_tree(rel) p UNION SELECT rel) t
      JOIN pg_class c ON c.oid = t.relid
     CROSS JOIN (VALUES ('for rows', 'custody.capture()', 29), ('for TRUNCATE', 'custody.capture_truncate()', 34)) k (what, function, type)
      LEFT JOIN pg_trigger g ON g.tgrelid = t.relid AND g.tgfoid = to_regprocedure(k.function)
                            AND g.tgargs = convert_to(subject.identity::text, 'UTF8') || E'\\x00'::bytea
                            AND g.tgtype = k.type AND g.tgqual IS NULL AND cardinality(g.tgattr::int2[]) = 0
     WHERE g.tgenabled IS DISTINCT FROM 'A' AND NOT (c.relkind = 'f' AND k.what = 'for TRUNCATE');
    RETURN wrong;
END
$$;
COMMENT ON FUNCTION custody.coverage_trigger_problem(regclass) IS
'why a table, or one of its partitions, is not recorded as it should be: not at all, a trigger is missing, or not ENABLE ALWAYS; NULL where all is well; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.audit_coverage()
    RETURNS TABLE (relation regclass, state text, reason text, since timestamptz, version int4)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.oid::regclass,
               CASE WHEN t.problem IS NULL THEN 'recorded' WHEN x.reason IS NOT NULL OR e.extname IS NOT NULL THEN 'exempt'
                    ELSE 'gap' END,
               CASE WHEN t.problem IS NOT NULL THEN coalesce(x.reason, 'belongs to extension ' || e.extname,
                    CASE c.relkind WHEN 'f' THEN 'a foreign table: its server has to record it' END, t.problem) END,
               CASE WHEN a.active THEN a.since END, CASE WHEN t.id IS NOT NULL THEN custody.fold_version(t.id) END
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (SELECT CASE WHEN custody.ledger_exists() THEN custody.coverage_trigger_problem(c.oid)
                                         ELSE 'there is no ledger' END AS problem,
                                    CASE WHEN custody.ledger_exists() THEN custody.audited_id(c.oid) END AS id) t
          LEFT JOIN LATERAL custody.coverage_audited(t.id) a ON true
          LEFT JOIN custody.audit_exemption x ON x.relation = c.oid
          LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
          -- Whoever owns an extension may make any table of his a member of it.
          LEFT JOIN pg_extension e ON e.oid = d.refobjid AND (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = e.extowner)
         WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
           AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'custody', 'custody_ledger')
         ORDER BY n.nspname, c.relname;
END
$$;
COMMENT ON FUNCTION custody.audit_coverage() IS
'every table of the database but the system''s and custody''s, partitions with their root: recorded; exempt (custody.audit_exemption, or a member of an extension that a superuser owns) with the reason; or a gap, with what is wrong (not recorded, a trigger missing or not ENABLE ALWAYS on it or on a partition); since when it is recorded, version of its descriptor; errors: none; privilege: custody_auditor';

CREATE FUNCTION custody.coverage_audited(id int4) RETURNS TABLE (active boolean, since timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF id IS NOT NULL THEN
        RETURN QUERY SELECT a.active, a.since FROM custody_ledger.audited a WHERE a.id = coverage_audited.id;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.coverage_audited(int4) IS
'whether a table of the ledger is recorded, and since when; no row for NULL; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.coverage_trigger_problem(regclass), custody.audit_coverage(),
    custody.coverage_audited(int4) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.coverage_trigger_problem(regclass)', 'custody.audit_coverage()',
    'custody.coverage_audited(int4)']::regprocedure[]) f;
