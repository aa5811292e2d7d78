-- Privileges that go past row security, and switching it on.

-- Who holds one of them: the bound roles themselves, and PUBLIC, lose it. What a role has through
-- another one, or from another grantor than the owner, is named and left to the caller.
CREATE FUNCTION custody.unbound_privileges(member regclass, bound regrole[])
    RETURNS TABLE (grantee oid, privileges text, grantable bool, ours bool, foreign_grant bool)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH given AS (
        SELECT g.grantee, g.grantor <> c.relowner AS foreign_grant, g.privilege_type AS privilege, g.is_grantable
          FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g
         WHERE c.oid = member AND g.grantee <> c.relowner
        UNION ALL
        SELECT g.grantee, g.grantor <> c.relowner,
               format('%s (%s)', g.privilege_type, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)),
               g.is_grantable
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
         CROSS JOIN LATERAL aclexplode(a.attacl) g
         WHERE c.oid = member AND g.grantee <> c.relowner
         GROUP BY g.grantee, g.grantor <> c.relowner, g.privilege_type, g.is_grantable)
    SELECT g.grantee, string_agg(g.privilege, ', ' ORDER BY g.privilege), g.is_grantable,
           g.grantee = 0 OR g.grantee = ANY (bound::oid[]), g.foreign_grant
      FROM given g
     -- A foreign table has no row security that any privilege would be held by.
     WHERE (g.privilege ~ '^(TRUNCATE|TRIGGER|REFERENCES)'
            OR EXISTS (SELECT FROM pg_class c WHERE c.oid = member AND c.relkind = 'f'))
       AND (g.grantee = 0 OR EXISTS (SELECT FROM unnest(bound) b WHERE pg_has_role(b, g.grantee, 'USAGE')))
     GROUP BY g.grantee, g.is_grantable, g.foreign_grant
     ORDER BY g.grantee <> 0, g.grantee::regrole::text
$$;
COMMENT ON FUNCTION custody.unbound_privileges(regclass, regrole[]) IS
'TRUNCATE, TRIGGER and REFERENCES that the bound roles have on a table or its columns, on a foreign table all privileges: who was granted them (0 = PUBLIC), with grant option, whether the grantee is one of the roles or PUBLIC, and whether another role than the owner granted them; privilege: EXECUTE';

CREATE FUNCTION custody.revoke_steps(subject custody.protect_subject) RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT t.member, t.kind, u.*, CASE u.grantee WHEN 0 THEN 'PUBLIC' ELSE u.grantee::regrole::text END AS name
                 FROM custody.table_tree(subject.relation) t
                CROSS JOIN LATERAL custody.unbound_privileges(t.member, custody.bound_roles(subject)) u LOOP
        IF one.foreign_grant THEN
            RETURN NEXT custody.protect_step(subject, 'warning', NULL, NULL, format(
                '%s has %s on %s from another grantor than the owner: revoke it as that role',
                one.name, one.privileges, one.member));
        ELSIF NOT one.ours THEN
            RETURN NEXT custody.protect_step(subject, 'warning', NULL, NULL, format(
                'the bound roles have %s on %s through %s: revoke it there, or bind that role, too',
                one.privileges, one.member, one.name));
        ELSE
            RETURN NEXT custody.protect_step(subject, 'revoke',
                format('REVOKE %s ON %s FROM %s', one.privileges, one.member, one.name),
                format('GRANT %s ON %s TO %s%s', one.privileges, one.member, one.name,
                       CASE WHEN one.grantable THEN ' WITH GRANT OPTION' ELSE '' END),
                CASE one.kind WHEN 'f' THEN 'a foreign table cannot have row security: only its root may be read' END);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.revoke_steps(custody.protect_subject) IS
'the steps that take TRUNCATE, TRIGGER and REFERENCES from the bound roles, on each partition, too, and everything on one that is a foreign table; privilege: EXECUTE';

CREATE FUNCTION custody.security_steps(subject custody.protect_subject) RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.*
      FROM custody.table_tree((subject).relation) t
      JOIN pg_class c ON c.oid = t.member
     CROSS JOIN LATERAL (
           SELECT 1 AS place, p.* FROM custody.protect_step(subject, 'enable row security',
               format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.member),
               format('ALTER TABLE IF EXISTS %s DISABLE ROW LEVEL SECURITY', t.member)) p
            WHERE NOT c.relrowsecurity AND t.kind IN ('r', 'p')
           UNION ALL
           SELECT 2, p.* FROM custody.protect_step(subject, 'force row security',
               format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.member),
               format('ALTER TABLE IF EXISTS %s NO FORCE ROW LEVEL SECURITY', t.member)) p
            WHERE NOT c.relforcerowsecurity AND t.kind IN ('r', 'p')) w
     CROSS JOIN LATERAL custody.protect_step(subject, w.action, w.sql, w.undo) s
     ORDER BY t.level DESC, t.member::text, w.place
$$;
COMMENT ON FUNCTION custody.security_steps(custody.protect_subject) IS
'the steps that enable and force row security, partitions first; privilege: EXECUTE';

CREATE FUNCTION custody.usage_steps(subject custody.protect_subject) RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.*
      FROM unnest(custody.bound_roles(subject)) r
     CROSS JOIN LATERAL custody.protect_step(subject, 'grant',
           format('GRANT USAGE ON SCHEMA custody TO %s', r),
           format('REVOKE USAGE ON SCHEMA custody FROM %s', r)) s
     WHERE NOT has_schema_privilege(r, 'custody', 'USAGE')
$$;
COMMENT ON FUNCTION custody.usage_steps(custody.protect_subject) IS
'the steps that let the bound roles call what enters a context; privilege: EXECUTE';
