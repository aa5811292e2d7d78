-- Code that runs as somebody else for a role: SECURITY DEFINER functions, triggers and rules. The policies
-- of whom it runs as decide over what it does, and there are none where nothing binds him.

CREATE FUNCTION custody.proof_is_free(role oid, relations regclass[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.rolsuper OR o.rolbypassrls
           OR EXISTS (SELECT FROM pg_class c WHERE c.oid = ANY (relations)
                         AND (NOT c.relrowsecurity AND custody.proof_reaches(o.oid, c.oid)
                              OR NOT c.relforcerowsecurity AND pg_has_role(o.oid, c.relowner, 'USAGE')))
      FROM pg_roles o WHERE o.oid = proof_is_free.role
$$;
COMMENT ON FUNCTION custody.proof_is_free(oid, regclass[]) IS
'true when row security of one of these tables does not bind the role, and it has a privilege there; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_is_free(oid, regclass[]) FROM PUBLIC;

-- Who writes one of these relations may also set off what hangs on another: through partitions and
-- inheritance, foreign keys with an action, views and rules.
CREATE FUNCTION custody.proof_spots(relations regclass[])
    RETURNS TABLE (part text, object text, acting oid, written oid[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE mentions (relation) AS (
        SELECT unnest(relations)::oid
        UNION
        SELECT w.ev_class
          FROM mentions m
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                          AND d.refobjid = m.relation
          JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1'
    ), spot AS MATERIALIZED (
        SELECT 'trigger' AS part, t.tgname AS name, t.tgrelid AS relation, f.proowner AS acting
          FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid AND f.prosecdef
         WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND NOT custody.proof_is_own(f.oid)
        UNION ALL
        SELECT DISTINCT 'rule', w.rulename, w.ev_class, c.relowner
          FROM mentions m
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                          AND d.refobjid = m.relation
          JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type <> '1' AND w.ev_enabled <> 'D'
          JOIN pg_class c ON c.oid = w.ev_class
    ), above (spot, relation) AS (
        SELECT s.relation, s.relation FROM spot s
        UNION
        SELECT a.spot, n.relation
          FROM above a CROSS JOIN LATERAL (
                SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = a.relation
                UNION ALL
                SELECT k.confrelid FROM pg_constraint k
                 WHERE k.conrelid = a.relation AND k.contype = 'f'
                   AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
                UNION ALL
                SELECT w.ev_class
                  FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
                 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                   AND d.refobjid = a.relation) n (relation)
    ), written AS (
        SELECT a.spot, array_agg(a.relation) AS relations FROM above a GROUP BY a.spot
    )
    SELECT s.part, format('%s %I on %s', s.part, s.name, s.relation::regclass), s.acting, w.relations
      FROM spot s JOIN written w ON w.spot = s.relation
$$;
COMMENT ON FUNCTION custody.proof_spots(regclass[]) IS
'triggers with SECURITY DEFINER functions, and rules that mention these tables: as whom they act, and which relations set them off when they are written; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_spots(regclass[]) FROM PUBLIC;

CREATE FUNCTION custody.proof_calls(role oid, function oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH used AS (
        SELECT d.classid, d.objid FROM pg_depend d
         WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = proof_calls.function
           -- What decides whether a row is met or written does not show what the function returns.
           AND d.classid NOT IN ('pg_policy'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
    )
    SELECT has_function_privilege(proof_calls.role, f.oid, 'EXECUTE')
           AND (has_schema_privilege(proof_calls.role, f.pronamespace, 'USAGE') OR EXISTS (SELECT FROM used))
           -- An aggregate calls its functions with the rights of its owner.
           OR EXISTS (SELECT FROM used u JOIN pg_proc a ON u.classid = 'pg_proc'::regclass AND a.oid = u.objid
                       WHERE a.prokind = 'a' AND has_function_privilege(proof_calls.role, a.oid, 'EXECUTE'))
      FROM pg_proc f WHERE f.oid = proof_calls.function
$$;
COMMENT ON FUNCTION custody.proof_calls(oid, oid) IS
'true when the role can make the function run: by its name, or through an operator, view, default, aggregate or anything else that uses it, for which no privilege on its schema is needed; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_calls(oid, oid) FROM PUBLIC;

CREATE FUNCTION custody.proof_of_detours(roles oid[], relations regclass[])
    RETURNS TABLE (role oid, part text, command text, object text, acting oid, free boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH subject AS MATERIALIZED (
        SELECT DISTINCT unnest(roles) AS role
    ), definer AS MATERIALIZED (
        SELECT f.oid, f.proowner FROM pg_proc f
         WHERE f.prosecdef AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
           AND NOT custody.proof_is_own(f.oid)
    ), spot AS MATERIALIZED (
        SELECT s.* FROM custody.proof_spots(relations) s
    ), acting AS MATERIALIZED (
        SELECT a.oid, custody.proof_is_free(a.oid, relations) AS free
          FROM (SELECT proowner FROM definer UNION SELECT acting FROM spot) AS a (oid)
    )
    SELECT s.role, 'function', 'EXECUTE', f.oid::regprocedure::text, a.oid, a.free
      FROM definer f JOIN acting a ON a.oid = f.proowner CROSS JOIN subject s
     WHERE s.role <> a.oid AND custody.proof_calls(s.role, f.oid)
    UNION ALL
    SELECT s.role, p.part, NULL, p.object, a.oid, a.free
      FROM spot p JOIN acting a ON a.oid = p.acting CROSS JOIN subject s
     WHERE s.role <> a.oid
       AND EXISTS (SELECT FROM unnest(p.written) AS w (oid)
                    WHERE has_table_privilege(s.role, w.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                       OR has_any_column_privilege(s.role, w.oid, 'INSERT, UPDATE'))
$$;
COMMENT ON FUNCTION custody.proof_of_detours(oid[], regclass[]) IS
'SECURITY DEFINER functions, triggers and rules that run as somebody else (acting) for these roles; free: row security of one of the tables does not bind him; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_detours(oid[], regclass[]) FROM PUBLIC;

CREATE FUNCTION custody.proof_of_powers(relations regclass[], roles oid[], application boolean[])
    RETURNS TABLE (role oid, object text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH subject AS (
        SELECT s.role FROM unnest(roles, application) AS s (role, application)
          JOIN pg_roles r ON r.oid = s.role AND NOT r.rolsuper
         GROUP BY s.role
        HAVING bool_or(s.application)
            OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = ANY (relations) AND c.relowner = s.role)
    ), power AS MATERIALIZED (
        SELECT x.oid, x.rolname, p.reason
          FROM pg_roles x CROSS JOIN LATERAL (
                SELECT 'has CREATEROLE: it can make itself a member of any role that is no superuser'
                 WHERE x.rolcreaterole AND current_setting('server_version_num')::int4 < 160000
                UNION ALL SELECT 'has REPLICATION: it can read the write-ahead log of all tables' WHERE x.rolreplication
                UNION ALL SELECT 'works on files or programs of the server: it can become superuser'
                 WHERE x.rolname IN ('pg_execute_server_program', 'pg_write_server_files')
                UNION ALL SELECT 'reads files of the server, and so all tables'
                 WHERE x.rolname = 'pg_read_server_files') AS p (reason)
         WHERE NOT x.rolsuper
    )
    SELECT s.role, format('role %I', p.rolname),
           CASE WHEN s.role = p.oid THEN 'the role ' ELSE format('the role can become %I, which ', p.rolname) END || p.reason
      FROM subject s CROSS JOIN power p
     WHERE s.role = p.oid OR custody.proof_can_become(s.role, p.oid)
$$;
COMMENT ON FUNCTION custody.proof_of_powers(regclass[], oid[], boolean[]) IS
'what lets a role pass by the row security of these tables without a privilege on them: CREATEROLE (before PostgreSQL 16), REPLICATION, files and programs of the server, its own or of a role that it can become; roles with whether they are applications; owners that are none are left out; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_powers(regclass[], oid[], boolean[]) FROM PUBLIC;

-- What a function returned to who refreshed the view is kept for all; IMMUTABLE ones read no tables.
CREATE FUNCTION custody.proof_of_kept(roles oid[])
    RETURNS TABLE (role oid, view regclass, function text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE above (matview, function, view) AS (
        SELECT v.oid, f.oid, v.oid
          FROM pg_class v JOIN pg_rewrite w ON w.ev_class = v.oid AND v.relkind = 'm'
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                          AND d.refclassid = 'pg_proc'::regclass AND d.refobjid >= 16384
          JOIN pg_proc f ON f.oid = d.refobjid AND f.provolatile <> 'i' AND NOT custody.proof_is_own(f.oid)
        UNION
        SELECT a.matview, a.function, w.ev_class
          FROM above a
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                          AND d.refobjid = a.view
          JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_type = '1'
    )
    SELECT DISTINCT s.role, a.matview::regclass, a.function::regprocedure::text
      FROM above a CROSS JOIN (SELECT DISTINCT unnest(roles)) AS s (role)
     WHERE has_any_column_privilege(s.role, a.view, 'SELECT')
$$;
COMMENT ON FUNCTION custody.proof_of_kept(oid[]) IS
'materialized views that keep what functions returned, which these roles can read, also through views; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_kept(oid[]) FROM PUBLIC;
