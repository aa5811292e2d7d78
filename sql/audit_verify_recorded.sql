-- The part of custody.verify_ledger() that holds the ledger's own lists (recorded tables, holds, requests)
-- against the events that were written with them. What no event tells is unproven.

CREATE FUNCTION custody.recorded_notes()
    RETURNS TABLE (n int8, tbl int4, at timestamptz, kind text, note jsonb)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Notes have an empty key, by which the index of keys has them.
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY i.noticed_at NULLS LAST, e.lsn, e.cid, e.seq), e.tbl, e.at, e.note ->> 'kind', e.note
      FROM (SELECT x.*, custody.note_of(x.op, x.new) AS note FROM custody_ledger.event x
             WHERE x.tbl = ANY (ARRAY(SELECT a.id FROM custody_ledger.audited a UNION ALL SELECT 0))
               AND x.key = '' AND octet_length(x.key) <= 2000 AND x.op = 'S') e
      LEFT JOIN custody_ledger.incarnation i ON i.short = e.incarnation
     WHERE e.note IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custody.recorded_notes() IS
'the structural events of the ledger in their order: number, table (0: none), time of the transaction, kind and text; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.is_pruned(at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
'SELECT EXISTS (SELECT FROM custody.newest_prunes() p WHERE at >= p.lower AND at < p.upper)';
COMMENT ON FUNCTION custody.is_pruned(timestamptz) IS
'whether the events of transactions that began at a time were pruned; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- How a table is recorded was said when recording began, whenever a column was renamed, and by a prune
-- that took these events away.
CREATE FUNCTION custody.recorded_now()
    RETURNS TABLE (tbl int4, options jsonb, options_at timestamptz, since timestamptz, since_at timestamptz, active boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH notes AS MATERIALIZED (SELECT * FROM custody.recorded_notes()),
    states AS (
        SELECT n.*, n.kind = 'audit_on' OR n.kind = 'recorded' AND (n.note ->> 'active')::boolean AS active FROM notes n
         WHERE n.kind IN ('audit_on', 'audit_off', 'recorded') OR n.kind = 'drop' AND NOT n.note ? 'partition'),
    told AS (
        SELECT s.*, lag(s.active) OVER (PARTITION BY s.tbl ORDER BY s.n) AS before,
               last_value(s.active) OVER (PARTITION BY s.tbl ORDER BY s.n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last
          FROM states s),
    options AS (
        SELECT DISTINCT ON (n.tbl) n.tbl, n.note -> 'options' AS options, n.at FROM notes n
         WHERE n.kind IN ('audit_on', 'recorded') OR n.kind = 'columns' AND n.note ? 'options' ORDER BY n.tbl, n.n DESC),
    begun AS (
        SELECT DISTINCT ON (t.tbl) t.tbl, coalesce((t.note ->> 'since')::timestamptz, t.at) AS since, t.at, t.last FROM told t
         WHERE t.kind = 'recorded' AND t.note ? 'since' OR t.kind = 'audit_on' AND t.before IS NOT TRUE
         ORDER BY t.tbl, t.n DESC)
    SELECT tbl, o.options, o.at, b.since, b.at, coalesce(b.last, false) FROM options o FULL JOIN begun b USING (tbl)
$$;
COMMENT ON FUNCTION custody.recorded_now() IS
'what the events of kind audit_on, columns and recorded tell last of each table: options and begin of its recording, with the times of the transactions that said so, and whether it goes on; NULL: there is none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.keep_recorded(lower timestamptz, upper timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM custody.record_note(r.tbl, 'S', (jsonb_build_object('kind', 'recorded', 'active', r.active)
                || CASE WHEN r.options IS NULL THEN '{}' ELSE jsonb_build_object('options', r.options) END
                || CASE WHEN r.since IS NULL THEN '{}' ELSE jsonb_build_object('since', r.since) END)::text)
       FROM custody.recorded_now() r
      WHERE (r.options_at >= lower AND r.options_at < upper) OR (r.since_at >= lower AND r.since_at < upper);
END
$$;
COMMENT ON FUNCTION custody.keep_recorded(timestamptz, timestamptz) IS
'says again, in events of kind recorded, how tables are recorded of which events told that are about to be pruned; part of a prune; privilege: superuser';

CREATE FUNCTION custody.verify_recorded()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT quote_ident(a.schema) || '.' || quote_ident(a.name),
           CASE WHEN w.recorded IS NULL OR w.gone THEN 'unproven' ELSE 'refuted' END,
           CASE WHEN w.recorded IS NULL OR w.gone THEN w.what || ' is told by no event that is there'
                ELSE format('%s is %s, by its event %s', w.what, coalesce(w.stored, 'NULL'), w.recorded) END
      FROM custody_ledger.audited a
      LEFT JOIN custody.recorded_now() r ON r.tbl = a.id
     CROSS JOIN LATERAL (VALUES
           ('how it is recorded', a.options::text, r.options::text, false),
           ('since when it is recorded', a.since::text, r.since::text, r.since_at = r.since AND custody.is_pruned(a.since)))
           AS w (what, stored, recorded, gone)
     WHERE w.stored IS DISTINCT FROM w.recorded;
END
$$;
COMMENT ON FUNCTION custody.verify_recorded() IS
'the part of custody.verify_ledger() that holds options and begin of recording of each table against its events (audit_on, columns for one that was renamed, recorded for what was pruned): refuted where they differ, unproven where there is none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.verify_holds()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH notes AS MATERIALIZED (
        SELECT r.* FROM custody.recorded_notes() r WHERE r.kind IN ('hold', 'lift')),
    told AS (
        SELECT h AS hold, h.id,
               count(*) FILTER (WHERE n.kind = 'hold') AS placed, count(*) FILTER (WHERE n.kind = 'lift') AS lifted,
               count(*) FILTER (WHERE n.kind = 'hold' AND (n.note ->> 'reason', n.note ->> 'by', n.note -> 'of')
                   IS DISTINCT FROM (h.reason, h.placed_by::text, h.subject - '{key,key_salt}'::text[])
                   OR n.kind = 'hold' AND n.tbl = 0 AND n.at IS DISTINCT FROM h.placed_at) AS wrong,
               count(*) FILTER (WHERE n.kind = 'lift' AND (n.at, n.note ->> 'request')
                   IS DISTINCT FROM (h.lifted_at, h.lifted_by::text)) AS wrong_lift,
               count(*) FILTER (WHERE n.kind = 'hold' AND n.tbl <> 0 AND h.lifted_at IS NULL AND NOT EXISTS (
                   SELECT FROM custody_ledger.held e WHERE e.hold = h.id AND e.tbl = n.tbl)) AS lost,
               -- Of a hold that is over, a key may have been erased.
               count(*) FILTER (WHERE n.kind = 'hold' AND (h.lifted_at IS NULL OR h.subject ? 'key' OR NOT h.subject ? 'key_hash')
                   AND n.note -> 'held' IS DISTINCT FROM custody.held_told(h.id, n.tbl)) AS other
          FROM custody_ledger.hold h LEFT JOIN notes n ON n.note ->> 'hold' = h.id::text GROUP BY h.id, h)
    SELECT format('hold %s', t.id), w.status, w.detail FROM told t
     CROSS JOIN LATERAL (VALUES
           (t.wrong > 0, 'refuted', 'its events tell another subject, reason, or who placed it'),
           (t.wrong_lift > 0, 'refuted', 'its events tell that it was lifted otherwise, or when it was not'),
           (t.lost > 0, 'refuted', 'its events tell of tables that it does not hold any more'),
           (t.other > 0 AND t.lost = 0, 'refuted', 'its events tell of other rows and organizations than it holds'),
           (t.placed > 0 AND EXISTS (
                SELECT FROM custody_ledger.held e WHERE e.hold = t.id AND NOT EXISTS (
                    SELECT FROM notes n WHERE n.kind = 'hold' AND n.note ->> 'hold' = t.id::text AND n.tbl = coalesce(e.tbl, 0))),
                CASE WHEN EXISTS (SELECT FROM custody.newest_prunes() p WHERE p.upper > (t.hold).placed_at) THEN 'unproven'
                     ELSE 'refuted' END, 'it holds a table of which no event that is there tells'),
           ((t.hold).lifted_at IS NOT NULL AND t.lifted = 0
                AND NOT (custody.is_pruned((t.hold).lifted_at) AND (t.hold).lifted_at >= (t.hold).placed_at),
                'refuted', 'it is said to be lifted, but no event says so'),
           ((t.hold).lifted_at IS NULL AND EXISTS (
                SELECT o FROM custody.org_spellings((t.hold).org_text) o WHERE NOT (t.hold).subject ? 'table'
                EXCEPT SELECT e.org FROM custody_ledger.held e WHERE e.hold = t.id AND e.tbl IS NULL AND e.key IS NULL),
                'refuted', 'it does not hold all of its organization any more'),
           ((t.hold).lifted_at IS NULL AND EXISTS (
                SELECT FROM custody_ledger.held e WHERE e.hold = t.id AND e.tbl IS NOT NULL
                   AND (e.key IS NOT NULL, e.org IS NOT NULL) <> ((t.hold).subject ? 'key', (t.hold).subject ? 'org')),
                'refuted', 'it holds less or more of a table than its subject says'),
           (((t.hold).lifted_at IS NULL) <> ((t.hold).lifted_by IS NULL), 'refuted', 'it is lifted by no request, or by one and is not'),
           (EXISTS (SELECT FROM custody_ledger.held e WHERE e.hold = t.id
                       AND (e.tbl = 0 OR e.key IS NOT NULL AND NOT (t.hold).subject ? 'key')),
                'refuted', 'it holds a key that its subject does not name'),
           (NOT custody.is_told((t.hold).subject, 'key') OR NOT (t.hold).subject ? 'key' AND (t.hold).subject ? 'key_hash'
                AND (t.hold).lifted_at IS NULL, 'refuted', 'its events tell another key'),
           ((t.hold).org_text IS DISTINCT FROM (t.hold).subject ->> 'org', 'refuted', 'its organization is not that of its subject'),
           (t.placed = 0, CASE WHEN custody.is_pruned((t.hold).placed_at) THEN 'unproven' ELSE 'refuted' END,
                'no event that is there tells of it')) AS w (holds, status, detail)
     WHERE w.holds
    UNION ALL
    SELECT DISTINCT format('hold %s', n.note ->> 'hold'), 'refuted', 'its events are there, and it is not'
      FROM notes n WHERE NOT EXISTS (SELECT FROM custody_ledger.hold h WHERE h.id::text = n.note ->> 'hold');
END
$$;
COMMENT ON FUNCTION custody.verify_holds() IS
'the part of custody.verify_ledger() that holds custody_ledger.hold and held against the events of kind hold and lift: refuted where they differ (keys by their hashes), or where one of both is gone, or a hold has no event, unproven where that was pruned; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.verify_requests()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH notes AS MATERIALIZED (
        SELECT r.*, r.note ->> 'request' AS request FROM custody.recorded_notes() r
         WHERE r.kind IN ('request', 'withdraw', 'approve', 'prune', 'erase', 'lift') AND jsonb_typeof(r.note -> 'request') = 'number'),
    asked AS (
        SELECT r.id, count(n.n) AS asked, count(w.n) AS withdrawn, bool_and(
               (n.note ->> 'of', n.note -> 'arguments', n.note ->> 'reason', n.note ->> 'by', n.note -> 'as', n.at)
                   IS NOT DISTINCT FROM (r.kind, custody.kept_arguments(r.arguments), r.reason, r.requested_by::text,
                                         to_jsonb(r.requested_as), r.requested_at)
               AND (r.state IS DISTINCT FROM 'open' OR custody.is_told(r.arguments, 'key') AND custody.is_told(r.arguments, 'user')
                    AND (r.arguments ? 'key', r.arguments ? 'user') = (r.kind = 'erase', r.kind = 'erase_user'))
               AND CASE WHEN r.state = 'withdrawn' AND w.n IS NULL
                        -- When is not said; a request in the default partition outlives what came later.
                        THEN EXISTS (SELECT FROM custody.newest_prunes() p WHERE p.upper > r.requested_at)
                        ELSE (r.state IS NOT DISTINCT FROM 'withdrawn') = (w.n IS NOT NULL) END
               AND (w.n IS NULL OR r.result IS NOT DISTINCT FROM 'by ' || (w.note ->> 'by'))
               AND coalesce(r.state IN ('open', 'withdrawn', 'done'), false)) AS same
          FROM custody_ledger.request r
          LEFT JOIN notes n ON n.kind = 'request' AND n.request = r.id::text
          LEFT JOIN notes w ON w.kind = 'withdraw' AND w.request = r.id::text GROUP BY r.id),
    approved AS (
        SELECT r.id, count(n.n) AS approved, bool_and(
               (n.note ->> 'of', n.note ->> 'reason', n.note ->> 'requested_by', n.note ->> 'approved_by', n.at,
                n.note ->> 'result', 'done') IS NOT DISTINCT FROM (r.kind, r.reason, r.requested_by::text,
                r.approved_by::text, r.approved_at, r.result, r.state)) AS same,
               r.state = 'done' AND count(n.n) = 0
               AND (custody.is_pruned(r.approved_at) AND r.approved_at >= r.requested_at) IS NOT TRUE AS forged
          FROM custody_ledger.request r
          LEFT JOIN notes n ON n.kind = 'approve' AND n.request = r.id::text GROUP BY r.id, r),
    compared AS (
        SELECT r.id, n.n, r.state = 'done'
               AND r.kind = CASE WHEN n.kind = 'erase' AND n.note ? 'contexts' THEN 'erase_user' ELSE n.kind END
               AND CASE n.kind WHEN 'lift' THEN n.note ->> 'hold' = r.arguments ->> 'hold'
                               WHEN 'erase' THEN r.kind = 'erase_user' OR n.tbl::text = r.arguments ->> 'tbl'
                               WHEN 'prune' THEN (n.note ->> 'to')::timestamptz <= (r.arguments ->> 'before')::timestamptz
                               ELSE true END
               AND (NOT n.note ? 'reason' OR n.note ->> 'reason' = r.reason)
               AND (NOT n.note ? 'requested_by' OR (n.note ->> 'requested_by', n.note ->> 'approved_by')
                    = (r.requested_by::text, r.approved_by::text)) AS same
          FROM custody_ledger.request r
          LEFT JOIN notes n ON n.kind IN ('prune', 'erase', 'lift') AND n.request = r.id::text)
    SELECT format('request %s', a.id), 'refuted', 'its events tell something else: what was asked for, why, when, by whom, or whether it was withdrawn'
      FROM asked a WHERE a.asked > 0 AND NOT a.same
    UNION ALL
    SELECT format('request %s', a.id), 'refuted', 'no event that is there tells of it'
      FROM asked a JOIN custody_ledger.request r USING (id) WHERE a.asked = 0 AND NOT custody.is_pruned(r.requested_at)
    UNION ALL
    SELECT format('request %s', a.id), 'refuted', 'it is said to be approved, but no event says so' FROM approved a WHERE a.forged
    UNION ALL
    SELECT format('request %s', c.id), 'refuted', 'its events tell something else: what was approved, when, by whom, what came of it, or that it was'
      FROM compared c JOIN approved a USING (id)
     WHERE a.approved > 0 AND NOT a.same OR c.n IS NOT NULL AND c.same IS NOT TRUE GROUP BY c.id
    UNION ALL
    SELECT format('request %s', c.id), 'unproven', 'no event that is there tells of it'
      FROM compared c JOIN asked a USING (id) JOIN approved p USING (id) JOIN custody_ledger.request r USING (id)
     WHERE c.n IS NULL AND p.approved = 0 AND NOT p.forged
       AND (a.asked = 0 AND custody.is_pruned(r.requested_at) OR a.asked > 0 AND (r.state = 'done' OR a.same AND r.state = 'withdrawn' AND a.withdrawn = 0))
    UNION ALL
    SELECT DISTINCT format('request %s', n.request), 'refuted', 'its events are there, and it is not'
      FROM notes n WHERE NOT EXISTS (SELECT FROM custody_ledger.request r WHERE r.id::text = n.request);
END
$$;
COMMENT ON FUNCTION custody.verify_requests() IS
'the part of custody.verify_ledger() that holds custody_ledger.request against its events (request, withdraw, approve, and that of what was approved): refuted where they differ, where one of both is missing, or where no event says that it was approved; unproven where its events were pruned; errors: 42P01 without a ledger, 22007 for a time that is none; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.recorded_notes(), custody.is_pruned(timestamptz), custody.recorded_now(),
    custody.keep_recorded(timestamptz, timestamptz), custody.verify_recorded(),
    custody.verify_holds(), custody.verify_requests() FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY['custody.recorded_notes()',
    'custody.told_hash(uuid, bytea)', 'custody.is_told(jsonb, text)', 'custody.held_told(int4, int4)', 'custody.kept_arguments(jsonb)',
    'custody.is_pruned(timestamptz)', 'custody.recorded_now()', 'custody.verify_recorded()', 'custody.verify_holds()',
    'custody.verify_requests()']::regprocedure[]) f;
