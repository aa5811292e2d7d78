-- From a token to the context.

CREATE FUNCTION custody.enter(token text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter';
COMMENT ON FUNCTION custody.enter(text) IS
'verifies a token, custody''s own or a JSON Web Token, and makes what it says the context of this transaction; argument: the token, which belongs into a bind parameter; errors: 28000 for every refusal, with the cause in the server''s log only, 55000 where the transaction has another context; privilege: none, the token decides';

CREATE FUNCTION custody.enter_from_headers() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter_from_headers';
COMMENT ON FUNCTION custody.enter_from_headers() IS
'a pre-request function for PostgREST (db-pre-request): enters with the token in the header X-Custody-Token, or where there is none in Authorization: Bearer, of the setting request.headers; leaves the context where the request has neither; errors: as custody.enter(), and 28000 for a header that holds no token; privilege: none, the token decides';

CREATE FUNCTION custody.challenge() RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_challenge';
COMMENT ON FUNCTION custody.challenge() IS
'a random text that a token for this session can carry as its nonce, once; a new one replaces the one before; no ROLLBACK brings a spent one back; errors: none; privilege: none';

CREATE FUNCTION custody.database_id_text() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'custody_database_id_text';
COMMENT ON FUNCTION custody.database_id_text() IS
'custody.database_id() as text; errors: none; privilege: none';
CREATE FUNCTION custody.database_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS 'SELECT custody.database_id_text()::pg_catalog.uuid';
COMMENT ON FUNCTION custody.database_id() IS
'the identity of this database, which custody''s own tokens carry; a physical copy has the same, a restored dump another; no secret; errors: none; privilege: none';

-- The roles that this installation made have their duties here, too.
DO $$
DECLARE
    duty record;
BEGIN
    FOR duty IN SELECT name FROM custody.role WHERE made AND name IN ('custody_admin', 'custody_auditor') LOOP
        EXECUTE format('GRANT SELECT ON custody.token_key, custody.jwt_issuer, custody.jwt_key TO %I', duty.name);
        IF duty.name = 'custody_admin' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON custody.token_key, custody.jwt_issuer, custody.jwt_key TO %I',
                           duty.name);
            EXECUTE format('GRANT EXECUTE ON FUNCTION custody.public_key_der(bytea), custody.public_key_algorithm(bytea),
                custody.read_jwks(text), custody.check_file_key(text, text),
                custody.add_token_key(text, bytea, boolean), custody.add_token_key(text, text, boolean),
                custody.add_hmac_key(text, boolean), custody.drop_token_key(text),
                custody.add_jwt_issuer(text, text[], text[], text, text[], text[], text[], int4),
                custody.load_jwks(text, jsonb), custody.add_jwt_secret(text, text, text),
                custody.drop_jwt_key(text, text), custody.drop_jwt_issuer(text) TO %I', duty.name);
        END IF;
    END LOOP;
END
$$;
