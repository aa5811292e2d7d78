# Rows of a partition on another server: what a transaction does to one is told in its order, also where a trigger
# changes the row again, and where it comes from a partition that is here.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('shop', extension => 1);
plan skip_all => 'no postgres_fdw' unless $c->sql('shop', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'});
my $socket = $c->{socket};
sub sql { return $c->sql('shop', @_) }
sql(<<"SQL");
CREATE EXTENSION postgres_fdw;
CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$socket', port '5432', dbname 'shop');
CREATE USER MAPPING FOR postgres SERVER there OPTIONS (user 'postgres');
CREATE TABLE far (id int, k int, a int);
CREATE TABLE t (id int, k int, a int) PARTITION BY LIST (k);
CREATE TABLE near PARTITION OF t FOR VALUES IN (1);
CREATE FOREIGN TABLE distant PARTITION OF t FOR VALUES IN (2) SERVER there OPTIONS (table_name 'far');
SELECT custody.init_ledger();
SET client_min_messages = error;
SELECT custody.audit('t', key => '{id}');
SQL

sub told {
    my ($sql) = @_;
    my $before = sql('SELECT coalesce(max(xid::text::int8), 0) FROM custody_ledger.tx');
    sql($sql);
    return sql(qq{SELECT string_agg(concat_ws(' ', op, old ->> 'a', new ->> 'a'), '; ') FROM custody.changes('t') WHERE xid::text::int8 > $before AND op <> 'S'});
}
sub row { return sql(qq{SELECT "row" FROM custody.row_as_of('t', '$_[0]', now())}) }

is told(q{BEGIN; INSERT INTO t VALUES (1, 2, 10); UPDATE t SET a = 11 WHERE id = 1; UPDATE t SET a = 12 WHERE id = 1; COMMIT}),
    'I 10; U 10 11; U 11 12', 'commands of one transaction';
is sql(q{SELECT count(DISTINCT cid) FROM custody_ledger.event WHERE op IN ('I', 'U')}), 3, '... are three commands';
is told(q{BEGIN; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 2, 13); COMMIT}), 'D 12; I 13', 'deleted and there again';
is told(q{BEGIN; INSERT INTO t VALUES (2, 1, 20); UPDATE t SET k = 2, a = 21 WHERE id = 2 AND k = 1; UPDATE t SET a = 22 WHERE id = 2; COMMIT}),
    'I 20; M 20; N 21; U 21 22', 'moved there from a partition that is here';
is row(2), '{"a": 22, "k": 2, "id": 2}', '... where it is as of now';
is sql(q{SELECT n.pair = m.seq FROM custody_ledger.event n JOIN custody_ledger.event m USING (xid) WHERE n.op = 'N' AND m.op = 'M'}), 't', '... as a pair';
is told(q{BEGIN; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 1, 23); COMMIT}), 'D 22; I 23', '... and brought back';
is row(2), '{"a": 23, "k": 1, "id": 2}', '... where it is as of now';

# A trigger that fires before custody's changes the row again.
sql(<<'SQL');
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.a < 100 THEN UPDATE t SET a = a + 100 WHERE id = NEW.id; END IF; RETURN NULL; END $$;
CREATE TRIGGER a_again AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again();
SQL
is told(q{UPDATE t SET a = 14 WHERE id = 1}), 'U 13 14; U 14 114', 'a trigger that changes the row again';
is told(q{INSERT INTO t VALUES (3, 2, 30), (4, 2, 40)}) , 'I 30; I 40; U 30 130; U 40 140', '... of several rows of one command';
is row(1), '{"a": 114, "k": 2, "id": 1}', '... and the row is the last one';
is row(3), '{"a": 130, "k": 2, "id": 3}', '... of each';
sql('DROP TRIGGER a_again ON t');

# What revert() takes back, the last change first.
my $xid = sql(q{BEGIN; UPDATE t SET a = 1 WHERE id = 3; UPDATE t SET a = 2 WHERE id = 3; SELECT pg_current_xact_id(); COMMIT}) =~ s/\s//gr;
is sql("SELECT count(*) FROM custody.revert('$xid', dry_run => false) WHERE conflict IS NULL"), 2, 'taken back';
is sql('SELECT a FROM t WHERE id = 3'), 130, '... to what was before';
is sql('SELECT custody.seal()'), 1, 'sealed';
is sql(q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}), '', '... and proven';
is sql(q{SELECT status, detail FROM custody.reconcile('t')}), 'unproven|it has partitions that are foreign tables: their servers have the rows', 'the rows themselves are not compared';
done_testing;
