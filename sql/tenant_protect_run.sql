-- The calls: custody.protect() and custody.protect_schema().

CREATE FUNCTION custody.tree_bytes(relation regclass) RETURNS int8
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(pg_table_size(t.member)), 0)::int8 FROM custody.table_tree(relation) t WHERE t.kind = 'r'
$$;
COMMENT ON FUNCTION custody.tree_bytes(regclass) IS
'size in bytes of a table with its partitions and children, without indexes; privilege: EXECUTE';

CREATE FUNCTION custody.subject_of(
        one custody.table_class, known custody.protect_subject[], roles regrole[], multi_roles regrole[],
        writers regrole[], composite_keys bool)
    RETURNS custody.protect_subject
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subject custody.protect_subject;
    recorded custody.protection;
BEGIN
    SELECT * INTO recorded FROM custody.protection p WHERE p.relation = one.relation;
    subject.relation := one.relation;
    subject.class := one.class;
    subject.org_column := one.org_column;
    subject.parent := one.parent;
    subject.foreign_key := one.foreign_key;
    subject.roles := ARRAY(SELECT DISTINCT r FROM unnest(coalesce(roles, recorded.roles)) r ORDER BY r);
    subject.multi_roles := ARRAY(SELECT DISTINCT r FROM unnest(coalesce(multi_roles, recorded.multi_roles)) r ORDER BY r);
    subject.writers := ARRAY(SELECT DISTINCT r FROM unnest(coalesce(writers, recorded.writers)) r
                              WHERE one.class = 'shared' ORDER BY r);
    subject.composite_keys := composite_keys;
    subject.large := custody.tree_bytes(one.relation) >= custody.large_table_bytes();
    IF one.class = 'exempt' THEN
        subject.reason := one.note;
        IF coalesce(one.note, '') = '' THEN
            subject.problem := format('%s cannot be exempt without a reason', one.relation);
        END IF;
    ELSIF one.class IS NULL THEN
        subject.problem := format('%s has no class: %s', one.relation, one.note);
    ELSIF one.class <> 'shared' THEN
        subject := custody.subject_column(subject, known);
    END IF;
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.subject_of(
        custody.table_class, custody.protect_subject[], regrole[], regrole[], regrole[], bool) IS
'the subject of protect() for a table and its class; roles that are NULL are those it is protected for already; privilege: EXECUTE and SELECT on custody.protection';

-- All that is known: what the classes say of the schema, and what is protected elsewhere; parents first.
CREATE FUNCTION custody.subjects_of(
        classes custody.table_class[], roles regrole[], multi_roles regrole[], writers regrole[],
        composite_keys bool)
    RETURNS custody.protect_subject[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer custody.protect_subject[] := '{}';
    one custody.table_class;
BEGIN
    FOR one IN SELECT * FROM custody.class_recorded() r
                WHERE r.relation <> ALL (ARRAY(SELECT c.relation FROM unnest(classes) c)) LOOP
        answer := answer || custody.subject_of(one, answer, NULL, NULL, NULL, false);
    END LOOP;
    FOREACH one IN ARRAY classes LOOP
        answer := answer || custody.subject_of(one, answer, roles, multi_roles, writers, composite_keys);
    END LOOP;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION custody.subjects_of(custody.table_class[], regrole[], regrole[], regrole[], bool) IS
'the subjects of some classes, after those of all tables that are protected already; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.run_steps(steps custody.protect_step[], dry_run bool)
    RETURNS SETOF custody.protect_result
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    stops text := (SELECT string_agg(s.note, E'\n') FROM unnest(steps) s WHERE s.action = 'stop');
    one custody.protect_step;
    number int4 := 0;
BEGIN
    IF stops IS NOT NULL AND NOT dry_run THEN
        RAISE EXCEPTION 'nothing was changed: %', CASE WHEN stops ~ E'\n'
                THEN format('%s obstacles are in the way', cardinality(string_to_array(stops, E'\n'))) ELSE stops END
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = stops,
                  HINT = 'A dry run shows them as steps "stop".';
    END IF;
    FOREACH one IN ARRAY steps LOOP
        -- Where the run would do nothing, its dry run has no SQL.
        CONTINUE WHEN stops IS NOT NULL AND one.sql IS NOT NULL;
        IF NOT dry_run AND one.runs AND one.sql IS NOT NULL THEN
            EXECUTE one.sql;
        ELSIF NOT dry_run AND one.action = 'warning' THEN
            RAISE WARNING 'the protection can be got around: %', one.note USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        number := number + 1;
        RETURN NEXT ROW(number, one.relation, one.class, CASE WHEN one.runs THEN one.action ELSE 'script' END,
            one.sql, CASE WHEN one.runs THEN one.note ELSE concat_ws('; ', one.action, one.note) END);
    END LOOP;
    IF NOT dry_run AND EXISTS (SELECT FROM unnest(steps) s WHERE NOT s.runs) THEN
        RAISE WARNING 'not all is done: the steps "script" have to be run outside of a transaction block'
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Tables: %s.',
                      custody.names_of(ARRAY(SELECT s.relation FROM unnest(steps) s WHERE NOT s.runs))),
                  HINT = 'Run their statements in their order, then protect the same again.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.run_steps(custody.protect_step[], bool) IS
'runs and returns steps, or with dry_run only returns them; errors: 55000 for steps that are a stop; privilege: EXECUTE, and those of the statements';

CREATE FUNCTION custody.check_protectable(relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c pg_class;
    root regclass;
BEGIN
    SELECT * INTO c FROM pg_class p WHERE p.oid = relation;
    IF NOT FOUND OR c.relkind NOT IN ('r', 'p') OR c.relpersistence = 't'
        OR c.relnamespace::regnamespace::text IN ('pg_catalog', 'information_schema', 'custody') THEN
        RAISE EXCEPTION '% cannot be protected', coalesce(relation::text, 'NULL')
            USING ERRCODE = 'wrong_object_type',
                  DETAIL = 'Only ordinary and partitioned tables of users have row security.';
    END IF;
    SELECT i.inhparent INTO root FROM pg_inherits i WHERE i.inhrelid = relation;
    IF FOUND THEN
        RAISE EXCEPTION '% cannot be protected by itself', relation
            USING ERRCODE = 'wrong_object_type',
                  DETAIL = format('It is a partition or a child of %s.', root),
                  HINT = 'Protect the table at the top: its partitions and children come with it.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_protectable(regclass) IS
'refuses what protect() cannot protect by itself; errors: 42809; privilege: EXECUTE';

CREATE FUNCTION custody.protect(
        relation regclass, org_column name DEFAULT 'org_id', roles regrole[] DEFAULT NULL,
        class text DEFAULT NULL, multi_roles regrole[] DEFAULT NULL, writers regrole[] DEFAULT NULL,
        reason text DEFAULT NULL, composite_keys bool DEFAULT false, dry_run bool DEFAULT false)
    RETURNS SETOF custody.protect_result
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    said jsonb := '{}';
    known custody.protect_subject[];
    steps custody.protect_step[];
    table_schema regnamespace;
BEGIN
    PERFORM custody.check_protectable(relation);
    SELECT c.relnamespace INTO table_schema FROM pg_class c WHERE c.oid = relation;
    IF class IS NOT NULL THEN
        SELECT jsonb_build_object(c.relname, jsonb_build_object('class', class, 'reason', reason)) INTO said
          FROM pg_class c WHERE c.oid = relation;
    END IF;
    IF NOT dry_run THEN
        LOCK TABLE custody.protection IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    known := custody.subjects_of(ARRAY(SELECT k FROM custody.classes_of(table_schema, org_column, said) k),
                                 roles, multi_roles, writers, composite_keys);
    steps := ARRAY(SELECT p FROM custody.protect_plan(ARRAY(
                       SELECT custody.parent_first(k, known) FROM unnest(known) k
                        WHERE k.relation = protect.relation), known) p);
    RETURN QUERY SELECT * FROM custody.run_steps(steps, dry_run);
END
$$;
COMMENT ON FUNCTION custody.protect(
        regclass, name, regrole[], text, regrole[], regrole[], text, bool, bool) IS
'protects a table with its partitions and children: the org column NOT NULL and with the context as default, indexes, policies for each command with a restrictive floor, TRUNCATE, TRIGGER and REFERENCES revoked, row security enabled and forced; returns the steps in their order (step, relation, class, action, sql, note): a note, warning or stop has no sql, a script is not run but left to the caller; calling it again does what is missing. org_column: name of the column; roles: bound to one organization, multi_roles: to several, writers: of a shared table; NULL = as before; class: root, owned, derived, member, shared or exempt, NULL = as custody.classify_schema() says; reason: why exempt; composite_keys: foreign keys carry the organization (those of a derived table always do); dry_run: only returns the steps, and where one is a stop, none with sql; errors: 55000 with all that is in the way, 42809 for what is not a table, 22023 for an unknown class, 42501; privilege: EXECUTE, ownership of the tables, SELECT on them that row security does not bind, and what custody_admin may do in schema custody';

CREATE FUNCTION custody.parent_first(subject custody.protect_subject, known custody.protect_subject[])
    RETURNS custody.protect_subject
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF subject.class = 'derived' AND NOT EXISTS (
            SELECT FROM unnest(known) k WHERE k.relation = subject.parent
               AND custody.column_number(k.relation, k.org_column) IS NOT NULL) THEN
        subject.problem := format('%s has its organization from %s, which has no org column yet: protect that first',
                                  subject.relation, subject.parent);
    END IF;
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.parent_first(custody.protect_subject, custody.protect_subject[]) IS
'a subject, with a problem where the parent that gives it its organization has no org column; privilege: EXECUTE';

CREATE FUNCTION custody.protect_schema(
        schema regnamespace, org_column name DEFAULT 'org_id', roles regrole[] DEFAULT NULL,
        multi_roles regrole[] DEFAULT NULL, writers regrole[] DEFAULT NULL, classes jsonb DEFAULT '{}',
        composite_keys bool DEFAULT false, dry_run bool DEFAULT false)
    RETURNS SETOF custody.protect_result
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    known custody.protect_subject[];
    steps custody.protect_step[];
    unknown text;
BEGIN
    SELECT string_agg(quote_ident(k), ', ') INTO unknown FROM jsonb_object_keys(classes) k
     WHERE k NOT IN (SELECT c.relname FROM custody.class_tables(schema) t JOIN pg_class c ON c.oid = t);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'schema % has no tables %', schema, unknown
            USING ERRCODE = 'undefined_table', HINT = 'Partitions and children have the class of their root.';
    END IF;
    IF NOT dry_run THEN
        LOCK TABLE custody.protection IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    known := custody.subjects_of(ARRAY(SELECT k FROM custody.classes_of(schema, org_column, classes) k),
                                 roles, multi_roles, writers, composite_keys);
    steps := ARRAY(SELECT p FROM custody.protect_plan(ARRAY(
                       SELECT k FROM unnest(known) k
                        WHERE (SELECT c.relnamespace FROM pg_class c WHERE c.oid = k.relation) = schema), known) p);
    RETURN QUERY SELECT * FROM custody.run_steps(steps, dry_run);
END
$$;
COMMENT ON FUNCTION custody.protect_schema(
        regnamespace, name, regrole[], regrole[], regrole[], jsonb, bool, bool) IS
'custody.protect() for all tables of a schema, parents first, in one transaction; classes: of tables by name, {"countries": "shared", "jobs": {"class": "exempt", "reason": "..."}, "deals": {"class": "owned", "org_column": "seller_id"}}; every table needs a class; other arguments, result and errors as of custody.protect(), 42P01 for a name in classes that is no table of the schema; privilege: as of custody.protect()';
