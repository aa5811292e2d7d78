-- Fills the org column of a large derived table from its parent, in transactions of its own.

-- What the procedure needs of one batch: SQL with the block range as $1 and $2.
CREATE FUNCTION custody.backfill_statement(
        leaf regclass, relation regclass, org_column name, foreign_key name, parent_column name)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent regclass := (SELECT f.confrelid FROM pg_constraint f
                         WHERE f.contype = 'f' AND f.conrelid = relation AND f.conname = foreign_key);
BEGIN
    IF parent IS NULL THEN
        RAISE EXCEPTION '% has no foreign key %', relation, quote_nullable(foreign_key)
            USING ERRCODE = 'undefined_object', HINT = 'custody.classify_schema() shows the one that leads to the organization.';
    END IF;
    RETURN format('UPDATE ONLY %s c SET %I = p.%I FROM %s p WHERE %s AND c.%2$I IS NULL '
                  'AND p.%3$I IS NOT NULL AND c.ctid >= $1 AND c.ctid < $2', leaf, org_column, parent_column, parent,
                  custody.key_condition(relation, foreign_key, 'c', 'p'));
END
$$;
COMMENT ON FUNCTION custody.backfill_statement(regclass, regclass, name, name, name) IS
'the UPDATE of one batch of custody.backfill_org(), between two row addresses; errors: 42704 where there is no such foreign key; privilege: EXECUTE';

CREATE FUNCTION custody.backfill_leaves(relation regclass, batch_rows int4)
    RETURNS TABLE (leaf regclass, pages int8, batch_pages int8)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.member, s.pages,
           greatest(1, batch_rows / greatest(1, CASE WHEN c.relpages > 0 AND c.reltuples > 0
               THEN ceil(c.reltuples / c.relpages) ELSE 50 END))::int8
      FROM custody.table_tree(relation) t
      JOIN pg_class c ON c.oid = t.member
     CROSS JOIN LATERAL (SELECT pg_relation_size(t.member) / current_setting('block_size')::int8) s (pages)
     WHERE t.kind = 'r'
$$;
COMMENT ON FUNCTION custody.backfill_leaves(regclass, int4) IS
'the tables that hold the rows of a table, with their pages and how many of them make a batch; privilege: EXECUTE';

-- No SET clause: a procedure with one may not commit. So each transaction pins its own settings first,
-- by a call whose name says where it lies.
CREATE PROCEDURE custody.backfill_org(
        relation regclass, batch_rows int4 DEFAULT 10000, org_column name DEFAULT 'org_id',
        foreign_key name DEFAULT NULL, parent_column name DEFAULT NULL, INOUT filled int8 DEFAULT 0)
    LANGUAGE plpgsql AS $$
DECLARE
    leaf record;
    batch text;
    page int8;
    rows int8;
    before int8 := -1;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
            pg_catalog.set_config('row_security', 'off', true);
    IF batch_rows IS NULL OR batch_rows < 1 THEN
        RAISE EXCEPTION 'a batch of % rows', batch_rows USING ERRCODE = 'invalid_parameter_value';
    END IF;
    filled := 0;
    -- Rows that move while they are filled, or are added meanwhile, are met by the next round.
    WHILE filled > before LOOP
        before := filled;
        FOR leaf IN SELECT * FROM custody.backfill_leaves(relation, batch_rows) LOOP
            batch := custody.backfill_statement(leaf.leaf, relation, org_column, foreign_key,
                                                coalesce(parent_column, org_column));
            page := 0;
            WHILE page <= leaf.pages LOOP
                EXECUTE batch USING pg_catalog.format('(%s,0)', page)::tid,
                                    pg_catalog.format('(%s,0)', page + leaf.batch_pages)::tid;
                GET DIAGNOSTICS rows = ROW_COUNT;
                filled := filled + rows;
                page := page + leaf.batch_pages;
                IF rows > 0 THEN
                    COMMIT;
                    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
                            pg_catalog.set_config('row_security', 'off', true);
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE custody.backfill_org(regclass, int4, name, name, name, int8) IS
'fills the org column of a table where it is NULL from the parent that a foreign key names, about batch_rows rows per transaction, each of them committed; can be cancelled and called again; parent_column: of the parent, NULL = org_column; filled: rows that got their organization; errors: 2D000 inside of a transaction block, 42704 for an unknown foreign key, 22023, 42501 where row security would hide rows; locks: ROW EXCLUSIVE on the table, the rows of a batch until its commit; privilege: EXECUTE, UPDATE on the table and SELECT on both';
