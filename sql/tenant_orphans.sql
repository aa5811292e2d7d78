-- Rows that point to no row, or to one of another organization. No policy shows them: a foreign key that was
-- added or validated by an owner whom forced row security binds has seen no row, and passed them all.

CREATE FUNCTION custody.orphan_queries(relations regclass[])
    RETURNS TABLE (relation regclass, foreign_key name, parent regclass, query text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
WITH RECURSIVE tree (root, relation) AS (
    SELECT p.relation::oid, p.relation::oid FROM custody.protection p
     WHERE p.class <> 'exempt' AND (relations IS NULL OR p.relation = ANY (relations))
    UNION
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relation
), keyed AS (
    SELECT k.oid, k.conname, k.conrelid, k.confrelid, c.attname AS org, o.attname AS parent_org,
           c.attnum AS org_number, o.attnum AS parent_number,
           CASE WHEN child.relkind = 'p' THEN '' ELSE 'ONLY ' END || k.conrelid::regclass AS child_name,
           CASE WHEN above.relkind = 'p' THEN '' ELSE 'ONLY ' END || k.confrelid::regclass AS parent_name,
           k.confmatchtype, k.conkey, k.confkey, k.conpfeqop
      FROM pg_constraint k
      JOIN pg_class child ON child.oid = k.conrelid
      JOIN pg_class above ON above.oid = k.confrelid
      JOIN tree t ON t.relation = k.conrelid
      JOIN custody.protection p ON p.relation = t.root
      LEFT JOIN pg_attribute c ON c.attrelid = k.conrelid AND c.attname = p.org_column
                              AND p.class <> 'shared' AND NOT c.attisdropped
      LEFT JOIN custody.protection q ON q.relation = k.confrelid AND q.class NOT IN ('shared', 'exempt')
      LEFT JOIN pg_attribute o ON o.attrelid = k.confrelid AND o.attname = q.org_column AND NOT o.attisdropped
     WHERE k.contype = 'f' AND k.conparentid = 0
)
SELECT k.conrelid::regclass, k.conname, k.confrelid::regclass,
       format('SELECT count(*) FILTER (WHERE p.tableoid IS NULL) AS missing, '
              'count(*) FILTER (WHERE p.tableoid IS NOT NULL) AS elsewhere, min(concat_ws('', '', %s)) AS example '
              'FROM %s c LEFT JOIN %s p ON %s WHERE (%s) AND (p.tableoid IS NULL OR %s)',
              string_agg(format('c.%I', f.attname), ', ' ORDER BY u.n), k.child_name, k.parent_name,
              string_agg(format('p.%I OPERATOR(%I.%s) c.%I', g.attname, s.nspname, e.oprname, f.attname), ' AND '
                         ORDER BY u.n),
              string_agg(format('c.%I IS NOT NULL', f.attname),
                         CASE k.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END ORDER BY u.n),
              CASE WHEN k.org IS NULL OR k.parent_org IS NULL
                     OR bool_or(u.child = k.org_number AND u.above = k.parent_number) THEN 'false'
                   ELSE format('c.%I::text COLLATE "C" IS DISTINCT FROM p.%I::text COLLATE "C"', k.org, k.parent_org)
                   END)
  FROM keyed k
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY u (child, above, operator, n)
  JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.child
  JOIN pg_attribute g ON g.attrelid = k.confrelid AND g.attnum = u.above
  JOIN pg_operator e ON e.oid = u.operator
  JOIN pg_namespace s ON s.oid = e.oprnamespace
 GROUP BY k.oid, k.conname, k.conrelid, k.confrelid, k.child_name, k.parent_name, k.confmatchtype, k.org, k.parent_org
 ORDER BY k.conrelid::regclass::text, k.conname
$$;
COMMENT ON FUNCTION custody.orphan_queries(regclass[]) IS
'for each foreign key of the protected tables (NULL = all) and of their partitions and children, the query that counts its rows without a parent (missing) and with one of another organization (elsewhere), with the key of one of them (example); errors: none; privilege: EXECUTE, SELECT on custody.protection';
REVOKE EXECUTE ON FUNCTION custody.orphan_queries(regclass[]) FROM PUBLIC;

CREATE FUNCTION custody.find_orphans(relations regclass[] DEFAULT NULL)
    RETURNS TABLE (relation regclass, foreign_key name, parent regclass, missing bigint, elsewhere bigint,
        example text, query text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
    SET row_security = off AS $$
BEGIN
    FOR relation, foreign_key, parent, query IN
        SELECT q.relation, q.foreign_key, q.parent, q.query FROM custody.orphan_queries(relations) q LOOP
        EXECUTE query INTO missing, elsewhere, example;
        IF missing + elsewhere > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.find_orphans(regclass[]) IS
'reads all rows of the protected tables (NULL = all) that foreign keys bind, and returns the keys that do not hold: missing: rows whose parent does not exist; elsewhere: rows whose parent belongs to another organization; example: the key of one of them; query: what was asked; errors: 42501 for a role that row security binds or that may not read; privilege: EXECUTE, and to read the tables past row security';
REVOKE EXECUTE ON FUNCTION custody.find_orphans(regclass[]) FROM PUBLIC;

DO $$
DECLARE
    duty name;
BEGIN
    FOR duty IN SELECT r.name FROM custody.role r WHERE r.made AND r.name IN ('custody_admin', 'custody_auditor') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION custody.orphan_queries(regclass[]), '
                       'custody.find_orphans(regclass[]) TO %I', duty);
    END LOOP;
END
$$;

-- What is in the tables already: attacks show only what could get there.
CREATE FUNCTION custody.probe_orphans(setup custody.probe_setup, subjects custody.probe_subject[])
    RETURNS SETOF custody.probe_finding LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key record;
    outcome custody.probe_outcome;
    counts text[];
    verdict text;
BEGIN
    setup.role := (SELECT oid FROM pg_roles WHERE rolname = current_user);
    setup.path := 'pg_catalog, pg_temp'; -- what the role under probe has in its own must not run as this one
    FOR key IN SELECT * FROM custody.orphan_queries(ARRAY(SELECT s.relation::regclass FROM unnest(subjects) s)) LOOP
        outcome := custody.probe_try(setup, subjects[1],
            format('SELECT ARRAY[missing::text, elsewhere::text, example] FROM (%s) x', key.query), 'none');
        counts := outcome.value::text[];
        verdict := CASE WHEN outcome.sqlstate IS NOT NULL THEN 'inconclusive' WHEN counts[2] <> '0' THEN 'leak'
            WHEN counts[1] <> '0' THEN 'inconclusive' ELSE 'held' END;
        RETURN NEXT (format('%s constraint %I', key.relation, key.foreign_key), 'orphans', verdict, key.query,
            CASE WHEN outcome.sqlstate IS NOT NULL THEN custody.probe_error(outcome)
                 WHEN verdict = 'held' THEN 'every row has its parent, in its own organization'
                 WHEN verdict = 'leak' THEN format('%s rows have a parent in another organization, as (%s)', counts[2], counts[3])
                 ELSE format('%s rows have no parent, as (%s): the key is not what it says', counts[1], counts[3]) END,
            outcome.sqlstate, NULL)::custody.probe_finding;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.probe_orphans(custody.probe_setup, custody.probe_subject[]) IS
'for each foreign key of the tables, whether rows point to none or across organizations, as the superuser who probes; privilege: superuser';
REVOKE ALL ON FUNCTION custody.probe_orphans(custody.probe_setup, custody.probe_subject[]) FROM PUBLIC;
