-- What protect() says and does not do: roles that get around policies, and what stops working under FORCE.

CREATE FUNCTION custody.names_of(relations regclass[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(r::text, ', ' ORDER BY r::text) FILTER (WHERE n <= 5)
        || CASE WHEN count(*) > 5 THEN format(' and %s more', count(*) - 5) ELSE '' END
      FROM (SELECT r, row_number() OVER (ORDER BY r::text) AS n FROM (SELECT DISTINCT unnest(relations)) d (r)) o
$$;
COMMENT ON FUNCTION custody.names_of(regclass[]) IS
'the first five of some relations by name, and how many more there are; privilege: EXECUTE';

-- Roles that no policy can bind: protecting a table for them would be a claim and nothing else.
CREATE FUNCTION custody.role_stops(subject custody.protect_subject) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('role %s %s: no policy binds it', r.rolname::regrole,
                  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'bypasses row security' END)
      FROM pg_roles r WHERE r.oid = ANY (custody.bound_roles(subject)::oid[]) AND (r.rolsuper OR r.rolbypassrls)
    UNION ALL
    SELECT format('role %s is among the roles of one organization and among those of several', r)
      FROM unnest((subject).roles) r WHERE r = ANY ((subject).multi_roles)
    UNION ALL
    SELECT 'PUBLIC cannot be bound: name the roles that the application uses'
     WHERE 0 = ANY (custody.bound_roles(subject)::oid[])
    UNION ALL
    SELECT 'no role is named that the policies should bind'
     WHERE (subject).class IS DISTINCT FROM 'exempt' AND custody.bound_roles(subject) = '{}'
    UNION ALL
    SELECT format('policies call functions of schema custody, and %s cannot grant USAGE on it to %s: a superuser can',
                  quote_ident(current_user), r)
      FROM unnest(custody.bound_roles(subject)) r
     WHERE NOT has_schema_privilege(r, 'custody', 'USAGE')
       AND NOT has_schema_privilege('custody', 'USAGE WITH GRANT OPTION')
$$;
COMMENT ON FUNCTION custody.role_stops(custody.protect_subject) IS
'why the roles of a subject cannot be bound; privilege: EXECUTE';

-- A login that is a member of a bound role is bound as far as its own rights do not go past it.
CREATE FUNCTION custody.member_notes(subject custody.protect_subject, relations regclass[]) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%s is a member of %s and %s: the application must not log in as it', m.oid::regrole,
                  (SELECT string_agg(r::text, ', ' ORDER BY r::text) FROM unnest(custody.bound_roles(subject)) r
                    WHERE pg_has_role(m.oid, r, 'MEMBER')), w.why)
      FROM pg_roles m
     CROSS JOIN LATERAL (
           SELECT CASE WHEN m.rolbypassrls THEN 'bypasses row security'
                       WHEN EXISTS (SELECT FROM pg_roles b WHERE (b.rolbypassrls OR b.rolsuper)
                                                             AND pg_has_role(m.oid, b.oid, 'MEMBER'))
                       THEN 'can become a role that bypasses row security'
                       WHEN EXISTS (SELECT FROM pg_class c WHERE c.oid = ANY (relations::oid[])
                                                             AND pg_has_role(m.oid, c.relowner, 'MEMBER'))
                       THEN 'owns tables, or can become their owner' END) w (why)
     WHERE NOT m.rolsuper AND w.why IS NOT NULL AND m.oid <> ALL (custody.bound_roles(subject)::oid[])
       AND EXISTS (SELECT FROM unnest(custody.bound_roles(subject)) r WHERE pg_has_role(m.oid, r, 'MEMBER'))
     ORDER BY m.rolname
$$;
COMMENT ON FUNCTION custody.member_notes(custody.protect_subject, regclass[]) IS
'members of a subject''s roles whom the policies of some tables do not hold; privilege: EXECUTE';

-- Views and materialized views that read one of the tables, directly.
CREATE FUNCTION custody.readers_of(relations regclass[], kinds "char"[])
    RETURNS TABLE (view regclass, owner regrole)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT c.oid::regclass, c.relowner::regrole
      FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
     WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.refobjid = ANY (relations::oid[]) AND c.relkind = ANY (kinds) AND c.oid <> d.refobjid
$$;
COMMENT ON FUNCTION custody.readers_of(regclass[], "char"[]) IS
'relations of some kinds whose rules read some tables, with their owners; privilege: EXECUTE';

CREATE FUNCTION custody.may_bypass(role oid) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.oid = role
$$;
COMMENT ON FUNCTION custody.may_bypass(oid) IS 'whether row security does not bind a role at all; privilege: EXECUTE';

CREATE FUNCTION custody.role_warnings(subject custody.protect_subject, relations regclass[]) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH bound AS (
        SELECT r.oid, r.rolname FROM pg_roles r
         WHERE r.oid = ANY (custody.bound_roles(subject)::oid[]) AND NOT r.rolsuper),
    owned AS (
        SELECT b.oid, c.relowner, array_agg(c.oid::regclass) AS tables
          FROM bound b JOIN pg_class c ON c.oid = ANY (relations::oid[]) AND pg_has_role(b.oid, c.relowner, 'MEMBER')
         GROUP BY b.oid, c.relowner)
    SELECT format('role %s can become %s, which %s: revoke that membership', b.oid::regrole, r.oid::regrole,
                  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'bypasses row security' END)
      FROM bound b JOIN pg_roles r ON r.oid <> b.oid AND (r.rolsuper OR r.rolbypassrls)
                                  AND pg_has_role(b.oid, r.oid, 'MEMBER')
    UNION ALL
    SELECT format(CASE WHEN o.oid = o.relowner
                       THEN 'role %1$s owns tables (%3$s) and can switch their row security off. The way out: '
                            'CREATE ROLE %4$s NOLOGIN; ALTER TABLE ... OWNER TO %4$s; '
                            'GRANT SELECT, INSERT, UPDATE, DELETE ON ... TO %1$s; ALTER DEFAULT PRIVILEGES FOR ROLE %4$s '
                            'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$s; migrations then SET ROLE %4$s'
                       ELSE 'role %1$s can become %2$s, which owns tables (%3$s) and can switch their row security '
                            'off. The way out: REVOKE that membership, directly or in between; %2$s without login, and '
                            'ALTER DEFAULT PRIVILEGES FOR ROLE %2$s GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$s' END,
                  o.oid::regrole, o.relowner::regrole, custody.names_of(o.tables),
                  quote_ident(custody.made_name((SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                                  WHERE c.oid = relations[1]), 'owner')))
      FROM owned o
    UNION ALL
    SELECT format('role %s of several organizations has the privileges of %s, which is bound to one: both floors bind it',
                  m, r)
      FROM unnest((subject).multi_roles) m, unnest((subject).roles) r WHERE m <> r AND pg_has_role(m, r, 'USAGE')
    UNION ALL
    SELECT format('new tables of %1$s give %2$s %3$s: ALTER DEFAULT PRIVILEGES FOR ROLE %1$s%4$s REVOKE %3$s ON TABLES FROM %2$s',
                  d.defaclrole::regrole, d.name, d.privileges, ' IN SCHEMA ' || quote_ident(d.nspname))
      FROM (SELECT a.defaclrole, n.nspname, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS name,
                   string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) AS privileges
              FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
             CROSS JOIN LATERAL aclexplode(a.defaclacl) g
             WHERE a.defaclobjtype = 'r' AND g.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
               AND (g.grantee = 0 OR g.grantee = ANY (custody.bound_roles(subject)::oid[]))
               AND (a.defaclnamespace = 0 OR a.defaclnamespace IN (
                    SELECT c.relnamespace FROM pg_class c WHERE c.oid = ANY (relations::oid[])))
             GROUP BY 1, 2, 3) d
    UNION ALL
    SELECT format(CASE c.relkind WHEN 'm' THEN '%1$s keeps rows of all organizations, and %3$s can read them: revoke the '
                                               'privileges on it'
                       ELSE '%1$s reads as its owner %2$s, whom no policy binds, and shows %3$s all organizations: on 15 '
                            'and later ALTER VIEW %1$s SET (security_invoker = on), else revoke the privileges on it' END,
                  v.view, v.owner, string_agg(b.oid::regrole::text, ', ' ORDER BY b.rolname))
      FROM custody.readers_of(relations, '{v,m}') v
      JOIN pg_class c ON c.oid = v.view
      JOIN bound b ON has_any_column_privilege(b.oid, c.oid, 'SELECT, INSERT, UPDATE')
     WHERE c.relkind = 'm' OR custody.may_bypass(v.owner)
                              AND NOT coalesce(c.reloptions::text ~ 'security_invoker=(on|true|1|yes)', false)
     GROUP BY v.view, v.owner, c.relkind
$$;
COMMENT ON FUNCTION custody.role_warnings(custody.protect_subject, regclass[]) IS
'ways in which the roles of a subject could get around the policies of some tables, with the way out of each; privilege: EXECUTE';

CREATE FUNCTION custody.force_notes(relations regclass[], of_one regclass[]) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH owner AS (
        SELECT c.relowner::regrole AS name, array_agg(c.oid::regclass) AS tables
          FROM pg_class c WHERE c.oid = ANY (relations::oid[]) AND NOT custody.may_bypass(c.relowner) GROUP BY 1),
    free AS (
        SELECT coalesce(string_agg(r.oid::regrole::text, ', ' ORDER BY r.rolname),
                        'none yet: CREATE ROLE ... BYPASSRLS') AS names
          FROM pg_roles r WHERE r.rolbypassrls AND NOT r.rolsuper)
    SELECT format(text, o.name, custody.names_of(o.tables), f.names)
      FROM owner o CROSS JOIN free f CROSS JOIN (VALUES
        ('owner: %1$s is bound by FORCE, too, and no policy names it: it sees no row of %2$s'),
        ('backup: pg_dump as %1$s fails on %2$s: use a role that bypasses row security (%3$s)'),
        ('migration: COPY FROM as %1$s or a bound role is refused, and ADD FOREIGN KEY or VALIDATE as %1$s passes rows '
         'unchecked: use a role that bypasses row security and is a member of %1$s (%3$s)')) n (text)
    UNION ALL
    SELECT format('migration: REFRESH MATERIALIZED VIEW %s as its owner %s is bound: it would be empty; give it an '
                  'owner that bypasses row security, and the bound roles no privilege on it', v.view, v.owner)
      FROM custody.readers_of(relations, '{m}') v WHERE NOT custody.may_bypass(v.owner)
    UNION ALL
    SELECT format('view %s reads as its owner %s, whom no policy names: it would be empty; on 15 and later '
                  'ALTER VIEW %1$s SET (security_invoker = on)', v.view, v.owner)
      FROM custody.readers_of(relations, '{v}') v
      JOIN pg_class c ON c.oid = v.view
     WHERE NOT custody.may_bypass(v.owner)
       AND NOT coalesce(c.reloptions::text ~ 'security_invoker=(on|true|1|yes)', false)
    UNION ALL
    SELECT format('replication: subscription %s applies as %s, whom row security binds from 16 on: use a role that '
                  'bypasses it', quote_ident(s.subname), s.subowner::regrole)
      FROM pg_subscription s
     WHERE NOT custody.may_bypass(s.subowner)
       AND EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srrelid = ANY (relations::oid[]))
    UNION ALL
    SELECT format('replication: publication %s sends %s of every organization', quote_ident(t.pubname),
                  custody.names_of(array_agg(r)))
      FROM pg_publication_tables t
      JOIN pg_class c ON c.relname = t.tablename
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.schemaname
      JOIN unnest(of_one) r ON r = c.oid
     GROUP BY t.pubname
$$;
COMMENT ON FUNCTION custody.force_notes(regclass[], regclass[]) IS
'what stops working when row security is forced on some tables, with the role to use instead; of_one: those whose rows belong to one organization; privilege: EXECUTE';

CREATE FUNCTION custody.policy_notes(subject custody.protect_subject) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(CASE WHEN p.polpermissive
                       THEN 'policy %I on %s stays: what it permits beyond the organization, the floor cuts for the bound '
                            'roles, and within it custody''s policies permit all; make it RESTRICTIVE where it should '
                            'narrow; custody.judge_policies() judges it'
                       ELSE 'policy %I on %s stays, and goes on narrowing what its roles may do' END,
                  p.polname, p.polrelid::regclass)
      FROM custody.table_tree((subject).relation) t JOIN pg_policy p ON p.polrelid = t.member
     WHERE p.polname !~ '^custody_' AND (subject).class <> 'exempt'
     ORDER BY p.polname
$$;
COMMENT ON FUNCTION custody.policy_notes(custody.protect_subject) IS
'the policies of a subject that are not of protect() and stay; privilege: EXECUTE';
