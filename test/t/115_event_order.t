# The order of a row's events is none of transaction ids or times: a lower xid that wrote last, a clock that
# steps back, a prepared transaction, a writer that waited. Exact times of commit, and those that are not.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one', conf => { max_prepared_transactions => 5, track_commit_timestamp => 'on' });
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', q{
    SELECT custody.init_ledger();
    CREATE TABLE patient (id int PRIMARY KEY, name text);
    CREATE TABLE other (a int);
    CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, name text);
    INSERT INTO unlogged VALUES (1, 'first');
    CREATE TABLE stepped (id int PRIMARY KEY, a text, b text);
    INSERT INTO patient VALUES (1, 'first'), (2, 'first');
    SELECT custody.audit('patient'), custody.audit('unlogged'), custody.audit('stepped')});
sub names { my ($key, $table) = (@_, 'patient'); $cluster->sql('clinic', "SELECT string_agg(coalesce(new ->> 'name', op), ' ') FROM custody.history('$table', '$key')") }
sub verdict { my ($table) = (@_, 'patient'); $cluster->sql('clinic', "SELECT string_agg(status, ' ') FROM custody.reconcile('$table')") }

# The lower xid writes last, once or twice; a table that is not logged has its place in the log, too.
for ([ 'patient', 'low again' ], [ 'unlogged', 'low' ]) {
    my ($table, $last) = @$_;
    my ($low, $high) = map { $cluster->session('clinic') } 1 .. 2;
    my $low_xid = $low->query('BEGIN; INSERT INTO other VALUES (1); SELECT pg_current_xact_id()');
    my $high_xid = $high->query(qq{BEGIN; INSERT INTO other VALUES (2); UPDATE $table SET name = 'high' WHERE id = 1; SELECT pg_current_xact_id()});
    cmp_ok $high_xid, '>', $low_xid, "$table: the transactions are in this order";
    $low->send(qq{UPDATE $table SET name = 'low' WHERE id = 1});
    wait_for('the writer waits', sub { $cluster->sql('clinic', q{SELECT count(*) FROM pg_locks WHERE NOT granted}) > 0 });
    $high->query('COMMIT');
    $low->finish;
    $low->query(($last eq 'low' ? '' : qq{UPDATE $table SET name = '$last' WHERE id = 1; }) . 'COMMIT');
    is names(1, $table), 'first high low' . ($last eq 'low' ? '' : " $last"), 'history is in the order of the writes';
    is $cluster->sql('clinic', qq{SELECT "row" ->> 'name' FROM custody.row_as_of('$table', '1', clock_timestamp())}), $last,
        'and so is the row as of now';
    is verdict($table), 'proven', 'and the row that is there';
}

my $high = $cluster->session('clinic');

# Exact time of commit: a transaction that began long before and committed after a time is not in it.
$high->query(q{BEGIN; UPDATE patient SET name = 'long' WHERE id = 2});
my $between = $cluster->sql('clinic', 'SELECT clock_timestamp()');
$high->query('COMMIT');
is $cluster->sql('clinic', qq{SELECT "row" ->> 'name', clock FROM custody.row_as_of('patient', '2', '$between')}), 'first|commit',
    'before its commit';
is $cluster->sql('clinic', q{SELECT "row" ->> 'name', clock FROM custody.row_as_of('patient', '2', clock_timestamp())}),
    'long|commit', 'after it';

# A prepared transaction: its time is that of PREPARE, where no exact one is known.
$high->query(q{BEGIN; UPDATE patient SET name = 'prepared' WHERE id = 2; PREPARE TRANSACTION 'p'});
is verdict(), 'proven', 'what is prepared is on neither side';
$between = $cluster->sql('clinic', 'SELECT clock_timestamp()');
$high->query(q{COMMIT PREPARED 'p'});
is $cluster->sql('clinic', qq{SELECT "row" ->> 'name' FROM custody.row_as_of('patient', '2', '$between')}), 'long',
    'a prepared transaction counts from COMMIT PREPARED where that is known';

# A clock that stepped back an hour: times are wrong, order and rows are right.
$cluster->sql('clinic', q{SELECT custody.maintain_ledger($$UPDATE custody_ledger.tx SET
    committing_at = committing_at - interval '1 hour' WHERE xid = (SELECT max(xid) FROM custody_ledger.tx)$$)});
$cluster->configure(track_commit_timestamp => 'off');
$high->close;
$cluster->restart;
$high = $cluster->session('clinic');
is names(2), 'first long prepared', 'history is in order';
is $cluster->sql('clinic', q{SELECT "row" ->> 'name', clock FROM custody.row_as_of('patient', '2', clock_timestamp())}),
    'prepared|pre-commit', 'and so is the row; its time is said to be that before the commit';
is verdict(), 'proven', 'and the row that is there';

# Between two changes of a row the clock stepped back: there is no time at which the second was there without the
# first, and the transaction in which it stepped is not left out of its window.
my @changed = map { $cluster->sql('clinic', "BEGIN; SELECT pg_current_xact_id(); $_; COMMIT") }
    q{INSERT INTO stepped VALUES (1, 'a', 'b')}, q{UPDATE stepped SET a = 'A'}, q{UPDATE stepped SET b = 'B'};
sub ledger { $cluster->sql('clinic', 'SELECT custody.maintain_ledger($$UPDATE custody_ledger.' . $_[0] . '$$)') }
ledger("tx SET committing_at = committing_at + interval '3 hours' WHERE xid = '$changed[1]'");
ledger("tx SET committing_at = committing_at + interval '1 hour', at = at + interval '2 hours' WHERE xid = '$changed[2]'");
ledger("event SET at = at + interval '2 hours' WHERE xid = '$changed[2]'");
my $early = $cluster->sql('clinic', "SELECT committing_at + interval '1 minute' FROM custody_ledger.tx WHERE xid = '$changed[2]'");
sub stepped { $cluster->sql('clinic', qq{SELECT concat_ws(' ', "row" ->> 'a', "row" ->> 'b') FROM custody.$_[0]}) }
is stepped("row_as_of('stepped', '1', '$early')"), 'A B', 'a time that came twice: what the second change left, with the first';
is stepped("table_as_of('stepped', '$early')"), 'A B', '... of the table as well';
is stepped("row_as_of('stepped', '1', timestamptz '$early' + interval '1 day')"), 'A B', '... and from then on';
is stepped("row_as_of('stepped', '1', timestamptz '$early' - interval '2 minutes')"), 'a b', '... before it neither';
is $cluster->sql('clinic', qq{SELECT string_agg(new::text, ' ') FROM custody.changes('stepped', since => clock_timestamp(), until => '$early')}), '{"b": "B"}',
    '... changes in a window: those that ended in it';

# A transaction counts from its end, not from its begin, also where the exact time is not known.
$high->query(q{BEGIN; UPDATE patient SET name = 'late' WHERE id = 2});
$between = $cluster->sql('clinic', 'SELECT clock_timestamp()');
$high->query('COMMIT');
is $cluster->sql('clinic', qq{SELECT "row" ->> 'name' FROM custody.row_as_of('patient', '2', '$between')}), 'prepared', 'a transaction that was open then is not in the answer';

# Nothing counts twice under a snapshot from before.
my $old = $cluster->session('clinic');
$old->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$cluster->sql('clinic', q{UPDATE patient SET name = 'unseen'});
is $old->query(q{SELECT status FROM custody.reconcile('patient')}), 'proven', 'one snapshot for rows and events';
is $old->query(q{SELECT count(*) FROM custody.history('patient', '2')}), 4, 'of both';
done_testing;
