# What an error leaves in a session that records: nothing of the table that was being looked up, of the
# transaction that was begun, of a partition that went with its savepoint.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
make('lookup');

# A lookup that ends halfway.
my $locker = $c->session('lookup');
my $writer = $c->session('lookup');
$writer->query(q{SET lock_timeout = '200ms'});
for my $table (qw(audited descriptor)) {
    $locker->query("BEGIN; LOCK TABLE custody_ledger.$table IN ACCESS EXCLUSIVE MODE");
    my $id = $table eq 'audited' ? 1 : 3;
    like $writer->query("INSERT INTO t VALUES ($id, 'a')", error => 1), qr/lock timeout/, "$table cannot be read";
    $locker->query('COMMIT');
    $writer->query('INSERT INTO t VALUES (' . ($id + 1) . q{, 'b')});
    like $c->sql('lookup', 'SELECT * FROM custody.history(' . q{'t', '} . ($id + 1) . q{')}), qr/"b"/, '... and the next row is recorded whole';
    $c->sql('lookup', q{SELECT custody.record_note(1, 'S', '{"kind": "told"}')}); # it is looked up again
}
$writer->query("BEGIN; SAVEPOINT a");
$locker->query('BEGIN; LOCK TABLE custody_ledger.descriptor IN ACCESS EXCLUSIVE MODE');
like $writer->query(q{INSERT INTO t VALUES (5, 'a')}, error => 1), qr/lock timeout/, 'a lookup ends halfway after a savepoint';
$locker->query('COMMIT');
$writer->query(q{ROLLBACK TO a; INSERT INTO t VALUES (6, 'b'); COMMIT});
sound('lookup');

# The first event of a session fails before anything is kept of it.
$c->sql('postgres', q{CREATE DATABASE windows ENCODING 'WIN1252' LOCALE 'C' TEMPLATE template0});
make('windows', there => 1);
$writer = $c->session('windows');
$writer->query(q{SET client_encoding = 'WIN1252'});
like $writer->query("INSERT INTO t VALUES (1, 'a') /* \x81 */", error => 1), qr/no equivalent in encoding "UTF8"/, 'the text of a query cannot be told';
my ($xid) = $writer->query(q{BEGIN; INSERT INTO t VALUES (2, 'a'); SELECT pg_current_xact_id(); COMMIT}) =~ /(\d+)/;
is $c->sql('windows', q{SELECT xid FROM custody.history('t', '2')}), $xid, '... and the next transaction is recorded as itself';
sound('windows');

# Partitions of the ledger that the recording transaction makes itself.
make('partitions');
$c->sql('partitions', q{SELECT custody.maintain_ledger(format('DROP TABLE custody_ledger.%s', p.relation::text))
    FROM (SELECT split_part(relation::text, '.', 2) FROM custody.ledger_partitions('event') UNION ALL
          SELECT split_part(relation::text, '.', 2) FROM custody.ledger_partitions('tx')) p (relation)});
$c->sql('partitions', q{SELECT custody.audit('t', baseline => false)});
my $session = $c->session('partitions');
is $session->query(q{BEGIN; SAVEPOINT a; SELECT custody.make_ledger_partitions() > 0; INSERT INTO t VALUES (1, 'a'); ROLLBACK TO a;
    INSERT INTO t VALUES (2, 'a'); COMMIT}), 't', 'partitions go with the savepoint after which they were made';
is $session->query(q{BEGIN; INSERT INTO t VALUES (3, 'a'); SELECT custody.make_ledger_partitions() > 0; INSERT INTO t VALUES (4, 'a'); COMMIT}),
    't', 'partitions are made between two rows';
is $c->sql('partitions', 'SELECT count(*) FROM ONLY custody_ledger.event_default'), 0, '... and the default partition keeps none of them';
is $c->sql('partitions', q{SELECT count(*) FROM custody_ledger.event WHERE op = 'I'}), 3, '... of which all are there';

# What anybody may call, called as nobody would.
for ([ 'a plan that is NULL', q{SELECT custody.fold(NULL, 1, 'I', '\x010000', gen_random_uuid(), 1, '1'::xid8, 1, now())}, qr/invalid plan/ ],
     [ 'plans of different columns', q{SELECT custody.fold(plan, 1, 'I', '\x010000', gen_random_uuid(), 1, '1'::xid8, 1, now() ORDER BY n)
        FROM (VALUES (1, E'1\n1 0 -\n'), (2, E'900\n1 0' || repeat(' -', 900) || E'\n')) v (n, plan)}, qr/invalid plan/ ],
     [ 'a context before the first', q{SELECT custody.ledger_context_hash('\x0000', -1)}, qr/malformed/ ]) {
    my ($what, $sql, $expected) = @$_;
    my (undef, undef, $err) = $c->psql('partitions', $sql);
    like $err, $expected, "$what is refused";
}
is $c->sql('partitions', q{SELECT custody.context_fields('\x0000', -1::int2) IS NULL}), 't', 'a context before the first has no fields';
done_testing;

sub make {
    my ($database, %option) = @_;
    $option{there} ? $c->sql($database, 'CREATE EXTENSION custody') : $c->create_database($database, extension => 1);
    $c->sql($database, q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, a text); SELECT custody.audit('t')});
    return;
}

sub sound {
    my ($database) = @_;
    $c->sql($database, 'SELECT custody.seal()');
    is $c->sql($database, q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}), '', "$database: verified";
    is $c->sql($database, q{SELECT status, detail FROM custody_ledger.audited a, custody.reconcile(a.relid) r WHERE r.status <> 'proven'}), '', "$database: reconciled";
    return;
}
