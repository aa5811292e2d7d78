-- What reads protected tables as somebody whom no policy binds: views, materialized views and
-- functions that run as their owner. A view's tables are read as the owner of that view, or with
-- security_invoker as whoever runs the query, also when another view stands in between.

CREATE FUNCTION custody.guard_bypasses(role oid, relation oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rolsuper OR r.rolbypassrls
           OR NOT c.relrowsecurity
           OR NOT c.relforcerowsecurity AND pg_has_role(r.oid, c.relowner, 'USAGE')
      FROM pg_roles r, pg_class c WHERE r.oid = role AND c.oid = relation
$$;
COMMENT ON FUNCTION custody.guard_bypasses(oid, oid) IS
'true when row security of the relation does not bind the role; errors: none; privilege: none';

CREATE FUNCTION custody.guard_view_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads (view, relation, invokes, is_matview) AS MATERIALIZED (
        SELECT DISTINCT w.ev_class, d.refobjid,
               EXISTS (SELECT FROM pg_options_to_table(v.reloptions) o
                        WHERE o.option_name = 'security_invoker' AND o.option_value::boolean),
               v.relkind = 'm'
          FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
         WHERE v.oid >= 16384
    ), path (top, view, relation, invokes, by_matview) AS (
        SELECT r.view, r.view, r.relation, r.invokes, r.is_matview FROM reads r
        UNION
        -- What an invoker's view reads, the role must be allowed to read itself.
        SELECT p.top, r.view, r.relation, r.invokes, p.by_matview OR r.is_matview
          FROM path p JOIN reads r ON r.view = p.relation
         WHERE p.by_matview OR NOT p.invokes
    ), exposed AS (
        SELECT p.top, p.view, g.relation, g.root, p.by_matview, v.relowner, t.relnamespace
          FROM path p JOIN custody.guard_relation g ON g.relation = p.relation
          JOIN custody.protection n ON n.relation = g.root AND n.class <> 'shared'
          JOIN pg_class v ON v.oid = p.view JOIN pg_class t ON t.oid = p.top
         WHERE (touched IS NULL OR p.top = ANY (touched) OR p.view = ANY (touched)
                OR EXISTS (SELECT FROM custody.protection x WHERE x.relation = g.root AND age(x.xmin) <= 0))
           AND (p.by_matview OR NOT p.invokes AND custody.guard_bypasses(v.relowner, g.relation))
    )
    SELECT DISTINCT ON (e.top) CASE WHEN e.by_matview THEN 'matview' ELSE 'view' END,
           e.top::regclass::text,
           CASE WHEN e.by_matview
                THEN format('it keeps rows of %s, and role %I can read it: no policy applies to it',
                            e.relation::regclass, b.rolname)
                ELSE format('role %I reads %s through it as %I, whom no policy binds', b.rolname,
                            e.relation::regclass, pg_get_userbyid(e.relowner)) END,
           CASE WHEN NOT e.by_matview AND current_setting('server_version_num')::int >= 150000
                THEN format('ALTER VIEW %s SET (security_invoker = true)', e.view::regclass)
                ELSE format('REVOKE ALL ON %s FROM %I', e.top::regclass, b.rolname) END
      FROM exposed e JOIN custody.guard_bound b ON b.relation = e.root
     WHERE has_schema_privilege(b.role, e.relnamespace, 'USAGE')
       AND (has_any_column_privilege(b.role, e.top, 'SELECT, INSERT, UPDATE')
            OR has_table_privilege(b.role, e.top, 'DELETE'))
     ORDER BY e.top, e.by_matview DESC, b.rolname
$$;
COMMENT ON FUNCTION custody.guard_view_findings(oid[]) IS
'findings about views through which a bound role reads a protected table as somebody else, and materialized views of such tables; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_function_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'definer', f.oid::regprocedure::text,
           format('SECURITY DEFINER: role %I runs it as %I, whom no policy binds', min(b.rolname::text), r.rolname),
           format('ALTER ROUTINE %s SECURITY INVOKER, or REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC and %I, or an owner whom policies bind',
                  f.oid::regprocedure, f.oid::regprocedure, min(b.rolname::text))
      FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
      JOIN pg_roles r ON r.oid = f.proowner
      JOIN custody.guard_bound b
        ON custody.guard_bypasses(r.oid, b.relation) AND custody.proof_calls(b.role, f.oid)
     WHERE f.prosecdef AND f.oid >= 16384
       AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND (touched IS NULL OR age(f.xmin) <= 0 OR age(n.xmin) <= 0
            OR EXISTS (SELECT FROM pg_operator x WHERE x.oprcode = f.oid AND age(x.xmin) <= 0)
            OR EXISTS (SELECT FROM pg_depend x JOIN pg_proc y ON y.oid = x.objid AND age(y.xmin) <= 0
                        WHERE x.classid = 'pg_proc'::regclass AND x.refclassid = 'pg_proc'::regclass
                          AND x.refobjid = f.oid)
            OR EXISTS (SELECT FROM pg_depend x JOIN pg_rewrite y ON y.oid = x.objid AND age(y.xmin) <= 0
                        WHERE x.classid = 'pg_rewrite'::regclass AND x.refclassid = 'pg_proc'::regclass
                          AND x.refobjid = f.oid))
       AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e'
                          AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'custody')
     GROUP BY f.oid, r.rolname
$$;
COMMENT ON FUNCTION custody.guard_function_findings(oid[]) IS
'findings about SECURITY DEFINER functions that a bound role may execute and whose owner no policy binds; argument: NULL = all, else those that this transaction changed; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_spot_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH guarded (relations) AS (
        SELECT array_agg(g.relation::regclass) FROM custody.guard_relation g
          JOIN custody.protection p ON p.relation = g.root AND p.class <> 'shared'
    )
    SELECT s.part, regexp_replace(s.object, '^(trigger|rule) ', ''),
           format('role %I sets it off, and it acts as %I, whom no policy binds', b.rolname, pg_get_userbyid(s.acting)),
           CASE s.part WHEN 'trigger' THEN 'a trigger function that is SECURITY INVOKER, or an owner of it whom policies bind'
                       ELSE 'no such rule, or an owner of its table whom policies bind' END
      FROM guarded t CROSS JOIN LATERAL custody.proof_spots(t.relations) s
     CROSS JOIN LATERAL (SELECT min(b.rolname::text) FROM custody.guard_bound b
                          WHERE EXISTS (SELECT FROM unnest(s.written) AS w (oid)
                                         WHERE has_table_privilege(b.role, w.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                                            OR has_any_column_privilege(b.role, w.oid, 'INSERT, UPDATE'))) AS b (rolname)
     WHERE b.rolname IS NOT NULL AND (touched IS NULL OR touched && s.written)
       AND custody.proof_is_free(s.acting, t.relations)
$$;
COMMENT ON FUNCTION custody.guard_spot_findings(oid[]) IS
'findings about triggers with SECURITY DEFINER functions, and rules that mention protected tables, which a bound role sets off and which act as somebody whom no policy binds; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';

-- Without its floor a table is as closed as before, until the next permissive policy comes. It may be mended or
-- replaced by another one that does the same.
CREATE FUNCTION custody.guard_floor_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'floor', g.relation::regclass::text,
           format('no restrictive policy for all commands keeps role %I in its organization, whatever other policies come',
                  min(b.rolname::text)),
           format('SELECT * FROM custody.protect(%L, %L)', p.relation, p.org_column)
      FROM custody.protection p JOIN custody.guard_relation g ON g.root = p.relation
      JOIN pg_class c ON c.oid = g.relation AND c.relrowsecurity
      JOIN pg_attribute a ON a.attrelid = g.relation AND a.attname = p.org_column AND a.attnum > 0 AND NOT a.attisdropped
     CROSS JOIN unnest(p.roles || p.multi_roles) AS r (role)
      JOIN pg_roles b ON b.oid = r.role AND NOT b.rolsuper AND NOT b.rolbypassrls
     WHERE p.class NOT IN ('shared', 'exempt') AND (touched IS NULL OR g.relation = ANY (touched))
       AND (g.relation = p.relation OR has_table_privilege(b.oid, g.relation, 'DELETE')
            OR has_any_column_privilege(b.oid, g.relation, 'SELECT, INSERT, UPDATE'))
       AND EXISTS (SELECT FROM jsonb_array_elements(p.made) m
                    WHERE m ->> 'action' = 'create policy' AND m ->> 'undo' ~ '^DROP POLICY IF EXISTS custody_(orgs_)?floor ')
       AND NOT EXISTS (SELECT FROM pg_policy f
                        WHERE f.polrelid = g.relation AND NOT f.polpermissive AND f.polcmd = '*'
                          AND EXISTS (SELECT FROM unnest(f.polroles) AS o (oid)
                                       WHERE CASE WHEN o.oid = 0 THEN true ELSE pg_has_role(b.oid, o.oid, 'USAGE') END)
                          AND custody.policy_verdict(f.oid, p.org_column) <> 'different')
     GROUP BY g.relation, p.relation, p.org_column
$$;
COMMENT ON FUNCTION custody.guard_floor_findings(oid[]) IS
'findings about protected tables that lost the restrictive policy that custody.protect() made, without another one that keeps a bound role in its organization by itself; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';

-- Any policy may come or go: what counts is what all of them let through together, for each command.
CREATE FUNCTION custody.guard_policy_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH asked (relations) AS (
        SELECT array_agg(p.relation) FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
         WHERE p.class <> 'exempt' AND c.relrowsecurity
           AND (touched IS NULL
                OR EXISTS (SELECT FROM custody.guard_relation g
                            WHERE g.root = p.relation AND g.relation = ANY (touched))
                OR EXISTS (SELECT FROM pg_class w WHERE w.oid = ANY (touched) AND w.relkind = 'v'))
           AND (p.org_column IS NULL
                OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.relation AND a.attname = p.org_column
                                                        AND a.attnum > 0 AND NOT a.attisdropped))
    )
    SELECT CASE v.part WHEN 'view' THEN 'view' ELSE 'policy' END, regexp_replace(v.object, '^view ', ''),
           format('not proven for role %I and %s: %s', min(v.role::text), string_agg(DISTINCT v.command, ', '), min(v.reason)),
           format('SELECT * FROM custody.prove_isolation(ARRAY[%L::regclass]) shows why; custody.protect(%L) restores the policies',
                  v.relation, v.relation)
      FROM asked a CROSS JOIN LATERAL custody.prove_isolation(a.relations, witness => false) v
     WHERE a.relations IS NOT NULL AND v.verdict <> 'proven'
       AND v.role IN (SELECT b.rolname FROM custody.guard_bound b JOIN pg_roles r ON r.oid = b.role
                       WHERE b.relation = v.relation AND NOT r.rolbypassrls AND NOT r.rolsuper)
       -- One finding for one cause: no row security, and views of owners that nothing binds, have theirs.
       AND CASE WHEN v.part = 'view'
                THEN EXISTS (SELECT FROM pg_class w JOIN pg_roles o ON o.oid = w.relowner
                              WHERE w.oid = to_regclass(regexp_replace(v.object, '^view ', ''))
                                AND (touched IS NULL OR w.oid = ANY (touched))
                                AND NOT o.rolsuper AND NOT o.rolbypassrls
                                AND NOT coalesce(array_to_string(w.reloptions, ',') ~ 'security_invoker=(on|true|1|yes)', false))
                     AND v.object NOT IN (SELECT 'view ' || w.object FROM custody.guard_view_findings(touched) w)
                WHEN v.part NOT IN ('using', 'check', 'blind using', 'blind check', 'policy function', 'parent') THEN false
                WHEN NOT EXISTS (SELECT FROM custody.guard_relation g
                                  WHERE g.root = v.relation AND (touched IS NULL OR g.relation = ANY (touched))) THEN false
                WHEN v.part IN ('policy function', 'parent') THEN true
                WHEN NOT EXISTS (SELECT FROM custody.guard_relation g WHERE g.relation = to_regclass(v.object)) THEN true
                ELSE (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = to_regclass(v.object)) END
     GROUP BY v.relation, v.object, CASE v.part WHEN 'view' THEN 'view' ELSE 'policy' END
$$;
COMMENT ON FUNCTION custody.guard_policy_findings(oid[]) IS
'findings about protected tables whose policies, all together, are not proven by custody.prove_isolation() to keep a bound role in its organization; argument: relations to look at, NULL = all; and about views whose owner''s policies let more through; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.* FROM (SELECT * FROM custody.guard_table_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_column_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_policy_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_floor_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_privilege_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_view_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_function_findings(touched)
                     UNION ALL SELECT * FROM custody.guard_spot_findings(touched)) f
     WHERE NOT EXISTS (SELECT FROM custody.exemption e
                        WHERE e.tool = 'guard' AND e.code = f.code AND custody.is_exempted(f.object, e.object)
                          AND coalesce(e.expires > now(), true))
     ORDER BY f.code, f.object, f.seen
$$;
COMMENT ON FUNCTION custody.guard_findings(oid[]) IS
'all findings about these relations that no exemption accepts, NULL = about all; without what event triggers cannot see; errors: none; privilege: SELECT on the state of isolation';
