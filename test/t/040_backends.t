# Backends that end under the loader: workers, the snapshot's holder, the session with the run's
# lock, pg_dump; and COMMITs whose answer, or which themselves, are lost.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Test::Gates;
use Custody::Test::Proxy;

my $source = start_cluster('source');
my $target = start_cluster('target');
fill_gated($source, 'app');
my @parts = qw(--jobs 3 --part-size 256kB);
my $number = 0;

sub fresh {
    my $database = 't' . ++$number;
    $target->create_database($database, extension => 1);
    return $database;
}
sub start { my ($to, @more) = @_; return start_custody('run', ends($source, 'app', $target, $to), @more); }
sub again { my ($to, @more) = @_; return custody('run', ends($source, 'app', $target, $to), @more); }

# A worker's backend on the source, in the middle of its COPY; then cancelled instead of ended.
{
    my $to = fresh();
    my $gate = close_gate($source, 'app', READ);
    my $run = start($to, @parts, gated());
    my $pid = blocked($source, 'app', '^copy');
    is terminate($source, "pid = $pid"), 1, 'source worker ended in its COPY';
    $pid = blocked($source, 'app', '^copy');
    $source->sql('app', "SELECT pg_cancel_backend($pid)");
    wait_for('the statement is cancelled', sub { $run->stderr =~ /canceling statement/ });
    $gate->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'source worker');
    like $run->stderr, qr/copy of public\.big part \d+: terminating connection.*trying again/,
        'says what happened, and that it tries again';
}

# A worker's backend on the target, in the middle of its COPY.
{
    my $to = fresh();
    my $gate = close_gate($target, $to, WRITE);
    my $run = start($to, @parts);
    my $pid = blocked($target, $to, '^copy');
    is terminate($target, "pid = $pid"), 1, 'target worker ended in its COPY';
    $pid = blocked($target, $to, '^copy');
    $target->sql($to, "SELECT pg_cancel_backend($pid)");
    wait_for('the statement is cancelled', sub { $run->stderr =~ /canceling statement/ });
    $gate->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'target worker');
}

# The holder, once with other workers about and once with a single worker in one long COPY.
for my $jobs (3, 1) {
    my $to = fresh();
    my $gate = close_gate($source, 'app', READ);
    my $run = start($to, '--jobs', $jobs, gated());
    blocked($source, 'app', '^copy');
    my $old = $target->sql($to, 'SELECT name FROM custody.migration_snapshot');
    is terminate($source, q{application_name = 'custody snapshot'}), 1, "holder ended, --jobs $jobs";
    my $noticed = $jobs > 1 ? qr/another connection holds the source snapshot now/
        : qr/holds the source snapshot is gone/;
    wait_for('the death is noticed', sub { $run->stderr =~ $noticed });
    # The new name is recorded by a session of its own.
    wait_for('the state has its new name', sub {
        $target->sql($to, 'SELECT name FROM custody.migration_snapshot') ne $old;
    }) if $jobs > 1;
    $gate->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], "holder, --jobs $jobs");
    is $target->sql($to, 'SELECT count(*), count(lost_at) FROM custody.migration_snapshot'), '1|0',
        'one snapshot, and it was never lost';
}

# The holder dies before the workers of the rows join: the connection kept beside it saves it.
{
    my $to = fresh();
    my $wait = temporary_directory() . '/wait';
    my $run = start($to, '--jobs', 2, { env => { CUSTODY_FAILPOINT => "part.before_begin=wait:$wait" } });
    wait_for('the first part begins', sub { -e $wait });
    terminate($source, q{application_name = 'custody snapshot'});
    unlink $wait;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'holder, before the first part');
}

# A relation is truncated while nobody holds the locks: the snapshot is no good any more.
{
    $source->create_database('truncated', template => 'app');
    my $to = fresh();
    my $gate = close_gate($source, 'truncated', READ);
    my @ends = ends($source, 'truncated', $target, $to);
    my $run = start_custody('run', @ends, '--jobs', 1, gated());
    blocked($source, 'truncated', '^copy');
    my $few = $source->session('truncated');
    $few->send('TRUNCATE few');
    terminate($source, q{application_name = 'custody snapshot'});
    $few->finish;
    $few->close;
    $gate->close;
    is $run->wait->exit_code, 4, 'truncated without a holder: exit code 4' or diag $run->stderr;
    like $run->stderr, qr/snapshot is lost \[snapshot-lost\].*hint: run the same command again/s,
        'says why, and what to do';
    my $resumed = custody('run', @ends, '--jobs', 2, gated());
    is $resumed->{exit}, 0, 'resumed: exit code 0' or diag $resumed->{stderr};
    same_ok([ $source, 'truncated' ], [ $target, $to ], 'resumed under a new snapshot: same');
}

# All backends of the source at once: nothing has the snapshot any more.
{
    my $to = fresh();
    my $gate = close_gate($source, 'app', READ);
    my $run = start($to, @parts, gated());
    blocked($source, 'app', '^copy');
    terminate($source, q{application_name LIKE 'custody%'});
    is $run->wait->exit_code, 4, 'all source backends: exit code 4' or diag $run->stderr;
    like $run->stderr, qr/\[snapshot-lost\]/, 'the snapshot is lost';
    is state_of($target, $to), 'partial', 'the state says partial';
    $gate->close;
    my $resumed = again($to, @parts, gated());
    is $resumed->{exit}, 0, 'resumed: exit code 0' or diag $resumed->{stderr};
    same_ok([ $source, 'app' ], [ $target, $to ], 'resumed: same');
    is $target->sql($to, 'SELECT count(*), count(lost_at) FROM custody.migration_snapshot'), '2|1',
        'the first snapshot is marked lost';
}

# Verification, index build and the validation of a foreign key, one after the other.
{
    my $to = fresh();
    my $write = close_gate($target, $to, WRITE);
    my $index = close_gate($target, $to, INDEX);
    my $run = start($to, @parts);
    blocked($target, $to, '^copy');
    wait_for('everything else is copied', sub {
        return $target->sql($to, q{SELECT count(*) FROM custody.migration_task t
            JOIN custody.migration_table b ON b.migration_id = t.migration_id AND b.id = t.table_id
            WHERE b.target_table = 'child' AND t.kind = 'analyze' AND t.state = 'done'});
    });
    my $lock = $target->session($to);
    $lock->query('BEGIN; LOCK TABLE big IN ROW EXCLUSIVE MODE');
    my $child = $target->session($to);
    $child->query('BEGIN; LOCK TABLE child IN SHARE MODE');
    $write->close;
    my $pid = blocked($target, $to, 'big.* in share mode');
    is terminate($target, "pid = $pid"), 1, 'ended in verification';
    $lock->close;
    $pid = blocked($target, $to, 'big_gated');
    is terminate($target, "pid = $pid"), 1, 'ended in an index build';
    $index->close;
    # Queue up behind the new key, so that its validation is held up.
    blocked($target, $to, 'foreign key');
    my $validation = $target->session($to);
    $validation->send('BEGIN; LOCK TABLE child IN SHARE UPDATE EXCLUSIVE MODE');
    blocked($target, $to, 'LOCK TABLE child IN SHARE UPDATE');
    $child->close;
    $validation->finish;
    $pid = blocked($target, $to, 'validate constraint');
    is terminate($target, "pid = $pid"), 1, 'ended in the validation of a foreign key';
    $validation->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'verification, index, foreign key');
}

# pg_dump's backend: nothing is written yet.
{
    my $to = fresh();
    my $wait = temporary_directory() . '/dump';
    my $run = start($to, { env => { CUSTODY_FAILPOINT => "schema.before_dump=wait:$wait" } });
    wait_for('the dump is next', sub { -e $wait });
    my $lock = $source->session('app');
    $lock->query('BEGIN; LOCK TABLE ONLY log IN ACCESS EXCLUSIVE MODE');
    unlink $wait;
    my $pid = blocked($source, 'app', 'lock table');
    terminate($source, "pid = $pid");
    $lock->close;
    is $run->wait->exit_code, 3, 'pg_dump ended: exit code 3';
    like $run->stderr, qr/\[pg-dump-failed\].*terminating connection.*hint: /s, 'says so, with a hint';
    is $target->sql($to, 'SELECT count(*) FROM custody.migration'), 0, 'nothing was written';
}

# The session that holds the run's lock: a second run does not get in, the first one goes on.
{
    my $to = fresh();
    my $gate = close_gate($target, $to, WRITE);
    my $run = start($to, '--jobs', 2);
    blocked($target, $to, '^copy');
    my $holder = 'pid = (SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database '
        . "WHERE locktype = 'advisory' AND classid = 1668641652 AND d.datname = '$to' "
        . q{AND mode = 'ExclusiveLock' AND objid::int8 & (3 << 24) = 0)};
    is terminate($target, $holder), 1, 'the holder of the lock ended';
    wait_for('the lock is taken again', sub { $run->stderr =~ /run's lock is held by another connection/ });
    my $second = again($to);
    is $second->{exit}, 3, 'a second run is refused' or diag $second->{stderr};
    like $second->{stderr}, qr/\[run-in-progress\]/, 'because of the first';
    $gate->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'lock');
}

# Every third COMMIT of the workers: its answer is lost, or it never arrives.
for my $lose (qw(answer request)) {
    my $to = fresh();
    my $directory = temporary_directory() . "/p-$lose";
    mkdir $directory;
    my $proxy = Custody::Test::Proxy->start(upstream => $target->socket_directory, every => 3,
        directory => $directory, lose => $lose, of => qr/^custody worker/);
    my $run = start_custody('run', '--source', $source->conninfo('app'),
        '--target', "host=$directory port=5432 user=postgres dbname=$to", @parts);
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], "COMMIT without its $lose");
    cmp_ok $proxy->lost, '>', 5, 'that happened more than once';
    is $target->sql($to, q{SELECT count(*) FROM custody.migration_table WHERE verdict <> 'equal'}), 0,
        'every table is equal';
    $proxy->stop;
}

done_testing;
