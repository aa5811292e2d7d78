# The ledger by roles that are no superuser: each duty does its own and is told what it lacks; a migration
# loads recorded tables and moves a ledger by the privileges that docs/loader.md names.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts);
use Custody::Test;

my $source = start_cluster('source', initdb => [ '--data-checksums' ]);
my $target = start_cluster('target');
$source->create_database('clinic', extension => 1);

# ann owns the tables and has the duty admin; each of the others has one duty and nothing else.
my %duty = (ann => 'admin', ola => 'operator', cem => 'auditor', bob => 'legal');
my $roles = "CREATE ROLE app LOGIN; CREATE ROLE nobody_special LOGIN; "
    . join ' ', map { "CREATE ROLE $_ LOGIN; GRANT custody_$duty{$_} TO $_;" } sort keys %duty;
$source->sql('clinic', "$roles GRANT CREATE ON SCHEMA public TO ann");
sub as { my ($user, $sql) = @_; return $source->sql('clinic', $sql, user => $user) }
sub fails {
    my ($user, $sql, $like, $name) = @_;
    my ($exit, $out, $error) = $source->psql('clinic', $sql, user => $user);
    ok $exit && $error =~ $like, $name // "$user: $sql" or diag "exit $exit: $error$out";
    return;
}

as('ann', q{SELECT custody.init_ledger('week');
    CREATE TABLE patient (id int PRIMARY KEY, org int, name text);
    CREATE TABLE visit (id int, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE plain (id int PRIMARY KEY);
    INSERT INTO patient SELECT n, n % 3, 'patient ' || n FROM generate_series(1, 50) n;
    SELECT custody.audit('patient', org_column => 'org'); SELECT custody.audit('visit');
    GRANT SELECT, INSERT, UPDATE, DELETE ON patient, visit TO app});
as('app', q{INSERT INTO visit SELECT n, date '2025-06-01' + n, 'v' FROM generate_series(1, 40) n;
    UPDATE patient SET name = upper(name) WHERE id < 10});
fails('app', 'SELECT count(*) FROM custody_ledger.event', qr/permission denied/);
fails('app', 'SELECT custody.seal()', qr/permission denied/);
fails('cem', 'SELECT custody.seal()', qr/permission denied/);
fails('ola', q{SELECT custody.place_hold('case', 'patient')}, qr/permission denied/);
fails('ola', q{SELECT custody.audit('plain')}, qr/permission denied/);
is as('ola', 'SELECT custody.seal()'), 1, 'operator: seals';
for my $user (qw(ann ola cem)) {
    is as($user, q{SELECT count(*) FROM custody.verify_ledger((custody.ledger_digest())::jsonb) WHERE status = 'refuted'
        OR status = 'unproven'}), 0, "$duty{$user}: verifies" ;
}
fails('bob', 'SELECT * FROM custody.verify_ledger()', qr/permission denied/);
fails('cem', q{SELECT * FROM custody.reconcile('patient')}, qr/permission denied for table patient/);
as('ann', 'GRANT SELECT ON patient TO ola, cem, bob');
for my $user (sort keys %duty) {
    is as($user, q{SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('patient')}), 'proven summary', "$duty{$user}: reconciles";
    is as($user, q{SELECT count(*) FROM custody.history('patient', '7')}), 2, "$duty{$user}: history";
    as($user, 'SELECT * FROM custody.audit_coverage()');
}
my $bundle = write_file(as('cem', q{SELECT custody.export_evidence(1)}) . "\n", 'evidence');
my $digest = write_file(as('cem', 'SELECT custody.ledger_digest()'), 'digest');
is custody('audit', 'verify-bundle', $bundle, '--digest', $digest)->{exit}, 0, 'auditor: evidence';
like as('cem', q{SELECT custody.attest(jsonb_build_array(custody.ledger_digest()))}), qr/proven/, 'auditor: attests';
$bundle = write_file(as('cem', q{SELECT custody.export_ledger(1, 1)}) . "\n", 'ledger');
is custody('audit', 'verify-bundle', $bundle, '--digest', $digest)->{exit}, 0, 'auditor: the whole ledger';


# Two people.
is as('bob', q{SELECT custody.place_hold('case', 'patient', key => '{"id": 7}')}), 1, 'legal: holds';
fails('ann', 'DELETE FROM patient WHERE id = 7', qr/under legal hold 1/);
is as('bob', q{SELECT custody.request_lift(1, 'closed')}), 1, 'legal: asks';
fails('bob', 'SELECT custody.approve(1)', qr/needs a second person/);
fails('ola', 'SELECT custody.approve(1)', qr/permission denied/);
is as('ann', 'SELECT custody.approve(1)'), 'hold 1 lifted', 'admin: approves';
as('app', 'DELETE FROM patient WHERE id = 50');
is as('ann', q{SELECT custody.request_erase('patient', '{"id": 50}', 'r')}), 2, 'admin: asks for erasure';
fails('ann', 'SELECT custody.approve(2)', qr/needs a second person/);
like as('bob', 'SELECT custody.approve(2)'), qr/erased/, 'legal: approves';
is as('ann', q{SELECT count(*) FROM custody.revert((SELECT max(xid::text::bigint)::text::xid8 FROM custody_ledger.event WHERE op = 'U'))}), 9, 'admin: revert, dry';
as('ann', q{SELECT custody.unaudit('visit', 'test'); SELECT custody.audit('visit')});
fails('ann', 'ALTER TABLE patient DISABLE TRIGGER ALL', qr/stays as it is/);

# From outside: the operator anchors, the auditor reports; the others are told which duty they lack.
my $key = temporary_directory() . '/anchor.pem';
run_command('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', $key);
chmod 0600, $key;
run_command('openssl', 'pkey', '-in', $key, '-pubout', '-out', "$key.pub");
my @anchors = ('--anchor-file', temporary_directory() . '/anchors');
sub outside {
    my ($user, $command, $exit, $like, @more) = @_;
    my $run = custody('audit', $command, '--target', $source->conninfo('clinic', $user), @anchors, @more);
    is $run->{exit}, $exit, "$user: custody audit $command" or diag $run->{stderr};
    like $run->{stdout} . $run->{stderr}, $like, '... and says so';
    return;
}
outside('ola', 'anchor', 0, qr/^anchored: block 2/m, '--key-file', $key);
outside('cem', 'anchor', 3, qr/\[ledger-duty-missing\].*grant_duty\('cem', 'operator'\)/s, '--key-file', $key);
as('ann', q{INSERT INTO custody.audit_exemption (relation, reason) VALUES ('plain', 'test')});
outside('cem', 'report', 0, qr/^proven: /m, '--public-key', "$key.pub");
outside('ola', 'report', 3, qr/\[ledger-duty-missing\].*grant_duty\('ola', 'auditor'\)/s, '--public-key', "$key.pub");
outside('nobody_special', 'report', 3, qr/\[state-not-readable\].*grant_duty\('nobody_special', 'auditor'\)/s, '--public-key', "$key.pub");

# A migration with the ledger, by the least of privileges.
$source->sql('clinic', q{CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader});
$target->sql('postgres', 'CREATE ROLE mover LOGIN');
sub fresh {
    $target->drop_database('clinic');
    $target->create_database('clinic', extension => 1);
    $target->sql('clinic', q{SELECT custody.grant_duty('mover', 'operator'); GRANT SET ON PARAMETER session_replication_role TO mover;
        GRANT CREATE ON DATABASE clinic TO mover; GRANT CREATE ON SCHEMA public TO mover});
}
sub run {
    return custody('run', '--source', $source->conninfo('clinic', 'reader'), '--target', $target->conninfo('clinic', 'mover'),
        '--no-owner', '--no-privileges', @_);
}
sub on_target { return $target->sql('clinic', @_) }
sub note_of { return on_target(q{SELECT note FROM custody.migration_task WHERE kind = 'ledger_anchor'}) }
fresh();
my $run = run();
is $run->{exit}, 3, 'a role that cannot read the source\'s ledger is refused';
like $run->{stderr}, qr/\[ledger-unreadable\].*grant_duty/s, '... by name, with what to do';
is run('--exclude-schema', 'custody_ledger')->{exit}, 0, '... and can leave it behind';
fresh();
$source->sql('clinic', q{SELECT custody.grant_duty('reader', 'auditor')});
$run = run();
is $run->{exit}, 0, 'the duty auditor is enough to move the ledger' or diag $run->{stderr};
like $run->{stderr}, qr/was not sealed before the snapshot: permission denied.*does not name the target's first block: permission denied/s,
    '... but not to write on the source';
like note_of(), qr/the source could not be written/, '... which the state keeps';
fresh();
$source->sql('clinic', q{SELECT custody.grant_duty('reader', 'operator')});
$run = run();
is $run->{exit}, 0, 'with the duty operator the source names the target' or diag $run->{stderr};
like note_of(), qr/; the source's block \d+ [0-9a-f]{64} names it/, '... as the state says';
is on_target(q{SELECT string_agg(r.status || ' ' || r.problem, ',') FROM unnest('{patient,visit}'::regclass[]) t CROSS JOIN LATERAL custody.reconcile(t) r}),
    'proven summary,proven summary', 'the rows are those that the ledger tells of';
is on_target(q{SELECT count(*) FROM custody.verify_ledger() WHERE status = 'refuted'}), 0, 'nothing is refuted';
my ($exit, undef, $error) = $target->psql('clinic', q{INSERT INTO custody_ledger.prune (request) VALUES (1)}, user => 'mover');
like $error, qr/permission denied|not changed/, 'the right to write the ledger went with the transaction';

# A migration into tables that the target records.
sub recorded {
    my (@duty) = @_;
    $target->drop_database('clinic');
    $target->create_database('clinic', extension => 1);
    on_target(q{SELECT custody.init_ledger(); CREATE TABLE patient (id int PRIMARY KEY, org int, name text);
        SELECT custody.audit('patient', org_column => 'org'); ALTER TABLE patient OWNER TO mover; GRANT USAGE ON SCHEMA custody TO mover;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA custody TO mover; GRANT USAGE ON ALL SEQUENCES IN SCHEMA custody TO mover;
        GRANT EXECUTE ON FUNCTION custody.protocol(), custody.encoding_version() TO mover});
    on_target("SELECT custody.grant_duty('mover', '$_')") for @duty;
    return run('--no-schema', '--table', 'public.patient');
}
$run = recorded();
is $run->{exit}, 3, 'recorded tables: who has no duty is refused';
like $run->{stderr}, qr/\[audited-table-privilege\].*grant_duty/s, '... by name, with what to do';
$run = recorded('operator');
is $run->{exit}, 0, 'the duty operator loads them' or diag $run->{stderr};
is event_counts($target, 'clinic', 'tbl > 0'), 'B49 S2', 'one event for the copy, then the baseline';
is on_target(q{SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('patient')}), 'proven summary', 'and the rows are recorded';

done_testing();
