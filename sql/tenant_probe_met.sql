-- Writes that meet a row of another organization for real: one that the probe made.

-- Its triggers may need a context, which is not in place yet.
CREATE FUNCTION custody.probe_stranded(
        setup custody.probe_setup, subject custody.probe_subject, OUT made jsonb, OUT reason text, OUT state text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF subject.always_triggers IS NOT NULL AND NOT setup.on_clone THEN
        reason := format('a row to meet would fire %s', subject.always_triggers);
        RETURN;
    END IF;
    PERFORM set_config('session_replication_role', 'replica', true);
    made := custody.probe_make(subject.relation, subject.org_attribute, subject.target_org,
        custody.probe_row(subject, subject.victim_key));
    PERFORM set_config('session_replication_role', CASE WHEN setup.on_clone THEN 'origin' ELSE 'replica' END, true);
EXCEPTION WHEN OTHERS THEN
    made := NULL;
    reason := 'a row to meet could not be made: ' || SQLERRM;
    state := SQLSTATE;
END
$$;
COMMENT ON FUNCTION custody.probe_stranded(custody.probe_setup, custody.probe_subject) IS
'makes a row of another organization, which an attack may write; NULL, the reason and the SQLSTATE when it cannot be made; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_stranded(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- The primary key, and what else is unique and does not name the organization; those of which ON CONFLICT can be said.
CREATE FUNCTION custody.probe_arbiters(subject custody.probe_subject)
    RETURNS TABLE (object text, columns name[]) LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE WHEN i.indisprimary THEN subject.object ELSE format('%s index %I', subject.object, c.relname) END, k.names
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid,
    LATERAL (SELECT array_agg(a.attname ORDER BY a.attnum) AS names FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) k
 WHERE i.indrelid = subject.relation AND i.indisunique AND i.indisvalid AND i.indimmediate
   AND i.indpred IS NULL AND i.indexprs IS NULL
   AND CASE WHEN i.indisprimary THEN i.indnkeyatts > 1 OR i.indkey[0] <> subject.org_attribute
        ELSE NOT subject.org_attribute = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) END
 ORDER BY NOT i.indisprimary, c.relname
$$;
COMMENT ON FUNCTION custody.probe_arbiters(custody.probe_subject) IS
'unique indexes in which a row of one organization may meet that of another, with their columns; object: the table for its primary key; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_arbiters(custody.probe_subject) FROM PUBLIC;

-- The policies look at the row that was met before the statement's own condition does.
CREATE FUNCTION custody.probe_conflict(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stranded record;
    tried bool := false;
    arbiter record;
    key jsonb;
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    allowed bool := has_any_column_privilege(setup.role, subject.relation, 'INSERT')
        AND has_any_column_privilege(setup.role, subject.relation, 'UPDATE');
BEGIN
    FOR arbiter IN SELECT * FROM custody.probe_arbiters(subject) LOOP
        finding := (arbiter.object, 'on_conflict', 'held',
            format('INSERT INTO %s ... ON CONFLICT DO UPDATE ...', subject.object), 'no privilege', NULL, NULL);
        IF NOT allowed THEN
            RETURN NEXT finding;
            CONTINUE;
        ELSIF NOT tried THEN
            stranded := custody.probe_stranded(setup, subject);
            tried := true;
        END IF;
        IF stranded.made IS NULL THEN
            finding.verdict := 'inconclusive';
            finding.detail := stranded.reason;
            finding.sqlstate := stranded.state;
            RETURN NEXT finding;
            CONTINUE;
        END IF;
        key := (SELECT jsonb_object_agg(c, stranded.made -> c::text) FROM unnest(arbiter.columns) c
                 WHERE quote_ident(c) <> subject.org_column);
        statement := custody.probe_insert(subject.relation, subject.object, subject.own_values || key, setup.role)
            || format(' ON CONFLICT (%s) DO UPDATE SET %s = DEFAULT WHERE custody.probe_step()',
                (SELECT string_agg(quote_ident(c), ', ') FROM unnest(arbiter.columns) c), subject.change_column);
        outcome := custody.probe_try(setup, subject, statement);
        finding := custody.probe_judge(subject, 'on_conflict', statement, outcome, outcome.met > 0,
            'the update reached the other organization''s row', control => outcome.rows > 0);
        finding.object := arbiter.object;
        IF finding.verdict = 'held' AND outcome.sqlstate IS NULL THEN
            finding.detail := 'no conflict with the key of another organization';
        END IF;
        RETURN NEXT finding;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_conflict(custody.probe_setup, custody.probe_subject) IS
'INSERT ... ON CONFLICT DO UPDATE onto the primary key, and other unique values, of another organization''s row, which is made for it; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_conflict(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

CREATE FUNCTION custody.probe_merge(subject custody.probe_subject, condition text, action text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
SELECT concat('MERGE INTO ', subject.object, ' USING (SELECT 1 AS custody_probe) s ON ', condition, ' WHEN ', action)
$$;
COMMENT ON FUNCTION custody.probe_merge(custody.probe_subject, text, text) IS
'a MERGE into the subject, of one row; action: what comes after WHEN; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_merge(custody.probe_subject, text, text) FROM PUBLIC;

-- MERGE asks its own condition before the policies of UPDATE and DELETE: a row that it meets proves nothing
-- yet, one that it writes does.
CREATE FUNCTION custody.probe_merge_met(
        setup custody.probe_setup, subject custody.probe_subject, finding custody.probe_finding, action text)
    RETURNS custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stranded record := custody.probe_stranded(setup, subject);
    triggers text := (SELECT string_agg(quote_ident(g.name), ', ') FROM custody.probe_untrusted_trigger g
        WHERE g.relation = subject.relation AND g.before
          AND CASE action WHEN 'DELETE' THEN g.on_delete ELSE g.on_update END);
    statement text;
BEGIN
    IF stranded.made IS NULL OR subject.key_columns IS NULL THEN
        finding.verdict := 'inconclusive';
        finding.sqlstate := stranded.state;
        finding.detail := 'it met the victim''s row; whether it may write it was not tried: '
            || coalesce(stranded.reason, 'a row to write is not told apart without a primary key');
        RETURN finding;
    END IF;
    statement := custody.probe_merge(subject, (
        SELECT string_agg(format('%s = %L', k, stranded.made ->> (parse_ident(k))[1]), ' AND ')
          FROM unnest(subject.key_columns) k), 'MATCHED THEN ' || CASE action WHEN 'DELETE' THEN action
            ELSE format('UPDATE SET %s = %L', subject.change_column,
                stranded.made ->> (parse_ident(subject.change_column))[1]) END);
    RETURN custody.probe_written(setup, subject, 'merge', statement, custody.probe_try(setup, subject, statement),
        triggers, 'it wrote another organization''s row');
END
$$;
COMMENT ON FUNCTION custody.probe_merge_met(custody.probe_setup, custody.probe_subject, custody.probe_finding, text) IS
'the verdict on a MERGE that met the victim''s row: action: what it does to a row that matches; it now writes a row of another organization that is made for it; privilege: superuser';
REVOKE ALL ON FUNCTION
    custody.probe_merge_met(custody.probe_setup, custody.probe_subject, custody.probe_finding, text) FROM PUBLIC;

CREATE FUNCTION custody.probe_merges(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    action text;
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
BEGIN
    IF current_setting('server_version_num')::int4 < 150000 THEN
        RETURN;
    END IF;
    FOREACH action IN ARRAY ARRAY['DELETE', format('UPDATE SET %s = DEFAULT', subject.change_column)] LOOP
        statement := custody.probe_merge(subject, subject.victim_key,
            'MATCHED AND custody.probe_step() THEN ' || action);
        outcome := custody.probe_try(setup, subject, statement);
        finding := custody.probe_judge(subject, 'merge', statement, outcome, false, NULL);
        RETURN NEXT CASE WHEN outcome.met > 0
            THEN custody.probe_merge_met(setup, subject, finding, action) ELSE finding END;
    END LOOP;

    statement := custody.probe_merge(subject, subject.own_key,
        format('MATCHED THEN UPDATE SET %s = %L', subject.org_column, subject.target_org));
    outcome := custody.probe_try(setup, subject, statement);
    RETURN NEXT custody.probe_written(setup, subject, 'merge_move', statement, outcome, subject.before_update,
        'an own row went to another organization');

    IF has_any_column_privilege(setup.role, subject.relation, 'INSERT')
       AND NOT has_column_privilege(setup.role, subject.relation, subject.org_attribute, 'INSERT') THEN
        RETURN NEXT (subject.object, 'merge_insert', 'held', NULL,
            'no privilege to insert the column ' || subject.org_column, NULL, NULL)::custody.probe_finding;
        RETURN;
    END IF;
    statement := custody.probe_insert(subject.relation, subject.object, subject.victim_values, setup.role);
    statement := custody.probe_merge(subject, 'false',
        'NOT MATCHED THEN INSERT ' || substr(statement, length('INSERT INTO ' || subject.object || ' ') + 1));
    outcome := custody.probe_try(setup, subject, statement);
    RETURN NEXT custody.probe_written(setup, subject, 'merge_insert', statement, outcome, subject.before_insert,
        'a row of another organization was inserted');
END
$$;
COMMENT ON FUNCTION custody.probe_merges(custody.probe_setup, custody.probe_subject) IS
'MERGE (from 15 on) that deletes or changes the victim''s row, gives an own row away, and inserts one of another organization; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_merges(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
