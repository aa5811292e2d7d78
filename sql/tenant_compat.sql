-- Shims for a database that comes from Supabase or Neon: made at the DBA's word as ordinary objects
-- (a dump carries them, and the extension does not own them), and taken away again.

CREATE TABLE custody.compat_object (
    position int PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('role', 'schema', 'grant', 'function', 'publication')),
    name text NOT NULL,
    definition text,
    UNIQUE (kind, name)
);
COMMENT ON TABLE custody.compat_object IS
'what custody.install_supabase_compat() made, and custody.remove_supabase_compat() takes away';
COMMENT ON COLUMN custody.compat_object.position IS 'order in which they were made';
COMMENT ON COLUMN custody.compat_object.kind IS 'role, schema, grant, function or publication';
COMMENT ON COLUMN custody.compat_object.name IS 'its name; of a function with its argument types';
COMMENT ON COLUMN custody.compat_object.definition IS
'MD5 of the function as it was made; one that was changed since is not replaced or dropped';
SELECT pg_extension_config_dump('custody.compat_object', '');
REVOKE ALL ON custody.compat_object FROM PUBLIC;

CREATE FUNCTION custody.compat_exists(kind text, name text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE kind
        WHEN 'role' THEN EXISTS (SELECT FROM pg_roles r WHERE r.rolname = compat_exists.name)
        WHEN 'schema' THEN EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = compat_exists.name)
        WHEN 'function' THEN to_regprocedure(compat_exists.name) IS NOT NULL
        WHEN 'publication' THEN EXISTS (SELECT FROM pg_publication p WHERE p.pubname = compat_exists.name)
        WHEN 'grant' THEN EXISTS (
            SELECT FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
             WHERE n.nspname || ' to ' || r.rolname = compat_exists.name AND a.privilege_type = 'USAGE')
    END
$$;
COMMENT ON FUNCTION custody.compat_exists(text, text) IS
'true when there is such an object; errors: none; privilege: none';

CREATE FUNCTION custody.compat_digest(kind text, name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN kind = 'function' THEN md5(pg_get_functiondef(to_regprocedure(name))) END
$$;
COMMENT ON FUNCTION custody.compat_digest(text, text) IS
'MD5 of a function''s definition, NULL for what is none; errors: none; privilege: none';

CREATE FUNCTION custody.install_supabase_compat(dry_run boolean DEFAULT false, bypass boolean DEFAULT false)
    RETURNS TABLE (kind text, name text, action text, sql text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
    trusting boolean := EXISTS (SELECT FROM custody.isolation_setting s
                                 WHERE s.name = 'trust_request_settings' AND s.value = 'on');
    o record;
    ours record;
BEGIN
    FOR o IN SELECT * FROM custody.compat_objects(trusting, bypass) LOOP
        kind := o.kind; name := o.name; sql := o.sql;
        SELECT c.definition INTO ours FROM custody.compat_object c WHERE c.kind = o.kind AND c.name = o.name;
        -- An object that went, and was made again by somebody else, is theirs.
        IF NOT custody.compat_exists(o.kind, o.name) THEN
            action := 'make';
        ELSIF FOUND AND ours.definition IS NOT DISTINCT FROM custody.compat_digest(o.kind, o.name) THEN
            action := 'keep';
        ELSE
            action := 'skip';
        END IF;
        IF NOT dry_run AND (action = 'make' OR action = 'keep' AND o.kind = 'function') THEN
            EXECUTE o.sql;
            DELETE FROM custody.compat_object c WHERE c.kind = o.kind AND c.name = o.name AND action = 'make';
            INSERT INTO custody.compat_object AS c (position, kind, name, definition)
                SELECT coalesce(max(x.position), 0) + 1, o.kind, o.name, custody.compat_digest(o.kind, o.name)
                  FROM custody.compat_object x
                ON CONFLICT ON CONSTRAINT compat_object_kind_name_key
                DO UPDATE SET definition = excluded.definition;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.install_supabase_compat(boolean, boolean) IS
'makes what policies and functions from Supabase or Neon call, where it is not there: schemas auth, storage and extensions, functions that read the verified context, roles without passwords, an empty publication; one row per object with action make, keep (ours, brought up to date) or skip (somebody else''s); dry_run: only says so; bypass: service_role gets BYPASSRLS, and authenticator is not a member of it; errors: those of the commands; privilege: EXECUTE, and what the commands need';

CREATE FUNCTION custody.remove_supabase_compat(dry_run boolean DEFAULT false)
    RETURNS TABLE (kind text, name text, action text, sql text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = error AS $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT * FROM custody.compat_object c ORDER BY c.position DESC LOOP
        kind := o.kind; name := o.name;
        sql := CASE o.kind
            WHEN 'function' THEN 'DROP FUNCTION ' || o.name
            WHEN 'grant' THEN format('REVOKE USAGE ON SCHEMA %I FROM %I', split_part(o.name, ' to ', 1),
                                     split_part(o.name, ' to ', 2))
            ELSE format('DROP %s %I', upper(o.kind), o.name) END;
        action := 'drop';
        IF NOT custody.compat_exists(o.kind, o.name) THEN
            action := 'gone';
        ELSIF o.definition IS DISTINCT FROM custody.compat_digest(o.kind, o.name) THEN
            action := 'kept: it was changed';
        ELSIF NOT dry_run THEN
            BEGIN
                EXECUTE sql;
            EXCEPTION WHEN dependent_objects_still_exist THEN
                action := 'kept: other objects depend on it';
            END;
        END IF;
        IF NOT dry_run AND action IN ('drop', 'gone') THEN
            DELETE FROM custody.compat_object c WHERE c.position = o.position;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.remove_supabase_compat(boolean) IS
'drops what custody.install_supabase_compat() made, in reverse order, never with CASCADE; one row per object with action drop, gone (was not there any more) or kept with the reason; what was kept can be removed by another call; dry_run: only says so, without trying; errors: those of the commands; privilege: EXECUTE, and what the commands need';

CREATE FUNCTION custody.trust_request_settings(trust boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO custody.isolation_setting (name, value)
        VALUES ('trust_request_settings', CASE WHEN trust THEN 'on' ELSE 'off' END)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value;
    IF EXISTS (SELECT FROM custody.compat_object) THEN
        PERFORM FROM custody.install_supabase_compat();
    END IF;
END
$$;
COMMENT ON FUNCTION custody.trust_request_settings(boolean) IS
'whether the functions of custody.install_supabase_compat() believe request.jwt.claims and the like where there is no verified context; off by default, because anybody who can run SQL can set them; brings functions that are there up to date; errors: those of the commands; privilege: superuser';

REVOKE ALL ON FUNCTION custody.compat_exists(text, text), custody.compat_digest(text, text),
    custody.install_supabase_compat(boolean, boolean), custody.remove_supabase_compat(boolean),
    custody.trust_request_settings(boolean) FROM PUBLIC;
