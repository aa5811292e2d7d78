-- Does the ledger tell what the tables have? For every row, what its events left equals the live row.

-- Of these the text form is a name that others may change.
CREATE FUNCTION custody.names_objects(type oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE part AS (
        SELECT type AS oid
         UNION
        SELECT n.oid
          FROM part p JOIN pg_type y ON y.oid = p.oid LEFT JOIN pg_range r ON r.rngtypid = y.oid
         CROSS JOIN LATERAL (
               VALUES (y.typbasetype), (y.typelem), (r.rngsubtype)
                UNION ALL
               SELECT a.atttypid FROM pg_attribute a
                WHERE y.typrelid <> 0 AND a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped) n (oid)
         WHERE n.oid <> 0)
    SELECT EXISTS (SELECT FROM part p WHERE p.oid = ANY ('{regclass,regproc,regprocedure,regoper,regoperator,regtype,regrole,
        regnamespace,regcollation,regconfig,regdictionary,aclitem}'::regtype[]::oid[]))
$$;
COMMENT ON FUNCTION custody.names_objects(oid) IS
'whether values of a type are written as names of tables, roles and other objects, also in a part of them, so that they read otherwise once those are renamed; errors: none; privilege: none';

CREATE FUNCTION custody.key_is_unique(relation regclass, key text[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_index i
         WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
           AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
                             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                            WHERE k.n <= i.indnkeyatts AND NOT (a.attnotnull AND a.attname = ANY (key))))
$$;
COMMENT ON FUNCTION custody.key_is_unique(regclass, text[]) IS
'whether an index makes sure that these columns tell a table''s rows apart; errors: none; privilege: none';

CREATE FUNCTION custody.reconcile_scope(rel regclass)
    RETURNS TABLE (tbl int4, version int4, descriptor text, columns text[], key text[], form text,
                   redacted text[], excluded text[], named text[], "unique" boolean, problem text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    info jsonb;
BEGIN
    tbl := CASE WHEN custody.ledger_exists() THEN custody.audited_id(rel) END;
    version := CASE WHEN tbl IS NOT NULL THEN custody.fold_version(tbl) END;
    IF version IS NULL THEN
        problem := 'the table is not recorded';
        RETURN NEXT;
        RETURN;
    END IF;
    -- What was written since is no event, and no row of it is wrong.
    IF NOT (SELECT a.active FROM custody_ledger.audited a WHERE a.id = tbl) THEN
        problem := 'the table is not recorded any more';
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT d.text INTO descriptor FROM custody_ledger.descriptor d
     WHERE d.tbl = reconcile_scope.tbl AND d.version = reconcile_scope.version;
    info := descriptor::jsonb;
    form := info ->> 'form';
    columns := ARRAY(SELECT c.c ->> 'name' FROM jsonb_array_elements(info -> 'columns') WITH ORDINALITY c (c, n) ORDER BY c.n);
    key := ARRAY(SELECT columns[k.p::int + 1] FROM jsonb_array_elements_text(info -> 'key') WITH ORDINALITY k (p, n) ORDER BY k.n);
    redacted := ARRAY(SELECT c ->> 'name' FROM jsonb_array_elements(info -> 'columns') c WHERE c ->> 'store' = 'redact');
    excluded := ARRAY(SELECT jsonb_array_elements_text(info -> 'excluded'));
    named := ARRAY(SELECT a.attname FROM pg_attribute a
                    WHERE form = 'text' AND a.attrelid = rel AND a.attname = ANY (columns) AND custody.names_objects(a.atttypid));
    "unique" := key = '{}' OR custody.key_is_unique(rel, key);
    SELECT format('the newest descriptor does not have the table''s columns (%s)', string_agg(x.name, ', '))
      INTO problem
      FROM (SELECT unnest(columns) AS name EXCEPT
            SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            (SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
             EXCEPT SELECT unnest(columns || excluded))) x HAVING count(*) > 0;
    IF (SELECT c.relispartition FROM pg_class c WHERE c.oid = rel) THEN
        problem := 'it is a partition: name its root';
    ELSIF EXISTS (SELECT FROM custody.partition_tree(rel) p JOIN pg_class c ON c.oid = p.relid WHERE c.relkind = 'f') THEN
        problem := 'it has partitions that are foreign tables: their servers have the rows';
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION custody.reconcile_scope(regclass) IS
'what custody.reconcile() compares of a table: its id, version and text of its newest descriptor, columns, key, form, columns that are redacted or not recorded, or written as names of objects, whether an index makes the key unique (true without a key), and why it cannot be compared; errors: none; privilege: SELECT on the ledger';

-- DETACH CONCURRENTLY: the table has its rows no more, and the ledger has until it is through. Not before 14.
CREATE FUNCTION custody.is_detaching(tbl int4) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM custody_ledger.audited a
                     JOIN pg_trigger t ON t.tgargs = convert_to(a.identity::text, 'UTF8') || E'\\x00'::bytea
                     JOIN pg_inherits i ON i.inhrelid = t.tgrelid
                    WHERE a.id = is_detaching.tbl AND (to_jsonb(i) ->> 'inhdetachpending')::boolean);
END
$$;
COMMENT ON FUNCTION custody.is_detaching(int4) IS
'whether a partition of a table of the ledger is being detached (DETACH CONCURRENTLY): queries of the table do not show its rows any more, and no event says yet that they left it; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- Where rows may be gone, or have come, without an event that counts: what is missing then proves nothing.
CREATE FUNCTION custody.reconcile_gaps(tbl int4) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws('; ',
        (SELECT 'events before ' || max(p.upper) || ' were pruned' FROM custody_ledger.prune p HAVING count(*) > 0),
        (SELECT count(*) || ' of its events were erased' FROM custody_ledger.event e
          WHERE e.tbl = reconcile_gaps.tbl AND e.key IS NULL AND e.op NOT IN ('S', 'T') HAVING count(*) > 0),
        (SELECT 'a partition was truncated, dropped or detached' FROM custody_ledger.event e
          WHERE e.tbl = reconcile_gaps.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op IN ('S', 'T') AND get_byte(e.new, 0) = 3
            AND (convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb @> '{"kind": "drop"}'
                    AND NOT convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb ? 'rows'
                 OR convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb @> '{"kind": "truncate", "partition": true}'
                    AND NOT convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb ? 'rows'
                 OR convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb @> '{"kind": "detach", "rows": null}')
         HAVING count(*) > 0),
        (SELECT 'a partition is being detached' WHERE custody.is_detaching(tbl)));
END
$$;
COMMENT ON FUNCTION custody.reconcile_gaps(int4) IS
'why rows of a table may be missing from the ledger, or there too much, although nobody altered it; empty for no reason; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- t.*, for t alone may be a column of the table, whose maker could let it show what the row should be.
-- Without JIT: each partition has expressions of its own, and compiling those of 10,000 takes minutes. The events
-- come in the order of keys: sorted alike, the rows are written to temporary files once, hashed twice.
CREATE FUNCTION custody.reconcile_keyed(rel regclass)
    RETURNS TABLE (problem text, key bytea, positions int4[], since timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off
    SET timezone = 'UTC' SET enable_hashjoin = off SET enable_hashagg = off AS $$
DECLARE
    scope record;
    plan text;
BEGIN
    SELECT * INTO scope FROM custody.reconcile_scope(rel);
    plan := custody.fold_plan(scope.tbl, scope.version);
    RETURN QUERY EXECUTE format($q$
        SELECT CASE WHEN %s THEN 'key not unique'
                    WHEN l.key IS NULL THEN 'not in the ledger' WHEN live.key IS NULL THEN 'not live'
                    WHEN d.positions IS NULL THEN 'equal' WHEN 0 <= ANY (d.positions) THEN 'different'
                    ELSE 'not compared' END,
               coalesce(l.key, live.key), d.positions, (l.folded).at
          FROM (SELECT * FROM (%s) f WHERE (f.folded)."exists") l
          FULL JOIN (SELECT custody.wire_row(t.*, $8, $9) AS key, custody.wire_row(t.*, $7, $9) AS row
                       FROM custody.table_rows(NULL::%s) t) live ON live.key = l.key
         CROSS JOIN LATERAL (SELECT custody.image_differences((l.folded).image, (l.folded).hashes, live.row)
                                    AS positions) d $q$,
        CASE WHEN scope."unique" THEN 'false' ELSE 'live.key IS NOT NULL AND count(*) OVER (PARTITION BY live.key) > 1' END,
        custody.fold_query(NULL, false), rel)
     USING scope.tbl, plan, custody.fold_plan_descriptors(plan), NULL::bytea, NULL::timestamptz, custody.this_incarnation(),
           scope.columns, scope.key, scope.form;
END
$$;
COMMENT ON FUNCTION custody.reconcile_keyed(regclass) IS
'the rows of a table with a key beside those that its events left: equal, different, not compared (only in columns that cannot be), not in the ledger, not live, key not unique (several rows have it); positions as custody.image_differences() has them; errors: 42501 where row security would hide rows; privilege: SELECT on the table and the ledger';

-- Without a key rows are a multiset: of each image as many as events brought and did not take.
CREATE FUNCTION custody.reconcile_multiset(rel regclass)
    RETURNS TABLE (problem text, rows int8)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
DECLARE
    scope record;
BEGIN
    SELECT * INTO scope FROM custody.reconcile_scope(rel);
    RETURN QUERY EXECUTE format($q$
        WITH all_rows AS (SELECT f.image AS row, f.number AS weight FROM custody.fold_multiset($1, $2) f
                UNION ALL SELECT E'\\x01'::bytea || custody.wire_row(t.*, $3, $4), -1
                         FROM custody.table_rows(NULL::%s) t)
        -- One image that is not told may be any row that is not found.
        SELECT CASE WHEN g.problem <> 'equal' AND bool_or(g.problem = 'not compared') OVER () THEN 'not compared'
                    ELSE g.problem END, g.rows FROM (
        SELECT CASE WHEN a.row IS NULL THEN 'not compared' WHEN sum(a.weight) > 0 THEN 'not live'
                    WHEN sum(a.weight) < 0 THEN 'not in the ledger' ELSE 'equal' END,
               CASE WHEN a.row IS NULL THEN sum(a.weight) WHEN sum(a.weight) <> 0 THEN abs(sum(a.weight))
                    ELSE sum(a.weight) FILTER (WHERE a.weight > 0) END::int8
          FROM all_rows a GROUP BY a.row) g (problem, rows) $q$, rel)
     USING scope.tbl, scope.version, scope.columns, scope.form;
END
$$;
COMMENT ON FUNCTION custody.reconcile_multiset(regclass) IS
'the rows of a table without a key beside the images that its events brought and did not take, by number; not compared: images that do not have all columns; errors: 42501 where row security would hide rows; privilege: SELECT on the table and the ledger';

CREATE FUNCTION custody.reconcile(rel regclass)
    RETURNS TABLE (status text, problem text, key jsonb, columns text[], since timestamptz, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    scope record;
    gaps text;
    found record;
    equal int8 := 0;
    wrong int8 := 0;
    unknown int8 := 0;
BEGIN
    SELECT * INTO scope FROM custody.reconcile_scope(rel);
    IF scope.problem IS NOT NULL THEN
        RETURN QUERY SELECT 'unproven', 'summary', NULL::jsonb, NULL::text[], NULL::timestamptz, scope.problem;
        RETURN;
    END IF;
    gaps := concat_ws('; ', nullif(custody.reconcile_gaps(scope.tbl), ''),
                      CASE WHEN NOT scope."unique" THEN 'nothing makes the key unique' END,
                      CASE WHEN scope.key && scope.named OR scope.key = '{}' AND scope.named <> '{}'
                           THEN 'objects that rows name may have been renamed' END);
    FOR found IN SELECT k.problem, k.key, k.positions, k.since, 1::int8 AS rows FROM custody.reconcile_keyed(rel) k
                  WHERE scope.key <> '{}'
                 UNION ALL SELECT m.problem, NULL, NULL, NULL, m.rows FROM custody.reconcile_multiset(rel) m
                  WHERE scope.key = '{}' LOOP
        columns := ARRAY(SELECT scope.columns[CASE WHEN p < 0 THEN -p ELSE p + 1 END] FROM unnest(found.positions) p
                          WHERE found.problem <> 'different' OR p >= 0);
        IF found.problem = 'equal' OR found.problem = 'not compared' AND columns <> '{}' AND columns <@ scope.redacted THEN
            equal := equal + found.rows;
            CONTINUE;
        END IF;
        status := CASE WHEN found.problem IN ('not compared', 'key not unique') OR NOT scope."unique"
                            OR found.problem = 'different' AND columns <@ scope.named THEN 'unproven'
                       WHEN found.problem = 'different' OR gaps = '' THEN 'refuted' ELSE 'unproven' END;
        IF status = 'refuted' THEN
            wrong := wrong + found.rows;
        ELSE
            unknown := unknown + found.rows;
        END IF;
        problem := found.problem;
        key := custody.image_json(scope.descriptor, found.key, true);
        since := found.since;
        detail := CASE WHEN found.problem = 'not compared' AND scope.key = '{}' THEN
                           'events do not have the whole row, or have columns of it as hashes only'
                       WHEN found.problem = 'not compared' THEN 'no event says what the columns had'
                       WHEN found.problem = 'different' AND columns <@ scope.named THEN 'objects that they name may have been renamed'
                       WHEN status = 'unproven' THEN gaps
                       WHEN scope.key = '{}' THEN found.rows || ' rows' END;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY SELECT CASE WHEN wrong > 0 THEN 'refuted' WHEN unknown > 0 THEN 'unproven' ELSE 'proven' END,
        'summary', NULL::jsonb, nullif(scope.redacted || scope.excluded, '{}'), NULL::timestamptz,
        format('%s rows equal, %s wrong, %s not told', equal, wrong, unknown) ||
        CASE WHEN scope.redacted || scope.excluded <> '{}' THEN '; columns that are not recorded were not compared' ELSE '' END;
END
$$;
COMMENT ON FUNCTION custody.reconcile(regclass) IS
'compares every row of an audited table, of all its partitions, with what its events left, under the newest descriptor and one snapshot: one result row for each that is different, not in the ledger or not live (refuted), or that cannot be told (unproven: no event says what a column had; only columns differ that name objects, which may have been renamed; nothing makes the key unique; recording has ended; events were pruned, erased, a partition truncated as a whole, dropped, or is being detached), with its key, the columns and the time of its last event; last the summary: proven, refuted or unproven, and the columns that are out of scope (redacted, excluded); a table without key is compared as a multiset; errors: 42501 where row security would hide rows; privilege: SELECT on the table, custody_auditor';

REVOKE ALL ON FUNCTION custody.names_objects(oid), custody.key_is_unique(regclass, text[]), custody.reconcile_scope(regclass), custody.is_detaching(int4), custody.reconcile_gaps(int4),
    custody.reconcile_keyed(regclass), custody.reconcile_multiset(regclass),
    custody.reconcile(regclass) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.names_objects(oid)', 'custody.key_is_unique(regclass, text[])', 'custody.reconcile_scope(regclass)', 'custody.is_detaching(int4)', 'custody.reconcile_gaps(int4)', 'custody.reconcile_keyed(regclass)',
    'custody.reconcile_multiset(regclass)', 'custody.table_rows(anyelement)',
    'custody.reconcile(regclass)']::regprocedure[]) f;
SELECT custody.give_duty('{legal}', 'custody.partition_tree(regclass)');
