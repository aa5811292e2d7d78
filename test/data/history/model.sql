-- What the tables held after each commit, as plain copies, and how the ledger's answers compare with them.
CREATE TABLE model.moment (number serial PRIMARY KEY, at timestamptz, xid xid8, altered boolean);
CREATE TABLE model.state (tbl regclass, number int, at timestamptz, hidden text[], key text[], rows text[]);
CREATE INDEX ON model.state (tbl, number);

CREATE FUNCTION model.hidden(tbl regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT jsonb_array_elements_text((a.options -> 'exclude') || (a.options -> 'hash') || (a.options -> 'redact')))
      FROM custody_ledger.audited a WHERE a.relid = hidden.tbl $$;
CREATE FUNCTION model.key(tbl regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT d.text::jsonb #>> ARRAY['columns', k.p, 'name']
                   FROM jsonb_array_elements_text(d.text::jsonb -> 'key') WITH ORDINALITY k (p, n) ORDER BY k.n)
      FROM custody_ledger.descriptor d JOIN custody_ledger.audited a ON a.id = d.tbl
     WHERE a.relid = key.tbl ORDER BY d.version DESC LIMIT 1 $$;
CREATE FUNCTION model.live(tbl regclass) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE rows text[]; BEGIN
    EXECUTE format('SELECT coalesce(array_agg(r ORDER BY r COLLATE "C"), ''{}'') FROM (SELECT (to_jsonb(this_row) - $1)::text AS r FROM %s this_row) r', tbl)
       INTO rows USING model.hidden(tbl);
    RETURN rows;
END $$;

-- Called when a transaction has ended and no other one can.
CREATE FUNCTION model.take(xid xid8, altered boolean) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    this int;
    now timestamptz := clock_timestamp();
    s record;
    rows text[];
BEGIN
    INSERT INTO model.moment (at, xid, altered) VALUES (now, take.xid, take.altered) RETURNING number INTO this;
    FOR s IN SELECT j.tbl, (SELECT l FROM model.state l WHERE l.tbl = j.tbl ORDER BY l.number DESC LIMIT 1) AS last FROM model.subject j LOOP
        rows := model.live(s.tbl);
        CONTINUE WHEN (s.last).rows = rows AND (s.last).key = model.key(s.tbl);
        INSERT INTO model.state VALUES (s.tbl, this, now, model.hidden(s.tbl), model.key(s.tbl), rows);
    END LOOP;
    RETURN this;
END $$;

CREATE FUNCTION model.held(tbl regclass, number int) RETURNS model.state LANGUAGE sql STABLE AS $$
    SELECT s FROM model.state s WHERE s.tbl = held.tbl AND s.number <= held.number ORDER BY s.number DESC LIMIT 1 $$;
-- What is too large is told by its length.
CREATE FUNCTION model.shortened(r jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, CASE WHEN jsonb_typeof(value) = 'object' AND value ? 'too_large' THEN value - 'too_large'
        WHEN jsonb_typeof(value) = 'string' AND octet_length(value #>> '{}') > 1000 THEN jsonb_build_object('length', octet_length(value #>> '{}'))
        ELSE value END) FROM jsonb_each(r) $$;
CREATE FUNCTION model.seen(tbl regclass, r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN tbl::text = 'cut' THEN model.shortened(r) ELSE r END::text $$;

CREATE FUNCTION model.difference(expected text[], found text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(concat_ws(E'\n',
        (SELECT string_agg('  not told: ' || left(x, 400), E'\n') FROM (SELECT unnest(expected) EXCEPT ALL SELECT unnest(found)) x (x)),
        (SELECT string_agg('  too much: ' || left(x, 400), E'\n') FROM (SELECT unnest(found) EXCEPT ALL SELECT unnest(expected)) x (x))), '') $$;

-- custody.table_as_of() at a moment.
CREATE FUNCTION model.check_table(tbl regclass, number int) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    held model.state := model.held(tbl, number);
    moment timestamptz := (SELECT m.at FROM model.moment m WHERE m.number = check_table.number);
    found text[];
    difference text;
BEGIN
    SELECT array_agg(model.seen(tbl, t."row" - held.hidden)) INTO found FROM custody.table_as_of(tbl, moment) t;
    difference := model.difference(ARRAY(SELECT model.seen(tbl, r::jsonb) FROM unnest(held.rows) r), coalesce(found, '{}'));
    RETURN CASE WHEN difference IS NOT NULL THEN format(E'%s at moment %s\n%s', tbl, number, difference) END;
END $$;

CREATE FUNCTION model.row_key(r text, key text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_agg(r::jsonb -> k ORDER BY n) FROM unnest(key) WITH ORDINALITY k (k, n) $$;

-- custody.row_as_of() of a row that is there, or was there until then, and its last event.
CREATE FUNCTION model.check_row(tbl regclass, number int, pick int) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    held model.state := model.held(tbl, number);
    moment timestamptz := (SELECT m.at FROM model.moment m WHERE m.number = check_row.number);
    keys jsonb[] := ARRAY(SELECT DISTINCT model.row_key(r, s.key) FROM model.state s, unnest(s.rows) r
                           WHERE s.tbl = check_row.tbl AND s.key = held.key AND s.number <= check_row.number AND s.number > check_row.number - 20 ORDER BY 1);
    key jsonb := keys[1 + pick % greatest(cardinality(keys), 1)];
    expected text := (SELECT r FROM unnest(held.rows) r WHERE model.row_key(r, held.key) = key);
    found record;
    last record;
BEGIN
    IF key IS NULL THEN RETURN NULL; END IF;
    SELECT * INTO found FROM custody.row_as_of(tbl, key, moment);
    IF model.seen(tbl, expected::jsonb) IS DISTINCT FROM model.seen(tbl, found."row" - held.hidden)
        OR (expected IS NOT NULL) IS DISTINCT FROM coalesce(found."exists", false) OR found.whole IS FALSE AND found."exists" THEN
        RETURN format(E'row %s of %s at moment %s\n  expected: %s\n  found: %s', key, tbl, number, expected, to_jsonb(found));
    END IF;
    SELECT h.op, h.xid, h.seq INTO last FROM custody.history(tbl, key) WITH ORDINALITY h
     WHERE h.at <= moment AND h.op NOT IN ('S', 'T') ORDER BY h.ordinality DESC LIMIT 1;
    IF found.xid IS NOT NULL AND (last.xid, last.seq) IS DISTINCT FROM (found.xid, found.seq)
        OR expected IS NOT NULL AND last.op NOT IN ('B', 'I', 'U', 'E', 'N') THEN
        RETURN format(E'history of %s of %s at moment %s ends with %s, not with %s', key, tbl, number, last, found);
    END IF;
    RETURN NULL;
END $$;

-- custody.history(): what an event says was there is what the events before it left.
CREATE FUNCTION model.check_history(tbl regclass, key jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    e record;
    r jsonb;
    names text[] := model.hidden(tbl);
BEGIN
    FOR e IN SELECT * FROM custody.history(tbl, key) LOOP
        IF e.op IN ('I', 'E', 'N') AND r IS NOT NULL OR e.op IN ('U', 'D', 'L', 'M') AND r IS NULL
            OR EXISTS (SELECT FROM jsonb_each(e.old - names) o
                        WHERE model.seen(tbl, jsonb_build_object('v', r -> o.key)) <> model.seen(tbl, jsonb_build_object('v', o.value))) THEN
            RETURN format(E'history of %s of %s: event %s of %s\n  before: %s\n  old: %s\n  new: %s', key, tbl,
                          e.op || e.seq, e.xid, r, e.old, e.new);
        END IF;
        r := CASE WHEN e.op IN ('D', 'L', 'M') THEN NULL WHEN e.op IN ('I', 'E', 'N', 'B') THEN e.new
                  WHEN e.new IS NULL THEN r ELSE r || e.new END;
    END LOOP;
    RETURN NULL;
END $$;

-- custody.changes() of windows between moments: each event in one of them, and of a transaction as many as were counted.
CREATE FUNCTION model.check_changes() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH every AS (SELECT c.incarnation, c.xid, c.seq, c.at FROM custody.changes() c),
         windows AS (SELECT lag(at, 1, '-infinity') OVER (ORDER BY number) AS since, at AS until, number FROM model.moment WHERE number % 20 = 0)
    SELECT format('changes until moment %s: %s of %s', w.number, count(c), count(e))
      FROM windows w LEFT JOIN every e ON e.at > w.since AND e.at <= w.until
      LEFT JOIN custody.changes(since => w.since, until => w.until) c ON (c.incarnation, c.xid, c.seq) = (e.incarnation, e.xid, e.seq)
     GROUP BY w.number HAVING count(c) <> count(e) $$;

CREATE FUNCTION model.by_key(tbl regclass, rows text[]) RETURNS TABLE (key jsonb, r jsonb) LANGUAGE sql STABLE AS $$
    SELECT model.row_key(r, model.key(tbl)), r::jsonb FROM unnest(rows) r $$;

-- What a table has when a change between two copies is taken back from a third, or why that cannot be.
CREATE FUNCTION model.taken_back(tbl regclass, before text[], after text[], now text[], OUT rows text[], OUT hindered text)
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(x.r ORDER BY x.r COLLATE "C") FILTER (WHERE x.r IS NOT NULL), '{}'), string_agg(x.hindered, ', ')
      FROM (SELECT CASE WHEN b.r IS NOT DISTINCT FROM a.r THEN n.r WHEN b.r IS NULL THEN NULL WHEN a.r IS NULL THEN b.r
                        ELSE n.r || (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(b.r) o WHERE (a.r -> o.key)::text <> o.value::text) END::text AS r,
                   CASE WHEN b.r IS NOT DISTINCT FROM a.r THEN NULL WHEN a.r IS NULL AND n.r IS NOT NULL THEN key::text || ' is there again'
                        WHEN a.r IS NOT NULL AND n.r IS NULL THEN key::text || ' is gone'
                        WHEN b.r IS NULL AND n.r::text <> a.r::text OR EXISTS (SELECT FROM jsonb_each(a.r) o
                             WHERE (b.r -> o.key)::text <> o.value::text AND (n.r -> o.key)::text <> o.value::text)
                        THEN key::text || ' was changed' END AS hindered
              FROM model.by_key(tbl, before) b FULL JOIN model.by_key(tbl, after) a USING (key) FULL JOIN model.by_key(tbl, now) n USING (key)) x $$;

-- custody.revert(), dry and in earnest, which is rolled back.
CREATE FUNCTION model.check_revert(xid xid8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    this int := (SELECT m.number FROM model.moment m WHERE m.xid = check_revert.xid);
    unchanged boolean := NOT EXISTS (SELECT FROM model.moment m WHERE m.number >= this AND m.altered);
    conflicts text;
    hindered text;
    touched boolean; -- by others, since
    s record;
    back record;
    expected jsonb := '{}';
BEGIN
    IF NOT EXISTS (SELECT FROM custody_ledger.tx t WHERE t.xid = check_revert.xid) THEN
        RETURN (SELECT format('%s changed something', xid) FROM model.state o WHERE o.number = this LIMIT 1);
    END IF;
    SELECT string_agg(r.conflict, '; ') INTO conflicts FROM custody.revert(xid) r;
    IF NOT unchanged THEN RETURN NULL; END IF;
    FOR s IN SELECT j.tbl, model.held(j.tbl, this - 1) AS before, model.held(j.tbl, this) AS after, model.live(j.tbl) AS now FROM model.subject j LOOP
        CONTINUE WHEN model.key(s.tbl) = '{}' OR s.tbl::text IN ('hidden', 'quiet');
        SELECT * INTO back FROM model.taken_back(s.tbl, (s.before).rows, (s.after).rows, s.now);
        hindered := concat_ws('; ', hindered, back.hindered);
        touched := coalesce(touched, false) OR (s.after).rows <> s.now;
        expected := expected || jsonb_build_object(s.tbl::text, back.rows);
    END LOOP;
    IF hindered <> '' OR conflicts <> '' THEN
        RETURN CASE WHEN conflicts IS NULL THEN format('revert(%s) has no conflict, but: %s', xid, hindered)
            WHEN NOT touched AND conflicts !~ 'no key|as values|without its rows' THEN format('revert(%s): %s', xid, conflicts) END;
    END IF;
    BEGIN
        -- Triggers and foreign keys that act would act again.
        SET LOCAL session_replication_role = replica;
        PERFORM custody.revert(xid, dry_run => false);
        RAISE EXCEPTION USING ERRCODE = 'CU001', MESSAGE = (SELECT coalesce(string_agg(format(E'revert(%s) of %s:\n%s', xid, e.key, d.difference), E'\n'), '')
            FROM jsonb_each(expected) e, LATERAL (SELECT model.difference(ARRAY(SELECT jsonb_array_elements_text(e.value)), model.live(e.key::regclass)) AS difference) d
           WHERE d.difference IS NOT NULL);
    EXCEPTION WHEN SQLSTATE 'CU001' THEN RETURN nullif(SQLERRM, '');
        WHEN unique_violation OR foreign_key_violation THEN RETURN CASE WHEN NOT touched THEN format('revert(%s): %s', xid, SQLERRM) END;
    END;
END $$;
