# A hold is lifted beside what puts it on more: a table that is recorded meanwhile, a partition that comes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('old', extension => 1);
$c->sql('old', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE TABLE t (id int PRIMARY KEY, org text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE u (id int PRIMARY KEY, org text);
SELECT custody.audit('t', org_column => 'org');
SQL
$c->sql('old', q{SELECT custody.place_hold('case', org => 'a')}, user => 'lawyer');
my $lift = $c->sql('old', q{SELECT custody.request_lift(1, 'over')}, user => 'admin');
my ($other, $approver) = ($c->session('old'), $c->session('old', 'lawyer'));

$other->query(q{BEGIN; SELECT custody.audit('u', org_column => 'org'); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)});
my $backend = $approver->backend;
$approver->send("SELECT custody.approve($lift)");
wait_for('the approval waits', sub {
    $c->sql('old', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $backend") eq 't';
});
$other->query('COMMIT');
is $approver->finish, 'hold 1 lifted', 'a hold is lifted beside a table that is recorded and a partition that comes';
is $c->sql('old', q{SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'custody_hold%'}), '', '... from these, too';

$c->sql('old', q{SELECT custody.place_hold('case', 't')}, user => 'lawyer');
$lift = $c->sql('old', q{SELECT custody.request_lift(2, 'over')}, user => 'admin');
$other->query(q{BEGIN; CREATE TABLE t3 PARTITION OF t FOR VALUES FROM (20) TO (30)});
$approver->send("SELECT custody.approve($lift)");
wait_for('the approval waits', sub {
    $c->sql('old', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $backend") eq 't';
});
$other->query('COMMIT');
is $approver->finish, 'hold 2 lifted', 'beside a partition only';
is $c->sql('old', q{SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'custody_hold%'}), '', '... from it, too';
# Only what is recorded meanwhile: no lock of a table is in its way.
$c->sql('old', q{CREATE TABLE w (id int PRIMARY KEY, org text); SELECT custody.place_hold('case', org => 'a')}, user => 'postgres');
$lift = $c->sql('old', q{SELECT custody.request_lift(3, 'over')}, user => 'admin');
$other->query(q{BEGIN; SELECT custody.audit('w', org_column => 'org')});
$approver->send("SELECT custody.approve($lift)");
wait_for('the approval waits', sub {
    $c->sql('old', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $backend") eq 't';
});
$other->query('COMMIT');
is $approver->finish, 'hold 3 lifted', 'beside a table that is recorded only';
is $c->sql('old', q{SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'custody_hold%'}), '', '... from it, too';
$c->sql('old', 'SELECT custody.seal()');
is $c->sql('old', q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status = 'refuted'}), '', 'lawfully';
$_->close for $other, $approver;
done_testing;
