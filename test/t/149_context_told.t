# What an event tells of who did it, and custody.changes() by it: client address and process, user, login, time,
# transaction and table. No salt nor secret is drawn twice.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(context_of events_of);
use Custody::Test;

# An address of its own, since the port is everybody's.
my $address = join '.', 127, map { 1 + random_below(250) } 1 .. 3;
my $c = start_cluster('one', conf => { listen_addresses => "'$address'", shared_preload_libraries => q{'$libdir/custody'} });
$c->hba('host all all 127.0.0.0/8 trust');
$c->reload;
$c->create_database('d', extension => 1);
$c->sql('d', q{CREATE ROLE app LOGIN;
    SELECT custody.init_ledger();
    CREATE TABLE t (id int PRIMARY KEY, org int8, note text);
    CREATE TABLE other (id int PRIMARY KEY, org int8);
    GRANT ALL ON t, other TO app; GRANT USAGE ON SCHEMA custody TO app;
    SELECT custody.audit('t', 'org'), custody.audit('other', 'org')});

$c->sql('d', $_) for split /\n/, $c->sql('d', q{SELECT format('GRANT EXECUTE ON FUNCTION %s TO app', oid::regprocedure) FROM pg_proc WHERE proname = 'set_context'});

# Over the network.
my $run = run_command(program('psql'), '-XAtqc', "INSERT INTO t VALUES (1, 1); SELECT host(inet_client_addr()) || ' ' || pg_backend_pid()",
    "host=$address user=app dbname=d application_name=desk");
is $run->{exit}, 0, 'a client over the network' or diag $run->{stderr};
my $told = context_of($c, 'd', (events_of($c, 'd', q{op = 'I'}))[-1]);
is "$told->{address} $told->{pid}", $run->{stdout} =~ s/\n//r, 'its address and process are told';
is $c->sql('d', q{SELECT concat_ws(' ', client, login, application) FROM custody.changes('t') WHERE op = 'I'}),
    ($run->{stdout} =~ s/ .*//sr) . ' app desk', '... as custody.changes() shows';

# Chosen by who, when, which transaction, which table.
my %xid;
sub by { my ($user, $login, $sql) = @_;
    my $out = $c->sql('d', "BEGIN; SELECT FROM custody.set_context(1::bigint, '$user'); $sql; SELECT pg_current_xact_id(); COMMIT", user => $login);
    return $out =~ s/\D//gr }
$xid{ann} = by('ann', 'postgres', 'INSERT INTO t VALUES (2, 1); INSERT INTO other VALUES (2, 2)');
my $middle = $c->sql('d', 'SELECT clock_timestamp()');
$xid{bob} = by('bob', 'app', 'INSERT INTO t VALUES (3, 2)');
my $end = $c->sql('d', 'SELECT clock_timestamp()');
by('ann', 'app', 'INSERT INTO other VALUES (4, 1)');
sub chosen { $c->sql('d', qq{SELECT string_agg("table" || (key ->> 'id'), ' ') FROM custody.changes($_[0]) WHERE op = 'I'}) }
is chosen(''), 'public.t1 public.t2 public.other2 public.t3 public.other4', 'all, in their order';
is chosen(q{app_user => 'ann'}), 'public.t2 public.other2 public.other4', 'of a verified user';
is chosen(q{login => 'app'}), 'public.t1 public.t3 public.other4', 'of a login';
is chosen(q{app_user => 'ann', login => 'app'}), 'public.other4', '... of both';
is chosen("since => '$middle'"), 'public.t3 public.other4', 'since a time';
is chosen("until => '$middle'"), 'public.t1 public.t2 public.other2', 'until a time';
is chosen("since => '$middle', until => '$end'"), 'public.t3', 'in a window';
is chosen("transaction => '$xid{ann}'"), 'public.t2 public.other2', 'of a transaction';
is chosen("'t', transaction => '$xid{ann}'"), 'public.t2', '... and a table';
is chosen(q{org => '2'}), 'public.other2 public.t3', 'of an organization';

# One pool of random bytes for each process, forked or not, and each byte used once.
$c->sql('d', "INSERT INTO t SELECT $_ * 1000 + i, i % 5 FROM generate_series(1, 300) i") for 1 .. 3;
$c->sql('d', 'SELECT custody.seal()');
is $c->sql('d', q{SELECT count(*) - count(DISTINCT s) FROM (SELECT key_salt FROM custody_ledger.event
    UNION ALL SELECT images_salt FROM custody_ledger.event) x (s)}), 0, 'no salt is there twice, of no event nor process';
is $c->sql('d', q{SELECT count(*) - count(DISTINCT s) FROM (SELECT secret FROM custody_ledger.tx
    UNION ALL SELECT secret FROM custody_ledger.block) x (s)}), 0, '... nor a secret of a transaction or block';
is $c->sql('d', q{SELECT count(*) FROM custody_ledger.event e, custody_ledger.tx t WHERE position(uuid_send(e.key_salt) IN t.contexts) > 0}), 0,
    '... nor one of a context';
my %salt;
for my $contexts (split /\n/, $c->sql('d', q{SELECT encode(contexts, 'hex') FROM custody_ledger.tx})) {
    my %own = map { unpack('H*', $_->[0]) => $_->[1] } map { grep { ref } @{ $_->{parts} } } Custody::Ledger::read_contexts(pack 'H*', $contexts);
    $salt{$_}++ for keys %own;
}
is_deeply [ grep { $salt{$_} > 1 } keys %salt ], [], '... of which no two transactions share one';
cmp_ok scalar keys %salt, '>=', 3 * 6, '... and there are some';
done_testing;
