-- The tenant context: entered by a role that may, read by what policies call, gone with the transaction.
\set a '''aaaaaaaa-0000-0000-0000-000000000001'''
\set b '''bbbbbbbb-0000-0000-0000-000000000002'''
CREATE SCHEMA context;
GRANT USAGE ON SCHEMA context TO PUBLIC;
SET search_path = context;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || CASE WHEN detail <> '' THEN ' | ' || detail ELSE '' END;
END$$;
CREATE ROLE ctx_app;
GRANT USAGE ON SCHEMA custody TO ctx_app;

-- Without a context: an error, or NULL from those that say so.
SELECT f, try(format('SELECT custody.%I()', f))
  FROM unnest('{current_org_uuid,current_org_bigint,current_org_text,current_orgs_uuid,current_orgs_bigint,current_orgs_text,current_user_id,current_role_name,current_claims}'::text[]) f;
SELECT custody.current_org_or_null_uuid() IS NULL AND custody.current_org_or_null_bigint() IS NULL
   AND custody.current_org_or_null_text() IS NULL AS closed;
SELECT * FROM custody.context_info();

-- One organization, of each type; another type's accessor raises.
BEGIN;
SELECT custody.set_context(:a::uuid, 'ann', 'editor', claims => '{"plan": "gold"}');
SELECT custody.current_org_uuid(), custody.current_org_or_null_uuid(), custody.current_orgs_uuid(),
       custody.current_user_id(), custody.current_role_name(), custody.current_claims();
SELECT org_type, orgs, user_id, role, expires - now() BETWEEN '4 min' AND '6 min' AS soon, way, is_session, is_valid
  FROM custody.context_info();
SELECT try('SELECT custody.current_org_bigint()'), try('SELECT custody.current_org_or_null_text()'),
       try('SELECT custody.current_orgs_text()');
SELECT custody.set_context(-7::bigint, NULL);
SELECT custody.current_org_bigint(), custody.current_orgs_bigint(), custody.current_user_id(),
       custody.current_role_name(), custody.current_claims();
SELECT try('SELECT custody.current_org_uuid()');
SELECT custody.set_context('7:acme, 1:2'::text, 'ann');
SELECT custody.current_org_text(), custody.current_orgs_text();
COMMIT;
SELECT is_valid FROM custody.context_info();

-- Several: the accessor of one refuses, the one of all has them once each.
BEGIN;
SELECT custody.set_context_orgs(ARRAY[:b, :a, :b]::uuid[], 'support');
SELECT custody.current_orgs_uuid(), custody.current_org_or_null_uuid(), try('SELECT custody.current_org_uuid()');
SELECT custody.set_context_orgs('{2,1}'::bigint[], 'support');
SELECT custody.current_orgs_bigint();
SELECT custody.set_context_orgs('{x,"y z",x}'::text[], 'support');
SELECT custody.current_orgs_text();
ROLLBACK;

-- Tens of thousands take no longer than they are many, and what is too much is refused at once.
SET statement_timeout = '5s';
BEGIN;
SELECT custody.set_context_orgs((SELECT array_agg(i % 50000) FROM generate_series(1, 60000) i), 'support');
SELECT cardinality(custody.current_orgs_bigint());
SELECT try($$SELECT custody.set_context_orgs((SELECT array_agg(i) FROM generate_series(1::bigint, 200000) i), 'support')$$);
ROLLBACK;
RESET statement_timeout;

-- What makes no context.
SELECT try(s) FROM unnest(ARRAY[
    'SELECT custody.set_context(NULL::uuid, ''u'')', 'SELECT custody.set_context('''', ''u'')',
    'SELECT custody.set_context_orgs(NULL::bigint[], ''u'')', 'SELECT custody.set_context_orgs(''{}''::text[], ''u'')',
    'SELECT custody.set_context_orgs(''{1,NULL}''::bigint[], ''u'')',
    'SELECT custody.set_context(repeat(''x'', 1 << 20), ''u'')',
    'SELECT custody.set_context(1::bigint, ''u'', expires => ''-infinity'')']) s;

-- Savepoints bring back what was before; leaving ends it.
BEGIN;
SELECT custody.set_context(1::bigint, 'u');
SAVEPOINT s;
SELECT custody.set_context(2::bigint, 'u');
SELECT custody.current_org_bigint();
ROLLBACK TO s;
SELECT custody.current_org_bigint();
SELECT custody.leave();
SELECT try('SELECT custody.current_org_bigint()'), custody.current_org_or_null_bigint();
ROLLBACK TO s;
SELECT custody.current_org_bigint();
COMMIT;

-- For the session, when asked for.
SELECT custody.set_context(3::bigint, 'u', is_session => true);
SELECT custody.current_org_bigint(), is_session FROM custody.context_info();
BEGIN;
SELECT custody.set_context(4::bigint, 'u');
SELECT custody.current_org_bigint();
COMMIT;
SELECT custody.current_org_bigint();
SELECT custody.leave();
SELECT custody.current_org_or_null_bigint();

-- The setting itself takes no value, from nobody.
SELECT try('SET custody.context = ''x'''), try('SELECT set_config(''custody.context'', ''left'', true)');
SET ROLE ctx_app;
SELECT try('SET custody.context = ''x'''), try('SHOW custody.context');
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
RESET ROLE;

-- A role that policies bind, or that can become one, sets none, though it was granted.
CREATE ROLE ctx_service;
CREATE ROLE ctx_service_of_app IN ROLE ctx_app, ctx_service;
CREATE TABLE ctx_docs (org_id bigint);
INSERT INTO custody.protection (relation, class, org_column, roles) VALUES ('ctx_docs', 'owned', 'org_id', '{ctx_app}');
GRANT EXECUTE ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) TO ctx_app, ctx_service, ctx_service_of_app;
GRANT USAGE ON SCHEMA custody TO ctx_service;
SET ROLE ctx_app;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
SET ROLE ctx_service_of_app;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
SET ROLE ctx_service;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
RESET ROLE;
-- Nor one that may grant itself the membership, however little it has of it until then.
CREATE ROLE ctx_granting NOINHERIT;
GRANT EXECUTE ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) TO ctx_granting;
GRANT USAGE ON SCHEMA custody TO ctx_granting;
SET ROLE ctx_granting;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
RESET ROLE;
SELECT format('GRANT ctx_app TO ctx_granting WITH ADMIN %s',
              CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'OPTION' ELSE 'TRUE, SET FALSE, INHERIT FALSE' END) AS "grant" \gset
:grant;
SET ROLE ctx_granting;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
RESET ROLE;
REVOKE ctx_app FROM ctx_granting;
DROP OWNED BY ctx_granting;
DROP ROLE ctx_granting;
-- Nor through a function of one that may: the session's user and the set role count.
CREATE FUNCTION oblige() RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ SELECT custody.set_context(1::bigint, 'u') $$;
ALTER FUNCTION oblige() OWNER TO ctx_service;
SET ROLE ctx_app;
SELECT try('SELECT oblige()');
SET SESSION AUTHORIZATION ctx_service_of_app;
SELECT try('SELECT oblige()');
SET ROLE ctx_service;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
SET SESSION AUTHORIZATION ctx_service;
SELECT try('SELECT oblige()');
RESET SESSION AUTHORIZATION;
UPDATE custody.protection SET multi_roles = roles, roles = '{}';
SET ROLE ctx_app;
SELECT try('SELECT custody.set_context(1::bigint, ''u'')');
RESET ROLE;
DELETE FROM custody.protection;
DROP OWNED BY ctx_app, ctx_service, ctx_service_of_app;
DROP ROLE ctx_app, ctx_service, ctx_service_of_app;

-- No function of the library stumbles over NULL.
SELECT count(outcome) > 20 AS all_answered FROM (
    SELECT try(format('SELECT custody.%I(%s)', proname,
                      (SELECT string_agg('NULL::' || format_type(t, NULL), ', ') FROM unnest(proargtypes) t))) AS outcome
      FROM pg_proc
     WHERE pronamespace = 'custody'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
       AND prokind = 'f' AND prorettype <> 'trigger'::regtype AND NOT 'internal'::regtype = ANY (proargtypes)) AS answers;

-- What policies call is stable, never immutable, and may be called before any other qual.
SELECT count(*), bool_and(provolatile = 's' AND proleakproof AND proparallel = 's' AND prosupport = 0) AS as_promised
  FROM pg_proc WHERE pronamespace = 'custody'::regnamespace AND proname LIKE 'current\_%';
\set VERBOSITY terse
DROP SCHEMA context CASCADE;
