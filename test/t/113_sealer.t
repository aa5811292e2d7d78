# The background worker: seals the databases that the configuration names, waits where there is
# nothing to seal yet, and comes back after an error. Without shared_preload_libraries there is none.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one', conf => { shared_preload_libraries => q{'$libdir/custody'}, 'custody.seal_databases' => "'app, \"Two Words\"'",
    'custody.seal_interval' => 1, default_transaction_isolation => "'serializable'" });
$c->create_database($_, extension => 1) for 'app', 'Two Words', 'other';
$c->sql('postgres', qq{ALTER DATABASE "$_" SET default_transaction_read_only = on}) for 'app', 'Two Words';
$c->restart;
$c->sql($_, q{SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY); SELECT custody.audit('t'); INSERT INTO t VALUES (1)}) for 'app', 'Two Words', 'other';
my $sealed = sub { $c->sql($_[0], 'SELECT count(*) FROM custody_ledger.block WHERE events > 0') };
wait_for("$_ is sealed", sub { $sealed->($_) >= 1 && $c->sql($_, 'SELECT transactions = 0 FROM custody.seal_lag') eq 't' }) for 'app', 'Two Words';
is $c->sql('postgres', q{SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_stat_activity WHERE backend_type = 'custody sealer'}),
    'Two Words,app', 'a worker for each';
is $sealed->('other'), 0, 'what is not named is not sealed';
my $blocks = $c->sql('app', 'SELECT count(*) FROM custody_ledger.block');
$c->sql('app', 'SET default_transaction_read_only = off; INSERT INTO t VALUES (2)');
wait_for('the next change is sealed', sub { $c->sql('app', 'SELECT count(*) FROM custody_ledger.block') > $blocks });

# Another sealer that does not end holds it up, and an error ends it: it comes back.
my $pid = $c->sql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'custody sealer' AND datname = 'app'});
is $c->sql('postgres', "SELECT pg_terminate_backend($pid)"), 't', 'ended';
wait_for('it is back', sub { ($c->sql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'custody sealer' AND datname = 'app'}) || $pid) != $pid });
$c->sql('app', 'SET default_transaction_read_only = off; INSERT INTO t VALUES (3)');
wait_for('and seals', sub { $c->sql('app', 'SELECT transactions = 0 FROM custody.seal_lag') eq 't' });
pass 'it came back and seals';
done_testing;
