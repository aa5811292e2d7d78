-- The ground of the extension: its schema, its roles, and what nobody may do by default.

COMMENT ON SCHEMA custody IS
'custody: moves databases and proves what arrived; state, digests and their functions';

-- Who owns the schema could add functions and operators to it, and so to what superusers call.
DO $$
DECLARE
    owner name;
BEGIN
    SELECT r.rolname INTO owner
      FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
     WHERE n.nspname = 'custody' AND NOT r.rolsuper;
    IF FOUND THEN
        RAISE EXCEPTION 'schema "custody" exists and belongs to role "%"', owner
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'The role is not a superuser.',
                  HINT = 'Drop the schema, or make a superuser its owner after a look at what it holds.';
    END IF;
END
$$;

-- What everybody may call is what is not revoked here, also where ALTER DEFAULT PRIVILEGES of whoever installs takes that
-- from them: the triggers of partitions and the policies of protected tables need it. It is so again at the end.
CREATE TABLE custody.default_privilege AS
    SELECT FROM pg_catalog.pg_default_acl d
     WHERE d.defaclrole = current_user::pg_catalog.regrole AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f'
       AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee = 0);
DO $$
BEGIN
    IF EXISTS (SELECT FROM custody.default_privilege) THEN
        ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO PUBLIC;
    END IF;
END
$$;

-- The server's default gives nobody else anything here; said once more, should ALTER DEFAULT
-- PRIVILEGES of this database say otherwise.
REVOKE ALL ON SCHEMA custody FROM PUBLIC;

CREATE TABLE custody.role (
    name name PRIMARY KEY,
    purpose text NOT NULL,
    made boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE custody.role IS
'the roles custody knows; only those that it made itself get privileges when it is installed';
COMMENT ON COLUMN custody.role.name IS 'name of the role';
COMMENT ON COLUMN custody.role.purpose IS 'what the role is for';
COMMENT ON COLUMN custody.role.made IS
'true when this installation made the role; a role that existed before is left as it is';
REVOKE ALL ON custody.role FROM PUBLIC;

INSERT INTO custody.role (name, purpose) VALUES
    ('custody_admin', 'custody: installs policies and capture, and runs everything'),
    ('custody_operator', 'custody: runs migrations'),
    ('custody_auditor', 'custody: reads state, verdicts and evidence'),
    ('custody_legal', 'custody: places and lifts legal holds'),
    ('custody_break_glass', 'custody: enters organizations without a token, each time on record'),
    ('custody_ledger_owner', 'custody: owns the audit ledger; nobody logs in as it or is a member');

-- A role of this name that somebody else made may be able to log in, or have members: it is
-- neither altered nor given anything. A warning, because CREATE EXTENSION hides notices.
DO $$
DECLARE
    r record;
    others text;
BEGIN
    SELECT string_agg(quote_ident(name), ', ' ORDER BY name) INTO others
      FROM custody.role WHERE name IN (SELECT rolname FROM pg_roles);
    FOR r IN SELECT name, purpose FROM custody.role
              WHERE name NOT IN (SELECT rolname FROM pg_roles) ORDER BY name LOOP
        EXECUTE format('CREATE ROLE %I NOLOGIN', r.name);
        EXECUTE format('COMMENT ON ROLE %I IS %L', r.name, r.purpose);
        UPDATE custody.role SET made = true WHERE role.name = r.name;
    END LOOP;
    IF others IS NOT NULL THEN
        RAISE WARNING 'roles that exist already get no privilege: %', others
            USING ERRCODE = 'duplicate_object',
                  DETAIL = 'They were not made by this installation of custody.',
                  HINT = 'Where they should have their duty in this database, call custody.grant_duty().';
    END IF;
END
$$;
