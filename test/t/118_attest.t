# custody.attest() and custody audit report: what is proven, against which digests, by whom; refuted once a row
# was changed past the triggers or a table is a gap; the same as text, JSON and a page.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $directory = temporary_directory();
my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', q{
    CREATE ROLE auditor LOGIN; CREATE ROLE keeper LOGIN;
    SELECT custody.init_ledger();
    CREATE TABLE patient (id int PRIMARY KEY, name text);
    CREATE TABLE plain (a int, note text);
    SELECT custody.audit('patient');
    SELECT custody.audit('plain', options => '{"full_row": true}');
    INSERT INTO patient SELECT i, '<b>n' || i FROM generate_series(1, 10) i;
    INSERT INTO plain SELECT i % 3, 'x' FROM generate_series(1, 10) i;
    UPDATE plain SET note = 'y' WHERE a = 1;
    SELECT custody.seal();
    SELECT custody.grant_duty('auditor', 'auditor')});
my $kept = write_file($cluster->sql('clinic', 'SELECT custody.ledger_digest()'));
sub attest { $cluster->sql('clinic', q{SELECT status, detail FROM custody.attest(} . ($_[0] // 'NULL') . q{) WHERE "check" = 'summary'}, user => 'auditor') }
sub report {
    my @option = @_;
    return custody('audit', 'report', '--target', $cluster->conninfo('clinic', 'auditor'), "--digest=$kept", @option);
}

my $digest = $cluster->sql('clinic', 'SELECT quote_literal(custody.ledger_digest())');
like attest("$digest"), qr/^proven\|\d+ checks, 1 digests/, 'an untouched ledger, whose auditor cannot read the tables'
    or diag $cluster->sql('clinic', "SELECT * FROM custody.attest($digest) WHERE status <> 'proven'");
unlike attest(), qr/^proven/, 'without a digest from elsewhere';
is $cluster->sql('clinic', q{SELECT attested_by, status, version, digests IS NOT NULL, block FROM custody.audit_attestation ORDER BY id LIMIT 1}, user => 'auditor'),
    'auditor|proven|' . $cluster->sql('clinic', q{SELECT extversion FROM pg_extension WHERE extname = 'custody'}) . '|t|1', 'the result is kept';
isnt +($cluster->psql('clinic', 'DELETE FROM custody.audit_attestation', user => 'auditor'))[0], 0, 'and not the auditor\'s to change';

my $run = report('--json');
is $run->{exit}, 0, 'the report: all is proven' or diag $run->{stdout}, $run->{stderr};
my $found = json($run->{stdout});
is $found->{schema_version}, 1, 'its version';
is $found->{verdict}, 'proven', 'its verdict';
is_deeply [ map { "$_->{table} $_->{state}" } @{ $found->{tables} } ], [ 'public.patient recorded', 'public.plain recorded' ], 'its tables'
    or diag explain $found->{tables};
cmp_ok scalar(grep { $_->{kind} eq 'audit_on' } @{ $found->{notices} }), '==', 2, 'who recorded what';
like report()->{stdout}, qr/^proven: all \d+ checks hold$/m, 'as text';
$run = report('--format=html', '-o', "$directory/report.html");
is $run->{exit}, 0, 'as a page';
my $page = do { local (@ARGV, $/) = "$directory/report.html"; <> };
like $page, qr/<div class="word">proven<\/div>/, 'with the verdict';
unlike $page, qr/<script|<b>n\d/, 'and nothing that a browser would run';

# Past the triggers.
$cluster->sql('clinic', q{
    SELECT custody.maintain_ledger('ALTER TABLE patient DISABLE TRIGGER custody_capture');
    UPDATE patient SET name = 'tampered' WHERE id = 3;
    SELECT custody.maintain_ledger('ALTER TABLE patient ENABLE ALWAYS TRIGGER custody_capture');
    CREATE TABLE "gap <i>" (a int)});
$run = report('--json');
is $run->{exit}, 5, 'a row that was changed past the triggers';
$found = json($run->{stdout});
is $found->{verdict}, 'refuted', 'is refuted';
is_deeply [ sort map { "$_->{check} $_->{object}" } grep { $_->{status} eq 'refuted' } @{ $found->{checks} } ],
    [ 'reconcile public.patient', 'table coverage public."gap <i>"' ], 'by the check that claims to, and the gap is named'
    or diag explain $found->{checks};
$page = report('--format=html')->{stdout};
like $page, qr/gap &lt;i&gt;/, 'names are shown, not obeyed';
$run = report('--format=html', '-o', "$directory/report.html");
like $run->{stderr}, qr/error: refuted: 2 of \d+ checks do not hold; tables that are gaps: 1; written to "\Q$directory\E\/report\.html"$/m,
    'a report in a file: why the exit code is 5, and where it is';

# A block that is sealed while the report is made is not said to have been verified.
$cluster->create_database('busy', extension => 1);
$cluster->sql('busy', $_) for q{SELECT custody.init_ledger(); CREATE TABLE visit (id int PRIMARY KEY); SELECT custody.audit('visit');
    SELECT custody.grant_duty('auditor', 'auditor')}, 'SELECT custody.seal()';
my $first = write_file($cluster->sql('busy', 'SELECT custody.ledger_digest()'), 'first');
my $lock = $cluster->session('busy');
$lock->query('BEGIN; LOCK TABLE custody.audit_attestation IN SHARE MODE');
my $made = start_custody('audit', 'report', '--json', '--target', $cluster->conninfo('busy', 'auditor'), "--digest=$first");
wait_for('the report', sub { $cluster->sql('busy', q{SELECT count(*) FROM pg_locks WHERE relation = 'custody.audit_attestation'::regclass AND NOT granted}) });
$cluster->sql('busy', 'INSERT INTO visit VALUES (1)');
$cluster->sql('busy', 'SELECT custody.seal()');
$lock->query('COMMIT');
$made->wait(60);
$found = json($made->stdout);
is_deeply [ @$found{qw(verdict block)} ], [ 'proven', 1 ], 'the newest block is one that was verified' or diag $made->stdout;

# What cannot be read any more is told, beside the rest, and the verdict stands.
for my $damage (
    [ 'changes of what is recorded', q{UPDATE custody_ledger.event SET new = '\x037b' WHERE op = 'S'} ],
    [ 'changes of what is recorded', q{UPDATE custody_ledger.event SET new = '' WHERE op = 'S'} ],
    [ 'facts', 'ALTER TABLE custody_ledger.block DROP COLUMN events' ]) {
    my ($part, $sql) = @$damage;
    $cluster->sql('postgres', 'CREATE DATABASE damaged TEMPLATE clinic');
    $cluster->sql('damaged', 'SELECT custody.maintain_ledger(:\'sql\')', variables => { sql => $sql });
    for my $format (qw(json text html)) {
        $run = custody('audit', 'report', "--format=$format", '--target', $cluster->conninfo('damaged', 'auditor'), "--digest=$kept");
        is $run->{exit}, 5, "$sql: a report as $format" or diag $run->{stderr};
        like $run->{stdout}, qr/refuted/, '... with its verdict';
        like $run->{stdout}, qr/\Q$part\E.*cannot be read/s, '... and what it could not read';
    }
    $cluster->drop_database('damaged');
}

is custody('audit', 'report', '--target', $cluster->conninfo('postgres'))->{exit}, 6, 'a database without custody';
# Where nothing is recorded, nothing is proven: a ledger of another database, say.
$cluster->create_database('other', extension => 1);
$cluster->sql('other', q{SELECT custody.init_ledger(); SELECT custody.seal(true)});
my $of_nothing = write_file($cluster->sql('other', 'SELECT custody.ledger_digest()'));
my @other = ('audit', 'report', '--target', $cluster->conninfo('other'), "--digest=$of_nothing");
$run = custody(@other);
is $run->{exit}, 5, 'a ledger that records nothing proves nothing';
like $run->{stdout}, qr/^unproven: 1 of \d+ .*unproven  reconcile +no table: .*^Tables\n  none\n/ms, '... and says why';
like custody(@other, '--format=html')->{stdout}, qr/<h2>Tables<\/h2>\n<p>none/, '... on the page, too';
$cluster->sql('other', q{CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int) PARTITION BY RANGE (id); CREATE TABLE u1 PARTITION OF u DEFAULT;
    SELECT custody.audit(t) FROM unnest('{t,u}'::regclass[]) t; SELECT custody.seal()});
is custody(@other[0 .. 3], '--digest=' . write_file($cluster->sql('other', 'SELECT custody.ledger_digest()')))->{exit}, 0, '... one that records tables does';
for ([q{'{t}'}, 'proven'], [q{'{}'}, 'unproven'], [q{'{t,u1}'}, 'unproven'], ['ARRAY[0::regclass]', 'unproven'], ['ARRAY[NULL::regclass]', 'unproven'], [q{'{custody_ledger.event}'}, 'unproven']) {
    my ($relations, $expected) = @$_;
    is $cluster->sql('other', qq{SELECT status FROM custody.attest(custody.ledger_digest(), $relations) WHERE "check" = 'summary'}), $expected, "attested: $relations";
}
done_testing;
