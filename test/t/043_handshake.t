# Before the first write: an extension that does not match, roles that may not, settings of roles and
# databases that would change what is read or written, and poolers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Test::Pooler;
use Custody::Judge;
use Custody::Test::Gates;
use Custody::Test::Process;

my $source = start_cluster('source');
my $target = start_cluster('target');
fill_gated($source, 'app');
my $number = 0;

sub fresh {
    my ($extension) = @_;
    my $database = 't' . ++$number;
    $target->create_database($database, extension => $extension // 1);
    return $database;
}
sub run_to { my ($to, @more) = @_; return custody('run', ends($source, 'app', $target, $to), @more); }
sub refused_ok {
    my ($run, $exit, $code, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $run->{exit}, $exit, "$name: exit code $exit" or diag $run->{stderr};
    like $run->{stderr}, qr/\[$code\].*hint: /s, "$code, with a hint";
}
sub nothing_written {
    my ($to) = @_;
    return $target->sql($to, q{SELECT (SELECT count(*) FROM custody.migration) + (SELECT count(*)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace)});
}

# The extension.
{
    my $to = fresh(0);
    refused_ok(run_to($to), 6, 'extension-missing', 'no extension');
    for my $case ([ 0, 'extension-too-old' ], [ 9999, 'extension-too-new' ]) {
        $to = fresh();
        $target->sql($to, "CREATE OR REPLACE FUNCTION custody.protocol() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $case->[0]'");
        refused_ok(run_to($to), 6, $case->[1], "protocol $case->[0]");
        is nothing_written($to), 0, 'nothing is written';
    }
    $to = fresh();
    $target->sql($to, 'ALTER FUNCTION custody.protocol() RENAME TO protocol_of_old');
    refused_ok(run_to($to), 6, 'extension-too-old', 'the handshake is gone');
    $to = fresh();
    $target->sql($to, 'ALTER TABLE custody.migration_table ENABLE TRIGGER check_transition');
    refused_ok(run_to($to), 6, 'state-unguarded', 'triggers of the state not armed');
}

# Roles.
{
    $_->sql('postgres', 'CREATE ROLE mover LOGIN') for $source, $target;
    my $to = fresh();
    my @as = ('--source', $source->conninfo('app'), '--target', $target->conninfo($to, 'mover'));
    refused_ok(custody('run', @as), 3, 'state-not-readable', 'target role without privileges');
    $target->sql($to, q{SELECT custody.grant_duty('mover', 'operator')});
    my $denied = custody('run', @as);
    refused_ok($denied, 3, 'replica-role-denied', 'replica role denied');
    is nothing_written($to), 0, 'nothing is written';

    $source->sql('app', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO mover; REVOKE SELECT ON few FROM mover; '
            . 'GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO mover');
    my @from = ('--source', $source->conninfo('app', 'mover'), '--target', $target->conninfo($to));
    my $lacking = custody('run', @from);
    is $lacking->{exit}, 3, 'source role without SELECT: exit code 3' or diag $lacking->{stderr};
    like $lacking->{stderr}, qr/public\.few/, 'the table is named';
    is nothing_written($to), 0, 'nothing is written';

    $source->create_database('hidden', template => 'app');
    $source->sql('hidden', 'GRANT SELECT ON few TO mover; ALTER TABLE few ENABLE ROW LEVEL SECURITY; '
            . 'CREATE POLICY part ON few USING (id < 5)');
    $from[1] = $source->conninfo('hidden', 'mover');
    my $hidden = custody('run', @from);
    is $hidden->{exit}, 3, 'row security on the source: exit code 3' or diag $hidden->{stderr};
    like $hidden->{stderr}, qr/public\.few: .*\[row-security-source\]/, 'the table is named';
    is nothing_written($to), 0, 'nothing is written';
}

# Settings of roles and databases, on both sides.
{
    my $to = fresh();
    $source->create_database('set', template => 'app');
    for my $side ([ $source, 'set' ], [ $target, $to ]) {
        my ($cluster, $database) = @$side;
        $cluster->sql('postgres', 'CREATE ROLE odd LOGIN SUPERUSER');
        $cluster->sql('postgres', "ALTER DATABASE \"$database\" SET $_") for
            q{DateStyle = 'SQL, DMY'}, q{TimeZone = 'Asia/Kathmandu'}, 'extra_float_digits = -3',
            q{bytea_output = 'escape'}, q{search_path = 'nowhere'}, q{IntervalStyle = 'iso_8601'};
        $cluster->sql('postgres', "ALTER ROLE odd SET $_") for 'statement_timeout = 5',
            'idle_in_transaction_session_timeout = 50', 'lock_timeout = 5', q{client_encoding = 'LATIN1'},
            'default_transaction_read_only = on', q{standard_conforming_strings = off},
            q{default_transaction_isolation = 'serializable'}, 'row_security = off';
    }
    $source->sql('set', q{SET search_path = public; SET DateStyle = ISO; CREATE TABLE odd (a timestamptz, b float8, c bytea,
        d date, e interval, f text); INSERT INTO odd SELECT now() + n * '1 hour 7 s'::interval, 1.0 / n,
        decode(md5(n::text), 'hex'), '2020-01-02'::date + n, n * '1 day 3 s'::interval, 'h' || chr(233) || '\\' || n
        FROM generate_series(1, 500) n});
    my @to = ('--source', $source->conninfo('set', 'odd'), '--target', $target->conninfo($to, 'odd'));
    my $run = custody('run', @to, qw(--jobs 2 --part-size 256kB));
    is $run->{exit}, 0, 'settings of role and database: exit code 0' or diag $run->{stderr};
    same_ok([ $source, 'set' ], [ $target, $to ], 'the same');
    my $verify = custody('verify', @to);
    is $verify->{exit}, 0, 'verify: exit code 0' or diag $verify->{stderr};
}

# Poolers, told by what they do.
SKIP: {
    skip 'no pgbouncer', 8 unless Custody::Test::Pooler->program;
    my $to = fresh();
    for my $side (qw(source target)) {
        my @to = ends($source, 'app', $target, $to);
        my $pooler = Custody::Test::Pooler->start($side eq 'source' ? ($source, 'app') : ($target, $to));
        $to[ $side eq 'source' ? 1 : 3 ] = $pooler->conninfo;
        my $run = custody('run', @to);
        is $run->{exit}, 3, "$side behind a pooler in transaction mode: exit code 3" or diag $run->{stderr};
        like $run->{stderr}, qr/\[pooler-transaction-mode\]/, 'told by its behaviour';
        is nothing_written($to), 0, 'nothing is written';
        $pooler->stop;
    }
    my $first = Custody::Test::Pooler->start($source, 'app', mode => 'session');
    my $second = Custody::Test::Pooler->start($target, $to, mode => 'session');
    my $run = custody('run', '--source', $first->conninfo, '--target', $second->conninfo, '--jobs', 2);
    is $run->{exit}, 0, 'poolers in session mode: exit code 0' or diag $run->{stderr};
    same_ok([ $source, 'app' ], [ $target, $to ], 'the same');
    $_->stop for $first, $second;
}

done_testing;
