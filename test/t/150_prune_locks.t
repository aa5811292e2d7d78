# A prune beside others: it locks the table of events before its partition, as readers do, keeps nobody out
# while it waits, and takes nothing away that came meanwhile.
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
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t');
INSERT INTO t SELECT i, 'a' FROM generate_series(1, 9) i;
SQL
my $partition = $c->sql('old', q{SELECT relation FROM custody.ledger_partitions('event') ORDER BY lower LIMIT 1});
my ($reader, $late, $approver) = ($c->session('old'), $c->session('old'), $c->session('old', 'lawyer'));
$late->query('BEGIN; SELECT now()');
wait_for('the end of the partition', sub {
    $c->sql('old', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
$c->sql('old', q{SELECT custody.place_hold('case', 't', '{"id": 1}')}, user => 'lawyer');
$c->sql('old', 'SELECT custody.seal()');
my $prune = $c->sql('old', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');

# A reader that has the parent, as the planner of any query on it does, and then wants the partition.
$reader->query('BEGIN; SELECT count(*) FROM ONLY custody_ledger.event');
approve();
is $reader->query("SELECT count(*) FROM $partition"), 10, 'a reader goes on to the partition while a prune waits';
is $c->sql('old', q{SET statement_timeout = '60s'; INSERT INTO t VALUES (20, 'new') RETURNING id}), 20, '... and a new session writes, and is recorded';
is $c->sql('old', q{SET statement_timeout = '60s'; SELECT string_agg(op, '') FROM custody.history('t', '20')}), 'I', '... which can be read';

# A writer from before has the partition.
$late->query(q{INSERT INTO t VALUES (30, 'late')});
$reader->query('COMMIT');
is $c->sql('old', q{SET statement_timeout = '60s'; SELECT count(*) FROM custody_ledger.event} . " WHERE tableoid = '$partition'::regclass"), 10,
    'the prune waits for a writer without keeping readers out';
$late->query('COMMIT');
like $approver->finish(error => 1), qr/ERROR:  events were written to \Q$partition\E while it was pruned/, 'what was written meanwhile is not pruned';
is $c->sql('old', q{SELECT count(*) FROM custody_ledger.event} . " WHERE tableoid = '$partition'::regclass"), 11, '... but there';
is $c->sql('old', 'SELECT (SELECT count(*) FROM custody_ledger.prune) + (SELECT count(*) FROM custody_ledger.held_event)'), 0, '... and nothing is done';

$c->sql('old', 'SELECT custody.seal()');
$reader->query("BEGIN; SELECT count(*) FROM $partition");
approve();
is $reader->query('SELECT count(*) FROM custody_ledger.event') > 0, 1, 'a reader of the partition goes on to the parent';
$reader->query('COMMIT');
like $approver->finish, qr/^1 partitions with 11 events pruned, 1 held events kept/, 'then it is pruned';
is $c->sql('old', "SELECT to_regclass('$partition') IS NULL"), 't', '... and gone';
$c->sql('old', 'SELECT custody.seal()');
is $c->sql('old', q{SELECT "check", object, status FROM custody.verify_ledger(custody.ledger_digest()) WHERE status = 'refuted'}), '', '... lawfully';
$_->close for $reader, $late, $approver;
done_testing;

# Until it waits: for a lock, or for another try.
sub approve {
    my $backend = $approver->backend;
    $approver->send("SELECT custody.approve($prune)");
    wait_for('the prune waits', sub {
        $c->sql('old', "SELECT wait_event_type IN ('Lock', 'Timeout') FROM pg_stat_activity WHERE pid = $backend") eq 't';
    });
    return;
}
