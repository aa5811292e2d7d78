# What is recorded of a row by its table's options, and of who changed it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(ledger_faults events_of event_counts image_of context_of);
use Custody::Test;
use Digest::SHA qw(sha256 sha256_hex);

my $cluster = start_cluster('capture_options');
$cluster->create_database('shop', extension => 1);
sub sql { $cluster->sql('shop', @_) }
sub newest { (events_of($cluster, 'shop'))[-1] }
sub audit { sql("SELECT count(*) FROM custody.audit($_[0])") }
sql(q{SELECT custody.init_ledger(); CREATE ROLE app LOGIN; CREATE ROLE owner; GRANT CREATE ON SCHEMA public TO owner;
    GRANT USAGE ON SCHEMA custody TO app});

sql(q{CREATE TABLE person (id int PRIMARY KEY, org uuid, name text, secret text, card text, photo text, seen timestamptz);
    ALTER TABLE person ALTER photo SET STORAGE EXTERNAL});
audit(q{'person', org_column => 'org', exclude => '{seen}', hash => '{card}', redact => '{secret}', options => '{"large_value": 1000}'});
my $org = '0a0b0c0d-0000-0000-0000-00000000000f';
sql(qq{INSERT INTO person VALUES (1, '$org', 'Ann', 'hush', '4711', repeat('x', 2000), now())});
my $event = newest();
is $event->{org}, '75' . $org =~ s/-//gr, 'a uuid organization';
is_deeply [ image_of($event->{new}) ], [ 'full', pack('N', 1), pack('H*', $org =~ s/-//gr), 'Ann', 'redacted', 'hashed', 'large' ],
    'excluded, redacted, hashed and large values';
my $salt = pack 'H*', $event->{images_salt};
like $event->{new}, qr/fffffffd@{[ sha256_hex("\x11" . $salt . pack('n', 4) . '4711') ]}/, 'a hash is of salt, position and value';
like $event->{new}, qr/fffffffc@{[ unpack 'H*', pack 'Q>', 2000 ]}@{[ sha256_hex("\x11" . $salt . pack('n', 5) . 'x' x 2000) ]}$/,
    'and so is that of a large one';
unlike sql(q{SELECT string_agg(new::text, '') FROM custody_ledger.event}), qr/@{[ unpack 'H*', 'hush' ]}|@{[ unpack 'H*', '4711' ]}/,
    'what is not to be read is not there';
sql(q{UPDATE person SET seen = now(), secret = 'other'});
is_deeply [ image_of(newest()->{new}) ], [ 'changed', 3, 'redacted' ], 'a redacted column has changed, an excluded one not';
sql(q{UPDATE person SET photo = photo, card = NULL});
is_deeply [ image_of(newest()->{new}) ], [ 'changed', 4, undef ], 'a value out of line that stays is not read';
sql(q{UPDATE person SET name = upper(lower('ANN')) WHERE name = 'nobody'; UPDATE person SET name = 'Ann'});
is_deeply [ image_of(newest()->{new}) ], ['changed'], 'nothing changed';

# Other sessions learn of new options.
my $session = $cluster->session('shop');
$session->query(q{UPDATE person SET name = 'Bea'});
sql(q{SELECT custody.unaudit('person', 'all of it may be seen')});
audit(q{'person', org_column => 'org', options => '{"skip_unchanged": true, "full_row": true, "statement_text": false}', baseline => false});
my $before = (newest())->{xid};
$session->query(q{UPDATE person SET name = 'Bea'});
is newest()->{xid}, $before, 'unchanged rows are left out, in a session that was there before';
$session->query(q{UPDATE person SET name = 'Cleo'});
is +(image_of(newest()->{old}))[3] . (image_of(newest()->{new}))[3], 'BeaCleo', 'both rows whole';
is context_of($cluster, 'shop', newest())->{query}, undef, 'without the query';
$session->close;

sql('CREATE TABLE plain (id int PRIMARY KEY); GRANT ALL ON plain TO app');
audit(q{'plain'});
my $insert = q{INSERT INTO plain VALUES (1)};
sql("SET application_name = 'the desk';\n$insert", user => 'app');
my $context = context_of($cluster, 'shop', newest());
is_deeply [ @$context{qw(session_user outer_user current_user user role way)} ], [ 'app', 'app', 'app', undef, undef, undef ], 'who';
is_deeply [ @$context{qw(application address origin claims orgs)} ], [ 'the desk', undef, undef, undef, undef ], 'from where';
like $context->{pid}, qr/^\d+$/, 'process';
is $context->{query}, sha256_hex($insert), 'the query is its hash';
sql(q{CREATE FUNCTION definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO plain VALUES (2)'; SET ROLE app; SELECT definer()});
is_deeply [ @{ context_of($cluster, 'shop', newest()) }{qw(session_user outer_user current_user)} ], [ 'postgres', 'app', 'postgres' ],
    'SET ROLE and SECURITY DEFINER';
sql(q{BEGIN; SELECT FROM custody.set_context('11111111-1111-1111-1111-111111111111'::uuid, 'ann', role => 'nurse',
    claims => '{"a": 1}'); INSERT INTO plain VALUES (3); COMMIT});
$context = context_of($cluster, 'shop', newest());
is_deeply [ @$context{qw(user role way claims orgs)} ], [ 'ann', 'nurse', 'set', '{"a": 1}', '["11111111-1111-1111-1111-111111111111"]' ],
    'the tenant context';
sql('BEGIN; ' . join('', map { "INSERT INTO plain VALUES ($_ + 100);" } 1 .. 3) . ' UPDATE plain SET id = id + 1000; COMMIT');
is sql(q{SELECT get_byte(contexts, 1) FROM custody_ledger.tx ORDER BY xid::text::bigint DESC LIMIT 1}), 4, 'one context for a statement';

audit(q{'plain', options => '{"require_context": "both"}', baseline => false});
for my $context ([ '', 'organization' ], [ q{SELECT FROM custody.set_context(1::bigint, NULL);}, 'user' ]) {
    for my $change ('INSERT INTO plain VALUES (-1)', 'TRUNCATE plain') {
        my ($exit, undef, $error) = $cluster->psql('shop', "BEGIN; $context->[0] $change; COMMIT");
        like $error, qr/ERROR:  table "plain" cannot be changed without a verified $context->[1]\n/, "$change without a verified $context->[1]";
    }
}
sql(q{BEGIN; SELECT FROM custody.set_context(1::bigint, 'ann'); INSERT INTO plain VALUES (-1); COMMIT});
is newest()->{op}, 'I', 'with both';

sql('CREATE TABLE keyless (a int, b int)');
audit(q{'keyless'});
sql('INSERT INTO keyless VALUES (1, 2); UPDATE keyless SET b = 3');
is_deeply [ map { newest()->{$_} } qw(key op) ], [ '', 'U' ], 'a table without a key';
is_deeply [ image_of(newest()->{old}) ], [ 'full', pack('N', 1), pack('N', 2) ], 'has both rows whole';

# A trigger of somebody's own cannot write in the name of another table.
my $identity = sql(q{SELECT identity FROM custody_ledger.audited WHERE name = 'plain'});
my ($exit, undef, $error) = $cluster->psql('shop', qq{CREATE TABLE other (id int); CREATE TRIGGER t AFTER INSERT ON other FOR EACH ROW
    EXECUTE FUNCTION custody.capture('$identity'); INSERT INTO other VALUES (1)});
like $error, qr/ERROR:  the audit ledger does not have table "other" as $identity|ERROR:  trigger "t" is made by/, 'a forged identity';
($exit, undef, $error) = $cluster->psql('shop', 'SELECT custody.capture()');
like $error, qr/ERROR:  function custody.capture\(\) is called as it must not be/, 'called by hand';

is_deeply [ ledger_faults($cluster, 'shop') ], [], 'all hashes and trees hold';
done_testing;
