-- Break glass: a support person enters organizations without a token, for a stated reason, for a
-- limited time, and on record. First it is declared and committed, then it is entered: what is
-- rolled back afterwards leaves the declaration, and a line in the server's log for every entry.

CREATE TABLE custody.break_glass (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_type text NOT NULL CHECK (org_type IN ('uuid', 'bigint', 'text')),
    orgs text[] NOT NULL CHECK (cardinality(orgs) > 0 AND array_position(orgs, NULL) IS NULL),
    reason text NOT NULL CHECK (reason ~ '\S'),
    declared_by name NOT NULL DEFAULT session_user,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires timestamptz NOT NULL CHECK (expires > declared_at AND expires <= declared_at + interval '1 day')
);
COMMENT ON TABLE custody.break_glass IS 'what was declared with custody.declare_break_glass(), for ever';
COMMENT ON COLUMN custody.break_glass.id IS 'what custody.enter_break_glass() takes';
COMMENT ON COLUMN custody.break_glass.org_type IS 'type of the organizations: uuid, bigint or text';
COMMENT ON COLUMN custody.break_glass.orgs IS 'the organizations';
COMMENT ON COLUMN custody.break_glass.reason IS 'why';
COMMENT ON COLUMN custody.break_glass.declared_by IS 'session user who declared it and who alone may enter it';
COMMENT ON COLUMN custody.break_glass.declared_at IS 'when';
COMMENT ON COLUMN custody.break_glass.expires IS 'when it ends, a day later at most';
SELECT pg_extension_config_dump('custody.break_glass', '');
REVOKE ALL ON custody.break_glass FROM PUBLIC;

-- SECURITY DEFINER: with a right to INSERT, its caller could write a row that is not in the log.
CREATE FUNCTION custody.record_break_glass(org_type text, orgs text[], reason text, minutes int4) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    made custody.break_glass;
BEGIN
    PERFORM custody.check_session();
    IF orgs IS NULL OR cardinality(orgs) = 0 OR array_position(orgs, NULL) IS NOT NULL
            OR array_position(orgs, '') IS NOT NULL THEN
        RAISE EXCEPTION 'break glass needs organizations'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'name them; none may be NULL or empty';
    END IF;
    IF reason IS NULL OR reason !~ '\S' THEN
        RAISE EXCEPTION 'break glass needs a reason' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF minutes IS NULL OR minutes NOT BETWEEN 1 AND 1440 THEN
        RAISE EXCEPTION 'break glass lasts from 1 to 1440 minutes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO custody.break_glass (org_type, orgs, reason, declared_at, expires)
    SELECT record_break_glass.org_type, record_break_glass.orgs, record_break_glass.reason, t, t + minutes * interval '1 minute'
      FROM clock_timestamp() t
    RETURNING * INTO made;
    -- As JSON, so that no text of the caller's makes a line of its own.
    RAISE LOG 'break glass % declared by % for organizations %: %', made.id, to_json(made.declared_by),
        to_json(made.orgs), to_json(made.reason);
    RETURN made.id;
END
$$;
COMMENT ON FUNCTION custody.record_break_glass(text, text[], text, int4) IS
'what custody.declare_break_glass() calls: the same for every type of organization; arguments: org_type, uuid, bigint or text; orgs, as text; reason; minutes; errors: as there; privilege: EXECUTE, which custody_break_glass has';
REVOKE ALL ON FUNCTION custody.record_break_glass(text, text[], text, int4) FROM PUBLIC;

CREATE FUNCTION custody.declare_break_glass(orgs uuid[], reason text, minutes int4 DEFAULT 60) RETURNS uuid
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT custody.record_break_glass('uuid', orgs::text[], reason, minutes) $$;
COMMENT ON FUNCTION custody.declare_break_glass(uuid[], text, int4) IS
'declares that the session''s user is going to enter organizations without a token, and returns what custody.enter_break_glass() takes, in a later transaction; writes a row of custody.break_glass and a line of the server''s log; arguments: orgs; reason; minutes, from 1 to 1440; errors: 22023 for no organizations, one that is NULL or empty, no reason, other minutes; privilege: EXECUTE, which custody_break_glass has';
REVOKE ALL ON FUNCTION custody.declare_break_glass(uuid[], text, int4) FROM PUBLIC;

CREATE FUNCTION custody.declare_break_glass(orgs bigint[], reason text, minutes int4 DEFAULT 60) RETURNS uuid
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT custody.record_break_glass('bigint', orgs::text[], reason, minutes) $$;
COMMENT ON FUNCTION custody.declare_break_glass(bigint[], text, int4) IS
'as for uuid[]; errors and privilege: the same';
REVOKE ALL ON FUNCTION custody.declare_break_glass(bigint[], text, int4) FROM PUBLIC;

CREATE FUNCTION custody.declare_break_glass(orgs text[], reason text, minutes int4 DEFAULT 60) RETURNS uuid
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
    AS $$ SELECT custody.record_break_glass('text', orgs, reason, minutes) $$;
COMMENT ON FUNCTION custody.declare_break_glass(text[], text, int4) IS
'as for uuid[]; errors and privilege: the same';
REVOKE ALL ON FUNCTION custody.declare_break_glass(text[], text, int4) FROM PUBLIC;

CREATE FUNCTION custody.enter_break_glass(id uuid) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_enter_break_glass';
COMMENT ON FUNCTION custody.enter_break_glass(uuid) IS
'makes the organizations of a declared break glass those of this transaction, in place of what was, until the break glass ends, and writes a line of the server''s log; the user of the context is the session''s user, its role break_glass; arguments: id, as custody.declare_break_glass() returned it; errors: 42501 when there is no such break glass of the session''s user, or it has expired, 55000 when it was declared in this transaction; privilege: EXECUTE, which custody_break_glass has';
REVOKE ALL ON FUNCTION custody.enter_break_glass(uuid) FROM PUBLIC;

DO $$
DECLARE
    duty name;
BEGIN
    FOR duty IN SELECT name FROM custody.role WHERE made LOOP
        IF duty IN ('custody_admin', 'custody_auditor') THEN
            EXECUTE format('GRANT SELECT ON custody.break_glass TO %I', duty);
        ELSIF duty = 'custody_break_glass' THEN
            EXECUTE format('GRANT USAGE ON SCHEMA custody TO %I', duty);
            EXECUTE format(
                'GRANT EXECUTE ON FUNCTION custody.record_break_glass(text, text[], text, int4),
                    custody.declare_break_glass(uuid[], text, int4),
                    custody.declare_break_glass(bigint[], text, int4),
                    custody.declare_break_glass(text[], text, int4),
                    custody.enter_break_glass(uuid) TO %I', duty);
        END IF;
    END LOOP;
END
$$;
