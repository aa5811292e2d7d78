# Columns that are named as custody's own queries name a row: they must not be taken for it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE TYPE mask AS (id int, a text);
CREATE TABLE masked ("the key" int PRIMARY KEY, t int, a text);
CREATE TABLE keyed (id int PRIMARY KEY, a text, t mask);
CREATE TABLE keyless (id int, a text, t mask);
SELECT custody.audit('masked'), custody.audit('keyed', exclude => '{t}'), custody.audit('keyless', exclude => '{t}');
INSERT INTO masked VALUES (1, 2, 'x');
INSERT INTO keyed VALUES (1, 'true', (1, 'true'));
INSERT INTO keyless VALUES (1, 'true', (1, 'true'));
UPDATE masked SET a = 'y';
SQL
is $cluster->sql('clinic', q{SELECT status FROM custody.reconcile('masked')}), 'proven', 'reconcile of a table with column t';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody.history('masked', '{"the key": 1}')}), 2, 'history of a key "the key"';
is $cluster->sql('clinic', q{SELECT "row" ->> 'a' FROM custody.row_as_of('masked', '1', clock_timestamp())}), 'y', '... as of';
my $changed = $cluster->sql('clinic', q{SELECT xid FROM custody_ledger.event WHERE op = 'U'});
$cluster->sql('clinic', "SELECT * FROM custody.revert('$changed', dry_run => false)");
is $cluster->sql('clinic', 'SELECT a FROM masked'), 'x', '... reverted';
is $cluster->sql('clinic', q{SELECT custody.place_hold('case', 'masked', '{"the key": 1}')}), 1, '... held';
is $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.held h JOIN custody_ledger.event e ON e.key = h.key AND e.tbl = h.tbl'), 3,
    '... with its events';

# Rows written past the trigger, with what they should be in a column of that name.
for my $table (qw(keyed keyless)) {
    is $cluster->sql('clinic', "SELECT status FROM custody.reconcile('$table')"), 'proven', "$table agrees";
    $cluster->sql('clinic', "ALTER EVENT TRIGGER custody_audit_ddl DISABLE; ALTER TABLE $table DISABLE TRIGGER custody_capture;
        UPDATE $table SET a = 'false'; ALTER TABLE $table ENABLE ALWAYS TRIGGER custody_capture; ALTER EVENT TRIGGER custody_audit_ddl ENABLE ALWAYS");
    like $cluster->sql('clinic', "SELECT status, problem FROM custody.reconcile('$table')"), qr/^refuted\|/m, '... and does not with another row behind the mask';
}
done_testing;
