# Keys that logical replication brings or takes away: the sessions of the subscriber know at once.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;

my $cluster = start_cluster('one', conf => { wal_level => 'logical' });
$cluster->create_database($_, extension => 1) for qw(first second);
my $pair = key_pair('ed25519');
$cluster->sql('first', q{SELECT custody.add_token_key('app', :'public'); CREATE PUBLICATION keys FOR TABLE custody.token_key},
    variables => { public => $pair->{public} });
$cluster->sql('first', q{SELECT pg_create_logical_replication_slot('keys', 'pgoutput')});
my $origin = $cluster->conninfo('first');
$cluster->sql('second', qq{CREATE SUBSCRIPTION keys CONNECTION '@{[ $origin =~ s/'/''/gr ]}' PUBLICATION keys
    WITH (create_slot = false, slot_name = 'keys')});
sub arrived { my ($count) = @_;
    wait_for("$count keys arrive", sub { $cluster->sql('second', 'SELECT count(*) FROM custody.token_key') == $count }) }
my $now = int time;
my @fields = (db => $cluster->sql('second', 'SELECT custody.database_id()'), user => 'ann', iat => $now, exp => $now + 600);
my $token = own_token('app', $pair->{sign}, @fields);
my $session = $cluster->session('second');
sub enter { $session->query("SELECT custody.enter('$_[0]')", error => 1) }

arrived(1);
is enter($token), '', 'a key that arrived';
$cluster->sql('first', q{SELECT custody.add_token_key('new', :'public')}, variables => { public => $pair->{public} });
arrived(2);
is enter(own_token('new', $pair->{sign}, @fields)), '', 'another one';
$cluster->sql('first', q{UPDATE custody.token_key SET kid = 'newer' WHERE kid = 'new'});
$cluster->sql('first', q{SELECT custody.drop_token_key('app')});
arrived(1);
is enter($token), 'ERROR:  token refused', 'one that is gone';
is enter(own_token('new', $pair->{sign}, @fields)), 'ERROR:  token refused', 'one of another name';
is enter(own_token('newer', $pair->{sign}, @fields)), '', 'the new name';
$cluster->sql('first', 'TRUNCATE custody.token_key');
arrived(0);
is enter(own_token('newer', $pair->{sign}, @fields)), 'ERROR:  token refused', 'all are gone';
$session->close;
$cluster->sql('second', 'ALTER SUBSCRIPTION keys DISABLE');
$cluster->sql('second', 'ALTER SUBSCRIPTION keys SET (slot_name = NONE)');
$cluster->sql('second', 'DROP SUBSCRIPTION keys');
done_testing;
