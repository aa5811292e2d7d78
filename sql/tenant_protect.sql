-- protect(): the plan, printed by a dry run and executed by a run.

-- All roles of some subjects, as if they were one: what is said or granted once.
CREATE FUNCTION custody.whole_subject(subjects custody.protect_subject[]) RETURNS custody.protect_subject
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole custody.protect_subject;
BEGIN
    SELECT * INTO whole FROM unnest(subjects) s WHERE s.class IS DISTINCT FROM 'exempt' LIMIT 1;
    IF NOT FOUND THEN
        whole.class := 'exempt';
    END IF;
    whole.roles := ARRAY(SELECT DISTINCT unnest(s.roles) FROM unnest(subjects) s);
    whole.multi_roles := ARRAY(SELECT DISTINCT unnest(s.multi_roles) FROM unnest(subjects) s);
    whole.writers := ARRAY(SELECT DISTINCT unnest(s.writers) FROM unnest(subjects) s);
    RETURN whole;
END
$$;
COMMENT ON FUNCTION custody.whole_subject(custody.protect_subject[]) IS
'the first subject that is not exempt, with the roles of all; class exempt where there is none; privilege: EXECUTE';

-- A child has one floor, and cannot have that of two parents.
CREATE FUNCTION custody.shared_children(relation regclass) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%s inherits from %s, too, which is protected by itself: one of them has to be exempt', t.member, p.relation)
      FROM custody.table_tree(shared_children.relation) t
      JOIN pg_inherits i ON i.inhrelid = t.member AND NOT t.partition
      JOIN custody.protection p ON p.relation <> shared_children.relation AND p.class <> 'exempt'
     WHERE t.level > 0 AND i.inhparent <> t.parent AND EXISTS (
           SELECT FROM custody.table_tree(p.relation) o WHERE o.member = t.member)
     ORDER BY t.member::text, p.relation::text
$$;
COMMENT ON FUNCTION custody.shared_children(regclass) IS
'why the children of a table cannot be protected with it: other protected tables have them, too; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.note_steps(subjects custody.protect_subject[]) RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    relations regclass[] := ARRAY(SELECT t.member FROM unnest(subjects) s
        CROSS JOIN LATERAL custody.table_tree(s.relation) t WHERE s.class IS DISTINCT FROM 'exempt');
    of_one regclass[] := ARRAY(SELECT t.member FROM unnest(subjects) s
        CROSS JOIN LATERAL custody.table_tree(s.relation) t WHERE s.class NOT IN ('exempt', 'shared'));
    whole custody.protect_subject := custody.whole_subject(subjects);
BEGIN
    whole.relation := NULL;
    whole.class := CASE whole.class WHEN 'exempt' THEN 'exempt' END;
    RETURN QUERY SELECT p.* FROM custody.role_stops(whole) n, custody.protect_step(whole, 'stop', NULL, NULL, n) p
                  ORDER BY n COLLATE "C";
    RETURN QUERY SELECT p.* FROM unnest(subjects) s, custody.protect_step(s, 'stop', NULL, NULL, s.problem) p
                  WHERE s.problem IS NOT NULL;
    RETURN QUERY SELECT p.* FROM unnest(subjects) s JOIN custody.protection r ON r.relation = s.relation,
                        custody.protect_step(s, 'stop', NULL, NULL, format(
                            '%s is protected as %s: custody.unprotect() comes first', s.relation, r.class)) p
                  WHERE r.class <> s.class AND NOT (r.class IN ('owned', 'member') AND s.class IN ('owned', 'member'));
    RETURN QUERY SELECT p.* FROM unnest(subjects) s, custody.shared_children(s.relation) n,
                        custody.protect_step(s, 'stop', NULL, NULL, n) p WHERE s.class <> 'exempt';
    RETURN QUERY SELECT p.* FROM custody.role_warnings(whole, relations) n,
                        custody.protect_step(whole, 'warning', NULL, NULL, n) p ORDER BY n COLLATE "C";
    RETURN QUERY SELECT p.* FROM custody.member_notes(whole, relations) n, custody.protect_step(whole, 'note', NULL, NULL, n) p;
    RETURN QUERY SELECT p.* FROM custody.force_notes(relations, of_one) n,
                        custody.protect_step(whole, 'note', NULL, NULL, n) p ORDER BY n COLLATE "C";
    RETURN QUERY SELECT p.* FROM unnest(subjects) s, custody.policy_notes(s) n,
                        custody.protect_step(s, 'note', NULL, NULL, n) p;
END
$$;
COMMENT ON FUNCTION custody.note_steps(custody.protect_subject[]) IS
'stops, warnings and notes of some subjects; privilege: EXECUTE and SELECT on custody.protection';

-- What the steps make, as custody.protection keeps it, in their order. With the name of the table or
-- partition that an undo is about: by then it may have another name, or be gone.
CREATE FUNCTION custody.steps_made(steps custody.protect_step[], wanted regclass) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH tree AS MATERIALIZED (SELECT t.member, t.member::text AS name FROM custody.table_tree(wanted) t)
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('action', s.action, 'undo', s.undo,
               CASE t.member WHEN wanted THEN 'table' ELSE 'partition' END, t.name)) ORDER BY s.place)
      FROM unnest(steps) WITH ORDINALITY s (relation, class, action, runs, sql, undo, note, place)
      LEFT JOIN tree t ON strpos(s.undo || ' ', ' ' || t.name || ' ') > 0
     WHERE s.relation = wanted AND s.undo IS NOT NULL
$$;
COMMENT ON FUNCTION custody.steps_made(custody.protect_step[], regclass) IS
'what some steps make of a table, as in custody.protection.made; NULL where nothing; privilege: EXECUTE';

CREATE FUNCTION custody.begin_steps(steps custody.protect_step[], known custody.protect_subject[])
    RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.relation, k.class, 'begin', true,
           format('INSERT INTO custody.protection_begun AS b (relation, class, org_column, parent, made) '
                  'VALUES (%L, %L, %L, %L, %L) ON CONFLICT (relation) DO UPDATE SET made = b.made || EXCLUDED.made',
                  k.relation, k.class, CASE WHEN k.class <> 'shared' THEN k.org_column END, k.parent,
                  custody.steps_made(steps, k.relation)), NULL, NULL
      FROM unnest(known) k
     WHERE EXISTS (SELECT FROM unnest(steps) s WHERE s.relation = k.relation AND s.undo IS NOT NULL)
     ORDER BY k.relation::text
$$;
COMMENT ON FUNCTION custody.begin_steps(custody.protect_step[], custody.protect_subject[]) IS
'the steps that write down what the others are going to make; privilege: EXECUTE';

CREATE FUNCTION custody.record_steps(subject custody.protect_subject, changes bool, runs bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    org name := CASE WHEN subject.class NOT IN ('shared', 'exempt') THEN subject.org_column END;
BEGIN
    IF NOT changes AND EXISTS (
            SELECT FROM custody.protection p
             WHERE p.relation = subject.relation AND p.class = subject.class
               AND p.org_column IS NOT DISTINCT FROM org AND p.roles = subject.roles
               AND p.multi_roles = subject.multi_roles AND p.writers = subject.writers
               AND p.parent IS NOT DISTINCT FROM subject.parent
               AND p.reason IS NOT DISTINCT FROM subject.reason) THEN
        RETURN;
    END IF;
    RETURN NEXT custody.protect_step(subject, 'record', format(
        'WITH begun AS (DELETE FROM custody.protection_begun WHERE relation = %1$L::regclass RETURNING made) '
        'INSERT INTO custody.protection AS p (relation, class, org_column, roles, multi_roles, writers, parent, reason, made) '
        'SELECT %1$L, %2$L, %3$L, %4$L, %5$L, %6$L, %7$L, %8$L, coalesce((SELECT made FROM begun), ''[]'') '
        'ON CONFLICT (relation) DO UPDATE SET class = EXCLUDED.class, org_column = EXCLUDED.org_column, '
        'roles = EXCLUDED.roles, multi_roles = EXCLUDED.multi_roles, writers = EXCLUDED.writers, '
        'parent = EXCLUDED.parent, reason = EXCLUDED.reason, made = p.made || EXCLUDED.made, '
        'protected_at = now(), protected_by = session_user',
        subject.relation, subject.class, org, subject.roles, subject.multi_roles, subject.writers,
        subject.parent, subject.reason), NULL, NULL, runs);
END
$$;
COMMENT ON FUNCTION custody.record_steps(custody.protect_subject, bool, bool) IS
'the step that writes a subject into custody.protection; privilege: EXECUTE and SELECT on custody.protection';

-- The unique index of a composite key belongs to the parent, which may be protected already; if not,
-- its own record takes it over.
CREATE FUNCTION custody.parent_record_steps(steps custody.protect_step[], subjects custody.protect_subject[])
    RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.relation, m.class, 'record', m.runs,
           format('WITH begun AS (DELETE FROM custody.protection_begun WHERE relation = %1$L::regclass RETURNING made) '
                  'UPDATE custody.protection p SET made = p.made || b.made FROM begun b WHERE p.relation = %1$L::regclass',
                  m.relation), NULL, NULL
      FROM (SELECT s.relation, min(s.class) AS class, bool_and(s.runs) AS runs FROM unnest(steps) s
             WHERE s.undo IS NOT NULL GROUP BY s.relation) m
      JOIN custody.protection p ON p.relation = m.relation
     WHERE NOT EXISTS (SELECT FROM unnest(subjects) j WHERE j.relation = m.relation)
$$;
COMMENT ON FUNCTION custody.parent_record_steps(custody.protect_step[], custody.protect_subject[]) IS
'the steps that write down what was made of protected tables that are not subjects; what was made of others waits in custody.protection_begun; privilege: EXECUTE';

CREATE FUNCTION custody.table_steps(
        subject custody.protect_subject, waits bool, wanted_unique bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.relation, s.class, s.action, s.runs AND (NOT waits OR s.sql IS NULL), s.sql, s.undo, s.note
      FROM (SELECT 1 AS place, i.* FROM custody.org_index_steps(subject, wanted_unique) i
            UNION ALL SELECT 2, p.* FROM custody.policy_steps(subject) p
            UNION ALL SELECT 3, r.* FROM custody.revoke_steps(subject) r
            UNION ALL SELECT 4, d.* FROM custody.default_steps(subject, true) d
            UNION ALL SELECT 5, e.* FROM custody.security_steps(subject) e) s
     WHERE (subject).class <> 'exempt' AND (subject).problem IS NULL
$$;
COMMENT ON FUNCTION custody.table_steps(custody.protect_subject, bool, bool) IS
'the steps that protect a subject whose column and keys are there; waits: the caller has to run something first; wanted_unique: a unique index that begins with the org column comes; privilege: EXECUTE';

CREATE FUNCTION custody.protect_plan(subjects custody.protect_subject[], known custody.protect_subject[])
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steps custody.protect_step[] := '{}';
    subject custody.protect_subject;
    unique_keys custody.protect_step[];
    waiting regclass[] := '{}';
    uniques regclass[];
    waits bool;
BEGIN
    FOREACH subject IN ARRAY subjects LOOP
        steps := steps || ARRAY(SELECT c FROM custody.column_steps(subject, known, subject.parent = ANY (waiting)) c);
        waiting := ARRAY(SELECT DISTINCT s.relation FROM unnest(steps) s WHERE NOT s.runs);
    END LOOP;
    unique_keys := ARRAY(SELECT u FROM custody.unique_steps(subjects, known) u);
    uniques := ARRAY(SELECT u.relation FROM unnest(unique_keys) u);
    steps := steps || unique_keys;
    waiting := ARRAY(SELECT DISTINCT s.relation FROM unnest(steps) s WHERE NOT s.runs);
    FOREACH subject IN ARRAY subjects LOOP
        steps := steps || ARRAY(SELECT c FROM custody.composite_steps(subject, known, waiting) c);
    END LOOP;
    waiting := ARRAY(SELECT DISTINCT s.relation FROM unnest(steps) s WHERE s.action = 'back-fill' AND NOT s.runs);
    steps := steps || ARRAY(SELECT u FROM custody.usage_steps(custody.whole_subject(subjects)) u);
    FOREACH subject IN ARRAY subjects LOOP
        steps := steps || ARRAY(SELECT t FROM custody.table_steps(subject, subject.relation = ANY (waiting),
                                                                  subject.relation = ANY (uniques)) t);
    END LOOP;
    RETURN QUERY SELECT * FROM custody.note_steps(subjects);
    RETURN QUERY SELECT * FROM custody.begin_steps(steps, known);
    RETURN QUERY SELECT s.relation, s.class, s.action, s.runs, s.sql, s.undo, s.note
                   FROM unnest(steps) WITH ORDINALITY s (relation, class, action, runs, sql, undo, note, place)
                  ORDER BY s.place;
    FOREACH subject IN ARRAY subjects LOOP
        waits := subject.relation = ANY (waiting);
        RETURN QUERY SELECT r.* FROM custody.record_steps(subject, EXISTS (
            SELECT FROM unnest(steps) s WHERE s.relation = subject.relation AND s.undo IS NOT NULL)
            OR EXISTS (SELECT FROM custody.protection_begun b WHERE b.relation = subject.relation), NOT waits) r
         WHERE subject.problem IS NULL;
    END LOOP;
    RETURN QUERY SELECT * FROM custody.parent_record_steps(steps, subjects);
END
$$;
COMMENT ON FUNCTION custody.protect_plan(custody.protect_subject[], custody.protect_subject[]) IS
'all steps for some subjects, in their order; known: these and all that is protected already; privilege: EXECUTE, and SELECT on the tables without row security';
