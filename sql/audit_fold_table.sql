-- Conditions on a key's length are those of the index on keys, which has no long ones.
-- Which events count, how older descriptors map to one, and all rows of a table as its events left them.

-- The order of events: by incarnation, between transactions by lsn, within one by cid, then by seq. Of two
-- transactions that changed one row the second waited for the first to end: its last position in the log
-- is behind all of the first's, while within a transaction positions say when events were captured,
-- which is later for what fired a trigger than for what the trigger did.
CREATE FUNCTION custody.fold_is_before(a_place int8, a_incarnation int8, a_xid xid8, a_lsn pg_lsn, a_cid int4, a_seq int4,
    b_place int8, b_incarnation int8, b_xid xid8, b_lsn pg_lsn, b_cid int4, b_seq int4) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN a_incarnation = b_incarnation AND a_xid = b_xid THEN (a_cid, a_seq) < (b_cid, b_seq)
                ELSE (a_place, a_lsn) < (b_place, b_lsn) END
$$;
COMMENT ON FUNCTION custody.fold_is_before(int8, int8, xid8, pg_lsn, int4, int4, int8, int8, xid8, pg_lsn, int4, int4) IS
'whether event a of a table came before b, one that had the table locked; errors: none; privilege: none';

-- What is before the last cut says nothing of the rows after it: all of the table was truncated, or
-- rewritten, or recorded anew with a baseline.
CREATE FUNCTION custody.fold_cut(tbl int4, until timestamptz DEFAULT NULL)
    RETURNS TABLE (place int8, incarnation int8, xid xid8, lsn pg_lsn, cid int4, seq int4)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    note record;
    last record; -- of the rewrite whose notes are being read
    rewriting boolean := false;
    seen text[] := '{}';
    this int8 := custody.this_incarnation();
BEGIN
    FOR note IN
        SELECT e.at, e.xid, e.incarnation, coalesce(p.place, 9223372036854775807) AS place, e.lsn, e.cid,
               max(e.lsn) OVER (PARTITION BY e.incarnation, e.xid) AS last_lsn,
               e.seq, e.op, convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb AS info
          FROM custody_ledger.event e LEFT JOIN custody.incarnation_places() p ON p.short = e.incarnation
          LEFT JOIN custody_ledger.tx t ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation
         WHERE e.tbl = fold_cut.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op IN ('S', 'T')
           AND get_byte(e.new, 0) = 3
           AND (until IS NULL OR coalesce(custody.exact_commit_time(t.xid, t.incarnation, this), t.committing_at) <= until)
         ORDER BY place DESC, last_lsn DESC, e.cid DESC, e.seq DESC
    LOOP
        -- The notes of one rewrite come together, one for each partition, each after its baseline.
        IF rewriting THEN
            EXIT WHEN note.xid <> last.xid OR note.incarnation <> last.incarnation
                OR note.info ->> 'kind' <> 'rewrite' OR note.info ->> 'relation' = ANY (seen);
        END IF;
        IF note.op = 'T' AND note.info ->> 'partition' = 'false' THEN
            RETURN QUERY SELECT note.place, note.incarnation, note.xid, note.lsn, note.cid, note.seq;
            RETURN;
        ELSIF note.info ->> 'kind' = 'rewrite' THEN
            rewriting := true;
            seen := seen || (note.info ->> 'relation');
            SELECT note.xid, note.incarnation, note.place, e.lsn, e.cid, e.seq INTO last
              FROM custody_ledger.event e
             WHERE e.at = note.at AND e.xid = note.xid AND e.incarnation = note.incarnation
               AND e.tbl = fold_cut.tbl AND e.seq >= note.seq - (note.info ->> 'rows')::int8
             ORDER BY e.seq LIMIT 1;
        ELSIF note.info ->> 'kind' = 'audit_on' AND ((note.info ->> 'baseline')::boolean IS TRUE OR EXISTS (
                SELECT FROM custody_ledger.event e
                 WHERE e.at = note.at AND e.xid = note.xid AND e.incarnation = note.incarnation
                   AND e.tbl = fold_cut.tbl AND e.op = 'B' AND e.seq > note.seq)) THEN
            RETURN QUERY SELECT note.place, note.incarnation, note.xid, note.lsn, note.cid, note.seq;
            RETURN;
        END IF;
    END LOOP;
    IF rewriting THEN
        RETURN QUERY SELECT last.place, last.incarnation, last.xid, last.lsn, last.cid, last.seq;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.fold_cut(int4, timestamptz) IS
'place in the order of events before which nothing counts for the rows of a table: it was truncated, rewritten or recorded anew with a baseline; no row where all counts; until: only what had committed then; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- A default that the rows got without being written, as the bytes of its wire row.
CREATE FUNCTION custody.wire_value(value text, type text, form text) RETURNS bytea
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'custody_wire_value';
COMMENT ON FUNCTION custody.wire_value(text, text, text) IS
'the text of a value of a type (as format_type() writes it) as the bytes that a wire row of this form has; NULL where the type is gone, or does not have it; errors: none; privilege: none';

CREATE FUNCTION custody.fold_constant(value text, type text, form text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET array_nulls = on AS $$
    SELECT CASE WHEN value IS NULL THEN '-'
                ELSE coalesce('x' || encode(custody.wire_value(value, type, form), 'hex'), '?') END
$$;
COMMENT ON FUNCTION custody.fold_constant(text, text, text) IS
'the word of a fold plan for a column''s default; errors: none; privilege: none';

CREATE FUNCTION custody.fold_plan(tbl int4, version int4) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newer record;
    older record;
    words text[];
    target_count int;
    name text;
    place int;
    renamed jsonb;
    result text;
    newer_key text[];
    older_key text[];
BEGIN
    FOR older IN SELECT d.id, d.version, d.text::jsonb AS info FROM custody_ledger.descriptor d
                  WHERE d.tbl = fold_plan.tbl AND d.version <= fold_plan.version ORDER BY d.version DESC LOOP
        IF result IS NULL THEN
            target_count := jsonb_array_length(older.info -> 'columns');
            words := ARRAY(SELECT i::text FROM generate_series(0, target_count - 1) i);
            result := target_count::text;
        ELSE
            -- Events that tell of a rename have the descriptor from before it.
            SELECT coalesce(jsonb_object_agg(n.info ->> 'to', n.info ->> 'renamed'), '{}') INTO renamed
              FROM (SELECT convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb AS info FROM custody_ledger.event e
                     WHERE e.tbl = fold_plan.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op = 'S' AND e.descriptor = older.id
                       AND get_byte(e.new, 0) = 3) n
             WHERE n.info ->> 'kind' = 'columns' AND n.info ? 'renamed';
            newer_key := ARRAY(SELECT coalesce(renamed ->> c.name, c.name) FROM jsonb_array_elements_text(newer.info -> 'key')
                WITH ORDINALITY k (p, n), LATERAL (SELECT newer.info #>> ARRAY['columns', k.p, 'name']) c (name) ORDER BY k.n);
            older_key := ARRAY(SELECT older.info #>> ARRAY['columns', k.p, 'name']
                FROM jsonb_array_elements_text(older.info -> 'key') WITH ORDINALITY k (p, n) ORDER BY k.n);
            -- Another key, or another form of its bytes: the baseline that was taken then has the rows.
            EXIT WHEN newer_key <> older_key OR newer.info -> 'form' <> older.info -> 'form';
            FOR i IN 1 .. target_count LOOP
                CONTINUE WHEN words[i] !~ '^[0-9]';
                name := newer.info #>> ARRAY['columns', words[i], 'name'];
                SELECT c.n - 1 INTO place FROM jsonb_array_elements(older.info -> 'columns') WITH ORDINALITY c (c, n)
                 WHERE c.c ->> 'name' = coalesce(renamed ->> name, name);
                words[i] := CASE WHEN place IS NOT NULL THEN place::text
                    WHEN older.info -> 'excluded' ? name THEN '?'
                    ELSE coalesce((SELECT coalesce('x' || (n.info ->> 'wire'), custody.fold_constant(n.info ->> 'value',
                                              newer.info #>> ARRAY['columns', words[i], 'type'], newer.info ->> 'form'))
                              FROM (SELECT convert_from(substr(e.new, 2), custody.ledger_encoding())::jsonb AS info
                                      FROM custody_ledger.event e
                                     WHERE e.tbl = fold_plan.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op = 'S'
                                       AND e.descriptor = newer.id AND get_byte(e.new, 0) = 3) n
                             WHERE n.info ->> 'kind' = 'default' AND n.info ->> 'column' = name LIMIT 1), '-') END;
            END LOOP;
        END IF;
        result := result || E'\n' || concat_ws(' ', older.id, jsonb_array_length(older.info -> 'columns'),
                                               nullif(array_to_string(words, ' '), ''));
        newer := older;
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION custody.fold_plan(int4, int4) IS
'how images under the older descriptors of a table become images under one of them, by the names of columns, renames and defaults that were recorded (extension/audit/fold_plan.hpp has the text''s form); errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.fold_version(tbl int4, until timestamptz DEFAULT NULL) RETURNS int4
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this int8 := custody.this_incarnation();
BEGIN
    IF until IS NULL THEN
        RETURN (SELECT max(d.version) FROM custody_ledger.descriptor d WHERE d.tbl = fold_version.tbl);
    END IF;
    -- A new version is there with an event of its own.
    RETURN (SELECT max(d.version) FROM custody_ledger.event e
              JOIN custody_ledger.tx t ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation
              JOIN custody_ledger.descriptor d ON d.id = e.descriptor
             WHERE e.tbl = fold_version.tbl AND e.key = '' AND octet_length(e.key) <= 2000 AND e.op IN ('S', 'T')
               AND coalesce(custody.exact_commit_time(t.xid, t.incarnation, this), t.committing_at) <= until);
END
$$;
COMMENT ON FUNCTION custody.fold_version(int4, timestamptz) IS
'the version of a table''s descriptor that was the newest at a time, or is; NULL before the first; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.fold_query(wanted bytea, timed boolean) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format($q$
        WITH cut AS (SELECT * FROM custody.fold_cut($1, $5)),
             place AS MATERIALIZED (SELECT * FROM custody.incarnation_places()),
             o AS (
        SELECT e.*, coalesce(p.place, 9223372036854775807) AS place,
               max(e.lsn) OVER (PARTITION BY e.key, e.incarnation, e.xid) AS last_lsn %4$s
          FROM (SELECT %1$s FROM custody_ledger.event e WHERE e.tbl = $1 %2$s
                UNION ALL SELECT %1$s FROM custody_ledger.held_event e WHERE e.tbl = $1 %2$s) e
          LEFT JOIN place p ON p.short = e.incarnation %3$s
         WHERE e.key IS NOT NULL AND e.op NOT IN ('S', 'T') AND e.descriptor = ANY ($3)
           AND NOT EXISTS (SELECT FROM cut c WHERE custody.fold_is_before(coalesce(p.place, 9223372036854775807),
                               e.incarnation, e.xid, e.lsn, e.cid, e.seq, c.place, c.incarnation, c.xid, c.lsn, c.cid, c.seq)))
        SELECT o.key, custody.fold($2, o.descriptor, o.op, o.new, o.images_salt, o.incarnation, o.xid, o.seq, o.at
                   ORDER BY o.place, o.last_lsn, o.cid, o.seq) AS folded
          FROM %5$s o
         GROUP BY o.key $q$,
        'e.at, e.xid, e.incarnation, e.lsn, e.seq, e.cid, e.descriptor, e.op, e.images_salt, e.key, e.new',
        -- Only keys that are short enough are in the index.
        CASE WHEN wanted IS NULL THEN '' WHEN octet_length(wanted) <= 2000
             THEN ' AND e.key = $4 AND octet_length(e.key) <= 2000' ELSE ' AND e.key = $4' END,
        CASE WHEN timed THEN ' JOIN custody_ledger.tx t ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation' END,
        CASE WHEN timed THEN ', coalesce(custody.exact_commit_time(t.xid, t.incarnation, $6), t.committing_at) AS ended' END,
        -- What changed a row before something that counts had ended before it, whatever the clock said then.
        CASE WHEN timed THEN '(SELECT * FROM (SELECT *, min(o.ended) OVER (PARTITION BY o.key ORDER BY o.place, o.last_lsn, o.cid, o.seq'
                             ' ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS ended_by FROM o) o WHERE o.ended_by <= $5)' ELSE 'o' END)
$$;
COMMENT ON FUNCTION custody.fold_query(bytea, boolean) IS
'the query of custody.fold_table(), for one key or all, of what had committed at a time (timed) or of all: on $1 (table), $2 (plan), $3 (its descriptors), $4 (key), $5 (time), $6 (this incarnation); errors: none; privilege: none';

CREATE FUNCTION custody.fold_plan_descriptors(plan text) RETURNS int4[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
$$SELECT ARRAY(SELECT split_part(l.line, ' ', 1)::int4 FROM string_to_table(plan, E'\n') WITH ORDINALITY l (line, n) WHERE l.n > 1)$$;
COMMENT ON FUNCTION custody.fold_plan_descriptors(text) IS
'the descriptors whose events a plan of custody.fold_plan() folds; errors: 22P02 for what is no plan; privilege: none';

CREATE FUNCTION custody.fold_table(tbl int4, version int4, until timestamptz DEFAULT NULL, wanted bytea DEFAULT NULL)
    RETURNS TABLE (key bytea, folded custody.folded_row)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    plan text := custody.fold_plan(tbl, version);
BEGIN
    RETURN QUERY EXECUTE custody.fold_query(wanted, until IS NOT NULL)
     USING tbl, plan, custody.fold_plan_descriptors(plan), wanted, until, custody.this_incarnation();
END
$$;
COMMENT ON FUNCTION custody.fold_table(int4, int4, timestamptz, bytea) IS
'each row of a table that events tell of as they left it, also those that do not exist any more, under a version of its descriptor: the key''s bytes and custody.folded_row; until: only of what had committed then; wanted: one key; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.fold_one(plan text, descriptor int4, image bytea) RETURNS bytea
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN (f.row).whole AND octet_length((f.row).hashes) = 0 AND get_byte(image, 0) = 1 THEN (f.row).image END
      FROM (SELECT custody.fold(plan, descriptor, 'I', image, '00000000-0000-0000-0000-000000000000',
                                0, '0', 0, '2000-01-01') AS row) f
$$;
COMMENT ON FUNCTION custody.fold_one(text, int4, bytea) IS
'a full image under another descriptor; NULL where not all columns are known as values; errors: XX001 for what is no image; privilege: none';

-- Without a key rows are a multiset: of each image as many as events brought and did not take.
CREATE FUNCTION custody.fold_multiset(tbl int4, version int4, until timestamptz DEFAULT NULL)
    RETURNS TABLE (image bytea, number int8)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plan text := custody.fold_plan(tbl, version);
    this int8 := custody.this_incarnation();
BEGIN
    RETURN QUERY
        WITH cut AS (SELECT * FROM custody.fold_cut(fold_multiset.tbl, until)),
             place AS MATERIALIZED (SELECT * FROM custody.incarnation_places()),
             counted AS (SELECT e.descriptor, e.op, e.old, e.new
                  FROM (SELECT * FROM custody_ledger.event o WHERE o.tbl = fold_multiset.tbl
                        UNION ALL SELECT o.at, o.xid, o.incarnation, o.lsn, o.seq, o.cid, o.tbl, o.descriptor, o.pair,
                            o.context, o.op, o.key_salt, o.images_salt, o.org, o.key, o.old, o.new, o.key_hash, o.images_hash
                          FROM custody_ledger.held_event o WHERE o.tbl = fold_multiset.tbl) e
                  LEFT JOIN place p ON p.short = e.incarnation
                 WHERE e.op NOT IN ('S', 'T')
                   AND (until IS NULL OR EXISTS (SELECT FROM custody_ledger.tx t
                         WHERE t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation
                           AND coalesce(custody.exact_commit_time(t.xid, t.incarnation, this), t.committing_at) <= until))
                   AND NOT EXISTS (SELECT FROM cut c WHERE custody.fold_is_before(coalesce(p.place, 9223372036854775807),
                           e.incarnation, e.xid, e.lsn, e.cid, e.seq, c.place, c.incarnation, c.xid, c.lsn, c.cid, c.seq)))
        SELECT CASE WHEN s.image IS NOT NULL THEN custody.fold_one(plan, c.descriptor, s.image) END AS folded,
               sum(s.weight)::int8
          FROM counted c
         -- A U without images, or with its changes only, is counted as what cannot be told.
         CROSS JOIN LATERAL (VALUES (c.new, 1, c.op IN ('B', 'I', 'E', 'N', 'U')),
                                    (c.old, -1, c.op IN ('D', 'L', 'M', 'U'))) s (image, weight, counts)
         WHERE s.counts AND (s.weight > 0 OR s.image IS NOT NULL AND get_byte(s.image, 0) = 1)
         GROUP BY folded HAVING sum(s.weight) <> 0;
END
$$;
COMMENT ON FUNCTION custody.fold_multiset(int4, int4, timestamptz) IS
'the rows of a table without a key as its events left them: each image under a version of the descriptor, and how many there are; a NULL image: events that do not tell the whole row; until: only of what had committed then; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.fold_one(text, int4, bytea), custody.fold_multiset(int4, int4, timestamptz),
    custody.fold_event(internal, text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz),
    custody.folded_row(internal), custody.fold(text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz),
    custody.image_differences(bytea, bytea, bytea), custody.context_fields(bytea, int2),
    custody.incarnation_places(), custody.this_incarnation(), custody.exact_commit_time(xid8, int8, int8),
    custody.fold_cut(int4, timestamptz),
    custody.fold_is_before(int8, int8, xid8, pg_lsn, int4, int4, int8, int8, xid8, pg_lsn, int4, int4),
    custody.wire_value(text, text, text), custody.fold_constant(text, text, text), custody.fold_plan(int4, int4),
    custody.fold_version(int4, timestamptz), custody.fold_query(bytea, boolean), custody.fold_plan_descriptors(text),
    custody.fold_table(int4, int4, timestamptz, bytea) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.fold_event(internal, text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz)',
    'custody.folded_row(internal)', 'custody.fold(text, int4, "char", bytea, uuid, int8, xid8, int4, timestamptz)',
    'custody.image_differences(bytea, bytea, bytea)', 'custody.context_fields(bytea, int2)',
    'custody.incarnation_places()', 'custody.this_incarnation()', 'custody.exact_commit_time(xid8, int8, int8)',
    'custody.fold_cut(int4, timestamptz)',
    'custody.fold_is_before(int8, int8, xid8, pg_lsn, int4, int4, int8, int8, xid8, pg_lsn, int4, int4)',
    'custody.wire_value(text, text, text)', 'custody.fold_constant(text, text, text)', 'custody.fold_plan(int4, int4)',
    'custody.fold_one(text, int4, bytea)', 'custody.fold_multiset(int4, int4, timestamptz)',
    'custody.fold_version(int4, timestamptz)', 'custody.fold_query(bytea, boolean)', 'custody.fold_plan_descriptors(text)',
    'custody.fold_table(int4, int4, timestamptz, bytea)', 'custody.key_bytes(regclass, name[], jsonb, text)',
    'custody.key_type(regclass, name)', 'custody.key_equality(regtype)', 'custody.harmless_type(oid, int4)', 'custody.is_of_domain(regclass, name)',
    'custody.wire_row(record, text[], text)', 'custody.key_condition(regclass, name[], jsonb, text)',
    'custody.audited_id(regclass)', 'custody.descriptor_columns(regclass, jsonb)']::regprocedure[]) f
 WHERE NOT EXISTS (SELECT FROM custody.duty_function d WHERE d.function::regprocedure = f);
