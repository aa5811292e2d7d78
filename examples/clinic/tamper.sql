-- A patient was given 15 mg of morphine, which RX-1001 says. An administrator is asked to see to it
-- that it was 5. Guards stop everybody else:
\set ON_ERROR_STOP off
\echo '=== The guards'
SET session_replication_role = replica;
UPDATE custody_ledger.event SET new = NULL;
TRUNCATE custody_ledger.block;
DROP TABLE custody_ledger.tx;
RESET session_replication_role;
\set ON_ERROR_STOP on
\echo '=== The administrator'
-- Which events are about the prescription.
CREATE TEMP VIEW about AS
SELECT e.*, custody.event_key(e.descriptor, e.key) ->> 'number' AS number FROM custody_ledger.event e;

\set tampering 'the dose in the table, recording off'
\ir disarm.sql
UPDATE clinic.prescription SET dose_mg = 5 WHERE number = 'RX-1001';
SELECT string_agg(status || ' ' || problem || ' ' || coalesce(key::text, ''), '; ') AS said
  FROM custody.reconcile('clinic.prescription') \gset
ROLLBACK;
INSERT INTO seen (tampering, names, by, said) VALUES (:'tampering', 'RX-1001', 'custody.reconcile()', :'said');

\set tampering 'the dose in the ledger'
\set names RX-1001
\ir disarm.sql
UPDATE custody_ledger.event e
   SET new = decode(replace(encode(e.new, 'hex'), '0000000f', '00000005'), 'hex')
  FROM about a WHERE (a.xid, a.seq) = (e.xid, e.seq) AND a.number = :'names' AND a.op = 'U';
\ir judge.sql

\set tampering 'who it was'
\ir disarm.sql
UPDATE custody_ledger.tx t
   SET contexts = decode(replace(encode(t.contexts, 'hex'), encode('clinic_app', 'hex'), encode('doctor_xyz', 'hex')), 'hex')
  FROM about a WHERE a.xid = t.xid AND a.number = :'names' AND a.op = 'U';
\ir judge.sql

\set tampering 'an event of another clinic'
\ir disarm.sql
UPDATE custody_ledger.event e SET org = 'u'::bytea || uuid_send('bbbbbbbb-0000-4000-8000-000000000002')
  FROM about a WHERE (a.xid, a.seq) = (e.xid, e.seq) AND a.number = :'names' AND a.op = 'U';
\ir judge.sql

\set tampering 'an event that never was'
\set names RX-9999
\ir disarm.sql
INSERT INTO custody_ledger.event
SELECT e.at, e.xid, e.incarnation, e.lsn, e.seq + 1, e.cid, e.tbl, e.descriptor, e.pair, e.context, e.op, e.key_salt,
       e.images_salt, e.org, decode(replace(encode(e.key, 'hex'), encode('RX-1001', 'hex'), encode('RX-9999', 'hex')), 'hex'),
       e.old, e.new, NULL, NULL
  FROM about e WHERE e.number = 'RX-1001' AND e.op = 'I';
\ir judge.sql

-- What is gone cannot be named by those who have only what is left: its transaction is.
\set tampering 'an event withheld'
SELECT xid AS names FROM about WHERE number = 'RX-1001' AND op = 'U' \gset
\ir disarm.sql
DELETE FROM custody_ledger.event e USING about a
 WHERE (a.xid, a.seq) = (e.xid, e.seq) AND a.number = 'RX-1001' AND a.op = 'U';
\ir judge.sql

-- A thorough one: changes the dose, computes the hashes again, drops the newest block and has the
-- ledger sealed anew. All agrees with itself; only the digest that left the database tells.
\set tampering 'a history written anew'
\set names 'digest'
\ir disarm.sql
UPDATE custody_ledger.event e
   SET new = decode(replace(encode(e.new, 'hex'), '0000000f', '00000005'), 'hex')
  FROM about a WHERE (a.xid, a.seq) = (e.xid, e.seq) AND a.number = 'RX-1001' AND a.op = 'U';
UPDATE custody_ledger.tx t
   SET orgs = int4send(length(e.org)) || e.org || int4send(1) || custody.ledger_event_hash(
           custody.ledger_order(t.secret, i.incarnation, t.xid, e.seq, e.cid, e.lsn, e.pair), e.op,
           custody.ledger_context_hash(t.contexts, e.context), d.hash,
           custody.ledger_key_hash(e.key_salt, e.key), custody.ledger_images_hash(e.images_salt, e.old, e.new))
  FROM about e, custody_ledger.incarnation i, custody_ledger.descriptor d
 WHERE e.xid = t.xid AND i.short = t.incarnation AND d.id = e.descriptor AND e.number = 'RX-1001' AND e.op = 'U';
DELETE FROM custody_ledger.link WHERE block = :last;
DELETE FROM custody_ledger.block WHERE number = :last;
SELECT custody.seal() \g /dev/null
\ir judge.sql

-- Without the database: somebody passes on North's evidence, without the line that he minds.
\set tampering 'a line of the evidence withheld'
\set names 'refuted'
\! grep -v "`grep -o '"op": *"U".*' north.jsonl | head -1 | cut -c1-200`" north.jsonl >tampered.jsonl
\ir bundle.sql

-- This time he means it: the newest block is dropped for good. A bundle of what is left is in order as
-- far as it goes; that it does not go far enough is what the next run of the anchor says.
\set tampering 'the newest block dropped, for good'
\set names 'block 2'
\ir disarm.sql
DELETE FROM custody_ledger.link WHERE block = :last;
DELETE FROM custody_ledger.block WHERE number = :last;
COMMIT;
\set loader `custody audit anchor --target="dbname=$PGDATABASE" --key-file=anchor.pem --anchor-file=anchors --quiet 2>/dev/null`
\echo '---' :tampering
\echo :loader
INSERT INTO seen (tampering, names, by, said) VALUES (:'tampering', :'names', 'custody audit anchor', :'loader');
