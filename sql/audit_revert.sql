-- Taking back what a transaction, or one event, did to rows: statements made of typed literals, run as the
-- caller, with the caller's rights and search_path, all or none.

-- A value as SQL has it: the text of its type's output function, read by its input function.
CREATE FUNCTION custody.revert_literal(type text, state text, value text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE state WHEN 'null' THEN 'NULL' WHEN 'value' THEN format('%s::%s', quote_literal(value), type) END
$$;
COMMENT ON FUNCTION custody.revert_literal(text, text, text) IS
'a value of custody.image_values() as an SQL literal; NULL for what was not recorded as a value; privilege: none';

-- What an event did, as a statement that undoes it. old and new are the images; of a pair, the first's old
-- and the second's new.
CREATE FUNCTION custody.revert_statement(relation regclass, descriptor text, key bytea, old bytea, new bytea,
    OUT statement text, OUT problem text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place text := (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
    condition text;
    lost text;
    names text;
    literals text;
    assignments text;
BEGIN
    SELECT string_agg(DISTINCT quote_ident(coalesce(g.name, v.name)), ', ') INTO lost
      FROM (SELECT k.position, k.name FROM custody.image_values(descriptor, key, true) k
            UNION ALL SELECT o.position, o.name FROM custody.image_values(descriptor, old) o
            UNION ALL SELECT n.position, n.name FROM custody.image_values(descriptor, new) n) v
     CROSS JOIN LATERAL (SELECT descriptor::jsonb #>> ARRAY['columns', v.position::text, 'gone']) g (name)
     WHERE g.name IS NOT NULL OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = v.name AND NOT a.attisdropped);
    IF lost IS NOT NULL THEN
        problem := format('columns that are gone or have other names: %s', lost);
        RETURN;
    END IF;
    SELECT CASE WHEN bool_and(l.literal IS NOT NULL) THEN string_agg(format('%I = %s', v.name, l.literal), ' AND ' ORDER BY v.position) END
      INTO condition FROM custody.image_values(descriptor, key, true) v
     CROSS JOIN LATERAL (SELECT custody.revert_literal(v.type, v.state, v.value)) l (literal);
    IF condition IS NULL THEN
        problem := 'the row has no key, or it was erased, or is of types that are gone or have other names';
        RETURN;
    END IF;
    IF old IS NULL THEN
        statement := format('DELETE FROM %s WHERE %s', place, condition);
        RETURN;
    END IF;
    -- What the table generates itself is not written, nor what did not change.
    SELECT string_agg(quote_ident(v.name), ', ' ORDER BY v.position) FILTER (WHERE v.literal IS NOT NULL),
           string_agg(v.literal, ', ' ORDER BY v.position),
           string_agg(format('%I = %s', v.name, v.literal), ', ' ORDER BY v.position),
           string_agg(v.name, ', ' ORDER BY v.position) FILTER (WHERE v.literal IS NULL)
      INTO names, literals, assignments, lost
      FROM (SELECT o.name, o.position, custody.revert_literal(o.type, o.state, o.value) AS literal
              FROM custody.image_values(descriptor, old) o
              LEFT JOIN custody.image_values(descriptor, new) n ON n.position = o.position
             WHERE descriptor::jsonb #> ARRAY['columns', o.position::text, 'generated'] IS DISTINCT FROM 'true'
               AND (new IS NULL OR (o.state, o.value) IS DISTINCT FROM (n.state, n.value))) v;
    IF lost IS NOT NULL THEN
        problem := format('not recorded as values: %s', lost);
    ELSIF new IS NULL THEN
        statement := format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', place, names, literals);
    ELSIF assignments IS NOT NULL THEN
        statement := format('UPDATE %s SET %s WHERE %s', place, assignments, condition);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.revert_statement(regclass, text, bytea, bytea, bytea) IS
'the statement that takes back a change, from a descriptor with the names that columns have now (custody.descriptor_now()), key (of the row as the change left it) and images; problem says why there is none; neither: nothing to take back; errors: XX001 for what is no image; privilege: none';

-- The changes to take back, newest first; pairs as one.
CREATE FUNCTION custody.revert_changes(transaction xid8, event int4, incarnation int8)
    RETURNS TABLE (tbl int4, relation regclass, descriptor text, seqs int4[], op text, key bytea, old bytea, new bytea,
                   old_key bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place int8;
    number int8;
BEGIN
    PERFORM custody.check_ledger();
    SELECT min(t.incarnation), count(*) INTO place, number FROM custody_ledger.tx t
     WHERE t.xid = transaction AND (revert_changes.incarnation IS NULL OR t.incarnation = revert_changes.incarnation);
    IF number = 0 THEN
        RAISE EXCEPTION 'the ledger does not have transaction %', transaction
            USING ERRCODE = 'no_data_found', HINT = 'custody.changes() has the numbers.';
    ELSIF number > 1 THEN
        RAISE EXCEPTION 'the ledger has % transactions %', number, transaction
            USING ERRCODE = 'ambiguous_function',
                  HINT = 'Name the incarnation as well: custody.changes() has it.';
    END IF;
    RETURN QUERY
        WITH events AS (SELECT e.* FROM custody_ledger.event e JOIN custody_ledger.tx t
                           ON t.at = e.at AND t.xid = e.xid AND t.incarnation = e.incarnation
                         WHERE t.xid = transaction AND t.incarnation = place AND e.op NOT IN ('B', 'S')),
             now AS MATERIALIZED (SELECT c.* FROM (SELECT DISTINCT e.tbl FROM events e) t
                          CROSS JOIN LATERAL custody.columns_at(t.tbl, custody.fold_version(t.tbl)) c)
        SELECT e.tbl, custody.audited_relation(a.identity), custody.descriptor_now(d.text, coalesce(c.names, '{}')),
               CASE WHEN f.seq IS NULL THEN ARRAY[e.seq] ELSE ARRAY[f.seq, e.seq] END,
               coalesce(f.op::text, '') || e.op::text, e.key, coalesce(f.old, e.old), e.new, coalesce(f.key, e.key)
          FROM events e LEFT JOIN events f ON f.seq = e.pair
          JOIN custody_ledger.audited a ON a.id = e.tbl JOIN custody_ledger.descriptor d ON d.id = e.descriptor
          LEFT JOIN now c ON c.descriptor = d.id
         WHERE NOT EXISTS (SELECT FROM events s WHERE s.pair = e.seq)
           AND (event IS NULL OR event IN (e.seq, f.seq))
         ORDER BY e.cid DESC, e.seq DESC;
END
$$;
COMMENT ON FUNCTION custody.revert_changes(xid8, int4, int8) IS
'the changes of rows that a transaction made (or the one of an event), the last first: relation (NULL where it is not recorded any more), descriptor, numbers of the events, their operations, key, images and the key before; errors: P0002 for a transaction that is not in the ledger, 42725 for one that several incarnations have; privilege: SELECT on the ledger';

-- Is the live row still what the transaction left? Only the columns that it changed count.
CREATE FUNCTION custody.revert_conflict(relation regclass, descriptor text, key bytea, image bytea,
    later text[]) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    info jsonb := descriptor::jsonb;
    form text := info ->> 'form';
    names text[] := ARRAY(SELECT v.name FROM custody.image_values(descriptor, image) v
                           WHERE v.state IN ('value', 'null') AND v.name <> ALL (later) ORDER BY v.position);
    condition text;
    live bytea;
    different text;
    rows int;
BEGIN
    SELECT string_agg(format('t.%I = %s', v.name, custody.revert_literal(v.type, v.state, v.value)), ' AND ')
      INTO condition FROM custody.image_values(descriptor, key, true) v;
    BEGIN
        EXECUTE format('SELECT count(*)::int FROM %s t WHERE %s', relation, condition) INTO rows;
    EXCEPTION WHEN undefined_function OR ambiguous_function OR datatype_mismatch THEN
        RETURN 'the key has another type now: ' || SQLERRM;
    END;
    IF image IS NULL OR rows = 0 THEN
        RETURN CASE WHEN image IS NULL AND rows > 0 THEN 'a row with this key is there again'
                    WHEN image IS NOT NULL THEN 'the row is not there any more' END;
    END IF;
    EXECUTE format('SELECT custody.wire_row(t.*, $1, $2) FROM %s t WHERE %s LIMIT 1', relation, condition)
       INTO live USING names, form;
    SELECT string_agg(v.name, ', ' ORDER BY v.position) INTO different
      FROM custody.image_values(descriptor, image) v
      JOIN custody.image_values(jsonb_set(jsonb_set(jsonb_set(info, '{key}', '[]'), '{org}', 'null'), '{columns}',
               (SELECT jsonb_agg(c.c ORDER BY c.n) FROM jsonb_array_elements(info -> 'columns') WITH ORDINALITY c (c, n)
                 WHERE c.c ->> 'name' = ANY (names)))::text, E'\\x01'::bytea || live) l ON l.name = v.name
     WHERE (l.state, l.value) IS DISTINCT FROM (v.state, v.value);
    RETURN 'changed since: ' || different;
END
$$;
COMMENT ON FUNCTION custody.revert_conflict(regclass, text, bytea, bytea, text[]) IS
'why a live row is not what a change left (image: all or some of its columns, NULL: no row; later: columns that later changes of the transaction have); NULL where it is; errors: what reading the table raises; privilege: SELECT on the table';

CREATE FUNCTION custody.take_back(statements text[]) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'custody_take_back';
COMMENT ON FUNCTION custody.take_back(text[]) IS
'runs statements, each of which changes one row, as the caller and as one command: foreign keys and other AFTER triggers see what all of them left; part of custody.revert(); errors: 55000 where one changes another number of rows, and what the statements raise; privilege: custody_auditor';

CREATE FUNCTION custody.revert(transaction xid8, event int4 DEFAULT NULL, dry_run boolean DEFAULT true,
    incarnation int8 DEFAULT NULL, path text DEFAULT current_setting('search_path'))
    RETURNS TABLE (number int, "table" text, key jsonb, op text, statement text, conflict text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' SET intervalstyle = postgres
    SET timezone = 'UTC' SET extra_float_digits = 3 SET bytea_output = hex SET xmlbinary = base64 SET xmloption = content
    SET lc_monetary = 'C' AS $$
DECLARE
    change record;
    made record;
    todo jsonb := '[]';
    conflicts int := 0;
    seen jsonb := '{}'; -- by row: the columns that were looked at; and rows that were as a whole
    identity text;
BEGIN
    -- NULL is no word to write.
    dry_run := dry_run IS NOT FALSE;
    number := 0;
    FOR change IN SELECT * FROM custody.revert_changes(transaction, event, incarnation) LOOP
        number := number + 1;
        "table" := change.relation::text;
        op := change.op;
        key := custody.image_json(change.descriptor, change.key, true);
        conflict := NULL;
        statement := NULL;
        identity := change.tbl || ':' || encode(change.key, 'hex');
        IF change.relation IS NULL THEN
            conflict := 'the table is not recorded any more';
        ELSIF change.op = 'T' THEN
            conflict := 'TRUNCATE was recorded without its rows';
            -- Recorded row by row, its rows are events of their own.
            CONTINUE WHEN convert_from(substr(change.new, 2), custody.ledger_encoding())::jsonb ? 'rows';
        ELSE
            SELECT * INTO made FROM custody.revert_statement(change.relation, change.descriptor, change.key,
                                                             change.old, change.new);
            statement := made.statement;
            -- What this change found is what taking back the one before it will leave; a column that a
            -- later change of the transaction has was looked at there.
            IF made.problem IS NOT NULL OR NOT seen ? (identity || ' row') THEN
                conflict := coalesce(made.problem, custody.revert_conflict(change.relation, change.descriptor,
                    change.key, change.new, ARRAY(SELECT jsonb_object_keys(coalesce(seen -> identity, '{}')))));
            END IF;
            seen := seen || jsonb_build_object(identity, coalesce(seen -> identity, '{}') ||
                coalesce((SELECT jsonb_object_agg(v.name, 1) FROM custody.image_values(change.descriptor, change.new) v), '{}'));
            IF change.op <> 'U' THEN
                seen := seen || jsonb_build_object(identity || ' row', 1,
                    change.tbl || ':' || encode(change.old_key, 'hex') || ' row', 1);
            END IF;
        END IF;
        IF conflict IS NOT NULL THEN
            conflicts := conflicts + 1;
        ELSIF statement IS NOT NULL THEN
            todo := todo || jsonb_build_object('table', "table", 'key', key, 'op', op, 'statement', statement);
        END IF;
        IF dry_run THEN
            RETURN NEXT;
        END IF;
    END LOOP;
    IF event IS NOT NULL AND number = 0 THEN
        RAISE EXCEPTION 'transaction % has no change of a row with number %', transaction, event
            USING ERRCODE = 'no_data_found', HINT = 'custody.changes() has the numbers.';
    ELSIF dry_run THEN
        RETURN;
    ELSIF conflicts > 0 THEN
        RAISE EXCEPTION 'cannot take back % of % changes', conflicts, number
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'No row was changed.',
                  HINT = 'A dry run names the conflicts.';
    END IF;
    -- The caller's triggers and defaults find what they would find without this function.
    PERFORM set_config('search_path', path, true);
    PERFORM custody.take_back(ARRAY(SELECT t.e ->> 'statement' FROM jsonb_array_elements(todo) WITH ORDINALITY t (e, n) ORDER BY t.n));
    number := 0;
    FOR "table", key, op, statement IN
        SELECT t.e ->> 'table', t.e -> 'key', t.e ->> 'op', t.e ->> 'statement'
          FROM jsonb_array_elements(todo) WITH ORDINALITY t (e, n) ORDER BY t.n LOOP
        number := number + 1;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.revert(xid8, int4, boolean, int8, text) IS
'takes back what a transaction, or its event of that number, did to rows, the last change first, in this transaction, with the caller''s rights and triggers, as one command (foreign keys and AFTER triggers see what all of it left): INSERT for what was deleted, DELETE for what was inserted, the columns'' old values for what was updated; generated columns are left to the table; returns each statement and, in a dry run, why a change cannot be taken back (the row was changed since, is gone, or there again; values were redacted, hashed, too large or erased; columns are gone; the table is not recorded any more); not in a dry run any conflict is an error, and nothing changes; incarnation: where several have the transaction; path: search_path for triggers; errors: 55000 with conflicts, P0002 for a transaction or an event that is not in the ledger, 42725 for one that several incarnations have, and what the statements raise; privilege: custody_auditor, and the privileges on the tables';

REVOKE ALL ON FUNCTION custody.revert_literal(text, text, text),
    custody.revert_statement(regclass, text, bytea, bytea, bytea), custody.revert_changes(xid8, int4, int8),
    custody.revert_conflict(regclass, text, bytea, bytea, text[]), custody.take_back(text[]),
    custody.revert(xid8, int4, boolean, int8, text) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor,legal}', f) FROM unnest(ARRAY[
    'custody.revert_literal(text, text, text)', 'custody.revert_statement(regclass, text, bytea, bytea, bytea)',
    'custody.revert_changes(xid8, int4, int8)', 'custody.revert_conflict(regclass, text, bytea, bytea, text[])',
    'custody.take_back(text[])', 'custody.revert(xid8, int4, boolean, int8, text)', 'custody.audited_relation(uuid)']::regprocedure[]) f
 WHERE NOT EXISTS (SELECT FROM custody.duty_function d WHERE d.function::regprocedure = f);
