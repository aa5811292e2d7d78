-- The org column: there, filled, not null, and, last of all, the context as its default.

-- The organization of a row of a table, as an expression over an alias of it: its own column, or, while
-- that is missing or not filled, its parent's.
CREATE FUNCTION custody.org_expression(
        relation regclass, alias text, known custody.protect_subject[], depth int4 DEFAULT 0)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject custody.protect_subject;
    own text;
    up text := 'p' || depth;
    above text;
    joined text;
BEGIN
    SELECT * INTO subject FROM unnest(known) k WHERE k.relation = org_expression.relation;
    IF NOT FOUND THEN
        SELECT p.org_column INTO subject.org_column FROM custody.protection p
         WHERE p.relation = org_expression.relation;
    END IF;
    IF custody.column_number(relation, subject.org_column) IS NOT NULL THEN
        own := format('%s.%I', alias, subject.org_column);
    END IF;
    IF subject.class IS DISTINCT FROM 'derived' OR subject.foreign_key IS NULL OR depth > 20
        OR custody.column_not_null(relation, subject.org_column) THEN
        RETURN own;
    END IF;
    above := custody.org_expression(subject.parent, up, known, depth + 1);
    joined := custody.key_condition(relation, subject.foreign_key, alias, up);
    RETURN format(CASE WHEN own IS NULL THEN '(SELECT %1$s FROM %2$s %3$s WHERE %4$s)'
                       ELSE 'coalesce(%5$s, (SELECT %1$s FROM %2$s %3$s WHERE %4$s))' END,
                  above, subject.parent, up, joined, own);
END
$$;
COMMENT ON FUNCTION custody.org_expression(regclass, text, custody.protect_subject[], int4) IS
'SQL of the organization of a row, through the parents of a derived table whose column is not there or not filled; NULL where none is known; privilege: EXECUTE';

CREATE FUNCTION custody.key_condition(child regclass, foreign_key name, child_alias text, parent_alias text)
    RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%s.%I %s %s.%I', parent_alias, b.attname,
                             CASE s.nspname WHEN 'pg_catalog' THEN o.oprname ELSE format('OPERATOR(%I.%s)', s.nspname, o.oprname) END,
                             child_alias, a.attname), ' AND ' ORDER BY n)
      FROM pg_constraint f
     CROSS JOIN generate_subscripts(f.conkey, 1) n
      JOIN pg_operator o ON o.oid = f.conpfeqop[n] JOIN pg_namespace s ON s.oid = o.oprnamespace
      JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[n]
      JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[n]
     WHERE f.contype = 'f' AND f.conrelid = child AND f.conname = foreign_key
$$;
COMMENT ON FUNCTION custody.key_condition(regclass, name, text, text) IS
'SQL of the condition by which a foreign key joins a child to its parent; privilege: EXECUTE';

CREATE FUNCTION custody.count_rows(source text) RETURNS int8
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    answer int8;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || source INTO answer;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION custody.count_rows(text) IS
'number of rows of a FROM clause, all of them; errors: 42501 where row security would hide some; privilege: EXECUTE, and that of the query';

-- Every other foreign key of a derived table to a table with an organization must lead to the same one.
CREATE FUNCTION custody.disagreement_steps(subject custody.protect_subject, known custody.protect_subject[])
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own text := custody.org_expression(subject.relation, 'c', known);
    other record;
    rows int8;
BEGIN
    FOR other IN SELECT f.conname, k.relation, k.kind,
                        custody.org_expression(k.relation, 'q', known) AS org,
                        custody.key_condition(subject.relation, f.conname, 'c', 'q') AS joined
                   FROM pg_constraint f JOIN unnest(known) k ON k.relation = f.confrelid
                  WHERE f.contype = 'f' AND f.conrelid = subject.relation AND f.conparentid = 0
                    AND f.conname <> subject.foreign_key
                    AND k.class IN ('root', 'owned', 'derived', 'member')
                  ORDER BY f.conname LOOP
        CONTINUE WHEN other.kind IS DISTINCT FROM subject.kind OR other.org IS NULL;
        rows := custody.count_rows(format('%s c JOIN %s q ON %s WHERE %s <> %s', subject.relation,
                                          other.relation, other.joined, own, other.org));
        IF rows > 0 THEN
            RETURN NEXT custody.protect_step(subject, 'stop', NULL, NULL, format(
                'parents of rows of %s disagree (%s): one organization through %I, another through %I',
                subject.relation, rows, subject.foreign_key, other.conname));
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.disagreement_steps(custody.protect_subject, custody.protect_subject[]) IS
'stops for rows of a derived table whose parents belong to different organizations; privilege: EXECUTE, and SELECT on the tables without row security';

CREATE FUNCTION custody.fill_steps(
        subject custody.protect_subject, known custody.protect_subject[], missing bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent_column name := (SELECT k.org_column FROM unnest(known) k WHERE k.relation = subject.parent);
    orphans int8 := custody.count_rows(format('%s c WHERE %s IS NULL', subject.relation,
                                              custody.org_expression(subject.relation, 'c', known)));
    triggers text;
    waiting text;
BEGIN
    IF orphans > 0 THEN
        RETURN NEXT custody.protect_step(subject, 'stop', NULL, NULL, format(
            '%s has rows without a parent that has an organization, by %I (%s): give them one, or delete them',
            subject.relation, subject.foreign_key, orphans));
    END IF;
    RETURN QUERY SELECT * FROM custody.disagreement_steps(subject, known);
    IF NOT missing AND custody.count_rows(format('(SELECT FROM %s WHERE %I IS NULL LIMIT 1) n',
                                                 subject.relation, subject.org_column)) = 0 THEN
        RETURN;
    END IF;
    SELECT format('triggers fire for each row: %s', string_agg(quote_ident(t.tgname), ', ' ORDER BY t.tgname))
      INTO triggers
      FROM pg_trigger t WHERE t.tgrelid = subject.relation AND NOT t.tgisinternal
                          AND t.tgenabled <> 'D' AND t.tgtype & 16 > 0;
    IF subject.large THEN
        RETURN NEXT custody.protect_step(subject, 'back-fill', format(
            'CALL custody.backfill_org(%L, org_column => %L, foreign_key => %L, parent_column => %L)',
            subject.relation, subject.org_column, subject.foreign_key, parent_column), NULL, triggers, false);
        RETURN;
    END IF;
    RETURN NEXT custody.protect_step(subject, 'back-fill', format(
        'UPDATE %s c SET %I = p.%I FROM %s p WHERE %s AND c.%2$I IS NULL', subject.relation, subject.org_column,
        parent_column, subject.parent,
        custody.key_condition(subject.relation, subject.foreign_key, 'c', 'p')), NULL, triggers);
    -- Only what the UPDATE may have left waiting: of others, the guard's is meant for the end.
    SELECT string_agg(DISTINCT format('%I.%I', n.nspname, k.conname), ', ') INTO waiting
      FROM custody.table_tree(subject.relation) m
      JOIN pg_trigger t ON t.tgrelid = m.member AND t.tgdeferrable
      JOIN pg_constraint k ON k.oid = t.tgconstraint JOIN pg_namespace n ON n.oid = k.connamespace;
    IF waiting IS NOT NULL THEN
        RETURN NEXT custody.protect_step(subject, 'check now', format('SET CONSTRAINTS %s IMMEDIATE', waiting));
    END IF;
END
$$;
COMMENT ON FUNCTION custody.fill_steps(custody.protect_subject, custody.protect_subject[], bool) IS
'the steps that fill the org column of a derived table from its parent, and stops for rows for which this is not possible; privilege: EXECUTE, and SELECT on the tables without row security';

CREATE FUNCTION custody.not_null_steps(subject custody.protect_subject, runs bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    checks name := custody.made_name('custody_' || subject.org_column, 'not_null');
    valid bool := (SELECT c.convalidated FROM pg_constraint c
                    WHERE c.conrelid = subject.relation AND c.conname = checks);
    undo text := format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %I', subject.relation, checks);
BEGIN
    IF valid IS NULL THEN
        RETURN NEXT custody.protect_step(subject, 'check not null', format(
            'ALTER TABLE %s ADD CONSTRAINT %I CHECK (%I IS NOT NULL) NOT VALID',
            subject.relation, checks, subject.org_column), undo, NULL, runs);
    END IF;
    IF valid IS NOT TRUE THEN
        RETURN NEXT custody.protect_step(subject, 'validate', format(
            'ALTER TABLE %s VALIDATE CONSTRAINT %I', subject.relation, checks), NULL, NULL, runs);
    END IF;
    -- What the root's DROP NOT NULL would take from those that had it before.
    RETURN QUERY SELECT k.* FROM custody.table_tree(subject.relation) t
        CROSS JOIN LATERAL format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', t.member, subject.org_column) a
        CROSS JOIN LATERAL custody.protect_step(subject, 'not null', a, replace(a, 'TABLE ', 'TABLE IF EXISTS '), NULL, runs) k
     WHERE t.level > 0 AND custody.column_not_null(t.member, subject.org_column)
     ORDER BY t.level DESC, t.member::text;
    RETURN NEXT custody.protect_step(subject, 'not null', format(
        'ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', subject.relation, subject.org_column),
        format('ALTER TABLE IF EXISTS %s ALTER COLUMN %I DROP NOT NULL', subject.relation, subject.org_column),
        NULL, runs);
    RETURN NEXT custody.protect_step(subject, 'drop check', format(
        'ALTER TABLE %s DROP CONSTRAINT %I', subject.relation, checks), NULL, NULL, runs);
END
$$;
COMMENT ON FUNCTION custody.not_null_steps(custody.protect_subject, bool) IS
'the steps that make an org column NOT NULL with no long lock where each is a transaction of its own; privilege: EXECUTE';

-- waits: the parent's column is filled by a step that does not run here.
CREATE FUNCTION custody.column_steps(
        subject custody.protect_subject, known custody.protect_subject[], waits bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing bool := custody.column_number(subject.relation, subject.org_column) IS NULL;
    rows int8 := 0;
    step custody.protect_step;
    runs bool := waits IS NOT TRUE;
BEGIN
    IF subject.class IN ('shared', 'exempt') OR subject.problem IS NOT NULL THEN
        RETURN;
    END IF;
    IF missing THEN
        RETURN NEXT custody.protect_step(subject, 'add column', format('ALTER TABLE %s ADD COLUMN %I %s',
            subject.relation, subject.org_column,
            subject.column_type || coalesce(' COLLATE ' || subject.column_collation, '')),
            format('ALTER TABLE IF EXISTS %s DROP COLUMN IF EXISTS %I', subject.relation, subject.org_column));
    ELSIF custody.column_not_null(subject.relation, subject.org_column) THEN
        RETURN;
    END IF;
    IF subject.class = 'derived' THEN
        FOR step IN SELECT * FROM custody.fill_steps(subject, known, missing) LOOP
            step.runs := step.runs AND (runs OR step.sql IS NULL);
            runs := runs AND step.runs;
            RETURN NEXT step;
        END LOOP;
    ELSE
        rows := custody.count_rows(format('%s WHERE %I IS NULL', subject.relation, subject.org_column));
    END IF;
    IF rows > 0 THEN
        RETURN NEXT custody.protect_step(subject, 'stop', NULL, NULL, format(
            '%s has rows without an organization in %I (%s): give them one, or delete them',
            subject.relation, subject.org_column, rows));
    END IF;
    RETURN QUERY SELECT * FROM custody.not_null_steps(subject, runs);
END
$$;
COMMENT ON FUNCTION custody.column_steps(custody.protect_subject, custody.protect_subject[], bool) IS
'the steps that make the org column of a subject exist, be filled and NOT NULL; privilege: EXECUTE, and SELECT on the tables without row security';

-- The default of the org column of one table, set, and given back as it was.
CREATE FUNCTION custody.default_step(
        subject custody.protect_subject, member regclass, wanted text, old text, runs bool)
    RETURNS custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.protect_step(subject, 'set default',
        format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', member, (subject).org_column, wanted),
        format('ALTER TABLE IF EXISTS %s ALTER COLUMN %I %s', member, (subject).org_column,
               coalesce('SET DEFAULT ' || old, 'DROP DEFAULT')), NULL, runs)
$$;
COMMENT ON FUNCTION custody.default_step(custody.protect_subject, regclass, text, text, bool) IS
'the step that gives the org column of a table or partition a default in place of an old one (NULL: none); privilege: EXECUTE';

-- Last of all: a default set with ADD COLUMN would stamp every row with the organization of who runs it.
CREATE FUNCTION custody.default_steps(subject custody.protect_subject, runs bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text := format('custody.current_org_%s()', subject.kind);
    there record;
BEGIN
    IF subject.class IN ('root', 'shared', 'exempt') OR subject.problem IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT pg_get_expr(d.adbin, d.adrelid) AS old, a.attidentity <> '' OR a.attgenerated <> '' AS computed
      INTO there
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = subject.relation AND a.attname = subject.org_column AND NOT a.attisdropped;
    IF there.computed THEN
        RETURN NEXT custody.protect_step(subject, 'note', NULL, NULL, format(
            'column %I is an identity or generated: it cannot have the context as its default', subject.org_column));
    ELSIF there.old IS DISTINCT FROM wanted THEN
        -- The root's goes to all; those with another one have to get theirs back.
        RETURN QUERY SELECT s.* FROM custody.table_tree(subject.relation) t
            JOIN pg_attribute a ON a.attrelid = t.member AND a.attname = subject.org_column
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            CROSS JOIN LATERAL pg_get_expr(d.adbin, d.adrelid) e (old)
            CROSS JOIN LATERAL custody.default_step(subject, t.member, wanted, e.old, runs) s
         WHERE t.level > 0 AND e.old IS DISTINCT FROM there.old AND e.old IS DISTINCT FROM wanted
         ORDER BY t.level DESC, t.member::text;
        RETURN NEXT custody.default_step(subject, subject.relation, wanted, there.old, runs);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.default_steps(custody.protect_subject, bool) IS
'the step that makes the context the default of the org column; privilege: EXECUTE';
