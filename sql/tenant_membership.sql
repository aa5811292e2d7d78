-- Which users are members of which organizations: a table that the DBA names.

CREATE TABLE custody.membership_source (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    relation regclass NOT NULL,
    user_column name NOT NULL,
    org_column name NOT NULL,
    role_column name,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE custody.membership_source IS
'the table that custody.enter_org() asks, one row; who can write here, or to that table, can enter any organization as a verified user';
COMMENT ON COLUMN custody.membership_source.single IS 'true: there is one row at most';
COMMENT ON COLUMN custody.membership_source.relation IS 'the table, with a row for each organization of a user';
COMMENT ON COLUMN custody.membership_source.user_column IS 'column of the user, as tokens name users';
COMMENT ON COLUMN custody.membership_source.org_column IS 'column of the organization';
COMMENT ON COLUMN custody.membership_source.role_column IS 'column of the user''s role there; NULL = none';
COMMENT ON COLUMN custody.membership_source.set_at IS 'when it was named';
COMMENT ON COLUMN custody.membership_source.set_by IS 'session user who named it';

CREATE TRIGGER forget AFTER INSERT OR UPDATE OR DELETE ON custody.membership_source
    FOR EACH ROW EXECUTE FUNCTION custody.forget_keys();
CREATE TRIGGER forget_all AFTER TRUNCATE ON custody.membership_source EXECUTE FUNCTION custody.forget_keys();
ALTER TABLE custody.membership_source ENABLE ALWAYS TRIGGER forget, ENABLE ALWAYS TRIGGER forget_all;

CREATE FUNCTION custody.check_membership(relation regclass, user_column name, org_column name, role_column name)
    RETURNS void LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'custody_check_membership';
COMMENT ON FUNCTION custody.check_membership(regclass, name, name, name) IS
'nothing where the table can tell who is a member; arguments as custody.set_membership(); errors: 42809, with the reason, where it cannot, 22004 for NULL; privilege: EXECUTE';

CREATE FUNCTION custody.set_membership(
        "table" regclass, user_column name, org_column name, role_column name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.check_membership("table", user_column, org_column, role_column);
    INSERT INTO custody.membership_source (relation, user_column, org_column, role_column)
        VALUES ("table", user_column, org_column, role_column)
        ON CONFLICT (single) DO UPDATE
            SET relation = EXCLUDED.relation, user_column = EXCLUDED.user_column,
                org_column = EXCLUDED.org_column, role_column = EXCLUDED.role_column,
                set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by;
END
$$;
COMMENT ON FUNCTION custody.set_membership(regclass, name, name, name) IS
'names the table that says which user is a member of which organization, in place of one named before; arguments: the table (no view); its columns of user and organization, of type uuid, smallint, integer, bigint, text or varchar; its column of the role, NULL = none; errors: 42809 for another relation, other types, or a nondeterministic collation, 22004 for NULL; privilege: EXECUTE, and INSERT and UPDATE on custody.membership_source';

CREATE FUNCTION custody.unset_membership() RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS
$$ DELETE FROM custody.membership_source $$;
COMMENT ON FUNCTION custody.unset_membership() IS
'names no membership table any more, so that custody.enter_org() refuses; errors: none; privilege: EXECUTE, and DELETE on custody.membership_source';

REVOKE ALL ON FUNCTION custody.check_membership(regclass, name, name, name),
    custody.set_membership(regclass, name, name, name), custody.unset_membership() FROM PUBLIC;

CREATE FUNCTION custody.enter_org(org uuid) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter_org_uuid';
COMMENT ON FUNCTION custody.enter_org(uuid) IS
'adds an organization to the context of a verified user who is a member of it, until that context''s end; argument: the organization; errors: 42501 without a verified user and for one who is no member, 55000 without a membership table and where the context has an organization, 42804 where the table''s organizations are of another type, 22004 for NULL, 21000 where the user has several roles there; privilege: none, the table decides';
CREATE FUNCTION custody.enter_org(org bigint) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter_org_bigint';
COMMENT ON FUNCTION custody.enter_org(bigint) IS
'adds an organization to the context of a verified user who is a member of it; errors and privilege as custody.enter_org(uuid)';
CREATE FUNCTION custody.enter_org(org text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter_org_text';
COMMENT ON FUNCTION custody.enter_org(text) IS
'adds an organization to the context of a verified user who is a member of it; errors and privilege as custody.enter_org(uuid)';

SELECT pg_extension_config_dump('custody.membership_source', '');

REVOKE ALL ON custody.membership_source FROM PUBLIC;

-- The roles that this installation made have their duties here, too.
DO $$
DECLARE
    duty record;
BEGIN
    FOR duty IN SELECT name FROM custody.role WHERE made AND name IN ('custody_admin', 'custody_auditor') LOOP
        EXECUTE format('GRANT SELECT ON custody.membership_source TO %I', duty.name);
        IF duty.name = 'custody_admin' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON custody.membership_source TO %I', duty.name);
            EXECUTE format('GRANT EXECUTE ON FUNCTION custody.check_membership(regclass, name, name, name),
                custody.set_membership(regclass, name, name, name), custody.unset_membership() TO %I', duty.name);
        END IF;
    END LOOP;
END
$$;
