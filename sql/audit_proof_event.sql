-- Evidence for one event.

CREATE FUNCTION custody.block_of_transaction(xid xid8, incarnation int8) RETURNS int8
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.number FROM custody_ledger.block b JOIN custody_ledger.incarnation i ON i.short = block_of_transaction.incarnation
     WHERE b.lineage = i.lineage AND pg_visible_in_snapshot(block_of_transaction.xid, b.snapshot)
        OR b.kind = 1 AND b.notes <> '' AND EXISTS (
           SELECT FROM jsonb_array_elements(b.notes::jsonb -> 'adopted') a
            WHERE decode(a ->> 0, 'hex') = i.incarnation AND (a ->> 1)::xid8 = block_of_transaction.xid)
     ORDER BY b.number LIMIT 1
$$;
COMMENT ON FUNCTION custody.block_of_transaction(xid8, int8) IS
'number of the block that a recorded transaction is in; NULL while it is in none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.event_place(xid xid8, seq int4, INOUT incarnation int8, OUT block int8, OUT org bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    times int;
    started timestamptz;
BEGIN
    SELECT count(*), min(t.incarnation), min(t.at) INTO times, incarnation, started FROM custody_ledger.tx t
     WHERE t.xid = event_place.xid AND (event_place.incarnation IS NULL OR t.incarnation = event_place.incarnation);
    IF times > 1 THEN
        RAISE EXCEPTION 'transaction % was recorded in several incarnations', xid
            USING ERRCODE = 'cardinality_violation', HINT = 'Name the incarnation.';
    END IF;
    SELECT coalesce(e.org, '') INTO org
      FROM (SELECT e.org FROM custody_ledger.event e
             WHERE e.at = started AND e.xid = event_place.xid AND e.incarnation = event_place.incarnation
               AND e.seq = event_place.seq
            UNION ALL
            SELECT h.org FROM custody_ledger.held_event h
             WHERE h.at = started AND h.xid = event_place.xid AND h.incarnation = event_place.incarnation
               AND h.seq = event_place.seq) e LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no event % of transaction %', seq, xid
            USING ERRCODE = 'no_data_found', HINT = 'custody.changes() has the numbers.';
    END IF;
    block := custody.block_of_transaction(xid, incarnation);
    IF block IS NULL THEN
        RAISE EXCEPTION 'transaction % is in no block yet', xid
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call custody.seal().';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.event_place(xid8, int4, int8) IS
'block and organization of an event; errors: P0002 where there is none, 55000 where it is in no block yet, 21000 where several incarnations have the transaction and none is named; privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_leaves(block int8, org bytea)
    RETURNS TABLE (incarnation int8, xid xid8, index int8, leaf bytea)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.short, t.xid, row_number() OVER (ORDER BY t.incarnation, t.xid) - 1, t.leaf
      FROM (SELECT t.*, custody.ledger_org_transaction(custody.ledger_token(t.secret, t.incarnation, t.xid), t.at, t.committing_at,
                                                       t.orgs, bundle_leaves.org) AS leaf
              FROM custody.block_transactions(bundle_leaves.block) t) t
     WHERE t.leaf IS NOT NULL ORDER BY 3
$$;
COMMENT ON FUNCTION custody.bundle_leaves(int8, bytea) IS
'the leaves of an organization''s tree in a block, in their order: the transaction, its place, its leaf; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- The blocks behind its own are the same for all: a copy of them beside each held event would outgrow the ledger.
CREATE FUNCTION custody.bundle_event(block int8, org bytea, incarnation int8, xid xid8, seq int4, leaves bytea[], index int8)
    RETURNS SETOF text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own record;
BEGIN
    SELECT e.*, array_agg(e.leaf) OVER w AS events, row_number() OVER (ORDER BY e.seq) - 1 AS before INTO own
      FROM custody.bundle_events(block, org, false, bundle_event.xid, incarnation) e
    WINDOW w AS (ORDER BY e.seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
     ORDER BY e.seq = bundle_event.seq DESC LIMIT 1;
    RETURN NEXT custody.bundle_header('event', org, block, block);
    RETURN NEXT custody.bundle_block(block, false, false);
    RETURN NEXT custody.bundle_descriptor(own.descriptor);
    RETURN NEXT custody.ledger_context_line(own.contexts, own.context, 2);
    RETURN NEXT own.line;
    RETURN NEXT format('{"t": "path", "index": %s, "of": %s, "hashes": %s}', own.before,
                       cardinality(own.events), custody.ledger_path(own.events, own.before));
    RETURN NEXT own.transaction_line;
    RETURN NEXT format('{"t": "path", "index": %s, "of": %s, "hashes": %s}', index,
                       cardinality(leaves), custody.ledger_path(leaves, index));
    RETURN QUERY SELECT custody.bundle_link(l.org, l.k, false) FROM custody_ledger.link l
                  WHERE l.org = bundle_event.org AND l.block = bundle_event.block;
    RETURN NEXT custody.bundle_head(org, block);
END
$$;
COMMENT ON FUNCTION custody.bundle_event(int8, bytea, int8, xid8, int4, bytea[], int8) IS
'a bundle that proves that an event is in its block, the last one that it has; arguments: as custody.event_place() has them, all leaves of custody.bundle_leaves(), the place of the transaction''s; errors: as custody.bundle_events(); privilege: SELECT on the ledger';

CREATE FUNCTION custody.event_proof(xid xid8, seq int4, incarnation int8 DEFAULT NULL) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
DECLARE
    place record;
    leaves bytea[];
    index int8;
    lines text[];
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_bundle_encoding();
    place := custody.event_place(xid, seq, incarnation);
    SELECT h.proof INTO lines FROM custody_ledger.held_event h
     WHERE h.xid = event_proof.xid AND h.incarnation = place.incarnation AND h.seq = event_proof.seq LIMIT 1;
    IF lines IS NULL THEN
        SELECT array_agg(l.leaf ORDER BY l.index), min(l.index) FILTER (WHERE l.xid = event_proof.xid AND l.incarnation = place.incarnation)
          INTO leaves, index FROM custody.bundle_leaves(place.block, place.org) l;
        lines := ARRAY(SELECT custody.bundle_event(place.block, place.org, place.incarnation, xid, seq, leaves, index));
    END IF;
    RETURN NEXT lines[1];
    RETURN QUERY SELECT custody.bundle_block(b.number, false, false) FROM custody_ledger.block b
                  WHERE b.number >= place.block ORDER BY b.number;
    RETURN QUERY SELECT l.line FROM unnest(lines) WITH ORDINALITY l (line, n)
                  WHERE l.n > 1 AND l.line NOT LIKE '{"t": "block"%' ORDER BY l.n;
END
$$;
COMMENT ON FUNCTION custody.event_proof(xid8, int4, int8) IS
'a bundle that proves one event, of one that was pruned under a hold, too: what it says, and that it is in its block; with the blocks up to the newest; arguments: its transaction and its number there, and the first 8 bytes of the incarnation where several have the transaction; errors: P0002 where there is no such event, 55000 where it is in no block yet or the client''s encoding is another than UTF8, 21000 where several incarnations have the transaction; privilege: custody_auditor, custody_admin';

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname = 'custody' AND (p.proname LIKE 'bundle\_%' OR p.proname IN (
                    'block_transactions', 'check_bundle_blocks', 'check_bundle_encoding', 'export_org', 'export_evidence', 'export_ledger',
                    'block_of_transaction', 'event_place', 'event_proof')) LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END
$$;
SELECT custody.give_duty('{admin,auditor}', f::regprocedure) FROM unnest(ARRAY[
    'custody.export_evidence(uuid, int8, int8)', 'custody.export_evidence(int8, int8, int8)',
    'custody.export_evidence(text, int8, int8)', 'custody.export_ledger(int8, int8)',
    'custody.event_proof(xid8, int4, int8)']) f;
-- By which custody.verify_ledger() looks at the proofs of held events.
SELECT custody.give_duty('{admin,operator,auditor}', f::regprocedure) FROM unnest(ARRAY[
    'custody.bundle_header(text, bytea, int8, int8)', 'custody.bundle_block(int8, boolean, boolean)',
    'custody.bundle_descriptor(int4)', 'custody.bundle_link(bytea, int8, boolean)', 'custody.bundle_head(bytea, int8)',
    'custody.block_of_transaction(xid8, int8)']) f;
