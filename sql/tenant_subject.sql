-- What protect() works with: one subject per table to protect, and the steps that it needs.

CREATE TYPE custody.protect_subject AS (
    relation regclass, class text, org_column name, column_type text, column_collation text,
    base_type text, kind text,
    parent regclass, foreign_key name, roles regrole[], multi_roles regrole[], writers regrole[],
    reason text, composite_keys bool, large bool, problem text);
COMMENT ON TYPE custody.protect_subject IS 'one table that custody.protect() is about, with all it has to know of it';

CREATE TYPE custody.protect_step AS (
    relation regclass, class text, action text, runs bool, sql text, undo text, note text);
COMMENT ON TYPE custody.protect_step IS
'one step of custody.protect(): runs is false for a statement that the caller has to run outside of a transaction block';

CREATE TYPE custody.protect_result AS (
    step int4, relation regclass, class text, action text, sql text, note text);
COMMENT ON TYPE custody.protect_result IS 'one row of what custody.protect() and custody.unprotect() return';

CREATE FUNCTION custody.table_tree(root regclass)
    RETURNS TABLE (member regclass, parent regclass, level int4, kind "char", partition bool)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE tree AS (
        SELECT root::oid AS member, NULL::oid AS parent, 0 AS level
        UNION
        SELECT i.inhrelid, i.inhparent, tree.level + 1
          FROM tree JOIN pg_inherits i ON i.inhparent = tree.member)
    SELECT tree.member::regclass, tree.parent::regclass, tree.level, c.relkind, c.relispartition
      FROM tree JOIN pg_class c ON c.oid = tree.member
     ORDER BY tree.level, tree.member::regclass::text
$$;
COMMENT ON FUNCTION custody.table_tree(regclass) IS
'a table with its partitions and inheritance children at every depth: each with its parent, its depth, its kind as in pg_class, and whether it is a partition; privilege: EXECUTE';

CREATE FUNCTION custody.large_table_bytes() RETURNS int8
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT pg_size_bytes(s.value) FROM custody.isolation_setting s
                      WHERE s.name = 'large_table'), 1073741824)
$$;
COMMENT ON FUNCTION custody.large_table_bytes() IS
'size in bytes from which protect() prints indexes and back-fills instead of running them: setting large_table of custody.isolation_setting (such as 500 MB), 1 GB without; privilege: EXECUTE and SELECT on the table';

-- A name of ours for an object of a table, at most 63 bytes whatever the table's name.
CREATE FUNCTION custody.made_name(base text, suffix text) RETURNS name
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length(convert_to(base || '_' || suffix, 'UTF8')) <= 63 THEN base || '_' || suffix
                ELSE left(base, 8) || '_' || left(md5(base || '_' || suffix), 16) || '_custody' END::name
$$;
COMMENT ON FUNCTION custody.made_name(text, text) IS
'base_suffix, or where that is too long for a name the beginning of it with a hash; privilege: EXECUTE';

CREATE FUNCTION custody.protect_step(
        subject custody.protect_subject, action text, sql text, undo text DEFAULT NULL,
        note text DEFAULT NULL, runs bool DEFAULT true)
    RETURNS custody.protect_step
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW(subject.relation, subject.class, action, runs, sql, undo, note)::custody.protect_step
$$;
COMMENT ON FUNCTION custody.protect_step(custody.protect_subject, text, text, text, text, bool) IS
'one step for a subject; privilege: EXECUTE';

-- The type of the org column: its own, or, before a derived table has it, its parent's.
CREATE FUNCTION custody.subject_column(subject custody.protect_subject, known custody.protect_subject[])
    RETURNS custody.protect_subject
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_in record;
    above custody.protect_subject;
BEGIN
    SELECT a.attcollation, a.atttypid, format_type(a.atttypid, a.atttypmod) AS type
      INTO found_in
      FROM pg_attribute a
     WHERE a.attrelid = subject.relation AND a.attnum = custody.column_number(subject.relation, subject.org_column);
    IF FOUND THEN
        subject.column_type := found_in.type;
        subject.column_collation := (SELECT c.oid::regcollation::text FROM pg_collation c
                                      WHERE c.oid = found_in.attcollation AND c.collname <> 'default');
        SELECT k.kind, k.base_type, k.problem INTO subject.kind, subject.base_type, subject.problem
          FROM custody.org_column_kind(found_in.atttypid, found_in.attcollation) k;
    ELSIF subject.class = 'derived' THEN
        SELECT * INTO above FROM unnest(known) k WHERE k.relation = subject.parent;
        IF NOT FOUND THEN
            above.relation := subject.parent;
            above.org_column := coalesce((SELECT p.org_column FROM custody.protection p
                                           WHERE p.relation = subject.parent), subject.org_column);
            above := custody.subject_column(above, '{}');
        END IF;
        subject.kind := above.kind;
        subject.base_type := above.base_type;
        -- Of a domain the type below it: one that is NOT NULL or has a CHECK could not be added empty,
        -- or only by reading the whole table under its lock.
        subject.column_type := CASE WHEN EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'd'
                                                    AND t.oid = above.column_type::regtype)
                                    THEN above.base_type ELSE above.column_type END;
        subject.column_collation := above.column_collation;
        subject.problem := above.problem;
    ELSE
        subject.problem := format('it has no column %I', subject.org_column);
    END IF;
    IF subject.problem IS NOT NULL THEN
        subject.problem := format('%s cannot be protected by %I: %s', subject.relation, subject.org_column,
                                  subject.problem);
    END IF;
    RETURN subject;
END
$$;
COMMENT ON FUNCTION custody.subject_column(custody.protect_subject, custody.protect_subject[]) IS
'fills in type and kind of a subject''s org column, or why it cannot be one; privilege: EXECUTE';

CREATE FUNCTION custody.bound_roles(subject custody.protect_subject) RETURNS regrole[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT r FROM (SELECT DISTINCT unnest((subject).roles || (subject).multi_roles || (subject).writers)) d (r)
                  ORDER BY r::text)
$$;
COMMENT ON FUNCTION custody.bound_roles(custody.protect_subject) IS
'all roles that the policies of a subject name; privilege: EXECUTE';
