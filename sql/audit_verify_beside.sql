-- The part of custody.verify_ledger() that looks at what no block hashes, and what answers, exports and
-- the verification itself rely on: each is held against something that is hashed.

-- RFC 6962, section 2.1.1, on the nodes of docs/ledger-format.md.
CREATE FUNCTION custody.path_root(leaf bytea, path jsonb) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    index int8;
    last int8;
    root bytea := leaf;
    other text;
BEGIN
    index := (path ->> 'index')::int8;
    last := (path ->> 'of')::int8 - 1;
    FOR other IN SELECT h FROM jsonb_array_elements_text(path -> 'hashes') h LOOP
        IF index % 2 = 1 OR index = last THEN
            root := sha256(E'\\x01'::bytea || decode(other, 'hex') || root);
            WHILE index % 2 = 0 AND index > 0 LOOP
                index := index / 2;
                last := last / 2;
            END LOOP;
        ELSE
            root := sha256(E'\\x01'::bytea || root || decode(other, 'hex'));
        END IF;
        index := index / 2;
        last := last / 2;
    END LOOP;
    RETURN CASE WHEN index = 0 AND last = 0 THEN root END;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION custody.path_root(bytea, jsonb) IS
'root of the tree that a leaf and the path line of a bundle lead to; NULL where the path is not of that leaf''s place, or is none; errors: none; privilege: none';

-- A held event is one of its transaction's, byte by byte, there once, and gone from where it was.
CREATE FUNCTION custody.verify_held()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT format('held event %s of transaction %s', h.seq, h.xid), 'refuted',
           CASE WHEN p.id IS NULL THEN 'no record says that its partition was pruned'
                WHEN h.times > 1 THEN 'is there twice' ELSE 'is not the one that was sealed' END
      FROM (SELECT x.*, count(*) OVER (PARTITION BY x.incarnation, x.xid, x.seq) AS times,
                   (SELECT custody.json_or_null(l) FROM unnest(x.proof) WITH ORDINALITY u (l, n)
                     WHERE l LIKE '{"t": "path"%' ORDER BY u.n LIMIT 1) AS path
              FROM custody_ledger.held_event x) h
      LEFT JOIN custody_ledger.prune p ON p.id = h.prune AND h.at >= p.lower AND h.at < p.upper
      LEFT JOIN custody_ledger.incarnation i ON i.short = h.incarnation
      LEFT JOIN custody_ledger.tx t ON t.at = h.at AND t.xid = h.xid AND t.incarnation = h.incarnation
      LEFT JOIN custody_ledger.descriptor d ON d.id = h.descriptor AND d.tbl = h.tbl
      LEFT JOIN LATERAL jsonb_array_elements(custody.ledger_orgs(t.orgs)::jsonb) o
             ON o ->> 'org' = encode(coalesce(h.org, ''), 'hex')
     WHERE p.id IS NULL OR h.times > 1
        OR (h.key_hash IS NULL) = (h.key_salt IS NULL) OR (h.images_hash IS NULL) = (h.images_salt IS NULL)
        OR h.key_hash IS NOT NULL AND h.key IS NOT NULL
        OR h.images_hash IS NOT NULL AND (h.old IS NOT NULL OR h.new IS NOT NULL)
        OR h.path -> 'of' IS DISTINCT FROM o -> 'events'
        OR encode(custody.path_root(custody.ledger_event_hash(
               custody.ledger_order(t.secret, i.incarnation, t.xid, h.seq, h.cid, h.lsn, h.pair), h.op,
               custody.ledger_context_hash(t.contexts, h.context), d.hash,
               coalesce(h.key_hash, custody.ledger_key_hash(h.key_salt, coalesce(h.key, ''))),
               coalesce(h.images_hash, custody.ledger_images_hash(h.images_salt, coalesce(h.old, E'\\x00'),
                                                                  coalesce(h.new, E'\\x00')))), h.path), 'hex')
           IS DISTINCT FROM o ->> 'tree';
END
$$;
COMMENT ON FUNCTION custody.verify_held() IS
'the held events that are not those that were sealed: a row for each; errors: 42P01 without a ledger, 22P02, 22023 and XX001 for what is malformed; privilege: SELECT on the ledger';

-- A prune is an event, too. That event may be pruned itself, by a later one.
CREATE FUNCTION custody.verify_prunes()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT format('prune %s', p.id), 'refuted', 'no event of the ledger says so, or it says something else'
      FROM custody_ledger.prune p
     WHERE NOT EXISTS (
               SELECT FROM custody_ledger.event e
                CROSS JOIN LATERAL (SELECT custody.note_of(e.op, e.new) AS note) n
                WHERE e.at = p.pruned_at AND e.tbl = 0
                  AND n.note @> jsonb_build_object('kind', 'prune', 'prune', p.id, 'transactions', p.transactions,
                                                   'events', p.events, 'held', p.held)
                  AND (n.note ->> 'from')::timestamptz = p.lower AND (n.note ->> 'to')::timestamptz = p.upper)
       AND NOT EXISTS (SELECT FROM custody.newest_prunes() q WHERE q.id > p.id AND q.pruned_at >= q.upper
                          AND p.pruned_at >= q.lower AND p.pruned_at < q.upper)
    UNION ALL
    SELECT format('prune %s', p.id), 'refuted',
           format('%s held events were kept, %s are there', p.held, count(h.prune))
      FROM custody_ledger.prune p LEFT JOIN custody_ledger.held_event h ON h.prune = p.id
     GROUP BY p.id, p.held HAVING count(h.prune) IS DISTINCT FROM coalesce(p.held, 0)
    UNION ALL
    -- Who began before a prune may write after it.
    SELECT format('transaction %s', t.xid), 'refuted',
           format('it came after its time was pruned, and %s of its %s events are there', count(e.xid), t.events)
      FROM custody_ledger.tx t
      LEFT JOIN custody_ledger.event e ON e.at = t.at AND e.xid = t.xid AND e.incarnation = t.incarnation
     WHERE t.contexts IS NOT NULL AND EXISTS (SELECT FROM custody_ledger.prune p WHERE t.at >= p.lower AND t.at < p.upper)
       AND NOT EXISTS (SELECT FROM custody_ledger.held_event h
                        WHERE h.at = t.at AND h.xid = t.xid AND h.incarnation = t.incarnation)
     GROUP BY t.at, t.xid, t.incarnation, t.events HAVING count(e.xid) < t.events
    UNION ALL
    SELECT format('prune %s', p.id), 'refuted',
           format('it was of %s transactions, %s are without their events', p.transactions, count(*))
      FROM custody_ledger.prune p JOIN custody_ledger.tx t ON t.at >= p.lower AND t.at < p.upper
     WHERE NOT EXISTS (SELECT FROM custody_ledger.prune q WHERE q.id > p.id AND q.lower < p.upper AND q.upper > p.lower)
       AND (t.contexts IS NULL OR EXISTS (SELECT FROM custody_ledger.held_event h
                                           WHERE h.at = t.at AND h.xid = t.xid AND h.incarnation = t.incarnation))
     GROUP BY p.id, p.transactions HAVING count(*) > p.transactions;
END
$$;
COMMENT ON FUNCTION custody.verify_prunes() IS
'the records of prunes that no event tells, those whose held events are not as many as were kept or whose transactions are more than they were, and transactions that came after their time was pruned and lack events; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.verify_beside()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT format('incarnation %s', i.short), 'refuted', 'its system, timeline and database do not give its hash'
      FROM custody_ledger.incarnation i
     WHERE i.incarnation IS DISTINCT FROM sha256(E'\\x12'::bytea
               || int8send((i.system_identifier - CASE WHEN i.system_identifier < 9223372036854775808 THEN 0
                                                       ELSE 18446744073709551616 END)::int8)
               || substr(int8send(i.timeline), 5) || substr(int8send(i.database::int8), 5))
        OR int8send(i.short) IS DISTINCT FROM substr(i.incarnation, 1, 8)
    UNION ALL
    SELECT format('organization %s', encode(o.org, 'hex')), 'refuted', 'its first link is not of its first block, or is not there'
      FROM custody_ledger.org o LEFT JOIN custody_ledger.link l ON l.org = o.org AND l.k = 1
     WHERE l.block IS DISTINCT FROM o.first_block
    UNION ALL
    SELECT format('link %s of organization %s', l.k, encode(l.org, 'hex')), 'refuted', 'is of a block that is not there'
      FROM custody_ledger.link l WHERE NOT EXISTS (SELECT FROM custody_ledger.block b WHERE b.number = l.block)
    UNION ALL
    SELECT format('block %s', b.number), 'refuted', 'is before the first one' FROM custody_ledger.block b WHERE b.number < 1
    UNION ALL
    SELECT format('descriptor %s', d.id), 'refuted', 'has another version than its text'
      FROM custody_ledger.descriptor d
     WHERE d.id <> 0 AND d.version::text IS DISTINCT FROM custody.json_or_null(d.text) ->> 'version'
    UNION ALL
    SELECT format('%I.%I', a.schema, a.name), 'refuted', 'is said to be recorded no more, but no event says so'
      FROM custody_ledger.audited a
     WHERE a.active IS NOT TRUE AND NOT EXISTS (
               SELECT FROM custody_ledger.event e
                CROSS JOIN LATERAL (SELECT custody.note_of(e.op, e.new) AS note) n
                WHERE e.at = a.until AND e.tbl = a.id AND n.note ->> 'kind' IN ('audit_off', 'drop'))
       AND NOT EXISTS (SELECT FROM custody.newest_prunes() q WHERE a.until >= q.lower AND a.until < q.upper)
    UNION ALL
    SELECT c.oid::regclass::text, 'refuted', 'has row security, a rule or a trigger that is not custody''s: it may show '
           'readers something else than it holds, or keep something else than it gets'
      FROM pg_class c
     WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p')
       AND (c.relrowsecurity OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid)
            OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid
                          AND g.tgfoid IS DISTINCT FROM to_regprocedure('custody.guard_ledger()')));
END
$$;
COMMENT ON FUNCTION custody.verify_beside() IS
'the part of custody.verify_ledger() that holds what no block hashes against what is hashed: incarnations, organizations, links and blocks that are none, versions, tables that are recorded no more, and what would stand between the ledger and its readers; one row for each finding; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.path_root(bytea, jsonb), custody.verify_held(), custody.verify_prunes(),
    custody.verify_beside() FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY['custody.path_root(bytea, jsonb)',
    'custody.verify_held()', 'custody.verify_prunes()', 'custody.verify_beside()']::regprocedure[]) f;
