# NULL, what is nothing, and files that are something else, as arguments of the ledger's functions and commands: nothing is
# done, shown or left out in silence because of them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
sub sql { $cluster->sql('clinic', @_) }
sub says {
    my ($sql, $like) = @_;
    my ($exit, $out, $error) = $cluster->psql('clinic', $sql);
    like $error, $like, $sql;
    return $exit;
}

says("SELECT custody.init_ledger(options => '$_->[0]')", qr/$_->[1]/s) for
    ['{"retention": 6}', 'option "retention" cannot be 6.*such as "6 years"'], ['{"retention": "-1 day"}', 'cannot be "-1 day"'],
    ['{"auditor_roles": "boss"}', 'option "auditor_roles" cannot be "boss".*array of names'],
    ['{"auditor_roles": ["boss", 7]}', 'cannot be \["boss", 7\]'], ['[]', 'options cannot be \[\].*Give an object'];
is says(q{SELECT custody.init_ledger(options => '{"retention": "0", "auditor_roles": ["boss"]}')}, qr/^$/), 0, '... but what they are is taken';

# A duty that is none gives nothing.
sql(q{CREATE ROLE nobody});
says("SELECT custody.grant_duty('nobody', NULL)", qr/duty "<NULL>" does not exist/);
says("SELECT custody.grant_duty($_)", qr/role ".*" does not exist/) for q{NULL, 'auditor'}, q{'nowhere', 'legal'};
is sql(q{SELECT has_schema_privilege('nobody', 'custody_ledger', 'USAGE') OR has_table_privilege('nobody', 'custody_ledger.event', 'SELECT')}), 'f',
    '... and no right to read the ledger';

# NULL is no word to write.
sql(q{CREATE TABLE patient (id int PRIMARY KEY, name text, room int, UNIQUE (room)); INSERT INTO patient VALUES (1, 'Ann', 1);
    CREATE SCHEMA empty; CREATE TABLE log (line text)});
is sql("SELECT count(*) > 1 FROM custody.$_") . sql('SELECT count(*) FROM custody_ledger.audited'), 't0', "$_ shows what it would do, and does nothing"
    for q{audit('patient', dry_run => NULL)}, q{audit_schema('public', NULL, dry_run => NULL)};
sql(q{SELECT custody.audit('patient', baseline => NULL); SELECT custody.audit('log')});
is sql(q{SELECT count(*) FROM custody.history('patient', '1')}), 1, 'a baseline is left out only where that is said';
is sql(q{SELECT count(*) > 1 FROM custody.unaudit('patient', 'x', NULL)}) . sql(q{SELECT active FROM custody_ledger.audited WHERE name = 'patient'}), 'tt',
    'unaudit() does nothing, too';
sql(q{UPDATE patient SET name = 'Bob'});
my $xid = sql(q{SELECT xid FROM custody.changes('patient') WHERE op = 'U'});
like sql("SELECT statement FROM custody.revert('$xid', dry_run => NULL)") . sql('SELECT name FROM patient'), qr/UPDATE .*Ann.*Bob$/s, 'nor does revert()';
says("SELECT * FROM custody.revert('$xid', 77)", qr/transaction $xid has no change of a row with number 77.*custody\.changes\(\)/s);
my $checks = sql(q{SELECT string_agg(DISTINCT "check", ',' ORDER BY "check") FROM custody.verify_ledger(indexes => NULL, coverage => NULL)
    WHERE detail LIKE 'not looked at%' AND status = 'unproven'});
is $checks, 'coverage,heap_index', 'checks that are left out by NULL are said to be';
says("SELECT custody.$_->[0]", qr/ERROR:  $_->[1]/s) for
    [q{audit(NULL)}, 'no table is named'], [q{unaudit(NULL, 'x')}, 'no table is named'], [q{audit_schema(NULL)}, 'no schema is named'],
    [q{audit_schema('empty', options => '{"full": true}')}, 'option "full" cannot be true'],
    [q{withdraw_request(NULL)}, 'there is no open request <NULL>.*None has this number.*custody_ledger\.request'], [q{request_erase_user(NULL, 'x')}, 'no user is named'],
    [q{request_erase_user('', 'x')}, 'no user is named'], [q{history('log', '1')}, 'the key is not 1.*without a key.*table_as_of'],
    [q{place_hold('case', 'log', key => '1')}, 'the key of public.log is not 1.*without a key'],
    [q{request_lift(77, 'x')}, 'there is no hold 77.*None has this number.*custody_ledger\.hold'],
    [q{request_prune(now() + interval '1 day', 'x')}, 'events from before .* are kept.*retention is 00:00:00.*Name 20'],
    [q{request_prune(NULL, 'x')}, 'no time is named.*Give a timestamp'],
    map([ $_, 'no time is named.*Give a timestamp' ], q{row_as_of('patient', '1', NULL)}, q{table_as_of('patient', NULL)}),
    map([ "export_evidence(NULL::$_)", 'no organization is named.*text' ], qw(uuid int8 text)),
    [q{event_proof('1', 1)}, 'there is no event 1 of transaction 1.*custody\.changes\(\)'],
    [q{request_prune(now(), 'x')}, 'nothing can be pruned.*No partition of events ends before'],
    [q{note_incarnation('NaN', 1, 1)}, 'system identifiers are .*It is NaN'],
    map([qq{note_incarnation($_, 1, 1)}, 'system identifiers are whole numbers of 64 bits.*It is ' . quotemeta], '-1', '1.5', '18446744073709551616');
is sql('SELECT count(*) FROM custody_ledger.incarnation'), 0, '... and no such place is noted, which nobody could take back';

# Keys.
says(q{SELECT custody.audit('patient', key => '{id,id}')}, qr/column "id" of public.patient is named twice/);
is says("SELECT custody.audit('patient', key => '$_')", qr/WARNING:  nothing makes the key of public.patient unique.*taken for one/s), 0, '... which is no error'
    for '{name}', '{room}';
is says("SELECT custody.audit('patient', key => '$_')", qr/^$/), 0, '... and nothing is said of one that tells rows apart' for '{id,name}', '{}';

# All that name a row take its key in the same forms, and refuse the same.
sql(q{CREATE TABLE two (b text, id int, at date, PRIMARY KEY (b, id)); CREATE TABLE one (id int PRIMARY KEY); SELECT custody.audit('two'), custody.audit('one');
    INSERT INTO two VALUES ('x', 1), ('y', 2); INSERT INTO one VALUES (1)});
$cluster->sql('postgres', "CREATE ROLE $_->[0] LOGIN IN ROLE custody_$_->[1]") for [ 'admin', 'admin' ], [ 'lawyer', 'legal' ];
my %named = (
    "history('%s', '%s')" => 'the key is not', "row_as_of('%s', '%s', now())" => 'the key is not',
    "place_hold('case', '%s', '%s')" => 'the key of public\.\w+ is not', "request_erase('%s', '%s', 'art. 17')" => 'the key of public\.\w+ is not');
my $stored = sub { sql('SELECT (SELECT count(*) FROM custody_ledger.hold) + (SELECT count(*) FROM custody_ledger.held) + (SELECT count(*) FROM custody_ledger.request)') };
for my $call (sort keys %named) {
    for ([ 'two', '{"id": 1, "b": "x"}', '["x", 1]', '["x", "1"]' ], [ 'one', '{"id": 1}', '[1]', '1', '"1"' ]) {
        my ($table, @key) = @$_;
        for my $key (@key) {
            my ($exit, undef, $error) = $cluster->psql('clinic', sprintf("BEGIN; SELECT custody.$call; ROLLBACK", $table, $key));
            is "$exit$error", '0', sprintf "$call takes a key", $table, $key;
        }
    }
    my $before = $stored->();
    for ([ 'two', '{"id": 1}', '{"id": 1, "b": "x", "c": 1}', '[1]', '"x"', '["x", "one"]', '{"id": "1.5", "b": "x"}', '["x", null]', '[null, 1]' ],
         [ 'one', '[1, 2]', '"one"', '99999999999', 'null', '{"id": "x"}', 'true', '1.5' ]) {
        my ($table, @key) = @$_;
        says('SELECT custody.' . sprintf($call, $table, $_), qr/ERROR:  $named{$call} .*DETAIL.*HINT/s) for @key;
    }
    is $stored->(), $before, '... and nothing is stored';
}
my $hold = sql(q{SELECT custody.place_hold('case', 'two', '["x", 1]')}, user => 'lawyer');
says(q{DELETE FROM two}, qr/under legal hold $hold/);
is sql(q{DELETE FROM two WHERE id = 2 RETURNING id}), 2, '... and only the row that a list names';
is sql("SELECT subject -> 'key' FROM custody_ledger.hold WHERE id = $hold"), '{"b": "x", "id": 1}', '... which is kept by the names of its columns';
my $erase = sql(q{SELECT custody.request_erase('one', '1', 'art. 17')}, user => 'admin');
is sql("SELECT custody.approve($erase)", user => 'lawyer'), '1 events erased', 'what a value names is erased';
says("SELECT custody.withdraw_request($erase)", qr/there is no open request $erase\nDETAIL:  It is done: 1 events erased\./);

# What a crash takes.
is says("CREATE UNLOGGED TABLE $_->[0]; SELECT custody.audit('$_->[1]')", qr/WARNING:  public.$_->[1] is unlogged.*SET LOGGED/s), 0, '... and it is recorded' for
    ['draft (id int PRIMARY KEY)', 'draft'], ['leaf (id int PRIMARY KEY); CREATE TABLE root (id int PRIMARY KEY) PARTITION BY LIST (id);
     ALTER TABLE root ATTACH PARTITION leaf FOR VALUES IN (1)', 'root'];

# Digests and files.
sql('SELECT custody.seal()');
my $directory = temporary_directory();
run_command('sh', '-c', 'umask 077; openssl genpkey -algorithm ed25519 -out "$0/key.pem" && openssl pkey -in "$0/key.pem" -pubout -out "$0/key.pub"', $directory);
my @anchor = ('audit', 'anchor', '--target', $cluster->conninfo('clinic'));
is custody(@anchor, "--key-file=$directory/key.pem", "--anchor-file=$directory/anchors")->{exit}, 0, 'anchored';
open my $file, '<', "$directory/anchors";
chomp(my $line = <$file>);
says("SELECT * FROM custody.verify_ledger('$line')", qr/not a digest of a ledger.*member signed/s);
my $run = custody(@anchor, "--key-file=$directory/key.pem", "--anchor-file=$directory/key.pub");
is $run->{exit}, 5, 'a file that is something else is no anchor file';
like $run->{stderr}, qr/anchor-untrusted\].*nor what a crash left of one.*name the file/s, '... and the message says so';
unlike run_command('cat', "$directory/key.pub")->{stdout}, qr/signed/, '... and nothing is appended to it';
like custody(@anchor, "--key-file=$directory", "--anchor-file=$directory/anchors")->{stderr}, qr/it is a directory/, 'nor is a directory a key';
like custody(@anchor, '--key-file=/dev/null', "--anchor-file=$directory/anchors")->{stderr}, qr/neither a file nor a pipe/, '... nor a device, whose rights are not to be changed';
unlike custody('audit', 'verify-bundle', '/dev/null', "--anchor-file=$directory/anchors", "--public-key=$directory/key.pub")->{stdout}, qr/what came after/,
    'of what is no bundle nothing is said to be missing behind it';
sql('\o ' . "$directory/bundle\nSELECT custody.export_ledger()");
like custody('audit', 'verify-bundle', "$directory/bundle", "--digest=$directory/anchors")->{stderr},
    qr/it is no digest of a ledger.*--anchor-file and --public-key/s, 'an anchor file is no file of digests';
$run = run_command(program('psql'), '-X', '-d', $cluster->conninfo('clinic'), '-o', "$directory/table", '-c', 'SELECT custody.export_ledger()');
$run = custody('audit', 'verify-bundle', "$directory/table");
is $run->{exit}, 5, 'the lines of a bundle in a table of psql';
like $run->{stderr}, qr/table" does not begin as a bundle does; psql -XAt/, '... and what psql should have been told';
unlike custody('audit', 'verify-bundle', "$directory/bundle")->{stderr}, qr/does not begin/, '... which is not said of a bundle';
my $report = custody('audit', 'report', '--target', $cluster->conninfo('clinic'))->{stdout};
like $report, qr/^Changes of what is recorded\n.*audit_on public\.patient by postgres: /ms, 'the report as text has who changed what is recorded';

done_testing;
