# Only one run works on a migration: who comes second is refused, whoever has lost the lock stops,
# and what a killed loader's backends still do is waited for or ended.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Kills;

my $shop = Custody::Kills->new;
my $holder = q{SELECT pid FROM custody.migration_worker WHERE kind = 'run' AND unit_id = 0};

subtest 'a second run while the first one works' => sub {
    $shop->fresh;
    my ($first, $go_on) = $shop->start_until('part.after_claim', '', 'run');
    my $pid = $shop->on_target($holder);
    for my $command ('run', 'abandon') {
        my $second = $shop->custody($command);
        is $second->{exit}, 3, "$command is refused" or diag $second->{stderr};
        like $second->{stderr}, qr/another run works on migration "default".*\[run-in-progress\]/,
            '... with a code';
        like $second->{stderr}, qr/process $pid \("custody" from local, since /, '... says who';
        like $second->{stderr}, qr/hint: .*pg_terminate_backend\($pid\)/, '... and what to do';
    }
    is $shop->custody('status')->{exit}, 0, 'status is not';
    $go_on->();
    is $shop->wrong($shop->end_of($first)), '', 'the first one goes on undisturbed';
    is $shop->on_target('SELECT count(*) FROM custody.migration_snapshot'), '1', '... and alone';
};

subtest 'two begin at once' => sub {
    $shop->fresh;
    $shop->target->sql('postgres', 'DROP ROLE kills_owner'); # both would create it
    my ($first, $first_on) = $shop->start_until('run.before_create', '', 'run');
    my ($second, $second_on) = $shop->start_until('run.before_create', '', 'run');
    $_->() for $first_on, $second_on;
    my @end = sort { $a->{exit} <=> $b->{exit} } map { $shop->end_of($_) } $first, $second;
    is_deeply [ map { $_->{exit} } @end ], [ 0, 3 ], 'one moves, one is refused'
        or diag map { $_->{stderr} } @end;
    is $shop->wrong($end[0]), '', 'the judge agrees';
    is $shop->on_target('SELECT count(*) FROM custody.migration'), '1', 'one migration';
};

subtest 'the connection that holds the lock dies' => sub {
    $shop->fresh;
    my ($run, $go_on) = $shop->start_until('part.after_claim', '', 'run');
    my $pid = $shop->on_target($holder);
    $shop->on_target("SELECT pg_terminate_backend($pid, 10000)");
    my $new = wait_for('another one', sub { my $now = $shop->on_target($holder); $now ne $pid && $now });
    isnt $new, $pid, 'another connection takes the lock';
    is $shop->custody('run')->{exit}, 3, 'a second run is refused as before';
    $go_on->();
    my $end = $shop->end_of($run);
    is $shop->wrong($end), '', 'the run goes on to its end';
    like $end->{stderr}, qr/lock is gone.*held by another connection now/s, 'and has said so';
};

subtest 'a second run is faster' => sub {
    $shop->fresh;
    my $file = temporary_directory() . '/part';
    # The first one's watcher stops before it takes the lock again, a worker inside of a part.
    my ($first, $go_on) = $shop->start_until('lock.before_take_again', "part.before_commit\@2=wait:$file",
        sub {
            wait_for('a part', sub { -e $file });
            $shop->on_target("SELECT pg_terminate_backend(pid, 10000) FROM ($holder) h");
        }, 'run');
    my $second = $shop->custody('run');
    is $shop->wrong($second), '', 'the second one goes on to the end';
    like $second->{stderr}, qr/backend of an earlier run \(process \d+\) was still at work: ended/,
        'after it has ended what the first one had begun';
    my $report = $shop->on_target('SELECT state, finished_at FROM custody.migration');
    unlink $file;
    $go_on->();
    my $end = $shop->end_of($first);
    is $end->{exit}, 4, 'the first one stops' or diag $end->{stderr};
    like $end->{stderr}, qr/another run has taken over.*\[run-taken-over\]/s, 'and says why';
    is $shop->on_target('SELECT state, finished_at FROM custody.migration'), $report,
        'it does not touch what the second one has finished';
    is $shop->wrong({ exit => 0, stderr => '' }), '', 'nothing is lost or doubled';
};

subtest 'an index is being built when the loader dies' => sub {
    $shop->on_source(q{
        CREATE FUNCTION gate(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
            'BEGIN PERFORM pg_advisory_lock_shared(42), pg_advisory_unlock_shared(42); RETURN $1; END';
        CREATE INDEX session_gate ON session (gate(id))});
    $shop->fresh;
    my $session = $shop->target->session($shop->name);
    $session->query('SELECT pg_advisory_lock(42)');
    my $building = q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'custody worker%'
        AND query ILIKE '%CREATE INDEX session_gate%' AND wait_event_type = 'Lock'};
    my $first = $shop->start('run');
    wait_for('the index', sub { $shop->on_target($building) });
    $shop->kill9($first);
    my $second = $shop->start('run');
    wait_for('the index again', sub { $second->alive or die $second->stderr;
        $shop->on_target($building) == 1 && $shop->on_target($holder) });
    is $shop->on_target(q{SELECT count(*) FROM pg_stat_activity WHERE query ILIKE '%CREATE INDEX%'
        AND application_name LIKE 'custody worker%' AND state = 'active'}), '1',
        'what the first one had begun has ended';
    $session->query('SELECT pg_advisory_unlock(42)');
    $session->close;
    is $shop->wrong($shop->end_of($second)), '', 'the second one ends well';
};

subtest 'a backend that does not notice that its loader is gone' => sub {
    $shop->fresh;
    $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'part.before_commit@2=kill' } });
    # As one that works on in the middle of a part, on a server that does not look (13).
    my $left = $shop->target->session($shop->name);
    $left->query(q{BEGIN; SELECT pg_advisory_xact_lock(1668641652,
        custody.migration_lock_key(migration_id, 'part', id)) FROM custody.migration_part
        WHERE state = 'pending' LIMIT 1});
    my $run = $shop->custody('run');
    is $shop->wrong($run), '', 'the run ends well';
    like $run->{stderr}, qr/\(process @{[$left->backend]}\) was still at work: ended/,
        'after it has ended that backend';
};

done_testing;
