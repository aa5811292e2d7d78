-- The keys whose signatures this database believes: of custody's own tokens, and of issuers of JWTs. Secrets are not
-- among them: those are in the file custody_keys of the data directory, and here stands only their name.

CREATE TABLE custody.token_key (
    kid text PRIMARY KEY CHECK (kid ~ '^[A-Za-z0-9_-]{1,64}$'),
    algorithm text NOT NULL CHECK (algorithm IN ('Ed25519', 'HMAC-SHA256')),
    public_key bytea,
    single_use boolean NOT NULL DEFAULT false,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by name NOT NULL DEFAULT session_user,
    CHECK ((algorithm = 'Ed25519') = (public_key IS NOT NULL))
);
COMMENT ON TABLE custody.token_key IS
'keys of custody''s own tokens; who can write here can make a context for any organization';
COMMENT ON COLUMN custody.token_key.kid IS 'name of the key, which its tokens carry';
COMMENT ON COLUMN custody.token_key.algorithm IS 'Ed25519 or HMAC-SHA256: of the key, whatever a token says';
COMMENT ON COLUMN custody.token_key.public_key IS
'SubjectPublicKeyInfo of an Ed25519 key; NULL for HMAC-SHA256, whose secret is in the file custody_keys';
COMMENT ON COLUMN custody.token_key.single_use IS
'true: its tokens must answer a challenge of the session that they are used in';
COMMENT ON COLUMN custody.token_key.added_at IS 'when the key was added';
COMMENT ON COLUMN custody.token_key.added_by IS 'session user who added it';

CREATE TABLE custody.jwt_issuer (
    issuer text PRIMARY KEY CHECK (issuer <> ''),
    audience text[] NOT NULL,
    authorized_parties text[] NOT NULL DEFAULT '{}',
    org_type text CHECK (org_type IN ('uuid', 'bigint', 'text')),
    org_path text[],
    user_path text[] NOT NULL DEFAULT '{sub}' CHECK (cardinality(user_path) > 0),
    role_path text[],
    skew int4 NOT NULL DEFAULT 30 CHECK (skew BETWEEN 0 AND 300),
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by name NOT NULL DEFAULT session_user,
    CHECK ((org_type IS NULL) = (org_path IS NULL)),
    CHECK (cardinality(org_path) > 0),
    CHECK (cardinality(role_path) > 0),
    CHECK (cardinality(audience) + cardinality(authorized_parties) > 0),
    CHECK (array_position(audience || authorized_parties || org_path || user_path || role_path, NULL) IS NULL)
);
COMMENT ON TABLE custody.jwt_issuer IS
'who may issue JSON Web Tokens for this database; who can write here can make a context for any organization';
COMMENT ON COLUMN custody.jwt_issuer.issuer IS 'the claim iss of its tokens, letter for letter';
COMMENT ON COLUMN custody.jwt_issuer.audience IS
'one of these must be the claim aud, or in it; empty: any, where authorized_parties is not';
COMMENT ON COLUMN custody.jwt_issuer.authorized_parties IS 'one of these must be the claim azp; empty: any or none';
COMMENT ON COLUMN custody.jwt_issuer.org_type IS 'type of its organizations: uuid, bigint or text; NULL: it names none';
COMMENT ON COLUMN custody.jwt_issuer.org_path IS
'names that lead to the claim of the organization; NULL: its tokens verify a user only';
COMMENT ON COLUMN custody.jwt_issuer.user_path IS 'names that lead to the claim of the user';
COMMENT ON COLUMN custody.jwt_issuer.role_path IS 'names that lead to the claim of the role; NULL: none';
COMMENT ON COLUMN custody.jwt_issuer.skew IS 'seconds by which the issuer''s clock may differ';
COMMENT ON COLUMN custody.jwt_issuer.added_at IS 'when the issuer was added';
COMMENT ON COLUMN custody.jwt_issuer.added_by IS 'session user who added it';

CREATE TABLE custody.jwt_key (
    issuer text NOT NULL REFERENCES custody.jwt_issuer ON UPDATE CASCADE ON DELETE CASCADE,
    kid text NOT NULL DEFAULT '',
    algorithm text NOT NULL CHECK (algorithm IN ('RS256', 'ES256', 'Ed25519', 'HS256')),
    public_key bytea,
    secret text,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by name NOT NULL DEFAULT session_user,
    PRIMARY KEY (issuer, kid),
    CHECK ((algorithm = 'HS256') = (public_key IS NULL)),
    CHECK ((algorithm = 'HS256') = (secret IS NOT NULL))
);
COMMENT ON TABLE custody.jwt_key IS 'keys of the issuers of JSON Web Tokens';
COMMENT ON COLUMN custody.jwt_key.issuer IS 'whose key';
COMMENT ON COLUMN custody.jwt_key.kid IS
'name of the key, which the header of its tokens carries; empty: for tokens that name no other key of the issuer';
COMMENT ON COLUMN custody.jwt_key.algorithm IS
'RS256, ES256, Ed25519 (EdDSA in a JWT) or HS256: of the key, whatever a header says';
COMMENT ON COLUMN custody.jwt_key.public_key IS 'SubjectPublicKeyInfo; NULL for HS256';
COMMENT ON COLUMN custody.jwt_key.secret IS 'HS256: name of the key in the file custody_keys';
COMMENT ON COLUMN custody.jwt_key.added_at IS 'when the key was added';
COMMENT ON COLUMN custody.jwt_key.added_by IS 'session user who added it';

CREATE FUNCTION custody.forget_keys() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'custody_forget_keys';
COMMENT ON FUNCTION custody.forget_keys() IS
'trigger of the tables that sessions remember: makes every session read them again; privilege: owner';
REVOKE ALL ON FUNCTION custody.forget_keys() FROM PUBLIC;

-- For each row, because those are all the triggers that logical replication fires.
CREATE TRIGGER forget AFTER INSERT OR UPDATE OR DELETE ON custody.token_key
    FOR EACH ROW EXECUTE FUNCTION custody.forget_keys();
CREATE TRIGGER forget_all AFTER TRUNCATE ON custody.token_key EXECUTE FUNCTION custody.forget_keys();
ALTER TABLE custody.token_key ENABLE ALWAYS TRIGGER forget, ENABLE ALWAYS TRIGGER forget_all;
CREATE TRIGGER forget AFTER INSERT OR UPDATE OR DELETE ON custody.jwt_issuer
    FOR EACH ROW EXECUTE FUNCTION custody.forget_keys();
CREATE TRIGGER forget_all AFTER TRUNCATE ON custody.jwt_issuer EXECUTE FUNCTION custody.forget_keys();
ALTER TABLE custody.jwt_issuer ENABLE ALWAYS TRIGGER forget, ENABLE ALWAYS TRIGGER forget_all;
CREATE TRIGGER forget AFTER INSERT OR UPDATE OR DELETE ON custody.jwt_key
    FOR EACH ROW EXECUTE FUNCTION custody.forget_keys();
CREATE TRIGGER forget_all AFTER TRUNCATE ON custody.jwt_key EXECUTE FUNCTION custody.forget_keys();
ALTER TABLE custody.jwt_key ENABLE ALWAYS TRIGGER forget, ENABLE ALWAYS TRIGGER forget_all;

CREATE FUNCTION custody.public_key_der(key bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'custody_public_key_der';
COMMENT ON FUNCTION custody.public_key_der(bytea) IS
'a public key as SubjectPublicKeyInfo in DER; argument: DER, PEM, or 32 bytes of an Ed25519 key (also as base64url); errors: 22023 for what is no key, a private one, or a weak one; privilege: EXECUTE';
CREATE FUNCTION custody.public_key_algorithm(key bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'custody_public_key_algorithm';
COMMENT ON FUNCTION custody.public_key_algorithm(bytea) IS
'what a public key can verify: Ed25519, RS256 or ES256; argument and errors as custody.public_key_der(); privilege: EXECUTE';
CREATE FUNCTION custody.read_jwks(jwks text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'custody_read_jwks';
COMMENT ON FUNCTION custody.read_jwks(text) IS
'the usable keys of a JSON Web Key Set, as a JSON array of {kid, algorithm, key (hexadecimal DER)}; errors: 22023 for what is no key set, a malformed, weak, private or symmetric key, or no usable key; privilege: EXECUTE';
CREATE FUNCTION custody.check_file_key(name text, algorithm text) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'custody_check_file_key';
COMMENT ON FUNCTION custody.check_file_key(text, text) IS
'nothing where the file custody_keys is in order and has the key; arguments: its name, HMAC-SHA256 or HS256; errors: 55000, with the reason, where it is not or has not; privilege: EXECUTE';
REVOKE ALL ON FUNCTION custody.public_key_der(bytea), custody.public_key_algorithm(bytea),
    custody.read_jwks(text), custody.check_file_key(text, text) FROM PUBLIC;

CREATE FUNCTION custody.add_token_key(kid text, public_key bytea, single_use boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF custody.public_key_algorithm(public_key) IS DISTINCT FROM 'Ed25519' THEN
        RAISE EXCEPTION 'key "%" is not of Ed25519', kid
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'make one with custody token --new-key, or openssl genpkey -algorithm ed25519';
    END IF;
    INSERT INTO custody.token_key (kid, algorithm, public_key, single_use)
        VALUES (kid, 'Ed25519', custody.public_key_der(public_key), single_use);
END
$$;
COMMENT ON FUNCTION custody.add_token_key(text, bytea, boolean) IS
'believes tokens that are signed with an Ed25519 key; arguments: name of the key; its public half, as DER, PEM or 32 bytes; single_use, true = only with a challenge; errors: 22023 for another key, 23505 for a name that is taken, 23514 for a malformed name; privilege: EXECUTE, and INSERT on custody.token_key';
CREATE FUNCTION custody.add_token_key(kid text, public_key text, single_use boolean DEFAULT false) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS
$$ SELECT custody.add_token_key(kid, convert_to(btrim(public_key, E' \t\r\n'), 'UTF8'), single_use) $$;
COMMENT ON FUNCTION custody.add_token_key(text, text, boolean) IS
'believes tokens that are signed with an Ed25519 key; arguments: name of the key; its public half, as PEM or base64url of 32 bytes; single_use, true = only with a challenge; errors and privilege as with bytea';

CREATE FUNCTION custody.add_hmac_key(kid text, single_use boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.check_file_key(kid, 'HMAC-SHA256');
    INSERT INTO custody.token_key (kid, algorithm, single_use) VALUES (kid, 'HMAC-SHA256', single_use);
END
$$;
COMMENT ON FUNCTION custody.add_hmac_key(text, boolean) IS
'believes tokens that are signed with a secret of the file custody_keys; arguments: its name there, which is the key''s; single_use, true = only with a challenge; errors: 55000 where the file has no such key, 23505 for a name that is taken; privilege: EXECUTE, and INSERT on custody.token_key';

CREATE FUNCTION custody.drop_token_key(kid text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM custody.token_key AS k WHERE k.kid = drop_token_key.kid;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'token key "%" does not exist', kid USING ERRCODE = 'undefined_object';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.drop_token_key(text) IS
'believes a key''s tokens no longer, from the commit on and in every session; contexts that were entered before last until their end; argument: name of the key; errors: 42704 where there is none; privilege: EXECUTE, and DELETE on custody.token_key';

CREATE FUNCTION custody.add_jwt_issuer(
        issuer text, audience text[], org_path text[] DEFAULT NULL, org_type text DEFAULT 'uuid',
        user_path text[] DEFAULT '{sub}', role_path text[] DEFAULT NULL,
        authorized_parties text[] DEFAULT '{}', skew int4 DEFAULT 30) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    claim text;
BEGIN
    FOREACH claim IN ARRAY ARRAY[org_path[1], user_path[1], role_path[1]] LOOP
        IF claim IN ('user_metadata', 'unsafe_metadata', 'raw_user_meta_data') THEN
            RAISE EXCEPTION 'claim "%" is written by the user', claim
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'use a claim that only the issuer writes, as app_metadata';
        END IF;
    END LOOP;
    INSERT INTO custody.jwt_issuer (issuer, audience, authorized_parties, org_type, org_path, user_path, role_path, skew)
        VALUES (issuer, coalesce(audience, '{}'), coalesce(authorized_parties, '{}'),
                CASE WHEN org_path IS NOT NULL THEN org_type END, org_path, user_path, role_path, skew);
END
$$;
COMMENT ON FUNCTION custody.add_jwt_issuer(text, text[], text[], text, text[], text[], text[], int4) IS
'believes the JSON Web Tokens of an issuer, as soon as it has a key; arguments: issuer (claim iss); audience (claim aud: one of these); org_path, names that lead to the organization''s claim, NULL = none; org_type, uuid, bigint or text; user_path; role_path, NULL = none; authorized_parties (claim azp: one of these), empty = any; skew, seconds; errors: 22023 for a claim that users write themselves, 23514 for neither audience nor authorized_parties, and for NULL in a list, 23505 for an issuer that is there; privilege: EXECUTE, and INSERT on custody.jwt_issuer';

CREATE FUNCTION custody.load_jwks(issuer text, jwks jsonb) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    loaded int4;
BEGIN
    PERFORM 1 FROM custody.jwt_issuer AS i WHERE i.issuer = load_jwks.issuer;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'JWT issuer "%" does not exist', issuer
            USING ERRCODE = 'undefined_object', HINT = 'add it with custody.add_jwt_issuer()';
    END IF;
    DELETE FROM custody.jwt_key AS k WHERE k.issuer = load_jwks.issuer AND k.secret IS NULL;
    INSERT INTO custody.jwt_key (issuer, kid, algorithm, public_key)
        SELECT load_jwks.issuer, r.kid, r.algorithm, decode(r.key, 'hex')
          FROM jsonb_to_recordset(custody.read_jwks(jwks::text)::jsonb) AS r (kid text, algorithm text, key text);
    GET DIAGNOSTICS loaded = ROW_COUNT;
    RETURN loaded;
END
$$;
COMMENT ON FUNCTION custody.load_jwks(text, jsonb) IS
'replaces the public keys of an issuer by those of a JSON Web Key Set, and returns how many they are; keys that the set no longer has are believed no longer; arguments: issuer; the set, as the issuer publishes it; errors: 42704 for an unknown issuer, 22023 for a set that cannot be used, 23505 for the kid of a secret; privilege: EXECUTE, and INSERT and DELETE on custody.jwt_key';

CREATE FUNCTION custody.add_jwt_secret(issuer text, secret text, kid text DEFAULT '') RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.check_file_key(secret, 'HS256');
    INSERT INTO custody.jwt_key (issuer, kid, algorithm, secret) VALUES (issuer, kid, 'HS256', secret);
END
$$;
COMMENT ON FUNCTION custody.add_jwt_secret(text, text, text) IS
'believes the HS256 tokens of an issuer; arguments: issuer; name of the secret in the file custody_keys; kid in the header of its tokens, empty = whatever it is; errors: 55000 where the file has no such key, 23503 for an unknown issuer, 23505 for a kid that is taken; privilege: EXECUTE, and INSERT on custody.jwt_key';

CREATE FUNCTION custody.drop_jwt_key(issuer text, kid text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM custody.jwt_key AS k WHERE k.issuer = drop_jwt_key.issuer AND k.kid = drop_jwt_key.kid;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'JWT key "%" of issuer "%" does not exist', kid, issuer USING ERRCODE = 'undefined_object';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.drop_jwt_key(text, text) IS
'believes a key of an issuer no longer; arguments: issuer, kid; errors: 42704 where there is none; privilege: EXECUTE, and DELETE on custody.jwt_key';

CREATE FUNCTION custody.drop_jwt_issuer(issuer text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM custody.jwt_issuer AS i WHERE i.issuer = drop_jwt_issuer.issuer;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'JWT issuer "%" does not exist', issuer
            USING ERRCODE = 'undefined_object', HINT = 'add it with custody.add_jwt_issuer()';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.drop_jwt_issuer(text) IS
'believes an issuer''s tokens no longer, and forgets its keys; argument: issuer; errors: 42704 where there is none; privilege: EXECUTE, and DELETE on custody.jwt_issuer';

REVOKE ALL ON FUNCTION custody.add_token_key(text, bytea, boolean), custody.add_token_key(text, text, boolean),
    custody.add_hmac_key(text, boolean), custody.drop_token_key(text),
    custody.add_jwt_issuer(text, text[], text[], text, text[], text[], text[], int4),
    custody.load_jwks(text, jsonb), custody.add_jwt_secret(text, text, text), custody.drop_jwt_key(text, text),
    custody.drop_jwt_issuer(text) FROM PUBLIC;

SELECT pg_extension_config_dump('custody.token_key', '');
SELECT pg_extension_config_dump('custody.jwt_issuer', '');
SELECT pg_extension_config_dump('custody.jwt_key', '');

REVOKE ALL ON custody.token_key, custody.jwt_issuer, custody.jwt_key FROM PUBLIC;
