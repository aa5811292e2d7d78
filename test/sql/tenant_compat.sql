-- Shims for a database from Supabase or Neon: made once, removable, and reading the verified context.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT kind, name, action FROM custody.install_supabase_compat(dry_run => true);
SELECT count(*) FROM pg_namespace WHERE nspname IN ('auth', 'storage', 'extensions');
SELECT action, count(*) FROM custody.install_supabase_compat() GROUP BY 1;
-- Again: nothing is made twice.
SELECT action, count(*) FROM custody.install_supabase_compat() GROUP BY 1;
SELECT rolname, rolcanlogin, rolinherit, rolbypassrls, rolsuper FROM pg_roles
 WHERE rolname IN ('anon', 'authenticated', 'service_role', 'authenticator') ORDER BY 1;
SELECT count(*) AS with_password FROM pg_authid
 WHERE rolname IN ('anon', 'authenticated', 'service_role', 'authenticator') AND rolpassword IS NOT NULL;
SELECT roleid::regrole FROM pg_auth_members WHERE member = 'authenticator'::regrole ORDER BY roleid::regrole::text;
SELECT pubname, puballtables FROM pg_publication;
SELECT count(*) AS members_of_the_extension FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
   AND p.pronamespace IN ('auth'::regnamespace, 'storage'::regnamespace);

-- Without a context: NULL, never an error, and never what anybody can set.
SET request.jwt.claims = '{"sub": "22222222-2222-2222-2222-222222222222", "role": "service_role", "o": {"id": "22222222-2222-2222-2222-222222222222"}}';
SET request.jwt.claim.sub = '22222222-2222-2222-2222-222222222222';
SET request.jwt.claim.role = 'service_role';
SET request.jwt.claim = '{"sub": "22222222-2222-2222-2222-222222222222"}';
SET storage.operation = 'storage.object.list';
SELECT auth.uid(), auth.jwt(), auth.role(), auth.email(), auth.user_id(), auth.session(),
       auth.organization(), auth.organization_id(), storage.operation();
-- With one, as a role that has no rights on schema custody.
BEGIN;
SELECT custody.set_context('11111111-1111-1111-1111-111111111111'::uuid, '33333333-3333-3333-3333-333333333333',
    'editor', claims => '{"role": "authenticated", "email": "a@example.org", "o": {"id": "11111111-1111-1111-1111-111111111111", "rol": "admin"}}');
SET LOCAL ROLE authenticated;
SELECT has_schema_privilege('custody', 'USAGE');
SELECT auth.uid(), auth.role(), auth.email(), auth.user_id(), auth.organization(), auth.organization_id(),
       auth.jwt() = auth.session() AS same, storage.operation();
COMMIT;
SELECT auth.uid();
-- No claims: the user and the role of the context; an org that is no uuid; a user that is none.
BEGIN;
SELECT custody.set_context('org_1'::text, 'user_2', 'editor', claims => '{"o": {"id": "org_2b"}}');
SELECT auth.role(), auth.user_id(), auth.organization_id();
SELECT auth.uid();
ROLLBACK;
-- They may be inlined, so that policies with them cost what the accessors cost.
EXPLAIN (VERBOSE, COSTS OFF) SELECT auth.uid(), auth.jwt() ->> 'org_id';
SELECT proname, provolatile, proparallel, prosecdef FROM pg_proc
 WHERE pronamespace IN ('auth'::regnamespace, 'storage'::regnamespace) ORDER BY 1;

SELECT name, storage.foldername(name), storage.filename(name), storage.extension(name)
  FROM unnest(ARRAY['a/b/photo.tar.gz', 'photo.png', 'a/none', '/', '', NULL]) AS name;

-- The settings of a request are believed only where an administrator said so, and after the context.
SELECT custody.trust_request_settings(true);
SELECT auth.uid(), auth.role(), auth.jwt() ->> 'sub' AS sub, auth.user_id(), storage.operation();
BEGIN;
SELECT custody.set_context('11111111-1111-1111-1111-111111111111'::uuid, '33333333-3333-3333-3333-333333333333',
    claims => '{"role": "authenticated"}');
SELECT auth.uid(), auth.role(), auth.jwt();
COMMIT;
-- A context without claims and role is one, and so is one that has expired.
BEGIN;
SELECT custody.set_context('11111111-1111-1111-1111-111111111111'::uuid, NULL);
SELECT auth.uid(), auth.role(), auth.jwt(), auth.user_id();
SELECT custody.set_context('11111111-1111-1111-1111-111111111111'::uuid, 'u', expires => clock_timestamp() + interval '0.2 s');
SELECT pg_sleep(0.3);
SELECT auth.uid(), auth.role(), auth.jwt(), auth.user_id();
COMMIT;
SELECT custody.trust_request_settings(false);
SELECT auth.uid(), auth.role(), auth.jwt();

-- What somebody changed, or needs, is kept; the rest goes, and goes in a second call.
CREATE OR REPLACE FUNCTION auth.email() RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$;
CREATE VIEW regress_compat_view AS SELECT storage.filename('a/b');
SELECT kind, name, action FROM custody.install_supabase_compat() WHERE action <> 'keep';
SELECT kind, name, action FROM custody.remove_supabase_compat(dry_run => true) WHERE action <> 'drop';
SELECT kind, name, action FROM custody.remove_supabase_compat() WHERE action <> 'drop';
SELECT auth.email();
DROP VIEW regress_compat_view;
DROP FUNCTION auth.email();
SELECT kind, name, action FROM custody.remove_supabase_compat();
SELECT count(*) FROM custody.compat_object;

-- What is there already stays as it is, is not replaced and not removed.
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS $$ SELECT '44444444-4444-4444-4444-444444444444'::uuid $$;
CREATE ROLE anon NOLOGIN CONNECTION LIMIT 3;
SELECT kind, name FROM custody.install_supabase_compat() WHERE action = 'skip';
SELECT auth.uid();
SELECT kind, name FROM custody.remove_supabase_compat() WHERE action <> 'drop';
SELECT auth.uid(), (SELECT rolconnlimit FROM pg_roles WHERE rolname = 'anon');
DROP SCHEMA auth CASCADE;
DROP ROLE anon;
-- A role that bypasses row security only on request, and then out of reach of who logs in.
SELECT action, count(*) FROM custody.install_supabase_compat(bypass => true) GROUP BY 1;
SELECT rolbypassrls, pg_has_role('authenticator', oid, 'MEMBER') FROM pg_roles WHERE rolname = 'service_role';
SELECT action, count(*) FROM custody.remove_supabase_compat() GROUP BY 1;
DELETE FROM custody.isolation_setting WHERE name = 'trust_request_settings';
-- Not for everybody.
CREATE ROLE regress_compat_user;
GRANT USAGE ON SCHEMA custody TO regress_compat_user;
SET ROLE regress_compat_user;
SELECT custody.install_supabase_compat();
SELECT custody.remove_supabase_compat();
SELECT custody.trust_request_settings(true);
RESET ROLE;
DROP OWNED BY regress_compat_user;
DROP ROLE regress_compat_user;
-- No operator is looked up by the caller's search_path.
SELECT signature FROM custody.compat_functions(true)
 WHERE regexp_replace(definition, 'OPERATOR[(]pg_catalog[.][-<>~]+[)]|''[^'']*''', '', 'g') ~ '[-~<>|=#@]';
