-- Stands in for a managed service of Supabase's shape: the service's own schemas and roles beside an
-- application in "public". The role that reads, "app_admin", is no superuser.
CREATE ROLE supabase_auth_admin NOLOGIN;
CREATE ROLE supabase_storage_admin NOLOGIN;
CREATE ROLE anon NOLOGIN;
CREATE ROLE authenticated NOLOGIN;
CREATE ROLE service_role NOLOGIN BYPASSRLS;
CREATE ROLE app_admin LOGIN BYPASSRLS;

CREATE SCHEMA extensions;
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin;
CREATE SCHEMA storage AUTHORIZATION supabase_storage_admin;
CREATE SCHEMA realtime;
CREATE SCHEMA vault;

SET ROLE supabase_auth_admin;
CREATE TABLE auth.users (
    id uuid PRIMARY KEY,
    email text UNIQUE,
    encrypted_password text,
    raw_user_meta_data jsonb,
    created_at timestamptz
);
CREATE TABLE auth.identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    provider text NOT NULL
);
CREATE TABLE auth.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE
);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
INSERT INTO auth.users
SELECT md5(n::text)::uuid, format('user%s@example.org', n), '$2a$10$' || md5(n::text),
       jsonb_build_object('name', 'Üser ' || n), timestamptz '2024-01-01' + n * interval '1 hour'
  FROM generate_series(1, 500) n;
INSERT INTO auth.identities SELECT md5('i' || n)::uuid, md5(n::text)::uuid, 'email'
  FROM generate_series(1, 500) n;
INSERT INTO auth.sessions SELECT md5('s' || n)::uuid, md5(n::text)::uuid
  FROM generate_series(1, 100) n;
RESET ROLE;

CREATE TABLE storage.objects (id int PRIMARY KEY, name text, owner uuid);
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
INSERT INTO storage.objects SELECT n, 'file' || n FROM generate_series(1, 50) n;
CREATE TABLE vault.secrets (id int, secret bytea);
INSERT INTO vault.secrets VALUES (1, '\x00');
CREATE TABLE realtime.messages (id int);

GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
CREATE TYPE public.stage AS ENUM ('draft', 'published');
CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    handle text NOT NULL UNIQUE
);
CREATE TABLE public.posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret uuid NOT NULL DEFAULT extensions.gen_random_uuid(),
    author uuid NOT NULL DEFAULT auth.uid() REFERENCES public.profiles,
    stage public.stage NOT NULL DEFAULT 'draft',
    title text NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    slug text GENERATED ALWAYS AS (lower(replace(title, ' ', '-'))) STORED
);
CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = '' AS $$
BEGIN
    INSERT INTO public.profiles VALUES (NEW.id, split_part(NEW.email, '@', 1));
    RETURN NEW;
END $$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();
INSERT INTO public.profiles SELECT id, split_part(email, '@', 1) FROM auth.users;
INSERT INTO public.posts (author, stage, title, tags)
SELECT md5((1 + n % 500)::text)::uuid, CASE n % 3 WHEN 0 THEN 'draft' ELSE 'published' END::public.stage,
       'Post number ' || n, ARRAY['a', 'tag ' || n % 7]
  FROM generate_series(1, 3000) n;
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Profiles are public" ON public.profiles FOR SELECT TO anon, authenticated USING (true);
CREATE POLICY "Authors manage their posts" ON public.posts TO authenticated
    USING (author = auth.uid()) WITH CHECK (author = auth.uid());
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO authenticated, service_role;
GRANT SELECT ON public.profiles TO anon;
CREATE PUBLICATION supabase_realtime FOR TABLE public.posts;
CREATE FUNCTION extensions.ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.ddl_watch();

GRANT USAGE ON SCHEMA public, auth, storage, extensions TO app_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA public, auth, storage TO app_admin;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, auth TO app_admin;
