# What would go wrong in silence: rows that a run could miss while every count agrees, and results that nobody got.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my ($source, $target) = map { start_cluster($_) } qw(source target);
my $databases = 0;

sub pair {
    my ($sql, $on_target) = @_;
    my $name = 's' . ++$databases;
    $source->create_database($name);
    $source->sql($name, $sql);
    $target->create_database($name, extension => 1);
    $target->sql($name, $on_target) if $on_target;
    return $name;
}

sub both { my ($name) = @_; ('--source', $source->conninfo($name), '--target', $target->conninfo($name)) }

# Runs until the failpoint, does what it is told there, and lets the run go on to its end.
sub meanwhile {
    my ($failpoint, $name, $action, @option) = @_;
    my $file = temporary_directory() . "/reached-$name";
    my $run = start_custody('run', both($name), @option, { env => { CUSTODY_FAILPOINT => "$failpoint=wait:$file" } });
    wait_for "$failpoint", sub { -e $file };
    $action->();
    unlink $file;
    $run->wait(120);
    return { exit => $run->exit_code, stderr => $run->stderr };
}

sub end_sessions {
    my ($condition) = @_;
    my $these = "FROM pg_stat_activity WHERE application_name LIKE 'custody%' AND $condition";
    $source->sql('postgres', "SELECT pg_terminate_backend(pid) $these");
    wait_for 'they are gone', sub { !$source->sql('postgres', "SELECT count(*) $these") };
}

# A notice in the middle of COPY is not a failure.
{
    my $name = pair(<<'SQL');
CREATE FUNCTION chatty(integer) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RAISE NOTICE 'looking at %', $1; RETURN true; END $$;
CREATE DOMAIN watched AS integer CHECK (chatty(VALUE));
CREATE TABLE t (id integer PRIMARY KEY, w watched, filler text);
INSERT INTO t SELECT g, g, repeat(md5(g::text), 30) FROM generate_series(1, 3000) g;
SQL
    my $run = custody('run', both($name));
    is $run->{exit}, 0, 'a check that raises notices keeps nothing from being copied' or diag $run->{stderr};
}

# A table that takes another's name between snapshot and lock: its rows are younger than the snapshot.
{
    my $name = pair('CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g');
    my $run = meanwhile('run.after_snapshot', $name, sub {
        $source->sql($name, 'CREATE TABLE fresh AS SELECT g AS id FROM generate_series(1, 2000) g;
            ALTER TABLE t RENAME TO old; ALTER TABLE fresh RENAME TO t');
    });
    is $run->{exit}, 0, 'a run meets two tables that were swapped' or diag $run->{stderr};
    like $run->{stderr}, qr/after the snapshot was taken; taking another/, 'and takes another snapshot';
    is $target->sql($name, 'SELECT count(*) FROM t'), 2000, 'which sees the rows of the one that has the name now';
}

# While nobody holds the locks a table is emptied, and read as empty.
{
    my $name = pair('CREATE TABLE a AS SELECT g AS id, repeat($$x$$, 200) AS x FROM generate_series(1, 2000) g;
        CREATE TABLE b AS SELECT g AS id FROM generate_series(1, 500) g');
    my $run = meanwhile('part.streaming', $name, sub {
        end_sessions("application_name = 'custody snapshot'");
        $source->sql($name, 'TRUNCATE b');
    }, '--jobs', 1);
    is $run->{exit}, 4, 'a table truncated while the snapshot had no holder ends the run' or diag $run->{stderr};
    like $run->{stderr}, qr/snapshot is lost \[snapshot-lost\]/, 'the snapshot is called lost';
    $run = custody('run', both($name));
    is $run->{exit}, 0, 'the next run goes on under another' or diag $run->{stderr};
}

# A worker without work hears late that its session is gone: that is no reason to abort.
{
    my $name = pair('CREATE TABLE a AS SELECT g AS id, repeat($$x$$, 200) AS x FROM generate_series(1, 2000) g;
        CREATE TABLE b AS SELECT g AS id FROM generate_series(1, 500) g');
    my $run = meanwhile('part.streaming@2', $name, sub {
        wait_for 'the other worker is done', sub {
            $target->sql($name, 'SELECT count(*) FROM custody.migration_table WHERE verdict IS NOT NULL');
        };
        end_sessions('true');
        sleep 2; # the holder's death is noticed within half a second, and offered to be mended within another
    }, '--jobs', 2);
    is $run->{exit}, 4, 'all sessions on the source gone: the run stops and can be resumed' or diag $run->{stderr};
    is custody('run', both($name))->{exit}, 0, 'and is';
}

# What appeared on the source between kill and resume is moved, or named.
{
    my $name = pair("CREATE TABLE m (id integer, at date) PARTITION BY RANGE (at);
        CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        INSERT INTO m SELECT g, '2025-01-05' FROM generate_series(1, 100) g");
    my $killed = custody('run', both($name), { env => { CUSTODY_FAILPOINT => 'part.after_commit=kill' } });
    is $killed->{exit}, 137, 'killed';
    $source->sql($name, "CREATE TABLE m2 PARTITION OF m FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
        INSERT INTO m VALUES (1, '2025-02-05'); SELECT lo_from_bytea(0, 'late')");
    my $run = custody('run', both($name));
    is $run->{exit}, 5, 'a partition made since is not a success' or diag $run->{stderr};
    like $run->{stderr}, qr/public\.m2: was created on the source after the migration was begun/, 'it is named';
    my $large = q{SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata};
    is $target->sql($name, $large), 'late', 'a large object comes along: rows may name it';
}

# A column that the target lacks is not compared: the others prove nothing about it.
{
    my $name = pair('CREATE TABLE t AS SELECT g AS id, g AS lost FROM generate_series(1, 10) g',
        'CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 10) g');
    my $verify = custody('verify', both($name));
    is $verify->{exit}, 5, 'a column that the target lacks is no equal table' or diag $verify->{stdout};
    like $verify->{stdout}, qr/public\.t\.lost\s+unverified/, 'it is named';
}

# What nobody could read was not printed.
{
    my $name = pair('CREATE TABLE t (id integer)', 'CREATE TABLE t (id integer)');
    my $program = $ENV{CUSTODY_TEST_PROGRAM} || source_directory() . '/build/custody';
    for my $command ('plan', 'plan --json', 'verify', '--help') {
        my $run = run_command('sh', '-c', 'exec "$0" "$@" >/dev/full', $program, split(' ', $command),
            $command eq '--help' ? () : both($name));
        is $run->{exit}, 1, "custody $command to a full disk fails";
    }
}

done_testing;
