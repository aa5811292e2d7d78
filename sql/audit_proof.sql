-- Evidence: what a third party checks without the database (docs/ledger-format.md, section 8). The lines of a
-- bundle are made in their order, block by block, so that what is kept at a time is one block's.
-- SECURITY DEFINER, because who may hand out evidence has no rights on the ledger's tables.

-- By the index on xid: only what lies between two snapshots is looked at.
CREATE FUNCTION custody.block_transactions(block int8, only_xid xid8 DEFAULT NULL, only_incarnation int8 DEFAULT NULL)
    RETURNS TABLE (short int8, incarnation bytea, xid xid8, at timestamptz, committing_at timestamptz,
                   secret bytea, orgs bytea, contexts bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sealed record;
    before pg_snapshot;
BEGIN
    IF only_xid IS NOT NULL THEN
        -- The whole block would be read for it.
        RETURN QUERY
        SELECT t.incarnation, i.incarnation, t.xid, t.at, t.committing_at, t.secret, t.orgs, t.contexts
          FROM custody_ledger.tx t JOIN custody_ledger.incarnation i ON i.short = t.incarnation
         WHERE t.xid = only_xid AND t.incarnation = only_incarnation
           AND custody.block_of_transaction(t.xid, t.incarnation) = block_transactions.block;
        RETURN;
    END IF;
    SELECT * INTO sealed FROM custody_ledger.block b WHERE b.number = block_transactions.block;
    SELECT b.snapshot INTO before FROM custody_ledger.block b
     WHERE b.number < block_transactions.block AND b.lineage = sealed.lineage ORDER BY b.number DESC LIMIT 1;
    RETURN QUERY
    SELECT t.incarnation, i.incarnation, t.xid, t.at, t.committing_at, t.secret, t.orgs, t.contexts
      FROM custody_ledger.tx t JOIN custody_ledger.incarnation i ON i.short = t.incarnation
     WHERE t.xid >= coalesce(pg_snapshot_xmin(before), '0') AND t.xid < pg_snapshot_xmax(sealed.snapshot)
       AND i.lineage = sealed.lineage AND pg_visible_in_snapshot(t.xid, sealed.snapshot)
       AND pg_visible_in_snapshot(t.xid, before) IS NOT TRUE
     UNION ALL
    SELECT t.incarnation, i.incarnation, t.xid, t.at, t.committing_at, t.secret, t.orgs, t.contexts
      FROM jsonb_array_elements(nullif(sealed.notes, '')::jsonb -> 'adopted') a
      JOIN custody_ledger.incarnation i ON i.incarnation = decode(a ->> 0, 'hex')
      JOIN custody_ledger.tx t ON t.incarnation = i.short AND t.xid = (a ->> 1)::xid8;
END
$$;
COMMENT ON FUNCTION custody.block_transactions(int8, xid8, int8) IS
'the transactions of a block, or one of them: those that its snapshot sees and the one before in its lineage does not, and what it adopted; none for a block that there is not; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_block(block int8, whole boolean, every_slot boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"t": "block", "number": %s, "incarnation": "%s", "before": "%s", "slots": "%s", %s, "sealed_at": "%s"%s}',
               b.number, encode(i.incarnation, 'hex'), encode(b.previous, 'hex'), encode(b.slots, 'hex'),
               CASE WHEN whole THEN format(
                   '"secret": "%s", "kind": %s, "lineage": %s, "snapshot": "%s", "transactions": %s, "events": %s, '
                   '"tree": "%s", "lsn": "%s", "notes": %s',
                   encode(b.secret, 'hex'), b.kind, b.lineage, b.snapshot, b.transactions, b.events,
                   encode(b.tree, 'hex'), b.lsn - '0/0', to_json(coalesce(b.notes, '')))
               ELSE format('"private": "%s"', encode(b.private, 'hex')) END,
               custody.ledger_time(b.sealed_at),
               CASE WHEN whole THEN format(', "slot_of": [%s]', (
                   SELECT string_agg(format('[%s, "%s"]', o.slot, encode(o.org, 'hex')), ', ' ORDER BY o.slot)
                     FROM custody_ledger.org o
                    WHERE EXISTS (SELECT FROM custody_ledger.link l WHERE l.org = o.org AND l.k = 1
                                     AND (l.block = b.number OR every_slot AND l.block < b.number)))) END)
      FROM custody_ledger.block b LEFT JOIN custody_ledger.incarnation i ON i.short = b.incarnation
     WHERE b.number = bundle_block.block
$$;
COMMENT ON FUNCTION custody.bundle_block(int8, boolean, boolean) IS
'line of a bundle for a block: whole with its private part and the slots of its new organizations, or of every one up to it; NULL where there is no such block; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_link(org bytea, k int8, whole boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"t": "link", %s"k": %s, "block": %s, "transactions": %s, "events": %s, "total": %s, "tree": "%s", "before": "%s"}',
               CASE WHEN whole THEN format('"org": "%s", ', encode(l.org, 'hex')) END, l.k, l.block,
               l.transactions, l.events, l.total, encode(l.tree, 'hex'), encode(l.previous, 'hex'))
      FROM custody_ledger.link l WHERE l.org = bundle_link.org AND l.k = bundle_link.k
$$;
COMMENT ON FUNCTION custody.bundle_link(bytea, int8, boolean) IS
'line of a bundle for a link of an organization, which is named in whole ledgers only; NULL where there is no such link; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_head(org bytea, block int8) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH newest AS (
        SELECT DISTINCT ON (l.org) l.org, o.slot, l.hash
          FROM custody_ledger.link l JOIN custody_ledger.org o ON o.org = l.org
         WHERE l.block <= bundle_head.block ORDER BY l.org, l.k DESC)
    SELECT format('{"t": "head", "block": %s, "slot": %s, %s, "link": "%s"}', bundle_head.block, own.slot,
               custody.ledger_slot_path(b.secret, (SELECT array_agg(n.slot ORDER BY n.slot) FROM newest n),
                                        (SELECT array_agg(n.hash ORDER BY n.slot) FROM newest n), own.slot),
               encode(own.hash, 'hex'))
      FROM newest own, custody_ledger.block b
     WHERE own.org = bundle_head.org AND b.number = bundle_head.block
$$;
COMMENT ON FUNCTION custody.bundle_head(bytea, int8) IS
'line of a bundle that shows an organization''s newest link in the slots of a block; NULL where it has none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- What an event's line is made of, and the event's hash for the paths.
CREATE FUNCTION custody.bundle_events(block int8, org bytea, whole boolean, fixed_xid xid8 DEFAULT NULL,
                                      fixed_incarnation int8 DEFAULT NULL)
    RETURNS TABLE (short int8, xid xid8, at timestamptz, seq int4, descriptor int4, context int2,
                   contexts bytea, transaction_line text, line text, leaf bytea)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lower timestamptz;
    upper timestamptz;
BEGIN
    -- As parameters of the query below they keep it to the partitions, and parts of them, that matter.
    SELECT min(t.at), max(t.at) INTO lower, upper FROM custody.block_transactions(block, fixed_xid, fixed_incarnation) t;
    RETURN QUERY
    WITH members AS MATERIALIZED (
        SELECT t.*, custody.ledger_token(t.secret, t.incarnation, t.xid) AS token
          FROM custody.block_transactions(bundle_events.block, fixed_xid, fixed_incarnation) t
         WHERE bundle_events.org IS NULL OR custody.ledger_org_events(t.orgs, bundle_events.org) IS NOT NULL)
    SELECT m.short, m.xid, m.at, e.seq, e.descriptor, e.context, m.contexts,
           CASE WHEN NOT whole THEN
               format('{"t": "transaction", "token": "%s", "started": "%s", "committing": "%s", "events": %s}',
                   encode(m.token, 'hex'), custody.ledger_time(m.at), custody.ledger_time(m.committing_at),
                   custody.ledger_org_events(m.orgs, bundle_events.org))
           ELSE format('{"t": "%s", "%s": "%s", "incarnation": "%s", "xid": "%s", "started": "%s", "committing": "%s", "orgs": %s}',
                   CASE WHEN p.pruned THEN 'prune' ELSE 'transaction' END,
                   CASE WHEN p.pruned THEN 'token' ELSE 'secret' END,
                   encode(CASE WHEN p.pruned THEN m.token ELSE m.secret END, 'hex'),
                   encode(m.incarnation, 'hex'), m.xid, custody.ledger_time(m.at),
                   custody.ledger_time(m.committing_at), custody.ledger_orgs(m.orgs)) END,
           CASE WHEN e.seq IS NOT NULL THEN
               format('{"t": "event", "op": "%s", "context": "%s", "descriptor": "%s", "key": %s, "images": %s, %s}',
                   e.op, encode(c.hash, 'hex'), encode(d.hash, 'hex'),
                   CASE WHEN e.key_salt IS NULL THEN format('{"hash": "%s"}', encode(e.key_hash, 'hex'))
                        ELSE format('{"salt": "%s", "bytes": "%s"}', replace(e.key_salt::text, '-', ''),
                                    encode(coalesce(e.key, ''), 'hex')) END,
                   CASE WHEN e.images_salt IS NULL THEN format('{"hash": "%s"}', encode(e.images_hash, 'hex'))
                        ELSE format('{"salt": "%s", "old": "%s", "new": "%s"}', replace(e.images_salt::text, '-', ''),
                                    encode(coalesce(e.old, E'\\x00'), 'hex'), encode(coalesce(e.new, E'\\x00'), 'hex')) END,
                   CASE WHEN whole THEN
                       format('"seq": %s, "cid": %s, "lsn": "%s", "pair": %s, "org": "%s"', e.seq, e.cid,
                              e.lsn - '0/0', coalesce(e.pair::text, 'null'), encode(coalesce(e.org, ''), 'hex'))
                   ELSE format('"order": "%s"', encode(h.position, 'hex')) END) END,
           CASE WHEN fixed_xid IS NOT NULL AND e.seq IS NOT NULL THEN
               custody.ledger_event_hash(h.position, e.op, c.hash, d.hash,
                   coalesce(e.key_hash, custody.ledger_key_hash(e.key_salt, coalesce(e.key, ''))),
                   coalesce(e.images_hash, custody.ledger_images_hash(e.images_salt, coalesce(e.old, E'\\x00'),
                                                                      coalesce(e.new, E'\\x00')))) END
      FROM members m
      LEFT JOIN custody_ledger.event e
             ON e.at = m.at AND e.at BETWEEN lower AND upper AND e.xid = m.xid AND e.incarnation = m.short
            AND (bundle_events.org IS NULL OR coalesce(e.org, '') = bundle_events.org)
      LEFT JOIN custody_ledger.descriptor d ON d.id = e.descriptor
     CROSS JOIN LATERAL (SELECT e.seq IS NULL AND EXISTS (
               SELECT FROM custody_ledger.prune p WHERE m.at >= p.lower AND m.at < p.upper) AS pruned) p
     CROSS JOIN LATERAL (SELECT CASE WHEN e.seq IS NOT NULL THEN
               custody.ledger_context_hash(m.contexts, e.context) END AS hash) c
     CROSS JOIN LATERAL (SELECT CASE WHEN NOT whole AND e.seq IS NOT NULL THEN
               custody.ledger_order(m.secret, m.incarnation, m.xid, e.seq, e.cid, e.lsn, e.pair) END AS position) h
     ORDER BY m.incarnation, m.xid, e.seq;
END
$$;
COMMENT ON FUNCTION custody.bundle_events(int8, bytea, boolean, xid8, int8) IS
'the transactions of a block with their events, all or those of one organization, in the order of a bundle, with the lines for them; a transaction without events has one row; errors: 42P01 without a ledger, XX001 where what is stored is malformed; privilege: SELECT on the ledger';

-- One function, because a descriptor is shown once in a whole bundle, and because lines that are returned
-- one by one go to disk when they are many.
CREATE FUNCTION custody.bundle_body(org bytea, from_block int8, to_block int8) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole constant boolean := org IS NULL;
    number int8;
    e record;
    here text;
    last text;
    closing text;
    known int4[] := '{}';
    contexts int2[];
BEGIN
    FOR number IN SELECT b.number FROM custody_ledger.block b
                   WHERE b.number BETWEEN from_block AND to_block AND (whole OR EXISTS (
                         SELECT FROM custody_ledger.link l WHERE l.org = bundle_body.org AND l.block = b.number))
                   ORDER BY b.number LOOP
        IF whole THEN
            RETURN NEXT custody.bundle_block(number, true, false);
        END IF;
        last := NULL;
        closing := NULL;
        FOR e IN SELECT * FROM custody.bundle_events(number, org, whole) LOOP
            here := e.short || ':' || e.xid;
            IF here IS DISTINCT FROM last THEN
                IF closing IS NOT NULL THEN
                    RETURN NEXT closing;
                END IF;
                IF whole THEN
                    RETURN NEXT e.transaction_line;
                ELSE
                    closing := e.transaction_line;
                END IF;
                last := here;
                contexts := '{}';
            END IF;
            CONTINUE WHEN e.line IS NULL;
            IF NOT e.descriptor = ANY (known) THEN
                known := known || e.descriptor;
                RETURN QUERY SELECT custody.bundle_descriptor(e.descriptor);
            END IF;
            IF NOT e.context = ANY (contexts) THEN
                contexts := contexts || e.context;
                RETURN NEXT custody.ledger_context_line(e.contexts, e.context, CASE WHEN whole THEN 3 ELSE 2 END);
            END IF;
            RETURN NEXT e.line;
        END LOOP;
        IF closing IS NOT NULL THEN
            RETURN NEXT closing;
        END IF;
        RETURN QUERY SELECT custody.bundle_link(l.org, l.k, whole) FROM custody_ledger.link l
                      WHERE l.block = number AND (whole OR l.org = bundle_body.org) ORDER BY l.org;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.bundle_body(bytea, int8, int8) IS
'the transactions and links of blocks as lines of a bundle, of one organization or (NULL) of the whole ledger, then with the blocks'' lines; errors: as custody.bundle_events(); privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_descriptor(descriptor int4) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"t": "descriptor", "text": %s}', to_json(d.text))
      FROM custody_ledger.descriptor d WHERE d.id = bundle_descriptor.descriptor
$$;
COMMENT ON FUNCTION custody.bundle_descriptor(int4) IS
'line of a bundle for a descriptor; NULL where there is none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.bundle_header(kind text, org bytea, from_block int8, to_block int8) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('{"format": "custody-bundle-1", "kind": "%s", "ledger": "%s", %s"from_block": %s, "to_block": %s}',
               kind, l.ledger, '"org": "' || encode(org, 'hex') || '", ', from_block, to_block)
      FROM custody_ledger.ledger l
$$;
COMMENT ON FUNCTION custody.bundle_header(text, bytea, int8, int8) IS
'first line of a bundle; org NULL: of a whole ledger; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- Lines that leave are converted for the client, and what they hash is not.
CREATE FUNCTION custody.check_bundle_encoding() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF getdatabaseencoding() <> 'SQL_ASCII' AND pg_client_encoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
        RAISE EXCEPTION 'a bundle of evidence is in UTF-8'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('The client''s encoding is %s.', pg_client_encoding()),
                  HINT = 'SET client_encoding = UTF8, or call psql with PGCLIENTENCODING=UTF8.';
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_bundle_encoding() IS
'refuses (55000) a client whose encoding would change the texts of a bundle; privilege: none';

CREATE FUNCTION custody.check_bundle_blocks(from_block int8, INOUT to_block int8)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest int8;
BEGIN
    PERFORM custody.check_ledger();
    PERFORM custody.check_bundle_encoding();
    SELECT max(b.number) INTO newest FROM custody_ledger.block b;
    to_block := coalesce(to_block, newest);
    IF newest IS NULL THEN
        RAISE EXCEPTION 'the ledger has no block' USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Call custody.seal().';
    ELSIF from_block IS NULL OR from_block < 1 OR to_block < from_block OR to_block > newest THEN
        RAISE EXCEPTION 'there are no blocks % to %', from_block, to_block
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('The ledger has blocks 1 to %s.', newest);
    END IF;
END
$$;
COMMENT ON FUNCTION custody.check_bundle_blocks(int8, int8) IS
'the last block of a bundle, the newest for NULL; errors: 55000 where there is no block, 22023 for blocks that there are not; privilege: SELECT on the ledger';

CREATE FUNCTION custody.export_org(org bytea, from_block int8, to_block int8) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest int8;
    before int8;
BEGIN
    IF org IS NULL THEN
        RAISE EXCEPTION 'no organization is named'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Give its uuid, number or text; the empty text is for events that belong to none.';
    END IF;
    to_block := custody.check_bundle_blocks(from_block, to_block);
    IF NOT EXISTS (SELECT FROM custody_ledger.link l WHERE l.org = export_org.org AND l.block <= to_block) THEN
        RAISE EXCEPTION 'the organization has no events up to block %', to_block
            USING ERRCODE = 'no_data_found',
                  HINT = 'Cast it to its type (uuid, bigint, text). That it has none shows only in the whole ledger: custody.export_ledger().';
    ELSIF EXISTS (
        SELECT FROM custody_ledger.link l, custody.block_transactions(l.block) t, custody_ledger.prune p
         WHERE l.org = export_org.org AND l.block BETWEEN from_block AND to_block
           AND t.at >= p.lower AND t.at < p.upper AND custody.ledger_org_events(t.orgs, export_org.org) IS NOT NULL) THEN
        RAISE EXCEPTION 'events of the organization in these blocks were dropped under the policy of retention'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Export later blocks; held events keep proofs of their own in custody_ledger.held_event.';
    END IF;
    SELECT max(b.number) INTO newest FROM custody_ledger.block b;
    SELECT max(l.k) INTO before FROM custody_ledger.link l WHERE l.org = export_org.org AND l.block < from_block;
    RETURN NEXT custody.bundle_header('org', org, from_block, to_block);
    RETURN QUERY SELECT custody.bundle_block(n, false, false)
                   FROM generate_series(CASE WHEN before IS NULL THEN to_block ELSE from_block - 1 END, newest) n
                  WHERE EXISTS (SELECT FROM custody_ledger.block b WHERE b.number = n);
    IF before IS NOT NULL THEN
        RETURN NEXT custody.bundle_link(org, before, false);
        RETURN NEXT custody.bundle_head(org, from_block - 1);
    END IF;
    RETURN QUERY SELECT custody.bundle_body(org, from_block, to_block);
    RETURN NEXT custody.bundle_head(org, to_block);
END
$$;
COMMENT ON FUNCTION custody.export_org(bytea, int8, int8) IS
'custody.export_evidence() for the bytes that an organization has in the ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.export_evidence(org uuid, from_block int8 DEFAULT 1, to_block int8 DEFAULT NULL) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on
    AS $$ SELECT custody.export_org('u'::bytea || uuid_send(org), from_block, to_block) $$;
CREATE FUNCTION custody.export_evidence(org int8, from_block int8 DEFAULT 1, to_block int8 DEFAULT NULL) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on
    AS $$ SELECT custody.export_org('b'::bytea || int8send(org), from_block, to_block) $$;
CREATE FUNCTION custody.export_evidence(org text, from_block int8 DEFAULT 1, to_block int8 DEFAULT NULL) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on
    AS $$ SELECT custody.export_org(CASE org WHEN '' THEN '' ELSE custody.org_of_text(org) END, from_block, to_block) $$;
COMMENT ON FUNCTION custody.export_evidence(uuid, int8, int8) IS
'a bundle that proves that it has all events of an organization in these blocks (to_block NULL: up to the newest), as lines of JSON (docs/ledger-format.md, section 8): custody audit verify-bundle and examples/audit/verify_bundle.py check it without the database; shows nothing of other organizations; errors: 22004 for NULL, P0002 where the organization has no events, 55000 where events were pruned, there is no block, or the client''s encoding is another than UTF8, 22023 for blocks that there are not; privilege: custody_auditor, custody_admin';
COMMENT ON FUNCTION custody.export_evidence(int8, int8, int8) IS
'the same for an organization that is a bigint; errors and privilege: as for a uuid';
COMMENT ON FUNCTION custody.export_evidence(text, int8, int8) IS
'the same for an organization that is a text; the empty text: for the events that belong to none; errors and privilege: as for a uuid';

CREATE FUNCTION custody.export_ledger(from_block int8 DEFAULT 1, to_block int8 DEFAULT NULL) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on AS $$
BEGIN
    to_block := custody.check_bundle_blocks(from_block, to_block);
    RETURN NEXT custody.bundle_header('ledger', NULL, from_block, to_block);
    IF from_block > 1 THEN
        RETURN NEXT custody.bundle_block(from_block - 1, true, true);
        RETURN QUERY SELECT custody.bundle_link(l.org, max(l.k), true) FROM custody_ledger.link l
                      WHERE l.block < from_block GROUP BY l.org ORDER BY l.org;
    END IF;
    RETURN QUERY SELECT custody.bundle_body(NULL, from_block, to_block);
END
$$;
COMMENT ON FUNCTION custody.export_ledger(int8, int8) IS
'a bundle of everything in these blocks (to_block NULL: up to the newest), with all organizations and the private parts of blocks, from which the other verifier derives each block again; for the owner of the ledger, not to be given to organizations; errors: 55000 where there is no block or the client''s encoding is another than UTF8, 22023 for blocks that there are not; privilege: custody_auditor, custody_admin';
