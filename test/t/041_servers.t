# Servers that go away and come back, refuse, or have no room; and passwords, which no one may read.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Test::Gates;

my $source = start_cluster('source');
my $target = start_cluster('target', conf => { password_encryption => "'scram-sha-256'" });
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
sub read_all { my ($path) = @_; open my $file, '<', $path or return ''; local $/; return scalar(<$file>) // '' }
sub unlogged_is_there {
    my ($to) = @_;
    return sub { $target->sql($to, q{SELECT count(*) FROM custody.migration_table
        WHERE target_table = 'scratch' AND verdict = 'equal'}) };
}

# The target is restarted in the middle of a COPY: the run waits for it and goes on. After an
# immediate stop the unlogged table that was done is empty, and is copied again.
for my $mode (qw(fast immediate)) {
    my $to = fresh();
    my $gate = close_gate($target, $to, WRITE);
    my $run = start($to, @parts);
    blocked($target, $to, '^copy');
    wait_for('the unlogged table is done', unlogged_is_there($to));
    $target->stop($mode);
    $target->start;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], "target restarted ($mode)");
    like $run->stderr, qr/trying again|waiting for the server/, 'says that it waits' ;
    like $run->stderr, qr/scratch is copied again: it is unlogged/, 'and why a table is copied again'
        if $mode eq 'immediate';
    $gate->close;
}

# The target stays away: exit code 4, and on resume the emptied table is copied again.
{
    my $to = fresh();
    my $gate = close_gate($target, $to, WRITE);
    my $run = start($to, @parts, '--wait', 1);
    blocked($target, $to, '^copy');
    wait_for('the unlogged table is done', unlogged_is_there($to));
    $target->kill9;
    is $run->wait->exit_code, 4, 'target gone: exit code 4' or diag $run->stderr;
    like $run->stderr, qr/\[server-gone\].*hint: .*run the same command again/s, 'says what to do';
    my $early = again($to, @parts);
    is $early->{exit}, 2, 'while it is down: exit code 2';
    like $early->{stderr}, qr/could not connect to the target.*hint: /s, 'with a hint';
    $target->start;
    $gate->close;
    my $resumed = again($to, @parts);
    is $resumed->{exit}, 0, 'resumed: exit code 0' or diag $resumed->{stderr};
    like $resumed->{stderr}, qr/scratch is copied again: the unlogged table/, 'with its unlogged table';
    same_ok([ $source, 'app' ], [ $target, $to ], 'resumed: same');
}

# The source is restarted: the snapshot is lost.
{
    my $to = fresh();
    my $gate = close_gate($target, $to, WRITE);
    my $run = start($to, @parts, '--wait', 20);
    blocked($target, $to, '^copy');
    $source->restart;
    $gate->close;
    is $run->wait->exit_code, 4, 'source restarted: exit code 4' or diag $run->stderr;
    my $resumed = again($to, @parts);
    is $resumed->{exit}, 0, 'resumed: exit code 0' or diag $resumed->{stderr};
    same_ok([ $source, 'app' ], [ $target, $to ], 'resumed: same');
}

# No room: a tablespace on a small file system.
SKIP: {
    skip 'not root: no file system can be mounted', 5 if $>;
    my $room = temporary_directory() . '/room';
    mkdir $room;
    my $mounted = !system('mount', '-t', 'tmpfs', '-o', 'size=10m,mode=0777', 'tmpfs', $room);
    skip 'not allowed to mount a file system', 5 unless $mounted;
    my $place = "$room/space";
    mkdir $place;
    chown((getpwnam 'postgres')[ 2, 3 ], $place);
    eval {
        $target->sql('postgres', "CREATE TABLESPACE small LOCATION '$place'");
        $target->create_database('full', options => 'TABLESPACE small');
        $target->sql('full', 'CREATE EXTENSION custody');
        my ($free) = `df --output=avail -k $room` =~ /(\d+)\s*\z/;
        system('mount', '-o', 'remount,size=' . (10240 - $free + 1200) . 'k', $room);
        my $run = again('full', @parts);
        is $run->{exit}, 4, 'disk full: exit code 4' or diag $run->{stderr};
        like $run->{stderr}, qr/No space left on device.*hint: /s, 'with a hint' or diag $run->{stderr};
        system('mount', '-o', 'remount,size=60m', $room);
        my $resumed = again('full', @parts);
        is $resumed->{exit}, 0, 'with more room: exit code 0' or diag $resumed->{stderr};
        same_ok([ $source, 'app' ], [ $target, 'full' ], 'and the same');
        1;
    } or fail "disk full: $@";
    eval { $target->drop_database('full'); $target->sql('postgres', 'DROP TABLESPACE small') };
    is system('umount', $room), 0, 'unmounted';
}

# Too many connections, a wrong host, a wrong password; a password that nobody can read.
{
    my $to = fresh();
    $_->sql('postgres', q{CREATE ROLE mover LOGIN SUPERUSER PASSWORD 'sEcret/%@x' CONNECTION LIMIT 50})
        for $source, $target;
    for my $cluster ($source, $target) {
        $cluster->hba('local all mover scram-sha-256');
        $cluster->reload;
        wait_for('the rules are in force', sub {
            my ($exit) = $cluster->psql('postgres', 'SELECT 1', user => 'mover');
            return $exit != 0;
        });
    }
    my $uri = sub {
        my ($cluster, $database, $password) = @_;
        my $host = $cluster->socket_directory =~ s{/}{%2F}gr;
        return "postgresql://mover:$password\@$host/$database";
    };
    my @good = ('--source', $uri->($source, 'app', 'sEcret%2F%25%40x'),
        '--target', $uri->($target, $to, 'sEcret%2F%25%40x'));
    my $wrong = custody('run', @good[ 0 .. 2 ], $uri->($target, $to, 'notThis'));
    is $wrong->{exit}, 2, 'wrong password: exit code 2';
    like $wrong->{stderr}, qr/password authentication failed.*hint: /s, 'with a hint';
    unlike "$wrong->{stderr}$wrong->{stdout}", qr/notThis/, 'without the password';
    for my $bad ('postgresql://mover:sEcret/rest@nowhere.invalid/x', 'postgresql://mover:sEcret%zz@host/x',
        'host=/nonexistent password=sEcret')
    {
        my $run = custody('run', '--source', $bad, '--target', $bad);
        isnt $run->{exit}, 0, "a conninfo that does not work: exit code $run->{exit}";
        unlike "$run->{stderr}$run->{stdout}", qr/sEcret/, 'without the password';
    }
    my $nowhere = custody('plan', '--source', 'host=/nonexistent', @good[ 2, 3 ]);
    is $nowhere->{exit}, 2, 'unreachable source: exit code 2' or diag $nowhere->{stderr};

    my $wait = temporary_directory() . '/dump';
    my $report = temporary_directory() . '/report';
    my $run = start_custody('run', @good, '--report-directory', $report,
        { env => { CUSTODY_FAILPOINT => "schema.before_dump=wait:$wait" } });
    wait_for('the dump is next', sub { -e $wait });
    my $lock = $source->session('app');
    $lock->query('BEGIN; LOCK TABLE ONLY log IN ACCESS EXCLUSIVE MODE');
    unlink $wait;
    blocked($source, 'app', 'lock table');
    my $listed = join "\n", map { read_all($_) } glob '/proc/[0-9]*/cmdline';
    like $listed, qr/pg_dump/, 'pg_dump is in the list of processes';
    unlike $listed, qr/sEcret/, 'no password is';
    $lock->close;
    finished_ok($run, [ $source, 'app' ], [ $target, $to ], 'with passwords');
    my @said = ($run->stdout, $run->stderr);
    for my $command ([ 'plan', @good ], [ 'verify', @good ], [ 'status', @good[ 2, 3 ] ],
        [ 'report', @good[ 2, 3 ] ], [ 'run', @good, '--json' ], [ 'abandon', @good[ 2, 3 ] ])
    {
        my $done = custody(@$command);
        push @said, $done->{stdout}, $done->{stderr};
    }
    for my $file (glob "$report/*") {
        open my $handle, '<', $file;
        push @said, <$handle>;
    }
    push @said, $target->sql($to, qq{SELECT * FROM custody.$_}) for qw(migration migration_snapshot
        migration_table migration_part migration_task migration_log);
    unlike "@said", qr/sEcret/, 'no output, no report and no state tells the password';

    $target->sql('postgres', 'ALTER ROLE mover NOSUPERUSER CONNECTION LIMIT 0');
    my $many = custody('status', @good[ 2, 3 ]);
    is $many->{exit}, 2, 'too many connections: exit code 2';
    like $many->{stderr}, qr/too many connections/, 'and it says so';
}

# A source that is a hot standby; a target that is one.
{
    my $to = fresh();
    my $standby = start_cluster('standby', start => 0);
    my $data = $standby->data_directory;
    system('rm', '-rf', $data);
    my $copied = run_command(program('pg_basebackup'), '-D', $data, '-R', '-X', 'stream', '-c', 'fast',
        '-d', $source->conninfo('postgres'), { user => $> ? undef : 'postgres' });
    is $copied->{exit}, 0, 'a standby' or diag $copied->{stderr};
    $standby->configure(unix_socket_directories => "'" . $standby->socket_directory . "'");
    $standby->start;
    my $unlogged = custody('run', ends($standby, 'app', $target, $to), @parts);
    is $unlogged->{exit}, 3, 'an unlogged table on a standby: exit code 3' or diag $unlogged->{stderr};
    like $unlogged->{stderr}, qr/public\.scratch: .*\[unlogged-unreadable\].*hint: /s, 'says which, and what to do';
    $source->create_database('logged', template => 'app');
    $source->sql('logged', 'ALTER TABLE scratch SET LOGGED');
    wait_for('it is replayed', sub {
        my ($exit, $out) = $standby->psql('logged', q{SELECT relpersistence FROM pg_class WHERE relname = 'scratch'});
        return $exit == 0 && $out eq 'p';
    });
    my $run = custody('run', ends($standby, 'logged', $target, $to), @parts, '--report-directory',
        temporary_directory() . '/standby');
    is $run->{exit}, 0, 'source is a hot standby: exit code 0' or diag $run->{stderr};
    same_ok([ $source, 'logged' ], [ $target, $to ], 'the same');
    like $run->{stderr}, qr/\[source-standby\]/, 'with a warning';
    $source->create_database('landing', extension => 1);
    $source->sql('landing', 'CREATE TABLE note AS SELECT n FROM generate_series(1, 50) n');
    wait_for('it is replayed', sub {
        my ($exit) = $standby->psql('landing', 'SELECT custody.protocol(), count(*) FROM note');
        return $exit == 0;
    });
    for ([ 'logged', 'auto' ], [ 'logged', 'sql' ], [ 'landing', 'extension' ]) {
        my ($name, $method) = @$_;
        my $verify = custody('verify', ends($source, $name, $standby, $name), '--method', $method);
        is $verify->{exit}, 0, "verify with a standby as target, --method=$method" or diag $verify->{stderr};
    }
    my $refused = custody('run', ends($target, $to, $standby, 'landing'));
    is $refused->{exit}, 3, 'target in recovery: exit code 3' or diag $refused->{stderr};
    like $refused->{stderr}, qr/\[target-in-recovery\]/, 'because of that';
}

done_testing;
