-- Blocks: closing them, and how far they are behind.

CREATE FUNCTION custody.seal(even_when_empty boolean DEFAULT false) RETURNS int8
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_seal';
COMMENT ON FUNCTION custody.seal(boolean) IS
'closes a block of the audit ledger over all transactions that are committed and in no block, and returns its number, or NULL where there are none, unless even_when_empty (for a schedule whose blocks do not tell when anything was written); the first block of an incarnation (after a restore, promotion, copy) is made even without; waits for another seal that runs; its commit is synchronous whatever the session''s setting; makes the ledger''s partitions ahead, too; errors: 25001 where the isolation level is not READ COMMITTED or the transaction has audited changes of its own, 42P01 without a ledger, 25006 on a standby, XX001 where the ledger''s last block is of a later time than the server; privilege: custody_operator, custody_admin';

CREATE FUNCTION custody.ledger_digest() RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'custody_ledger_digest';
COMMENT ON FUNCTION custody.ledger_digest() IS
'the last block that is committed and on disk, as an anchor keeps it (docs/ledger-format.md, section 7); NULL where there is no block; errors: 42P01 without a ledger; privilege: custody_operator, custody_auditor, custody_admin';

CREATE FUNCTION custody.note_incarnation(system_identifier numeric, timeline int8, database oid)
    RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'custody_note_incarnation';
COMMENT ON FUNCTION custody.note_incarnation(numeric, int8, oid) IS
'tells the ledger of a place where transactions ran that were never sealed there: a database that was restored, written to and dumped again before its first seal; false where it is known; errors: 22023 for a system identifier or a timeline that there cannot be, 42P01 without a ledger; privilege: custody_admin';

-- By the index on xid: what a seal would take, not the whole ledger.
CREATE FUNCTION custody.find_seal_lag(OUT block int8, OUT sealed_at timestamptz,
        OUT transactions int8, OUT events int8, OUT oldest timestamptz, OUT lag interval,
        OUT running int4)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last record;
    waiting xid8[] := '{}';
    beyond xid8 := '0';
BEGIN
    PERFORM custody.check_ledger();
    SELECT b.number, b.sealed_at, b.lineage, b.snapshot INTO last
      FROM custody_ledger.block b ORDER BY b.number DESC LIMIT 1;
    IF FOUND THEN
        block := last.number;
        sealed_at := last.sealed_at;
        waiting := ARRAY(SELECT pg_snapshot_xip(last.snapshot));
        beyond := pg_snapshot_xmax(last.snapshot);
    END IF;
    running := cardinality(waiting);
    SELECT count(*), coalesce(sum(t.events), 0), min(t.committing_at)
      INTO transactions, events, oldest
      FROM (SELECT * FROM custody_ledger.tx x WHERE x.xid >= beyond
            UNION ALL SELECT * FROM custody_ledger.tx x WHERE x.xid = ANY (waiting)) t
     WHERE NOT EXISTS (SELECT FROM custody_ledger.incarnation i
                        WHERE i.short = t.incarnation AND i.lineage <> last.lineage);
    lag := CASE WHEN transactions = 0 THEN interval '0' ELSE clock_timestamp() - oldest END;
END
$$;
COMMENT ON FUNCTION custody.find_seal_lag() IS
'the row of view custody.seal_lag; errors: 42P01 without a ledger; privilege: custody_operator, custody_auditor, custody_admin';

CREATE VIEW custody.seal_lag AS SELECT * FROM custody.find_seal_lag();
COMMENT ON VIEW custody.seal_lag IS
'how far the blocks of the audit ledger are behind: what custody.seal() would take now. After a restore, before the first seal there, it counts what the server itself wrote only where its transaction numbers are ahead';
COMMENT ON COLUMN custody.seal_lag.block IS 'number of the last block; NULL: there is none';
COMMENT ON COLUMN custody.seal_lag.sealed_at IS 'when it was closed';
COMMENT ON COLUMN custody.seal_lag.transactions IS 'committed transactions that are in no block';
COMMENT ON COLUMN custody.seal_lag.events IS 'their events';
COMMENT ON COLUMN custody.seal_lag.oldest IS 'when the first of them was committed';
COMMENT ON COLUMN custody.seal_lag.lag IS 'how long ago that is; 0 where there are none';
COMMENT ON COLUMN custody.seal_lag.running IS
'transactions that were running when the last block was closed: each is in a block after it ended';
-- Without EXECUTE on its function it shows nothing.
GRANT SELECT ON custody.seal_lag TO PUBLIC;

REVOKE ALL ON FUNCTION custody.seal(boolean), custody.ledger_digest(), custody.find_seal_lag(),
    custody.note_incarnation(numeric, int8, oid) FROM PUBLIC;
SELECT custody.give_duty('{admin,operator}', 'custody.seal(boolean)');
SELECT custody.give_duty('{admin,operator,auditor}', 'custody.ledger_digest()');
SELECT custody.give_duty('{admin,operator,auditor}', 'custody.find_seal_lag()');
SELECT custody.give_duty('{admin}', 'custody.note_incarnation(numeric, int8, oid)');
