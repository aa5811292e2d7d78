-- From the schema as it came to one that is protected. A superuser runs it before the application does; it
-- may be run again. For a database in use see "Locks, and large tables" in docs/isolation.md. Nothing here
-- is believed to have worked: gate.sql finds out.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

\echo '=== What is there: tables and what they are to organizations, policies, names of the old platform'
SELECT relation, class, org_column, parent, note FROM custody.classify_schema('public', 'org_id');
SELECT table_name, policy, command, verdict, replacement, note FROM custody.judge_policies(costs => false)
 WHERE policy NOT LIKE 'custody\_%';
SELECT kind, object, place, excerpt FROM custody.find_references('supabase|realtime');

-- Rows of nobody stop protect_schema(): only you know whose they are. Here they go; or give them an
-- organization.
\echo '=== Orphans'
BEGIN;
CREATE TEMP TABLE orphan ON COMMIT DROP AS
    SELECT t.id FROM public.tasks t LEFT JOIN public.projects p ON p.id = t.project_id WHERE p.org_id IS NULL;
DELETE FROM public.comments WHERE task_id IN (SELECT id FROM orphan);
DELETE FROM public.tasks WHERE id IN (SELECT id FROM orphan) RETURNING id, title;
DELETE FROM public.projects WHERE org_id IS NULL RETURNING id, name;
COMMIT;

-- The rest is what the dry run below would name as warnings and notes.
--
-- Who owns a table can switch its row security off: the application owns none, and makes none.
ALTER TABLE public.invoices OWNER TO app_owner;
ALTER SCHEMA public OWNER TO app_owner;
ALTER SCHEMA auth OWNER TO app_owner;
ALTER SCHEMA storage OWNER TO app_owner;
REVOKE CREATE ON SCHEMA public FROM backend;
-- A view reads as its owner, a SECURITY DEFINER function runs as its: neither is bound by policies for
-- the application. One that has to stay, an event's trigger say, can be called by nobody.
ALTER VIEW public.project_overview SET (security_invoker = on);            -- from 15 on
ALTER FUNCTION public.search_tasks(text) SECURITY INVOKER SET search_path = public, pg_temp;
ALTER FUNCTION public.handle_new_user() SET search_path = pg_catalog, pg_temp;
REVOKE EXECUTE ON FUNCTION public.handle_new_user() FROM PUBLIC;
-- TRUNCATE, TRIGGER and REFERENCES know no row security; protect_schema() revokes them on what is there.
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner IN SCHEMA public
    REVOKE TRUNCATE, TRIGGER, REFERENCES ON TABLES FROM anon, authenticated, service_role;
-- What a transaction leaves in a temporary table is the next organization's behind a pooler.
REVOKE TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
-- A publication sends the rows of all organizations to whoever subscribes: it keeps what all may read.
ALTER PUBLICATION supabase_realtime SET TABLE public.countries;
-- Numbers of a sequence tell how busy others are: the application needs to draw them, not to read them.
REVOKE SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public FROM anon, authenticated, service_role;
-- What all organizations share is read by them, and written by nobody of them.
REVOKE INSERT, UPDATE, DELETE ON public.countries, storage.buckets FROM anon, authenticated, service_role;

-- Policies that are there stay, beside those of custody, which let the roles below see all rows of their
-- organization. A policy that narrows within the organization has to be RESTRICTIVE to go on doing so;
-- the others have nothing left to say.
BEGIN;
DROP POLICY IF EXISTS "Authors change their comments" ON public.comments;
CREATE POLICY "Authors change their comments" ON public.comments AS RESTRICTIVE FOR UPDATE TO authenticated
    USING (author_id = auth.uid());
DROP POLICY IF EXISTS "Comments are read by all" ON public.comments;
DROP POLICY IF EXISTS "Members see their organizations" ON public.organizations;
DROP POLICY IF EXISTS "Users see their memberships" ON public.memberships;
DROP POLICY IF EXISTS "Organization of the token" ON public.projects;
DROP POLICY IF EXISTS "Members see tasks" ON public.tasks;
DROP POLICY IF EXISTS "Anybody logged in may write tasks" ON public.tasks;
DROP POLICY IF EXISTS "Files of the organization" ON storage.objects;
COMMIT;

-- Users work for several organizations, so that their profiles belong to none. The policy reads memberships
-- as the caller, and so finds those of the current organization only.
BEGIN;
DROP POLICY IF EXISTS "Profiles are public" ON public.profiles;
DROP POLICY IF EXISTS colleagues ON public.profiles;
CREATE POLICY colleagues ON public.profiles FOR SELECT TO authenticated
    USING (id IN (SELECT m.user_id FROM public.memberships m));
ALTER TABLE public.profiles FORCE ROW LEVEL SECURITY;
REVOKE ALL ON public.profiles FROM anon, authenticated, service_role, support;
GRANT SELECT, UPDATE ON public.profiles TO authenticated;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
REVOKE ALL ON auth.users FROM anon, authenticated, service_role;
COMMIT;

-- The first folder of a file's name was its organization. Now there is a column, and the two agree.
BEGIN;
ALTER TABLE storage.objects ADD COLUMN IF NOT EXISTS org_id uuid;
UPDATE storage.objects SET org_id = split_part(name, '/', 1)::uuid WHERE org_id IS NULL;
ALTER TABLE storage.objects DROP CONSTRAINT IF EXISTS objects_folder_check;
ALTER TABLE storage.objects ADD CONSTRAINT objects_folder_check CHECK (split_part(name, '/', 1) = org_id::text);
COMMIT;

\set roles '{anon,authenticated,service_role}'
\set classes '{"countries": "shared", "profiles": {"class": "exempt", "reason": "users of several organizations; policy colleagues"}}'
\set users '{"users": {"class": "exempt", "reason": "no privileges for the application"}}'

-- The columns sql and note of a dry run, whole, are for reading; steps named begin and record keep custody's
-- own books. A "stop" has to be dealt with first.
\echo '=== What would be done'
SELECT step, relation, class, action, left(coalesce(sql, note), 120) AS sql_or_note
  FROM custody.protect_schema('public', 'org_id', :'roles', multi_roles => '{support}', classes => :'classes', dry_run => true)
 WHERE action NOT IN ('begin', 'record');

\echo '=== Done'
BEGIN;
SELECT action, count(*)
  FROM custody.protect_schema('public', 'org_id', :'roles', multi_roles => '{support}', classes => :'classes') GROUP BY action;
SELECT action, count(*)
  FROM custody.protect_schema('storage', 'org_id', :'roles', classes => '{"buckets": "shared"}') GROUP BY action;
SELECT action, count(*)
  FROM custody.protect_schema('auth', 'org_id', :'roles', classes => :'users') GROUP BY action;
COMMIT;
SELECT relation, class, org_column, roles, reason FROM custody.protection ORDER BY class, relation::text;

-- From now on a transaction that would open it again does not commit.
SELECT custody.set_guard('refuse');
SELECT * FROM custody.check_guard();
