# Legal holds under snapshots from before them: nobody gets past one that his transaction does not see, nor
# approves or places anything without seeing all of them. And a hold is lifted once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('clinic', extension => 1);
$c->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE boss LOGIN;
CREATE SCHEMA boss AUTHORIZATION boss;
GRANT USAGE ON SCHEMA boss TO lawyer, admin;
SQL

# The owner of a table, and whoever may end its recording.
my $number = 0;
for my $level ('REPEATABLE READ', 'SERIALIZABLE') {
    for (['DROP TABLE', 'DROP TABLE boss.%s'], ['DROP TABLE of a partition', 'DROP TABLE boss.%s_1'], ['DROP COLUMN', 'ALTER TABLE boss.%s DROP COLUMN k'],
         ['another type', 'ALTER TABLE boss.%s ALTER COLUMN k TYPE text'], ['DETACH', 'ALTER TABLE boss.%s DETACH PARTITION boss.%1$s_1'],
         ['the end of recording', q{SELECT custody.unaudit('boss.%s', 'x')}]) {
        my ($what, $sql) = @$_;
        my $t = 't' . ++$number;
        make($t);
        my $session = $c->session('clinic', $what =~ /recording/ ? undef : 'boss');
        $session->query("BEGIN ISOLATION LEVEL $level; SELECT count(*) FROM pg_class");
        hold(qq{'case', 'boss.$t'});
        like $session->query(sprintf($sql, $t), error => 1), qr/ERROR:  a legal hold was placed after this transaction began/, "$what, $level";
        $session->query('ROLLBACK');
        is $c->sql('clinic', "SELECT count(k) FROM boss.$t"), 1, '... and the row is there';
    }
}
make('free');
is $c->sql('clinic', 'BEGIN ISOLATION LEVEL REPEATABLE READ; ALTER TABLE boss.free DROP COLUMN k; DROP TABLE boss.free; COMMIT'), '',
    'what is not held can be changed under any isolation';

# Recording that begins, approvals, holds.
$c->sql('clinic', 'CREATE TABLE boss.later (id int PRIMARY KEY, org uuid)');
my $session = $c->session('clinic');
$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
hold(q{'case', org => '00000000-0000-0000-0000-000000000001'});
like $session->query(q{SELECT custody.audit('boss.later', org_column => 'org', baseline => false)}, error => 1), qr/a legal hold was placed after/,
    'recording does not begin without the hold on its organization';
$session->query('ROLLBACK');
make('row');
my $erase = $c->sql('clinic', q{SELECT custody.request_erase('boss.row', '{"id": 1}', 'art. 17')}, user => 'lawyer');
my $admin = $c->session('clinic', 'admin');
$admin->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
hold(q{'case', 'boss.row'});
like $admin->query("SELECT custody.approve($erase)", error => 1), qr/ERROR:  an approval needs isolation READ COMMITTED/, 'an approval sees what is there';
$admin->query('ROLLBACK');
like +($c->psql('clinic', q{BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT custody.place_hold('case', 'boss.row')}, user => 'lawyer'))[2],
    qr/a hold needs isolation READ COMMITTED/, 'and so does a hold';

# A table that is recorded again, after it was not when the transaction began.
for my $sql ('ALTER TABLE boss.again ALTER k TYPE text', 'DROP TABLE boss.again', 'ALTER TABLE boss.again DETACH PARTITION boss.again_1') {
    $c->sql('clinic', q{DROP TABLE IF EXISTS boss.again});
    make('again');
    $c->sql('clinic', q{SELECT custody.unaudit('boss.again', 'x')});
    my $old = $c->session('clinic', 'boss');
    $old->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
    $c->sql('clinic', q{SELECT custody.audit('boss.again')});
    like $old->query($sql, error => 1), qr/ERROR:  a table was recorded after this transaction began/, "recorded again: $sql";
    $old->close;
}

# Two requests to lift one hold.
make('twice');
my $twice = hold(q{'case', 'boss.twice'});
my @lift = map { $c->sql('clinic', "SELECT custody.request_lift($twice, 'closed $_')", user => 'lawyer') } 1, 2;
$c->sql('clinic', "SELECT custody.approve($lift[0])", user => 'admin');
like +($c->psql('clinic', "SELECT custody.approve($lift[1])", user => 'admin'))[2], qr/there is no hold $twice/, 'a hold is lifted once';
$c->sql('clinic', "SELECT custody.withdraw_request($lift[1])", user => 'lawyer');
my $open = $c->sql('clinic', "SELECT custody.request_lift(1, 'closed')", user => 'lawyer');
my $keyed = hold(q{'case', 'boss.twice', '{"id": 1}'});
my $closed = hold(q{'case', 'boss.twice', '{"id": 7}'});
$c->sql('clinic', q{CREATE TABLE boss.of_org (id int PRIMARY KEY, org uuid); SELECT custody.audit('boss.of_org', org_column => 'org')});
my $of_org = hold(q{'case', 'boss.of_org', org => '00000000-0000-0000-0000-000000000001'});
my $over = $c->sql('clinic', "SELECT custody.request_lift($closed, 'closed')", user => 'lawyer');
$c->sql('clinic', "SELECT custody.approve($over)", user => 'admin');
my $row = $c->sql('clinic', q{SELECT custody.request_erase('boss.twice', '{"id": 2}', 'art. 17')}, user => 'lawyer');
my $user = $c->sql('clinic', q{SELECT custody.request_erase_user('ann', 'art. 17')}, user => 'lawyer');
$c->sql('clinic', 'SELECT custody.seal()');
is problems('clinic'), '', 'the other request is withdrawn, and the ledger is sound';

# What is changed behind the guards.
my $org = $c->sql('clinic', q{SELECT min(id) FROM custody_ledger.hold WHERE org_text IS NOT NULL});
for ([ 'a withdrawn request without its result', "UPDATE custody_ledger.request SET result = NULL WHERE id = $lift[1]", "request $lift[1]", 'its events tell' ],
     [ 'a request without a state', "UPDATE custody_ledger.request SET state = NULL WHERE id = $lift[1]", "request $lift[1]", 'its events tell' ],
     [ 'a request in another state', "UPDATE custody_ledger.request SET state = 'x' WHERE id = $open", "request $open", 'its events tell' ],
     [ 'an open request for another hold', qq{UPDATE custody_ledger.request SET arguments = '{"hold": 2}' WHERE id = $open}, "request $open", 'its events tell' ],
     [ 'a hold without its time', "UPDATE custody_ledger.hold SET placed_at = NULL WHERE id = $twice", "hold $twice", 'its events tell' ],
     [ 'an organization that is held no more', "DELETE FROM custody_ledger.held WHERE hold = $org", "hold $org", 'it does not hold all of its organization' ],
     [ 'another held row', qq{UPDATE custody_ledger.held SET key = custody.key_bytes('boss.twice', '{id}', '{"id": 3}', 'binary') WHERE hold = $keyed}, "hold $keyed", 'its events tell of other rows' ],
     [ 'a held row more', qq{INSERT INTO custody_ledger.held SELECT hold, tbl, org, custody.key_bytes('boss.twice', '{id}', '{"id": 3}', 'binary') FROM custody_ledger.held WHERE hold = $keyed}, "hold $keyed", 'its events tell of other rows' ],
     [ 'a held table more', "INSERT INTO custody_ledger.held SELECT $keyed, tbl FROM custody_ledger.held WHERE hold = 1", "hold $keyed", 'it holds a table of which' ],
     [ 'another organization of a table', "UPDATE custody_ledger.held SET org = '\\x75' || uuid_send(gen_random_uuid()) WHERE hold = $of_org", "hold $of_org", 'its events tell of other rows' ],
     [ 'another key of a hold', qq{UPDATE custody_ledger.hold SET subject = subject || '{"key": {"id": 3}}' WHERE id = $keyed}, "hold $keyed", 'its events tell another key' ],
     [ 'another key of a hold, with its hash', hashed('custody_ledger.hold', 'subject', 'key', '{"id": 3}', $keyed), "hold $keyed", 'its events tell another subject' ],
     [ 'a key that is gone from a hold', "UPDATE custody_ledger.hold SET subject = subject - '{key,key_salt}'::text[] WHERE id = $keyed; DELETE FROM custody_ledger.held WHERE hold = $keyed",
       "hold $keyed", 'its events tell another key' ],
     [ 'another key of a hold that is over', qq{UPDATE custody_ledger.hold SET subject = subject || '{"key": {"id": 3}}' WHERE id = $closed}, "hold $closed", 'its events tell another key' ],
     [ 'another row to be erased', qq{UPDATE custody_ledger.request SET arguments = arguments || '{"key": {"id": 1}}' WHERE id = $row}, "request $row", 'its events tell' ],
     [ 'another row to be erased, with its hash', hashed('custody_ledger.request', 'arguments', 'key', '{"id": 1}', $row), "request $row", 'its events tell' ],
     [ 'no row to be erased', "UPDATE custody_ledger.request SET arguments = custody.kept_arguments(arguments) WHERE id = $row", "request $row", 'its events tell' ],
     [ 'another user to be erased', qq{UPDATE custody_ledger.request SET arguments = arguments || '{"user": "bob"}' WHERE id = $user}, "request $user", 'its events tell' ],
     [ 'a row in the place of a table', "UPDATE custody_ledger.held SET key = '' WHERE hold = 1", 'hold 1', 'it holds less or more of a table' ],
     [ 'a table in the place of a row', "UPDATE custody_ledger.held SET key = NULL WHERE hold = $keyed", "hold $keyed", 'it holds less or more of a table' ]) {
    my ($what, $sql, $object, $detail) = @$_;
    tampered($sql);
    like problems('tampered'), qr/^descriptors\|$object\|refuted\|$detail/m, "$what is found";
}
for ([ 'is dropped', "DROP TRIGGER custody_hold_$keyed ON boss.twice" ], [ 'is not always enabled', "ALTER TABLE boss.twice_1 ENABLE TRIGGER custody_hold_$keyed" ],
     [ 'holds all rows', "DROP TRIGGER custody_hold_$keyed ON boss.twice; CREATE TRIGGER custody_hold_$keyed BEFORE UPDATE OR DELETE ON boss.twice
        FOR EACH ROW EXECUTE FUNCTION custody.refuse_held('$keyed'); ALTER TABLE boss.twice ENABLE ALWAYS TRIGGER custody_hold_$keyed" ]) {
    tampered($_->[1]);
    like problems('tampered'), qr/^coverage\|custody_hold_$keyed on boss\.twice.*\|refuted\|the trigger of a legal hold/m, "a hold's trigger that $_->[0] is found";
}
done_testing;

sub make {
    my ($table) = @_;
    $c->sql('clinic', "CREATE TABLE boss.$table (id int PRIMARY KEY, k int) PARTITION BY RANGE (id); CREATE TABLE boss.${table}_1 PARTITION OF boss.$table FOR VALUES FROM (0) TO (9);
        ALTER TABLE boss.$table OWNER TO boss; ALTER TABLE boss.${table}_1 OWNER TO boss; SELECT custody.audit('boss.$table'); INSERT INTO boss.$table VALUES (1, 1)");
    return;
}
sub hold { return $c->sql('clinic', "SELECT custody.place_hold($_[0])", user => 'lawyer') }

# A superuser knows how the hash is made.
sub hashed {
    my ($table, $column, $name, $value, $id) = @_;
    return "UPDATE $table SET $column = $column || custody.salted('$value', '$name') WHERE id = $id";
}

sub problems {
    return $c->sql($_[0], q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'});
}

# As by a superuser with guards and event triggers off.
sub tampered {
    my ($sql) = @_;
    $_->close for grep { $_ } $session, $admin;
    is tampered_copy($c, $sql, 'clinic'), '', 'tampered with';
    return;
}
