# A row is erased by each spelling of its key that its events have, and holds on it by each.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('shop', extension => 1);
$c->sql('shop', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE TABLE t (id numeric PRIMARY KEY, a text);
SELECT custody.audit('t');
INSERT INTO t VALUES (1.0, 'a'), (2, 'b');
UPDATE t SET id = 1.000 WHERE id = 1;
SQL
$c->sql('shop', q{SELECT custody.place_hold('case', 't', '1.00')}, user => 'lawyer');
my $erase = $c->sql('shop', q{SELECT custody.request_erase('t', '1', 'asked')}, user => 'admin');
like +($c->psql('shop', "SELECT custody.approve($erase)", user => 'lawyer'))[2], qr/events of this key are under legal hold/, 'a hold on an equal key keeps its events';
my $lift = $c->sql('shop', q{SELECT custody.request_lift(1, 'over')}, user => 'admin');
$c->sql('shop', "SELECT custody.approve($lift)", user => 'lawyer');
$c->sql('shop', 'DELETE FROM t WHERE id = 1');
is $c->sql('shop', "SELECT custody.approve($erase)", user => 'lawyer'), '4 events erased', 'events of equal keys are erased';
is $c->sql('shop', q{SELECT count(*), count(key) FROM custody_ledger.event WHERE key IS NULL OR key <> ''}), '5|1', '... and no others';
is $c->sql('shop', q{SELECT (SELECT count(*) FROM custody_ledger.held), subject ? 'key' FROM custody_ledger.hold}), '0|f', '... with what the hold that is over said of the row';
$c->sql('shop', 'SELECT custody.seal()');
is $c->sql('shop', q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status = 'refuted'}), '', 'lawfully';

# A key that had another type and another name, and texts that a collation takes for equal.
$c->sql('shop', <<'SQL');
CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE was (id int PRIMARY KEY, a text);
CREATE TABLE coll (id text COLLATE alike PRIMARY KEY, a text);
SELECT custody.audit('was'), custody.audit('coll');
INSERT INTO was VALUES (1, 'secret'), (2, 'b');
INSERT INTO coll VALUES ('a', 'secret'), ('b', 'b');
ALTER TABLE was RENAME id TO number;
ALTER TABLE was ALTER number TYPE bigint;
UPDATE coll SET id = 'A' WHERE id = 'a';
SQL
for (['was', '1', 2], ['coll', '"A"', 3]) {
    my ($table, $key, $before) = @$_;
    my $hold = $c->sql('shop', qq{SELECT custody.place_hold('case', '$table', '$key')}, user => 'lawyer');
    my $held = qq{SELECT count(*) FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name = '$table'
        WHERE e.op <> 'S' AND custody.event_is_held(e.tbl, e.org, e.key)};
    is $c->sql('shop', $held), $before, "$table: events from before are held, too";
    my $over = $c->sql('shop', qq{SELECT custody.request_lift($hold, 'over')}, user => 'admin');
    $c->sql('shop', "SELECT custody.approve($over)", user => 'lawyer');
    $c->sql('shop', $table eq 'was' ? 'DELETE FROM was WHERE number = 1' : q{DELETE FROM coll WHERE id = 'A'});
    my $asked = $c->sql('shop', qq{SELECT custody.request_erase('$table', '$key', 'asked')}, user => 'admin');
    is $c->sql('shop', "SELECT custody.approve($asked)", user => 'lawyer'), $before + 1 . ' events erased', "$table: ... and erased";
    is $c->sql('shop', qq{SELECT count(*) FROM custody.changes('$table') WHERE new ->> 'a' = 'secret' OR old ->> 'a' = 'secret'}), 0, '... nothing of them is told';
    is $c->sql('shop', qq{SELECT count(*) > 0 FROM custody.changes('$table') WHERE new ->> 'a' = 'b'}), 't', '... and those of others are';
}
$c->sql('shop', 'SELECT custody.seal()');
is $c->sql('shop', q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status = 'refuted'}), '', 'lawfully';

# A date is what it was to who asked, whatever it were to who approves.
$c->sql('shop', q{CREATE TABLE days (day date PRIMARY KEY, a text); SELECT custody.audit('days'); INSERT INTO days VALUES ('2020-01-02', 'January'), ('2020-02-01', 'February')});
$erase = $c->sql('shop', q{SET datestyle = german; SELECT custody.request_erase('days', '"02.01.2020"', 'asked')}, user => 'admin');
is $c->sql('shop', "SELECT custody.approve($erase)", user => 'lawyer'), '1 events erased', 'a row with a date is erased';
is $c->sql('shop', q{SELECT new ->> 'a' FROM custody.changes('days') WHERE op = 'I'}), "\nFebruary", '... the one that was asked for';

# A hold on a row that there is no event of yet stays one.
my $early = $c->sql('shop', q{SELECT custody.place_hold('case', 'was', '9')}, user => 'lawyer');
my $of_none = $c->sql('shop', q{SELECT custody.request_erase('was', '9', 'asked')}, user => 'admin');
like +($c->psql('shop', "SELECT custody.approve($of_none)", user => 'lawyer'))[2], qr/events of this key are under legal hold/, 'a hold on a row that is not there yet is one';
is $c->sql('shop', "SELECT count(*) > 0 FROM custody_ledger.held WHERE hold = $early AND key IS NOT NULL"), 't', '... and stays';

# A table that goes before the approval.
$erase = $c->sql('shop', q{SELECT custody.request_erase('t', '2.0', 'asked')}, user => 'admin');
$c->sql('shop', 'DROP TABLE t');
is $c->sql('shop', "SELECT custody.approve($erase)", user => 'lawyer'), '1 events erased', 'a key is read without its table, too';
done_testing;
