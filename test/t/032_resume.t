# Going on after the snapshot was lost, while the source has gone on too: what is believed, what is
# copied again and why it says so, and that the target then holds what the new snapshot shows.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Kills;

my $shop = Custody::Kills->new;
my $KILLED = 128 + 9;
$shop->on_source(q{
    CREATE TABLE big (id int PRIMARY KEY, customer_id bigint REFERENCES customer, v int, pad text)
        WITH (fillfactor = 60);
    INSERT INTO big SELECT n, n % 60 + 1, n, repeat(md5(n::text), 8) FROM generate_series(1, 2000) n;
    CREATE INDEX big_v ON big (v);
    ANALYZE big});

# Rows move between blocks: updates leave their old places, vacuum frees them, inserts take them.
my $write = q{
    UPDATE big SET v = v + 1000000 WHERE id % 3 = 0;
    DELETE FROM big WHERE id % 7 = 0;
    VACUUM big;
    INSERT INTO big SELECT max(id) + n, 1, n, 'new' FROM big, generate_series(1, 300) n GROUP BY n;
    UPDATE big SET pad = 'moved ' || id WHERE id % 11 = 0;
    VACUUM big;
    UPDATE customer SET name = name || '!' WHERE id % 5 = 0;
    INSERT INTO purchase (customer_id, amount) SELECT 1, n FROM generate_series(1, 20) n;
    DELETE FROM purchase WHERE id IN (SELECT id FROM purchase ORDER BY id LIMIT 20);
    SELECT nextval('ticket') FROM generate_series(1, 7);
};

# Plain SQL, nothing of custody.
my @table = qw(big customer purchase visit_2024 visit_2025 session nothing);
sub content_sql {
    return join ' UNION ALL ', map {
        "SELECT '$_', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) FROM $_ t"
    } @table;
}

sub log_of {
    my ($object) = @_;
    return $shop->on_target("SELECT message FROM custody.migration_log
        WHERE object ~ '\\m$object\\M' AND severity = 'warning' ORDER BY id");
}

# By table: who wrote its parts, and when.
sub writers {
    return { map { split /=/, $_, 2 } split /\n/, $shop->on_target(q{
        SELECT t.target_table || '=' || coalesce(string_agg(p.writer || ' ' || p.started_at, ','
                   ORDER BY p.number), '')
          FROM custody.migration_table t
          JOIN custody.migration_part p ON (p.migration_id, p.table_id) = (t.migration_id, t.id)
         GROUP BY t.target_table}) };
}

subtest 'the loader is killed, the source goes on' => sub {
    $shop->fresh;
    my ($run) = $shop->start_until('part.after_claim', '', 'run');
    # One part of a large table waits; the other worker finishes everything else.
    wait_for('the other tables', sub { $shop->on_target(q{
        SELECT count(*) FILTER (WHERE state = 'verified') = count(*) - 1 FROM custody.migration_table
    }) eq 't' });
    my $half = $shop->on_target(q{SELECT target_table FROM custody.migration_table
        WHERE state = 'pending'});
    like $half, qr/^(?:big|purchase)$/, 'which of them was first is not known';
    is $shop->on_target(q{SELECT count(*) > 2, count(*) FILTER (WHERE p.state = 'pending')
            FROM custody.migration_table t
            JOIN custody.migration_part p ON (p.migration_id, p.table_id) = (t.migration_id, t.id)
           WHERE t.state = 'pending' GROUP BY t.id}), 't|1', 'a table of several parts is half done';
    $shop->kill9($run);
    my $before = writers();
    $shop->on_source($write);

    # Under the snapshot of the resumed run, and not later.
    my ($again, $go_on) = $shop->start_until('resume.after_snapshot_commit', '', 'run');
    my $name = $shop->on_target('SELECT name FROM custody.migration_snapshot ORDER BY number DESC LIMIT 1');
    my $expected = $shop->on_source("BEGIN ISOLATION LEVEL REPEATABLE READ;
        SET TRANSACTION SNAPSHOT '$name'; @{[content_sql()]}; COMMIT");
    $shop->on_source($write);
    $go_on->();
    my $end = $shop->end_of($again);
    is $end->{exit}, 0, 'the same command goes on to the end' or diag $end->{stderr};
    is $shop->state, 'done', 'all is proven';
    is $shop->on_target(content_sql()), $expected, 'the target holds what the new snapshot shows';
    isnt $shop->on_source(content_sql()), $expected, 'which is not what the source holds now';

    my $after = writers();
    for my $table (qw(visit_2024 visit_2025 session nothing)) {
        is $after->{$table}, $before->{$table}, "$table is believed";
        is log_of($table), '', '... and nothing is logged of it';
        unlike $end->{stderr}, qr/\b$table\b.*copied again/, '... nor said';
    }
    my %why = map { $_ => $_ eq $half ? qr/it was unfinished/ : qr/source has changed/ }
        qw(big customer purchase);
    for my $table (sort keys %why) {
        isnt $after->{$table}, $before->{$table}, "$table is copied again";
        like log_of($table), $why{$table}, '... the log says why';
        like $end->{stderr}, qr/\b$table is copied again: .*$why{$table}/, '... and so does stderr';
    }
    my %old = map { (/^(\d+)/) => 1 } split /,/, $before->{$half};
    is scalar(grep { /^(\d+)/ && $old{$1} } split /,/, $after->{$half}), 0, "$half: all of its parts";
    is $shop->on_target(q{SELECT count(*) FROM custody.migration_table
        WHERE coalesce(confirmed_snapshot, snapshot) <> 2}), '0', 'all under one snapshot';
};

subtest 'foreign keys, sequences and large objects were done' => sub {
    $shop->fresh;
    my $run = $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'run.before_finish=kill' } });
    is $run->{exit}, $KILLED, 'killed at the end';
    my $keys = q{SELECT string_agg(conname, ',' ORDER BY conname) FROM pg_constraint
        WHERE contype = 'f' AND convalidated AND conparentid = 0
          AND connamespace = 'public'::regnamespace};
    my $all = $shop->on_target($keys);
    like $all, qr/big_customer_id_fkey.*customer_friend_fkey.*purchase_customer_id_fkey.*visit/,
        'the foreign keys stand';
    $shop->on_source("$write; SELECT lo_put(800001, 5, 'changed'), lo_from_bytea(800003, 'new'),
        lo_unlink(800002); ALTER LARGE OBJECT 800003 OWNER TO kills_owner");
    my ($again, $go_on) = $shop->start_until('resume.after_reset', '', 'run');
    is $shop->on_target($keys), '', 'no key stands while rows are copied again';
    $go_on->();
    my $end = $shop->end_of($again);
    is $shop->wrong($end), '', 'to the end, and the judge agrees';
    is $shop->on_target($keys), $all, 'the keys are validated again';
    is $shop->on_target(q{SELECT count(*) FROM custody.migration_task
        WHERE kind = 'validate' AND (attempts <> 2 OR state <> 'done')}), '0', 'each of them';
    is $shop->on_target('SELECT last_value FROM ticket'),
        $shop->on_source('SELECT last_value FROM ticket'), 'a sequence is not left behind';
    like log_of('800001'), qr/done again: source or target has changed/, 'a large object';
    is log_of('800002'), 'not moved: the source has dropped it', 'one that is gone';
    $shop->on_source('SELECT lo_unlink(800003), lo_from_bytea(800002, $$x$$)');
};

subtest 'nothing has changed' => sub {
    $shop->fresh;
    $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'run.before_finish=kill' } });
    my $before = writers();
    my $keys = q{SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_constraint WHERE contype = 'f'
        AND connamespace = 'public'::regnamespace};
    my $all = $shop->on_target($keys);
    is $shop->wrong(my $end = $shop->custody('run')), '', 'to the end';
    is_deeply writers(), $before, 'no table is copied again';
    is $shop->on_target($keys), $all, 'no foreign key was dropped';
    unlike $end->{stderr}, qr/copied again/, 'nothing is said';
};

subtest 'all source backends are gone' => sub {
    $shop->fresh;
    my ($run, $go_on) = $shop->start_until('part.before_state', '', 'run');
    $shop->on_source(q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE application_name LIKE 'custody%'});
    $go_on->();
    my $end = $shop->end_of($run);
    is $end->{exit}, 4, 'partial' or diag $end->{stderr};
    like $end->{stderr}, qr/snapshot is lost.*run the same command again/s, 'with what to do';
    is $shop->on_target('SELECT state FROM custody.migration'), 'partial', 'recorded';
    $shop->on_source($write);
    is $shop->wrong($shop->custody('run')), '', 'to the end, and the judge agrees';
};

subtest 'the target crashes: unlogged tables are empty' => sub {
    $shop->fresh;
    $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'run.before_finish=kill' } });
    # One that only the target has unlogged counts as well.
    $shop->on_target('ALTER TABLE visit_2025 SET UNLOGGED; CHECKPOINT');
    $shop->target->kill9;
    $shop->target->start;
    is $shop->on_target('SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM visit_2025)'),
        '0|0', 'they are';
    my $before = writers();
    my $end = $shop->custody('run');
    is $end->{exit}, 0, 'to the end' or diag $end->{stderr};
    is $shop->state, 'done', 'all is proven';
    is $shop->on_target(content_sql()), $shop->on_source(content_sql()), 'all rows are there';
    my $after = writers();
    for my $table (qw(session visit_2025)) {
        like log_of($table), qr/unlogged table held \d+ rows and holds 0 now/, "$table: the log says why";
        isnt $after->{$table}, $before->{$table}, '... copied again';
    }
    is $after->{purchase}, $before->{purchase}, 'another is believed';
};

subtest 'a part is missing from the state' => sub {
    my $lose = q{
        SET session_replication_role = replica;
        ALTER TABLE custody.migration_part DISABLE TRIGGER ALL;
        DELETE FROM custody.migration_part p USING custody.migration_table t
         WHERE (p.migration_id, p.table_id) = (t.migration_id, t.id) AND t.target_table = 'big'
           AND p.number = 2 AND p.state = 'done';
        SELECT custody.migration_arm();
    };
    $shop->fresh;
    my ($run, $go_on) = $shop->start_until('table.before_copied@3', '', 'run', '--jobs', 1);
    $shop->on_target($lose);
    $go_on->();
    my $end = $shop->end_of($run);
    isnt $end->{exit}, 0, 'while it runs: no success' or diag $end->{stderr};
    isnt $shop->state, 'done', 'nor is it recorded as one';
    # Who wrote its rows is lost with the part.
    $end = $shop->custody('run');
    is $end->{exit}, 4, 'the next run does not drop rows that it cannot claim' or diag $end->{stderr};
    like $end->{stderr}, qr/holds \d+ rows that this migration did not write/, '... and says so';
    is $shop->wrong($shop->custody('run', '--truncate-target')), '', '... but may be allowed to';

    $shop->fresh;
    ($run, $go_on) = $shop->start_until('run.before_finish', '', 'run');
    $shop->on_target($lose);
    $go_on->();
    $end = $shop->end_of($run);
    is $end->{exit}, 5, 'at the end: not verified' or diag $end->{stderr};
    like $end->{stderr}, qr/big.*parts/, 'and why';
    is $shop->wrong($end = $shop->custody('run', '--truncate-target')), '', 'the next run mends it';
    like $end->{stderr}, qr/big is copied again: .*parts/, 'and says so';
    like log_of('big'), qr/copied again: its parts/, '... in the log too';
};

subtest 'abandon' => sub {
    my $rows = 'SELECT count(*) FROM purchase';
    my $state = 'SELECT count(*) FROM custody.migration';
    my $kill = sub {
        $shop->fresh;
        $shop->custody('run', { env => { CUSTODY_FAILPOINT => 'run.before_finish=kill' } });
    };
    $kill->();
    my $end = $shop->custody('abandon', '--drop-rows', '--dry-run');
    is $end->{exit}, 0, 'a dry run' or diag $end->{stderr};
    like $end->{stdout}, qr/would drop the rows of .*purchase/, 'says what it would do';
    is $shop->on_target("$state WHERE state = 'open'"), '1', 'and does nothing';
    isnt $shop->on_target($rows), '0', '... to the rows either';

    $shop->on_target(q{SET session_replication_role = replica;
        INSERT INTO session SELECT 1000, 'mine'});
    $end = $shop->custody('abandon', '--drop-rows');
    is $end->{exit}, 3, 'rows of others are not dropped';
    like $end->{stderr}, qr/session.*holds rows that the migration did not write/s, 'it says which';
    isnt $shop->on_target($rows), '0', 'nothing was dropped';
    is $shop->on_target($state), '1', '... nor abandoned';
    $shop->on_target(q{DELETE FROM session WHERE id = 1000});

    is $shop->custody('abandon')->{exit}, 0, 'without --drop-rows';
    is $shop->on_target($state), '0', 'the state is gone';
    isnt $shop->on_target($rows), '0', 'the rows stay';
    $end = $shop->custody('abandon');
    is $end->{exit}, 3, 'nothing is left to abandon' or diag $end->{stderr};
    is $shop->custody('run')->{exit}, 3, 'a run finds tables that hold rows';
    $shop->on_target('SELECT lo_unlink(oid) FROM pg_largeobject_metadata');
    $end = $shop->custody('run', '--truncate-target');
    is $shop->wrong($end), '', 'unless it may truncate them';

    $kill->();
    is $shop->custody('abandon', '--drop-rows')->{exit}, 0, 'with --drop-rows';
    is $shop->on_target($rows), '0', 'the rows are gone';
    is $shop->on_target('SELECT count(*) FROM pg_largeobject_metadata'), '0', '... and large objects';
    # Its keys stand, and must not be believed unchecked.
    my ($run) = $shop->start_until('schema.after_tasks', '', 'run');
    is $shop->on_target(q{SELECT count(*) FROM pg_constraint WHERE contype = 'f'
        AND connamespace = 'public'::regnamespace}), '0',
        'no foreign key stands while rows come';
    # Then abandon puts them back.
    $shop->kill9($run);
    $end = $shop->custody('abandon', '--drop-rows');
    is $end->{exit}, 0, 'abandoned once more';
    like $end->{stdout}, qr/^put back .*purchase_customer_id_fkey$/m, 'it says what it puts back';
    is $shop->on_target(q{SELECT convalidated FROM pg_constraint
        WHERE conname = 'purchase_customer_id_fkey'}), 't', '... and that is there';
    is $shop->custody('run', '--dry-run')->{exit}, 0, 'a run could begin anew';
};

done_testing;
