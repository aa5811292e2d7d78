-- What a proof of isolation is about: tables, the roles that can reach them, and the ways there.

-- Pure expressions, so that the server inlines them: they are asked for each table and role.
CREATE FUNCTION custody.proof_can_become(member oid, role oid) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.pg_has_role(member, role,
                                  CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4
                                            OPERATOR(pg_catalog.>=) 160000 THEN 'SET' ELSE 'MEMBER' END)
           OR pg_catalog.pg_has_role(member, role, 'USAGE')
           OR pg_catalog.pg_has_role(member, role, 'MEMBER WITH ADMIN OPTION')
$$;
COMMENT ON FUNCTION custody.proof_can_become(oid, oid) IS
'true when the first role can SET ROLE to the second, has its privileges or can give itself either; errors: 42704 for a role that does not exist; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_can_become(oid, oid) FROM PUBLIC;

CREATE FUNCTION custody.proof_is_reachable(role oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid = proof_is_reachable.role)
        OR EXISTS (SELECT FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper
                      AND custody.proof_can_become(r.oid, proof_is_reachable.role))
$$;
COMMENT ON FUNCTION custody.proof_is_reachable(oid) IS
'true when the role can log in or a role that can, superusers aside, can become it; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_is_reachable(oid) FROM PUBLIC;

CREATE FUNCTION custody.proof_reaches(role oid, relation oid) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.has_table_privilege(role, relation, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
           OR pg_catalog.has_any_column_privilege(role, relation, 'SELECT, INSERT, UPDATE, REFERENCES')
$$;
COMMENT ON FUNCTION custody.proof_reaches(oid, oid) IS
'true when the role has any privilege on the relation or one of its columns: its own, inherited or of PUBLIC; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_reaches(oid, oid) FROM PUBLIC;

CREATE FUNCTION custody.proof_has_column(relation oid, name name) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT name IS NULL
           OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                       WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attname OPERATOR(pg_catalog.=) name
                         AND a.attnum OPERATOR(pg_catalog.>) 0)
$$;
COMMENT ON FUNCTION custody.proof_has_column(oid, name) IS
'true when the relation has a column of that name, or no name is given; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_has_column(oid, name) FROM PUBLIC;

CREATE FUNCTION custody.proof_is_own(function oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = proof_is_own.function AND d.deptype = 'e'
                      AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'custody')
$$;
COMMENT ON FUNCTION custody.proof_is_own(oid) IS
'true when the function is one of custody''s; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_is_own(oid) FROM PUBLIC;

CREATE FUNCTION custody.proof_scope(relations regclass[], org_column name)
    RETURNS TABLE (root regclass, relation regclass, class text, org_column name, roles regrole[],
                   multi_roles regrole[], writers regrole[], reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE named (relation, class, org_column, roles, multi_roles, writers, reason) AS (
        SELECT p.relation, p.class, coalesce(proof_scope.org_column, p.org_column), p.roles, p.multi_roles,
               p.writers, p.reason
          FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
         WHERE relations IS NULL OR p.relation = ANY (relations)
        UNION ALL
        SELECT n.relation, 'owned', coalesce(proof_scope.org_column, 'org_id'), NULL, '{}', '{}', NULL
          FROM (SELECT DISTINCT unnest(relations)) AS n (relation)
         WHERE NOT EXISTS (SELECT FROM custody.protection p WHERE p.relation = n.relation)
    ), above (root, relation) AS (
        SELECT n.relation, n.relation::oid FROM named n
        UNION
        SELECT a.root, i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.relation
    ), tree (root, relation) AS (
        SELECT n.relation, n.relation::oid FROM named n
        UNION
        SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
    ), met (root, relation) AS (
        SELECT t.root, t.relation FROM tree t
        UNION
        SELECT a.root, a.relation FROM above a JOIN named n ON n.relation = a.root
         WHERE custody.proof_has_column(a.relation, CASE WHEN n.class NOT IN ('shared', 'exempt') THEN n.org_column END)
    )
    SELECT t.root, t.relation::regclass, n.class, CASE WHEN n.class NOT IN ('shared', 'exempt') THEN n.org_column END,
           n.roles, n.multi_roles, n.writers, n.reason
      FROM met t JOIN named n ON n.relation = t.root
      JOIN pg_class c ON c.oid = t.relation
                     AND (c.relkind IN ('r', 'p') OR c.relkind = 'f' AND t.relation <> t.root)
     WHERE t.root = t.relation OR NOT EXISTS (SELECT FROM named m WHERE m.relation = t.relation)
$$;
COMMENT ON FUNCTION custody.proof_scope(regclass[], name) IS
'the tables of a proof with their partitions and inheritance children, foreign ones too, which can be named directly, and with their parents, through which their rows are read under the policies of the parent alone (those that lack the org column: custody.proof_of_parents()); arguments as for custody.prove_isolation(); roles NULL: not protected by custody; errors: none; privilege: SELECT on custody.protection';
REVOKE EXECUTE ON FUNCTION custody.proof_scope(regclass[], name) FROM PUBLIC;

-- A superuser or a role with BYPASSRLS is no subject unless it was named: it is what the others must not become.
CREATE FUNCTION custody.proof_roles(relations regclass[], roles regrole[], org_column name)
    RETURNS TABLE (relation regclass, role oid, application boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH scope AS MATERIALIZED (
        SELECT s.* FROM custody.proof_scope(relations, org_column) s WHERE s.class <> 'exempt'
    ), free AS MATERIALIZED (
        SELECT r.oid FROM pg_roles r WHERE r.oid >= 16384 AND NOT r.rolsuper AND NOT r.rolbypassrls
    ), asked AS (
        SELECT DISTINCT n.role::oid AS oid FROM unnest(roles) AS n (role)
    ), bound AS (
        SELECT s.relation, n.role::oid AS role
          FROM scope s CROSS JOIN unnest(s.roles || s.multi_roles || s.writers) AS n (role)
         WHERE EXISTS (SELECT FROM pg_roles r WHERE r.oid = n.role::oid)
    ), granted AS MATERIALIZED (
        SELECT s.relation, a.grantee
          FROM scope s JOIN pg_class c ON c.oid = s.relation
         CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        UNION
        SELECT s.relation, a.grantee
          FROM scope s JOIN pg_attribute t ON t.attrelid = s.relation AND t.attacl IS NOT NULL
         CROSS JOIN LATERAL aclexplode(t.attacl) a
        UNION
        SELECT s.relation, r.oid FROM scope s, pg_roles r WHERE r.rolname IN ('pg_read_all_data', 'pg_write_all_data')
    ), holder AS MATERIALIZED (
        SELECT g.grantee, f.oid AS role
          FROM (SELECT DISTINCT grantee FROM granted) g, free f
         WHERE CASE WHEN g.grantee = 0 THEN true ELSE pg_has_role(f.oid, g.grantee, 'USAGE') END
    ), met AS (
        SELECT s.relation, a.oid AS role, true AS application FROM scope s, asked a
        UNION ALL
        SELECT s.relation, f.oid, false FROM scope s, asked a, free f
         WHERE f.oid <> a.oid AND custody.proof_can_become(a.oid, f.oid)
           AND custody.proof_reaches(f.oid, s.relation)
        UNION ALL
        SELECT b.relation, b.role, true FROM bound b WHERE proof_roles.roles IS NULL
        UNION ALL
        -- Who logs in and becomes a bound role can become whatever else it is a member of, too.
        SELECT b.relation, l.member, true
          FROM bound b JOIN (SELECT k.role, f.oid AS member
                               FROM (SELECT DISTINCT role FROM bound) k
                               JOIN free f ON f.oid <> k.role AND custody.proof_can_become(f.oid, k.role)
                               JOIN pg_roles r ON r.oid = f.oid AND r.rolcanlogin) l ON l.role = b.role
         WHERE proof_roles.roles IS NULL
        UNION ALL
        -- An owner is one, too, who can become what the policies bind: an application that owns its tables.
        SELECT DISTINCT s.relation, h.role, s.roles IS NULL AND h.role <> c.relowner
               OR EXISTS (SELECT FROM unnest(s.roles || s.multi_roles) AS n (role)
                           WHERE pg_has_role(h.role, n.role::oid, 'MEMBER'))
          FROM scope s JOIN pg_class c ON c.oid = s.relation
          JOIN granted g ON g.relation = s.relation JOIN holder h ON h.grantee = g.grantee
         WHERE proof_roles.roles IS NULL
    )
    SELECT m.relation, m.role, bool_or(m.application) FROM met m GROUP BY m.relation, m.role
$$;
COMMENT ON FUNCTION custody.proof_roles(regclass[], regrole[], name) IS
'the roles that a proof is about, for each table; application: bound by intention, so that it must not own tables either; arguments as for custody.prove_isolation(); errors: none; privilege: SELECT on custody.protection';
REVOKE EXECUTE ON FUNCTION custody.proof_roles(regclass[], regrole[], name) FROM PUBLIC;

CREATE FUNCTION custody.proof_views(relations regclass[], roles oid[])
    RETURNS TABLE (role oid, view regclass, relation regclass, acting oid, by_matview boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE reads (view, relation) AS MATERIALIZED (
        SELECT DISTINCT w.ev_class, d.refobjid
          FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
         WHERE v.oid >= 16384
    ), above (view) AS (
        SELECT r.view FROM reads r WHERE r.relation = ANY (relations)
        UNION
        SELECT r.view FROM above a JOIN reads r ON r.relation = a.view
    ), kind AS MATERIALIZED (
        SELECT v.oid, v.relowner, v.relnamespace, v.relkind = 'm' AS matview,
               EXISTS (SELECT FROM pg_options_to_table(v.reloptions) o
                        WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker
          FROM above a JOIN pg_class v ON v.oid = a.view
    ), path (role, top, view, acting, by_matview) AS (
        SELECT r.role, k.oid, k.oid, CASE WHEN k.invoker THEN r.role ELSE k.relowner END, k.matview
          FROM kind k CROSS JOIN unnest(roles) AS r (role)
         WHERE has_any_column_privilege(r.role, k.oid, 'SELECT, INSERT, UPDATE')
            OR has_table_privilege(r.role, k.oid, 'DELETE')
        UNION
        SELECT p.role, p.top, k.oid, CASE WHEN k.invoker THEN p.role ELSE k.relowner END,
               p.by_matview OR k.matview
          FROM path p JOIN reads r ON r.view = p.view JOIN kind k ON k.oid = r.relation
    )
    SELECT DISTINCT p.role, p.top::regclass, r.relation::regclass, p.acting, p.by_matview
      FROM path p JOIN reads r ON r.view = p.view
     WHERE r.relation = ANY (relations) AND (p.by_matview OR p.acting <> p.role)
$$;
COMMENT ON FUNCTION custody.proof_views(regclass[], oid[]) IS
'views and materialized views through which roles reach these tables as somebody else (acting: as whom), also through other views; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_views(regclass[], oid[]) FROM PUBLIC;
