# Writers with savepoints, rollbacks, long and prepared transactions beside several sealers, a hundred
# of whom are killed (the client, or its backend, which takes the server down with it): every
# committed event is sealed exactly once, whatever was acknowledged is there, and every block can be
# derived from the snapshot that it stores, by a verifier that never saw the database.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(outside reconciled stored verdicts);
use Custody::Ledger::Writers;
use Custody::Test;
use Time::HiRes qw(sleep time);

my $kills = $ENV{CUSTODY_TEST_KILLS} // 100;
my $cluster = start_cluster('ledger', conf => { max_prepared_transactions => 50, restart_after_crash => 'on',
    log_checkpoints => 'off' });
$cluster->create_database('shop', extension => 1);
sub sql { $cluster->sql('shop', @_) }
sub seal { sql('SELECT custody.seal()') }
sql('SELECT custody.init_ledger()');
my $load = Custody::Ledger::Writers->new($cluster, 'shop');
my @digest;
sub digest { push @digest, sql('SELECT custody.ledger_digest()'); return $digest[-1] }

# The block that a transaction is in, by its row in the chain of blocks told from outside.
sub block_of {
    my ($xid) = @_;
    my ($found) = grep { $_->{xid} == $xid } stored($cluster, 'shop')->transactions;
    return $found && $found->{block};
}

my $first = seal();
is $first, 1, 'the first block';
ok !defined block_of(1), 'a transaction that is not there is in no block';

# A long transaction delays itself alone; a prepared one is sealed after it is committed.
my $long = $cluster->session('shop');
$long->query('BEGIN');
my $long_xid = $long->query(q{INSERT INTO item (org, name) VALUES (1, 'long'); SELECT pg_current_xact_id()});
my $prepared_xid = sql(q{BEGIN; INSERT INTO item (org, name) VALUES (2, 'prepared'); SELECT pg_current_xact_id();
    PREPARE TRANSACTION 'early'});
my @short = map { sql(q{BEGIN; INSERT INTO item (org) VALUES (3); SELECT pg_current_xact_id(); COMMIT}) =~ s/\D//gr } 1 .. 3;
is seal(), 2, 'sealed while they run';
is_deeply [ map { block_of($_) } @short ], [ 2, 2, 2 ], 'what was committed is in it';
sql('INSERT INTO item (org) VALUES (3)');
seal();
is block_of($long_xid), undef, 'the long transaction is in no block';
$long->query('COMMIT');
$long->close;
is seal(), 4, 'after its end';
is block_of($long_xid), 4, 'it is in the next one';
$cluster->restart('immediate');
is seal(), '', 'nothing is left to seal, after a crash too';
sql(q{COMMIT PREPARED 'early'});
is seal(), 5, 'a prepared transaction is committed';
is block_of($prepared_xid), 5, 'and sealed then';
digest();

# A seal that is rolled back leaves nothing behind.
sql('INSERT INTO item (org) VALUES (4); BEGIN; SELECT custody.seal(); ROLLBACK');
is seal(), 6, 'a seal that was rolled back is made again';

sub backend_of {
    my ($name) = @_;
    my ($exit, $pid) = $cluster->psql('shop',
        "SELECT pid FROM pg_stat_activity WHERE application_name = '$name' AND pid <> pg_backend_pid() LIMIT 1");
    return $exit == 0 && $pid =~ /^\d+$/ ? $pid : undef;
}
sub answers { (($cluster->psql('shop', 'SELECT 1'))[0]) == 0 }

my (%killed, $crashes);
my $began = time;
while (($killed{all} // 0) < $kills) {
    $load->tend;
    sleep((20 + random_below(150)) / 1000);
    my @name = $load->names;
    my $name = $name[ random_below(scalar @name) ];
    my $backend = random_below(10) < 4;
    my $pid = $backend ? backend_of($name) : $load->pid_of($name);
    next unless $pid && kill 'KILL', $pid;
    $killed{all}++;
    $killed{ ($backend ? 'backend' : 'client') . ' of a ' . $name =~ s/\d//gr }++;
    if ($backend) {
        wait_for('the server is back', \&answers);
        $crashes++;
        digest() if !random_below(4);
    }
    # Somebody else ends what was left prepared, but for a few, which outlive a crash or two.
    my ($exit, $left) = $cluster->psql('shop', q{SELECT format('%s PREPARED %L', CASE WHEN random() < 0.3
        THEN 'ROLLBACK' ELSE 'COMMIT' END, gid) FROM pg_prepared_xacts ORDER BY random() OFFSET 4});
    $cluster->psql('shop', $_) for $exit == 0 ? split /\n/, $left : ();
}
my $said = $load->finish;
wait_for('the server is back', \&answers);
sql("COMMIT PREPARED '$_'") for split /\n/, sql('SELECT gid FROM pg_prepared_xacts');
seal();
is seal(), '', 'the last seal leaves nothing';
digest();
note sprintf '%s in %d s; the server was down %d times', join(', ', map { "$_: $killed{$_}" } sort keys %killed),
    time - $began, $crashes;
is join("\n", sort keys %{ $said->{errors} // {} }), '', 'nobody had an error but for being killed';

my $stored = stored($cluster, 'shop');
my %truth = map { split /:/ } split /\n/, sql(q{SELECT xid || ':' || events FROM truth WHERE events > 0});
my %ledger = map { $_->{xid} => $_->{events} } $stored->transactions;
my %counted = map { $_->{xid} => scalar @{ $_->{list} // [] } } $stored->transactions;
cmp_ok scalar keys %truth, '>', 3 * $kills, 'transactions of the writers: ' . keys %truth;
is_deeply [ grep { ($ledger{$_} // 'none') ne $truth{$_} || $counted{$_} != $truth{$_} } sort keys %truth ], [],
    'each committed transaction has its events in the ledger';
my %writer = map { $_ => 1 } split /\n/, sql(q{SELECT DISTINCT xid FROM custody_ledger.event WHERE op NOT IN ('B', 'S')
    AND xid > (SELECT min(xid) FROM truth)});
is_deeply [ grep { !exists $truth{$_} } sort keys %writer ], [], 'and no other one has any';
is_deeply [ grep { $said->{done}{$_} && ($truth{$_} // 'none') ne $said->{done}{$_} } sort keys %{ $said->{done} } ], [],
    'whatever was acknowledged is there: ' . keys %{ $said->{done} };
is_deeply [ grep { $_ > $stored->blocks } keys %{ $said->{sealed} } ], [], 'acknowledged blocks are there';
is_deeply [ grep { $said->{sealed}{$_} > 1 } keys %{ $said->{sealed} } ], [], 'and no two sealers made the same';
is_deeply [ $stored->unsealed ], [], 'every transaction is in a block';
is_deeply $stored->{orphans}, undef, 'and every event in a transaction';

my ($verdict, $what) = outside($stored, @digest);
is $verdict, 'proven', 'every block is derived from its snapshot, under digests from between the kills' or diag $what;
note $what;
my ($same, $exported) = outside(sql('SELECT custody.export_ledger()') . "\n", @digest);
is $same, 'proven', 'and so it is from the bundle that the server exports' or diag $exported;
is $exported, $what, '... of as many events';
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, 'shop', @digest) ], [], 'verification has no complaint';
is reconciled($cluster, 'shop', 'item'), '', 'the rows are those that the events left';

done_testing;
