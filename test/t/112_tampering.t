# A superuser with triggers off changes the ledger; custody.verify_ledger() says what, in the check
# that claims to, and names block, transaction, table and key where they are known. Each change is
# made in a copy of the database: the counterexamples share one sound ledger.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('sound', extension => 1);
$c->sql('sound', <<'SQL');
SELECT custody.init_ledger();
CREATE TABLE patient (id int PRIMARY KEY, org uuid, name text, born date);
CREATE TABLE visit (id int PRIMARY KEY, org uuid, note text);
SELECT custody.audit('patient', org_column => 'org');
SELECT custody.audit('visit', org_column => 'org');
SELECT custody.seal();
INSERT INTO patient SELECT i, ('00000000-0000-0000-0000-00000000000' || i % 2)::uuid, 'n' || i FROM generate_series(1, 6) i;
UPDATE patient SET name = 'changed' WHERE id = 4;
INSERT INTO visit VALUES (1, '00000000-0000-0000-0000-000000000001', 'a');
SELECT custody.seal();
DELETE FROM patient WHERE id = 6;
SELECT custody.seal();
UPDATE patient SET born = '2000-01-01' WHERE id = 1;
UPDATE visit SET note = 'b';
SELECT custody.seal();
SQL
my $digest = $c->sql('sound', 'SELECT custody.ledger_digest()');
my $old_digest = $c->sql('sound', q{SELECT jsonb_build_object('format', 'custody-digest-1', 'ledger', ledger, 'block', number,
    'hash', encode(hash, 'hex')) FROM custody_ledger.block, custody_ledger.ledger WHERE number = 2});
# The rows that the cases need, found once: the copies have the same.
my $at = sub { $c->sql('sound', "SELECT ctid FROM custody_ledger.event WHERE $_[0]") };
my $update = q{op = 'U' AND tbl = 1 AND xid = (SELECT max(xid) FROM custody_ledger.event WHERE tbl = 1)};

is problems('sound'), '', 'a sound ledger is proven';
is $c->sql('sound', q{SELECT string_agg(DISTINCT "check", ' ' ORDER BY "check") FROM custody.verify_ledger('} . $digest . q{') WHERE status = 'proven'}),
    'chain coverage descriptors digests form heap_index membership payloads roots', '... in each check';
is problems('sound', digest => 'NULL'), 'digests|blocks 1 to 4||unproven', 'without a digest nothing is proven against whoever may change all';
is problems('sound', digest => "'$old_digest'"), 'digests|blocks 3 to 4||unproven', 'after the last digest likewise';
is problems('sound', digest => "'[$digest, $old_digest]'"), '', 'several digests';

my $patient = qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|event 1 \(U\) of transaction \d+ of incarnation [0-9a-f]{16} /m;
detects('a value is changed', "UPDATE ev SET new = overlay(new placing '\\x01'::bytea from octet_length(new)) WHERE $update", $patient);
detects('an operation is changed', "UPDATE ev SET op = 'I' WHERE $update", qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted/m);
detects('a key is changed', "UPDATE ev SET key = (SELECT key FROM custody_ledger.event WHERE op = 'D') WHERE $update",
    qr/^payloads\|public\.patient \{"id": 6\}\|4\|refuted/m);
detects('an event goes to another table', "UPDATE ev SET tbl = 2 WHERE $update",
    qr/^payloads\|public\.visit .*\|4\|refuted\|.*has the descriptor of another table/m);
detects('its descriptor with it', "UPDATE ev SET tbl = 2, descriptor = (SELECT max(id) FROM custody_ledger.descriptor WHERE tbl = 2) WHERE $update",
    qr/^payloads\|public\.visit .*\|4\|refuted/m);
detects('a time is changed', "UPDATE ev SET at = at + interval '1 s' WHERE $update", qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|.*another time/m);
detects('an event is deleted', "DELETE FROM ev WHERE $update", qr/^payloads\|transaction \d+ of incarnation [0-9a-f]{16}\|4\|refuted\|has 0 of 1 events/m);
detects('one of several is deleted', "DELETE FROM ev WHERE op = 'I' AND tbl = 1 AND seq = 3", qr/^payloads\|transaction \d+ .*\|2\|refuted\|has 2 of 3 events/m);
detects('one of several is changed', "UPDATE ev SET lsn = lsn + 1 WHERE op = 'I' AND tbl = 1 AND seq = 3",
    qr/^payloads\|public\.patient \{"id": 3\}\|2\|refuted\|event 3 \(I\) .*stored after its block was closed/m);
unlike report('tampered'), qr/"id": 5/, '... and only that one is named';
detects('an event is added', "INSERT INTO ev SELECT at, xid, incarnation, lsn, seq + 1, cid, tbl, descriptor, pair, context, op, key_salt, images_salt, org, key, old, new FROM ev WHERE $update",
    qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|event 2 /m);
detects('an event is there twice', "INSERT INTO ev SELECT * FROM ev WHERE $update", qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|.*number of another event/m);
detects('a made-up transaction has one', "INSERT INTO ev SELECT at, '700', incarnation, lsn, seq, cid, tbl, descriptor, pair, context, op, key_salt, images_salt, org, key, old, new FROM ev WHERE $update",
    qr/^membership\|transaction 700 .*\|1\|refuted\|.*not there itself/m);
detects('events change places', "UPDATE ev SET seq = 7 - seq WHERE op = 'I' AND tbl = 1", qr/^payloads\|public\.patient \{"id": \d\}\|2\|refuted/m);
detects('an event moves to another organization', "UPDATE ev SET org = '\\x7500000000000000000000000000000000' WHERE $update",
    qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|.*does not name/m);
detects('... of its transaction', "UPDATE ev SET org = '\\x7500000000000000000000000000000000' WHERE op = 'I' AND tbl = 1 AND seq = 3",
    qr/^payloads\|transaction .*\|2\|refuted\|has 2 of 3/m);
detects('payloads are swapped', "UPDATE ev e SET (new, images_salt) = (SELECT o.new, o.images_salt FROM ev o WHERE o.op = 'I' AND o.tbl = 1 AND o.seq = 4 - e.seq) WHERE op = 'I' AND tbl = 1 AND seq IN (1, 3)",
    qr/^payloads\|public\.patient \{"id": [13]\}\|2\|refuted/m);
detects('an event is as if erased, and shows something', "UPDATE ev SET images_hash = sha256('\\x04'::bytea || uuid_send(images_salt) || int4send(octet_length(old)) || old || int4send(octet_length(new)) || new), new = old WHERE $update",
    qr/^payloads\|public\.patient \{"id": 1\}\|4\|refuted\|.*erased, but not/m);
detects('a NULL where there is none', "UPDATE ev SET seq = NULL WHERE $update", qr/^payloads\|public\.patient\|\|refuted\|.*column 5 is NULL/m);

my $tx = 'xid = (SELECT max(xid) FROM custody_ledger.tx)';
detects('a transaction is deleted with its events', "DELETE FROM custody_ledger.tx WHERE $tx; DELETE FROM ev WHERE xid = (SELECT max(xid) FROM ev)", qr/^membership\|block 4\|4\|refuted\|has 1 transactions/m);
detects('only its row', "DELETE FROM custody_ledger.tx WHERE $tx", qr/^payloads\|public\.visit \{"id": 1\}\|4\|refuted\|.*has no transaction/m);
detects('a transaction is said to be earlier', "UPDATE custody_ledger.tx SET committing_at = committing_at - interval '1 h' WHERE $tx", qr/^membership\|block 4\|4\|refuted\|.*do not give its tree/m);
detects('who did it', "UPDATE custody_ledger.tx SET contexts = (SELECT contexts FROM custody_ledger.tx WHERE xid = (SELECT min(xid) FROM custody_ledger.tx)) WHERE $tx", qr/^payloads\|public\.visit \{"id": 1\}\|4\|refuted/m);
detects('contexts without a record of pruning', "UPDATE custody_ledger.tx SET contexts = NULL WHERE $tx; DELETE FROM ev WHERE xid = (SELECT max(xid) FROM ev)",
    qr/^descriptors\|transaction \d+\|\|refuted\|.*no record/m);
detects('a transaction takes another number', "UPDATE custody_ledger.tx SET xid = '4000000' WHERE $tx; UPDATE ev SET xid = '4000000' WHERE xid = (SELECT max(xid) FROM ev)", qr/^membership\|block 4\|4\|refuted/m);
detects('a transaction of an unknown incarnation', "INSERT INTO custody_ledger.tx SELECT at, xid, incarnation + 1, committing_at, events, secret, orgs, contexts FROM custody_ledger.tx WHERE $tx", qr/^membership\|of another lineage\|\|unproven/m);

detects('the last block is dropped', 'DELETE FROM custody_ledger.block WHERE number = 4; DELETE FROM custody_ledger.link WHERE block = 4',
    qr/^digests\|digest of block 4\|4\|refuted\|the block is not here/m);
detects('the tail is dropped with all that is in it', "DELETE FROM custody_ledger.block WHERE number = 4; DELETE FROM custody_ledger.link WHERE block = 4; DELETE FROM ev WHERE xid IN (SELECT xid FROM custody_ledger.tx ORDER BY xid DESC LIMIT 2); DELETE FROM custody_ledger.tx WHERE xid IN (SELECT xid FROM custody_ledger.tx ORDER BY xid DESC LIMIT 2)",
    qr/^digests\|digest of block 4\|4\|refuted/m);
is problems('tampered', digest => "'$old_digest'"), 'digests|blocks 3 to 3||unproven', '... which nothing but the later digest shows';
detects('a block is dropped', 'DELETE FROM custody_ledger.block WHERE number = 3; DELETE FROM custody_ledger.link WHERE block = 3', qr/^chain\|block 4\|4\|refuted\|blocks 3 to 3 are not there/m);
detects('a block is changed', "UPDATE custody_ledger.block SET sealed_at = sealed_at - interval '1 h' WHERE number = 3", qr/^chain\|block 3\|3\|refuted\|does not give its hash/m);
# Its own hash fits, and what follows is left as it is: so does the newest digest.
detects('a block is made again', <<'SQL', qr/^chain\|block 3\|3\|refuted\|does not follow the block before/m);
UPDATE custody_ledger.block b SET sealed_at = sealed_at - interval '1 h', hash = sha256('\x1001'::bytea || uuid_send(l.ledger)
    || int8send(b.number) || i.incarnation || b.previous || b.slots || b.private || int8send(custody.ledger_time(b.sealed_at - interval '1 h')))
  FROM custody_ledger.ledger l, custody_ledger.incarnation i WHERE b.number = 2 AND i.short = b.incarnation
SQL
detects('the first block has one before', <<'SQL', qr/^chain\|block 1\|1\|refuted\|is the first and has a block before/m);
UPDATE custody_ledger.block b SET previous = sha256('x'), hash = sha256('\x1001'::bytea || uuid_send(l.ledger)
    || int8send(b.number) || i.incarnation || sha256('x') || b.slots || b.private || int8send(custody.ledger_time(b.sealed_at)))
  FROM custody_ledger.ledger l, custody_ledger.incarnation i WHERE b.number = 1 AND i.short = b.incarnation
SQL
detects('a block of another kind', <<'SQL', qr/\Achain\|block 4\|4\|refuted\|has the wrong kind\n(?!chain\|block \d)/);
UPDATE custody_ledger.block b SET kind = 1, private = p.p, hash = sha256('\x1001'::bytea || uuid_send(l.ledger)
    || int8send(b.number) || i.incarnation || b.previous || b.slots || p.p || int8send(custody.ledger_time(b.sealed_at)))
  FROM custody_ledger.ledger l, custody_ledger.incarnation i, custody_ledger.block o
 CROSS JOIN LATERAL (SELECT convert_to(o.snapshot::text, 'UTF8') AS s, convert_to(coalesce(o.notes, ''), 'UTF8') AS n) t
 CROSS JOIN LATERAL (SELECT sha256('\x0f'::bytea || o.secret || '\x01'::bytea || int4send(o.lineage) || int4send(octet_length(t.s)) || t.s
    || int8send(o.transactions) || int8send(o.events) || o.tree || int8send((o.lsn - '0/0')::int8) || int4send(octet_length(t.n)) || t.n) AS p) p
 WHERE b.number = 4 AND i.short = b.incarnation AND o.number = b.number
SQL
# A link's hash fits as well: the slots of the block do not.
detects("a link's number", <<'SQL', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*its link does not follow the one before/m);
UPDATE custody_ledger.link SET k = k + 1, hash = sha256('\x0b'::bytea || int4send(octet_length(org)) || org || int8send(k + 1) || int8send(block)
    || int4send(transactions) || int8send(events) || int8send(total) || tree || previous) WHERE block = 3
SQL
detects("a link's sum", <<'SQL', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*its link does not follow the one before/m);
UPDATE custody_ledger.link SET total = total + 1, hash = sha256('\x0b'::bytea || int4send(octet_length(org)) || org || int8send(k) || int8send(block)
    || int4send(transactions) || int8send(events) || int8send(total + 1) || tree || previous) WHERE block = 3
SQL
detects("a link's previous", <<'SQL', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*its link does not follow the one before/m);
UPDATE custody_ledger.link SET previous = sha256('x'), hash = sha256('\x0b'::bytea || int4send(octet_length(org)) || org || int8send(k) || int8send(block)
    || int4send(transactions) || int8send(events) || int8send(total) || tree || sha256('x')) WHERE block = 3
SQL
detects("a link's tree", <<'SQL', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*its link has \d+ transactions/m);
UPDATE custody_ledger.link SET tree = sha256('x'), hash = sha256('\x0b'::bytea || int4send(octet_length(org)) || org || int8send(k) || int8send(block)
    || int4send(transactions) || int8send(events) || int8send(total) || sha256('x') || previous) WHERE block = 3
SQL
detects("a link's hash", 'UPDATE custody_ledger.link SET hash = sha256(hash) WHERE block = 3',
    qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*its link does not give its hash/m);
detects('a snapshot is changed', "UPDATE custody_ledger.block SET snapshot = (SELECT snapshot FROM custody_ledger.block WHERE number = 4) WHERE number = 3", qr/^chain\|block 3\|3\|refuted\|.*private part/m);
detects('a link is dropped', 'DELETE FROM custody_ledger.link WHERE block = 3', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted\|.*no link/m);
detects('a link is changed', 'UPDATE custody_ledger.link SET events = events + 1 WHERE block = 3', qr/^roots\|organization 75[0-9a-f]{32}\|3\|refuted/m);
detects('a slot is changed', 'UPDATE custody_ledger.org SET slot = (slot + 1) % 16777216 WHERE first_block = 2', qr/^roots\|block 2\|2\|refuted\|.*slots/m);
detects('a descriptor is changed', q{UPDATE custody_ledger.descriptor SET text = replace(text, 'born', 'died')}, qr/^descriptors\|descriptor \d+\|\|refuted/m);
detects('tables take each other\'s names', q{UPDATE custody_ledger.audited SET identity = gen_random_uuid() WHERE id = 1}, qr/^descriptors\|descriptor \d+\|\|refuted\|it names table/m);

detects('a block without its snapshot', 'UPDATE custody_ledger.block SET snapshot = NULL WHERE number = 3', qr/^chain\|custody_ledger\.block\|\|refuted\|.*column 5 is NULL/m);
detects('an incarnation is changed', 'UPDATE custody_ledger.incarnation SET timeline = 7', qr/^chain\|incarnation -?\d+\|\|refuted/m);

# After a change all is made again: each hash fits, and only a digest from elsewhere tells.
detects('the chain is made again after a change', <<'SQL', qr/^digests\|digest of block 4\|4\|refuted\|the block here has another hash/m);
DELETE FROM custody_ledger.tx WHERE xid > (SELECT pg_snapshot_xmax(snapshot) FROM custody_ledger.block WHERE number = 2);
DELETE FROM ev WHERE xid > (SELECT pg_snapshot_xmax(snapshot) FROM custody_ledger.block WHERE number = 2);
DELETE FROM custody_ledger.block WHERE number > 2; DELETE FROM custody_ledger.link WHERE block > 2;
SET session_replication_role = origin; SELECT custody.seal(even_when_empty => true); SELECT custody.seal(even_when_empty => true);
SQL
is problems('tampered', digest => "'$old_digest'"), 'digests|blocks 3 to 4||unproven', '... inside the window between seal and anchor nothing does';

detects('capture is switched off', 'ALTER TABLE patient DISABLE TRIGGER custody_capture', qr/^coverage\|public\.patient\|\|refuted\|.*ENABLE ALWAYS/m);
detects('a guard is gone', 'DROP TRIGGER custody_guard ON custody_ledger.block', qr/^coverage\|custody_guard on custody_ledger\.block\|\|refuted/m);
detects('an event trigger is switched off', 'DROP EVENT TRIGGER custody_audit_ddl', qr/^coverage\|event trigger custody_audit_ddl\|\|refuted/m);
detects('an index hides a row', q{UPDATE pg_index SET indisready = false WHERE indexrelid = (SELECT indexrelid FROM pg_index WHERE indrelid = 'custody_ledger.block'::regclass);
SET enable_indexscan = off; SET enable_bitmapscan = off;
UPDATE custody_ledger.block SET number = 22 WHERE number = 2; UPDATE custody_ledger.block SET number = 2 WHERE number = 22;
UPDATE pg_index SET indisready = true WHERE indexrelid = (SELECT indexrelid FROM pg_index WHERE indrelid = 'custody_ledger.block'::regclass)},
    qr/^heap_index\|custody_ledger\.block_pkey\|\|refuted\|it shows 3 rows, the table has 4/m);
done_testing;

# What is not proven, with or without details.
sub problems {
    my ($database, %option) = @_;
    my $digest = $option{digest} // "'$digest'";
    return $c->sql($database, qq{SELECT "check", object, block, status } . ($option{details} ? ', detail' : '') .
        qq{ FROM custody.verify_ledger($digest) WHERE status <> 'proven'});
}

sub report { problems($_[0], details => 1) }

sub detects {
    my ($what, $sql, $expected) = @_;
    $sql =~ s/\bev\b/custody_ledger.event/g;
    is tampered_copy($c, $sql), '', "$what: done";
    like report('tampered'), $expected, $what;
}
