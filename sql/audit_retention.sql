-- Retention by whole partitions. The partition of events is dropped; the transactions' rows stay, without
-- their contexts, so that blocks, links and the chain can be recomputed as before; what a hold reaches is
-- copied first, with its proof. The prune's row says which transactions have no events by right.

CREATE FUNCTION custody.ledger_partitions(parent text)
    RETURNS TABLE (relation regclass, lower timestamptz, upper timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    SELECT c.oid::regclass, b.ends[1]::timestamptz, b.ends[2]::timestamptz
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                             'FROM \(''(.*)''\) TO \(''(.*)''\)') AS ends) b
     WHERE i.inhparent = to_regclass('custody_ledger.' || quote_ident(parent)) AND b.ends IS NOT NULL
$$;
COMMENT ON FUNCTION custody.ledger_partitions(text) IS
'the partitions of event or tx with their bounds, without the default; errors: none; privilege: none';

-- A transaction is in a block when the newest block of its lineage sees it, or a first block adopted it.
CREATE FUNCTION custody.unsealed_transactions(lower timestamptz, upper timestamptz) RETURNS int8
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        WITH newest AS (
            SELECT DISTINCT ON (b.lineage) b.lineage, b.snapshot FROM custody_ledger.block b
             ORDER BY b.lineage, b.number DESC),
        adopted AS MATERIALIZED (
            SELECT decode(a ->> 0, 'hex') AS incarnation, (a ->> 1)::xid8 AS xid
              FROM custody_ledger.block b
             CROSS JOIN LATERAL jsonb_array_elements(b.notes::jsonb -> 'adopted') a
             WHERE b.kind = 1 AND b.notes <> '')
        SELECT count(*) FROM custody_ledger.tx t
          LEFT JOIN custody_ledger.incarnation i ON i.short = t.incarnation
          LEFT JOIN newest n ON n.lineage = i.lineage
         WHERE t.at >= lower AND t.at < upper
           AND pg_visible_in_snapshot(t.xid, n.snapshot) IS NOT TRUE
           AND NOT EXISTS (SELECT FROM adopted a WHERE a.incarnation = i.incarnation AND a.xid = t.xid));
END
$$;
COMMENT ON FUNCTION custody.unsealed_transactions(timestamptz, timestamptz) IS
'number of transactions that began in a time and are in no block yet; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.prunable(before timestamptz)
    RETURNS TABLE (partition regclass, lower timestamptz, upper timestamptz, events int8, held int8, obstacle text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    unsealed int8;
BEGIN
    PERFORM custody.check_ledger();
    FOR partition, lower, upper IN
        SELECT p.relation, p.lower, p.upper FROM custody.ledger_partitions('event') p
         WHERE p.upper <= before ORDER BY p.lower LOOP
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE custody.event_is_held(tbl, org, key)) FROM %s',
                       partition) INTO events, held;
        unsealed := custody.unsealed_transactions(lower, upper);
        obstacle := CASE WHEN unsealed > 0 THEN format('%s transactions are in no block yet', unsealed) END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.prunable(timestamptz) IS
'the partitions of events that end at or before a time: how many events, how many of them under a hold, and what keeps the partition from being pruned (NULL: nothing); errors: 42P01 without a ledger; privilege: custody_admin, custody_auditor, custody_legal';

CREATE FUNCTION custody.keep_held_events(partition regclass, prune int4) RETURNS int8
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept int8;
BEGIN
    EXECUTE format(
        'INSERT INTO custody_ledger.held_event
         SELECT e.*, %s, ARRAY(SELECT custody.event_proof(e.xid, e.seq, e.incarnation)) FROM %s e
          WHERE custody.event_is_held(e.tbl, e.org, e.key)', prune, partition);
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END
$$;
COMMENT ON FUNCTION custody.keep_held_events(regclass, int4) IS
'copies the held events of a partition, with their proofs, to custody_ledger.held_event; part of a prune; privilege: superuser';

CREATE FUNCTION custody.prune_ledger(before timestamptz, request int4) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    p record;
    prune int4;
    pruned int := 0;
    kept int8;
    kept_all int8 := 0;
    transactions int8;
    events int8 := 0;
BEGIN
    -- No hold is placed meanwhile (custody.place_hold() takes the same lock).
    PERFORM pg_advisory_xact_lock('custody.ledger_exists()'::regprocedure::oid::bigint);
    -- What this transaction says of it has the time at which it began: it must not go with it.
    FOR p IN SELECT * FROM custody.prunable(least(before, now())) q WHERE q.obstacle IS NULL LOOP
        -- Whoever still writes there is waited for, and then looked for again.
        PERFORM custody.maintain_ledger(format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p.partition));
        CONTINUE WHEN custody.unsealed_transactions(p.lower, p.upper) > 0;
        INSERT INTO custody_ledger.prune (request, lower, upper, events, pruned_at)
            VALUES (request, p.lower, p.upper, p.events, now()) RETURNING id INTO prune;
        kept := CASE WHEN p.held > 0 THEN custody.keep_held_events(p.partition, prune) ELSE 0 END;
        PERFORM custody.keep_recorded(p.lower, p.upper);
        PERFORM custody.maintain_ledger(format('DROP TABLE %s', p.partition));
        PERFORM custody.maintain_ledger(format(
            'UPDATE custody_ledger.tx t SET contexts = NULL WHERE t.at >= %L AND t.at < %L AND NOT EXISTS (
                 SELECT FROM custody_ledger.held_event h
                  WHERE h.at = t.at AND h.xid = t.xid AND h.incarnation = t.incarnation)', p.lower, p.upper));
        SELECT count(*) INTO transactions FROM custody_ledger.tx t WHERE t.at >= p.lower AND t.at < p.upper;
        PERFORM custody.maintain_ledger(format(
            'UPDATE custody_ledger.prune SET transactions = %s, held = %s WHERE id = %s', transactions, kept, prune));
        PERFORM custody.record_note(0, 'S', (jsonb_build_object('kind', 'prune', 'prune', prune, 'from', p.lower,
            'to', p.upper, 'transactions', transactions, 'events', p.events, 'held', kept)
            || custody.request_facts(request))::text);
        pruned := pruned + 1;
        events := events + p.events;
        kept_all := kept_all + kept;
    END LOOP;
    RETURN format('%s partitions with %s events pruned, %s held events kept', pruned, events, kept_all);
END
$$;
COMMENT ON FUNCTION custody.prune_ledger(timestamptz, int4) IS
'drops the partitions of events that custody.prunable() lists without an obstacle, each with a row in custody_ledger.prune and an event of kind prune; executes an approved request; privilege: superuser';

REVOKE ALL ON FUNCTION custody.ledger_partitions(text), custody.unsealed_transactions(timestamptz, timestamptz),
    custody.prunable(timestamptz), custody.keep_held_events(regclass, int4),
    custody.prune_ledger(timestamptz, int4) FROM PUBLIC;
SELECT custody.give_duty('{admin,auditor,legal}', f) FROM unnest(ARRAY['custody.prunable(timestamptz)',
    'custody.ledger_partitions(text)', 'custody.unsealed_transactions(timestamptz, timestamptz)',
    'custody.event_is_held(int4, bytea, bytea)']::regprocedure[]) f;
