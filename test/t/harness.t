# The harness itself: what every other test stands on.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
is $cluster->sql('postgres', 'SELECT 1'), '1', 'a cluster starts and answers';
is $cluster->sql('postgres', 'SHOW listen_addresses'), '', 'it listens on no network address';
isnt $cluster->sql('postgres', 'SHOW data_directory') =~ /^\Q@{[source_directory()]}\E/, 1,
    'its data are outside the checkout';

my ($exit, $out, $err) = $cluster->psql('postgres', 'SELECT 1/0');
is $exit, 3, 'an error of SQL has psql\'s exit code';
like $err, qr/division by zero/, 'and its message';

my $holder = $cluster->session('postgres');
$holder->query('CREATE TABLE t (n int); BEGIN; LOCK TABLE t');
my $waiter = $cluster->session('postgres');
$waiter->send('SELECT count(*) FROM t');
wait_for 'the second session waits', sub {
    $cluster->sql('postgres', 'SELECT count(*) FROM pg_locks WHERE NOT granted');
};
$holder->query('COMMIT');
is $waiter->finish, '0', 'a blocked statement ends once the lock is gone';
like $waiter->query('SELECT nothing', error => 1), qr/ERROR:.*does not exist/, 'errors come back';
ok !eval { $waiter->query('SELECT nothing'); 1 }, 'and die where none was expected';
$_->close for $holder, $waiter;

$cluster->kill9;
ok !$cluster->running, 'killed';
$cluster->start;
is $cluster->sql('postgres', 'SELECT count(*) FROM t'), '0', 'a killed cluster recovers';
$cluster->restart('immediate');
is $cluster->sql('postgres', 'SELECT count(*) FROM t'), '0', 'and restarts';

my $false = run_command('sh', '-c', 'echo out; echo err >&2; exit 3');
is_deeply $false, { exit => 3, stdout => "out\n", stderr => "err\n" }, 'a command\'s three results';
my $killed = run_command('sh', '-c', 'kill -9 $$');
is $killed->{exit}, 137, 'a killed one counts as a shell counts';
my $crash = write_file("use lib '@{[source_directory()]}/test/t/lib';\n" . <<'PERL');
use Custody::Test;
my $cluster = start_cluster('crashing');
my $session = $cluster->session('postgres');
kill SEGV => $session->backend;
wait_for 'it is gone', sub { $cluster->crashes };
pass 'nothing else is wrong';
done_testing;
PERL
my $crashed = run_command($^X, $crash, { env => { CUSTODY_TEST_SEED => undef } });
like $crashed->{stdout}, qr/^ok 1.*^1\.\.1/ms, 'a test in which a server process crashes may have no failure';
isnt $crashed->{exit}, 0, 'and fails';
like $crashed->{stderr}, qr/crashing: .* was terminated by signal 11/, 'and says so';

ok !eval { wait_for 'never', sub { 0 }, 0.05; 1 }, 'waiting has a deadline';

done_testing;
