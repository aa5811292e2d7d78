# The audit ledger of a source moves with its database: byte for byte, by a path of its own, and goes on
# on the target; each side's ledger names the other's block.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts);
use Custody::Test;

# Another server, not a copy of the target's files: a ledger knows where it is by the system identifier.
my $source = start_cluster('source', initdb => [ '--data-checksums' ]);
my $target = start_cluster('target');
$source->create_database('clinic', extension => 1);
$source->sql('clinic', q{
    CREATE TABLE patient (id int PRIMARY KEY, org int, name text);
    CREATE TABLE visit (id int, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE plain (id int PRIMARY KEY);
    INSERT INTO plain SELECT generate_series(1, 10);
    INSERT INTO patient SELECT n, n % 3, 'patient ' || n FROM generate_series(1, 50) n;
    SELECT custody.init_ledger('week');
    SELECT custody.audit('patient', org_column => 'org'); SELECT custody.audit('visit');
    INSERT INTO visit SELECT n, date '2025-06-01' + 10 * n, 'v' FROM generate_series(1, 40) n});
$source->sql('clinic', 'SELECT custody.seal()');
$source->sql('clinic', q{UPDATE patient SET name = upper(name) WHERE id < 10; DELETE FROM patient WHERE id = 50});
$source->sql('clinic', 'SELECT custody.seal()');
$source->sql('clinic', q{UPDATE visit SET at = at + 300 WHERE id = 1});

sub ends { ('--source', $source->conninfo('clinic'), '--target', $target->conninfo('clinic')) }
sub fresh { $target->drop_database('clinic'); $target->create_database('clinic', extension => 1) }
sub on_target { $target->sql('clinic', @_) }

# All that the source has of a table, as text, by the rows that were there before the move.
my $frozen = q{(SELECT string_agg(x::text, E'\n' ORDER BY x::text COLLATE "C") FROM custody_ledger.%s x WHERE %s)};
my %rows = (
    event => 'true', tx => 'true', block => 'true', link => 'true', org => 'true', incarnation => 'true', ledger => 'true',
    descriptor => 'true',
);
sub run { custody('run', ends(), '--roles', '--jobs', 2, '--json', @_) }
$target->create_database('clinic', extension => 1);
my $plan = custody('plan', ends(), '--json');
ok scalar(grep { $_->{code} eq 'ledger-moves' } @{ json($plan->{stdout})->{findings} }), 'the plan says that the ledger moves' or diag $plan->{stdout};
is scalar(grep { ($_->{source} // "$_->{schema}.$_->{name}") =~ /custody_ledger/ } @{ json($plan->{stdout})->{tables} }), 0, 'and not as tables of the user';

my $run = run();
is $run->{exit}, 0, 'custody run: done and verified' or diag $run->{stderr};
my $last = json($source->sql('clinic', 'SELECT custody.ledger_digest()'));
for my $table (sort keys %rows) {
    my $all = sub { [ split /\n/, $_[0]->sql('clinic', "SELECT x::text FROM custody_ledger.$table x ORDER BY x::text COLLATE \"C\"") ] };
    my %there = map { $_ => 1 } @{ $all->($target) };
    # What the source wrote after the move names the target, and cannot be there.
    my $since = $table eq 'event' || $table eq 'tx' ? "WHERE xid::text::bigint < (SELECT min(xid::text::bigint) FROM custody_ledger.event WHERE op = 'S' AND convert_from(new, 'LATIN1') LIKE '%moved\\_to%')"
        : $table eq 'block' ? "WHERE number < $last->{block}" : $table eq 'link' ? "WHERE block < $last->{block}" : '';
    my @lost = grep { !$there{$_} } split /\n/, $source->sql('clinic', "SELECT x::text FROM custody_ledger.$table x $since");
    is_deeply \@lost, [], "$table: every row is there as it was";
}
sub moved { json(on_target(q{SELECT convert_from(substr(new, 2), 'UTF8') FROM custody_ledger.event WHERE op = 'S' AND tbl = 0
    AND convert_from(new, 'LATIN1') LIKE '%source\_digest%'})) }
my $moved = moved();
is $moved->{source_digest}{hash}, $source->sql('clinic', "SELECT encode(hash, 'hex') FROM custody_ledger.block WHERE number = $moved->{source_digest}{block}"),
    'the target names the last block of the source';
my $named = json($source->sql('clinic', q{SELECT convert_from(substr(new, 2), 'UTF8') FROM custody_ledger.event WHERE op = 'S'
    AND convert_from(new, 'LATIN1') LIKE '%moved\_to%'}));
is $named->{moved_to}{hash}, on_target("SELECT encode(hash, 'hex') FROM custody_ledger.block WHERE number = $named->{moved_to}{block}"),
    'the source names the first block of the target';
is $named->{moved_to}{block}, $moved->{source_digest}{block} + 1, 'which follows';
is on_target("SELECT kind FROM custody_ledger.block WHERE number = $named->{moved_to}{block}"), 1, 'and begins another incarnation';
like on_target(q{SELECT note FROM custody.migration_task WHERE kind = 'ledger_anchor'}), qr/$named->{moved_to}{hash}.*$moved->{source_digest}{hash}/, 'the state has both';
my $report = json($run->{stdout});
is_deeply [ map { "$_->{state} " . ($_->{verdict} // '') } grep { $_->{kind} =~ /^ledger/ } @{ $report->{tasks} } ], [ 'done equal', 'done ' ],
    'the report has the ledger, equal';
ok scalar(grep { $_->{message} =~ /$named->{moved_to}{hash}.*$moved->{source_digest}{hash}/ } @{ $report->{log} }), 'and names both blocks';
is on_target(q{SELECT string_agg(format('%s %s', n->>'name', n->>'rows'), ', ' ORDER BY n->>'name') FROM (SELECT convert_from(substr(new, 2), 'UTF8')::jsonb AS n
    FROM custody_ledger.event WHERE op = 'S' AND tbl > 0) e WHERE n->>'kind' = 'load'}), 'patient 49, visit_2025 ' . on_target('SELECT count(*) FROM visit_2025')
    . ', visit_2026 ' . on_target('SELECT count(*) FROM visit_2026'), 'an event for each table that was copied';
is on_target(q{SELECT count(*) FROM pg_class c WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p')
    AND pg_get_userbyid(relowner) <> 'custody_ledger_owner'}), 0, 'its tables have their owner';
my $error = eval { on_target('DELETE FROM custody_ledger.event'); '' } // $@;
like $error, qr/the audit ledger is not changed/, 'and their guards';

# Evidence from before is proven on the new server.
my $digest = write_file(on_target('SELECT custody.ledger_digest()'), 'digest');
my $bundle = write_file(on_target(q{SELECT * FROM custody.export_ledger(1, (SELECT max(number) FROM custody_ledger.block))}) . "\n", 'bundle');
my $proof = custody('audit', 'verify-bundle', $bundle, '--digest', $digest);
is $proof->{exit}, 0, 'the whole history is proven there' or diag $proof->{stdout} . $proof->{stderr};
is on_target(q{SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('patient')}), 'proven summary', 'the rows are those that it tells of';
is on_target(q{SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('visit')}), 'proven summary', 'in partitions, too';
my $mark = on_target('SELECT max(xid::text::bigint) FROM custody_ledger.event');
on_target(q{UPDATE patient SET name = 'here' WHERE id = 3; INSERT INTO visit VALUES (99, '2026-02-02', 'new')});
is event_counts($target, 'clinic', "tbl > 0 AND op <> 'S' AND at > now() - interval '10 seconds' AND incarnation = (SELECT incarnation FROM custody_ledger.block ORDER BY number DESC LIMIT 1)"),
    'I1 U1', 'and recording goes on';
is custody('verify', ends(), '-t', 'plain')->{exit}, 0, 'custody verify: the ledger is no table of the user';
is run()->{exit}, 0, 'the same command has nothing to do';

# A kill, then the same command.
for my $point (qw(ledger.after_receive ledger.after_adopt ledger.after_seal)) {
    fresh();
    my $killed = custody('run', ends(), '--roles', { env => { CUSTODY_FAILPOINT => "$point=kill" } });
    is $killed->{exit}, 137, "killed at $point";
    my $again = run();
    is $again->{exit}, 0, 'goes on to the end' or diag $again->{stderr};
    is on_target(q{SELECT count(*) FROM custody_ledger.event WHERE op = 'S' AND tbl = 0 AND convert_from(new, 'LATIN1') LIKE '%source\_digest%'}), 1, 'the ledger came once';
}

# A source whose ledger goes on after it was moved, also where its rows are the same again.
my $there_and_back = q{UPDATE patient SET name = upper(name) WHERE id = 20; UPDATE patient SET name = lower(name) WHERE id = 20};
fresh();
is run()->{exit}, 0, 'moved once more';
my $proof_of_move = q{SELECT verdict, source_value, target_value, source_rows FROM custody.migration_task WHERE kind = 'ledger'};
my $proven = on_target($proof_of_move);
is run('--final')->{exit}, 0, 'the last comparison has nothing to say';
is on_target($proof_of_move), $proven, '... and keeps the proof of the move';
$source->sql('clinic', $there_and_back);
for my $time ('', ' again') {
    my $run = run('--final');
    is $run->{exit}, 5, "rows that are the same, and two events that are not there: not equal$time";
    like $run->{stderr}, qr/LEDGER custody_ledger: different: the source's ledger has (\d+) transactions, and \d+ of them were moved: begin again/, '... by the ledger';
}
fresh();
is custody('run', ends(), '--roles', { env => { CUSTODY_FAILPOINT => 'ledger.after_seal=kill' } })->{exit}, 137, 'killed after it has moved';
$source->sql('clinic', $there_and_back);
my $late = run();
is $late->{exit}, 5, '... what was written before the run went on is missed';
like $late->{stderr}, qr/LEDGER custody_ledger: different/, '... by name';
$_->create_database('late', extension => 1) for $source, $target;
my @late = ('--source', $source->conninfo('late'), '--target', $target->conninfo('late'));
$source->sql('late', 'CREATE TABLE t (id int PRIMARY KEY)');
is custody('run', @late)->{exit}, 0, 'a source without a ledger';
$source->sql('late', q{SELECT custody.init_ledger(); SELECT custody.audit('t')});
my $made = custody('run', @late, '--final');
is $made->{exit}, 5, '... that gets one';
like $made->{stderr}, qr/LEDGER custody_ledger: it was made on the source since/, '... is told';

# Nothing is sealed, and nothing said on the source, before the ledger has come.
fresh();
on_target(q{SELECT custody.init_ledger('week')});
my $said = q{SELECT count(*) FROM custody_ledger.event WHERE op = 'S' AND convert_from(new, 'LATIN1') LIKE '%moved\_to%'};
my $said_before = $source->sql('clinic', $said);
my $early = run('--no-verify');
is $early->{exit}, 4, 'a ledger that cannot come yet';
like $early->{stderr}, qr/ledger-too-early/, '... as it says';
is on_target('SELECT count(*) FROM custody_ledger.block'), 0, '... the target has no block of its own';
is $source->sql('clinic', $said), $said_before, '... and the source names none';
is run()->{exit}, 0, '... and it comes with the next run';

# Whatever the source's sessions begin with.
$source->sql('postgres', q{ALTER DATABASE clinic SET default_transaction_isolation = 'serializable'});
fresh();
my $isolated = run();
$source->sql('postgres', 'ALTER DATABASE clinic RESET default_transaction_isolation');
is $isolated->{exit}, 0, 'from a source whose sessions are serializable';
unlike $isolated->{stderr}, qr/was not sealed|does not name/, '... which is sealed, and names the target';

# What would contradict it on the target.
for my $option ([ '--where', 'public.patient=id < 10' ], [ '--where', 'public.visit_2025=id < 10' ]) {
    fresh();
    my $plan = custody('plan', ends(), @$option);
    is $plan->{exit}, 3, "@$option: refused";
    like $plan->{stdout}, qr/ledger-contradicted: custody_ledger: .*public\.(patient|visit)/, '... for what the ledger tells of the table' or diag $plan->{stdout};
    is custody('plan', ends(), @$option, '--exclude-schema', 'custody_ledger')->{exit}, 0, '... not without the ledger';
}
fresh();
is custody('run', ends(), '--roles', '--where', 'public.plain=id < 5')->{exit}, 0, 'what is not recorded may come as it likes';

# What is refused, and what stays.
fresh();
on_target(q{SELECT custody.init_ledger('day')});
my $period = custody('plan', ends());
is $period->{exit}, 3, 'a ledger by another period is refused before anything is copied';
like $period->{stdout}, qr/target-ledger: custody_ledger: the target's ledger has partitions by day, the source's by week/, '... as the plan says';
fresh();
on_target(q{CREATE TABLE own (id int PRIMARY KEY); SELECT custody.init_ledger(); SELECT custody.audit('own')});
my $refused = run();
is $refused->{exit}, 3, 'a target with a ledger of its own is refused';
like $refused->{stderr}, qr/target-ledger/, 'by name';
fresh();
is custody('run', ends(), '--exclude-schema', 'custody_ledger')->{exit}, 0, 'a move without the ledger';
is on_target(q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'custody%'}), 0, 'leaves what records behind';

done_testing();
