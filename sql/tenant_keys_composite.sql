-- Foreign keys that carry the organization: (org, parent) -> parent (org, id), so that a child can have
-- no parent of another organization. A plain foreign key is checked past row security and allows it.

CREATE TYPE custody.composite_key AS (
    child regclass, parent regclass, name name, foreign_key oid, child_columns name[], parent_columns name[],
    child_org name, parent_org name, problem text);
COMMENT ON TYPE custody.composite_key IS
'a foreign key between two tables with organizations, and why it cannot carry the organization (NULL: it can)';

-- Whether the columns of one foreign key are, as pairs, among those of another one.
CREATE FUNCTION custody.key_has_pair(foreign_key oid, child_column int2, parent_column int2) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_constraint f CROSS JOIN generate_subscripts(f.conkey, 1) n
                    WHERE f.oid = foreign_key AND f.conkey[n] = child_column AND f.confkey[n] = parent_column)
$$;
COMMENT ON FUNCTION custody.key_has_pair(oid, int2, int2) IS
'whether a foreign key compares a column of the child with a column of the parent; privilege: EXECUTE';

CREATE FUNCTION custody.composite_problem(
        child custody.protect_subject, parent custody.protect_subject, foreign_key oid)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f pg_constraint;
BEGIN
    SELECT * INTO f FROM pg_constraint c WHERE c.oid = foreign_key;
    IF parent.class = 'root' AND custody.column_names(f.confrelid, f.confkey) = ARRAY[parent.org_column] THEN
        RETURN 'it names an organization of its own, not that of the row';
    ELSIF child.kind IS DISTINCT FROM parent.kind THEN
        RETURN format('the org columns have different types, %s and %s', child.column_type, parent.column_type);
    ELSIF to_jsonb(f) ->> 'conperiod' = 'true' THEN
        RETURN 'it is over periods';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.composite_problem(custody.protect_subject, custody.protect_subject, oid) IS
'why a foreign key cannot carry the organization, NULL where it can; privilege: EXECUTE';

-- The composite key takes the place and the name of the plain one, unless the plain one does what the
-- composite one cannot: then both stay.
CREATE FUNCTION custody.replaceable_key(foreign_key oid) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.confupdtype NOT IN ('n', 'd') AND (f.confmatchtype = 's' OR cardinality(f.conkey) = 1)
           AND (f.confdeltype NOT IN ('n', 'd') OR current_setting('server_version_num')::int4 >= 150000)
      FROM pg_constraint f WHERE f.oid = foreign_key
$$;
COMMENT ON FUNCTION custody.replaceable_key(oid) IS
'whether a foreign key that carries the organization does all that a plain one does; privilege: EXECUTE';

CREATE FUNCTION custody.made_key(child regclass, plain name) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.convalidated FROM pg_constraint c
     WHERE c.conrelid = child AND c.contype = 'f' AND c.conname = custody.made_name('custody', plain::text)
$$;
COMMENT ON FUNCTION custody.made_key(regclass, name) IS
'whether the composite key that protect() makes beside a plain one is valid, NULL where it is not there; privilege: EXECUTE';

-- The foreign keys of a subject that should carry the organization and do not yet: all on request, that
-- to the parent of a derived table always.
CREATE FUNCTION custody.composite_wanted(subject custody.protect_subject, known custody.protect_subject[])
    RETURNS SETOF custody.composite_key
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.conrelid::regclass, f.confrelid::regclass, custody.made_name('custody', f.conname::text), f.oid,
           custody.column_names(f.conrelid, f.conkey), custody.column_names(f.confrelid, f.confkey),
           (subject).org_column, k.org_column,
           custody.composite_problem(subject, k, f.oid)
      FROM pg_constraint f
      JOIN unnest(known) k ON k.relation = f.confrelid
     CROSS JOIN LATERAL (SELECT custody.column_number(f.conrelid, (subject).org_column),
                                custody.column_number(f.confrelid, k.org_column)) o (child, parent)
     WHERE f.contype = 'f' AND f.conrelid = (subject).relation AND f.conparentid = 0
       AND k.class IN ('root', 'owned', 'derived', 'member')
       AND (subject).class IN ('root', 'owned', 'derived', 'member')
       AND ((subject).composite_keys OR (subject).class = 'derived' AND f.conname = (subject).foreign_key)
       AND NOT custody.key_has_pair(f.oid, o.child, o.parent)
       AND NOT (f.conrelid = f.confrelid AND (subject).class = 'root')
       AND NOT EXISTS (SELECT FROM pg_constraint g
                        WHERE g.contype = 'f' AND g.conrelid = f.conrelid AND g.confrelid = f.confrelid
                          AND g.conname <> custody.made_name('custody', f.conname::text)
                          AND cardinality(g.conkey) = cardinality(f.conkey) + 1 AND g.convalidated
                          AND custody.key_has_pair(g.oid, o.child, o.parent)
                          AND NOT EXISTS (SELECT FROM generate_subscripts(f.conkey, 1) n
                                           WHERE NOT custody.key_has_pair(g.oid, f.conkey[n], f.confkey[n])))
       AND NOT (custody.made_key(f.conrelid, f.conname) IS TRUE AND NOT custody.replaceable_key(f.oid))
     ORDER BY f.conname
$$;
COMMENT ON FUNCTION custody.composite_wanted(custody.protect_subject, custody.protect_subject[]) IS
'the foreign keys of a subject that should carry the organization and do not; privilege: EXECUTE';

-- ON DELETE and ON UPDATE as the plain key has them; SET NULL must leave the org column alone. Where the
-- server cannot say so, the plain key nulls, and this one looks at the end of the transaction.
CREATE FUNCTION custody.composite_actions(foreign_key oid) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f pg_constraint;
    columns text;
    deletes text;
    updates text;
    later bool;
BEGIN
    SELECT * INTO f FROM pg_constraint c WHERE c.oid = foreign_key;
    SELECT string_agg(quote_ident(n), ', ') INTO columns
      FROM unnest(custody.column_names(f.conrelid, f.conkey)) n;
    deletes := CASE f.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'r' THEN ' ON DELETE RESTRICT'
                    WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', columns)
                    WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', columns) ELSE '' END;
    updates := CASE f.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'r' THEN ' ON UPDATE RESTRICT' ELSE '' END;
    later := f.confupdtype IN ('n', 'd');
    IF f.confdeltype IN ('n', 'd') AND current_setting('server_version_num')::int4 < 150000 THEN
        deletes := '';
        later := true;
    END IF;
    RETURN deletes || updates
        || CASE WHEN later OR f.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED'
                WHEN f.condeferrable THEN ' DEFERRABLE' ELSE '' END;
END
$$;
COMMENT ON FUNCTION custody.composite_actions(oid) IS
'the actions of a composite foreign key beside a plain one; privilege: EXECUTE';

-- The unique index that a composite foreign key needs on its parent, NULL where it has one.
CREATE FUNCTION custody.unique_columns(key custody.composite_key) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('(%I, %s)', (key).parent_org, (SELECT string_agg(quote_ident(c), ', ') FROM unnest((key).parent_columns) c))
     WHERE NOT EXISTS (
           SELECT FROM pg_index i
            WHERE i.indrelid = (key).parent AND i.indisunique AND i.indisvalid AND i.indimmediate
              AND i.indpred IS NULL AND i.indnkeyatts = cardinality((key).parent_columns) + 1
              AND ARRAY(SELECT a.attname FROM pg_attribute a
                         WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
                         ORDER BY a.attname)
                  = ARRAY(SELECT n FROM unnest((key).parent_columns || (key).parent_org) n ORDER BY n))
$$;
COMMENT ON FUNCTION custody.unique_columns(custody.composite_key) IS
'the columns of the unique index that a composite foreign key needs and its parent has not; privilege: EXECUTE';
