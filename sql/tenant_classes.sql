-- What each table of a schema is to the organizations: read from its columns and foreign keys, or said
-- by the caller. What cannot be read with certainty stays without a class, and protect() stops there.

CREATE TYPE custody.table_class AS (
    relation regclass, class text, org_column name, parent regclass, foreign_key name, note text);
COMMENT ON TYPE custody.table_class IS 'one table and its class, as custody.classify_schema() returns it';

-- Steps that began, of a table that is not in custody.protection yet: where each statement is a
-- transaction of its own, what was made before one failed must not be forgotten.
CREATE TABLE custody.protection_begun (
    relation regclass PRIMARY KEY,
    class text NOT NULL,
    org_column name,
    parent regclass,
    made jsonb NOT NULL
);
COMMENT ON TABLE custody.protection_begun IS
'tables whose protection began and has not ended; the last step of custody.protect() moves the row into custody.protection';
COMMENT ON COLUMN custody.protection_begun.relation IS 'the table';
COMMENT ON COLUMN custody.protection_begun.class IS 'as custody.protection.class';
COMMENT ON COLUMN custody.protection_begun.org_column IS 'as custody.protection.org_column';
COMMENT ON COLUMN custody.protection_begun.parent IS
'as custody.protection.parent: once a derived table has its column, nothing else tells from where it is filled';
COMMENT ON COLUMN custody.protection_begun.made IS 'as custody.protection.made';
SELECT pg_extension_config_dump('custody.protection_begun', '');
REVOKE ALL ON custody.protection_begun FROM PUBLIC;

CREATE FUNCTION custody.org_column_kind(
        column_type oid, column_collation oid, OUT kind text, OUT base_type text, OUT problem text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    base pg_type;
BEGIN
    SELECT * INTO base FROM pg_type t WHERE t.oid = column_type;
    WHILE base.typtype = 'd' LOOP
        SELECT * INTO base FROM pg_type t WHERE t.oid = base.typbasetype;
    END LOOP;
    kind := CASE WHEN base.oid = 'uuid'::regtype THEN 'uuid'
                 WHEN base.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'bigint'
                 WHEN base.oid IN ('text'::regtype, 'varchar'::regtype) THEN 'text' END;
    base_type := CASE kind WHEN 'text' THEN 'text' ELSE format_type(base.oid, NULL) END;
    IF base.typname = 'citext' THEN
        problem := 'type citext takes two organizations that differ only in case for one';
    ELSIF kind IS NULL THEN
        problem := format('type %s cannot hold an organization: uuid, smallint, integer, bigint, text and '
                          'varchar can', format_type(column_type, NULL));
    ELSE
        SELECT format('collation %s is nondeterministic: two organizations that differ could be equal',
                      column_collation::regcollation) INTO problem
          FROM pg_collation c WHERE c.oid = column_collation AND NOT c.collisdeterministic;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.org_column_kind(oid, oid) IS
'which accessors serve an org column of a type and collation: uuid, bigint or text; the type it is compared as (of a domain the one below it); or the problem why it cannot be an org column; privilege: EXECUTE';

-- A table that a schema's classes are about: no partition or inheritance child, which its root stands for.
CREATE FUNCTION custody.class_tables(schema regnamespace) RETURNS SETOF regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.oid::regclass FROM pg_class c
     WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
     ORDER BY c.relname
$$;
COMMENT ON FUNCTION custody.class_tables(regnamespace) IS
'the tables of a schema without partitions, inheritance children and temporary tables; privilege: EXECUTE';

CREATE FUNCTION custody.column_number(relation regclass, column_name name) RETURNS int2
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.attnum FROM pg_attribute a
     WHERE a.attrelid = relation AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION custody.column_number(regclass, name) IS
'number of a column, NULL where the table has none of the name; privilege: EXECUTE';

-- From 18 on a column can be NOT NULL by a constraint that is not valid yet: rows may be NULL.
CREATE FUNCTION custody.column_not_null(relation regclass, column_name name) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = relation AND a.attname = column_name AND a.attnotnull
                      AND NOT EXISTS (SELECT FROM pg_constraint c
                                       WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND NOT c.convalidated
                                         AND c.conkey = ARRAY[a.attnum]))
$$;
COMMENT ON FUNCTION custody.column_not_null(regclass, name) IS
'whether no row of a column can be NULL; privilege: EXECUTE';

CREATE FUNCTION custody.column_names(relation regclass, numbers int2[]) RETURNS name[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(a.attname ORDER BY n.place)
      FROM unnest(numbers) WITH ORDINALITY n (number, place)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = n.number
$$;
COMMENT ON FUNCTION custody.column_names(regclass, int2[]) IS
'names of columns by their numbers, in the order of the numbers; privilege: EXECUTE';

-- The table of the organizations is what foreign keys of org columns point to; not where that table
-- has the org column from a third one.
CREATE FUNCTION custody.class_roots(schema regnamespace, wanted name)
    RETURNS TABLE (relation regclass, org_column name)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.relation, p.org_column FROM custody.protection p WHERE p.class = 'root'
    UNION
    SELECT f.confrelid::regclass, r.attname
      FROM pg_constraint f
      JOIN custody.class_tables(schema) t ON t = f.conrelid
      JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = f.confkey[1]
     WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid <> f.confrelid
       AND f.conkey = ARRAY[custody.column_number(f.conrelid, wanted)]
       AND NOT EXISTS (SELECT FROM custody.protection p WHERE p.relation = f.confrelid)
       AND NOT EXISTS (SELECT FROM pg_constraint up
                        WHERE up.contype = 'f' AND up.conrelid = f.confrelid
                          AND up.confrelid <> up.conrelid
                          AND up.conkey = ARRAY[custody.column_number(f.confrelid, wanted)])
$$;
COMMENT ON FUNCTION custody.class_roots(regnamespace, name) IS
'tables of organizations: those protected as such, and those that org columns of a schema reference; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.primary_key_column(relation regclass) RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (custody.column_names(relation, c.conkey))[1] FROM pg_constraint c
     WHERE c.conrelid = relation AND c.contype = 'p' AND cardinality(c.conkey) = 1
$$;
COMMENT ON FUNCTION custody.primary_key_column(regclass) IS
'the column of a primary key of one column, else NULL; privilege: EXECUTE';

CREATE FUNCTION custody.class_said(
        relation regclass, wanted name, said jsonb, roots regclass[], root_columns name[])
    RETURNS custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer custody.table_class;
    named name := said ->> 'org_column';
BEGIN
    answer.relation := relation;
    answer.class := CASE jsonb_typeof(said) WHEN 'string' THEN said #>> '{}' ELSE said ->> 'class' END;
    IF answer.class IS NULL OR answer.class NOT IN ('root', 'owned', 'derived', 'member', 'shared', 'exempt') THEN
        RAISE EXCEPTION 'table % cannot have the class %', relation, said
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Classes are root, owned, derived, member, shared and exempt.';
    END IF;
    IF answer.class = 'exempt' THEN
        answer.note := said ->> 'reason';
    ELSIF answer.class = 'root' THEN
        answer.org_column := coalesce(named, root_columns[array_position(roots, relation)],
            CASE WHEN custody.column_number(relation, wanted) IS NOT NULL THEN wanted END,
            custody.primary_key_column(relation), wanted);
    ELSIF answer.class <> 'shared' THEN
        answer.org_column := coalesce(named, wanted);
    END IF;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION custody.class_said(regclass, name, jsonb, regclass[], name[]) IS
'the class that the caller of protect() gives a table, as a string or as an object with class, reason and org_column; errors: 22023 for an unknown class; privilege: EXECUTE';

CREATE FUNCTION custody.class_direct(
        relation regclass, wanted name, roots regclass[], root_columns name[])
    RETURNS custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer custody.table_class;
    extension name;
    columns name[];
BEGIN
    answer.relation := relation;
    SELECT e.extname INTO extension
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.classid = 'pg_class'::regclass AND d.objid = relation AND d.deptype = 'e'
       AND d.refclassid = 'pg_extension'::regclass;
    SELECT array_agg(DISTINCT a.attname) INTO columns
      FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
     WHERE f.contype = 'f' AND f.conrelid = relation AND cardinality(f.conkey) = 1
       AND f.confrelid = ANY (roots) AND f.confrelid <> relation
       AND custody.column_names(f.confrelid, f.confkey)
           = ARRAY[root_columns[array_position(roots, f.confrelid::regclass)]];
    IF extension IS NOT NULL THEN
        answer.class := 'exempt';
        answer.note := format('belongs to extension %s', quote_ident(extension));
    ELSIF relation = ANY (roots) THEN
        answer.class := 'root';
        answer.org_column := root_columns[array_position(roots, relation)];
    ELSIF custody.column_number(relation, wanted) IS NOT NULL THEN
        answer.class := 'owned';
        answer.org_column := wanted;
    ELSIF cardinality(columns) = 1 THEN
        answer.class := 'owned';
        answer.org_column := columns[1];
        answer.note := format('column %I references the organizations', columns[1]);
    ELSIF cardinality(columns) > 1 THEN
        answer.note := format('columns %s all reference organizations: say which one owns the row, as '
            '{"class": "owned", "org_column": "..."}', array_to_string(columns, ', '));
    END IF;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION custody.class_direct(regclass, name, regclass[], name[]) IS
'the class of a table as far as the table itself tells it; class NULL where it does not; privilege: EXECUTE';
