-- What the catalogs tell about isolation: the rules of sql/lint/, one after another.

COMMENT ON FUNCTION custody.lint_query() IS
'all rules of custody.lint() that run on every version of the server, as one query, which reads what they share once: code, object, seen, remediation; $1 is the org column or NULL; any role may call it';
COMMENT ON FUNCTION custody.lint_rules() IS
'the rules of custody.lint(), in order: code, name, level (error, warning, info), title, why it matters, needs (org: an org column that is known; custody: this extension''s state; else empty), since (least server_version_num, 0 = any) and the query, whose columns are object, seen and remediation and whose $1 is the org column or NULL; any role may call it';

CREATE FUNCTION custody.lint(org_column name DEFAULT NULL)
RETURNS TABLE (code text, level text, object text, title text, seen text, remediation text, exempt text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
SET quote_all_identifiers = off AS $$
#variable_conflict use_column
DECLARE
    rule record;
    version int4 := current_setting('server_version_num');
    query text := custody.lint_query();
    judged text := $query$
        SELECT r.code, r.level, f.object, r.title, f.seen, f.remediation,
               (SELECT e.reason FROM custody.exemption e
                 WHERE e.tool = 'lint' AND e.code = r.code AND custody.is_exempted(f.object, e.object)
                   AND (e.expires IS NULL OR e.expires > now())
                 ORDER BY e.id LIMIT 1)
          FROM (%s) f
          JOIN custody.lint_rules() r ON r.code = f.code
         ORDER BY r.code, f.object COLLATE "C" $query$;
BEGIN
    FOR rule IN SELECT * FROM custody.lint_rules() r WHERE r.since BETWEEN 1 AND version LOOP
        query := query || format(' UNION ALL SELECT %L, f.* FROM (%s) f', rule.code, rule.query);
    END LOOP;
    BEGIN
        RETURN QUERY EXECUTE format(judged, query) USING org_column::text;
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        -- One of them cannot be run: below.
    END;
    FOR rule IN SELECT * FROM custody.lint_rules() r WHERE r.since <= version ORDER BY r.code LOOP
        BEGIN
            RETURN QUERY EXECUTE format(judged,
                format('SELECT %L AS code, f.* FROM (%s) f', rule.code, rule.query))
            USING org_column::text;
        EXCEPTION WHEN OTHERS THEN
            -- A rule that was not run has not passed.
            code := rule.code;
            level := rule.level;
            object := 'rule ' || rule.code;
            title := rule.title;
            seen := 'not run: ' || SQLERRM;
            remediation := 'call it as a role that may read what the rule reads';
            exempt := NULL;
            RETURN NEXT;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.lint(name) IS
'what the catalogs tell about the isolation of organizations, one row per cause: code, level (error, warning, info), object, title, what was seen, what to do, and the reason of the exemption in custody.exemption that covers it, else NULL; org_column: name of the org column in tables that custody.protection does not hold; reads only; a rule that failed is a finding of its own; for roles that may read custody.protection and custody.exemption';

CREATE VIEW custody.lint_findings AS
SELECT code, level, object, title, seen, remediation, exempt FROM custody.lint();
COMMENT ON VIEW custody.lint_findings IS 'custody.lint() of the tables in custody.protection';
COMMENT ON COLUMN custody.lint_findings.code IS 'code of the rule';
COMMENT ON COLUMN custody.lint_findings.level IS 'error, warning or info';
COMMENT ON COLUMN custody.lint_findings.object IS 'what the finding is about; custody.exemption.object is matched against it';
COMMENT ON COLUMN custody.lint_findings.title IS 'what is wrong';
COMMENT ON COLUMN custody.lint_findings.seen IS 'what was seen';
COMMENT ON COLUMN custody.lint_findings.remediation IS 'what to do';
COMMENT ON COLUMN custody.lint_findings.exempt IS 'reason of the exemption that covers it; NULL: it counts';

REVOKE EXECUTE ON FUNCTION custody.lint(name) FROM PUBLIC;
REVOKE ALL ON custody.lint_findings FROM PUBLIC;

DO $$
DECLARE
    duty record;
BEGIN
    FOR duty IN SELECT name FROM custody.role WHERE made AND name IN ('custody_admin', 'custody_auditor') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION custody.lint(name) TO %I', duty.name);
        EXECUTE format('GRANT SELECT ON custody.lint_findings TO %I', duty.name);
    END LOOP;
END
$$;
