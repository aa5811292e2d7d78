-- What a proof of isolation has to say besides the policies' expressions.

CREATE FUNCTION custody.proof_of_privileges(relations regclass[], roles oid[])
    RETURNS TABLE (relation regclass, role oid, command text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.relation, s.role, p.name,
           CASE p.name
               WHEN 'TRUNCATE' THEN 'TRUNCATE is not subject to row security: the role can empty the table of all organizations'
               WHEN 'TRIGGER' THEN 'a trigger that the role makes runs for the rows of whoever writes'
               ELSE 'a foreign key that the role makes tells which keys of other organizations exist'
           END
      FROM unnest(relations, roles) AS s (relation, role)
     CROSS JOIN (VALUES ('TRUNCATE'), ('TRIGGER'), ('REFERENCES')) AS p (name)
     WHERE has_table_privilege(s.role, s.relation, p.name)
        OR p.name = 'REFERENCES' AND has_any_column_privilege(s.role, s.relation, p.name)
$$;
COMMENT ON FUNCTION custody.proof_of_privileges(regclass[], oid[]) IS
'privileges that pass by row security, for pairs of table and role (arrays of one length); errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_privileges(regclass[], oid[]) FROM PUBLIC;

CREATE FUNCTION custody.proof_of_owners(relations regclass[], roles oid[], application boolean[])
    RETURNS TABLE (role oid, object text, verdict text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH owned AS (
        SELECT c.relowner AS owner, count(*) AS tables, count(*) FILTER (WHERE NOT c.relforcerowsecurity) AS unforced
          FROM (SELECT DISTINCT unnest(relations)) AS r (oid) JOIN pg_class c ON c.oid = r.oid
         GROUP BY c.relowner
    ), subject AS (
        SELECT s.role, bool_or(s.application) AS application
          FROM unnest(roles, application) AS s (role, application) GROUP BY s.role
    )
    SELECT s.role, format('role %I', o.rolname), 'unproven',
           format('the role %s, who owns %s of the tables and can turn their row security off; give them an owner that cannot log in and that nobody who does can become',
                  CASE WHEN s.role = w.owner THEN 'is the one' ELSE 'can become ' || quote_ident(o.rolname) END, w.tables)
      FROM subject s JOIN owned w ON custody.proof_can_become(s.role, w.owner)
      JOIN pg_roles o ON o.oid = w.owner AND NOT o.rolsuper AND NOT o.rolbypassrls
      JOIN pg_roles r ON r.oid = s.role AND NOT r.rolsuper
     WHERE s.application OR s.role <> w.owner
    UNION ALL
    SELECT w.owner, format('role %I', o.rolname), 'proven',
           format('row security is not forced on the owner of %s of the tables, but no role that can log in can become it', w.unforced)
      FROM owned w JOIN pg_roles o ON o.oid = w.owner AND NOT o.rolsuper AND NOT o.rolbypassrls
     WHERE w.unforced > 0 AND NOT custody.proof_is_reachable(w.owner)
$$;
COMMENT ON FUNCTION custody.proof_of_owners(regclass[], oid[], boolean[]) IS
'roles that own the tables or can become who does, and owners that row security does not bind; arguments: tables, and roles with whether they are applications; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_owners(regclass[], oid[], boolean[]) FROM PUBLIC;

-- An application that logs in as one of these has no row security until it becomes the role, and after RESET ROLE.
CREATE FUNCTION custody.proof_of_unbound_logins(roles oid[])
    RETURNS TABLE (role oid, object text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- By the catalog: pg_has_role() says yes to everything for a superuser.
    WITH RECURSIVE member (role, bound) AS (
        SELECT m.member, m.roleid FROM pg_auth_members m WHERE m.roleid = ANY (roles)
        UNION
        SELECT m.member, b.bound FROM member b JOIN pg_auth_members m ON m.roleid = b.role
    )
    SELECT r.oid, format('role %I', r.rolname),
           format('the role %s and can log in, and is a member of %s, which the policies bind',
                  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END,
                  string_agg(quote_ident(b.rolname), ', ' ORDER BY b.rolname))
      FROM member m JOIN pg_roles r ON r.oid = m.role AND r.rolcanlogin AND (r.rolsuper OR r.rolbypassrls)
      JOIN pg_roles b ON b.oid = m.bound
     GROUP BY r.oid, r.rolname, r.rolsuper
$$;
COMMENT ON FUNCTION custody.proof_of_unbound_logins(oid[]) IS
'superusers and roles with BYPASSRLS that can log in and were made members of one of these roles, directly or not; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_unbound_logins(oid[]) FROM PUBLIC;

CREATE FUNCTION custody.proof_of_policy_functions(relations regclass[])
    RETURNS TABLE (relation regclass, object text, reason text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH calls AS MATERIALIZED (
        SELECT p.polrelid, d.refobjid AS function
          FROM pg_policy p
          JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
         WHERE p.polrelid = ANY (relations)
    ), function AS MATERIALIZED (
        SELECT f.oid, f.provolatile
          FROM (SELECT DISTINCT c.function FROM calls c WHERE c.function >= 16384) c JOIN pg_proc f ON f.oid = c.function
         WHERE f.provolatile = 'v' OR f.provolatile = 'i' AND f.pronargs = 0
    )
    SELECT DISTINCT c.polrelid::regclass, f.oid::regprocedure::text,
           CASE f.provolatile
               WHEN 'i' THEN 'IMMUTABLE: its value is kept in plans, also for the organization that comes next'
               ELSE 'VOLATILE: it may tell something else for each row, and no index is used'
           END
      FROM calls c JOIN function f ON f.oid = c.function
$$;
COMMENT ON FUNCTION custody.proof_of_policy_functions(regclass[]) IS
'functions in policies of these tables that may not be what they look like: VOLATILE ones, and IMMUTABLE ones without arguments; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_policy_functions(regclass[]) FROM PUBLIC;

CREATE FUNCTION custody.proof_of_parents(relations regclass[], org_columns name[])
    RETURNS TABLE (relation regclass, parent regclass)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE above (relation, org_column, parent) AS (
        SELECT n.relation, n.org_column, i.inhparent
          FROM unnest(relations, org_columns) AS n (relation, org_column)
          JOIN pg_inherits i ON i.inhrelid = n.relation
         WHERE n.org_column IS NOT NULL
        UNION
        SELECT a.relation, a.org_column, i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.parent
    )
    SELECT a.relation, a.parent::regclass FROM above a WHERE NOT custody.proof_has_column(a.parent, a.org_column)
$$;
COMMENT ON FUNCTION custody.proof_of_parents(regclass[], name[]) IS
'parents of these tables, by inheritance, that lack the org column (arrays of one length), so that no policy of theirs can be proven; errors: none; privilege: EXECUTE';
REVOKE EXECUTE ON FUNCTION custody.proof_of_parents(regclass[], name[]) FROM PUBLIC;
