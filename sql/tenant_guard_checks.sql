-- What the guard looks for in the catalogs: everything that would undo the protection of a table, as
-- findings of one shape. A check names the relations that it was asked about, or (NULL) looks at all.

CREATE VIEW custody.guard_relation AS
WITH RECURSIVE tree (relation, root) AS (
    SELECT p.relation::oid, p.relation::oid FROM custody.protection p WHERE p.class <> 'exempt'
    UNION
    SELECT i.inhrelid, t.root FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
     WHERE NOT EXISTS (SELECT FROM custody.protection p WHERE p.relation = i.inhrelid)
)
SELECT t.relation, t.root FROM tree t JOIN pg_class c ON c.oid = t.relation;
COMMENT ON VIEW custody.guard_relation IS
'protected tables, and the partitions and inheritance children for which they stand';
COMMENT ON COLUMN custody.guard_relation.relation IS 'the table, partition or child';
COMMENT ON COLUMN custody.guard_relation.root IS 'the table of custody.protection, itself included';

-- A member that is a superuser, bypasses row security or owns protected tables is not bound by
-- anything; that it is a member is a finding of custody.check_guard().
CREATE VIEW custody.guard_bound AS
WITH RECURSIVE bound (relation, role) AS (
    SELECT p.relation::oid, r.role::oid
      FROM custody.protection p CROSS JOIN unnest(p.roles || p.multi_roles) AS r (role)
     WHERE p.class <> 'exempt'
    UNION
    SELECT b.relation, m.member FROM bound b
      JOIN pg_auth_members m ON m.roleid = b.role
      JOIN pg_roles r ON r.oid = m.member AND NOT r.rolsuper AND NOT r.rolbypassrls
     WHERE NOT EXISTS (SELECT FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
                        WHERE c.relowner = m.member)
)
SELECT b.relation, r.oid AS role, r.rolname FROM bound b JOIN pg_roles r ON r.oid = b.role;
COMMENT ON VIEW custody.guard_bound IS 'roles that the policies of a protected table bind, and their members';
COMMENT ON COLUMN custody.guard_bound.relation IS 'the protected table';
COMMENT ON COLUMN custody.guard_bound.role IS 'OID of the role';
COMMENT ON COLUMN custody.guard_bound.rolname IS 'its name';
REVOKE ALL ON custody.guard_relation, custody.guard_bound FROM PUBLIC;

CREATE FUNCTION custody.guard_mode() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT s.value FROM custody.isolation_setting s WHERE s.name = 'guard'), 'off')
$$;
COMMENT ON FUNCTION custody.guard_mode() IS
'refuse, report or off, as custody.set_guard() left it; errors: none; privilege: SELECT on custody.isolation_setting';

CREATE FUNCTION custody.guard_binds(role name) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM custody.guard_bound b WHERE b.rolname = guard_binds.role)
$$;
COMMENT ON FUNCTION custody.guard_binds(name) IS
'true when policies of a protected table bind the role; errors: none; privilege: SELECT on custody.guard_bound';

-- Rows of a catalog that this transaction wrote have its number, or the number of one of its
-- subtransactions, which is higher: age(xmin) <= 0. That finds what event triggers do not name: the
-- objects of a GRANT, a detached partition, REASSIGN OWNED. (It may find more: transactions that
-- began later and committed, and rows older than 2^31 transactions.)
CREATE FUNCTION custody.guard_touched(more oid[] DEFAULT '{}') RETURNS oid[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE named (oid) AS (
        SELECT c.oid FROM pg_class c
         WHERE age(c.xmin) <= 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL SELECT p.polrelid FROM pg_policy p WHERE age(p.xmin) <= 0
        UNION ALL SELECT w.ev_class FROM pg_rewrite w WHERE age(w.xmin) <= 0
        UNION ALL SELECT t.tgrelid FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
                   WHERE NOT t.tgisinternal AND (age(t.xmin) <= 0 OR age(f.xmin) <= 0)
        UNION ALL SELECT d.adrelid FROM pg_attrdef d WHERE age(d.xmin) <= 0
        UNION ALL SELECT unnest(ARRAY[i.inhrelid, i.inhparent]) FROM pg_inherits i WHERE age(i.xmin) <= 0
        UNION ALL SELECT a.attrelid FROM custody.guard_relation g
                    JOIN pg_attribute a ON a.attrelid = g.relation AND age(a.xmin) <= 0
        UNION ALL SELECT a.attrelid FROM pg_class v
                    JOIN pg_attribute a ON a.attrelid = v.oid AND age(a.xmin) <= 0
                   WHERE v.relkind IN ('v', 'm') AND v.oid >= 16384
        UNION ALL SELECT p.relation FROM custody.protection p WHERE age(p.xmin) <= 0
        UNION ALL SELECT c.oid FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
                   WHERE age(n.xmin) <= 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL SELECT unnest(more)
    ), below (oid) AS (
        SELECT oid FROM named
        UNION
        SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid
    ), above (oid) AS (
        SELECT oid FROM below
        UNION
        SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.oid
    )
    SELECT coalesce(array_agg(oid), '{}') FROM above
$$;
COMMENT ON FUNCTION custody.guard_touched(oid[]) IS
'relations of which this transaction wrote a catalog row, with their parents and children; argument: more of them; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_table_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'unprotected', c.oid::regclass::text,
           format('is in schema %I, which has protected tables, and is not protected', n.nspname),
           format('SELECT * FROM custody.protect(%L, ...) in the same transaction, with class ''exempt'' and a reason where it holds nothing of an organization', c.oid::regclass)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
       AND (touched IS NULL OR c.oid = ANY (touched))
       AND c.relnamespace IN (SELECT k.relnamespace FROM custody.protection p
                                JOIN pg_class k ON k.oid = p.relation)
       AND NOT EXISTS (SELECT FROM custody.protection p WHERE p.relation = c.oid)
       AND NOT EXISTS (SELECT FROM custody.guard_relation g WHERE g.relation = c.oid)
       -- An extension's tables hold what the extension needs; no policy of ours would survive its update.
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                                 AND d.deptype = 'e')
    UNION ALL
    SELECT 'row-security', p.relation::text,
           concat_ws(' and ', CASE WHEN NOT c.relrowsecurity THEN 'row security is disabled' END,
                              CASE WHEN NOT c.relforcerowsecurity THEN 'row security is not forced' END),
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p.relation)
      FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
     WHERE p.class <> 'exempt' AND (touched IS NULL OR c.oid = ANY (touched))
       AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    UNION ALL
    SELECT 'owner', p.relation::text,
           format('its owner is %I, which role %I is or can become', pg_get_userbyid(c.relowner), b.rolname),
           format('ALTER TABLE %s OWNER TO a role without login that no application role is a member of', p.relation)
      FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
     CROSS JOIN unnest(p.roles || p.multi_roles) AS n (role)
      JOIN pg_roles b ON b.oid = n.role AND NOT b.rolsuper
     WHERE p.class <> 'exempt' AND (touched IS NULL OR c.oid = ANY (touched))
       AND pg_has_role(b.oid, c.relowner, 'MEMBER')
    UNION ALL
    SELECT 'partition', g.relation::regclass::text,
           format('role %I can reach it past %s, and it has no row security of its own',
                  b.rolname, g.root::regclass),
           format('REVOKE ALL ON %s FROM %I, or give it the policies of %s', g.relation::regclass,
                  b.rolname, g.root::regclass)
      FROM custody.guard_relation g JOIN pg_class c ON c.oid = g.relation
      JOIN custody.protection p ON p.relation = g.root AND p.class <> 'shared'
     CROSS JOIN LATERAL (SELECT min(b.rolname::text) FROM custody.guard_bound b
                          WHERE b.relation = g.root
                            AND (has_any_column_privilege(b.role, g.relation, 'SELECT, INSERT, UPDATE')
                                 OR has_table_privilege(b.role, g.relation, 'DELETE'))) AS b (rolname)
     WHERE g.relation <> g.root AND b.rolname IS NOT NULL
       AND (touched IS NULL OR g.relation = ANY (touched))
       AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
$$;
COMMENT ON FUNCTION custody.guard_table_findings(oid[]) IS
'findings about tables: unprotected, row-security, owner, partition; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_column_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'org-column', format('%s.%I', o.relation, o.org_column), o.seen,
           CASE WHEN o.number IS NULL
                THEN format('custody.unprotect(%L), then custody.protect() with the column that has the organization now', o.relation)
                ELSE format('ALTER TABLE %s ALTER COLUMN %I back as it was; custody.protect(%L, ..., dry_run => true) shows it',
                            o.relation, o.org_column, o.relation) END
      FROM (SELECT p.relation, p.org_column, a.attnum AS number,
                   CASE WHEN a.attnum IS NULL THEN 'the column does not exist'
                        WHEN NOT a.attnotnull THEN 'it may be NULL'
                        WHEN k.problem IS NOT NULL THEN k.problem
                        WHEN d.expression !~ '^[(]*custody[.]current_org_(uuid|bigint|text)[(][)][): a-z]*$'
                         AND p.class NOT IN ('root', 'member')
                        THEN format('its default is %s, not the context''s organization', d.expression)
                        WHEN d.expression IS NULL
                         AND p.made @> '[{"action": "set default"}]'
                        THEN 'its default was dropped' END AS seen
              FROM custody.protection p JOIN pg_class c ON c.oid = p.relation
              LEFT JOIN pg_attribute a ON a.attrelid = p.relation AND a.attname = p.org_column
                                      AND NOT a.attisdropped
              LEFT JOIN LATERAL custody.org_column_kind(a.atttypid, a.attcollation) k ON a.attnum IS NOT NULL
              LEFT JOIN LATERAL (SELECT pg_get_expr(e.adbin, e.adrelid) AS expression FROM pg_attrdef e
                                  WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
                                    AND a.attgenerated = '') d ON true
             WHERE p.class NOT IN ('exempt', 'shared')
               AND (touched IS NULL OR p.relation = ANY (touched))) o
     WHERE o.seen IS NOT NULL
$$;
COMMENT ON FUNCTION custody.guard_column_findings(oid[]) IS
'findings about org columns that are missing, nullable, of a type or collation that makes two organizations one, or with another default; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';

CREATE FUNCTION custody.guard_privilege_findings(touched oid[])
    RETURNS TABLE (code text, object text, seen text, remedy text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'privilege', g.relation::regclass::text,
           format('role %I has %s on it, which no policy restricts', min(b.rolname::text), k.privileges),
           format('REVOKE %s ON %s FROM %I, and from PUBLIC and the roles from which it comes',
                  k.privileges, g.relation::regclass, min(b.rolname::text))
      FROM custody.guard_relation g JOIN pg_class c ON c.oid = g.relation
      JOIN custody.guard_bound b ON b.relation = g.root
     CROSS JOIN LATERAL (SELECT string_agg(v.privilege, ', ')
                           FROM (VALUES ('TRUNCATE'), ('TRIGGER'), ('REFERENCES')) AS v (privilege)
                          WHERE has_table_privilege(b.role, g.relation, v.privilege)) AS k (privileges)
     WHERE (touched IS NULL OR g.relation = ANY (touched)) AND k.privileges IS NOT NULL
       AND NOT pg_has_role(b.role, c.relowner, 'USAGE')
     GROUP BY g.relation, k.privileges
    UNION ALL
    SELECT 'default-privilege', coalesce(quote_ident(n.nspname), 'every schema'),
           format('new tables of %I will give %s to %s', pg_get_userbyid(d.defaclrole),
                  string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), g.grantee),
           format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %sREVOKE %s ON TABLES FROM %s',
                  pg_get_userbyid(d.defaclrole),
                  CASE WHEN n.oid IS NOT NULL THEN format('IN SCHEMA %I ', n.nspname) END,
                  string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), g.grantee)
      FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) x
     CROSS JOIN LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC'
                                     ELSE quote_ident(pg_get_userbyid(x.grantee)) END) AS g (grantee)
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     WHERE d.defaclobjtype = 'r' AND x.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
       AND (touched IS NULL OR age(d.xmin) <= 0)
       AND (d.defaclnamespace = 0
            OR d.defaclnamespace IN (SELECT k.relnamespace FROM custody.protection p
                                       JOIN pg_class k ON k.oid = p.relation))
       AND (x.grantee = 0 OR x.grantee IN (SELECT role FROM custody.guard_bound))
     GROUP BY d.oid, d.defaclrole, n.oid, n.nspname, g.grantee
    UNION ALL
    SELECT 'context', p.oid::regprocedure::text,
           format('role %I may execute it, and so choose its organization itself', min(b.rolname::text)),
           format('REVOKE EXECUTE ON FUNCTION %s FROM %I, and from PUBLIC and the roles from which it comes',
                  p.oid::regprocedure, min(b.rolname::text))
      FROM pg_proc p CROSS JOIN custody.guard_bound b
     WHERE p.pronamespace = 'custody'::regnamespace
       AND p.proname IN ('set_context', 'set_context_orgs', 'declare_break_glass', 'enter_break_glass')
       AND (touched IS NULL OR age(p.xmin) <= 0)
       AND has_function_privilege(b.role, p.oid, 'EXECUTE')
     GROUP BY p.oid
$$;
COMMENT ON FUNCTION custody.guard_privilege_findings(oid[]) IS
'findings about what bound roles may do past all policies: TRUNCATE, TRIGGER, REFERENCES, default privileges that will give them, and functions that set a context without proof; argument: relations to look at, NULL = all; errors: none; privilege: SELECT on the state of isolation';
