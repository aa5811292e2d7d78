-- Attacks that read a table, and those that come without a valid context.

-- The organizations of the rows that an unfiltered read shows: how many others, how many in all.
CREATE FUNCTION custody.probe_read_all(subject custody.probe_subject, row_cap bigint) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
SELECT format('SELECT count(*) FILTER (WHERE o IS DISTINCT FROM %L) || '' '' || count(*) '
    'FROM (SELECT %s AS o FROM %s LIMIT %s) r',
    subject.own_org, subject.exact, subject.object, row_cap)
$$;
COMMENT ON FUNCTION custody.probe_read_all(custody.probe_subject, bigint) IS
'statement of the unfiltered read; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_read_all(custody.probe_subject, bigint) FROM PUBLIC;

-- Also the positive control of all that comes after: was the own row seen?
CREATE FUNCTION custody.probe_control(
        setup custody.probe_setup, INOUT subject custody.probe_subject,
        OUT finding custody.probe_finding)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text := custody.probe_read_all(subject, setup.row_cap);
    outcome custody.probe_outcome;
    others bigint;
    total bigint;
BEGIN
    outcome := custody.probe_try(setup, subject, statement);
    others := split_part(outcome.value, ' ', 1);
    total := split_part(outcome.value, ' ', 2);
    subject.control := coalesce(total > others, false);
    IF others = 0 AND total = setup.row_cap THEN
        -- The cap hid the rest: the first row of another organization, if there is one.
        statement := format('SELECT %1$s FROM %2$s WHERE %1$s IS DISTINCT FROM %3$L LIMIT 1',
            subject.exact, subject.object, subject.own_org);
        outcome := custody.probe_try(setup, subject, statement);
        others := outcome.rows;
    END IF;
    finding := custody.probe_judge(subject, 'read_all', statement, outcome, others > 0,
        format('%s of %s rows that it read are of other organizations', others, total));
END
$$;
COMMENT ON FUNCTION custody.probe_control(custody.probe_setup, custody.probe_subject) IS
'the unfiltered read: its verdict, and the subject with control = the own row was seen; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_control(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- The settings that policies, and the functions in them, read; what anybody may set proves nothing.
CREATE FUNCTION custody.probe_settings(relations oid[]) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(array_agg(DISTINCT name ORDER BY name), '{}') FROM (
    SELECT m[1] AS name
      FROM pg_policy p,
        regexp_matches(concat(pg_get_expr(p.polqual, p.polrelid), ' ', pg_get_expr(p.polwithcheck, p.polrelid)),
            'current_setting\(''([^'']+)''', 'g') m
     WHERE p.polrelid = ANY (relations)
    UNION
    SELECT m[1] FROM pg_depend d
        JOIN pg_proc f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid,
        regexp_matches(f.prosrc, 'current_setting\(\s*''([^'']+)''', 'gi') m
     WHERE d.classid = 'pg_policy'::regclass
       AND d.objid IN (SELECT oid FROM pg_policy WHERE polrelid = ANY (relations))) s
 WHERE name NOT IN ('role', 'session_authorization') AND name NOT LIKE 'custody.%'
   AND coalesce((SELECT g.context = 'user' FROM pg_settings g WHERE g.name = s.name), name LIKE '%_.%')
$$;
COMMENT ON FUNCTION custody.probe_settings(oid[]) IS
'settings that anybody may set and that the policies of the relations, and the functions that they call, read; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_settings(oid[]) FROM PUBLIC;

-- Sets what applications use to say who they are to an organization: as claims where that is usual.
CREATE FUNCTION custody.probe_forge(setup custody.probe_setup, org text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names json := json_build_object('org_id', org, 'org', org, 'tenant_id', org, 'organization_id', org);
    claims text := json_build_object('sub', org, 'role', setup.role_name, 'org_id', org, 'org', org,
        'tenant_id', org, 'organization_id', org, 'account_id', org, 'o', json_build_object('id', org),
        'app_metadata', names, 'user_metadata', names);
BEGIN
    RETURN (SELECT 'SELECT ' || string_agg(format('set_config(%L, %L, true)', name,
            CASE WHEN name ~ '(claims|jwt|json)$' THEN claims ELSE org END), ', ')
      FROM (SELECT unnest(setup.settings) UNION VALUES ('request.jwt.claims'),
        ('request.jwt.claim.org_id'), ('request.jwt.claim.sub')) s (name)
     WHERE name NOT LIKE '%"%');
END
$$;
COMMENT ON FUNCTION custody.probe_forge(custody.probe_setup, text) IS
'statement that sets request.jwt.claims and every setting that a policy reads to an organization; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_forge(custody.probe_setup, text) FROM PUBLIC;

-- A plan that remembers the organization for which it was made: a function in a policy that is declared
-- IMMUTABLE does that.
CREATE FUNCTION custody.probe_stale_plan(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text := format('SELECT %s FROM %s WHERE %s', subject.org_column, subject.object, subject.own_key);
    outcome custody.probe_outcome;
BEGIN
    outcome := custody.probe_try(setup, subject, statement, next_org => subject.victim_org);
    RETURN custody.probe_judge(subject, 'stale_plan', statement, outcome, outcome.rows > 0,
        'a plan made for one organization showed its rows to the next');
END
$$;
COMMENT ON FUNCTION custody.probe_stale_plan(custody.probe_setup, custody.probe_subject) IS
'reads the own row with a generic plan, changes to the context of the victim, and executes the plan again; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_stale_plan(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

CREATE FUNCTION custody.probe_reads(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    attack record;
    outcome custody.probe_outcome;
    by_key text := format('SELECT %s FROM %s WHERE %s', subject.org_column, subject.object, subject.victim_key);
    any_row text := format('SELECT %s FROM %s LIMIT 1', subject.org_column, subject.object);
    forge text := custody.probe_forge(setup, subject.victim_org);
    fill text := 'SELECT ' || (SELECT string_agg(format('set_config(%L, %%1$L, true)', s), ', ')
                                 FROM unnest(setup.settings) s);
BEGIN
    FOR attack IN SELECT * FROM (VALUES
        ('read_key', 'org', by_key, 'the victim''s row was read'),
        ('row_security_off', 'org', format('SET LOCAL row_security = off; SELECT %1$s FROM %2$s '
            'WHERE %1$s IS DISTINCT FROM %3$L LIMIT 1', subject.exact, subject.object, subject.own_org),
            'row security does not bind the role'),
        ('no_context', 'none', any_row, 'a row was read without a context'),
        ('expired_context', 'expired', any_row, 'a row was read after the context had expired'),
        ('forged_settings', 'org', forge || '; ' || by_key,
            'the victim''s row was read after settings that anybody may set'),
        ('forged_no_context', 'none', forge || '; ' || by_key,
            'the victim''s row was read after settings that anybody may set'),
        ('empty_settings', 'none', format(fill, '') || '; ' || any_row,
            'a row was read with empty settings'),
        ('garbage_settings', 'none', format(fill, 'garbage') || '; ' || any_row,
            'a row was read with settings that mean nothing')) a (name, how, statement, what)
         WHERE statement IS NOT NULL LOOP
        outcome := custody.probe_try(setup, subject, attack.statement, attack.how);
        RETURN NEXT custody.probe_judge(subject, attack.name, attack.statement, outcome,
            outcome.rows > 0, attack.what, attack.how <> 'org');
    END LOOP;
    RETURN NEXT custody.probe_stale_plan(setup, subject);
END
$$;
COMMENT ON FUNCTION custody.probe_reads(custody.probe_setup, custody.probe_subject) IS
'the reading attacks on a table but the unfiltered one; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_reads(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
