# Rows that a migration copies into tables that the target's ledger records: one event of kind load
# for each copy, in the same transaction, then a baseline; after a kill at any point, too.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Kills;
use Custody::Ledger qw(ledger_faults event_counts);
use Custody::Test;

my $shop = Custody::Kills->new(options => [ '--no-schema', '--jobs', 2, '--part-size', '64kB' ]);
my @audited = qw(customer purchase visit nothing);
my $schema = run_command(program('pg_dump'), '--schema-only', '-d', $shop->source->conninfo($shop->name));
$shop->target->sql('postgres', 'CREATE ROLE kills_owner');
$shop->target->create_database('made', template => 'blank');
$shop->target->sql('made', $schema->{stdout});
$shop->target->sql('made', $shop->on_source(q{SELECT string_agg(format('SELECT lo_from_bytea(%s, %L)', oid,
    lo_get(oid)), ';') FROM pg_largeobject_metadata}));
sub fresh {
    $shop->target->drop_database($shop->name);
    $shop->target->create_database($shop->name, template => 'made');
    $shop->on_target('SELECT custody.init_ledger(); ' . join ';', map { "SELECT custody.audit('$_')" } @audited);
}

sub loads { $shop->on_target(q{SELECT string_agg(format('%s %s/%s %s', n->>'name', n->>'part', n->>'parts', n->>'rows'),
        '; ' ORDER BY n->>'name', (n->>'part')::int)
    FROM (SELECT convert_from(substr(new, 2), 'UTF8')::jsonb AS n FROM custody_ledger.event WHERE op = 'S') e
   WHERE n->>'kind' = 'load'}) }

# What must hold of the ledger however the run came to its end.
sub recorded_ok {
    my ($name) = @_;
    my @wrong = ledger_faults($shop->target, $shop->name);
    my $unbased = $shop->on_target(q{SELECT string_agg(format('%s: %s rows, %s events', t, rows, events), ', ')
        FROM (SELECT t, (xpath('/row/c/text()', query_to_xml('SELECT count(*) c FROM ' || t, true, true, '')))[1]::text::int AS rows,
                     (SELECT count(*) FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl
                       WHERE a.name = t AND e.op = 'B') AS events
                FROM unnest('{customer,purchase,visit,nothing}'::text[]) t) c
       WHERE rows <> events});
    is join('; ', grep { $_ ne '' } @wrong, $unbased, event_counts($shop->target, $shop->name, q{op NOT IN ('S', 'B')})), '',
        "$name: no event for a row but one of the baseline";
}

fresh();
my $plan = $shop->custody('plan', '--no-schema', '--json');
is $plan->{exit}, 0, 'nothing stands in the way' or diag $plan->{stderr};
is_deeply [ sort map { $_->{object} } grep { $_->{code} eq 'audited-table' } @{ json($plan->{stdout})->{findings} } ],
    [ 'public.customer', 'public.nothing', 'public.purchase', 'public.visit_2024', 'public.visit_2025' ], 'the plan names them';
my $run = $shop->custody('run');
is $run->{exit}, 0, 'the run is done and verified' or diag $run->{stderr};
like loads(), qr{^customer 1/1 60; nothing 1/1 0; purchase 1/(\d+) .*; visit_2024 1/1 \d+; visit_2025 1/1 \d+$},
    'each copy is one event';
is $shop->on_target(q{SELECT sum((n->>'rows')::int) || ' ' || count(*) FROM
    (SELECT convert_from(substr(new, 2), 'UTF8')::jsonb AS n FROM custody_ledger.event WHERE op = 'S') e
   WHERE n->>'name' = 'purchase' AND n->>'kind' = 'load'}),
    '800 ' . $shop->on_target(q{SELECT count(*) FROM custody.migration_part p JOIN custody.migration_table t
        ON t.id = p.table_id WHERE t.target_table = 'purchase'}), 'all parts, all rows';
is $shop->on_target(q{SELECT count(*) FROM custody_ledger.event e
    CROSS JOIN LATERAL (SELECT convert_from(substr(new, 2), 'UTF8')::jsonb AS n) j
    JOIN custody.migration_part p ON p.writer = e.xid
    JOIN custody.migration_table t ON t.id = p.table_id AND t.target_table = n->>'name'
    JOIN custody.migration_snapshot s ON s.number = p.snapshot
   WHERE e.op = 'S' AND n->>'kind' = 'load' AND (n->>'rows')::int = p.rows AND (n->>'part')::int = p.number
     AND n->>'digest' = custody.migration_digest_hex(p.digests) AND n->>'snapshot' = s.xmin_xmax}),
    scalar(split /; /, loads()), 'with rows, digest and snapshot, by the transaction that wrote them';
recorded_ok('a run');
is $shop->on_target(q{SELECT string_agg(DISTINCT state, ',') || count(*) FROM custody.migration_task WHERE kind = 'baseline'}),
    'done5', 'a task for each baseline';
is $shop->custody('verify')->{exit}, 0, 'custody verify: equal';

# What repair changes is recorded as anybody's change is.
$shop->on_source(q{UPDATE purchase SET amount = amount + 1 WHERE id = 7});
my $mark = $shop->on_target('SELECT max(xid::text::bigint) FROM custody_ledger.event');
is $shop->custody('repair', '--apply')->{exit}, 0, 'repair';
is event_counts($shop->target, $shop->name, "xid::text::bigint > $mark"), 'U1', 'its change is an event';

# The same command after a kill.
for my $point (qw(load.after_begin part.before_state load.after_record part.before_commit part.after_commit table.after_copied)) {
    fresh();
    my $killed = $shop->custody('run', { env => { CUSTODY_FAILPOINT => "$point=kill" } });
    is $killed->{exit}, 137, "killed at $point";
    my $again = $shop->custody('run');
    is $again->{exit}, 0, 'goes on to the end' or diag $again->{stderr};
    my $unexplained = $shop->on_target(q{SELECT count(*) FROM custody.migration_part p JOIN custody.migration_table t ON t.id = p.table_id
        WHERE t.target_table IN ('customer', 'purchase', 'visit_2024', 'visit_2025') AND p.rows > 0 AND NOT EXISTS (SELECT FROM custody_ledger.event e
            WHERE e.xid = p.writer AND e.op = 'S')});
    is $unexplained, 0, 'no rows without their event';
}
for my $point (qw(task.after_claim task.before_commit task.after_commit)) {
    fresh();
    my ($process, $goes_on) = $shop->start_until('vacuum.after_commit', undef, 'run');
    $shop->kill9($process);
    $goes_on->();
    my $killed = $shop->custody('run', { env => { CUSTODY_FAILPOINT => "$point=kill" } });
    is $shop->custody('run')->{exit}, 0, "killed at $point of a task ($killed->{exit}): goes on to the end";
    recorded_ok($point);
}

# Rows that were there are emptied as anybody would: one event each.
fresh();
$shop->on_target(q{INSERT INTO customer (id, name) OVERRIDING SYSTEM VALUE VALUES (1000, 'was here')});
is $shop->custody('run')->{exit}, 3, 'rows that are there block';
is $shop->custody('run', '--truncate-target')->{exit}, 0, 'or are emptied';
is event_counts($shop->target, $shop->name, q{op NOT IN ('S', 'B')}), 'D1 I1 T1', 'by an event for each';

# By hand: nothing gets past.
my $id = q{SELECT max(id) FROM custody.migration};
sub refused {
    my ($name, $sql, $like) = @_;
    my $error = eval { $shop->on_target($sql); '' } // $@;
    like $error, $like, $name;
}
refused('a load that is not recorded', q{BEGIN; SELECT custody.begin_load('nothing'); INSERT INTO nothing VALUES (1); COMMIT},
    qr/without the event that stands for them/);
refused('or prepared', q{BEGIN; SELECT custody.begin_load('nothing'); SELECT custody.begin_load('nothing')}, qr/begun already/);
refused('after a savepoint', q{BEGIN; SAVEPOINT s; SELECT custody.begin_load('nothing')}, qr/after a savepoint/);
refused('recorded behind a savepoint', q{BEGIN; SELECT custody.begin_load('nothing'); SAVEPOINT s; SELECT custody.end_load('nothing', 0, '{"kind":"load"}')},
    qr/after a savepoint/);
refused('other rows than counted', q{BEGIN; SELECT custody.begin_load('nothing'); INSERT INTO nothing VALUES (1); SELECT custody.end_load('nothing', 0, '{"kind":"load"}')},
    qr/not accounted for/);
refused('a part of another transaction', qq{BEGIN; SELECT custody.begin_load('nothing'); SELECT custody.record_load(($id), 1, 1)},
    qr/not set done by this transaction/);
refused('a baseline without its task', qq{SELECT custody.record_load_baseline(($id), 1)}, qr/no baseline to record/);
is $shop->on_target(q{BEGIN; SELECT custody.begin_load('nothing'); ROLLBACK; INSERT INTO nothing VALUES (2);
    SELECT count(*) FROM custody_ledger.event WHERE op = 'I' AND tbl = (SELECT id FROM custody_ledger.audited WHERE name = 'nothing')}) =~ s/.*\n//sr,
    1, 'what was begun ends with its transaction';
$shop->on_target(q{CREATE TABLE beside (id int PRIMARY KEY); SELECT custody.audit('beside')});
is $shop->on_target(q{BEGIN; SELECT custody.begin_load('nothing'); INSERT INTO beside VALUES (1); UPDATE customer SET name = name || '?' WHERE id = 2;
    DELETE FROM nothing; SELECT custody.end_load('nothing', 0, '{"kind":"load"}'); COMMIT;
    SELECT string_agg(op, '' ORDER BY op) FROM custody_ledger.event WHERE xid = (SELECT max(xid::text::bigint)::text::xid8 FROM custody_ledger.event)})
    =~ s/.*\n//sr, 'DISU', 'updates, deletes and other tables are recorded in a load, too';
is $shop->on_target(q{SELECT custody.begin_load('session')}), 'f', 'a table that is not audited has no load';
$shop->on_target('CREATE ROLE nobody_special');
refused('others than the duty', q{SET ROLE nobody_special; SELECT custody.begin_load('nothing')}, qr/permission denied/);

done_testing();
