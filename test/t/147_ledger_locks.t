# What is done to the ledger beside writers: it waits for none of them where there is nothing to do, and what a
# REINDEX that failed leaves behind keeps nobody from writing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('shop', extension => 1);
$c->sql('shop', q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, a text); SELECT custody.audit('t')});
my $partition = $c->sql('shop', q{SELECT DISTINCT tableoid::regclass FROM custody_ledger.event});
my $writer = $c->session('shop');

$writer->query(q{BEGIN; INSERT INTO t VALUES (1, 'a')});
like $c->sql('shop', q{SET lock_timeout = '5s'; SELECT custody.init_ledger()}), qr/^[0-9a-f-]{36}$/, 'init_ledger() of a ledger that is whole waits for no writer';

# The copies of indexes that it leaves when it ends early; and indexes of somebody's own.
for (1 .. 5) {
    like +($c->psql('shop', "SET lock_timeout = '200ms'; REINDEX TABLE CONCURRENTLY $partition"))[2], qr/lock timeout/, 'a REINDEX fails';
}
$writer->query('COMMIT');
my $indexes = "(SELECT count(*) FROM pg_index WHERE indrelid = '$partition'::regclass)";
cmp_ok $c->sql('shop', "SELECT $indexes"), '>=', 7, 'its indexes are there';
$c->sql('shop', qq{SELECT custody.maintain_ledger(format('CREATE INDEX more%s ON $partition (seq)', i)) FROM generate_series(1, 8) i});
cmp_ok $c->sql('shop', "SELECT $indexes"), '>', 8, 'and more';
$c->sql('shop', q{INSERT INTO t VALUES (2, 'b'); UPDATE t SET a = 'c'});
is $c->sql('shop', q{SELECT string_agg(op, '') FROM custody.history('t', '2')}), 'IU', 'rows are written and recorded';
is $c->sql('shop', "SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT count(*) FROM $partition WHERE seq > 0"),
    $c->sql('shop', "SELECT count(*) FROM $partition"), '... with their entries in all indexes';
$c->sql('shop', 'SELECT custody.seal()');
is $c->sql('shop', q{SELECT DISTINCT status, regexp_replace(object, '.*_ccnew[0-9]*$', 'ccnew'), detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}),
    'unproven|ccnew|it is not valid, and nothing is read by it', '... and only what the REINDEX left is not proven';
done_testing;
