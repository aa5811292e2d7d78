-- What event triggers cannot see, because it belongs to the whole cluster (roles and their members)
-- or to the guard itself, and the view of everything that is not as it should be.

CREATE FUNCTION custody.guard_role_findings()
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH named (role) AS (
        SELECT DISTINCT r.role::oid FROM custody.protection p
         CROSS JOIN unnest(p.roles || p.multi_roles) AS r (role) WHERE p.class <> 'exempt'
    )
    SELECT 'role', format('%I', r.rolname),
           CASE WHEN r.rolsuper THEN 'it is a superuser: no policy binds it'
                ELSE 'it has BYPASSRLS: no policy binds it' END,
           format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', r.rolname)
      FROM named n JOIN pg_roles r ON r.oid = n.role WHERE r.rolsuper OR r.rolbypassrls
    UNION ALL
    SELECT 'role', format('%I', r.rolname),
           format('it is a member of %I, which %s', o.rolname,
                  CASE WHEN o.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END),
           format('REVOKE %I FROM %I', o.rolname, r.rolname)
      FROM named n JOIN pg_roles r ON r.oid = n.role AND NOT r.rolsuper
      JOIN pg_roles o ON (o.rolsuper OR o.rolbypassrls) AND o.oid <> r.oid
                     AND pg_has_role(r.oid, o.oid, 'MEMBER')
    UNION ALL
    SELECT 'role', format('%I', r.rolname),
           format('it is a member of %I, which policies bind, and %s', g.rolname,
                  CASE WHEN r.rolsuper THEN 'is a superuser itself' WHEN r.rolbypassrls THEN 'has BYPASSRLS itself'
                       ELSE format('can become %I, which has BYPASSRLS', o.rolname) END),
           'let applications log in as a role that can become nobody else'
      FROM named n JOIN pg_roles g ON g.oid = n.role
      JOIN pg_auth_members m ON m.roleid = n.role JOIN pg_roles r ON r.oid = m.member AND r.rolcanlogin
      LEFT JOIN LATERAL (SELECT o.rolname FROM pg_roles o
                          WHERE o.rolbypassrls AND NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'MEMBER')
                          ORDER BY 1 LIMIT 1) o ON true
     WHERE r.rolsuper OR r.rolbypassrls OR o.rolname IS NOT NULL
    UNION ALL
    SELECT 'role', n.role::text, 'custody.protection names a role that does not exist',
           'custody.protect() the tables again with the roles that there are'
      FROM named n WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = n.role)
    UNION ALL
    SELECT 'setting', concat_ws(' in ', CASE WHEN s.setrole <> 0 THEN format('role %I', pg_get_userbyid(s.setrole)) END,
                                CASE WHEN s.setdatabase <> 0 THEN format('database %I', current_database()) END),
           'sets ' || c.setting, 'reset it with ALTER ROLE or ALTER DATABASE ... RESET'
      FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c (setting)
     WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND (s.setrole = 0 OR s.setrole IN (SELECT b.role FROM custody.guard_bound b))
       AND c.setting ~* '^(session_replication_role|event_triggers|role|custody[.].*)='
$$;
COMMENT ON FUNCTION custody.guard_role_findings() IS
'findings about the roles that policies should bind and about settings of roles and this database: event triggers do not see changes of these; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_own_findings()
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'guard', 'database ' || quote_ident(current_database()), 'no guard looks at DDL',
           'SELECT custody.set_guard(''refuse'') or (''report''), as a superuser'
     WHERE custody.guard_mode() = 'off' AND EXISTS (SELECT FROM custody.protection)
    UNION ALL
    SELECT 'guard', 'event trigger ' || w.name,
           CASE WHEN t.oid IS NULL THEN 'it is missing' ELSE 'it is not what custody.set_guard() made' END,
           format('SELECT custody.set_guard(%L), as a superuser', custody.guard_mode())
      FROM (VALUES ('custody_guard_ddl', 'ddl_command_end', 'guard_ddl'),
                   ('custody_guard_drop', 'sql_drop', 'guard_drop')) AS w (name, event, function)
      LEFT JOIN pg_event_trigger t ON t.evtname = w.name
      LEFT JOIN pg_proc p ON p.oid = t.evtfoid AND p.pronamespace = 'custody'::regnamespace
     WHERE custody.guard_mode() <> 'off'
       AND (t.evtevent = w.event AND t.evtenabled = 'A' AND t.evttags IS NULL
            AND p.proname = w.function) IS NOT TRUE
    UNION ALL
    SELECT 'guard', 'custody.guard_pending', 'its trigger does not always fire',
           'ALTER TABLE custody.guard_pending ENABLE ALWAYS TRIGGER guard_commit'
     WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'custody.guard_pending'::regclass
                          AND t.tgname = 'guard_commit' AND t.tgenabled = 'A')
    UNION ALL
    SELECT 'dangling', p.relation::oid::text, 'custody.protection has a table that does not exist',
           format('DELETE FROM custody.protection WHERE relation = %s', p.relation::oid)
      FROM custody.protection p
     WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = p.relation)
$$;
COMMENT ON FUNCTION custody.guard_own_findings() IS
'findings about the guard itself: off, changed, or with rows for tables that are gone; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.check_guard()
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT * FROM custody.guard_findings(NULL)
    UNION ALL
    SELECT f.* FROM (SELECT * FROM custody.guard_role_findings()
                     UNION ALL SELECT * FROM custody.guard_own_findings()) f
     WHERE NOT EXISTS (SELECT FROM custody.exemption e
                        WHERE e.tool = 'guard' AND e.code = f.code AND custody.is_exempted(f.object, e.object)
                          AND coalesce(e.expires > now(), true))
     ORDER BY 1, 2, 3
$$;
COMMENT ON FUNCTION custody.check_guard() IS
'everything that is not as the guard wants it, now: what it looks at when DDL changes something, and what no event trigger sees (roles, memberships, settings, the guard itself); without what custody.exemption accepts (tool guard); columns: code, object, what was seen, what to do; empty = nothing found; errors: none; privilege: SELECT on the state of isolation (custody_admin, custody_auditor)';

REVOKE ALL ON FUNCTION custody.guard_mode(), custody.guard_binds(name), custody.guard_touched(oid[]),
    custody.guard_table_findings(oid[]), custody.guard_column_findings(oid[]),
    custody.guard_privilege_findings(oid[]), custody.guard_bypasses(oid, oid),
    custody.guard_view_findings(oid[]), custody.guard_function_findings(oid[]), custody.guard_spot_findings(oid[]),
    custody.guard_policy_findings(oid[]), custody.guard_floor_findings(oid[]), custody.guard_findings(oid[]),
    custody.guard_role_findings(), custody.guard_own_findings(), custody.check_guard() FROM PUBLIC;
