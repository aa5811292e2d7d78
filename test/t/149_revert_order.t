# custody.revert() where the order of a row's events is none of numbers: a trigger that changes the row again, a lower
# transaction that wrote last, a row that moved, a deferred trigger.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
$c->sql('d', <<'SQL');
SELECT custody.init_ledger();
CREATE TABLE r (id int PRIMARY KEY, a text, n int);
CREATE TABLE other (a int);
CREATE TABLE p (id int, k int, a text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF pg_trigger_depth() = 1 THEN UPDATE r SET n = n + 1, a = NEW.a || '!' WHERE id = NEW.id; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_again AFTER UPDATE ON r FOR EACH ROW EXECUTE FUNCTION again();
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE r SET a = 'later' WHERE id = NEW.id AND a <> 'later'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON r DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION later();
INSERT INTO r VALUES (1, 'x', 0), (2, 'y', 0), (3, 'z', 0);
INSERT INTO p VALUES (1, 1, 'p');
SELECT custody.audit('r'), custody.audit('p');
SQL
sub rows { $c->sql('d', "SELECT string_agg(concat_ws(' ', id, a, n), ', ' ORDER BY id) FROM r") }
sub did { return $c->sql('d', "BEGIN; $_[0]; SELECT pg_current_xact_id(); COMMIT") =~ s/\D//gr }
sub revert { $c->sql('d', "SELECT FROM custody.revert('$_[0]', dry_run => false)") }
# Taking back is a change like any other, which the triggers would add to.
sub quietly { $c->sql('d', 'ALTER TABLE r DISABLE TRIGGER a_again, DISABLE TRIGGER later'); revert(@_);
    $c->sql('d', 'ALTER TABLE r ENABLE TRIGGER a_again, ENABLE TRIGGER later') }
sub conflicts { $c->sql('d', "SELECT string_agg(conflict, '; ') FROM custody.revert('$_[0]')") }

my $xid = did(q{UPDATE r SET a = 'b' WHERE id = 1; UPDATE r SET id = 20 WHERE id = 2});
is rows(), '1 b! 1, 3 z 0, 20 y! 1', 'a trigger changed the rows again';
is conflicts($xid), '', '... which is no conflict';
quietly($xid);
is rows(), '1 x 0, 2 y 0, 3 z 0', '... and is taken back before what fired it';
$xid = did(q{UPDATE r SET a = 'c' WHERE id = 3});
is rows(), '1 x 0, 2 y 0, 3 later 1', 'a deferred trigger';
quietly($xid);
is rows(), '1 x 0, 2 y 0, 3 z 0', '... is taken back, too';

# A key that was left, or taken, within the transaction: what is there now is not what the earlier change left.
for (["DELETE FROM r WHERE id = 1; INSERT INTO r VALUES (1, 'new', 7)", '1 new 7, 2 y 0, 3 z 0'], ["INSERT INTO r VALUES (4, 'n', 0); DELETE FROM r WHERE id = 4", '1 x 0, 2 y 0, 3 z 0'],
    ["INSERT INTO r VALUES (4, 'n', 0); UPDATE r SET id = 5 WHERE id = 4", '1 x 0, 2 y 0, 3 z 0, 5 n! 1'], ["DELETE FROM r WHERE id = 2; UPDATE r SET id = 2 WHERE id = 1", '2 x! 1, 3 z 0']) {
    my ($sql, $left) = @$_;
    $xid = did($sql);
    is rows(), $left, $sql;
    is conflicts($xid), '', '... is no conflict';
    quietly($xid);
    is rows(), '1 x 0, 2 y 0, 3 z 0', '... and is taken back';
}

# Of one command, too, the last change first.
$c->sql('d', q{CREATE TABLE shifted (id int PRIMARY KEY); INSERT INTO shifted VALUES (3), (2), (1); SELECT custody.audit('shifted')});
my $shifted = did('UPDATE shifted SET id = id + 1');
revert($shifted);
is $c->sql('d', q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM shifted}), '1 2 3', 'keys that a command shifted, each to the next one\'s place';

# A trigger that lets a change not happen: nothing is taken back by half.
$shifted = did('DELETE FROM shifted WHERE id = 2; DELETE FROM shifted WHERE id = 3');
$c->sql('d', q{CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER swallow BEFORE INSERT ON shifted FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION swallow()});
like +($c->psql('d', "SELECT FROM custody.revert('$shifted', dry_run => false)"))[2], qr/ERROR:  cannot take back a change\nDETAIL:  0 rows instead of one: INSERT INTO public\.shifted/,
    'a statement that changes no row is an error';
is $c->sql('d', q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM shifted}), '1', '... and nothing is taken back';

# The lower transaction writes last: what the higher one did is not the last any more.
my ($low, $high) = map { $c->session('d') } 1, 2;
my $low_xid = $low->query('BEGIN; INSERT INTO other VALUES (1); SELECT pg_current_xact_id()');
my $high_xid = $high->query(q{BEGIN; UPDATE r SET a = 'high' WHERE id = 1; SELECT pg_current_xact_id(); COMMIT});
$low->query(q{UPDATE r SET a = 'low' WHERE id = 1; COMMIT});
cmp_ok $low_xid, '<', $high_xid, 'a lower transaction that wrote last';
like conflicts($high_xid), qr/changed since: a/, 'what the higher one did cannot be taken back';
is conflicts($low_xid), '', '... what the lower one did can';
quietly($low_xid);
is rows(), '1 high! 1, 2 y 0, 3 z 0', '... and leaves what was there before';
quietly($high_xid);
is rows(), '1 x 0, 2 y 0, 3 z 0', '... of which the other can be taken back then';

$xid = did(q{UPDATE p SET k = 2, a = 'moved'; UPDATE p SET a = 'again'});
revert($xid);
is $c->sql('d', 'SELECT tableoid::regclass, * FROM p'), 'p1|1|1|p', 'a row that moved is back';
is $c->sql('d', q{SELECT string_agg(t || ' ' || status, ', ') FROM unnest('{r,p}'::text[]) t, custody.reconcile(t::regclass)}), 'r proven, p proven', 'all agrees';

# What a foreign key did follows from what is taken back after it.
$c->sql('d', <<'SQL');
CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE,
    code text REFERENCES parent (code) ON DELETE SET NULL);
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (10, 1, 'b'), (11, 1, NULL), (12, 2, 'a');
SELECT custody.audit('parent'), custody.audit('child');
SQL
sub family { $c->sql('d', q{SELECT string_agg(concat_ws(' ', id, code), ', ' ORDER BY id) FROM parent}) . '; '
    . $c->sql('d', q{SELECT string_agg(concat_ws(' ', id, parent, code), ', ' ORDER BY id) FROM child}) }
my $family = family();
for (['DELETE FROM parent WHERE id = 1', '2 b; 12 2'], ['UPDATE parent SET id = 3 WHERE id = 1', '2 b, 3 a; 10 3 b, 11 3, 12 2 a'],
    ["INSERT INTO parent VALUES (4, 'd'); INSERT INTO child VALUES (13, 4, 'd')", '1 a, 2 b, 4 d; 10 1 b, 11 1, 12 2 a, 13 4 d']) {
    my ($sql, $left) = @$_;
    $xid = did($sql);
    is family(), $left, $sql;
    is conflicts($xid), '', '... is no conflict';
    revert($xid);
    is family(), $family, '... and is taken back with what the foreign keys did';
}

# Columns that have other names now, also one that another column has by now, and such that are not there any more.
$family = family();
$xid = did(q{DELETE FROM child WHERE id = 12; UPDATE parent SET code = 'z' WHERE id = 1; UPDATE parent SET id = 5, code = 'y' WHERE id = 1});
my $early = did(q{UPDATE child SET parent = NULL WHERE id = 10});
my $last = did(q{UPDATE child SET parent = 2 WHERE id = 10});
$c->sql('d', 'ALTER TABLE parent RENAME id TO number; ALTER TABLE parent RENAME code TO id; ALTER TABLE parent ADD code text; ALTER TABLE child RENAME code TO word');
is conflicts($xid), 'changed since: parent', 'what was changed since is told by the name of today';
revert($_) for $last, $early;
is conflicts($xid), '', 'columns that were renamed are no conflict';
revert($xid);
is $c->sql('d', q{SELECT string_agg(concat_ws(' ', number, id, code), ', ' ORDER BY number) FROM parent}) . '; '
    . $c->sql('d', q{SELECT string_agg(concat_ws(' ', id, parent, word), ', ' ORDER BY id) FROM child}), $family, '... and are taken back as they were';
$xid = did(q{DELETE FROM child WHERE id = 12; UPDATE parent SET id = 'x' WHERE number = 1});
$c->sql('d', 'ALTER TABLE child DROP parent; ALTER TABLE child ADD parent int');
is conflicts($xid), 'columns that are gone or have other names: parent', 'columns that are gone are a conflict, though another one has the name';
is $c->sql('d', q{SELECT string_agg(status, ' ') FROM unnest('{parent,child}'::text[]) t, custody.reconcile(t::regclass)}), 'proven proven', 'all agrees';

# Keys of types that have another name now, or that is another one.
$c->sql('d', q{CREATE TYPE mood AS ENUM ('calm', 'tense'); CREATE TABLE moods (m mood, n int, PRIMARY KEY (m, n)); CREATE TABLE retyped (id int PRIMARY KEY, a text);
    SELECT custody.audit('moods'), custody.audit('retyped'); INSERT INTO moods VALUES ('calm', 1); INSERT INTO retyped VALUES (1, 'a')});
$xid = did(q{UPDATE moods SET m = 'tense'; UPDATE retyped SET a = 'b'});
is conflicts($xid), '', 'keys are no conflict';
$c->sql('d', 'ALTER TYPE mood RENAME TO temper; ALTER TABLE retyped ALTER id TYPE text');
is conflicts($xid), 'the key has another type now: operator does not exist: text = integer; '
    . 'the row has no key, or it was erased, or is of types that are gone or have other names', '... of other types, or names of types, they are';
done_testing;
