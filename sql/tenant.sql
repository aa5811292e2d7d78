-- State of tenant isolation: which tables are protected and how, and what was accepted with a reason.

CREATE TABLE custody.protection (
    relation regclass PRIMARY KEY,
    class text NOT NULL CHECK (class IN ('root', 'owned', 'derived', 'member', 'shared', 'exempt')),
    org_column name,
    roles regrole[] NOT NULL DEFAULT '{}',
    multi_roles regrole[] NOT NULL DEFAULT '{}',
    writers regrole[] NOT NULL DEFAULT '{}',
    parent regclass,
    reason text,
    made jsonb NOT NULL DEFAULT '[]',
    protected_at timestamptz NOT NULL DEFAULT now(),
    protected_by name NOT NULL DEFAULT session_user,
    CHECK (class IN ('shared', 'exempt') OR org_column IS NOT NULL),
    CHECK (class <> 'exempt' OR reason <> ''),
    CHECK (class <> 'derived' OR parent IS NOT NULL)
);
COMMENT ON TABLE custody.protection IS
'the tables that custody.protect() protects, one row each; partitions have none of their own, their root stands for them';
COMMENT ON COLUMN custody.protection.relation IS 'the table';
COMMENT ON COLUMN custody.protection.class IS
'root: the table of the organizations; owned: has the org column of its own; derived: got it from its parent; member: users in several organizations; shared: read by all, written by few; exempt: not protected, with a reason';
COMMENT ON COLUMN custody.protection.org_column IS 'column that names the organization; NULL for shared and exempt';
COMMENT ON COLUMN custody.protection.roles IS 'application roles: bound to the one organization of their context';
COMMENT ON COLUMN custody.protection.multi_roles IS 'roles bound to the several organizations of their context';
COMMENT ON COLUMN custody.protection.writers IS 'roles that may write a shared table';
COMMENT ON COLUMN custody.protection.parent IS 'table from which a derived table has its organization';
COMMENT ON COLUMN custody.protection.reason IS 'why a table is exempt';
COMMENT ON COLUMN custody.protection.made IS
'what protect() made and changed, in order, as objects {action, undo, table or partition}: custody.unprotect() goes back along it';
COMMENT ON COLUMN custody.protection.protected_at IS 'when the table was protected';
COMMENT ON COLUMN custody.protection.protected_by IS 'session user who protected it';

CREATE TABLE custody.exemption (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tool text NOT NULL CHECK (tool IN ('lint', 'prove', 'probe', 'guard')),
    code text NOT NULL,
    object text NOT NULL,
    reason text NOT NULL CHECK (reason ~ '\S'),
    expires timestamptz,
    made_at timestamptz NOT NULL DEFAULT now(),
    made_by name NOT NULL DEFAULT session_user,
    CHECK (tool <> 'probe' OR expires IS NOT NULL)
);
COMMENT ON TABLE custody.exemption IS
'findings that were looked at and accepted; an expired row exempts nothing; never makes a leak or a refutation a success';
COMMENT ON COLUMN custody.exemption.id IS 'number of the row';
COMMENT ON COLUMN custody.exemption.tool IS 'whose finding: lint, prove, probe or guard';
COMMENT ON COLUMN custody.exemption.code IS 'code of the lint rule, name of the attack, or part of the proof';
COMMENT ON COLUMN custody.exemption.object IS
'object as the tool prints it; a pattern where it has a %, which stands for any text (\% for itself); no other character has a meaning: custody.is_exempted()';
COMMENT ON COLUMN custody.exemption.reason IS 'why it is accepted';
COMMENT ON COLUMN custody.exemption.expires IS 'when it has to be looked at again; NULL = never, not allowed for the prober';
COMMENT ON COLUMN custody.exemption.made_at IS 'when the row was written';
COMMENT ON COLUMN custody.exemption.made_by IS 'session user who wrote it';

-- Names are full of _: as LIKE has it, an exemption would cover objects that nobody looked at. A pure expression.
CREATE FUNCTION custody.is_exempted(object text, pattern text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN pg_catalog.strpos(pattern, '%') OPERATOR(pg_catalog.=) 0
                     OR pattern OPERATOR(pg_catalog.~) '(^|[^\\])(\\\\)*\\$'
                THEN object OPERATOR(pg_catalog.=) pattern
                ELSE object OPERATOR(pg_catalog.~~)
                     pg_catalog.replace(pg_catalog.replace(pattern, '\_', '_'), '_', '\_') END
$$;
COMMENT ON FUNCTION custody.is_exempted(text, text) IS
'whether custody.exemption.object (pattern) covers an object as a tool prints it: where it has no % only the very same; otherwise % stands for any text, \ takes away its meaning, and _ stands for itself; any role may call it; errors: none';

CREATE TABLE custody.isolation_setting (
    name text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE custody.isolation_setting IS 'how tenant isolation is configured in this database';
COMMENT ON COLUMN custody.isolation_setting.name IS 'name of the setting';
COMMENT ON COLUMN custody.isolation_setting.value IS 'its value';

SELECT pg_extension_config_dump('custody.protection', '');
SELECT pg_extension_config_dump('custody.exemption', '');
SELECT pg_extension_config_dump(pg_get_serial_sequence('custody.exemption', 'id')::regclass, '');
SELECT pg_extension_config_dump('custody.isolation_setting', '');

REVOKE ALL ON custody.protection, custody.exemption, custody.isolation_setting FROM PUBLIC;

-- The roles that this installation made have their duties here, too.
DO $$
DECLARE
    duty record;
BEGIN
    FOR duty IN SELECT name FROM custody.role WHERE made AND name IN ('custody_admin', 'custody_auditor') LOOP
        EXECUTE format('GRANT SELECT ON custody.protection, custody.exemption, custody.isolation_setting TO %I', duty.name);
        IF duty.name = 'custody_admin' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON custody.protection, custody.exemption TO %I', duty.name);
        END IF;
    END LOOP;
END
$$;
