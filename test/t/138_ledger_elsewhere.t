# The ledger where it was never run: moved under legal holds, from a source that refuses writes, through
# pg_upgrade; beside custody compare and verify; and a table emptied as one event.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts);
use Custody::Ledger::Checks qw(seal digest verdicts outside reconciled stored);
use Custody::Test;

my $source = start_cluster('source', initdb => [ '--data-checksums' ]);
my $target = start_cluster('target');
$source->create_database('clinic', extension => 1);
my $people = 'CREATE ROLE ann LOGIN IN ROLE custody_admin; CREATE ROLE bob LOGIN IN ROLE custody_legal;';
$source->sql('clinic', qq{$people
    CREATE TABLE patient (id int PRIMARY KEY, org int, name text);
    CREATE TABLE visit (id int, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE bill (id int PRIMARY KEY, org int);
    SELECT custody.init_ledger('month'); SELECT custody.audit('patient', 'org'); SELECT custody.audit('visit'); SELECT custody.audit('bill', 'org');
    INSERT INTO patient SELECT n, n % 3, 'patient ' || n FROM generate_series(1, 50) n;
    INSERT INTO visit SELECT n, date '2025-06-01' + 10 * n, 'v' FROM generate_series(1, 40) n;
    INSERT INTO bill SELECT n, n % 3 FROM generate_series(1, 20) n});
sub as { my ($cluster, $user, $sql) = @_; return $cluster->sql('clinic', $sql, user => $user) }
sub refused { my ($cluster, $sql, $user) = @_; return ($cluster->psql('clinic', $sql, user => $user))[2] }
# An organization in every table, a row, a table whole, and one that was lifted.
as($source, 'bob', $_) for q{SELECT custody.place_hold('one', org => '1')}, q{SELECT custody.place_hold('two', 'patient', key => '{"id": 3}')},
    q{SELECT custody.place_hold('three', 'visit')}, q{SELECT custody.place_hold('four', 'bill')};
as($source, 'bob', q{SELECT custody.request_lift(4, 'over')});
as($source, 'ann', 'SELECT custody.approve(1)');
as($source, 'ann', q{SELECT custody.request_lift(3, 'asked before the move')});
seal($source, 'clinic');

sub ends { ('--source', $source->conninfo('clinic'), '--target', $target->conninfo('clinic')) }
$target->create_database('clinic', extension => 1);
$target->sql('clinic', $people);
$target->sql('clinic', "SELECT custody.grant_duty('ann', 'admin'), custody.grant_duty('bob', 'legal')");
my $run = custody('run', ends(), '--roles', '--json');
is $run->{exit}, 0, 'a ledger moves while holds are in force' or diag $run->{stderr};
my %same = (hold => 'id, subject, org_text, reason, placed_by, placed_at, lifted_at, lifted_by', held => 'hold, tbl, org, key', request => 'id, kind, arguments, state, requested_by');
for my $table (sort keys %same) {
    my @rows = map { $_->sql('clinic', "SELECT $same{$table} FROM custody_ledger.$table ORDER BY 1, 2") } $source, $target;
    is $rows[1], $rows[0], "$table: as on the source";
}
my $digest = digest($target, 'clinic');
is_deeply [ map { join ' ', @$_ } grep { $_->[1] ne 'proven' } verdicts($target, 'clinic', $digest) ], [], 'verified' ;
is reconciled($target, 'clinic', $_), '', "$_ agrees with its events" for qw(patient visit bill);

# What is held there is held here.
like refused($target, 'DELETE FROM patient WHERE id = 4'), qr/legal hold 1/, 'the organization';
like refused($target, 'UPDATE bill SET org = 2 WHERE id = 4'), qr/legal hold 1/, '... in another table';
like refused($target, 'DELETE FROM patient WHERE id = 3'), qr/legal hold 2/, 'the row';
like refused($target, 'DELETE FROM visit WHERE id = 1'), qr/legal hold 3/, 'the table';
like refused($target, 'TRUNCATE visit_2025'), qr/legal hold 3/, '... its partitions';
like refused($target, 'TRUNCATE bill'), qr/legal hold 1/, '... emptied as a whole';
$target->sql('clinic', 'DELETE FROM bill WHERE id = 3; UPDATE patient SET name = upper(name) WHERE id = 2');
ok 1, 'what is not, is not';
like refused($target, q{SELECT custody.place_hold('five', 'bill')}, 'bob'), qr/^$/, 'another one is placed';
is $target->sql('clinic', 'SELECT max(id) FROM custody_ledger.hold'), 5, '... under a number of its own';

# Two persons.
is as($target, 'bob', q{SELECT custody.request_lift(2, 'closed')}), 3, 'one asks for a lift';
like refused($target, 'SELECT custody.approve(3)', 'bob'), qr/needs a second person/, 'not the same login';
is as($target, 'ann', 'SELECT custody.approve(3)'), 'hold 2 lifted', 'the other duty';
like refused($target, 'SELECT custody.approve(2)', 'ann'), qr/needs a second person/, 'nor for what was asked on the source';
is as($target, 'bob', 'SELECT custody.approve(2)'), 'hold 3 lifted', 'by another: what was asked before the move';
$target->sql('clinic', 'DELETE FROM patient WHERE id = 3; DELETE FROM visit WHERE id = 1');
like refused($target, 'DELETE FROM patient WHERE id = 4'), qr/legal hold 1/, 'the others stay';

# Both sides have a ledger, which is no difference between them; the triggers of holds that only one has are.
my $compare = custody('compare', ends());
is $compare->{exit}, 5, 'custody compare: holds that were lifted or placed on one side since';
is_deeply [ sort map { /^  [-+~] (\S+?)(?:_truncate)?$/ } split /\n/, $compare->{stdout} ], [ sort map { ($_) x 2 } 'public.bill.custody_hold_5', 'public.patient.custody_hold_2',
    'public.visit.custody_hold_3', 'public.visit_2025.custody_hold_3', 'public.visit_2026.custody_hold_3' ], '... and nothing else' or diag $compare->{stdout};
like $compare->{stdout}, qr/not compared: the audit ledger on the source.*not compared: the audit ledger on the target/s, '... as its notes say';
is custody('compare', ends(), '--ignore', 'trigger:*custody_*')->{exit}, 0, '... and they can be left out';
$source->sql('clinic', 'UPDATE patient SET name = upper(name) WHERE id = 2');
my $verify = custody('verify', ends(), '-t', 'public.*', '--json');
is_deeply [ grep { /custody/ } map { $_->{source} // $_->{table} // $_->{object} // '' } @{ json($verify->{stdout})->{tables} } ], [], 'custody verify: the ledger is no table of the user';
unlike $verify->{stdout}, qr/custody_ledger/, '... nowhere';

# TRUNCATE as one event cannot be taken back: its rows are not known.
$target->sql('clinic', q{CREATE TABLE queue (id int PRIMARY KEY, note text); CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
    SELECT custody.audit('queue', options => '{"truncate": "event"}'); SELECT custody.audit('parts', options => '{"truncate": "event"}');
    INSERT INTO queue SELECT n, 'q' FROM generate_series(1, 10) n; INSERT INTO parts SELECT generate_series(1, 9)});
for my $sql ('TRUNCATE queue', 'INSERT INTO queue VALUES (99); UPDATE queue SET note = 1; TRUNCATE queue; INSERT INTO queue VALUES (100)', 'TRUNCATE parts', 'TRUNCATE parts_1') {
    my $xid = $target->sql('clinic', "BEGIN; SELECT pg_current_xact_id(); $sql; COMMIT");
    my ($table) = $sql =~ /(queue|parts)/;
    my $rows = "SELECT count(*) FROM $table";
    my $before = $target->sql('clinic', $rows);
    like $target->sql('clinic', "SELECT string_agg(conflict, ';') FROM custody.revert('$xid')"), qr/^TRUNCATE was recorded without its rows/, "$sql: a dry run says why it cannot be taken back";
    like refused($target, "SELECT * FROM custody.revert('$xid', dry_run => false)"), qr/cannot take back \d of \d changes.*No row was changed/s, '... it is refused';
    is $target->sql('clinic', $rows), $before, '... and nothing is changed';
}
is reconciled($target, 'clinic', 'queue'), '', 'what came after is known';

# A digest right at the end of a segment of the log: nothing is there yet that could be flushed.
seal($target, 'clinic');
like $target->sql('clinic', 'SELECT FROM pg_switch_wal(); SELECT custody.ledger_digest()'), qr/"custody-digest-1"/, 'a digest on the boundary of the log';

# A source that refuses writes: the run says what it could not do there, and what to do later.
# Nor did anybody seal there for long: what it wrote this month is in the default partitions.
$source->sql('clinic', $_) for q{SELECT custody.maintain_ledger(format('ALTER TABLE custody_ledger.%s DETACH PARTITION %s', k, p.relation))
    FROM unnest('{event,tx}'::text[]) k CROSS JOIN LATERAL custody.ledger_partitions(k) p},
    q{SELECT custody.maintain_ledger(format('INSERT INTO custody_ledger.%s SELECT * FROM %s', substring(c.relname FROM '^[a-z]+'), c.oid::regclass))
    FROM pg_class c WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^(event|tx)_[0-9]+$'},
    q{SELECT custody.maintain_ledger(format('DROP TABLE %s', c.oid::regclass))
    FROM pg_class c WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^(event|tx)_[0-9]+$'};
my $blocks = $source->sql('clinic', 'SELECT count(*) FROM custody_ledger.tx');
$source->sql('postgres', 'ALTER DATABASE clinic SET default_transaction_read_only = on');
$target->drop_database('clinic');
$target->create_database('clinic', extension => 1);
$run = custody('run', ends(), '--roles', '--no-privileges');
is $run->{exit}, 0, 'from a source that refuses writes' or diag $run->{stderr};
is $target->sql('clinic', q{SELECT count(*) > 50 FROM custody_ledger.event WHERE incarnation <> custody.this_incarnation()}), 't', '... with what was in default partitions there';
like $target->sql('clinic', q{SELECT string_agg(relation::text, ' ') FROM custody.ledger_partitions('event') WHERE lower <= now() AND upper > now()}),
    qr/^custody_ledger\.event_\d+$/, '... which has its partition here, as the target has been sealed';
like $run->{stderr}, qr/was not sealed before the snapshot: cannot execute custody.seal\(\) in a read-only transaction/, '... which was not sealed';
my ($later) = $run->{stderr} =~ /does not name the target's first block: .*read-only.*(SELECT custody.note_ledger_moved\('.*?'\)), then SELECT custody.seal/s;
ok $later, '... nor names the target' or diag $run->{stderr};
like $target->sql('clinic', q{SELECT note FROM custody.migration_task WHERE kind = 'ledger_anchor'}), qr/the source could not be written: .*read-only/, '... as the state says';
is $source->sql('clinic', 'SELECT count(*) FROM custody_ledger.tx'), $blocks, '... and really is as it was';
is_deeply [ map { join ' ', @$_ } grep { $_->[1] ne 'proven' } verdicts($target, 'clinic', digest($target, 'clinic')) ], [], '... verified';
is reconciled($target, 'clinic', $_), '', "... $_ agrees with its events" for qw(patient visit bill);
$source->sql('clinic', "SET default_transaction_read_only = off; $later; SELECT custody.seal()");
is $source->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE op = 'S' AND convert_from(new, 'LATIN1') LIKE '%moved\_to%'}), 2,
    '... what the hint says names the target later';

done_testing;
