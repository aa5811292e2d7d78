# What no block hashes, and what answers and verification rely on all the same: a superuser who changes it,
# triggers off, is noticed, and a lawful prune that keeps held events is no alarm.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('sound', extension => 1);
$c->sql('postgres', "CREATE ROLE $_ LOGIN") for qw(admin lawyer);
$c->sql('sound', <<'SQL');
SELECT custody.init_ledger('day');
SELECT custody.grant_duty('admin', 'admin'), custody.grant_duty('lawyer', 'legal');
CREATE TABLE patient (id int PRIMARY KEY, org int8, name text);
CREATE TABLE visit (id int PRIMARY KEY, org int8, note text);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '2 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('patient', 'org');
CREATE TABLE again (id int PRIMARY KEY);
SELECT custody.audit('again'); SELECT custody.unaudit('again', 'later');
INSERT INTO patient SELECT i, 1 + i % 2, 'somebody ' || i FROM generate_series(1, 9) i;
UPDATE patient SET name = 'changed' WHERE id < 6;
SQL
wait_for('the end of the partition', sub {
    $c->sql('sound', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
$c->sql('sound', q{SELECT custody.place_hold('case', 'patient', '{"id": 3}')}, user => 'lawyer');
$c->sql('sound', 'SELECT custody.seal()');
my $prune = $c->sql('sound', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
like $c->sql('sound', "SELECT custody.approve($prune)", user => 'lawyer'), qr/2 held events kept/, 'pruned, two events held';
$c->sql('sound', q{SELECT custody.audit('again'); SELECT custody.audit('visit', 'org'); INSERT INTO visit VALUES (1, 1, 'a')});
$c->sql('sound', 'SELECT custody.seal()');
$c->sql('sound', q{UPDATE visit SET note = 'b'});
$c->sql('sound', 'SELECT custody.seal()');
my $digest = $c->sql('sound', 'SELECT custody.ledger_digest()');

my $pruned = 'payloads|pruned||unproven';
is problems('sound'), $pruned, 'a lawful prune that kept held events refutes nothing';
is problems('sound', "'$digest', 2, 2"), '', 'a range under a later digest is proven';

detects('a held event is made up', q{INSERT INTO custody_ledger.held_event
    SELECT at, xid, incarnation, lsn, 77, cid, tbl, descriptor, pair, context, 'D', key_salt, images_salt, org, key, new, NULL, NULL, NULL, prune, proof
      FROM custody_ledger.held_event WHERE op = 'I'}, qr/^descriptors\|held event 77 of transaction \d+\|.*not the one that was sealed/m);
detects('a held event is changed', q{UPDATE custody_ledger.held_event SET lsn = lsn + 1 WHERE op = 'U'}, qr/^descriptors\|held event .*not the one/m);
detects('a held event is there twice', 'INSERT INTO custody_ledger.held_event SELECT * FROM custody_ledger.held_event', qr/^descriptors\|held event .*twice/m);
detects('one that is not pruned', q{INSERT INTO custody_ledger.held_event SELECT e.*, 1, NULL FROM custody_ledger.event e WHERE tbl = 3 AND op = 'I'},
    qr/^descriptors\|held event .*no record says/m);
detects('a held event is deleted', q{DELETE FROM custody_ledger.held_event WHERE op = 'U'}, qr/^descriptors\|prune 1\|.*2 held events were kept, 1 are there/m);
my $tx = '(SELECT max(xid) FROM custody_ledger.tx)';
detects('how a table is recorded, of which pruned events told', q{UPDATE custody_ledger.audited SET options = options || '{"full_row": true}'
    WHERE name = 'patient'}, qr/^descriptors\|public\.patient\|.*how it is recorded is/m);
detects('since when', q{UPDATE custody_ledger.audited SET since = since - interval '1 day' WHERE name = 'patient'},
    qr/^descriptors\|public\.patient\|.*since when it is recorded is/m);
detects('a prune is made up for a deletion', qq{UPDATE custody_ledger.tx SET contexts = NULL WHERE xid = $tx; DELETE FROM custody_ledger.event WHERE xid = $tx;
    INSERT INTO custody_ledger.prune (lower, upper, transactions, events, held, pruned_at) SELECT at, at + '1 us', 1, 1, 0, now() FROM custody_ledger.tx WHERE xid = $tx},
    qr/^descriptors\|prune 2\|.*no event of the ledger says so/m);
detects('a prune is made wider for one', qq{UPDATE custody_ledger.tx SET contexts = NULL WHERE xid = $tx; DELETE FROM custody_ledger.event WHERE xid = $tx;
    UPDATE custody_ledger.prune SET upper = 'infinity'}, qr/^descriptors\|prune 1\|.*something else/m);
detects('bytes behind contexts', qq{UPDATE custody_ledger.tx SET contexts = contexts || '\\x00' WHERE xid = $tx}, qr/^membership\|custody_ledger\.tx\|.*bytes that are none/m);
detects("an incarnation's $_", "UPDATE custody_ledger.incarnation SET $_ = 7", qr/^descriptors\|incarnation .*do not give its hash/m)
    for qw(system_identifier timeline database);
detects('an organization is made up', q{INSERT INTO custody_ledger.org VALUES ('\x6278', 4, 2)}, qr/^descriptors\|organization 6278\|/m);
detects('its first block', 'UPDATE custody_ledger.org SET first_block = first_block + 1', qr/^descriptors\|organization .*first link/m);
detects('a link of no block', q{INSERT INTO custody_ledger.link SELECT '\x6278', 1, 0, 1, 1, 1, tree, previous, hash FROM custody_ledger.link LIMIT 1}, qr/^descriptors\|link 1 of organization 6278\|/m);
detects('a block before the first', q{INSERT INTO custody_ledger.block SELECT 0, incarnation, lineage, kind, snapshot, secret, transactions, events, tree, slots, private, previous, hash, lsn, notes, sealed_at FROM custody_ledger.block LIMIT 1},
    qr/^descriptors\|block 0\|.*before the first/m);
detects('a version', 'UPDATE custody_ledger.descriptor SET version = version + 1 WHERE tbl = 2', qr/^descriptors\|descriptor \d+\|.*another version/m);
detects('a table is recorded no more', 'UPDATE custody_ledger.audited SET active = false, until = now() WHERE id = 3; ALTER TABLE visit DISABLE TRIGGER ALL',
    qr/^descriptors\|public\.visit\|.*no event says so/m);
detects('rows are hidden from auditors', q{ALTER TABLE custody_ledger.event ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON custody_ledger.event USING (xid < '1')},
    qr/^descriptors\|custody_ledger\.event\|.*row security/m);
detects('rows are kept out', 'CREATE RULE r AS ON INSERT TO custody_ledger.block DO INSTEAD NOTHING', qr/^descriptors\|custody_ledger\.block\|/m);
for my $when ('INSERT OR UPDATE OR DELETE ON visit FOR EACH ROW WHEN (false)', 'INSERT OR UPDATE OF id OR DELETE ON visit FOR EACH ROW', 'INSERT ON visit FOR EACH ROW') {
    detects("capture AFTER $when", qq{DROP TRIGGER custody_capture ON visit; CREATE TRIGGER custody_capture AFTER $when EXECUTE FUNCTION custody.capture('x');
        UPDATE pg_trigger SET tgenabled = 'A', tgargs = (SELECT convert_to(identity::text, 'UTF8') || '\\x00' FROM custody_ledger.audited WHERE name = 'visit')
         WHERE tgrelid = 'visit'::regclass AND tgname = 'custody_capture'}, qr/^coverage\|public\.visit\|.*not captured/m);
    is $c->sql('tampered', q{SELECT state FROM custody.audit_coverage() WHERE relation = 'visit'::regclass}), 'gap', '... which is a gap';
}
# Block 2 is made again, and what follows is left as it is: the newest digest does not prove it.
detects('blocks of a range are made again', <<'SQL', qr/^digests\|digest of block 3\|.*blocks 2 to 3 do not follow one another/m, "'$digest', 2, 2");
UPDATE custody_ledger.block b SET sealed_at = sealed_at - interval '1 h', hash = sha256('\x1001'::bytea || uuid_send(l.ledger)
    || int8send(b.number) || i.incarnation || b.previous || b.slots || b.private || int8send(custody.ledger_time(b.sealed_at - interval '1 h')))
  FROM custody_ledger.ledger l, custody_ledger.incarnation i WHERE b.number = 2 AND i.short = b.incarnation
SQL
$c->sql('sound', q{SELECT custody.unaudit('visit', 'no more'); DROP TABLE visit});
$c->sql('sound', 'SELECT custody.seal()');
$digest = $c->sql('sound', 'SELECT custody.ledger_digest()');
is problems('sound'), $pruned, 'a table that is lawfully recorded no more, and dropped, is no alarm';

# Once the hold is lifted, erasure reaches the copies and their proofs, which hold all the same.
my $lift = $c->sql('sound', q{SELECT custody.request_lift(1, 'closed')}, user => 'admin');
$c->sql('sound', "SELECT custody.approve($lift)", user => 'lawyer');
$c->sql('sound', 'DELETE FROM patient WHERE id = 3');
my $erase = $c->sql('sound', q{SELECT custody.request_erase('patient', '{"id": 3}', 'asked for')}, user => 'admin');
is $c->sql('sound', "SELECT custody.approve($erase)", user => 'lawyer'), '3 events erased', 'held ones are counted';
is $c->sql('sound', q{SELECT count(*), count(key), count(key_salt), count(images_salt), count(old), count(new),
    bool_or(array_to_string(proof, '') LIKE '%' || encode('changed', 'hex') || '%' OR array_to_string(proof, '') LIKE '%' || encode('somebody 3', 'hex') || '%')
  FROM custody_ledger.held_event}), '2|0|0|0|0|0|f', 'nothing of the row is left in the copies';
$c->sql('sound', 'SELECT custody.seal()');
$digest = $c->sql('sound', 'SELECT custody.ledger_digest()');
is problems('sound'), $pruned, '... and that is no alarm';
my $digest_file = write_file($digest, 'digest');
for my $number (0, 1) {
    my $file = write_file($c->sql('sound', "SELECT array_to_string(proof, E'\n') FROM custody_ledger.held_event ORDER BY xid OFFSET $number LIMIT 1") . "\n", "proof$number");
    # The proof ends with the block that was the last when it was made.
    my $check = custody('audit', 'verify-bundle', $file, '--digest', $digest_file);
    unlike $check->{stdout} . $check->{stderr}, qr/refuted/, 'a proof of commitments' or diag $check->{stdout}, $check->{stderr};
    my $python = run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $file);
    like $python->{stdout}, qr/unproven/, '... says the other verifier, too' or diag $python->{stdout}, $python->{stderr};
}
done_testing;

sub problems {
    my ($database, $arguments) = @_;
    $arguments //= "'$digest'";
    return $c->sql($database, qq{SELECT "check", object, block, status FROM custody.verify_ledger($arguments) WHERE status <> 'proven'});
}

sub detects {
    my ($what, $sql, $expected, $arguments) = @_;
    $arguments //= "'$digest'";
    is tampered_copy($c, $sql), '', "$what: done";
    like $c->sql('tampered', qq{SELECT "check", object, detail FROM custody.verify_ledger($arguments) WHERE status = 'refuted'}), $expected, $what;
}
