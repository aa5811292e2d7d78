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

# A table that goes before the approval.
$erase = $c->sql('shop', q{SELECT custody.request_erase('t', '2', 'asked')}, user => 'admin');
$c->sql('shop', 'DROP TABLE t');
like +($c->psql('shop', "SELECT custody.approve($erase)", user => 'lawyer'))[2], qr/ERROR:  table public.t is not there any more/, 'a key cannot be read without its table';
done_testing;
