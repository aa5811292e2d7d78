-- The prober: attacks what it can reach as an application role, in subtransactions that never commit.
-- This file has what an attack is made of; tenant_probe_rows makes rows, tenant_probe_attacks attacks
-- tables, tenant_probe_objects what is around them.

CREATE TYPE custody.probe_setup AS (
    role oid, role_name text, on_clone bool, row_cap bigint, timeout int4, enter text, path text,
    settings text[]);
COMMENT ON TYPE custody.probe_setup IS
'how a probe runs: the role, the arguments of custody.probe_isolation(), and the role''s search path, and the settings that policies read';

CREATE TYPE custody.probe_subject AS (
    relation oid, object text, kind "char", class text, org_column text, org_attribute int2,
    org_type text, exact text, key_columns text[], indexed bool, always_triggers text, before_insert text,
    before_update text, own_org text, victim_org text, own_key text, victim_key text,
    own_rows bigint, control bool,
    own_values jsonb, victim_values jsonb, target_org text, change_column text, base oid);
COMMENT ON TYPE custody.probe_subject IS
'a relation that is attacked, with the rows of two organizations that the attacks are about';

CREATE TYPE custody.probe_finding AS (
    object text, attack text, verdict text, statement text, detail text, sqlstate text,
    accepted text);
COMMENT ON TYPE custody.probe_finding IS 'a row of custody.probe_isolation()';

CREATE TYPE custody.probe_outcome AS (
    rows bigint, value text, met bigint, sqlstate text, message text, origin text, others bigint);
COMMENT ON TYPE custody.probe_outcome IS 'what became of one attack';

CREATE FUNCTION custody.probe_step() RETURNS bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000
    AS 'MODULE_PATHNAME', 'custody_probe_step';
COMMENT ON FUNCTION custody.probe_step() IS
'condition of the prober''s writes: counts the rows that it is asked about and is false, so that none is written; outside a probe it is false and nothing else; errors: P0001 at the first row too many or of another organization, which ends the statement; privilege: everyone may call it, so that a probe can as any role';

CREATE FUNCTION custody.probe_attempt(
        role oid, path text, org text, org_type text, how text, enter text, statement text,
        row_limit bigint DEFAULT 0, takes_first bool DEFAULT false, row_cap bigint DEFAULT 10000,
        timeout int4 DEFAULT 10000, next_org text DEFAULT NULL, org_column text DEFAULT NULL)
    RETURNS custody.probe_outcome
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_probe_attempt';
COMMENT ON FUNCTION custody.probe_attempt(oid, text, text, text, text, text, text, bigint, bool, bigint, int4, text, text) IS
'runs one statement as another role, which it cannot leave, and undoes it: path: its search path; org, org_type: the context; how: org, expired or none; enter: statement that enters the context of organization $1 in place of custody''s, NULL = custody''s; row_limit: rows that custody.probe_step() may meet; takes_first: that function is true for the first row; row_cap: rows that are read; timeout: milliseconds, 0 = none; next_org: the statement is prepared with a generic plan and executed, the context becomes this one, and what counts is what the same plan then gives; org_column: column by which custody.probe_step() tells the rows of another organization, at the first of which it ends the statement; result: rows, first value, rows met, the error with who raised it (enter, privilege, row security, custody, function, server), and of the rows met those of another organization (NULL where that could not be seen of each); errors: 42501 for others than superusers, 55000 inside a probe, 22023, 22004; sequences and what functions do outside the database are not undone; privilege: superuser';
REVOKE ALL ON FUNCTION
    custody.probe_attempt(oid, text, text, text, text, text, text, bigint, bool, bigint, int4, text, text) FROM PUBLIC;

-- What the probe itself reads and makes up in a table: its defaults, checks, index expressions and casts
-- are code of its owner, and must not run as the superuser who probes.
CREATE FUNCTION custody.probe_as_owner(relation oid, statement text) RETURNS text[]
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_probe_as_owner';
COMMENT ON FUNCTION custody.probe_as_owner(oid, text) IS
'runs a statement as the owner of a relation, whom FORCE ROW LEVEL SECURITY does not bind in it: the columns of its first row as text, NULL where there is none; errors: those of the statement, 42501 for others than superusers, 55000 when it takes longer than statement_timeout; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_as_owner(oid, text) FROM PUBLIC;

CREATE FUNCTION custody.probe_try(
        setup custody.probe_setup, subject custody.probe_subject, statement text,
        how text DEFAULT 'org', org text DEFAULT NULL, row_limit bigint DEFAULT 0,
        takes_first bool DEFAULT false, next_org text DEFAULT NULL)
    RETURNS custody.probe_outcome LANGUAGE sql VOLATILE AS $$
SELECT custody.probe_attempt(setup.role, setup.path, coalesce(org, subject.own_org), subject.org_type, how,
    setup.enter, statement, row_limit, takes_first, setup.row_cap, setup.timeout, next_org,
    (parse_ident(subject.org_column))[1])
$$;
COMMENT ON FUNCTION custody.probe_try(custody.probe_setup, custody.probe_subject, text, text, text, bigint, bool, text) IS
'one attack in the context of an organization, by default the own one; arguments as of custody.probe_attempt(); privilege: superuser';
REVOKE ALL ON FUNCTION
    custody.probe_try(custody.probe_setup, custody.probe_subject, text, text, text, bigint, bool, text) FROM PUBLIC;

-- A 42501 holds when it is about this relation or its rows; functions, sequences and other schemas
-- may refuse today what is granted tomorrow without anybody thinking of isolation.
CREATE FUNCTION custody.probe_refused(
        outcome custody.probe_outcome, relation oid, bare bool DEFAULT false)
    RETURNS bool LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF outcome.sqlstate <> '42501' OR outcome.origin NOT IN ('row security', 'custody', 'privilege') THEN
        RETURN false;
    ELSIF outcome.origin = 'row security' THEN
        RETURN true;
    ELSIF outcome.origin = 'custody' THEN
        RETURN bare;
    END IF;
    -- What a view reads counts, too; a table that some policy asks does not.
    RETURN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = relation AND CASE WHEN c.relkind IN ('v', 'm')
            THEN outcome.message ~ '^permission denied for (table|view|materialized view|foreign table|schema) '
            ELSE outcome.message IN ('permission denied for table ' || c.relname,
                'permission denied for foreign table ' || c.relname,
                'permission denied for schema ' || n.nspname) END);
END
$$;
COMMENT ON FUNCTION custody.probe_refused(custody.probe_outcome, oid, bool) IS
'whether the error of an attack is a refusal by the privileges on the relation or by row security; bare: the attack had no valid context, so that custody''s refusal counts, too; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_refused(custody.probe_outcome, oid, bool) FROM PUBLIC;

CREATE FUNCTION custody.probe_error(outcome custody.probe_outcome) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
SELECT CASE
    WHEN outcome.sqlstate ~ '^23' THEN 'row security let the row through, a constraint did not: '
    WHEN outcome.sqlstate = '57014' THEN 'took too long: '
    WHEN outcome.sqlstate = '55P03' THEN 'somebody else has a lock: '
    WHEN outcome.origin = 'enter' THEN 'the context could not be entered: '
    WHEN outcome.origin = 'custody' THEN 'the context was refused: '
    WHEN outcome.origin = 'function' THEN 'a function or trigger refused, not row security: '
    ELSE 'neither a privilege nor row security refused: ' END || outcome.message
$$;
COMMENT ON FUNCTION custody.probe_error(custody.probe_outcome) IS
'why an error of an attack proves nothing; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_error(custody.probe_outcome) FROM PUBLIC;

CREATE FUNCTION custody.probe_judge(
        subject custody.probe_subject, attack text, statement text, outcome custody.probe_outcome,
        leaked bool, what text, bare bool DEFAULT false, control bool DEFAULT NULL)
    RETURNS custody.probe_finding LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    finding custody.probe_finding;
BEGIN
    finding.object := subject.object;
    finding.attack := attack;
    finding.statement := statement;
    finding.sqlstate := outcome.sqlstate;
    finding.verdict := 'inconclusive';
    IF leaked THEN
        finding.verdict := 'leak';
        finding.detail := what;
        finding.sqlstate := nullif(outcome.sqlstate, 'P0001'); -- that custody.probe_step() stopped it
    ELSIF outcome.sqlstate IS NOT NULL THEN
        IF custody.probe_refused(outcome, subject.relation, bare) THEN
            finding.verdict := 'held';
            finding.detail := outcome.message;
        ELSE
            finding.detail := custody.probe_error(outcome);
        END IF;
    ELSIF coalesce(control, subject.control) THEN
        finding.verdict := 'held';
        finding.detail := 'no row of another organization; the own row was reached';
    ELSE
        finding.detail := 'no row, but the own row was not reached either';
    END IF;
    RETURN finding;
END
$$;
COMMENT ON FUNCTION custody.probe_judge(custody.probe_subject, text, text, custody.probe_outcome, bool, text, bool, bool) IS
'the verdict on one attack: leaked: it reached what it must not (what says how); otherwise held when it was refused, or met nothing while control (default: the subject''s) says that the own row was reached; bare as of custody.probe_refused(); privilege: superuser';
REVOKE ALL ON FUNCTION
    custody.probe_judge(custody.probe_subject, text, text, custody.probe_outcome, bool, text, bool, bool)
    FROM PUBLIC;

CREATE FUNCTION custody.probe_context(org text, org_type text, expired bool DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_probe_context';
COMMENT ON FUNCTION custody.probe_context(text, text, bool) IS
'enters the context of an organization (org_type: uuid, bigint or text) as user 00000000-0000-8000-8000-000000000000, whoever calls; expired: one that is over when it returns; errors: 42501 for others than superusers, 22023 for another type, 22004; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_context(text, text, bool) FROM PUBLIC;
