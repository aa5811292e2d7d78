# A source that lives: what arrives is what the snapshot saw, computed without custody; and whatever
# happens to a table between plan, snapshot, lock and copy is noticed or has to wait.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my $source = start_cluster('source');
my $target = start_cluster('target');
my $wait = temporary_directory() . '/wait';

sub ends {
    my ($name) = @_;
    $target->create_database($name, extension => 1);
    return ('--source', $source->conninfo('live'), '--target', $target->conninfo($name));
}

# Runs to a wait point, does something there, and runs to the end.
sub run_around {
    my ($point, $something, @argument) = @_;
    my $run = start_custody('run', @argument, { env => { CUSTODY_FAILPOINT => "$point=wait:$wait" } });
    wait_for $point, sub { -e $wait || !$run->alive && die $run->stderr };
    $something->();
    unlink $wait;
    return $run->wait;
}

$source->create_database('live');
$source->sql('live', q{
    CREATE TABLE account (id bigint PRIMARY KEY, balance int NOT NULL, note text);
    INSERT INTO account SELECT i, 100, repeat('n', 60) FROM generate_series(1, 20000) i;
    CREATE TABLE entry (id bigint PRIMARY KEY, account bigint, amount int, at timestamptz);
    INSERT INTO entry SELECT i, i, 0, now() FROM generate_series(1, 5000) i;
    CREATE TABLE loose (v text);
    INSERT INTO loose SELECT 'row ' || i % 100 FROM generate_series(1, 3000) i;
    CREATE TABLE control (stop boolean);
    -- Money moves between accounts; what comes and goes keeps the rows moving between pages.
    CREATE PROCEDURE write(writer bigint) LANGUAGE plpgsql AS $$
    DECLARE n bigint := 0; a bigint; b bigint;
    BEGIN
        WHILE NOT EXISTS (SELECT FROM control WHERE stop) LOOP
            n := n + 1;
            a := 1 + floor(random() * 20000); b := 1 + floor(random() * 20000);
            UPDATE account SET balance = balance - 1 WHERE id = least(a, b);
            UPDATE account SET balance = balance + 1, note = 'moved ' || n WHERE id = greatest(a, b);
            INSERT INTO entry VALUES (writer * 1000000000 + n, a, 1, clock_timestamp());
            DELETE FROM entry WHERE id = 1 + floor(random() * 5000);
            DELETE FROM loose WHERE ctid = (SELECT ctid FROM loose LIMIT 1);
            INSERT INTO loose VALUES ('row ' || n % 100);
            COMMIT;
            PERFORM pg_sleep(0.002);
        END LOOP;
    END $$});

subtest 'a source that is written all the while' => sub {
    my @ends = ends('live');
    my @writer = map { $source->session('live') } 1 .. 2;
    $writer[ $_ - 1 ]->send("CALL write($_)") for 1, 2;
    my $entries = 'SELECT count(*) FROM entry WHERE id > 1000000000';
    wait_for 'the writers write', sub { $source->sql('live', $entries) > 10 };
    $source->create_database('expected');
    my $held;
    my $seen = q{SELECT (SELECT md5(string_agg(t::text, '|' ORDER BY id)) || sum(balance) FROM account t),
                        (SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM entry t),
                        (SELECT md5(string_agg(v, '|' ORDER BY v)) || count(*) FROM loose)};
    my $run = run_around('run.after_create', sub {
        my $name = $target->sql('live', 'SELECT name FROM custody.migration_snapshot');
        $held = $source->session('live');
        $held->query("SET timezone = 'UTC'; BEGIN ISOLATION LEVEL REPEATABLE READ;
            SET TRANSACTION SNAPSHOT '$name'");
        # The writers are ahead of the snapshot before the first row is read.
        my $there = $held->query($entries);
        wait_for 'the source has moved on', sub { $source->sql('live', $entries) > $there + 20 };
        my $dump = run_command(program('pg_dump'), '-d', $source->conninfo('live'),
            "--snapshot=$name", '-f', temporary_directory() . '/expected.sql');
        is $dump->{exit}, 0, 'a dump under the very snapshot' or diag $dump->{stderr};
    }, @ends, '--jobs', 4, '--part-size', '64kB');
    is $run->exit_code, 0, 'the run is good' or diag $run->stderr;
    ok $source->sql('live', $entries) > $held->query($entries), 'the writers wrote to its end';
    my $expected = $held->query($seen);
    is $target->sql('live', "SET timezone = 'UTC'; $seen"), $expected,
        'the target holds what SQL under the snapshot sees';
    isnt $source->sql('live', "SET timezone = 'UTC'; $seen"), $expected, 'which is not the present';
    $held->close;
    is $target->sql('live', 'SELECT sum(balance) FROM account'), 2000000, 'no money is lost';
    $source->file('expected', temporary_directory() . '/expected.sql');
    same_ok([ $source, 'expected' ], [ $target, 'live' ], 'and the judge says the same');
    cmp_ok $target->sql('live', q{SELECT min(n) FROM (SELECT count(*) AS n FROM custody.migration_part
        JOIN custody.migration_table t ON t.id = table_id
        WHERE source_table IN ('account', 'entry') GROUP BY table_id) p}), '>', 3,
        'in several parts each';

    my $verify = custody('verify', @ends, '--json');
    is $verify->{exit}, 5, 'custody verify sees that the source moved on';
    my %verdict = map { $_->{name} => $_->{verdict} } @{ json($verify->{stdout})->{objects} };
    is $verdict{'public.account'}, 'different', 'in the tables that are written';
    is $verdict{'public.control'}, 'equal', 'and not in others';

    $source->sql('live', 'INSERT INTO control VALUES (true)');
    $_->finish for @writer;
    $_->close for @writer;
    my $final = custody('run', @ends, '--part-size', '64kB', '--final');
    is $final->{exit}, 5, 'at the cut-over it is behind';
    $final = custody('run', @ends, '--part-size', '64kB', '--final');
    is $final->{exit}, 0, 'and then not any more' or diag $final->{stderr};
    same_ok([ $source, 'live' ], [ $target, 'live' ], 'says the judge');
};

# What happens to a table, and what of it may be on the target.
my @changes = (
    [ truncated => 'TRUNCATE %s', 0 ],
    [ rewritten => 'VACUUM FULL %s', 500 ],
    [ retyped => 'ALTER TABLE %s ALTER id TYPE text', 500 ],
    [ widened => 'ALTER TABLE %s ADD extra int DEFAULT 7', 500 ],
    [ narrowed => 'ALTER TABLE %s DROP v', 500 ],
    [ dropped => 'DROP TABLE %s', undef ],
    [ renamed => 'ALTER TABLE %1$s RENAME TO %1$s_new', undef ],
    [ emptied => 'DELETE FROM %s', 0 ],
);

sub make_tables {
    $source->sql('live', "DROP TABLE IF EXISTS $_, ${_}_new;
        CREATE TABLE $_ (id int, v text); INSERT INTO $_ SELECT i, 'v' FROM generate_series(1, 500) i")
        for map { $_->[0] } @changes;
}

subtest 'between snapshot and lock' => sub {
    make_tables();
    for (@changes) {
        my ($name, $change) = @$_;
        my @ends = ends($name);
        my $run = run_around('run.after_snapshot',
            sub { $source->sql('live', sprintf $change, $name) }, @ends, '--table', "$name*");
        if ($name eq 'dropped') {
            is $run->exit_code, 1, 'a table that is gone: nothing is left to move';
            next;
        }
        is $run->exit_code, 0, $name or diag $run->stderr;
        my $moved = $name eq 'renamed' ? 'renamed_new' : $name;
        # A row that was deleted after the snapshot belongs to it.
        is $target->sql($name, "SELECT count(*) FROM $moved"), $name eq 'emptied' ? 500
            : $source->sql('live', "SELECT count(*) FROM $moved"), "$name: the rows";
        $name eq 'emptied'
            ? unlike $run->stderr, qr/taking another/, 'what the snapshot sees is taken'
            : like $run->stderr, qr/taking another/, "$name: another snapshot was taken";
        is $target->sql($name, "SELECT string_agg(attname || atttypid::regtype, ',' ORDER BY attname)
            FROM pg_attribute WHERE attrelid = '$moved'::regclass AND attnum > 0 AND NOT attisdropped"),
            $source->sql('live', "SELECT string_agg(attname || atttypid::regtype, ',' ORDER BY attname)
            FROM pg_attribute WHERE attrelid = '$moved'::regclass AND attnum > 0 AND NOT attisdropped"),
            "$name: the columns";
    }
};

subtest 'during the run' => sub {
    make_tables();
    $source->sql('live', 'CREATE TABLE bystander (v int)');
    my @ends = ends('during');
    my @session;
    my $run = run_around('part.streaming', sub {
        for (grep { $_->[0] ne 'emptied' } @changes) {
            my ($name, $change) = @$_;
            push @session, $source->session('live');
            $session[-1]->send(sprintf $change, $name);
        }
        wait_for 'they all wait', sub { $source->sql('live', q{
            SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted}) == @session };
        pass 'TRUNCATE, ALTER, DROP and VACUUM FULL wait for the run';
        $source->sql('live', q{TRUNCATE bystander; DELETE FROM emptied});
    }, @ends, '--exclude-table', 'bystander');
    is $run->exit_code, 0, 'which ends well' or diag $run->stderr;
    is $target->sql('during', "SELECT count(*) FROM $_"), '500', "all rows of $_"
        for map { $_->[0] } @changes;
    for my $session (@session) {
        unlike $session->finish(error => 1), qr/ERROR/, 'they go on when it has ended';
        $session->close;
    }
};

subtest 'between plan and run' => sub {
    make_tables();
    my @ends = ends('planned');
    is custody('plan', @ends)->{exit}, 0, 'a plan';
    $source->sql('live', join '; ', map { sprintf $_->[1], $_->[0] } grep { $_->[0] ne 'rewritten' } @changes);
    $source->sql('live', 'VACUUM FULL rewritten');
    my $run = custody('run', @ends);
    is $run->{exit}, 0, 'binds nobody: the run makes its own' or diag $run->{stderr};
    same_ok([ $source, 'live' ], [ $target, 'planned' ], 'and the target is as the source is now');
};

done_testing;
