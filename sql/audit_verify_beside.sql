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
        OR (h.key_hash IS NULL) <> (h.key IS NOT NULL) OR h.org IS NULL OR h.pair = -1 OR E'\\x00' IN (h.old, h.new)
        OR h.images_hash IS NOT NULL AND (h.old IS NOT NULL OR h.new IS NOT NULL)
        OR h.path -> 'of' IS DISTINCT FROM o -> 'events'
        OR encode(custody.path_root(custody.ledger_event_hash(
               custody.ledger_order(t.secret, i.incarnation, t.xid, h.seq, h.cid, h.lsn, h.pair), h.op,
               custody.ledger_context_hash(t.contexts, h.context), d.hash,
               coalesce(h.key_hash, custody.ledger_key_hash(h.key_salt, coalesce(h.key, ''))),
               coalesce(h.images_hash, custody.ledger_images_hash(h.images_salt, coalesce(h.old, E'\\x00'),
                                                                  coalesce(h.new, E'\\x00')))), h.path), 'hex')
           IS DISTINCT FROM o ->> 'tree';
    -- Whose proof is not what custody.bundle_event() would write; its paths are followed, not made again.
    RETURN QUERY
    WITH held AS MATERIALIZED (
        SELECT h.*, coalesce(h.org, '') AS of_org, custody.block_of_transaction(h.xid, h.incarnation) AS block, l.lines,
               cardinality(array_positions(l.kinds, 'block')) AS blocks
          FROM custody_ledger.held_event h
         CROSS JOIN LATERAL (SELECT array_agg(u.l ORDER BY u.n) AS lines, array_agg(u.l ->> 't' ORDER BY u.n) AS kinds
                               FROM (SELECT custody.json_or_null(x.l) AS l, x.n FROM unnest(h.proof) WITH ORDINALITY x (l, n)) u) l),
    heads AS MATERIALIZED (
        SELECT o.of_org, o.block, custody.bundle_head(o.of_org, o.block)::jsonb AS line
          FROM (SELECT DISTINCT h.of_org, h.block FROM held h) o),
    chain AS MATERIALIZED (
        SELECT b.number, custody.bundle_block(b.number, false, false)::jsonb AS line FROM custody_ledger.block b
         WHERE b.number >= (SELECT min(h.block) FROM held h))
    SELECT format('held event %s of transaction %s', h.seq, h.xid), 'refuted', 'has a proof that is not its own'
      FROM held h
      LEFT JOIN heads a ON a.of_org = h.of_org AND a.block = h.block
      LEFT JOIN custody_ledger.link l ON l.org = h.of_org AND l.block = h.block
      LEFT JOIN custody_ledger.incarnation i ON i.short = h.incarnation
      LEFT JOIN custody_ledger.tx t ON t.at = h.at AND t.xid = h.xid AND t.incarnation = h.incarnation
      LEFT JOIN custody_ledger.descriptor d ON d.id = h.descriptor
     CROSS JOIN LATERAL (SELECT custody.ledger_token(t.secret, i.incarnation, t.xid) AS token) k
     WHERE h.lines IS DISTINCT FROM custody.bundle_header('event', h.of_org, h.block, h.block)::jsonb
           || ARRAY(SELECT c.line FROM chain c WHERE c.number >= h.block AND c.number < h.block + h.blocks ORDER BY c.number)
           || custody.bundle_descriptor(h.descriptor)::jsonb || custody.ledger_context_line(t.contexts, h.context, 2)::jsonb
           || jsonb_build_object('t', 'event', 'op', h.op, 'context', encode(custody.ledger_context_hash(t.contexts, h.context), 'hex'),
                  'descriptor', encode(d.hash, 'hex'), 'order', encode(custody.ledger_order(
                      t.secret, i.incarnation, t.xid, h.seq, h.cid, h.lsn, h.pair), 'hex'),
                  'key', CASE WHEN h.key_hash IS NULL THEN jsonb_build_object('salt', encode(uuid_send(h.key_salt), 'hex'), 'bytes', encode(h.key, 'hex'))
                              ELSE jsonb_build_object('hash', encode(h.key_hash, 'hex')) END,
                  'images', CASE WHEN h.images_hash IS NULL THEN jsonb_build_object('salt', encode(uuid_send(h.images_salt), 'hex'),
                                      'old', encode(coalesce(h.old, E'\\x00'), 'hex'), 'new', encode(coalesce(h.new, E'\\x00'), 'hex'))
                                 ELSE jsonb_build_object('hash', encode(h.images_hash, 'hex')) END)
           || h.lines[h.blocks + 5] || jsonb_build_object('t', 'transaction', 'token', encode(k.token, 'hex'),
                  'started', custody.ledger_time(t.at)::text, 'committing', custody.ledger_time(t.committing_at)::text,
                  'events', custody.ledger_org_events(t.orgs, h.of_org))
           || h.lines[h.blocks + 7] || custody.bundle_link(h.of_org, l.k, false)::jsonb || a.line
        OR h.blocks = 0 OR h.lines[h.blocks + 7] - 'hashes' IS DISTINCT FROM jsonb_build_object(
               't', 'path', 'index', h.lines[h.blocks + 7] -> 'index', 'of', l.transactions)
        OR custody.path_root(custody.ledger_org_transaction(k.token, t.at, t.committing_at, t.orgs, h.of_org),
                             h.lines[h.blocks + 7]) IS DISTINCT FROM l.tree;
END
$$;
COMMENT ON FUNCTION custody.verify_held() IS
'the held events that are not those that were sealed: a row for each; errors: 42P01 without a ledger, 22P02, 22023 and XX001 for what is malformed; privilege: SELECT on the ledger';

-- By its bounds the planner passes over a partition, whatever it holds.
CREATE FUNCTION custody.verify_places()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET constraint_exclusion = off AS $$
DECLARE
    part record;
    elsewhere int8;
BEGIN
    status := 'refuted';
    FOR part IN SELECT t.relid, pg_get_partition_constraintdef(t.relid) AS bounds
                  FROM unnest('{event,tx}'::text[]) p CROSS JOIN LATERAL pg_partition_tree(to_regclass('custody_ledger.' || p)) t
                  JOIN pg_class c ON c.oid = t.relid AND c.relkind = 'r' LOOP
        EXECUTE format('SELECT count(*) FROM ONLY %s WHERE (%s) IS NOT TRUE', part.relid, coalesce(part.bounds, 'true')) INTO elsewhere;
        IF elsewhere > 0 THEN
            object := part.relid::text;
            detail := format('it hides %s rows: they are not within its bounds', elsewhere);
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.verify_places() IS
'the partitions of the ledger that hold rows of other times than their bounds say, which queries by time are not shown: a row for each; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

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
                  AND n.note ->> 'request' IS NOT DISTINCT FROM p.request::text
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
    SELECT format('incarnation %s', i.short), 'refuted', 'where it came from, why or when it was noticed is not as its blocks tell'
      FROM custody_ledger.incarnation i LEFT JOIN custody_ledger.incarnation p ON p.short = i.parent
      LEFT JOIN LATERAL (SELECT b.number, b.sealed_at, (SELECT o.incarnation FROM custody_ledger.block o WHERE o.number = b.number - 1) AS before
                           FROM custody_ledger.block b WHERE b.incarnation = i.short ORDER BY b.number LIMIT 1) b ON true
     WHERE i.noticed_at IS NULL OR CASE i.reason
               WHEN 'noted by hand' THEN i.parent IS NOT NULL
               WHEN 'wrote before a block was sealed' THEN
                   (p.system_identifier = i.system_identifier AND p.database = i.database AND p.timeline <> i.timeline) IS NOT TRUE
               -- What seal() made the first block of. Its clock may be stepped, the order of blocks is hashed.
               ELSE i.parent IS DISTINCT FROM b.before OR abs(extract(epoch FROM i.noticed_at - b.sealed_at)) < 3600 IS NOT TRUE
                    OR i.reason IS DISTINCT FROM CASE
                           WHEN p.short IS NULL THEN 'the ledger was made here'
                           WHEN p.system_identifier <> i.system_identifier THEN 'another server: restored from a dump, or upgraded'
                           WHEN p.database <> i.database THEN 'another database of the server: copied or restored from a dump'
                           ELSE 'another timeline: promoted or recovered to a point in time' END END
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
     WHERE CASE d.id WHEN 0 THEN (d.tbl, d.version) IS DISTINCT FROM (0, 0)
                     ELSE d.version::text IS DISTINCT FROM custody.json_or_null(d.text) ->> 'version' END
    UNION ALL
    SELECT 'custody_ledger.ledger', 'refuted', 'was made at another time than its descriptor 0'
      FROM custody_ledger.ledger l LEFT JOIN custody_ledger.descriptor d ON d.id = 0
     WHERE l.made_at IS DISTINCT FROM d.made_at
    UNION ALL
    SELECT format('%I.%I', a.schema, a.name), 'refuted', 'is recorded, and said to be no more since'
      FROM custody_ledger.audited a WHERE a.active AND a.until IS NOT NULL
    UNION ALL
    SELECT format('%I.%I', a.schema, a.name), 'refuted', format('is table %I.%I by its newest descriptor', d.schema, d.name)
      FROM custody_ledger.audited a
     CROSS JOIN LATERAL (SELECT x.j ->> 'schema' AS schema, x.j ->> 'name' AS name
                           FROM (SELECT custody.json_or_null(d.text) AS j FROM custody_ledger.descriptor d
                                  WHERE d.tbl = a.id ORDER BY d.version DESC LIMIT 1) x) d
     WHERE (a.schema::text, a.name::text) IS DISTINCT FROM (d.schema, d.name)
    UNION ALL
    SELECT 'custody_ledger.' || d.name, 'refuted', format('%s is there %s times', d.what, d.times)
      FROM (SELECT 'incarnation' AS name, i.short::text AS what, count(*) AS times FROM custody_ledger.incarnation i GROUP BY i.short
             UNION ALL SELECT 'audited', 'id ' || a.id, count(*) FROM custody_ledger.audited a GROUP BY a.id
             UNION ALL SELECT 'audited', 'identity ' || a.identity, count(*) FROM custody_ledger.audited a GROUP BY a.identity
             UNION ALL SELECT 'descriptor', 'id ' || e.id, count(*) FROM custody_ledger.descriptor e GROUP BY e.id
             UNION ALL SELECT 'org', 'organization ' || encode(o.org, 'hex'), count(*) FROM custody_ledger.org o GROUP BY o.org
             UNION ALL SELECT 'org', 'slot ' || o.slot, count(*) FROM custody_ledger.org o GROUP BY o.slot
             UNION ALL SELECT 'hold', 'id ' || h.id, count(*) FROM custody_ledger.hold h GROUP BY h.id
             UNION ALL SELECT 'request', 'id ' || r.id, count(*) FROM custody_ledger.request r GROUP BY r.id
             UNION ALL SELECT 'prune', 'id ' || p.id, count(*) FROM custody_ledger.prune p GROUP BY p.id) d
     WHERE d.times > 1
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
                          AND g.tgfoid IS DISTINCT FROM to_regprocedure('custody.guard_ledger()')))
    UNION ALL
    SELECT c.oid::regclass::text, 'refuted', w.detail
      FROM pg_class c CROSS JOIN LATERAL (VALUES
           (c.relpersistence <> 'p', 'is not logged: a crash of the server empties it'),
           -- A planner believes a CHECK or NOT NULL, and leaves out what it says that there is not.
           (EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'u', 'n'))
            OR EXISTS (SELECT FROM pg_attrdef d WHERE d.adrelid = c.oid)
            OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull AND a.attidentity = ''
                          AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND a.attnum = ANY (x.indkey))),
            'has a constraint or a default that is not custody''s: its readers may not be shown all that it holds'),
           (EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                     WHERE c.oid IN (i.inhparent, i.inhrelid) AND p.relkind <> 'p'),
            'inherits from a table, or another one from it: its readers are shown the rows of both')) AS w (holds, detail)
     WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') AND w.holds;
END
$$;
COMMENT ON FUNCTION custody.verify_beside() IS
'the part of custody.verify_ledger() that holds what no block hashes against what is hashed: incarnations, organizations, links and blocks that are none, versions, tables that are recorded no more, and what would stand between the ledger and its readers; one row for each finding; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

REVOKE ALL ON FUNCTION custody.path_root(bytea, jsonb), custody.verify_held(), custody.verify_prunes(),
    custody.verify_places(), custody.verify_beside() FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY['custody.path_root(bytea, jsonb)',
    'custody.verify_held()', 'custody.verify_prunes()', 'custody.verify_places()', 'custody.verify_beside()']::regprocedure[]) f;
