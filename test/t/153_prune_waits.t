# What a prune waits for: the default partition like the others; and not for whoever waits for it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('old', extension => 1);
$c->sql('old', <<'SQL');
SELECT custody.init_ledger('day');
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE u (id int PRIMARY KEY, a text);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t');
SQL
# In the default partition, where it stays; what takes it back is in the partition that is pruned.
my $taken = $c->sql('old', q{SELECT custody.request_erase('t', '1', 'asked')}, user => 'admin');
$c->sql('old', <<'SQL');
SELECT custody.make_ledger_partition(p, date_trunc('second', clock_timestamp()) + '1 second', date_trunc('second', clock_timestamp()) + '5 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT pg_sleep(1.1);
SQL
$c->sql('old', "SELECT custody.withdraw_request($taken)", user => 'admin');
$c->sql('old', q{INSERT INTO t SELECT i, 'a' FROM generate_series(1, 9) i});
my $partition = $c->sql('old', q{SELECT relation FROM custody.ledger_partitions('event') ORDER BY lower LIMIT 1});
cmp_ok $c->sql('old', "SELECT count(*) FROM $partition"), '>=', 10, 'events are in the partition';
wait_for('the end of the partition', sub {
    $c->sql('old', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
$c->sql('old', 'SELECT custody.seal()');
is refuted(), '', 'nothing is refuted before';
my $prune = $c->sql('old', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
# The server finds some deadlocks itself, but not while one of both sleeps.
my ($reader, $approver) = ($c->session('old'), $c->session('old', 'lawyer'));

# It records a table beside, behind a row of the partition's time that it reads.
$reader->query("SET deadlock_timeout = '1min'; BEGIN; SELECT count(*) FROM $partition");
approve();
$reader->send(q{SET LOCAL statement_timeout = '40s'; SELECT count(*) FROM custody.audit('u')});
like $approver->finish(error => 1), qr/ERROR:  .* waits for this prune/, 'a prune does not wait for whoever waits for it';
like $reader->finish(error => 1), qr/^[1-9]/, '... who goes on';
$reader->query('COMMIT');

$reader->query('BEGIN; SELECT count(*) FROM custody_ledger.event_default');
approve();
is $c->sql('old', q{SET statement_timeout = '20s'; INSERT INTO t VALUES (20, 'new') RETURNING id}), 20,
    'nobody is kept out while it waits for a reader of the default partition';
is $reader->query('SELECT count(*) > 0 FROM custody_ledger.event'), 't', '... who goes on to the parent';
$reader->query('COMMIT');
like $approver->finish, qr/^1 partitions with /, 'then it is pruned';
$c->sql('old', 'SELECT custody.seal()');
is refuted(), '', '... lawfully';
is $c->sql('old', qq{SELECT status FROM custody.verify_ledger(custody.ledger_digest()) WHERE object = 'request $taken'}), 'unproven',
    'a request that was taken back by an event that is gone is unproven';
$_->close for $reader, $approver;
done_testing;

sub refuted {
    return $c->sql('old', q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status = 'refuted'});
}

# Until it waits: for a lock, or for another try.
sub approve {
    my $backend = $approver->backend;
    $approver->send("SELECT custody.approve($prune)");
    wait_for('the prune waits', sub {
        $c->sql('old', "SELECT wait_event_type IN ('Lock', 'Timeout') FROM pg_stat_activity WHERE pid = $backend") eq 't';
    });
    return;
}
