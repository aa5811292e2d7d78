-- The guard: what a transaction's DDL and GRANTs did to protected tables is looked at before it
-- commits, and refused or reported. Event triggers only note that something happened; a deferred
-- constraint trigger looks at the end, so that a table may be made and protected in one transaction.
-- A session that policies bind is looked at after each command: it could otherwise switch row
-- security off, read, and roll back.

CREATE TABLE custody.guard_finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    found_by name NOT NULL DEFAULT session_user,
    occasion text NOT NULL CHECK (occasion IN ('ddl', 'migration')),
    code text NOT NULL,
    object text NOT NULL,
    seen text NOT NULL,
    remedy text NOT NULL
);
COMMENT ON TABLE custody.guard_finding IS
'what the guard reported: a log, in order; what holds now is told by custody.check_guard()';
COMMENT ON COLUMN custody.guard_finding.id IS 'number of the row';
COMMENT ON COLUMN custody.guard_finding.found_at IS 'when it was found';
COMMENT ON COLUMN custody.guard_finding.found_by IS 'session user whose transaction it was';
COMMENT ON COLUMN custody.guard_finding.occasion IS
'ddl: a transaction with DDL or GRANT; migration: the end of a migration of the loader';
COMMENT ON COLUMN custody.guard_finding.code IS 'kind of finding, as in custody.check_guard()';
COMMENT ON COLUMN custody.guard_finding.object IS 'the object, qualified';
COMMENT ON COLUMN custody.guard_finding.seen IS 'what was seen';
COMMENT ON COLUMN custody.guard_finding.remedy IS 'what to do';

CREATE TABLE custody.guard_pending (
    xid xid8 PRIMARY KEY,
    relations oid[] NOT NULL
);
COMMENT ON TABLE custody.guard_pending IS
'transactions under way that the guard looks at before they commit; no row outlives its transaction';
COMMENT ON COLUMN custody.guard_pending.xid IS 'the transaction';
COMMENT ON COLUMN custody.guard_pending.relations IS
'relations that lost a policy, a default or the like: nothing in the catalogs tells that afterwards';

SELECT pg_extension_config_dump('custody.guard_finding', '');
SELECT pg_extension_config_dump(pg_get_serial_sequence('custody.guard_finding', 'id')::regclass, '');
REVOKE ALL ON custody.guard_finding, custody.guard_pending FROM PUBLIC;

-- A run's locks can be taken by anybody; being allowed to change the state of migrations cannot.
CREATE FUNCTION custody.guard_in_migration() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN has_table_privilege(session_user, 'custody.migration', 'UPDATE')
           AND NOT custody.guard_binds(session_user)
           AND EXISTS (SELECT FROM pg_locks l
                         JOIN custody.migration m ON m.id % 64 = l.objid::bigint >> 26
                        WHERE m.state = 'open' AND l.locktype = 'advisory' AND l.granted
                          AND l.classid = 1668641652 AND l.objsubid = 2
                          AND l.pid = pg_backend_pid()
                          AND l.database = (SELECT oid FROM pg_database
                                             WHERE datname = current_database()));
END
$$;
COMMENT ON FUNCTION custody.guard_in_migration() IS
'true in a transaction of a run of the loader: the session holds a lock of an open migration, its session user may write the state of migrations, and no policy binds it; errors: none; privilege: superuser';

CREATE FUNCTION custody.guard_judge(touched oid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mode text := custody.guard_mode();
    finding record;
    found record;
BEGIN
    IF mode = 'off' OR custody.guard_in_migration() THEN
        RETURN;
    END IF;
    IF mode = 'report' THEN
        FOR finding IN SELECT * FROM custody.guard_findings(touched) LOOP
            INSERT INTO custody.guard_finding (occasion, code, object, seen, remedy)
                VALUES ('ddl', finding.code, finding.object, finding.seen, finding.remedy);
            RAISE WARNING 'the guard of tenant isolation found: %: %: %', finding.code, finding.object, finding.seen
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = finding.remedy;
        END LOOP;
        RETURN;
    END IF;
    SELECT count(*) AS number, (array_agg(f.code || ': ' || f.object))[1] AS name,
           (array_agg(f.remedy))[1] AS remedy,
           string_agg(f.code || ': ' || f.object || ': ' || f.seen, E'\n') AS list
      INTO found FROM custody.guard_findings(touched) f;
    IF found.number > 0 THEN
        RAISE EXCEPTION 'the guard of tenant isolation refuses this transaction: %', found.name
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = found.list,
                  HINT = found.remedy || E'\nOr accept it in custody.exemption with a reason (tool guard),'
                         ' or let a superuser call custody.set_guard(''report'').';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.guard_judge(oid[]) IS
'refuses (55000) or reports what the findings about these relations are, by the guard''s mode; a run of the loader passes; privilege: superuser';

CREATE FUNCTION custody.guard_note(relations oid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
    IF custody.guard_mode() = 'refuse'
        AND (custody.guard_binds(session_user)
             OR current_setting('role') <> 'none'
                AND custody.guard_binds(current_setting('role')::name)) THEN
        PERFORM custody.guard_judge(custody.guard_touched(relations));
    END IF;
    INSERT INTO custody.guard_pending AS p (xid, relations)
        VALUES (pg_current_xact_id(), relations)
        ON CONFLICT (xid) DO UPDATE SET relations = p.relations || excluded.relations
            WHERE excluded.relations <> '{}';
END
$$;
COMMENT ON FUNCTION custody.guard_note(oid[]) IS
'notes that the transaction did something to look at before it commits; looks at once in a session that policies bind; argument: relations that lost something; errors: 55000 as the guard refuses; privilege: superuser';

-- SECURITY DEFINER, here and below: whoever runs DDL has no rights on the state of isolation. The
-- functions take nothing from their caller but names of catalog objects; event triggers and
-- triggers cannot be called otherwise than as such.
CREATE FUNCTION custody.guard_ddl() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    IF tg_tag NOT IN ('COMMENT', 'REFRESH MATERIALIZED VIEW', 'SECURITY LABEL')
        AND EXISTS (SELECT FROM custody.protection)
        -- DROP OWNED takes a role out of policies and privileges, and names none of it.
        AND (tg_tag = 'DROP OWNED'
             OR EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
                         WHERE c.schema_name IS DISTINCT FROM 'pg_temp')) THEN
        -- A table that an extension lets go shows that nowhere.
        PERFORM custody.guard_note(CASE WHEN tg_tag = 'ALTER EXTENSION' THEN ARRAY(
            SELECT c.oid FROM pg_class c
             WHERE c.relkind IN ('r', 'p', 'f') AND c.relnamespace IN (
                   SELECT k.relnamespace FROM custody.protection p JOIN pg_class k ON k.oid = p.relation))
            ELSE '{}' END);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.guard_ddl() IS 'event trigger of the guard: DDL and GRANT';
REVOKE ALL ON FUNCTION custody.guard_ddl() FROM PUBLIC;

CREATE FUNCTION custody.guard_drop() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    robbed oid[];
BEGIN
    IF NOT EXISTS (SELECT FROM custody.protection) THEN
        RETURN;
    END IF;
    DELETE FROM custody.protection p USING pg_event_trigger_dropped_objects() o
     WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND p.relation = o.objid;
    UPDATE custody.protection p SET class = 'owned', parent = NULL
      FROM pg_event_trigger_dropped_objects() o
     WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND p.parent = o.objid
       AND p.class = 'derived';
    SELECT array_agg(DISTINCT r.relation) INTO robbed
      FROM (SELECT CASE WHEN cardinality(o.address_names) = 3 AND NOT o.is_temporary
                             AND array_position(o.address_names, NULL) IS NULL
                        THEN to_regclass(format('%I.%I', o.address_names[1], o.address_names[2]))::oid END
              FROM pg_event_trigger_dropped_objects() o) AS r (relation)
     WHERE r.relation IS NOT NULL;
    IF robbed <> '{}' THEN
        PERFORM custody.guard_note(robbed);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.guard_drop() IS
'event trigger of the guard: forgets protected tables that are dropped, notes those that lost a policy, a default or the like';
REVOKE ALL ON FUNCTION custody.guard_drop() FROM PUBLIC;

CREATE FUNCTION custody.guard_commit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    robbed oid[];
BEGIN
    DELETE FROM custody.guard_pending p WHERE p.xid = NEW.xid RETURNING p.relations INTO robbed;
    IF FOUND AND NOT custody.guard_in_migration() THEN
        -- One transaction after the other: two of them, each harmless without the other (a view of
        -- a table, the table's protection), would not see each other.
        PERFORM FROM custody.isolation_setting s WHERE s.name = 'guard' FOR UPDATE;
        PERFORM custody.guard_judge(custody.guard_touched(robbed));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.guard_commit() IS
'trigger: looks at what the transaction changed, before it commits';
REVOKE ALL ON FUNCTION custody.guard_commit() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER guard_commit AFTER INSERT OR UPDATE ON custody.guard_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION custody.guard_commit();
ALTER TABLE custody.guard_pending ENABLE ALWAYS TRIGGER guard_commit;

CREATE FUNCTION custody.set_guard(mode text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    found bigint;
BEGIN
    IF mode IS NULL OR mode NOT IN ('refuse', 'report', 'off') THEN
        RAISE EXCEPTION 'the guard has no mode "%"', mode
            USING ERRCODE = 'invalid_parameter_value', HINT = 'use refuse, report or off';
    END IF;
    IF NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'only a superuser can set the guard'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Event triggers belong to superusers.';
    END IF;
    FOR t IN SELECT * FROM (VALUES ('custody_guard_ddl', 'ddl_command_end', 'guard_ddl'),
                                   ('custody_guard_drop', 'sql_drop', 'guard_drop'))
                           AS v (name, event, function) LOOP
        IF EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtname = t.name) THEN
            EXECUTE format('DROP EVENT TRIGGER %I', t.name);
        END IF;
        IF mode <> 'off' THEN
            EXECUTE format('CREATE EVENT TRIGGER %I ON %I EXECUTE FUNCTION custody.%I()',
                           t.name, t.event, t.function);
            EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', t.name);
        END IF;
    END LOOP;
    INSERT INTO custody.isolation_setting (name, value) VALUES ('guard', mode)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value;
    SELECT count(*) INTO found FROM custody.check_guard();
    IF mode <> 'off' AND found > 0 THEN
        RAISE WARNING 'the guard begins with findings: %', found
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'SELECT * FROM custody.check_guard(); the guard speaks of what is touched from now on.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.set_guard(text) IS
'sets the guard on DDL and GRANTs that touch protected tables: refuse (an error before the transaction commits), report (a warning and a row in custody.guard_finding), off; makes or drops two event triggers, ENABLE ALWAYS; errors: 22023 for another mode, 42501 for others than superusers; privilege: superuser';

-- The end of a migration: its own transactions passed, now all is looked at.
CREATE FUNCTION custody.guard_migration_end() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
DECLARE
    finding record;
BEGIN
    IF custody.guard_mode() = 'off' THEN
        RETURN NULL;
    END IF;
    FOR finding IN SELECT * FROM custody.guard_findings(NULL) LOOP
        INSERT INTO custody.guard_finding (occasion, code, object, seen, remedy)
            VALUES ('migration', finding.code, finding.object, finding.seen, finding.remedy);
        INSERT INTO custody.migration_log (migration_id, severity, object, message)
            VALUES (NEW.id, 'warning', finding.object,
                    format('isolation: %s: %s', finding.code, finding.seen));
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.guard_migration_end() IS
'trigger: at the end of a migration all protected tables are looked at; findings go to custody.guard_finding and the migration''s log';
REVOKE ALL ON FUNCTION custody.guard_migration_end() FROM PUBLIC;

CREATE FUNCTION custody.guard_unproven() RETURNS TABLE (object text, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET jit = off AS $$
    SELECT f.object, f.code || ': ' || f.seen FROM custody.guard_findings(NULL) f
     WHERE custody.guard_mode() = 'refuse'
$$;
COMMENT ON FUNCTION custody.guard_unproven() IS
'what keeps a migration from being done while the guard refuses; nothing in its other modes; errors: none; privilege: a duty (custody.grant_duty())';

REVOKE ALL ON FUNCTION custody.guard_in_migration(),
    custody.guard_judge(oid[]), custody.guard_note(oid[]), custody.set_guard(text),
    custody.guard_unproven() FROM PUBLIC;

-- What looks and changes nothing, with the proof on which it rests.
CREATE FUNCTION custody.grant_looking(role name) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    function regprocedure;
BEGIN
    EXECUTE format('GRANT SELECT ON custody.protection, custody.exemption, custody.isolation_setting,
        custody.guard_finding, custody.guard_relation, custody.guard_bound, custody.compat_object,
        custody.jwt_issuer, custody.lint_findings TO %I', role);
    FOR function IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'custody'::regnamespace AND NOT p.prosecdef AND p.prokind = 'f'
           AND p.proname ~ '^(prove|proof|policy_verdict$|check_guard$|guard_(mode|binds|touched|bypasses)$|guard_([a-z]+_)?findings$|judge_|judgement_|policy_cost$|plan_as_owner$|org_column_kind$|claims_are_fed$|compat_digest$|find_references$|reference_|lint$)'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', function, role);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.grant_looking(name) IS
'gives a role custody.check_guard(), judge_policies(), find_references(), lint() and the proof, with the state that they read; part of the duties admin and auditor (custody.grant_duty()); errors: 42704 for a role that does not exist; privilege: EXECUTE and ownership';
REVOKE ALL ON FUNCTION custody.grant_looking(name) FROM PUBLIC;
