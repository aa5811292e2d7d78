-- The steps that make foreign keys carry the organization.

CREATE FUNCTION custody.known_subject(known custody.protect_subject[], wanted regclass)
    RETURNS custody.protect_subject
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT k FROM unnest(known) k WHERE k.relation = wanted
$$;
COMMENT ON FUNCTION custody.known_subject(custody.protect_subject[], regclass) IS
'the subject of a table; privilege: EXECUTE';

CREATE FUNCTION custody.unique_suffix(key custody.composite_key) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n || CASE WHEN cardinality((key).parent_columns) > 1 AND custody.column_number((key).parent, n) IS NOT NULL
                     THEN '_' || cardinality((key).parent_columns) ELSE '' END || '_custody_key'
      FROM CAST(array_to_string((key).parent_columns, '_') AS name) n
$$;
COMMENT ON FUNCTION custody.unique_suffix(custody.composite_key) IS
'end of the name of the unique index of a composite foreign key; privilege: EXECUTE';

-- Rows of a key that is not valid yet may have no parent at all; the one with the organization is valid.
CREATE FUNCTION custody.dangling_rows(key custody.composite_key) RETURNS int8
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.count_rows(format('%s c WHERE (%s) IS NOT NULL AND NOT EXISTS (SELECT FROM %s q WHERE %s)',
               (key).child, (SELECT string_agg(format('c.%I', n), ', ') FROM unnest((key).child_columns) n),
               (key).parent, custody.key_condition((key).child, f.conname, 'c', 'q')))
      FROM pg_constraint f WHERE f.oid = (key).foreign_key AND NOT f.convalidated
$$;
COMMENT ON FUNCTION custody.dangling_rows(custody.composite_key) IS
'number of rows whose parent a plain foreign key that is not valid does not find, NULL where it is valid; privilege: EXECUTE, and SELECT on both tables without row security';

-- One unique index for all the keys that need it, whichever child brings it.
CREATE FUNCTION custody.unique_steps(subjects custody.protect_subject[], known custody.protect_subject[])
    RETURNS SETOF custody.protect_step
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.*
      FROM (SELECT DISTINCT ON (k.parent, custody.unique_suffix(k)) k.child, k AS key,
                   custody.unique_columns(k) AS columns
              FROM unnest(subjects) j
             CROSS JOIN LATERAL custody.composite_wanted(j, known) k
             WHERE k.problem IS NULL AND j.problem IS NULL
             ORDER BY k.parent, custody.unique_suffix(k)) u
     CROSS JOIN LATERAL custody.known_subject(known, (u.key).parent) p
     CROSS JOIN LATERAL custody.index_steps(p, NULL, custody.unique_suffix(u.key), true, u.columns) s
     WHERE u.columns IS NOT NULL
$$;
COMMENT ON FUNCTION custody.unique_steps(custody.protect_subject[], custody.protect_subject[]) IS
'the steps that make the unique indexes that the subjects'' composite foreign keys need on their parents; privilege: EXECUTE';

CREATE FUNCTION custody.composite_step(
        subject custody.protect_subject, key custody.composite_key, runs bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text := (SELECT string_agg(quote_ident(n), ', ') FROM unnest(key.child_org || key.child_columns) n);
    parent_columns text := (SELECT string_agg(quote_ident(n), ', ')
                              FROM unnest(key.parent_org || key.parent_columns) n);
    plain name := (SELECT f.conname FROM pg_constraint f WHERE f.oid = key.foreign_key);
    there bool := custody.made_key(key.child, plain);
    -- Tools read it: it goes with the name.
    remark text := (SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', plain, key.child, d)
                      FROM obj_description(key.foreign_key, 'pg_constraint') d WHERE d IS NOT NULL);
    -- A partitioned table takes no foreign key that is not valid yet.
    at_once bool := EXISTS (SELECT FROM pg_class c WHERE c.oid = key.child AND c.relkind = 'p');
BEGIN
    IF there IS NULL THEN
        RETURN NEXT custody.protect_step(subject, 'add foreign key', format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s)%s%s', key.child, key.name, columns,
            key.parent, parent_columns, custody.composite_actions(key.foreign_key),
            CASE WHEN at_once THEN '' ELSE ' NOT VALID' END),
            format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %I', key.child, key.name), NULL, runs);
    END IF;
    IF EXISTS (SELECT FROM custody.table_tree(key.child) t WHERE t.level > 0 AND NOT t.partition) THEN
        RETURN NEXT custody.protect_step(subject, 'note', NULL, NULL, format(
            'foreign key %I does not hold in the inheritance children of %s: no foreign key does', plain, key.child));
    END IF;
    IF NOT at_once AND there IS NOT TRUE THEN
        RETURN NEXT custody.protect_step(subject, 'validate', format(
            'ALTER TABLE %s VALIDATE CONSTRAINT %I', key.child, key.name), NULL, NULL, runs);
    END IF;
    IF custody.replaceable_key(key.foreign_key) THEN
        RETURN NEXT custody.protect_step(subject, 'drop foreign key', format(
            'ALTER TABLE %s DROP CONSTRAINT %I', key.child, plain),
            format('ALTER TABLE IF EXISTS %s DROP CONSTRAINT IF EXISTS %I, ADD CONSTRAINT %2$I %s', key.child, plain,
                   pg_get_constraintdef(key.foreign_key)) || coalesce('; ' || remark, ''), NULL, runs);
        RETURN NEXT custody.protect_step(subject, 'rename foreign key', format(
            'ALTER TABLE %s RENAME CONSTRAINT %I TO %I', key.child, key.name, plain), NULL, NULL, runs);
        IF remark IS NOT NULL THEN
            RETURN NEXT custody.protect_step(subject, 'comment foreign key', remark, NULL, NULL, runs);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.composite_step(custody.protect_subject, custody.composite_key, bool) IS
'the steps that add and validate one composite foreign key and give it the place of the plain one; privilege: EXECUTE';

CREATE FUNCTION custody.composite_steps(
        subject custody.protect_subject, known custody.protect_subject[], waiting regclass[])
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key custody.composite_key;
    rows int8;
BEGIN
    IF subject.problem IS NOT NULL THEN
        RETURN;
    END IF;
    FOR key IN SELECT * FROM custody.composite_wanted(subject, known) LOOP
        IF key.problem IS NOT NULL THEN
            RETURN NEXT custody.protect_step(subject, 'note', NULL, NULL, format(
                'foreign key %I to %s cannot carry the organization: %s',
                (SELECT f.conname FROM pg_constraint f WHERE f.oid = key.foreign_key), key.parent, key.problem));
            CONTINUE;
        END IF;
        rows := custody.count_rows(format('%s c JOIN %s q ON %s WHERE %s <> %s', key.child, key.parent,
            custody.key_condition(key.child, (SELECT f.conname FROM pg_constraint f WHERE f.oid = key.foreign_key),
                                  'c', 'q'),
            custody.org_expression(key.child, 'c', known), custody.org_expression(key.parent, 'q', known)));
        IF rows > 0 THEN
            RETURN NEXT custody.protect_step(subject, 'stop', NULL, NULL, format(
                '%s has rows that reference %s of another organization, by %I (%s): correct them first',
                key.child, key.parent, (SELECT f.conname FROM pg_constraint f WHERE f.oid = key.foreign_key), rows));
        END IF;
        rows := custody.dangling_rows(key);
        IF rows > 0 THEN
            RETURN NEXT custody.protect_step(subject, 'stop', NULL, NULL, format(
                '%s has rows that reference no row of %s, by %I, which is not valid (%s): correct them first',
                key.child, key.parent, (SELECT f.conname FROM pg_constraint f WHERE f.oid = key.foreign_key), rows));
        END IF;
        RETURN QUERY SELECT * FROM custody.composite_step(subject, key,
            NOT key.child = ANY (waiting) AND NOT key.parent = ANY (waiting));
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.composite_steps(custody.protect_subject, custody.protect_subject[], regclass[]) IS
'the steps that make a subject''s foreign keys carry the organization, with a note for each that cannot; waiting: tables that have steps the caller has to run first; privilege: EXECUTE, and SELECT on the tables without row security';
