-- The tenant context: entering it for a role that the DBA trusts, leaving it, and what policies read of it.

CREATE FUNCTION custody.set_context(
        org uuid, user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_uuid';
COMMENT ON FUNCTION custody.set_context(uuid, text, text, timestamptz, jsonb, boolean) IS
'makes an organization the one of this transaction, or with is_session of the session, in place of what was; arguments: org; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for an org NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context(uuid, text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.set_context(
        org bigint, user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_bigint';
COMMENT ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) IS
'makes an organization the one of this transaction, or with is_session of the session, in place of what was; arguments: org; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for an org NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.set_context(
        org text, user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_text';
COMMENT ON FUNCTION custody.set_context(text, text, text, timestamptz, jsonb, boolean) IS
'makes an organization the one of this transaction, or with is_session of the session, in place of what was; arguments: org; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for an org NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context(text, text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.set_context_orgs(
        orgs uuid[], user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_orgs_uuid';
COMMENT ON FUNCTION custody.set_context_orgs(uuid[], text, text, timestamptz, jsonb, boolean) IS
'makes organizations those of this transaction, or with is_session of the session, in place of what was; arguments: orgs; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for orgs NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context_orgs(uuid[], text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.set_context_orgs(
        orgs bigint[], user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_orgs_bigint';
COMMENT ON FUNCTION custody.set_context_orgs(bigint[], text, text, timestamptz, jsonb, boolean) IS
'makes organizations those of this transaction, or with is_session of the session, in place of what was; arguments: orgs; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for orgs NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context_orgs(bigint[], text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.set_context_orgs(
        orgs text[], user_id text, role text DEFAULT NULL, expires timestamptz DEFAULT NULL,
        claims jsonb DEFAULT NULL, is_session boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_set_context_orgs_text';
COMMENT ON FUNCTION custody.set_context_orgs(text[], text, text, timestamptz, jsonb, boolean) IS
'makes organizations those of this transaction, or with is_session of the session, in place of what was; arguments: orgs; user_id, role, claims, or NULL; expires, NULL = in 5 minutes; errors: 42501 when expires has passed, and for a session, set or current role that is or can become a role that policies bind, 22023 for orgs NULL or empty; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.set_context_orgs(text[], text, text, timestamptz, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION custody.leave() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_leave';
COMMENT ON FUNCTION custody.leave() IS
'leaves the tenant context; until the end of the transaction, or a rollback to a savepoint before, only custody.set_context() and a break glass enter again; nothing where there is none; errors: none; privilege: none, it ends its caller''s own context';

CREATE FUNCTION custody.current_org_uuid() RETURNS uuid
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_uuid';
COMMENT ON FUNCTION custody.current_org_uuid() IS
'the organization of the tenant context; errors: 42501 without a context, when it has expired, and when it has none or several organizations, 42804 when they are not of type uuid; privilege: none';

CREATE FUNCTION custody.current_org_bigint() RETURNS bigint
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_bigint';
COMMENT ON FUNCTION custody.current_org_bigint() IS
'the organization of the tenant context; errors: 42501 without a context, when it has expired, and when it has none or several organizations, 42804 when they are not of type bigint; privilege: none';

CREATE FUNCTION custody.current_org_text() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_text';
COMMENT ON FUNCTION custody.current_org_text() IS
'the organization of the tenant context; errors: 42501 without a context, when it has expired, and when it has none or several organizations, 42804 when they are not of type text; privilege: none';

CREATE FUNCTION custody.current_org_or_null_uuid() RETURNS uuid
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_or_null_uuid';
COMMENT ON FUNCTION custody.current_org_or_null_uuid() IS
'the organization of the tenant context; NULL without a context, when it has expired, and when it has none or several organizations; errors: 42804 when they are not of type uuid; privilege: none';

CREATE FUNCTION custody.current_org_or_null_bigint() RETURNS bigint
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_or_null_bigint';
COMMENT ON FUNCTION custody.current_org_or_null_bigint() IS
'the organization of the tenant context; NULL without a context, when it has expired, and when it has none or several organizations; errors: 42804 when they are not of type bigint; privilege: none';

CREATE FUNCTION custody.current_org_or_null_text() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_org_or_null_text';
COMMENT ON FUNCTION custody.current_org_or_null_text() IS
'the organization of the tenant context; NULL without a context, when it has expired, and when it has none or several organizations; errors: 42804 when they are not of type text; privilege: none';

CREATE FUNCTION custody.current_orgs_uuid() RETURNS uuid[]
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_orgs_uuid';
COMMENT ON FUNCTION custody.current_orgs_uuid() IS
'the organizations of the tenant context, one or several; errors: 42501 without a context, when it has expired, and when it has none, 42804 when they are not of type uuid; privilege: none';

CREATE FUNCTION custody.current_orgs_bigint() RETURNS bigint[]
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_orgs_bigint';
COMMENT ON FUNCTION custody.current_orgs_bigint() IS
'the organizations of the tenant context, one or several; errors: 42501 without a context, when it has expired, and when it has none, 42804 when they are not of type bigint; privilege: none';

CREATE FUNCTION custody.current_orgs_text() RETURNS text[]
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_orgs_text';
COMMENT ON FUNCTION custody.current_orgs_text() IS
'the organizations of the tenant context, one or several; errors: 42501 without a context, when it has expired, and when it has none, 42804 when they are not of type text; privilege: none';

CREATE FUNCTION custody.current_user_id() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_user_id';
COMMENT ON FUNCTION custody.current_user_id() IS
'the user of the tenant context; NULL when it has none; errors: 42501 without a context and when it has expired; privilege: none';

CREATE FUNCTION custody.current_role_name() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_role_name';
COMMENT ON FUNCTION custody.current_role_name() IS
'the user''s role in the organization, as the tenant context has it, not a role of the database; NULL when it has none; errors: 42501 without a context and when it has expired; privilege: none';

CREATE FUNCTION custody.current_claims() RETURNS jsonb
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_claims';
COMMENT ON FUNCTION custody.current_claims() IS
'the claims of the tenant context; NULL when it has none; errors: 42501 without a context and when it has expired; privilege: none';

CREATE FUNCTION custody.current_user_id_or_null() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_user_id_or_null';
COMMENT ON FUNCTION custody.current_user_id_or_null() IS
'the user of the tenant context; NULL when it has none, without a context and when it has expired; errors: none; privilege: none';

CREATE FUNCTION custody.current_role_name_or_null() RETURNS text
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_role_name_or_null';
COMMENT ON FUNCTION custody.current_role_name_or_null() IS
'the user''s role in the organization; NULL when it has none, without a context and when it has expired; errors: none; privilege: none';

CREATE FUNCTION custody.current_claims_or_null() RETURNS jsonb
    LANGUAGE c STABLE LEAKPROOF PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'custody_current_claims_or_null';
COMMENT ON FUNCTION custody.current_claims_or_null() IS
'the claims of the tenant context; NULL when it has none, without a context and when it has expired; errors: none; privilege: none';

CREATE FUNCTION custody.context_info(
        OUT org_type text, OUT orgs text[], OUT user_id text, OUT role text, OUT expires timestamptz,
        OUT way text, OUT is_session boolean, OUT is_valid boolean)
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_context_info';
COMMENT ON FUNCTION custody.context_info() IS
'the tenant context, for diagnosis, expired or not: type of its organizations (uuid, bigint, text or none), organizations, user, role, end, how it was entered (token, jwt, membership, set or break_glass), whether it is the session''s, whether it holds at this moment; only is_valid, false, where there is none; errors: none; privilege: none';

-- What reads or ends its caller's own context is for everybody who may use the schema, also where the
-- database's default privileges say otherwise. Granted only there: privileges that are the built-in
-- default are not stored, and stored ones are read anew by every query that a policy guards.
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'custody'::regnamespace AND proname ~ '^(leave|context_info|current_.*)$'
               AND NOT has_function_privilege('public', oid, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', function);
    END LOOP;
END
$$;
