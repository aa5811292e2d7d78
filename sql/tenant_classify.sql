-- The classes of a whole schema: derived tables through the foreign keys of all.

-- A foreign key that may be NULL leaves rows without an organization: taken only where there is no other.
CREATE FUNCTION custody.class_derived(
        pending custody.table_class[], known custody.table_class[], wanted name, nullable bool)
    RETURNS SETOF custody.table_class
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (p.relation) p.relation, 'derived', coalesce(p.org_column, wanted),
           f.confrelid::regclass, f.conname,
           CASE WHEN nullable THEN 'the foreign key may be NULL: rows without a parent stop protect()' END
      FROM unnest(pending) p
      JOIN pg_constraint f ON f.conrelid = p.relation AND f.contype = 'f' AND f.confrelid <> f.conrelid
      JOIN unnest(known) k ON k.relation = f.confrelid
                          AND k.class IN ('root', 'owned', 'derived', 'member')
     WHERE nullable OR NOT EXISTS (SELECT FROM pg_attribute a
                                    WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)
                                      AND NOT a.attnotnull)
     ORDER BY p.relation, f.confrelid = p.parent DESC NULLS LAST, f.confdeltype = 'c' DESC, f.conname
$$;
COMMENT ON FUNCTION custody.class_derived(custody.table_class[], custody.table_class[], name, bool) IS
'those of the pending tables that have a foreign key to a known table with an organization; nullable: also where a column of it may be NULL; privilege: EXECUTE';

CREATE FUNCTION custody.class_undecided(pending custody.table_class, known custody.table_class[])
    RETURNS custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    child regclass;
    said bool := pending.class = 'derived';
BEGIN
    pending.class := NULL;
    IF said THEN
        pending.note := 'no foreign key leads from it to a table with an organization';
    END IF;
    IF pending.note IS NULL THEN
        SELECT k.relation INTO child
          FROM unnest(known) k JOIN pg_constraint f ON f.conrelid = k.relation AND f.contype = 'f'
         WHERE f.confrelid = pending.relation ORDER BY k.class = 'member' DESC, k.relation::text LIMIT 1;
        pending.note := 'no column and no foreign key leads to an organization; '
            || CASE WHEN child IS NULL THEN 'say shared (all of it is read by all), or exempt with a reason'
                    ELSE format('%s references it: say shared (all of it is read by all), or exempt with a '
                                'reason and no privileges for the application', child) END;
    END IF;
    RETURN pending;
END
$$;
COMMENT ON FUNCTION custody.class_undecided(custody.table_class, custody.table_class[]) IS
'a table whose class the caller has to say, with why; privilege: EXECUTE';

-- Users belong to several organizations where one key is the pair of both, and the user has none.
CREATE FUNCTION custody.class_member(one custody.table_class, known custody.table_class[])
    RETURNS custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    org int2 := custody.column_number(one.relation, one.org_column);
    other name;
BEGIN
    IF one.class <> 'owned' OR one.class IS NULL THEN
        RETURN one;
    END IF;
    SELECT a.attname INTO other
      FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attnum <> org
      LEFT JOIN pg_constraint f ON f.contype = 'f' AND f.conrelid = i.indrelid AND f.conkey = ARRAY[a.attnum]
     WHERE i.indrelid = one.relation AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 2
       AND org = ANY (i.indkey)
       AND CASE WHEN f.oid IS NULL THEN a.attname ~* 'user|member|account'
                ELSE NOT EXISTS (SELECT FROM unnest(known) k
                                  WHERE k.relation = f.confrelid
                                    AND k.class IN ('root', 'owned', 'derived', 'member')) END
     ORDER BY f.oid NULLS LAST LIMIT 1;
    IF FOUND THEN
        one.class := 'member';
        one.note := format('column %I names users of several organizations', other);
    END IF;
    RETURN one;
END
$$;
COMMENT ON FUNCTION custody.class_member(custody.table_class, custody.table_class[]) IS
'makes a member table of an owned one whose key is the organization and a user that has no organization of its own; privilege: EXECUTE';

CREATE FUNCTION custody.class_recorded() RETURNS SETOF custody.table_class
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.relation, p.class, p.org_column, p.parent,
           (SELECT f.conname FROM pg_constraint f
             WHERE f.contype = 'f' AND f.conrelid = p.relation AND f.confrelid = p.parent
             ORDER BY coalesce(custody.column_number(p.relation, p.org_column) = ANY (f.conkey), false),
                      f.confdeltype = 'c' DESC, f.conname LIMIT 1), p.reason
      FROM (SELECT relation, class, org_column, parent, reason, protected_at FROM custody.protection
            UNION ALL
            SELECT relation, class, org_column, parent, NULL, now() FROM custody.protection_begun b
             WHERE NOT EXISTS (SELECT FROM custody.protection t WHERE t.relation = b.relation)) p
      JOIN pg_class c ON c.oid = p.relation
     ORDER BY p.class = 'root' DESC, p.class <> 'derived' DESC, p.protected_at
$$;
COMMENT ON FUNCTION custody.class_recorded() IS
'the classes of the tables that are protected, or whose protection began; privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.class_of_one(
        relation regclass, wanted name, classes jsonb, roots regclass[], root_columns name[],
        recorded custody.table_class[])
    RETURNS custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said jsonb;
    answer custody.table_class;
BEGIN
    SELECT classes -> c.relname INTO said FROM pg_class c WHERE c.oid = relation;
    IF said IS NOT NULL THEN
        RETURN custody.class_said(relation, wanted, said, roots, root_columns);
    END IF;
    SELECT * INTO answer FROM unnest(recorded) r WHERE r.relation = class_of_one.relation;
    IF FOUND THEN
        RETURN answer;
    END IF;
    RETURN custody.class_direct(relation, wanted, roots, root_columns);
END
$$;
COMMENT ON FUNCTION custody.class_of_one(regclass, name, jsonb, regclass[], name[], custody.table_class[]) IS
'the class of a table as the caller says, as it is protected already, or as the table tells, in this order; privilege: EXECUTE';

CREATE FUNCTION custody.classes_of(schema regnamespace, org_column name, classes jsonb)
    RETURNS SETOF custody.table_class
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    roots regclass[];
    root_columns name[];
    known custody.table_class[] := ARRAY(SELECT r FROM custody.class_recorded() r);
    pending custody.table_class[];
    more custody.table_class[];
    answer custody.table_class[];
BEGIN
    SELECT array_agg(r.relation), array_agg(r.org_column) INTO roots, root_columns
      FROM (SELECT * FROM custody.class_roots(schema, org_column)
            UNION
            SELECT said.relation, said.org_column
              FROM custody.class_tables(schema) t JOIN pg_class c ON c.oid = t
             CROSS JOIN LATERAL custody.class_said(t, classes_of.org_column, classes -> c.relname, '{}', '{}') said
             WHERE classes ? c.relname AND said.class = 'root' ORDER BY 1, 2) r;
    pending := ARRAY(SELECT custody.class_of_one(t, org_column, classes, coalesce(roots, '{}'), root_columns, known)
                       FROM custody.class_tables(schema) t);
    answer := ARRAY(SELECT p FROM unnest(pending) p
                     WHERE p.class <> 'derived' OR p.foreign_key IS NOT NULL
                     ORDER BY p.class = 'root' DESC, p.class <> 'derived' DESC, p.relation::text);
    known := ARRAY(SELECT k FROM unnest(known) k
                    WHERE k.relation <> ALL (ARRAY(SELECT p.relation FROM unnest(pending) p))) || answer;
    LOOP
        pending := ARRAY(SELECT p FROM unnest(pending) p
                          WHERE p.relation <> ALL (ARRAY(SELECT a.relation FROM unnest(answer) a)));
        more := ARRAY(SELECT d FROM custody.class_derived(
            ARRAY(SELECT p FROM unnest(pending) p WHERE p.class = 'derived' OR p.note IS NULL),
            known, org_column, false) d);
        IF more = '{}' THEN
            more := ARRAY(SELECT d FROM custody.class_derived(
                ARRAY(SELECT p FROM unnest(pending) p WHERE p.class = 'derived' OR p.note IS NULL),
                known, org_column, true) d);
        END IF;
        EXIT WHEN more = '{}';
        answer := answer || more;
        known := known || more;
    END LOOP;
    RETURN QUERY SELECT m.* FROM unnest(answer) WITH ORDINALITY a (relation, class, org_column, parent,
            foreign_key, note, place)
        CROSS JOIN LATERAL custody.class_member(ROW(a.relation, a.class, a.org_column, a.parent,
            a.foreign_key, a.note)::custody.table_class, known) m ORDER BY a.place;
    RETURN QUERY SELECT u.* FROM unnest(pending) p
        CROSS JOIN LATERAL custody.class_undecided(p, known) u ORDER BY u.relation::text;
END
$$;
COMMENT ON FUNCTION custody.classes_of(regnamespace, name, jsonb) IS
'the classes of a schema with what the caller said, parents before children; arguments as of custody.protect_schema(); privilege: EXECUTE and SELECT on custody.protection';

CREATE FUNCTION custody.classify_schema(schema regnamespace, org_column name DEFAULT 'org_id')
    RETURNS SETOF custody.table_class
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM custody.classes_of(schema, org_column, '{}')
$$;
COMMENT ON FUNCTION custody.classify_schema(regnamespace, name) IS
'what each table of a schema is to the organizations, parents first: relation, class (root, owned, derived, member, shared or exempt; NULL where the caller of protect() has to say it), org_column, parent and foreign_key that give a derived table its organization, and a note with the reason; changes nothing; org_column: name of the column that names the organization; privilege: EXECUTE and SELECT on custody.protection';
