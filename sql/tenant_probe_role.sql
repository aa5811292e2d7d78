-- Attacks of the role itself, whatever the table: on the context, on who it may become, on what the
-- server tells everyone.

-- What the setting holds for an organization: nobody could forge better.
CREATE FUNCTION custody.probe_forged(org text, org_type text) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forged text;
BEGIN
    BEGIN
        PERFORM custody.probe_context(org, org_type);
        forged := current_setting('custody.context');
        RAISE EXCEPTION USING ERRCODE = 'CU001', MESSAGE = 'the probe is over';
    EXCEPTION WHEN SQLSTATE 'CU001' THEN
        NULL;
    END;
    RETURN forged;
END
$$;
COMMENT ON FUNCTION custody.probe_forged(text, text) IS
'what the setting custody.context would hold for an organization: the value that a probe tries to set; errors: 42501 for others than superusers; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_forged(text, text) FROM PUBLIC;

CREATE FUNCTION custody.probe_tamper(setup custody.probe_setup, org text, org_type text)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    attack record;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    nobody custody.probe_subject;
    own text := custody.probe_fresh(org_type::regtype, -1, 0);
    forged text;
    -- What the setting holds afterwards does not count, but whose context the server then sees.
    check_org text := format('SELECT 1 FROM custody.context_info() i WHERE i.is_valid AND i.orgs <> ARRAY[%L]', own);
BEGIN
    PERFORM set_config('session_replication_role', 'origin', true); -- for the rule of pg_settings
    nobody.object := format('role %I', setup.role_name);
    nobody.org_type := org_type;
    nobody.own_org := own;
    forged := custody.probe_forged(org, org_type);
    FOR attack IN SELECT * FROM (VALUES
        ('context_set', format('SET custody.context = %L; %s', forged, check_org)),
        ('context_empty', 'SET custody.context = ''''; ' || check_org),
        ('context_garbage', 'SET LOCAL custody.context = ''garbage''; ' || check_org),
        ('context_set_config', format('SELECT set_config(''custody.context'', %L, false); %s', forged, check_org)),
        ('context_pg_settings', format('UPDATE pg_settings SET setting = %L WHERE name = ''custody.context''; %s',
            forged, check_org)),
        ('context_function_set', format('CREATE FUNCTION pg_temp.custody_probe() RETURNS int8 LANGUAGE sql '
            'SET custody.context = %L AS $probe$SELECT count(*) FROM custody.context_info() i WHERE %L = ANY (i.orgs)$probe$; '
            'SELECT 1 FROM pg_temp.custody_probe() n WHERE n > 0', forged, org)),
        ('context_alter_role', format('ALTER ROLE CURRENT_USER SET custody.context = %L; SELECT 1', forged)),
        ('context_enter', format('SELECT custody.set_context(%L::%s, ''custody probe''); %s', org,
            CASE org_type WHEN 'bigint' THEN 'int8' ELSE org_type END, check_org)),
        ('context_probe', format('SELECT custody.probe_context(%L, %L); %s', org, org_type, check_org)))
        a (name, statement) LOOP
        outcome := custody.probe_try(setup, nobody, attack.statement);
        finding := custody.probe_judge(nobody, attack.name, attack.statement, outcome, outcome.rows > 0,
            'the context was changed', control => outcome.sqlstate IS NULL);
        IF outcome.sqlstate = '42501' AND outcome.origin <> 'function' THEN
            finding.verdict := 'held';
            finding.detail := outcome.message;
        ELSIF finding.verdict = 'held' THEN
            finding.detail := 'the context stayed what it was';
        END IF;
        RETURN NEXT finding;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_tamper(custody.probe_setup, text, text) IS
'attacks on the context: the role tries to give itself that of an organization in every way that the server has; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_tamper(custody.probe_setup, text, text) FROM PUBLIC;

-- Membership only; pg_has_role() says yes to everything for a superuser.
CREATE FUNCTION custody.probe_member(role oid, other oid) RETURNS bool
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE member AS (
    SELECT role AS oid UNION SELECT m.roleid FROM member JOIN pg_auth_members m ON m.member = member.oid
)
SELECT EXISTS (SELECT FROM member WHERE member.oid = other)
$$;
COMMENT ON FUNCTION custody.probe_member(oid, oid) IS
'whether a role is a member of another, directly or not; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_member(oid, oid) FROM PUBLIC;

-- Who the role is, or can become, that row security does not bind.
CREATE FUNCTION custody.probe_becoming(setup custody.probe_setup) RETURNS SETOF custody.probe_finding
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT format('role %I', setup.role_name), 'become', CASE WHEN r.names IS NULL THEN 'held' ELSE 'leak' END,
    'SET ROLE ' || coalesce(r.first, '...'),
    coalesce('the role is, or can become, what row security does not bind: ' || r.names,
        'neither a superuser nor BYPASSRLS, and a member of no such role'), NULL::text, NULL::text
  FROM (SELECT string_agg(quote_ident(o.rolname), ', ' ORDER BY o.rolname) AS names,
            min(quote_ident(o.rolname)) AS first
          FROM pg_roles o
         WHERE (o.rolsuper OR o.rolbypassrls) AND (o.oid = setup.role OR custody.probe_member(setup.role, o.oid))) r
$$;
COMMENT ON FUNCTION custody.probe_becoming(custody.probe_setup) IS
'whether the role is, or can become, a superuser or one that bypasses row security; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_becoming(custody.probe_setup) FROM PUBLIC;

-- Most common values are rows, too. The server shows none of a table whose row security is active.
CREATE FUNCTION custody.probe_statistics(setup custody.probe_setup, subjects custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    bound bool;
BEGIN
    SELECT CASE WHEN count(*) > 0 THEN format('SELECT string_agg(DISTINCT format(''%%I.%%I'', schemaname, tablename), '', '') FROM pg_stats '
            'WHERE (schemaname, tablename) IN (%s) HAVING count(*) > 0',
            string_agg(format('(%L, %L)', n.nspname, c.relname), ', ')) END
      INTO statement
      FROM unnest(subjects) s JOIN pg_class c ON c.oid = s.relation JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND s.org_column IS NOT NULL AND coalesce(s.class, '') <> 'shared';
    IF statement IS NULL THEN
        RETURN;
    END IF;
    outcome := custody.probe_try(setup, subjects[1], statement, 'none');
    finding.object := 'pg_stats';
    finding.attack := 'statistics';
    finding.statement := statement;
    finding.sqlstate := outcome.sqlstate;
    finding.verdict := CASE WHEN outcome.sqlstate IS NOT NULL THEN 'inconclusive'
        WHEN outcome.rows > 0 THEN 'leak' ELSE 'held' END;
    finding.detail := CASE finding.verdict WHEN 'leak' THEN 'the server shows common values of ' || outcome.value
        WHEN 'held' THEN 'no row' ELSE custody.probe_error(outcome) END;
    IF finding.verdict = 'held' AND NOT EXISTS (SELECT FROM pg_statistic t JOIN unnest(subjects) s
            ON t.starelid = s.relation) THEN
        finding.verdict := 'inconclusive';
        finding.detail := 'no table has statistics yet: ANALYZE';
    END IF;
    RETURN NEXT finding;
END
$$;
COMMENT ON FUNCTION custody.probe_statistics(custody.probe_setup, custody.probe_subject[]) IS
'whether the role sees planner statistics of the tables; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_statistics(custody.probe_setup, custody.probe_subject[]) FROM PUBLIC;

-- What is there for all organizations together, and what cannot be tried from here.
CREATE FUNCTION custody.probe_reported(setup custody.probe_setup, subjects custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT format('sequence %s', c.oid::regclass), 'sequence', 'inconclusive',
    format('SELECT last_value FROM %s', c.oid::regclass),
    'the role sees how fast the numbers of all organizations together grow', NULL::text, NULL::text
  FROM pg_class c
 WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(setup.role, c.oid, 'SELECT') ELSE false END
   AND c.oid IN (SELECT d.objid FROM pg_depend d JOIN unnest(subjects) s ON d.refobjid = s.relation
                  WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
UNION ALL
SELECT 'large objects', 'large_objects', 'inconclusive', 'SELECT lo_get(...)',
    format('the role may read %s large objects, which belong to no organization', count(*)), NULL, NULL
  FROM pg_largeobject_metadata m
 WHERE current_setting('lo_compat_privileges')::bool OR m.lomowner = setup.role
    OR EXISTS (SELECT FROM aclexplode(m.lomacl) a
                WHERE a.grantee = 0 OR custody.probe_member(setup.role, a.grantee))
HAVING count(*) > 0
UNION ALL
SELECT f::regprocedure::text, 'function', 'inconclusive', format('SELECT %s(...)', f::regproc),
    'it runs with its owner''s rights, and is called only with on_clone', NULL, NULL
  FROM custody.probe_function_oids(setup.role) f WHERE NOT setup.on_clone
UNION ALL
SELECT 'session', a.attack, 'inconclusive', a.statement,
    'not from inside the server: "custody probe" logs in as the role', NULL, NULL
  FROM (VALUES ('reset_role', 'RESET ROLE'), ('session_authorization', 'SET SESSION AUTHORIZATION ...'),
    ('copy', 'COPY ... TO STDOUT'), ('startup_options', 'options=-c custody.context=...'),
    ('discard', 'DISCARD ALL'), ('deferred_trigger', 'SET CONSTRAINTS ALL DEFERRED'),
    ('temporary_objects', 'CREATE TEMPORARY TABLE ...')) a (attack, statement)
$$;
COMMENT ON FUNCTION custody.probe_reported(custody.probe_setup, custody.probe_subject[]) IS
'what is reported and not attacked: sequences, large objects, definer functions without on_clone, and what belongs to the loader''s probe; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_reported(custody.probe_setup, custody.probe_subject[]) FROM PUBLIC;
