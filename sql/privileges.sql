-- The last words of the installation: nobody has a privilege on what it made but those to whom it gave one.
-- ALTER DEFAULT PRIVILEGES of whoever installs may have given some to others: rights to write the ledger's notes,
-- the keys of tokens, and the state.

DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT o.kind, o.name, r.rolname, string_agg(DISTINCT a.privilege_type, ', ') AS privileges
          FROM (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name,
                       c.relacl AS acl, c.relowner AS owner
                  FROM pg_class c WHERE c.relnamespace = 'custody'::regnamespace AND c.relkind IN ('r', 'v', 'S')
                UNION ALL SELECT 'ROUTINE', p.oid::regprocedure::text, p.proacl, p.proowner
                  FROM pg_proc p WHERE p.pronamespace = 'custody'::regnamespace
                UNION ALL SELECT 'TYPE', format('custody.%I', t.typname), t.typacl, t.typowner
                  FROM pg_type t WHERE t.typnamespace = 'custody'::regnamespace AND t.typacl IS NOT NULL
                UNION ALL SELECT 'SCHEMA', n.nspname, n.nspacl, n.nspowner
                  FROM pg_namespace n WHERE n.nspname = 'custody') o
         CROSS JOIN LATERAL aclexplode(o.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
         WHERE a.grantee <> o.owner AND CASE WHEN a.grantee <> 0 THEN r.rolname NOT IN (SELECT name FROM custody.role WHERE made)
                                             -- Some views are for everybody to read.
                                             ELSE o.kind = 'SEQUENCE' OR o.kind = 'TABLE' AND a.privilege_type <> 'SELECT' END
         GROUP BY o.kind, o.name, r.rolname
    LOOP
        EXECUTE format('REVOKE %s ON %s %s FROM %s', CASE WHEN given.rolname IS NULL THEN given.privileges ELSE 'ALL' END,
                       given.kind, given.name, coalesce(quote_ident(given.rolname), 'PUBLIC'));
    END LOOP;
END
$$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM custody.default_privilege) THEN
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
    END IF;
END
$$;
DROP TABLE custody.default_privilege;
