# What custody.seal() commits is on disk when it says so, whatever the session wants, and custody.ledger_digest()
# tells of no block that is not.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one', conf => { wal_writer_delay => '10s', wal_writer_flush_after => '1GB', bgwriter_delay => '10s', autovacuum => 'off' });
$c->create_database('d', extension => 1);
$c->sql('d', q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY); SELECT custody.audit('t')});
my $session = $c->session('d');
my $flushed = q{SELECT pg_current_wal_flush_lsn() >= '%s'};
for my $way ('SET synchronous_commit = off; SELECT custody.seal()',
    'SET synchronous_commit = off; BEGIN; SELECT custody.seal(); SET LOCAL synchronous_commit = off; COMMIT') {
    $session->query('SET synchronous_commit = off; INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t');
    my ($lsn) = $session->query('SELECT pg_current_wal_insert_lsn()');
    is $session->query(sprintf $flushed, $lsn), 'f', 'a commit that did not wait';
    $session->query($way);
    my $block = $session->query('SELECT lsn FROM custody_ledger.block ORDER BY number DESC LIMIT 1');
    is $session->query(sprintf $flushed, $block), 't', "... and a seal that did: $way";
}

# A block that somebody with all rights wrote without waiting.
$session->query(q{SET synchronous_commit = off; SELECT custody.maintain_ledger('UPDATE custody_ledger.block SET sealed_at = sealed_at WHERE number = 2')});
my $lsn = $session->query('SELECT pg_current_wal_insert_lsn()');
is $session->query(sprintf $flushed, $lsn), 'f', 'a block that is not on disk';
like $c->sql('d', 'SELECT custody.ledger_digest()'), qr/"block": 2,/, 'is in no digest';
is $session->query(sprintf $flushed, $lsn), 't', '... before it is';

# ... and on the standbys that commits wait for: here on one that is not there.
$session->query('INSERT INTO t SELECT max(id) + 1 FROM t');
$c->sql('d', "SET synchronous_commit = off; ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf()");
my $backend = $session->backend;
my $state = "SELECT coalesce(wait_event, state) FROM pg_stat_activity WHERE pid = $backend";
wait_for('the server asks for the standby', sub { $c->sql('d', 'SHOW synchronous_standby_names') eq 'nobody' });
$session->send('SELECT custody.seal()');
my $waits = '';
wait_for('the seal waits, or has ended', sub { ($waits = $c->sql('d', $state)) =~ /^(SyncRep|idle|ClientRead)$/ });
$c->sql('d', 'SET synchronous_commit = off; ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()');
is $waits, 'SyncRep', 'a seal waits for standbys, whatever the session wants';
like $session->finish, qr/^\d+$/, '... and ends when they have it, or need not';
done_testing;
