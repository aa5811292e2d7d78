-- What the policies and functions of a database call that comes from Supabase or Neon. The functions
-- read the verified context and raise nothing without one, as there: NULL makes no row visible. Before
-- 14 a body is parsed when it is called: what it names is named with its schema, operators, too.

CREATE FUNCTION custody.compat_body(expression text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- A body that is parsed once needs no right on schema custody when it is called.
    SELECT CASE WHEN current_setting('server_version_num')::int >= 140000
                THEN format('RETURN %s', expression)
                ELSE format('AS %L', 'SELECT ' || expression) END
$$;
COMMENT ON FUNCTION custody.compat_body(text) IS
'body of an SQL function that returns the expression, as the server''s version has it; errors: none; privilege: none';

-- The settings that PostgREST makes of a request: anybody may set them, so that they are read only
-- where an administrator said so, and only where there is no verified context.
CREATE FUNCTION custody.compat_functions(trusting boolean)
    RETURNS TABLE (signature text, definition text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH context (claims, sub, role) AS (VALUES (
        'custody.current_claims_or_null()', 'custody.current_user_id_or_null()',
        'coalesce(custody.current_claims_or_null() OPERATOR(pg_catalog.->>) ''role'', custody.current_role_name_or_null())')),
    request (claims, sub, role) AS (VALUES (
        'coalesce(nullif(pg_catalog.current_setting(''request.jwt.claim'', true), '''')::pg_catalog.jsonb, '
        'nullif(pg_catalog.current_setting(''request.jwt.claims'', true), '''')::pg_catalog.jsonb)',
        'coalesce(nullif(pg_catalog.current_setting(''request.jwt.claim.sub'', true), ''''), '
        'auth.jwt() OPERATOR(pg_catalog.->>) ''sub'')',
        'coalesce(nullif(pg_catalog.current_setting(''request.jwt.claim.role'', true), ''''), '
        'auth.jwt() OPERATOR(pg_catalog.->>) ''role'')')),
    -- A context without claims or a role is one, too, and so is one that has expired.
    choice (text) AS (
        SELECT CASE WHEN trusting THEN 'CASE WHEN (custody.context_info()).way IS NULL THEN %2$s ELSE %1$s END'
                    ELSE '%1$s' END),
    source (claims, sub, role) AS (
        SELECT format(h.text, c.claims, r.claims), format(h.text, c.sub, r.sub), format(h.text, c.role, r.role)
          FROM context c CROSS JOIN request r CROSS JOIN choice h)
    SELECT f.signature,
           format('CREATE OR REPLACE FUNCTION %s RETURNS %s LANGUAGE sql %s PARALLEL SAFE %s',
                  f.declaration, f.result, f.volatility, custody.compat_body(f.expression))
      FROM source s CROSS JOIN LATERAL (VALUES
        ('auth.jwt()', 'auth.jwt()', 'pg_catalog.jsonb', 'STABLE', s.claims),
        ('auth.uid()', 'auth.uid()', 'pg_catalog.uuid', 'STABLE', format('(%s)::pg_catalog.uuid', s.sub)),
        ('auth.role()', 'auth.role()', 'pg_catalog.text', 'STABLE', s.role),
        ('auth.email()', 'auth.email()', 'pg_catalog.text', 'STABLE', 'auth.jwt() OPERATOR(pg_catalog.->>) ''email'''),
        ('auth.user_id()', 'auth.user_id()', 'pg_catalog.text', 'STABLE', s.sub),
        ('auth.session()', 'auth.session()', 'pg_catalog.jsonb', 'STABLE', 'auth.jwt()'),
        ('auth.organization()', 'auth.organization()', 'pg_catalog.jsonb', 'STABLE', 'auth.jwt() OPERATOR(pg_catalog.->) ''o'''),
        ('auth.organization_id()', 'auth.organization_id()', 'pg_catalog.uuid', 'STABLE',
         'CASE WHEN auth.organization() OPERATOR(pg_catalog.->>) ''id'' OPERATOR(pg_catalog.~) '
         '''^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$'' '
         'THEN (auth.organization() OPERATOR(pg_catalog.->>) ''id'')::pg_catalog.uuid END'),
        ('storage.foldername(text)', 'storage.foldername(name pg_catalog.text)', 'pg_catalog.text[]', 'IMMUTABLE',
         '(pg_catalog.string_to_array(name, ''/''))[:pg_catalog.cardinality(pg_catalog.string_to_array(name, ''/'')) OPERATOR(pg_catalog.-) 1]'),
        ('storage.filename(text)', 'storage.filename(name pg_catalog.text)', 'pg_catalog.text', 'IMMUTABLE',
         '(pg_catalog.string_to_array(name, ''/''))[pg_catalog.cardinality(pg_catalog.string_to_array(name, ''/''))]'),
        ('storage.extension(text)', 'storage.extension(name pg_catalog.text)', 'pg_catalog.text', 'IMMUTABLE',
         'pg_catalog.reverse(pg_catalog.split_part(pg_catalog.reverse(storage.filename(name)), ''.'', 1))'),
        ('storage.operation()', 'storage.operation()', 'pg_catalog.text', 'STABLE',
         CASE WHEN trusting THEN 'nullif(pg_catalog.current_setting(''storage.operation'', true), '''')'
              ELSE 'NULL::pg_catalog.text' END)
      ) AS f (signature, declaration, result, volatility, expression)
$$;
COMMENT ON FUNCTION custody.compat_functions(boolean) IS
'functions of schemas auth and storage that a database from Supabase or Neon calls, in the order in which they are made; trusting: with the settings of a request as a second source; errors: none; privilege: none';

-- service_role bypasses row security there. Here it does so only when asked, and then nobody who
-- logs in for applications is a member of it.
CREATE FUNCTION custody.compat_objects(trusting boolean, bypass boolean)
    RETURNS TABLE (kind text, name text, sql text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'role', r.name, r.sql FROM (VALUES
        ('anon', 'CREATE ROLE anon NOLOGIN'),
        ('authenticated', 'CREATE ROLE authenticated NOLOGIN'),
        ('service_role', CASE WHEN bypass THEN 'CREATE ROLE service_role NOLOGIN BYPASSRLS'
                              ELSE 'CREATE ROLE service_role NOLOGIN' END),
        ('authenticator', CASE WHEN bypass THEN 'CREATE ROLE authenticator LOGIN NOINHERIT IN ROLE anon, authenticated'
                               ELSE 'CREATE ROLE authenticator LOGIN NOINHERIT IN ROLE anon, authenticated, service_role' END)
      ) AS r (name, sql)
    UNION ALL
    SELECT 'schema', s.name, format('CREATE SCHEMA %I', s.name)
      FROM (VALUES ('auth'), ('storage'), ('extensions')) AS s (name)
    UNION ALL
    SELECT 'grant', g.schema || ' to ' || g.role, format('GRANT USAGE ON SCHEMA %I TO %I', g.schema, g.role)
      FROM (SELECT s.schema, r.role
              FROM unnest(ARRAY['auth', 'storage', 'extensions', 'custody']) AS s (schema)
             CROSS JOIN unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role)) g
     WHERE g.schema <> 'custody' OR current_setting('server_version_num')::int < 140000
    UNION ALL
    SELECT 'function', f.signature, f.definition FROM custody.compat_functions(trusting) f
    UNION ALL
    SELECT 'publication', 'supabase_realtime', 'CREATE PUBLICATION supabase_realtime'
$$;
COMMENT ON FUNCTION custody.compat_objects(boolean, boolean) IS
'everything that custody.install_supabase_compat() makes, in order; errors: none; privilege: none';
REVOKE ALL ON FUNCTION custody.compat_body(text), custody.compat_functions(boolean),
    custody.compat_objects(boolean, boolean) FROM PUBLIC;
