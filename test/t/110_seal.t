# Blocks: what custody.seal() refuses, which transactions it takes and when, digests and the seal lag.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one', conf => { max_prepared_transactions => 10 });
$c->create_database('d', extension => 1);
my $sql = sub { $c->sql('d', @_) };
my $refused = sub { my ($exit, $out, $err) = $c->psql('d', "\\set VERBOSITY verbose\n$_[0]"); $err };

like $refused->('SELECT custody.seal()'), qr/42P01: there is no audit ledger/, 'no ledger';
like $refused->('SELECT custody.ledger_digest()'), qr/42P01/, '... nor a digest';
$sql->('SELECT custody.init_ledger()');
is $sql->('SELECT custody.ledger_digest() IS NULL'), 't', 'no block, no digest';
is $sql->('BEGIN; SET LOCAL synchronous_commit = off; SELECT custody.seal(), custody.seal(); SELECT custody.ledger_digest() IS NULL; SHOW synchronous_commit; ROLLBACK'),
    "1|\nt\non", 'what is not committed has no digest; the commit is synchronous; two in one statement';
is $sql->('SELECT custody.seal()'), 1, 'the first block is made even when there is nothing';
is $sql->('SELECT custody.seal()'), '', '... the second one is not';
is $sql->(q{SELECT (d->'block')::text || (d->>'format') || (d->>'previous' = repeat('0', 64)) FROM custody.ledger_digest() d}),
    '1custody-digest-1true', 'its digest';
like $refused->("BEGIN ISOLATION LEVEL $_; SELECT custody.seal()"), qr/25001: .* READ COMMITTED/, "refused: $_"
    for 'REPEATABLE READ', 'SERIALIZABLE';
like $refused->('BEGIN READ ONLY; SELECT custody.seal()'), qr/25006/, 'refused: read-only';

$sql->(q{CREATE TABLE t (id int PRIMARY KEY, org uuid, name text);
    SELECT custody.audit('t', org_column => 'org');
    INSERT INTO t SELECT i, ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid, 'n' FROM generate_series(1, 10) i});
is $sql->('SELECT transactions, events FROM custody.seal_lag'), '2|11', 'the lag';
like $refused->('BEGIN; DELETE FROM t WHERE id = 9; SELECT custody.seal()'), qr/25001: .*audited changes of its own/,
    'refused: audited changes of its own';
is $sql->('SELECT custody.seal()'), 2, 'a block';
is $sql->('SELECT transactions, events, running FROM custody.seal_lag'), '0|0|0', 'no lag';
is $sql->('SELECT transactions, events, kind, notes FROM custody_ledger.block WHERE number = 2'), '2|11|0|', 'its counts';
is $sql->('SELECT count(*), sum(transactions), sum(events), sum(k) FROM custody_ledger.link WHERE block = 2'), '4|4|11|4',
    'a link for each organization and for none';

# A transaction that runs or is prepared holds up nothing but itself.
$sql->(q{BEGIN; DELETE FROM t WHERE id = 9; PREPARE TRANSACTION 'a'});
my $long = $c->session('d');
$long->query('BEGIN; UPDATE t SET name = $$x$$ WHERE id = 1; SAVEPOINT s; DELETE FROM t WHERE id = 2; ROLLBACK TO s');
is $sql->('SELECT custody.seal()'), '', 'nothing committed, no block';
$sql->('UPDATE t SET name = $$y$$ WHERE id = 3');
is $sql->('SELECT custody.seal(), (SELECT count(*) FROM custody_ledger.tx)'), '3|3', 'what began later is sealed';
is $sql->('SELECT running FROM custody.seal_lag'), 2, 'two are running';
$sql->(q{COMMIT PREPARED 'a'});
is $sql->('SELECT custody.seal()'), 4, 'the prepared one once it is committed';
$long->query('COMMIT');
is $sql->('SELECT custody.seal()'), 5, 'the long one';
is $sql->('SELECT custody.seal()'), '', '... and each once';
is $sql->('SELECT transactions, events FROM custody_ledger.block WHERE number > 2 ORDER BY number'), "1|1\n1|1\n1|1", 'all of them';

# Two sealers: the second waits and finds nothing.
my ($first, $second) = map { $c->session('d') } 1 .. 2;
$sql->('UPDATE t SET name = $$z$$ WHERE id = 3');
is $first->query('BEGIN; SELECT custody.seal()'), 6, 'a seal that is not committed';
$second->send('SELECT coalesce(custody.seal(), 0)');
my $pid = $second->backend;
wait_for('the second waits', sub { $sql->("SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted") });
$first->query('COMMIT');
is $second->finish, 0, '... the second finds nothing';

is $sql->(q{SELECT string_agg(format('%s:%s', p.proname, (SELECT string_agg(substr(r.rolname, 9), ',' ORDER BY r.rolname)
    FROM pg_roles r WHERE r.rolname IN ('custody_admin', 'custody_operator', 'custody_auditor', 'custody_legal')
     AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))), ' ' ORDER BY p.proname)
  FROM pg_proc p WHERE p.pronamespace = 'custody'::regnamespace AND p.proname IN ('seal', 'ledger_digest', 'note_incarnation', 'find_seal_lag')}),
    'find_seal_lag:admin,auditor,operator ledger_digest:admin,auditor,operator note_incarnation:admin seal:admin,operator',
    'who may';
$sql->('CREATE ROLE op LOGIN; GRANT custody_operator TO op; UPDATE t SET name = $$w$$ WHERE id = 4');
is $c->sql('d', 'SELECT custody.seal()', user => 'op'), 7, 'an operator seals without rights on the ledger';
is $sql->('SELECT custody.seal(even_when_empty => true)'), 8, 'a block of nothing, on request';
done_testing;
