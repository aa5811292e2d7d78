-- Indexes on the org column, and those that the planner loses under row security: a condition whose
-- operator is not leakproof cannot be checked before the policy's, so no index can serve it.

-- A large table's index is printed with CONCURRENTLY: for a partitioned one an invalid index on each
-- partitioned level, one per partition, attached from the bottom up.
CREATE FUNCTION custody.index_steps(
        subject custody.protect_subject, base name, suffix text, is_unique bool, columns text)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    create_index text := CASE WHEN is_unique THEN 'CREATE UNIQUE INDEX ' ELSE 'CREATE INDEX ' END;
    -- All in one statement: those that are attached go with the first.
    undo text := (SELECT 'DROP INDEX IF EXISTS ' || string_agg(custody.index_place(t.member, base, suffix), ', '
                                                               ORDER BY t.level, t.member::text)
                    FROM custody.table_tree(subject.relation) t
                   WHERE t.kind IN ('r', 'p') AND (subject.large OR t.level = 0 OR NOT t.partition));
    one record;
BEGIN
    FOR one IN SELECT t.*, custody.index_place(t.member, base, suffix) AS place,
                      custody.index_place(t.parent, base, suffix) AS above, c.indisvalid AS valid,
                      custody.made_index_name(t.member, base, suffix) AS name,
                      EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.indexrelid) AS attached
                 FROM custody.table_tree(subject.relation) t
                 LEFT JOIN pg_index c ON c.indexrelid = to_regclass(custody.index_place(t.member, base, suffix))
                WHERE t.kind IN ('r', 'p')
                  AND (subject.large OR t.level = 0 OR NOT t.partition)
                ORDER BY t.level LOOP
        IF one.valid IS FALSE AND one.kind = 'r' THEN
            RETURN NEXT custody.protect_step(subject, 'drop index', format('DROP INDEX %s', one.place));
        END IF;
        IF one.valid IS NULL OR one.valid IS FALSE AND one.kind = 'r' THEN
            RETURN NEXT custody.protect_step(subject, 'create index', format('%s%s%I ON %s%s %s', create_index,
                CASE WHEN subject.large AND one.kind = 'r' THEN 'CONCURRENTLY ' ELSE '' END, one.name,
                CASE WHEN subject.large AND one.kind = 'p' THEN 'ONLY ' ELSE '' END, one.member, columns),
                undo, NULL,
                NOT subject.large OR one.kind = 'p');
        END IF;
    END LOOP;
    FOR one IN SELECT custody.index_place(t.member, base, suffix) AS place,
                      custody.index_place(t.parent, base, suffix) AS above
                 FROM custody.table_tree(subject.relation) t
                WHERE subject.large AND t.partition AND t.kind IN ('r', 'p') AND NOT EXISTS (
                      SELECT FROM pg_inherits i
                       WHERE i.inhrelid = to_regclass(custody.index_place(t.member, base, suffix)))
                ORDER BY t.level DESC LOOP
        RETURN NEXT custody.protect_step(subject, 'attach index', format(
            'ALTER INDEX %s ATTACH PARTITION %s', one.above, one.place), NULL, NULL, false);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.index_steps(custody.protect_subject, name, text, bool, text) IS
'the steps that make one index on a subject, its partitions and inheritance children; base and suffix make its name; columns: the rest of CREATE INDEX; privilege: EXECUTE';

CREATE FUNCTION custody.made_index_name(relation regclass, base name, suffix text) RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT custody.made_name(c.relname || coalesce('_' || base, ''), suffix) FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION custody.made_index_name(regclass, name, text) IS
'name of an index that protect() makes on a table; privilege: EXECUTE';

CREATE FUNCTION custody.index_place(relation regclass, base name, suffix text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, custody.made_index_name(relation, base, suffix))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
$$;
COMMENT ON FUNCTION custody.index_place(regclass, name, text) IS
'custody.made_index_name() with its schema; privilege: EXECUTE';

-- Operators that an index's first column is searched with and that may tell what they see. Those of the
-- pattern classes do not, but LIKE, which such an index is there for, does.
CREATE FUNCTION custody.leaky_index(index oid) RETURNS bool
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_index i
                     JOIN pg_opclass c ON c.oid = i.indclass[0]
                     JOIN pg_amop o ON o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype
                                   AND o.amoppurpose = 's'
                     JOIN pg_operator p ON p.oid = o.amopopr
                     JOIN pg_proc f ON f.oid = p.oprcode
                    WHERE i.indexrelid = index AND (NOT f.proleakproof OR c.opcname ~ '_pattern_ops$'))
$$;
COMMENT ON FUNCTION custody.leaky_index(oid) IS
'whether conditions on an index''s first column are not leakproof, so that row security takes the index from them; privilege: EXECUTE';

-- The columns of an index, as CREATE INDEX takes them, behind the org column.
CREATE FUNCTION custody.composite_columns(index oid, org_column name) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('(%I, %s)%s', org_column, string_agg(
             pg_get_indexdef(i.indexrelid, n, true)
               || CASE WHEN i.indcollation[n - 1] NOT IN (0, 100, coalesce(a.attcollation, 0))
                       THEN ' COLLATE ' || i.indcollation[n - 1]::regcollation ELSE '' END
               || CASE WHEN c.opcdefault THEN '' ELSE format(' %I.%I', s.nspname, c.opcname) END
               || CASE i.indoption[n - 1] WHEN 3 THEN ' DESC' WHEN 1 THEN ' DESC NULLS LAST'
                                          WHEN 2 THEN ' NULLS FIRST' ELSE '' END, ', ' ORDER BY n),
           coalesce(' WHERE ' || pg_get_expr(i.indpred, i.indrelid), ''))
      FROM pg_index i
     CROSS JOIN generate_series(1, i.indnkeyatts) n
      JOIN pg_opclass c ON c.oid = i.indclass[n - 1]
      JOIN pg_namespace s ON s.oid = c.opcnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0
     WHERE i.indexrelid = index
     GROUP BY i.indexrelid, i.indpred, i.indrelid
$$;
COMMENT ON FUNCTION custody.composite_columns(oid, name) IS
'the columns of an index behind the org column, with their collations, operator classes and directions, and its WHERE; privilege: EXECUTE';

-- Without the table's name before it, unless another index of the table is called just so.
CREATE FUNCTION custody.index_base(index oid) RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN starts_with(c.relname, t.relname || '_') AND NOT EXISTS (
                         SELECT FROM pg_index o JOIN pg_class n ON n.oid = o.indexrelid
                          WHERE o.indrelid = i.indrelid AND n.relname = substr(c.relname, length(t.relname) + 2))
                THEN substr(c.relname, length(t.relname) + 2) ELSE c.relname END::name
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
     WHERE i.indexrelid = index
$$;
COMMENT ON FUNCTION custody.index_base(oid) IS
'what the name of an index with the org column before an index takes from that one''s name; privilege: EXECUTE';

-- wanted_unique: an index that begins with the org column comes with a composite key.
CREATE FUNCTION custody.org_index_steps(subject custody.protect_subject, wanted_unique bool)
    RETURNS SETOF custody.protect_step
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    org int2 := custody.column_number(subject.relation, subject.org_column);
    one record;
BEGIN
    IF subject.class IN ('shared', 'exempt') OR subject.problem IS NOT NULL THEN
        RETURN;
    END IF;
    -- One that began as a script is finished, whatever else came.
    IF EXISTS (SELECT FROM pg_index i WHERE NOT i.indisvalid
                  AND i.indexrelid = to_regclass(custody.index_place(subject.relation, NULL, 'custody_org')))
        OR NOT wanted_unique AND NOT EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
             WHERE i.indrelid = subject.relation AND i.indisvalid AND i.indpred IS NULL
               AND i.indkey[0] = org AND a.amname = 'btree') THEN
        RETURN QUERY SELECT * FROM custody.index_steps(subject, NULL, 'custody_org', false,
                                                       format('(%I)', subject.org_column));
    END IF;
    FOR one IN SELECT c.relname, a.amname, custody.index_base(c.oid) AS base, i.indkey::text AS keys,
                      i.indclass::text AS classes,
                      pg_get_expr(i.indpred, i.indrelid) AS predicate,
                      pg_get_expr(i.indexprs, i.indrelid) AS expressions,
                      custody.composite_columns(i.indexrelid, subject.org_column) AS columns
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                WHERE i.indrelid = subject.relation AND i.indisvalid AND i.indkey[0] IS DISTINCT FROM org
                  AND custody.leaky_index(i.indexrelid)
                ORDER BY c.relname LOOP
        IF one.amname <> 'btree' THEN
            RETURN NEXT custody.protect_step(subject, 'note', NULL, NULL, format(
                'index %I (%s) is lost under row security: its operators are not leakproof, and no composite '
                'index helps them; the rows of the organization are searched one by one', one.relname, one.amname));
        ELSIF NOT EXISTS (SELECT FROM pg_index i
                           WHERE i.indrelid = subject.relation AND i.indisvalid
                             AND i.indkey::text = org || ' ' || one.keys
                             AND i.indclass::text LIKE '% ' || one.classes
                             AND pg_get_expr(i.indpred, i.indrelid) IS NOT DISTINCT FROM one.predicate
                             AND pg_get_expr(i.indexprs, i.indrelid) IS NOT DISTINCT FROM one.expressions) THEN
            RETURN QUERY SELECT * FROM custody.index_steps(subject, one.base, 'custody', false, one.columns);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.org_index_steps(custody.protect_subject, bool) IS
'the steps that make the index on the org column, and for each btree index that row security takes from its conditions one with the org column before it; privilege: EXECUTE';
