-- Prepares the target; may be run again. A superuser runs it.
\set ON_ERROR_STOP on
CREATE EXTENSION IF NOT EXISTS custody;

-- The service keeps extensions in a schema of this name; defaults such as
-- extensions.uuid_generate_v4() name it.
CREATE SCHEMA IF NOT EXISTS extensions;

-- The roles of the API. custody makes missing ones too (roles = true), but without attributes:
-- service_role bypasses row security there, and the API's login role switches to the others.
SELECT format('CREATE ROLE %I %s', name, attributes)
  FROM (VALUES ('anon', 'NOLOGIN'), ('authenticated', 'NOLOGIN'),
               ('service_role', 'NOLOGIN BYPASSRLS'), ('authenticator', 'LOGIN NOINHERIT'))
       AS wanted (name, attributes)
 WHERE name NOT IN (SELECT rolname FROM pg_roles)
\gexec
GRANT anon, authenticated, service_role TO authenticator;
