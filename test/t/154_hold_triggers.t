# The triggers of holds: verification tells one that holds other rows than its hold, or whose hold is over; a table is not
# recorded otherwise under a hold that would lose its rows by it; and an owner whose code fails does not keep a hold on an
# organization from the tables of others.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('sound', extension => 1);
$c->sql('sound', <<'SQL');
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
SELECT custody.init_ledger();
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE auditor LOGIN IN ROLE custody_auditor;
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE DOMAIN code AS ext.citext;
CREATE TABLE t (id int, day date, kind kind, name code, org uuid, gone int, PRIMARY KEY (id, day, kind, name)) PARTITION BY LIST (id);
ALTER TABLE t DROP gone;
CREATE TABLE t1 (name code NOT NULL, org uuid, id int NOT NULL, more int, day date NOT NULL, kind kind NOT NULL);
ALTER TABLE t1 DROP more;
ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1);
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE t22 PARTITION OF t2 DEFAULT;
SELECT custody.audit('t', 'org');
INSERT INTO t VALUES (1, '2026-02-01', 'a', 'Ann', '00000000-0000-4000-8000-000000000001');
SQL
my $key = '{"id": 1, "day": "01/02/2026", "kind": "a", "name": "ann"}';
my $row = $c->sql('sound', "SET datestyle = 'ISO, DMY'; SELECT custody.place_hold('row', 't', '$key')", user => 'lawyer');
my $org = $c->sql('sound', q{SELECT custody.place_hold('organization', org => '00000000-0000-4000-8000-000000000001')}, user => 'lawyer');
my $all = $c->sql('sound', q{SELECT custody.place_hold('table', 't')}, user => 'lawyer');
my $over = $c->sql('sound', q{SELECT custody.place_hold('over', 't', '["1", "2026-02-01", "a", "bob"]')}, user => 'lawyer');
my $lift = $c->sql('sound', "SELECT custody.request_lift($over, 'over')", user => 'lawyer');
$c->sql('sound', "SELECT custody.approve($lift)", user => 'admin');
is findings('sound'), '', 'what custody made is what it should be, in partitions with other columns, too';
$c->sql('sound', 'ALTER TABLE t RENAME id TO number; ALTER TABLE t RENAME name TO id; ALTER TABLE t RENAME org TO clinic');
is findings('sound'), '', '... also where columns have other names';
is findings('sound', q{SET datestyle = 'German, DMY'; SET timezone = 'Asia/Tokyo'; SET transform_null_equals = on; SET quote_all_identifiers = on;}), '', '... whatever the settings of who looks';
my $other = q{CREATE TRIGGER %1$s BEFORE UPDATE OR DELETE ON %2$s FOR EACH ROW %3$s EXECUTE FUNCTION custody.refuse_held('%4$s');
    ALTER TABLE %2$s ENABLE ALWAYS TRIGGER %1$s};
my $same = qq{OLD.number = '1'::integer AND OLD.day = '2026-02-01'::date AND enum_eq(OLD.kind, 'a'::kind)};
for ([ 'holds another row', $row, "WHEN ($same AND OLD.id = 'bob'::ext.citext)", 't' ],
     [ 'holds nothing', $row, 'WHEN (false)', 't' ],
     [ 'holds another organization', $org, q{WHEN (OLD.clinic = '00000000-0000-4000-8000-000000000002'::uuid)}, 't' ],
     [ 'holds rows by what they become', $org, q{WHEN (NEW.clinic = '00000000-0000-4000-8000-000000000001'::uuid)}, 't', 'UPDATE' ],
     [ 'holds part of a table', $all, 'WHEN (OLD.number = 1)', 't' ]) {
    my ($what, $hold, $when, $table, $only) = @$_;
    my $sql = "DROP TRIGGER custody_hold_$hold ON t; " . sprintf $other, "custody_hold_$hold", $table, $when, $hold;
    $sql =~ s/UPDATE OR DELETE/UPDATE/ if $only;
    is tampered_copy($c, $sql), '', 'tampered with';
    like findings('tampered'), qr/^custody_hold_$hold on public\.t1\|refuted\|the trigger of a legal hold/m, "a trigger that $what is found";
    like findings('tampered'), qr/^custody_hold_$hold on public\.t22\|refuted/m, '... on each partition' if !$only;
}
is tampered_copy($c, "DROP TRIGGER custody_hold_$row ON t; "
    . sprintf $other, "custody_hold_$row", 't', "WHEN ($same AND (OLD.id)::ext.citext OPERATOR(ext.=) CAST('ann' AS ext.citext))", $row), '', 'tampered with';
is findings('tampered'), '', 'the same condition in other words is the same';
is tampered_copy($c, "DROP TRIGGER custody_hold_$all ON t; CREATE TRIGGER custody_hold_$all BEFORE UPDATE OF day OR DELETE ON t FOR EACH ROW
    EXECUTE FUNCTION custody.refuse_held('$all'); ALTER TABLE t ENABLE ALWAYS TRIGGER custody_hold_$all"), '', 'tampered with';
like findings('tampered'), qr/^custody_hold_$all on public\.t\|refuted/m, 'a trigger for updates of one column is found';

# Triggers that are left over.
for ([ 'of a hold that is over', $over ], [ 'of no hold', 99 ]) {
    my ($what, $hold) = @$_;
    is tampered_copy($c, sprintf $other, "custody_hold_$hold", 't', '', $hold), '', 'tampered with';
    like findings('tampered'), qr/^custody_hold_$hold on public\.t\|refuted\|it refuses changes, and there is no legal hold/m, "a trigger $what is found";
}

# Recorded by another key, or organization, the table would have events that the hold does not know.
$c->sql('sound', 'CREATE TABLE r (id int PRIMARY KEY, a int NOT NULL UNIQUE, o int, p int); INSERT INTO r VALUES (1, 2, 3, 4); SELECT custody.audit($$r$$, $$o$$)');
$c->sql('sound', q{SELECT custody.place_hold('row', 'r', '1')}, user => 'lawyer');
like failure(q{SELECT custody.audit('r', 'o', key => '{a}')}), qr/public\.r is under legal hold.*DETAIL:  The hold is on rows by the key/s, 'a table with a held row keeps its key';
like $c->sql('sound', q{SELECT string_agg(s, ' ') FROM custody.audit('r', 'p') s}), qr/audit_register/, '... not its organization, by which it is not held';
$c->sql('sound', q{SELECT custody.place_hold('organization', org => '4')}, user => 'lawyer');
like failure(q{SELECT custody.audit('r', 'o', key => '{id}')}), qr/public\.r is under legal hold/, '... now it is';
is failure(q{SELECT custody.audit('r', 'p', options => '{"full_row": true}')}), '', 'another option is none of that';
is findings('sound'), '', 'all agrees';

# An owner's partition key.
$c->sql('sound', <<'SQL');
CREATE ROLE boss LOGIN IN ROLE custody_admin;
GRANT CREATE ON SCHEMA public TO boss;
SET ROLE boss;
CREATE TABLE switch (state text);
INSERT INTO switch VALUES ('works');
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF (SELECT state FROM public.switch) <> 'works' THEN RAISE EXCEPTION 'not today' USING ERRCODE = (SELECT state FROM public.switch); END IF;
    RETURN 1; END $$;
CREATE TABLE broken (id int, k int, org int8) PARTITION BY RANGE ((k + public.fails()));
CREATE TABLE broken_1 PARTITION OF broken DEFAULT;
INSERT INTO broken VALUES (1, 1, 7);
CREATE TABLE whole (id int PRIMARY KEY, org int8);
INSERT INTO whole VALUES (1, 7);
RESET ROLE;
SELECT custody.audit('broken', 'org', key => '{id}'), custody.audit('whole', 'org');
SQL
for my $state ('22000', '57014', '40P01', '53200', 'XX000') {
    $c->sql('sound', "UPDATE switch SET state = '$state'");
    my ($exit, $hold, $said) = $c->psql('sound', q{SELECT custody.place_hold('case', org => '7')}, user => 'lawyer');
    is $exit, 0, "$state: an organization is held";
    like $said, qr/WARNING:  hold $hold does not reach the rows of public\.broken\nDETAIL:  not today/, '... and who holds it knows where it is not';
    like failure('DELETE FROM whole'), qr/public\.whole is under legal hold/, '... the other table is reached';
    like findings('sound'), qr/^custody_hold_$hold on public\.broken_1\|refuted\|the trigger of a legal hold is not there/m, '... verification tells, too';
    is $c->sql('sound', "SELECT status FROM custody.verify_holds() WHERE object = 'hold $hold'"), '', '... and the ledger agrees with itself';
    like failure(q{SELECT custody.place_hold('case', 'broken')}, 'lawyer'), qr/not today/, '... a hold on that table alone fails';
    my (undef, undef, $again) = $c->psql('sound', 'SELECT custody.init_ledger()');
    like $again, qr/hold $hold does not reach the rows of public\.broken/, '... as does another attempt, without harm to others';
    $c->sql('sound', q{UPDATE switch SET state = 'works'});
    $c->sql('sound', 'SELECT custody.init_ledger()');
    is findings('sound'), '', 'once the key works it is put there';
    like failure('DELETE FROM broken_1'), qr/public\.broken_1 is under legal hold/, '... and holds';
    my $request = $c->sql('sound', "SELECT custody.request_lift($hold, 'over')", user => 'lawyer');
    $c->sql('sound', "SELECT custody.approve($request)", user => 'admin');
}

# ... also where it waits for a lock, and who has that waits for the table.
my ($blocking, $placing) = map { $c->session('sound', $_) } 'boss', 'lawyer';
$c->sql('sound', 'CREATE TABLE locked (a int); ALTER TABLE locked OWNER TO boss');
for my $timeout ('1ms', '0') {
    $c->sql('sound', qq{CREATE OR REPLACE FUNCTION locks() RETURNS void LANGUAGE plpgsql AS 'BEGIN
        PERFORM set_config(''lock_timeout'', ''$timeout'', true); LOCK TABLE public.locked; END';
        CREATE OR REPLACE FUNCTION fails() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.locks(); RETURN 1; END'});
    $blocking->query('BEGIN; LOCK TABLE locked');
    $placing->send(q{SELECT custody.place_hold('case', org => '7')});
    if ($timeout eq '0') {
        waits($placing);
        $blocking->send('DELETE FROM broken_1');
    }
    like $placing->finish, qr/WARNING:  hold \d+ does not reach the rows of public\.broken\n.*(lock timeout|deadlock detected)/, "an organization is held ($timeout)";
    my $hold = $c->sql('sound', 'SELECT max(id) FROM custody_ledger.hold');
    $blocking->finish(error => 1) if $timeout eq '0';
    $blocking->query('ROLLBACK');
    like findings('sound'), qr/^custody_hold_$hold on public\.broken_1\|refuted/m, '... but for the one table';
    my $request = $c->sql('sound', "SELECT custody.request_lift($hold, 'over')", user => 'lawyer');
    $c->sql('sound', "SELECT custody.approve($request)", user => 'admin');
}

# Who waits can leave.
$c->sql('sound', q{CREATE OR REPLACE FUNCTION fails() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(600); RETURN 1; END'});
like failure(q{SET statement_timeout = 500; SELECT custody.place_hold('case', org => '7')}, 'lawyer'), qr/canceling statement due to statement timeout/,
    'a key that takes its time can be left';
is $c->sql('sound', q{SELECT count(*) FROM custody_ledger.hold WHERE org_text = '7' AND lifted_at IS NULL}), 0, '... and nothing is held then';
my (undef, undef, $left_out) = $c->psql('sound', q{SET statement_timeout = '60s'; SET custody.owner_code = off; SELECT custody.place_hold('case', org => '7')}, user => 'lawyer');
like $left_out, qr/does not reach the rows of public\.broken\nDETAIL:  It is partitioned by an expression, and custody\.owner_code is off/, '... or left out';
like failure('DELETE FROM whole'), qr/public\.whole is under legal hold/, '... and what can be held is';
done_testing;

sub waits {
    my ($session) = @_;
    wait_for('the session waits', sub { $c->sql('sound', 'SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = ' . $session->backend) });
    return;
}
sub failure { my ($sql, $user) = @_; return ($c->psql('sound', $sql, $user ? (user => $user) : ()))[2] }
sub findings {
    my ($database, $before) = @_;
    return $c->sql($database, ($before // '') . q{SELECT object, status, detail FROM custody.verify_ledger(indexes => false)
        WHERE "check" = 'coverage' AND status <> 'proven'}, user => 'auditor');
}
