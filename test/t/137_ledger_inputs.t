# What somebody new to the ledger gets wrong: each is refused, and the message says what to do.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
sub says {
    my ($sql, $like) = @_;
    my ($exit, $out, $error) = $cluster->psql('clinic', $sql);
    like $error, $like, $sql;
    return $exit;
}

# Before there is a ledger. What only looks at tables answers all the same.
$cluster->sql('clinic', q{CREATE TABLE early (id int PRIMARY KEY)});
says("SELECT $_", qr/ERROR:  there is no audit ledger in this database.*HINT:  custody\.init_ledger\(\) makes it/s) for
    "custody.audit('early')", "custody.unaudit('early', 'x')", 'custody.seal()', 'custody.ledger_digest()', '* FROM custody.verify_ledger()',
    '* FROM custody.attest()', q{* FROM custody.history('early', '1')}, '* FROM custody.changes()', q{* FROM custody.changes('early')},
    '* FROM custody.org_changes()', q{* FROM custody.row_as_of('early', '1', now())}, q{* FROM custody.table_as_of('early', now())},
    q{* FROM custody.revert('1')}, q{custody.export_evidence(1)}, q{custody.export_evidence('x'::text)}, 'custody.export_ledger()',
    q{custody.event_proof('1', 1)}, '* FROM custody.seal_lag', q{custody.place_hold('case', 'early')}, 'custody.prunable(now())',
    q{custody.request_prune(now(), 'x')}, q{custody.request_lift(1, 'x')}, q{custody.request_erase('early', '{"id": 1}', 'x')},
    q{custody.request_erase_user('ann', 'x')}, 'custody.withdraw_request(1)', 'custody.approve(1)', 'custody.make_ledger_partitions()';
says("SELECT * FROM $_", qr/^(?!.*(ERROR|WARNING))/s) for 'custody.audit_coverage()', q{custody.reconcile('early')};
$cluster->sql('clinic', 'DROP TABLE early');

# The ledger.
says(q{SELECT custody.init_ledger('week', '{"retain": "6 years"}')}, qr/the ledger has no option retain.*use retention/s);
says(q{SELECT custody.init_ledger('week', '{"retention": "six"}')}, qr/invalid input syntax for type interval: "six"/);
says(q{SELECT custody.init_ledger('week')}, qr/^(?!.*(ERROR|WARNING))/s);
is says(q{SELECT custody.init_ledger('week', '{"retention": "6 years"}')}, qr/WARNING:  the ledger is there already, and keeps its period and options/), 0, '... which is no error';
says(q{SELECT custody.init_ledger()}, qr/^(?!.*(ERROR|WARNING))/s);

# Tables. A second call that forgets the lists must not show what was kept from sight.
$cluster->sql('clinic', q{CREATE TABLE patient (id int PRIMARY KEY, clinic uuid, name text, password text, ssn text, noise text);
    SELECT custody.audit('patient', 'clinic', redact => '{password}', hash => '{ssn}', exclude => '{noise}')});
says(q{SELECT custody.audit('patient', 'clinic', hash => '{ssn,password,noise}', options => '["full_row"]')}, qr/options cannot be \["full_row"\].*Give an object/s);
says($_, qr/public.patient is recorded with columns that are kept from sight.*: noise, password, ssn\..*custody.unaudit\(\) first/s)
    for q{SELECT custody.audit('patient')}, q{SELECT custody.audit('patient', dry_run => true)};
says(q{SELECT custody.audit('patient', hash => '{ssn,password}')}, qr/recorded as they are: noise\./);
is says(q{SELECT custody.audit('patient', 'clinic', hash => '{ssn,noise}', redact => '{password}')}, qr/^$/), 0, '... in another way it may be kept';
says(q{SELECT custody.audit('patient', hash => '{ssn,noise}', redact => '{password}')}, qr/patient is recorded with its organizations.*Name org_column => 'clinic' again/s);
$cluster->sql('clinic', 'ALTER TABLE patient DROP noise');
is says(q{SELECT custody.audit('patient', 'clinic', hash => '{ssn}', redact => '{password}')}, qr/^$/), 0, '... and what is dropped need not be named';
is says(q{SELECT custody.unaudit('patient', 'to be shown'); SELECT custody.audit('patient', 'clinic')}, qr/^$/), 0, '... nor is a table that was not recorded in between';
$cluster->sql('clinic', q{INSERT INTO patient VALUES (7, 'aaaaaaaa-0000-4000-8000-000000000001', 'n')});
$cluster->sql('clinic', 'SELECT custody.seal()');
says("SELECT * FROM custody.verify_ledger(digests => '$_')", qr/not a digest of a ledger.*one or an array/s) for '"x"', 'null', '7', '{}', '[[]]';
says(q{SET client_encoding = LATIN1; SELECT custody.event_proof(xid, 1) FROM custody_ledger.tx LIMIT 1}, qr/a bundle of evidence is in UTF-8/);
says(q{SELECT custody.export_evidence('aaaaaaaa-0000-4000-8000-000000000001')}, qr/no events up to block.*Cast it to its type/s);

# A hold that nothing can meet, as the organizations here are uuids.
is says(q{SELECT custody.place_hold('case', org => 'aaaaaaaa-0000-4000-8000-00000000000l')}, qr/WARNING:  hold \d+ reaches no table.*Is it written as the tables have it/s), 0, '... it is placed, and said';
says(q{SELECT custody.place_hold('case', org => 'aaaaaaaa-0000-4000-8000-000000000001')}, qr/^$/);

# Files.
my $directory = temporary_directory();
run_command('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$directory/key.pem");
chmod 0600, "$directory/key.pem";
my $anchor = custody('audit', 'anchor', '--target', $cluster->conninfo('clinic'), '--key-file', "$directory/key.pem", '--anchor-file', $directory);
is $anchor->{exit}, 1, 'a directory is no anchor file';
like $anchor->{stderr}, qr/\[anchor-unreadable\].*it is a directory.*name a file in a directory/s, '... and the message says so';

# A table whose recording has ended: what it has since is neither proven nor wrong.
$cluster->sql('clinic', q{CREATE TABLE ended (id int PRIMARY KEY); SELECT custody.audit('ended'); INSERT INTO ended VALUES (1); SELECT custody.unaudit('ended', 'over')});
my $ended = q{SELECT string_agg(status || ' ' || problem || ' ' || detail, ';') FROM custody.reconcile('ended')};
is $cluster->sql('clinic', $ended), 'unproven summary the table is not recorded any more', 'a table whose recording has ended is not proven';
$cluster->sql('clinic', 'INSERT INTO ended VALUES (2)');
is $cluster->sql('clinic', $ended), 'unproven summary the table is not recorded any more', '... nor refuted for what is written then';
$cluster->sql('clinic', q{SELECT custody.audit('ended')});
is $cluster->sql('clinic', $ended), 'proven summary 2 rows equal, 0 wrong, 0 not told', '... until it is recorded again';

done_testing;
