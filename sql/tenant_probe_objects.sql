-- What is decided by privileges, and what is not a table: views, functions, sequences.

CREATE FUNCTION custody.probe_privileges(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT subject.object, lower(p), CASE WHEN has THEN 'leak' ELSE 'held' END, what,
    CASE WHEN has THEN 'the role has the privilege, which row security does not limit'
        ELSE 'no privilege' END, NULL::text, NULL::text
  FROM (VALUES ('TRUNCATE', format('TRUNCATE %s', subject.object)),
        ('TRIGGER', format('CREATE TRIGGER ... ON %s', subject.object)),
        ('REFERENCES', format('CREATE TABLE ... (... REFERENCES %s)', subject.object))) a (p, what),
    LATERAL (SELECT has_table_privilege(setup.role, subject.relation, p)
        OR p = 'REFERENCES' AND has_any_column_privilege(setup.role, subject.relation, p)) h (has)
UNION ALL
SELECT subject.object, 'owner', CASE WHEN m THEN 'leak' ELSE 'held' END,
    format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', subject.object),
    CASE WHEN m THEN format('the role is, or can become, %I, which owns it', r.rolname)
        ELSE 'neither the owner nor a member of it' END, NULL, NULL
  FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner,
    LATERAL (SELECT pg_has_role(setup.role, c.relowner, 'MEMBER')) h (m)
 WHERE c.oid = subject.relation;
END
$$;
COMMENT ON FUNCTION custody.probe_privileges(custody.probe_setup, custody.probe_subject) IS
'the attacks on a table that privileges and ownership alone decide: truncate, trigger, references, owner; nothing is executed; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_privileges(custody.probe_setup, custody.probe_subject) FROM PUBLIC;

-- The tables that a view reads, through other views, too.
CREATE FUNCTION custody.probe_base_tables(relation oid) RETURNS oid[]
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE read AS (
    SELECT relation AS oid
    UNION
    SELECT d.refobjid FROM read r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename = '_RETURN'
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.oid
)
SELECT array_agg(c.oid ORDER BY c.oid::regclass::text COLLATE "C") FROM read JOIN pg_class c USING (oid)
 WHERE c.relkind IN ('r', 'p', 'f')
$$;
COMMENT ON FUNCTION custody.probe_base_tables(oid) IS
'the tables that a view reads, directly or through other views, by name; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_base_tables(oid) FROM PUBLIC;

-- A view without the org column is read in the context of an organization that has no rows: what it
-- then shows is of others, unless it is of nobody.
CREATE FUNCTION custody.probe_view_unnamed(
        setup custody.probe_setup, subject custody.probe_subject, stranger text)
    RETURNS custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text := format('SELECT (r.*)::text FROM %s r LIMIT 1', subject.object);
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    everything text;
    of_nobody bool;
    one_row bool := pg_get_viewdef(subject.relation) ~* '\m(count|sum|avg|min|max|\w+_agg)\('
        AND pg_get_viewdef(subject.relation) !~* '\mgroup by\M';
BEGIN
    outcome := custody.probe_try(setup, subject, statement, org => stranger);
    SELECT bool_or(custody.probe_org_column(t) IS NULL OR coalesce(p.class, '') IN ('shared', 'exempt')) INTO of_nobody
      FROM unnest(custody.probe_base_tables(subject.relation)) t LEFT JOIN custody.protection p ON p.relation = t;
    IF one_row THEN
        everything := (custody.probe_as_owner(subject.relation, statement))[1];
    END IF;
    finding := custody.probe_judge(subject, 'read_all', statement, outcome,
        outcome.rows > 0 AND NOT of_nobody AND (NOT one_row OR outcome.value = everything),
        'it shows rows to an organization that has none');
    -- An aggregate over no row is 0 or nothing.
    IF outcome.rows > 0 AND finding.verdict = 'held' AND NOT (one_row AND outcome.value ~ '^\([0,]*\)$') THEN
        finding.verdict := 'inconclusive';
        finding.detail := 'it shows rows, of a table without organizations, perhaps';
    END IF;
    RETURN finding;
END
$$;
COMMENT ON FUNCTION custody.probe_view_unnamed(custody.probe_setup, custody.probe_subject, text) IS
'the verdict on a view that does not show the org column; stranger: an organization without rows; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_view_unnamed(custody.probe_setup, custody.probe_subject, text)
    FROM PUBLIC;

-- `base` is a table that the view reads, with its rows of two organizations.
CREATE FUNCTION custody.probe_view(
        setup custody.probe_setup, view custody.probe_subject, base custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject custody.probe_subject := base;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
    attack record;
    named bool := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = view.relation AND NOT a.attisdropped
        AND quote_ident(a.attname) = base.org_column);
BEGIN
    subject.object := view.object;
    outcome := custody.probe_try(setup, subject, format('SELECT 1 FROM %s LIMIT 1', view.object));
    subject.control := coalesce(outcome.rows > 0, false);
    subject.relation := view.relation;
    IF named THEN
        SELECT (c.finding).* INTO finding FROM custody.probe_control(setup, subject) c;
    ELSE
        finding := custody.probe_view_unnamed(setup, subject, custody.probe_stranger(base));
    END IF;
    RETURN NEXT finding;
    IF view.kind = 'v' THEN
        FOR attack IN SELECT * FROM (VALUES
            ('delete_blind', format('DELETE FROM %s WHERE custody.probe_step()', view.object), 16),
            ('update_blind', format('UPDATE %s SET %s = DEFAULT WHERE custody.probe_step()', view.object,
                custody.probe_column(view.relation, setup.role)), 4)) a (name, statement, bit)
             WHERE pg_relation_is_updatable(view.relation::regclass, false) & bit <> 0 LOOP
            outcome := custody.probe_try(setup, subject, attack.statement,
                org => custody.probe_stranger(base));
            RETURN NEXT custody.probe_judge(subject, attack.name, attack.statement, outcome,
                outcome.met > 0, 'it reached a row in the context of an organization that has none');
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.probe_view(custody.probe_setup, custody.probe_subject, custody.probe_subject) IS
'the attacks on a view or materialized view; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_view(custody.probe_setup, custody.probe_subject, custody.probe_subject) FROM PUBLIC;

-- SECURITY DEFINER functions that the role may call, but those of the server and of extensions.
CREATE FUNCTION custody.probe_function_oids(role oid) RETURNS SETOF oid
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prosecdef AND p.prokind = 'f' AND p.oid >= 16384
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
   AND has_function_privilege(role, p.oid, 'EXECUTE') AND has_schema_privilege(role, n.oid, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.deptype = 'e')
 ORDER BY p.oid::regprocedure::text COLLATE "C"
$$;
COMMENT ON FUNCTION custody.probe_function_oids(oid) IS
'SECURITY DEFINER functions that a role may call, without those of extensions; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_function_oids(oid) FROM PUBLIC;

-- A call in which each argument gets a value of the row, where its type takes one, or is made up.
CREATE FUNCTION custody.probe_call(subject custody.probe_subject, function oid, key text, org text)
    RETURNS text LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
SELECT format('SELECT (r.*)::text FROM %s(%s) r WHERE strpos((r.*)::text, %L) > 0', function::regproc,
    string_agg(quote_nullable(coalesce(
        (SELECT v.row ->> a.attname FROM pg_attribute a
          WHERE a.attrelid = subject.relation AND a.atttypid = t.type AND NOT a.attisdropped AND a.attnum > 0
          ORDER BY NOT quote_ident(a.attname) = ANY (coalesce(subject.key_columns, '{}')), a.attnum LIMIT 1),
        custody.probe_fresh(t.type, -1, 0))) || '::' || format_type(t.type, NULL), ', ' ORDER BY t.number), org)
  FROM (SELECT custody.probe_row(subject, key)) v (row)
    LEFT JOIN (pg_proc p CROSS JOIN LATERAL unnest(p.proargtypes::oid[]) WITH ORDINALITY t(type, number))
      ON p.oid = function
$$;
COMMENT ON FUNCTION custody.probe_call(custody.probe_subject, oid, text, text) IS
'statement that calls a function with values of the row with a key, and gives what names the organization; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_call(custody.probe_subject, oid, text, text) FROM PUBLIC;

CREATE FUNCTION custody.probe_functions(setup custody.probe_setup, subject custody.probe_subject)
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f oid;
    statement text;
    outcome custody.probe_outcome;
    finding custody.probe_finding;
BEGIN
    FOR f IN SELECT custody.probe_function_oids(setup.role) LOOP
        statement := custody.probe_call(subject, f, subject.own_key, subject.own_org);
        outcome := custody.probe_try(setup, subject, statement);
        subject.control := coalesce(outcome.rows > 0, false);
        statement := custody.probe_call(subject, f, subject.victim_key, subject.victim_org);
        outcome := custody.probe_try(setup, subject, statement);
        finding := custody.probe_judge(subject, 'function', statement, outcome, outcome.rows > 0,
            format('it gave out a row of another organization of %s', subject.object));
        finding.object := f::regprocedure::text;
        RETURN NEXT finding;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_functions(custody.probe_setup, custody.probe_subject) IS
'calls the SECURITY DEFINER functions that the role may call with the victim''s values (only with on_clone); one that shows nothing of the victim holds when it shows the own row; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_functions(custody.probe_setup, custody.probe_subject) FROM PUBLIC;
