# Transactions that began before what they are about was pruned: an approval, whose own events would go with
# it, and a writer, whose events come after it and count.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one', conf => { max_prepared_transactions => 5 });
$c->create_database('old', extension => 1);
$c->sql('old', <<'SQL');
SELECT custody.init_ledger('day');
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE TABLE t (id int PRIMARY KEY, a text);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t');
INSERT INTO t SELECT i, 'a' FROM generate_series(1, 9) i;
SQL
$c->sql('old', q{SELECT custody.place_hold('case', 't', '{"id": 1}')}, user => 'lawyer');
my $lift = $c->sql('old', q{SELECT custody.request_lift(1, 'closed')}, user => 'lawyer');
my $erase = $c->sql('old', q{SELECT custody.request_erase('t', '{"id": 2}', 'art. 17')}, user => 'lawyer');
$c->sql('old', "SELECT custody.approve($erase)", user => 'admin');
my ($writer, $approver) = ($c->session('old'), $c->session('old', 'lawyer'));
$_->query('BEGIN; SELECT now()') for $writer, $approver;
$c->sql('old', q{BEGIN; INSERT INTO t VALUES (50, 'prepared'); PREPARE TRANSACTION 'p'});
wait_for('the end of the partition', sub {
    $c->sql('old', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
$c->sql('old', q{COMMIT PREPARED 'p'});
$c->sql('old', 'SELECT custody.seal()');
my $prune = $c->sql('old', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
like $approver->query("SELECT custody.approve($prune)"), qr/^0 partitions/, 'an approval in a transaction from before does not prune its own time';
$approver->query('ROLLBACK');
like $c->sql('old', "SELECT custody.approve($prune)", user => 'lawyer'), qr/^1 partitions with 17 events pruned, 1 held/, 'one that begins later does';
my $pruned = join "\n", 'descriptors|hold 1|unproven|no event that is there tells of it',
    "descriptors|request $lift|unproven|no event that is there tells of it",
    "descriptors|request $erase|unproven|no event that is there tells of it", 'payloads|pruned|unproven|the events of 7 transactions were pruned';
is problems('old'), $pruned, 'what was pruned is said, and nothing refuted';
$writer->query(q{INSERT INTO t VALUES (60, 'late'); UPDATE t SET a = 'late' WHERE id = 3; COMMIT});
is problems('old'), $pruned, 'nor is it when a transaction from before writes';
is $c->sql('old', q{SELECT string_agg(op, '') FROM custody.history('t', '60')}), 'I', '... whose events are there';
$_->close for $writer, $approver;

for ([ 'events that came late are gone', q{DELETE FROM custody_ledger.event e USING custody_ledger.tx x WHERE e.xid = x.xid AND e.op = 'I'},
       qr/^descriptors\|transaction \d+\|refuted\|it came after its time was pruned, and 1 of its 2 events are there/m ],
     [ '... with what says so', q{WITH late AS (DELETE FROM custody_ledger.event e WHERE e.op IN ('I', 'U') RETURNING e.xid)
        UPDATE custody_ledger.tx x SET contexts = NULL FROM late l WHERE l.xid = x.xid}, qr/^descriptors\|prune 1\|refuted\|it was of 7 transactions, 8 are without/m ]) {
    my ($what, $sql, $expected) = @$_;
    $c->drop_database('tampered') if $c->sql('postgres', q{SELECT 1 FROM pg_database WHERE datname = 'tampered'});
    $c->create_database('tampered', template => 'old');
    $c->sql('tampered', "SELECT custody.maintain_ledger('" . $sql =~ s/'/''/gr . "')");
    like problems('tampered'), $expected, $what;
}
done_testing;

sub problems {
    my ($database) = @_;
    $c->sql($database, 'SELECT custody.seal()');
    return $c->sql($database, q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven' ORDER BY 1, 2});
}
