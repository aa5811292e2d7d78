-- The probe: all attacks on all relations, each table in a subtransaction of its own.

-- A view is attacked together with the first, by name, of its tables, while that table's rows are there.
CREATE FUNCTION custody.probe_views_of(
        setup custody.probe_setup, subject custody.probe_subject, views custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    view custody.probe_subject;
BEGIN
    FOREACH view IN ARRAY views LOOP
        IF view.base = subject.relation THEN
            RETURN QUERY SELECT * FROM custody.probe_view(setup, view, subject);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_views_of(custody.probe_setup, custody.probe_subject, custody.probe_subject[]) IS
'the attacks on those of the views whose base is the subject; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_views_of(custody.probe_setup, custody.probe_subject, custody.probe_subject[])
    FROM PUBLIC;

CREATE FUNCTION custody.probe_based(subjects custody.probe_subject[]) RETURNS custody.probe_subject[]
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    view custody.probe_subject;
    views custody.probe_subject[] := '{}';
    tables oid[];
BEGIN
    FOREACH view IN ARRAY subjects LOOP
        IF view.kind IN ('v', 'm') THEN
            tables := custody.probe_base_tables(view.relation);
            view.base := (SELECT s.relation FROM unnest(subjects) s
                WHERE s.relation = ANY (tables) AND s.org_type IS NOT NULL
                ORDER BY s.object COLLATE "C" LIMIT 1);
            views := views || view;
        END IF;
    END LOOP;
    RETURN views;
END
$$;
COMMENT ON FUNCTION custody.probe_based(custody.probe_subject[]) IS
'the views among the subjects, each with the table that it is attacked with, NULL when there is none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_based(custody.probe_subject[]) FROM PUBLIC;

CREATE FUNCTION custody.probe_attacks(
        setup custody.probe_setup, subject custody.probe_subject, views custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    control record;
BEGIN
    control := custody.probe_control(setup, subject);
    subject := control.subject;
    RETURN NEXT control.finding;
    RETURN QUERY SELECT * FROM custody.probe_reads(setup, subject);
    IF subject.kind = 'f' AND NOT has_any_column_privilege(setup.role, subject.relation, 'INSERT')
       AND NOT has_any_column_privilege(setup.role, subject.relation, 'UPDATE')
       AND NOT has_table_privilege(setup.role, subject.relation, 'DELETE') THEN
        RETURN NEXT (subject.object, 'writes', 'held', NULL, 'no privilege', NULL, NULL)::custody.probe_finding;
    ELSIF subject.kind NOT IN ('r', 'p') OR subject.always_triggers IS NOT NULL AND NOT setup.on_clone THEN
        RETURN NEXT (subject.object, 'writes', 'inconclusive', NULL, coalesce(
            'without on_clone nothing is written that fires ' || subject.always_triggers,
            'a foreign table is not written'), NULL, NULL)::custody.probe_finding;
    ELSE
        subject := custody.probe_arm(setup, subject);
        RETURN QUERY SELECT * FROM custody.probe_writes(setup, subject);
        RETURN QUERY SELECT * FROM custody.probe_conflict(setup, subject);
        RETURN QUERY SELECT * FROM custody.probe_unique(setup, subject);
        RETURN QUERY SELECT * FROM custody.probe_foreign_keys(setup, subject);
    END IF;
    RETURN QUERY SELECT * FROM custody.probe_views_of(setup, subject, views);
    IF setup.on_clone THEN
        RETURN QUERY SELECT * FROM custody.probe_functions(setup, subject);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.probe_attacks(custody.probe_setup, custody.probe_subject, custody.probe_subject[]) IS
'all attacks on a table whose rows of two organizations are there, and on its views; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_attacks(custody.probe_setup, custody.probe_subject, custody.probe_subject[])
    FROM PUBLIC;

-- Ends by raising, whatever happened: nothing of it stays.
CREATE FUNCTION custody.probe_table(
        setup custody.probe_setup, subject custody.probe_subject, views custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF subject.org_type IS NULL THEN
        RETURN NEXT (subject.object, 'rows', 'inconclusive', NULL, CASE WHEN subject.org_column IS NULL
            THEN 'no column names the organization, and it is neither protected nor exempt'
            ELSE 'no organization can have the type of column ' || subject.org_column END,
            NULL, NULL)::custody.probe_finding;
        RETURN;
    END IF;
    BEGIN -- "the probe is over" undoes it
        subject := custody.probe_complete(setup, custody.probe_pick(setup, subject));
        RETURN QUERY SELECT * FROM custody.probe_attacks(setup, subject, views);
        RAISE EXCEPTION USING ERRCODE = 'CU001', MESSAGE = 'the probe is over';
    EXCEPTION
        WHEN SQLSTATE 'CU001' THEN
            NULL;
        WHEN OTHERS THEN
            RETURN NEXT (subject.object, 'rows', 'inconclusive', NULL, 'the probe could not go on: ' || SQLERRM,
                SQLSTATE, NULL)::custody.probe_finding;
    END;
END
$$;
COMMENT ON FUNCTION custody.probe_table(custody.probe_setup, custody.probe_subject, custody.probe_subject[]) IS
'all attacks on a table, undone at the end; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_table(custody.probe_setup, custody.probe_subject, custody.probe_subject[])
    FROM PUBLIC;

-- What all may read, nobody but its writers may write.
CREATE FUNCTION custody.probe_shared(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    attack record;
    outcome custody.probe_outcome;
BEGIN
    IF setup.role = ANY (SELECT unnest(writers)::oid FROM custody.protection WHERE relation = subject.relation) THEN
        RETURN;
    END IF;
    FOR attack IN SELECT * FROM (VALUES
        ('delete_blind', format('DELETE FROM %s WHERE custody.probe_step()', subject.object)),
        ('update_blind', format('UPDATE %s SET %s = DEFAULT WHERE custody.probe_step()', subject.object,
            custody.probe_column(subject.relation, setup.role)))) a (name, statement) LOOP
        outcome := custody.probe_try(setup, subject, attack.statement, 'none');
        RETURN NEXT custody.probe_judge(subject, attack.name, attack.statement, outcome, outcome.met > 0,
            'the role may change what all organizations read', control => false);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_shared(custody.probe_setup, custody.probe_subject) IS
'the attacks on a shared table, by a role that is not among its writers; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_shared(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- Where the role has nothing to do with the tables of others, it must not get lost in their schemas.
CREATE FUNCTION custody.probe_start(
        role regrole, on_clone bool, row_cap int4, statement_timeout text, enter text)
    RETURNS custody.probe_setup LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    setup custody.probe_setup;
BEGIN
    IF current_setting('is_superuser') <> 'on' THEN
        RAISE EXCEPTION 'only a superuser may probe' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE oid = role) THEN
        RAISE EXCEPTION 'there is no role to probe' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF row_cap IS NULL OR row_cap < 1 THEN
        RAISE EXCEPTION 'the row cap must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    setup.role := role;
    setup.role_name := (SELECT rolname FROM pg_roles WHERE oid = role);
    setup.on_clone := coalesce(on_clone, false);
    setup.row_cap := row_cap;
    setup.timeout := 1000 * extract(epoch FROM CASE WHEN statement_timeout ~ '^\s*\d+\s*$'
        THEN statement_timeout || ' ms' ELSE statement_timeout END::interval);
    setup.enter := enter;
    setup.path := coalesce(
        (SELECT substr(c, length('search_path=') + 1) FROM pg_db_role_setting d, unnest(d.setconfig) c
          WHERE c LIKE 'search\_path=%' AND d.setrole IN (role, 0)
            AND d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          ORDER BY d.setrole = 0, d.setdatabase = 0 LIMIT 1),
        (SELECT reset_val FROM pg_settings WHERE name = 'search_path'));
    IF NOT has_schema_privilege(role, 'custody', 'USAGE') THEN
        -- custody.probe_step() has a name that the role must be able to say; undone like everything.
        EXECUTE format('GRANT USAGE ON SCHEMA custody TO %I', setup.role_name);
    END IF;
    PERFORM set_config('lc_messages', 'C', true), set_config('row_security', 'on', true),
        set_config('statement_timeout', setup.timeout || 'ms', true); -- for custody.probe_as_owner()
    IF NOT setup.on_clone THEN
        PERFORM set_config('session_replication_role', 'replica', true);
    END IF;
    RETURN setup;
END
$$;
COMMENT ON FUNCTION custody.probe_start(regrole, bool, int4, text, text) IS
'checks the arguments of custody.probe_isolation() and makes the settings of the subtransaction; errors: 22023; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_start(regrole, bool, int4, text, text) FROM PUBLIC;

-- An owner without USAGE on the schema of its own table could not name it; undone like everything.
CREATE FUNCTION custody.probe_admit_owners(relations oid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT DISTINCT format('GRANT USAGE ON SCHEMA %s TO %s', c.relnamespace::regnamespace, c.relowner::regrole)
          FROM pg_class c
         WHERE (c.oid = ANY (relations) OR c.oid IN (SELECT confrelid FROM pg_constraint WHERE contype = 'f'))
           AND NOT has_schema_privilege(c.relowner, c.relnamespace, 'USAGE') LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_admit_owners(oid[]) IS
'lets the owners of the relations, and of what foreign keys point to, use the schemas that these are in; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_admit_owners(oid[]) FROM PUBLIC;

CREATE FUNCTION custody.probe_all(
        setup custody.probe_setup, relations regclass[]) RETURNS SETOF custody.probe_finding
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subjects custody.probe_subject[] := ARRAY(SELECT s FROM custody.probe_subjects(relations) s);
    views custody.probe_subject[] := custody.probe_based(subjects);
    subject custody.probe_subject;
    typical custody.probe_subject;
BEGIN
    setup.settings := custody.probe_settings(ARRAY(SELECT s.relation FROM unnest(subjects) s));
    PERFORM custody.probe_admit_owners(ARRAY(SELECT s.relation FROM unnest(subjects) s));
    FOREACH subject IN ARRAY subjects LOOP
        CONTINUE WHEN subject.kind IN ('v', 'm');
        IF subject.class = 'shared' THEN
            RETURN QUERY SELECT * FROM custody.probe_shared(setup, subject);
        ELSE
            RETURN QUERY SELECT * FROM custody.probe_table(setup, subject, views);
        END IF;
        IF subject.kind IN ('r', 'p') THEN
            RETURN QUERY SELECT * FROM custody.probe_privileges(setup, subject);
        END IF;
        typical := CASE WHEN subject.org_type IS NOT NULL THEN subject ELSE typical END;
    END LOOP;
    RETURN QUERY SELECT v.object, 'rows', 'inconclusive', NULL::text, 'it reads no table that could be attacked',
        NULL::text, NULL::text FROM unnest(views) v WHERE v.base IS NULL;
    IF typical.org_type IS NOT NULL THEN
        RETURN QUERY SELECT * FROM custody.probe_tamper(setup, custody.probe_stranger(typical), typical.org_type);
    END IF;
    RETURN QUERY SELECT * FROM custody.probe_becoming(setup);
    RETURN QUERY SELECT * FROM custody.probe_orphans(setup, subjects);
    RETURN QUERY SELECT * FROM custody.probe_statistics(setup, subjects);
    RETURN QUERY SELECT * FROM custody.probe_reported(setup, subjects);
END
$$;
COMMENT ON FUNCTION custody.probe_all(custody.probe_setup, regclass[]) IS
'all attacks of a probe; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_all(custody.probe_setup, regclass[]) FROM PUBLIC;

-- What a policy or function took for the session no rollback gives back. (A lock that the session had before and
-- that was taken once more is not seen.)
CREATE FUNCTION custody.probe_session_locks() RETURNS text[]
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(format('SELECT pg_advisory_unlock%s(%s)', CASE l.mode WHEN 'ShareLock' THEN '_shared' END,
               CASE l.objsubid WHEN 1 THEN (l.classid::int8 << 32 | l.objid::int8)::text
                    ELSE format('%s, %s', l.classid::int8::bit(32)::int4, l.objid::int8::bit(32)::int4) END)), '{}')
      FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;
COMMENT ON FUNCTION custody.probe_session_locks() IS
'for each advisory lock that the session holds the statement that gives it back; errors: none; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_session_locks() FROM PUBLIC;

CREATE FUNCTION custody.probe_isolation(
        role regrole, relations regclass[] DEFAULT NULL, on_clone bool DEFAULT false,
        row_cap int4 DEFAULT 10000, lock_timeout text DEFAULT '100ms',
        statement_timeout text DEFAULT '10s', enter text DEFAULT NULL)
    RETURNS TABLE (object text, attack text, verdict text, statement text, detail text, sqlstate text,
        accepted text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET jit = off AS $$ -- of thousands of small statements, each run once
#variable_conflict use_column
DECLARE
    setup custody.probe_setup;
    held text[] := custody.probe_session_locks();
    taken text;
    given_back bool;
BEGIN
    BEGIN
        PERFORM set_config('lock_timeout', lock_timeout, true);
        setup := custody.probe_start(role, on_clone, row_cap, statement_timeout, enter);
        RETURN QUERY
            SELECT f.object, f.attack, f.verdict, f.statement, f.detail, f.sqlstate,
                (SELECT format('%s (until %s)', e.reason, e.expires) FROM custody.exemption e
                  WHERE e.tool = 'probe' AND f.verdict = 'inconclusive' AND e.code = f.attack
                    AND custody.is_exempted(f.object, e.object) AND e.expires > now() LIMIT 1)
              FROM custody.probe_all(setup, relations) f;
        RAISE EXCEPTION USING ERRCODE = 'CU001', MESSAGE = 'the probe is over';
    EXCEPTION WHEN SQLSTATE 'CU001' THEN
        NULL;
    END;
    -- As often as it was taken.
    LOOP
        SELECT l INTO taken FROM unnest(custody.probe_session_locks()) l WHERE l <> ALL (held) LIMIT 1;
        EXIT WHEN NOT FOUND;
        EXECUTE taken INTO given_back;
        IF NOT given_back THEN
            held := held || taken;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_isolation(regrole, regclass[], bool, int4, text, text, text) IS
'attacks what the role can reach in the context of an organization and undoes everything: role: the application role; relations: NULL = the protected tables and their neighbours, with partitions and views; on_clone: true also runs triggers and definer functions and lets foreign keys act, for a copy of the database; row_cap: rows that are read of a table; lock_timeout and statement_timeout: of each attack; enter: statement that enters the context of organization $1 instead of custody''s; result: one row per attack and object with verdict held, leak or inconclusive, and for an accepted inconclusive the reason (custody.exemption with tool probe); not undone: numbers of sequences; errors: 42501 for others than superusers, 22023; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_isolation(regrole, regclass[], bool, int4, text, text, text) FROM PUBLIC;

-- For the loader, which attacks from outside.
CREATE FUNCTION custody.probe_plan(row_cap int4 DEFAULT 10000)
    RETURNS TABLE (object text, exact text, org_type text, own_org text, victim_org text, own_key text,
        owner text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
    SET jit = off AS $$
#variable_conflict use_column
DECLARE
    setup custody.probe_setup;
    subject custody.probe_subject;
BEGIN
    setup.row_cap := row_cap;
    BEGIN
        PERFORM custody.probe_admit_owners(ARRAY(SELECT s FROM custody.probe_relations(NULL) s));
        FOR subject IN SELECT s.* FROM custody.probe_subjects(NULL) s
                        WHERE s.kind IN ('r', 'p') AND s.org_type IS NOT NULL AND coalesce(s.class, '') <> 'shared' LOOP
            subject := custody.probe_pick(setup, subject);
            CONTINUE WHEN subject.victim_org IS NULL;
            RETURN QUERY SELECT subject.object, subject.exact, subject.org_type, subject.own_org, subject.victim_org,
                subject.own_key, c.relowner::regrole::text FROM pg_class c WHERE c.oid = subject.relation;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'CU001', MESSAGE = 'the probe is over';
    EXCEPTION WHEN SQLSTATE 'CU001' THEN
        NULL;
    END;
END
$$;
COMMENT ON FUNCTION custody.probe_plan(int4) IS
'the tables that "custody probe" attacks, those with rows of two organizations: name, expression of the organization, its type, two organizations, condition of a row of the first, and the owner; row_cap: rows that are looked at where the org column has no index; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_plan(int4) FROM PUBLIC;
