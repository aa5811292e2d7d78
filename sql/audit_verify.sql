-- Verification of the ledger: what is stored, hashed again.

CREATE FUNCTION custody.verify_stored(from_block int8, to_block int8)
    RETURNS TABLE ("check" text, object text, block int8, status text, detail text,
        since timestamptz, tbl int4, descriptor int4, key bytea)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_verify_stored';
COMMENT ON FUNCTION custody.verify_stored(int8, int8) IS
'the part of custody.verify_ledger() that reads every row of the ledger and hashes it again: chain, membership, roots, payloads and descriptors; rows as there, with the table, descriptor and key of an event; NULL for a block: the first, or the last with what is not sealed yet; sorts in maintenance_work_mem, then in temporary files; errors: 42P01 without a ledger, 22023 for a block below 1; privilege: custody_auditor, custody_operator, custody_admin';
REVOKE ALL ON FUNCTION custody.verify_stored(int8, int8) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', 'custody.verify_stored(int8, int8)');

CREATE FUNCTION custody.verify_indexes()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_verify_indexes';
COMMENT ON FUNCTION custody.verify_indexes() IS
'the part of custody.verify_ledger() that compares the B-trees of the ledger with its tables: every row is shown, under its key, in order; errors: 42P01 without a ledger; privilege: custody_auditor, custody_operator, custody_admin';

-- A key that was tampered with may have no form: then its bytes are shown.
CREATE FUNCTION custody.event_name(tbl int4, descriptor int4, key bytea) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named text := coalesce((SELECT quote_ident(a.schema) || '.' || quote_ident(a.name)
                              FROM custody_ledger.audited a WHERE a.id = tbl), 'table ' || tbl);
BEGIN
    RETURN named || CASE WHEN key IS NULL OR key = '' THEN ''
                         ELSE coalesce(' ' || custody.event_key(descriptor, key)::text, '') END;
EXCEPTION WHEN OTHERS THEN
    RETURN format('%s key %s', named, key);
END
$$;
COMMENT ON FUNCTION custody.event_name(int4, int4, bytea) IS
'table and key of an event, for people; errors: none; privilege: SELECT on the ledger';

-- A digest proves earlier blocks only through those in between, which a range leaves out.
CREATE FUNCTION custody.blocks_follow(from_block int8, to_block int8) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN from_block IS NULL OR from_block >= to_block OR (
               SELECT count(*) = to_block - from_block + 1
                      AND bool_and(f.number = from_block OR f.previous = f.before AND f.hash = f.again)
                 FROM (SELECT b.number, b.hash, b.previous, lag(b.hash) OVER (ORDER BY b.number) AS before,
                              sha256(E'\\x1001'::bytea || uuid_send((SELECT l.ledger FROM custody_ledger.ledger l LIMIT 1)) || int8send(b.number) || i.incarnation
                                     || b.previous || b.slots || b.private
                                     || int8send(custody.ledger_time(b.sealed_at))) AS again
                         FROM custody_ledger.block b LEFT JOIN custody_ledger.incarnation i ON i.short = b.incarnation
                        WHERE b.number BETWEEN from_block AND to_block) f);
END
$$;
COMMENT ON FUNCTION custody.blocks_follow(int8, int8) IS
'whether blocks are all there, and each after the first gives its hash and names the one before; true for none; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.digest_list(digests jsonb) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one jsonb;
BEGIN
    FOR one IN SELECT d FROM jsonb_array_elements(CASE WHEN jsonb_typeof(digests) = 'array' THEN digests
            WHEN digests IS NOT NULL THEN jsonb_build_array(digests) ELSE '[]' END) d LOOP
        IF (one->>'format' = 'custody-digest-1' AND one->>'ledger' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                AND jsonb_typeof(one->'block') = 'number' AND one->>'block' ~ '^[0-9]{1,18}$'
                AND one->>'hash' ~ '^[0-9a-f]{64}$') IS NOT TRUE THEN
            RAISE EXCEPTION 'not a digest of a ledger' USING ERRCODE = 'invalid_parameter_value',
                DETAIL = one::text, HINT = CASE WHEN jsonb_typeof(one) = 'object' AND one ? 'signed'
                    THEN 'Of a line of an anchor file it is the member signed, read as JSON; custody audit report checks its signature, too.'
                    ELSE 'Give what custody.ledger_digest() returned, one or an array.' END;
        END IF;
        RETURN NEXT one;
    END LOOP;
END
$$;
COMMENT ON FUNCTION custody.digest_list(jsonb) IS
'the digests that custody.verify_ledger() got, one or an array of them; errors: 22023 for what is no digest; privilege: none';

CREATE FUNCTION custody.verify_digests(digests jsonb, to_block int8 DEFAULT NULL)
    RETURNS TABLE (object text, block int8, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    -- From the table itself, whatever its index shows.
    SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off AS $$
DECLARE
    own uuid := (SELECT l.ledger FROM custody_ledger.ledger l LIMIT 1); -- more are refuted elsewhere
    last int8 := coalesce((SELECT max(b.number) FROM custody_ledger.block b), 0);
    upper int8 := least(to_block, last);
    covered int8 := 0;
    one jsonb;
    here bytea;
BEGIN
    FOR one IN SELECT d FROM custody.digest_list(digests) d LOOP
        object := format('digest of block %s', one->>'block');
        block := (one->>'block')::int8;
        -- Of several the one that does not fit, should there be any.
        here := (SELECT b.hash FROM custody_ledger.block b WHERE b.number = verify_digests.block
                  ORDER BY encode(b.hash, 'hex') = one->>'hash' LIMIT 1);
        status := 'refuted';
        IF (one->>'ledger')::uuid IS DISTINCT FROM own THEN
            detail := 'it is of another ledger: ' || (one->>'ledger');
        ELSIF here IS NULL THEN
            detail := format('the block is not here, the last one is %s: blocks were dropped, or an older copy was restored', last);
        ELSIF encode(here, 'hex') <> one->>'hash' THEN
            detail := 'the block here has another hash: it was made again, or an older copy was restored and went on';
        ELSE
            status := 'proven';
            detail := 'the block is here with its hash';
            IF custody.blocks_follow(to_block, block) THEN
                covered := greatest(covered, block);
            ELSE
                status := 'refuted';
                detail := format('blocks %s to %s do not follow one another', to_block, block);
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
    IF covered < upper THEN
        object := format('blocks %s to %s', covered + 1, upper);
        block := NULL;
        status := 'unproven';
        detail := 'no digest from elsewhere is of them or of a later block: whoever may change the ledger may have made them again';
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION custody.verify_digests(jsonb, int8) IS
'the part of custody.verify_ledger() that compares digests from elsewhere with the blocks that are here, and, where blocks only up to to_block are verified, follows the chain from there to the digest; errors: 22023 for what is no digest, 42P01 without a ledger; privilege: SELECT on the ledger';

-- That capture works: what is not captured is nowhere in the ledger.
CREATE FUNCTION custody.verify_coverage()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    steps text[];
BEGIN
    FOR t IN SELECT a.id, a.identity, a.schema, a.name, format('%I.%I', a.schema, a.name) AS named,
                    c.oid::regclass AS relation
               FROM custody_ledger.audited a
               LEFT JOIN pg_namespace n ON n.nspname = a.schema
               LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.name
                                   AND c.relkind IN ('r', 'p')
              WHERE a.active ORDER BY a.id LOOP
        object := t.named;
        IF t.relation IS NULL THEN
            status := 'refuted';
            detail := 'it is recorded, and is not there';
        ELSE
            steps := ARRAY(SELECT s FROM custody.audit_trigger_steps(t.relation, t.identity) s);
            status := CASE WHEN steps = '{}' THEN 'proven' ELSE 'refuted' END;
            detail := CASE WHEN steps = '{}' THEN 'its triggers and those of its partitions are there, enabled, and custody''s'
                           ELSE 'changes are not captured: it lacks ' || array_to_string(steps, '; ') END;
        END IF;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY SELECT f.signature, 'refuted', 'it is not the function of custody''s library'
      FROM (VALUES ('custody.capture()', 'custody_capture'), ('custody.capture_truncate()', 'custody_capture_truncate'),
                   ('custody.guard_ledger()', 'custody_guard_ledger')) AS f (signature, symbol)
      LEFT JOIN pg_proc p ON p.oid = to_regprocedure(f.signature)
      LEFT JOIN pg_language l ON l.oid = p.prolang
     WHERE p.oid IS NULL OR l.lanname <> 'c' OR p.prosrc <> f.symbol
        OR p.probin IS DISTINCT FROM (SELECT q.probin FROM pg_proc q WHERE q.oid = 'custody.verify_indexes()'::regprocedure);
    RETURN QUERY SELECT format('%s on %s', g.name, c.oid::regclass), 'refuted',
                        'the guard is not there, not enabled always, or not custody''s'
      FROM pg_class c
     CROSS JOIN (VALUES ('custody_guard', 27), ('custody_guard_truncate', 34)) AS g (name, type)
     WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT EXISTS (SELECT FROM pg_trigger x
                        WHERE x.tgrelid = c.oid AND x.tgname = g.name AND x.tgenabled = 'A'
                          AND x.tgtype = g.type AND x.tgfoid = to_regprocedure('custody.guard_ledger()')
                          AND x.tgqual IS NULL);
    -- A restore, default privileges, a migration of an older version: whoever may insert can forge.
    RETURN QUERY SELECT c.oid::regclass::text, 'refuted', format('%s may write it', string_agg(DISTINCT
                            CASE WHEN a.grantee = 0 THEN 'everybody' ELSE format('role "%s"', pg_get_userbyid(a.grantee)) END, ', '))
      FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
     CROSS JOIN LATERAL (SELECT x.grantee FROM aclexplode(c.relacl) x
                          WHERE x.grantee <> c.relowner AND x.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
                         UNION SELECT x.grantee FROM pg_attribute l CROSS JOIN LATERAL aclexplode(l.attacl) x
                          WHERE l.attrelid = c.oid AND x.grantee <> c.relowner AND x.privilege_type IN ('INSERT', 'UPDATE')
                         UNION SELECT o.oid WHERE NOT o.rolsuper AND o.rolname <> 'custody_ledger_owner') a
     WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid;
    RETURN QUERY SELECT 'role custody_ledger_owner', 'refuted', 'somebody can work as it: it can log in, or has members'
      FROM pg_roles r
     WHERE r.rolname = 'custody_ledger_owner'
       AND (r.rolcanlogin OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid));
    RETURN QUERY SELECT 'event trigger ' || e.name, 'refuted', 'it is not there, not enabled always, or not custody''s'
      FROM (VALUES ('custody_audit_ddl', 'custody.audit_ddl()'), ('custody_audit_drop', 'custody.audit_drop()'),
                   ('custody_audit_drop_start', 'custody.audit_drop_start()'),
                   ('custody_audit_rewrite', 'custody.audit_rewrite()')) AS e (name, function)
     WHERE NOT EXISTS (SELECT FROM pg_event_trigger x
                        WHERE x.evtname = e.name AND x.evtenabled = 'A'
                          AND x.evttags IS NULL AND x.evtfoid = to_regprocedure(e.function));
END
$$;
COMMENT ON FUNCTION custody.verify_coverage() IS
'the part of custody.verify_ledger() that looks whether changes are captured and the ledger is guarded now: a row for each recorded table, and one for each guard that is missing; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

-- Descriptors are hashed; who points an event's table at another name is found by its identity.
CREATE FUNCTION custody.verify_descriptors()
    RETURNS TABLE (object text, status text, detail text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('descriptor %s', d.id), 'refuted',
           format('it names table %s, the table of its number is %s', coalesce(custody.json_or_null(d.text)->>'table', 'none'),
                  coalesce(a.identity::text, 'not there'))
      FROM custody_ledger.descriptor d LEFT JOIN custody_ledger.audited a ON a.id = d.tbl
     WHERE d.id <> 0 AND custody.json_or_null(d.text)->>'table' IS DISTINCT FROM a.identity::text
    UNION ALL
    SELECT format('transaction %s', t.xid), 'refuted', 'its contexts are gone, but no record says that its events were pruned'
      FROM custody_ledger.tx t
     WHERE t.contexts IS NULL AND NOT EXISTS (SELECT FROM custody.newest_prunes() p WHERE t.at >= p.lower AND t.at < p.upper)
$$;
COMMENT ON FUNCTION custody.verify_descriptors() IS
'the part of custody.verify_ledger() that looks at what the hashes point to: tables of descriptors, records of pruned transactions; errors: 42P01 without a ledger; privilege: SELECT on the ledger';

CREATE FUNCTION custody.verify_arguments(digests jsonb, from_block int8, to_block int8) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regnamespace('custody_ledger') IS NULL OR custody.ledger_schema_owner() IS NOT NULL THEN
        PERFORM custody.check_ledger();
    ELSIF least(from_block, to_block) < 1 THEN
        RAISE EXCEPTION 'blocks have numbers from 1 on'
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('The number is %s.', least(from_block, to_block));
    END IF;
    PERFORM custody.digest_list(digests);
END
$$;
COMMENT ON FUNCTION custody.verify_arguments(jsonb, int8, int8) IS
'refuses what custody.verify_ledger() cannot be asked; errors: 42P01 without a ledger, 22023 for what is no digest or a block below 1; privilege: none';

CREATE FUNCTION custody.verify_parts(indexes boolean, coverage boolean)
    RETURNS TABLE (checks text[], part text, query text)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.checks, p.part, p.query FROM (VALUES
        (1, '{chain,membership,roots,payloads,descriptors}'::text[], 'blocks, transactions and events', NULL,
            'SELECT s."check", coalesce(s.object, custody.event_name(s.tbl, s.descriptor, s.key)), s.block, s.status,
                    s.detail, s.since FROM custody.verify_stored($1, $2) s'),
        (2, '{digests}', 'digests', NULL,
            'SELECT ''digests'', d.object, d.block, d.status, d.detail,
                    (SELECT min(b.sealed_at) FROM custody_ledger.block b WHERE b.number = d.block)
               FROM custody.verify_digests($3, $2) d'),
        (3, '{descriptors}', 'descriptors', 'custody.verify_descriptors()', NULL),
        (4, '{descriptors}', 'what no block hashes', 'custody.verify_beside()', NULL),
        (5, '{descriptors}', 'prunes', 'custody.verify_prunes()', NULL),
        (6, '{descriptors}', 'held events', 'custody.verify_held()', NULL),
        (7, '{descriptors}', 'recorded tables', 'custody.verify_recorded()', NULL),
        (8, '{descriptors}', 'holds', 'custody.verify_holds()', NULL),
        (9, '{descriptors}', 'requests', 'custody.verify_requests()', NULL),
        (10, '{heap_index}', 'indexes', 'custody.verify_indexes()', NULL),
        (11, '{heap_index}', 'partitions', 'custody.verify_places()', NULL),
        (12, '{coverage}', 'triggers', 'custody.verify_coverage()', NULL),
        (13, '{coverage}', 'triggers of holds', 'custody.verify_hold_triggers()', NULL)) AS v (n, checks, part, function, query)
     CROSS JOIN LATERAL (SELECT v.checks, v.part, coalesce(v.query, format(
            'SELECT %L::text, f.object, NULL::int8, f.status, f.detail, NULL::timestamptz FROM %s f',
            v.checks[1], v.function)) AS query) p
     WHERE CASE v.checks[1] WHEN 'heap_index' THEN indexes WHEN 'coverage' THEN coverage ELSE true END
     ORDER BY v.n
$$;
COMMENT ON FUNCTION custody.verify_parts(boolean, boolean) IS
'what custody.verify_ledger() looks at, in its order: the checks, what is looked at, and the query that does it; errors: none; privilege: none';

CREATE FUNCTION custody.verify_ledger(digests jsonb DEFAULT NULL, from_block int8 DEFAULT NULL,
        to_block int8 DEFAULT NULL, indexes boolean DEFAULT true, coverage boolean DEFAULT true)
    RETURNS TABLE ("check" text, object text, block int8, status text, detail text, since timestamptz)
    -- Its queries are large, and what they read is mostly small: they would be compiled for longer than they run.
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    p record;
    readable boolean;
BEGIN
    -- What the caller did wrong is an error, and not a finding.
    PERFORM custody.verify_arguments(digests, from_block, to_block);
    "check" := 'form';
    FOR object, status, detail, readable IN SELECT * FROM custody.verify_form() LOOP
        RETURN NEXT;
    END LOOP;
    FOR p IN SELECT * FROM custody.verify_parts(indexes, coverage) LOOP
        IF readable THEN
            RETURN QUERY SELECT * FROM custody.verify_part(p.checks, p.part, p.query, from_block, to_block, digests);
        ELSE
            RETURN QUERY SELECT c, p.part, NULL::int8, 'unproven', 'not looked at: tables of the ledger do not have their form',
                                NULL::timestamptz FROM unnest(p.checks) c;
        END IF;
    END LOOP;
    RETURN QUERY SELECT 'heap_index', 'indexes', NULL::int8, 'unproven', 'not looked at: indexes => false', NULL::timestamptz WHERE indexes IS NOT TRUE
       UNION ALL SELECT 'coverage', 'triggers', NULL, 'unproven', 'not looked at: coverage => false', NULL WHERE coverage IS NOT TRUE;
END
$$;
COMMENT ON FUNCTION custody.verify_ledger(jsonb, int8, int8, boolean, boolean) IS
'reads the whole ledger, or its blocks from from_block to to_block, and hashes it again: form (tables have the columns that custody made, the ledger one id; where they have not, the rest is refuted or unproven, and no error), chain (blocks follow one another and give their hashes), membership (each has the transactions that its snapshot says), roots (links and slots of the organizations), payloads (events give what their transactions say), descriptors, digests (those from elsewhere: one, or an array; without any the blocks are unproven), heap_index (indexes show what tables hold), coverage (triggers and guards are there now). One row for each check with its status, and one for each finding: what, in which block, proven, refuted or unproven, and how; since: time of the block; only where no row is refuted or unproven all is proven. to_block NULL: with what is not sealed yet; errors: 22023 for what is no digest or a block below 1, 42P01 without a ledger; privilege: custody_auditor, custody_operator, custody_admin';

REVOKE ALL ON FUNCTION custody.blocks_follow(int8, int8), custody.verify_arguments(jsonb, int8, int8), custody.verify_indexes(), custody.event_name(int4, int4, bytea), custody.verify_digests(jsonb, int8),
    custody.verify_coverage(), custody.verify_descriptors(),
    custody.verify_ledger(jsonb, int8, int8, boolean, boolean) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator,auditor}', f) FROM unnest(ARRAY['custody.blocks_follow(int8,int8)', 'custody.verify_arguments(jsonb, int8, int8)', 'custody.verify_indexes()',
    'custody.event_name(int4,int4,bytea)', 'custody.verify_digests(jsonb, int8)', 'custody.verify_coverage()',
    'custody.verify_descriptors()', 'custody.verify_ledger(jsonb,int8,int8,boolean,boolean)',
    'custody.partition_tree(regclass)', 'custody.audit_trigger_steps(regclass, uuid)']::regprocedure[]) f;
