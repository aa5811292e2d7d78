# kill -9 of the loader at every point that it knows itself: the same command then goes on to the
# end, and nothing is lost or doubled. A point that no scenario reaches fails the test.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Kills;

my $shop = Custody::Kills->new;
my $listed = custody('--list-failpoints');
is $listed->{exit}, 0, 'the program lists its failpoints';
# Of a ledger's move: 136_ledger_move.t, whose source has one.
my @point = grep { !/^ledger\./ } split /\n/, $listed->{stdout};
cmp_ok scalar @point, '>', 40, 'many of them';
is_deeply [ grep { !/^[a-z_]+\.[a-z_]+$/ } @point ], [], 'one name per line';
is custody($shop->arguments('run', { env => { CUSTODY_FAILPOINT => 'no.such=kill' } }))->{exit}, 1,
    'a failpoint that does not exist is a usage error';

my $trace = temporary_directory() . '/trace';
my $KILLED = 128 + 9;
my %visited;

# Runs the command with an armed failpoint and expects it to die there.
sub dies {
    my ($armed, $command, @more) = @_;
    my $run = $shop->custody($command, @more,
        { env => { CUSTODY_FAILPOINT => "$armed=kill", CUSTODY_FAILPOINT_TRACE => $trace } });
    return died($run, $armed);
}

sub died {
    my ($run, $armed) = @_;
    $visited{$_}++ for traced();
    unlink $trace;
    die "$armed: exit $run->{exit} instead of a kill\n$run->{stderr}" if $run->{exit} != $KILLED;
}

sub traced {
    open my $file, '<', $trace or return ();
    chomp(my @name = <$file>);
    return @name;
}

# The same command again, to the end.
sub ends_well { die $_ for grep { $_ } $shop->wrong($shop->custody('run', @_)); }

# Some work is done, then the source goes on: tables are copied again or believed, keys go and come
# back, large objects change, appear and vanish.
sub half_done {
    my $run = $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'run.before_finish=kill' } });
    die "exit $run->{exit}\n$run->{stderr}" if $run->{exit} != $KILLED;
    $shop->on_source(q{
        UPDATE purchase SET amount = amount + 1 WHERE id % 10 = 0;
        INSERT INTO customer (name) SELECT 'later ' || max(id) FROM customer;
        SELECT lo_put(800001, 3, gen_random_uuid()::text::bytea), lo_unlink(800002);
        SELECT lo_from_bytea(800002, gen_random_uuid()::text::bytea);
        SELECT lo_unlink(max(oid)) FROM pg_largeobject_metadata WHERE oid > 800002;
        SELECT lo_from_bytea(800010 + count(*)::int, 'new')
            FROM (SELECT nextval('ticket')) t, pg_largeobject_metadata;
    });
}

# How to reach a point, by the start of its name; the first that matches. Each begins with an empty
# target, gets the armed point, and leaves a migration that a plain run can end.
my @scenario = (
    [ qr/^roles\./ => sub {
        my ($armed) = @_;
        $shop->target->sql('postgres', 'DROP ROLE kills_owner');
        dies($armed, 'run');
        ends_well();
    } ],
    [ qr/^aside\./ => sub {
        my ($armed) = @_;
        my $schema = run_command(program('pg_dump'), '--schema-only', '-d',
            $shop->source->conninfo($shop->name));
        $shop->on_target($schema->{stdout});
        $shop->on_target($shop->on_source(q{SELECT string_agg(format('SELECT lo_from_bytea(%s, %L)',
            oid, lo_get(oid)), ';') FROM pg_largeobject_metadata}));
        dies($armed, 'run', '--no-schema');
        my $run = $shop->custody('run', '--no-schema');
        die "exit $run->{exit}\n$run->{stderr}" if $run->{exit};
        # What --no-schema leaves to the user: the view's rows and large objects.
        $shop->on_target('REFRESH MATERIALIZED VIEW spent');
        die $_ for grep { $_ } $shop->wrong($run);
    } ],
    [ qr/^load\./ => sub {
        my ($armed) = @_;
        my $schema = run_command(program('pg_dump'), '--schema-only', '-d',
            $shop->source->conninfo($shop->name));
        $shop->on_target($schema->{stdout});
        $shop->on_target('SELECT custody.init_ledger()');
        $shop->on_target(q{SELECT count(*) FROM custody.audit('purchase')});
        dies($armed, 'run', '--no-schema', '-t', 'purchase', '-t', 'customer');
        my $run = $shop->custody('run', '--no-schema', '-t', 'purchase', '-t', 'customer');
        die "exit $run->{exit}\n$run->{stderr}" if $run->{exit};
    } ],
    [ qr/^resume\./ => sub {
        my ($armed) = @_;
        half_done();
        dies($armed, 'run');
        ends_well();
    } ],
    [ qr/^stop\./ => sub {
        my ($armed) = @_;
        my $file = temporary_directory() . '/stop';
        my $run = $shop->start('run', { env => { CUSTODY_FAILPOINT_TRACE => $trace,
            CUSTODY_FAILPOINT => "table.before_prepare=wait:$file;$armed=kill" } });
        wait_for('the wait point', sub { -e $file });
        $run->signal('TERM');
        unlink $file;
        died({ exit => $run->wait(60)->exit_code, stderr => $run->stderr }, $armed);
        ends_well();
    } ],
    [ qr/^lock\./ => sub {
        my ($armed) = @_;
        my $file = temporary_directory() . '/lock';
        my $run = $shop->start('run', { env => { CUSTODY_FAILPOINT_TRACE => $trace,
            CUSTODY_FAILPOINT => "table.before_prepare=wait:$file;$armed=kill" } });
        wait_for('the wait point', sub { -e $file });
        $shop->on_target(q{SELECT pg_terminate_backend(pid) FROM custody.migration_worker
            WHERE kind = 'run' AND unit_id = 0});
        died({ exit => $run->wait(60)->exit_code, stderr => $run->stderr }, $armed);
        unlink $file;
        ends_well();
    } ],
    [ qr/^(?:compare|checkpoint)\./ => sub {
        my ($armed) = @_;
        ends_well();
        my @checkpoint = ('--checkpoint', temporary_directory() . "/checkpoint-$armed");
        dies($armed, 'verify', @checkpoint);
        my $again = $shop->custody('verify', @checkpoint);
        die "verify again: exit $again->{exit}\n$again->{stderr}" if $again->{exit};
    } ],
    [ qr/^recheck\./ => sub {
        my ($armed) = @_;
        ends_well();
        $shop->on_target(q{UPDATE customer SET name = name || '!' WHERE id = 1});
        my $file = temporary_directory() . '/recheck';
        my $run = $shop->start('verify', '--recheck=0', { env => { CUSTODY_FAILPOINT_TRACE => $trace,
            CUSTODY_FAILPOINT => "compare.after_snapshots=wait:$file;$armed=kill" } });
        wait_for('the wait point', sub { -e $file });
        $shop->on_source('SELECT txid_current()');
        unlink $file;
        died({ exit => $run->wait(60)->exit_code, stderr => $run->stderr }, $armed);
        $shop->on_target(q{UPDATE customer SET name = rtrim(name, '!') WHERE id = 1});
    } ],
    [ qr/^repair\./ => sub {
        my ($armed) = @_;
        ends_well();
        $shop->on_target(q{UPDATE customer SET name = name || '!' WHERE id = 1});
        dies($armed, 'repair', '--apply');
        my $again = $shop->custody('repair', '--apply');
        die "repair again: exit $again->{exit}\n$again->{stderr}" if $again->{exit};
    } ],
    [ qr/^abandon\./ => sub {
        my ($armed) = @_;
        half_done();
        dies($armed, 'abandon', '--drop-rows');
        my $again = $shop->custody('abandon', '--drop-rows');
        my $gone = $armed eq 'abandon.after_commit';
        die "abandon again: exit $again->{exit}\n$again->{stderr}"
            if $again->{exit} != ($gone ? 3 : 0);
        ends_well();
    } ],
    [ qr/./ => sub { my ($armed) = @_; dies($armed, 'run'); ends_well(); } ],
);

sub kill_at {
    my ($armed) = @_;
    my ($scenario) = map { $_->[1] } grep { $armed =~ $_->[0] } @scenario;
    my $ok = eval { $shop->fresh; $scenario->($armed); 1 };
    ok $ok, "killed at $armed, and gone on to the end" or diag $@;
}

# A run without a kill: how often it comes by each point.
$shop->fresh;
my $whole = $shop->custody('run', { env => { CUSTODY_FAILPOINT_TRACE => $trace } });
is $shop->wrong($whole), '', 'a run without a kill';
my %times;
$times{$_}++ for traced();
unlink $trace;

# At its first visit, and at one in the middle or the last one where it comes by more often.
for my $point (@point) {
    kill_at($point);
    my $last = $times{$point} // 1;
    kill_at("$point\@" . (2 + random_below($last - 1))) if $last > 2;
}
is_deeply [ grep { !$visited{$_} } @point ], [], 'every point was visited';
is_deeply [ grep { my $name = $_; !grep { $_ eq $name } @point } keys %visited ], [],
    'and none that is not listed';

# A kill during the resume of a resume: three in a row, each further than the last.
$shop->fresh;
half_done();
dies($_, 'run') for qw(resume.after_reset part.before_commit resume.before_confirm task.after_commit@2);
is $shop->wrong($shop->custody('run')), '', 'four kills in a row, then to the end';
wait_for('no session of the loader is left', sub { $shop->backends == 0 });

done_testing;
