# A run that is stopped by a signal, in each of its steps, and goes on from there; a limit on its
# rate; an output that nobody reads.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Test::Gates;

my $source = start_cluster('source');
my $target = start_cluster('target');
fill_gated($source, 'app');
$target->create_database('t1', extension => 1);
my @ends = ends($source, 'app', $target, 't1');
my $wait = temporary_directory() . '/wait';

sub left_over {
    return join '', map { $_->sql('postgres', q{SELECT application_name, query FROM pg_stat_activity
        WHERE application_name ~ '^(custody|pg_dump)'}) } $source, $target;
}

# The children of a process, by /proc: pid and command.
sub children {
    my ($parent) = @_;
    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $stat or next;
        my ($pid, $name, $state, $of) = (<$file> // '') =~ /^(\d+) \((.*)\) (\w) (\d+)/ or next;
        push @found, $pid if $of == $parent && $state ne 'Z';
    }
    return @found;
}

sub stopped_ok {
    my ($run, $signal, $name, $state) = @_;
    my $exit = $signal eq 'INT' ? 130 : 143;
    $run->signal($signal);
    is $run->wait(60)->exit_code, $exit, "SIG$signal during $name: exit code $exit"
        or diag $run->stderr;
    like $run->stderr, qr/stopped by .*run the same command again/s, 'says that it can go on';
    wait_for('no session is left over', sub { left_over() eq '' });
    is $target->sql('t1', q{SELECT coalesce((SELECT state FROM custody.migration), 'none')}), $state,
        "the state is $state";
}

# While pg_dump runs: nothing is written, and pg_dump ends too.
{
    my $run = start_custody('run', @ends, { env => { CUSTODY_FAILPOINT => "schema.before_dump=wait:$wait" } });
    wait_for('the dump is next', sub { -e $wait });
    my $lock = $source->session('app');
    $lock->query('BEGIN; LOCK TABLE ONLY log IN ACCESS EXCLUSIVE MODE');
    unlink $wait;
    blocked($source, 'app', 'lock table');
    my @children = children($run->pid);
    is @children, 1, 'pg_dump runs';
    stopped_ok($run, 'INT', 'the dump', 'none');
    ok !grep({ -e "/proc/$_" } @children), 'pg_dump has ended';
    $lock->close;
}

# While the schema is made, and waits for somebody else's transaction.
{
    my $lock = $target->session('t1');
    $lock->query('BEGIN; CREATE TABLE public.big ()');
    my $run = start_custody('run', @ends);
    blocked($target, 't1', 'create table public.big');
    stopped_ok($run, 'INT', 'the schema', 'partial');
    $lock->close;
}

# While rows are copied.
{
    my $gate = close_gate($target, 't1', WRITE);
    my $run = start_custody('run', @ends, '--jobs', 2);
    blocked($target, 't1', '^copy');
    stopped_ok($run, 'INT', 'the rows', 'partial');
    $gate->close;
}

# While a table is verified, which waits for a lock, and an index is built.
{
    my $gate = close_gate($target, 't1', INDEX);
    my $write = close_gate($target, 't1', WRITE);
    my $run = start_custody('run', @ends, qw(--jobs 3 --index-jobs 1 --part-size 256kB));
    blocked($target, 't1', '^copy');
    my $lock = $target->session('t1');
    $lock->query('BEGIN; LOCK TABLE big IN ROW EXCLUSIVE MODE');
    $write->close;
    blocked($target, 't1', 'big.* in share mode');
    stopped_ok($run, 'TERM', 'verification', 'partial');
    $lock->close;
    $run = start_custody('run', @ends, '--jobs', 1);
    blocked($target, 't1', 'big_gated');
    stopped_ok($run, 'TERM', 'an index build', 'partial');
    $gate->close;
}

# The second signal ends the program at once, whatever the first one waits for.
{
    my $run = start_custody('run', @ends, { env => { CUSTODY_FAILPOINT => "run.before_finish=wait:$wait" } });
    wait_for('the run is at its end', sub { -e $wait });
    $run->signal('INT');
    # Only one signal of a kind can be pending: the second one is sent when the first was taken.
    wait_for('the first signal is taken', sub {
        open my $file, '<', '/proc/' . $run->pid . '/status' or return 1;
        return !grep { /^(?:Shd|Sig)Pnd:.*[1-9a-f]/ } <$file>;
    });
    $run->signal('INT');
    is $run->wait(20)->exit_code, 130, 'SIGINT twice: exit code 130';
    ok -e $wait, 'without waiting';
    unlink $wait;
    wait_for('no session is left over', sub { left_over() eq '' });
}

my $last = start_custody('run', @ends, '--jobs', 2);
finished_ok($last, [ $source, 'app' ], [ $target, 't1' ], 'and then to the end');
like $last->stderr, qr/going on with migration/, 'it went on';

# A limit: the rows took at least as long as the bytes need at that rate. By what the state tells.
{
    $target->create_database('t2', extension => 1);
    my $run = custody('run', ends($source, 'app', $target, 't2'), qw(--jobs 1 --max-rate 1MB --part-size 64kB));
    is $run->{exit}, 0, '--max-rate: exit code 0' or diag $run->{stderr};
    my ($bytes, $seconds) = split /\|/, $target->sql('t2', q{SELECT sum(bytes),
        extract(epoch FROM max(finished_at) - min(started_at)) FROM custody.migration_part});
    cmp_ok $bytes, '>', 1_500_000, 'there was something to limit';
    # One batch may be on its way when a part is done.
    cmp_ok $bytes / $seconds, '<', 1.15 * 1024 * 1024, "$bytes bytes at most 1 MB per second";
}

# Nobody reads the output: the work is done all the same, and the exit code tells.
{
    $target->create_database('t3', extension => 1);
    my $loader = $ENV{CUSTODY_TEST_PROGRAM} || source_directory() . '/build/custody';
    my @closed = ('bash', '-c', q{exec 3> >(exec true); wait $!; exec "$@" >&3}, 'sh', $loader);
    my @to = ends($source, 'app', $target, 't3');
    for my $command ([ 'plan', @to ], [ 'run', @to, '--json' ], [ 'verify', @to ],
        [ 'status', '--target', $to[3] ], ['--help'])
    {
        my $run = run_command(@closed, @$command);
        is $run->{exit}, 1, "$command->[0]: exit code 1 when nobody reads"
            or diag $run->{stderr};
        like $run->{stderr}, qr/could not write to standard output \[output-not-written\]/, 'and a message';
    }
    is state_of($target, 't3'), 'done', 'the run is done';
    same_ok([ $source, 'app' ], [ $target, 't3' ], 'and nothing is missing');
}

done_testing;
