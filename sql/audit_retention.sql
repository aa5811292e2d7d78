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
    -- The leaves of a block once for all of its held events: the whole block has to be read for them.
    EXECUTE format(
        'WITH held AS MATERIALIZED (SELECT e.* FROM %2$s e WHERE custody.event_is_held(e.tbl, e.org, e.key)),
              placed AS MATERIALIZED (
                  SELECT t.*, custody.block_of_transaction(t.xid, t.incarnation) AS block
                    FROM (SELECT DISTINCT h.xid, h.incarnation, coalesce(h.org, %3$L) AS org FROM held h) t),
              leaves AS MATERIALIZED (
                  SELECT b.block, b.org, l.incarnation, l.xid, l.index, l.leaf
                    FROM (SELECT DISTINCT p.block, p.org FROM placed p) b CROSS JOIN LATERAL custody.bundle_leaves(b.block, b.org) l),
              trees AS MATERIALIZED (
                  SELECT l.block, l.org, array_agg(l.leaf ORDER BY l.index) AS leaves FROM leaves l GROUP BY l.block, l.org)
         INSERT INTO custody_ledger.held_event
         SELECT h.*, %1$s, ARRAY(SELECT custody.bundle_event(p.block, p.org, p.incarnation, p.xid, h.seq, t.leaves, l.index))
           FROM held h
           JOIN placed p ON p.xid = h.xid AND p.incarnation = h.incarnation AND p.org = coalesce(h.org, %3$L)
           LEFT JOIN leaves l ON l.block = p.block AND l.org = p.org AND l.xid = p.xid AND l.incarnation = p.incarnation
           LEFT JOIN trees t ON t.block = p.block AND t.org = p.org', prune, partition, '');
    GET DIAGNOSTICS kept = ROW_COUNT;
    RETURN kept;
END
$$;
COMMENT ON FUNCTION custody.keep_held_events(regclass, int4) IS
'copies the held events of a partition, with their proofs, to custody_ledger.held_event; part of a prune; privilege: superuser';

-- What takes its time, before anybody is kept out.
CREATE FUNCTION custody.prepare_prune(partition regclass, lower timestamptz, upper timestamptz, events int8, held int8,
    request int4) RETURNS int4
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    prune int4;
    kept int8;
    transactions int8;
BEGIN
    INSERT INTO custody_ledger.prune (request, lower, upper, events, pruned_at)
        VALUES (request, lower, upper, events, now()) RETURNING id INTO prune;
    kept := CASE WHEN held > 0 THEN custody.keep_held_events(partition, prune) ELSE 0 END;
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.tx t SET contexts = NULL WHERE t.at >= %L AND t.at < %L AND NOT EXISTS (
             SELECT FROM custody_ledger.held_event h
              WHERE h.at = t.at AND h.xid = t.xid AND h.incarnation = t.incarnation)', lower, upper));
    SELECT count(*) INTO transactions FROM custody_ledger.tx t WHERE t.at >= lower AND t.at < upper;
    PERFORM custody.maintain_ledger(format(
        'UPDATE custody_ledger.prune SET transactions = %s, held = %s WHERE id = %s', transactions, kept, prune));
    RETURN prune;
END
$$;
COMMENT ON FUNCTION custody.prepare_prune(regclass, timestamptz, timestamptz, int8, int8, int4) IS
'does all of the prune of a partition (a row of custody.prunable()) but to drop it: a row in custody_ledger.prune, whose number it returns, the copies of held events, and transactions without their contexts; part of a prune; privilege: superuser';

-- Who waits for what this transaction has locked, and for whoever waits so.
CREATE FUNCTION custody.check_prune_waited(relations regclass[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    waiting int;
BEGIN
    WITH RECURSIVE wait AS MATERIALIZED (
        SELECT DISTINCT w.pid, b.pid AS by FROM pg_locks w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) b (pid)
         WHERE NOT w.granted),
    behind AS (
        SELECT w.pid FROM wait w WHERE w.by = pg_backend_pid()
         UNION SELECT w.pid FROM behind b JOIN wait w ON w.by = b.pid)
    SELECT b.pid INTO waiting FROM behind b JOIN pg_locks l ON l.pid = b.pid AND l.granted AND l.locktype = 'relation'
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation = ANY (relations) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'process % uses the events and waits for this prune', waiting
            USING ERRCODE = 'deadlock_detected', HINT = 'Nothing was pruned. Approve the request again.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_prune_waited(regclass[]) IS
'refuses (40P01) to go on waiting for tables that are used by somebody who waits for this transaction; part of a prune; privilege: superuser';

-- The parent first, as its readers lock it, and all or none: who waits for one of them keeps the others
-- from nobody. What waits behind a lock that is waited for is let through in between. No wait is as long
-- as the server takes to find a deadlock.
CREATE FUNCTION custody.lock_pruned(partitions regclass[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    -- To drop a partition locks the default one, too.
    relations regclass[] := 'custody_ledger.event'::regclass || partitions
                            || ARRAY(SELECT p.partdefid::regclass FROM pg_partitioned_table p
                                      WHERE p.partrelid = 'custody_ledger.event'::regclass AND p.partdefid <> 0);
    relation regclass;
    pause float8 := 0.1;
BEGIN
    LOOP
        BEGIN
            FOREACH relation IN ARRAY relations LOOP
                PERFORM custody.maintain_ledger(format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', relation));
            END LOOP;
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            -- All that was locked here is free again.
        END;
        PERFORM custody.check_prune_waited(relations);
        PERFORM pg_sleep(pause);
        pause := least(pause * 2, 10);
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.lock_pruned(regclass[]) IS
'locks the table of events, these partitions and the default one for good (ACCESS EXCLUSIVE), parent first, when all are free; waits without a lock for whoever uses them; errors: 40P01 where one of those waits for this transaction; part of a prune; privilege: superuser';

CREATE FUNCTION custody.finish_prune(partition regclass, subject int4, request int4) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    p custody_ledger.prune := (SELECT x FROM custody_ledger.prune x WHERE x.id = subject);
    events int8;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', partition) INTO events;
    IF events <> p.events THEN
        RAISE EXCEPTION 'events were written to % while it was pruned', partition
            USING ERRCODE = 'serialization_failure', DETAIL = format('It had %s events, and has %s.', p.events, events),
                  HINT = 'Nothing was pruned. Seal, and approve the request again.';
    END IF;
    PERFORM custody.keep_recorded(p.lower, p.upper);
    PERFORM custody.maintain_ledger(format('DROP TABLE %s', partition));
    PERFORM custody.record_note(0, 'S', (jsonb_build_object('kind', 'prune', 'prune', p.id, 'from', p.lower,
        'to', p.upper, 'transactions', p.transactions, 'events', p.events, 'held', p.held)
        || custody.request_facts(request))::text);
END
$$;
COMMENT ON FUNCTION custody.finish_prune(regclass, int4, int4) IS
'drops a partition that custody.prepare_prune() and custody.lock_pruned() have made ready, with an event of kind prune; errors: 40001 where events came in between; part of a prune; privilege: superuser';

CREATE FUNCTION custody.prune_ledger(before timestamptz, request int4) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    p record;
    partitions regclass[];
    prunes int4[];
BEGIN
    -- No hold is placed meanwhile (custody.place_hold() takes the same lock).
    PERFORM custody.lock_ledger();
    -- What this transaction says of it has the time at which it began: it must not go with it.
    FOR p IN SELECT * FROM custody.prunable(least(before, now())) q WHERE q.obstacle IS NULL LOOP
        partitions := partitions || p.partition;
        prunes := prunes || custody.prepare_prune(p.partition, p.lower, p.upper, p.events, p.held, request);
    END LOOP;
    IF partitions IS NOT NULL THEN
        PERFORM custody.lock_pruned(partitions);
        PERFORM custody.finish_prune(u.partition, u.prune, request) FROM unnest(partitions, prunes) u (partition, prune);
    END IF;
    RETURN (SELECT format('%s partitions with %s events pruned, %s held events kept', count(*), coalesce(sum(x.events), 0),
                          coalesce(sum(x.held), 0)) FROM custody_ledger.prune x WHERE x.id = ANY (prunes));
END
$$;
COMMENT ON FUNCTION custody.prune_ledger(timestamptz, int4) IS
'drops the partitions of events that custody.prunable() lists without an obstacle, each with a row in custody_ledger.prune and an event of kind prune; executes an approved request; errors: 40001 where events came in between, 40P01 where who uses them waits for it; privilege: superuser';

REVOKE ALL ON FUNCTION custody.ledger_partitions(text), custody.unsealed_transactions(timestamptz, timestamptz),
    custody.prunable(timestamptz), custody.keep_held_events(regclass, int4),
    custody.prepare_prune(regclass, timestamptz, timestamptz, int8, int8, int4), custody.check_prune_waited(regclass[]),
    custody.lock_pruned(regclass[]), custody.finish_prune(regclass, int4, int4),
    custody.prune_ledger(timestamptz, int4) FROM PUBLIC;
SELECT custody.give_duty('{admin,auditor,legal}', f) FROM unnest(ARRAY['custody.prunable(timestamptz)',
    'custody.ledger_partitions(text)', 'custody.unsealed_transactions(timestamptz, timestamptz)',
    'custody.event_is_held(int4, bytea, bytea)']::regprocedure[]) f;
