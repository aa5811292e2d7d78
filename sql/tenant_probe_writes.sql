-- Attacks that write a table. Own rows and rows that the probe made are written, and undone; what would
-- write others' rows meets custody.probe_step(), which stops it before.

CREATE FUNCTION custody.probe_row(subject custody.probe_subject, key text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (custody.probe_as_owner(subject.relation,
        format('SELECT to_jsonb(r.*) FROM %s r WHERE %s', subject.object, key)))[1];
END
$$;
COMMENT ON FUNCTION custody.probe_row(custody.probe_subject, text) IS
'a row of the subject, found by its key condition, as an object; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_row(custody.probe_subject, text) FROM PUBLIC;

-- An org column that is a key of its own (that of the organizations) cannot take a value again.
CREATE FUNCTION custody.probe_target(subject custody.probe_subject) RETURNS text
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = subject.relation AND i.indisunique
            AND i.indnkeyatts = 1 AND i.indkey[0] = subject.org_attribute)
        THEN custody.probe_stranger(subject) ELSE subject.victim_org END;
END
$$;
COMMENT ON FUNCTION custody.probe_target(custody.probe_subject) IS
'the organization to which an attack would give a row; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_target(custody.probe_subject) FROM PUBLIC;

-- A column that the role may update, so that a lack of privilege on another one does not count.
CREATE FUNCTION custody.probe_column(relation oid, role oid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT quote_ident(a.attname) FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY NOT has_column_privilege(role, relation, a.attnum, 'UPDATE'), a.attnum DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION custody.probe_column(oid, oid) IS
'a column of the relation, one that the role may update if there is one; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_column(oid, oid) FROM PUBLIC;

-- What the writing attacks on a table have in common.
CREATE FUNCTION custody.probe_arm(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS custody.probe_subject LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    subject.target_org := custody.probe_target(subject);
    subject.change_column := custody.probe_column(subject.relation, setup.role);
    subject.own_values := custody.probe_values(subject.relation, subject.org_attribute, subject.own_org,
        custody.probe_row(subject, subject.own_key), 0, 0);
    subject.victim_values := custody.probe_values(subject.relation, subject.org_attribute, subject.target_org,
        custody.probe_row(subject, subject.victim_key), 0, 0);
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.probe_arm(custody.probe_setup, custody.probe_subject) IS
'the subject with the values of a new own row and of one of another organization; errors: those of custody.probe_values(); privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_arm(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- Nothing but the policy of the command stands between a blind write and the rows. In the context of
-- an organization without rows every row it meets is another's; in the own context it ends at the first
-- one that is not an own one, or at one more than there are of those.
CREATE FUNCTION custody.probe_blind(
        setup custody.probe_setup, subject custody.probe_subject, attack text, statement text,
        OUT finding custody.probe_finding, OUT own_met bigint)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    outcome custody.probe_outcome;
    recount bigint;
BEGIN
    outcome := custody.probe_try(setup, subject, statement, org => custody.probe_stranger(subject));
    IF outcome.met > 0 OR outcome.sqlstate IS NOT NULL THEN
        finding := custody.probe_judge(subject, attack, statement, outcome, outcome.met > 0,
            'it reached a row in the context of an organization that has none');
        RETURN;
    END IF;
    outcome := custody.probe_try(setup, subject, statement, row_limit => least(subject.own_rows, setup.row_cap));
    IF outcome.others > 0 THEN
        finding := custody.probe_judge(subject, attack, statement, outcome, true, 'it reached a row of another organization');
        RETURN;
    END IF;
    own_met := outcome.met;
    IF subject.own_rows > setup.row_cap AND (outcome.others IS NULL OR outcome.met > setup.row_cap) THEN
        finding := (subject.object, attack, 'inconclusive', statement,
            'the organization has more rows than the row cap', NULL, NULL)::custody.probe_finding;
        RETURN;
    ELSIF outcome.met > subject.own_rows THEN
        recount := custody.probe_count(setup, subject);
    END IF;
    finding := custody.probe_judge(subject, attack, statement, outcome, outcome.met > recount,
        format('it reached more than the %s own rows', recount), control => subject.control OR own_met > 0);
END
$$;
COMMENT ON FUNCTION custody.probe_blind(custody.probe_setup, custody.probe_subject, text, text) IS
'a write without a condition but custody.probe_step(): its verdict, and how many rows it met in the own context; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_blind(custody.probe_setup, custody.probe_subject, text, text) FROM PUBLIC;

-- A BEFORE trigger that did not run could have changed the row: then nothing is known.
CREATE FUNCTION custody.probe_written(
        setup custody.probe_setup, subject custody.probe_subject, attack text, statement text,
        outcome custody.probe_outcome, triggers text, what text)
    RETURNS custody.probe_finding LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    finding custody.probe_finding;
BEGIN
    finding := custody.probe_judge(subject, attack, statement, outcome, outcome.rows > 0, what,
        control => false);
    IF finding.verdict = 'leak' AND triggers IS NOT NULL AND NOT setup.on_clone THEN
        finding.verdict := 'inconclusive';
        finding.detail := format('%s; but %s did not run, which only does with on_clone', what, triggers);
    END IF;
    RETURN finding;
END
$$;
COMMENT ON FUNCTION custody.probe_written(custody.probe_setup, custody.probe_subject, text, text, custody.probe_outcome, text, text) IS
'the verdict on an attack that leaks when it writes a row; triggers: those that the probe kept from running; privilege: superuser';
REVOKE ALL ON FUNCTION
    custody.probe_written(custody.probe_setup, custody.probe_subject, text, text, custody.probe_outcome, text, text)
    FROM PUBLIC;

CREATE FUNCTION custody.probe_inserts(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    attack record;
    outcome custody.probe_outcome;
    org_name text := (SELECT attname FROM pg_attribute
        WHERE attrelid = subject.relation AND attnum = subject.org_attribute);
BEGIN
    FOR attack IN SELECT * FROM (VALUES
        ('insert_other', custody.probe_insert(subject.relation, subject.object, subject.victim_values, setup.role),
            'a row of another organization was inserted'),
        ('insert_null', custody.probe_insert(subject.relation, subject.object,
            subject.own_values || jsonb_build_object(org_name, NULL), setup.role),
            'a row without an organization was inserted')) a (name, statement, what) LOOP
        IF has_any_column_privilege(setup.role, subject.relation, 'INSERT')
           AND NOT has_column_privilege(setup.role, subject.relation, subject.org_attribute, 'INSERT') THEN
            RETURN NEXT (subject.object, attack.name, 'held', attack.statement,
                'no privilege to insert the column ' || subject.org_column, NULL, NULL)::custody.probe_finding;
            CONTINUE;
        END IF;
        outcome := custody.probe_try(setup, subject, attack.statement);
        RETURN NEXT custody.probe_written(setup, subject, attack.name, attack.statement, outcome,
            subject.before_insert, attack.what);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_inserts(custody.probe_setup, custody.probe_subject) IS
'the attacks that insert rows which are not of the own organization; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_inserts(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- An own row that goes to another organization: with a condition the policies of SELECT look at the
-- new row, too; without one only those of UPDATE do.
CREATE FUNCTION custody.probe_moves(
        setup custody.probe_setup, subject custody.probe_subject, own_met bigint)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    move text := format('UPDATE %s SET %s = %L WHERE ', subject.object, subject.org_column,
        subject.target_org);
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
BEGIN
    statement := move || subject.own_key;
    outcome := custody.probe_try(setup, subject, statement);
    RETURN NEXT custody.probe_written(setup, subject, 'move', statement, outcome,
        subject.before_update, 'an own row went to another organization');

    statement := move || 'custody.probe_step()';
    IF own_met IS NULL OR own_met > subject.own_rows THEN
        outcome := custody.probe_try(setup, subject, statement);
        finding := custody.probe_judge(subject, 'move_blind', statement, outcome, false, NULL, control => false);
        finding.detail := CASE WHEN finding.verdict = 'held' THEN finding.detail
            ELSE 'not tried: an update without a condition may meet rows of others first' END;
    ELSE
        outcome := custody.probe_try(setup, subject, statement, row_limit => subject.own_rows, takes_first => true);
        finding := custody.probe_written(setup, subject, 'move_blind', statement, outcome,
            subject.before_update, 'an own row went to another organization');
    END IF;
    RETURN NEXT finding;
END
$$;
COMMENT ON FUNCTION custody.probe_moves(custody.probe_setup, custody.probe_subject, bigint) IS
'the attacks that give an own row to another organization; own_met: rows that an update without a condition met, NULL when it was refused or leaks; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_moves(custody.probe_setup, custody.probe_subject, bigint) FROM PUBLIC;

CREATE FUNCTION custody.probe_writes(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change text := format('UPDATE %s SET %s = DEFAULT WHERE ', subject.object,
        subject.change_column);
    remove text := format('DELETE FROM %s WHERE ', subject.object);
    blind record;
    attack record;
    outcome custody.probe_outcome;
BEGIN
    RETURN QUERY SELECT * FROM custody.probe_inserts(setup, subject);
    blind := custody.probe_blind(setup, subject, 'delete_blind', remove || 'custody.probe_step()');
    RETURN NEXT blind.finding;
    blind := custody.probe_blind(setup, subject, 'update_blind', change || 'custody.probe_step()');
    RETURN NEXT blind.finding;
    RETURN QUERY SELECT * FROM custody.probe_moves(setup, subject, blind.own_met);
    FOR attack IN SELECT * FROM (VALUES
        ('update_key', change || subject.victim_key || ' AND custody.probe_step()'),
        ('delete_key', remove || subject.victim_key || ' AND custody.probe_step()')) a (name, statement) LOOP
        outcome := custody.probe_try(setup, subject, attack.statement);
        RETURN NEXT custody.probe_judge(subject, attack.name, attack.statement, outcome,
            outcome.met > 0, 'it reached the victim''s row');
    END LOOP;
    RETURN QUERY SELECT * FROM custody.probe_merges(setup, subject);
END
$$;
COMMENT ON FUNCTION custody.probe_writes(custody.probe_setup, custody.probe_subject) IS
'the writing attacks on a table; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_writes(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
