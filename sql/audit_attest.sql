-- What was verified, against which digests, by which version, with which result: as rows, and kept.

CREATE TABLE custody.audit_attestation (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger uuid NOT NULL,
    attested_at timestamptz NOT NULL,
    attested_by name NOT NULL,
    version text NOT NULL,
    digests jsonb,
    block int8,
    hash bytea,
    status text NOT NULL CHECK (status IN ('proven', 'refuted', 'unproven')),
    checks jsonb NOT NULL
);
COMMENT ON TABLE custody.audit_attestation IS 'results of custody.attest(), one row each';
COMMENT ON COLUMN custody.audit_attestation.id IS 'number of the attestation';
COMMENT ON COLUMN custody.audit_attestation.ledger IS 'the ledger that was looked at';
COMMENT ON COLUMN custody.audit_attestation.attested_at IS 'when it began';
COMMENT ON COLUMN custody.audit_attestation.attested_by IS 'role that the session worked as';
COMMENT ON COLUMN custody.audit_attestation.version IS 'version of custody that verified';
COMMENT ON COLUMN custody.audit_attestation.digests IS 'digests from elsewhere that the ledger was compared with; NULL: none';
COMMENT ON COLUMN custody.audit_attestation.block IS 'the newest block then; NULL: none';
COMMENT ON COLUMN custody.audit_attestation.hash IS 'hash of that block';
COMMENT ON COLUMN custody.audit_attestation.status IS 'proven: all checks are; refuted: one is; else unproven';
COMMENT ON COLUMN custody.audit_attestation.checks IS 'the rows that custody.attest() returned';
SELECT pg_extension_config_dump('custody.audit_attestation', '');
SELECT pg_extension_config_dump('custody.audit_attestation_id_seq', '');
REVOKE ALL ON custody.audit_attestation FROM PUBLIC;

CREATE FUNCTION custody.attest_table(rel regclass, OUT status text, OUT detail text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    scope record;
    gaps text;
    equal int8;
    different int8;
    missing int8;
    unknown int8;
BEGIN
    SELECT * INTO scope FROM custody.reconcile_scope(rel);
    IF scope.problem IS NOT NULL THEN
        status := 'unproven';
        detail := scope.problem;
        RETURN;
    END IF;
    gaps := custody.reconcile_gaps(scope.tbl);
    SELECT coalesce(sum(r.rows) FILTER (WHERE r.problem = 'equal'), 0), coalesce(sum(r.rows) FILTER (WHERE r.problem = 'different'), 0),
           coalesce(sum(r.rows) FILTER (WHERE r.problem IN ('not live', 'not in the ledger')), 0),
           coalesce(sum(r.rows) FILTER (WHERE r.problem = 'not compared'), 0)
      INTO equal, different, missing, unknown
      FROM (SELECT CASE WHEN k.problem = 'not compared' AND ARRAY(SELECT scope.columns[-p] FROM unnest(k.positions) p)
                             <@ scope.redacted THEN 'equal' ELSE k.problem END AS problem, 1::int8 AS rows
              FROM custody.reconcile_keyed(rel) k WHERE scope.key <> '{}'
            UNION ALL SELECT m.problem, m.rows FROM custody.reconcile_multiset(rel) m WHERE scope.key = '{}') r;
    status := CASE WHEN different > 0 OR missing > 0 AND gaps = '' THEN 'refuted'
                   WHEN unknown + missing > 0 THEN 'unproven' ELSE 'proven' END;
    detail := format('%s rows equal, %s different, %s missing on one side, %s not told', equal, different, missing, unknown);
EXCEPTION WHEN OTHERS THEN
    -- What somebody put in the place of events must not keep the other results from being told.
    status := 'unproven';
    detail := 'the comparison ended in an error: ' || SQLERRM;
END
$$;
COMMENT ON FUNCTION custody.attest_table(regclass) IS
'custody.reconcile() of a table as one result, without its rows; unproven where that ends in an error; errors: none; privilege: SELECT on the table and the ledger';

-- SECURITY DEFINER: who attests need not be able to read the tables, and must not be able to write what
-- attest() finds. It calls nothing of the tables' owners: rows are compared as the bytes of send functions.
CREATE FUNCTION custody.attest(digests jsonb DEFAULT NULL, relations regclass[] DEFAULT NULL)
    RETURNS TABLE ("check" text, object text, status text, detail text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off SET standard_conforming_strings = on SET row_security = off AS $$
DECLARE
    found jsonb := '[]';
    began timestamptz := clock_timestamp();
    newest record;
    result text;
BEGIN
    PERFORM custody.check_session();
    FOR "check", object, status, detail IN
        SELECT v."check", v.object, v.status, v.detail FROM custody.verify_ledger(attest.digests) v LOOP
        found := found || jsonb_build_object('check', "check", 'object', object, 'status', status, 'detail', detail);
        RETURN NEXT;
    END LOOP;
    "check" := 'table coverage';
    FOR object, status, detail IN
        SELECT c.relation::text, CASE c.state WHEN 'gap' THEN 'refuted' ELSE 'proven' END,
               concat_ws(': ', c.state, c.reason) FROM custody.audit_coverage() c
         WHERE relations IS NULL OR c.relation = ANY (relations)
         UNION ALL SELECT coalesce(r::text, 'NULL'), 'unproven', 'no table that is recorded or exempt by itself'
          FROM unnest(relations) r WHERE NOT EXISTS (SELECT FROM custody.audit_coverage() c WHERE c.relation = r) LOOP
        found := found || jsonb_build_object('check', "check", 'object', object, 'status', status, 'detail', detail);
        RETURN NEXT;
    END LOOP;
    "check" := 'reconcile';
    FOR object, status, detail IN
        SELECT c.relation::text, t.status, t.detail FROM custody.audit_coverage() c
         CROSS JOIN LATERAL custody.attest_table(c.relation) t
         WHERE c.state = 'recorded' AND (relations IS NULL OR c.relation = ANY (relations))
        -- A ledger of nothing, of the wrong database, say, proves nothing.
         UNION ALL SELECT 'no table', 'unproven', 'no table that was asked for is recorded'
         WHERE NOT EXISTS (SELECT FROM custody.audit_coverage() c
                            WHERE c.state = 'recorded' AND (relations IS NULL OR c.relation = ANY (relations))) LOOP
        found := found || jsonb_build_object('check', "check", 'object', object, 'status', status, 'detail', detail);
        RETURN NEXT;
    END LOOP;
    SELECT b.number, b.hash INTO newest FROM custody_ledger.block b ORDER BY b.number DESC LIMIT 1;
    result := CASE WHEN found @> '[{"status": "refuted"}]' THEN 'refuted'
                   WHEN found = '[]' OR found @> '[{"status": "unproven"}]' THEN 'unproven' ELSE 'proven' END;
    INSERT INTO custody.audit_attestation (ledger, attested_at, attested_by, version, digests, block, hash, status, checks)
        SELECT l.ledger, began, custody.audit_caller(), e.extversion, attest.digests, newest.number, newest.hash, result, found
          FROM custody_ledger.ledger l, pg_extension e WHERE e.extname = 'custody';
    "check" := 'summary';
    object := format('block %s', newest.number);
    status := result;
    detail := format('%s checks, %s digests from elsewhere', jsonb_array_length(found),
                     CASE jsonb_typeof(digests) WHEN 'array' THEN jsonb_array_length(digests) ELSE (digests IS NOT NULL)::int END);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION custody.attest(jsonb, regclass[]) IS
'verifies the ledger against digests from elsewhere (custody.verify_ledger()), which tables are recorded (custody.audit_coverage()), and that recorded tables have what the ledger tells (custody.reconcile()); all tables, or those named; unproven where none of them is recorded; one row for each check, proven, refuted or unproven, last the summary; keeps the result, with digests and version, in custody.audit_attestation; errors: 42P01 without a ledger; privilege: custody_auditor';

REVOKE ALL ON FUNCTION custody.attest_table(regclass), custody.attest(jsonb, regclass[]) FROM PUBLIC;
SELECT custody.give_duty('{admin,auditor}', 'custody.attest(jsonb, regclass[])');
