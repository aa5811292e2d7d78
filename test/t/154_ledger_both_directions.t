# Two servers that replicate one recorded table to each other, each the rows of its own side, while both
# are written: one change is one event on either side, and each ledger holds by itself.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(context_of event_counts events_of);
use Custody::Ledger::Checks qw(seal digest verdicts outside reconciled stored);
use Custody::Test;

my %conf = (wal_level => 'logical', max_replication_slots => 8);
my %server = (
    east => start_cluster('east', conf => {%conf}),
    west => start_cluster('west', conf => {%conf}, initdb => [qw(--encoding=UTF8 --locale=C.UTF-8 --wal-segsize=8)]));
my %across = (east => 'west', west => 'east');
my @side = sort keys %server;

for my $side (@side) {
    $server{$side}->create_database('shop', extension => 1);
    $server{$side}->sql('shop', qq{SELECT custody.init_ledger();
        CREATE TABLE visit (side text, id int, org int, note text, PRIMARY KEY (side, id));
        SELECT custody.audit('visit', org_column => 'org');
        CREATE PUBLICATION mine FOR TABLE visit WHERE (side = '$side') WITH (publish = 'insert, update, delete')});
    $server{$side}->sql('shop', q{SELECT pg_create_logical_replication_slot('mine', 'pgoutput')});
}
for my $side (@side) {
    my $from = $server{ $across{$side} }->conninfo('shop') =~ s/'/''/gr;
    $server{$side}->sql('shop', qq{CREATE SUBSCRIPTION theirs CONNECTION '$from' PUBLICATION mine
        WITH (create_slot = false, slot_name = 'mine', copy_data = false)});
}

my @writer = map {
    my $side = $_;
    my $session = $server{$side}->session('shop');
    $session->send(join ' ', map { qq{
        INSERT INTO visit SELECT '$side', $_ * 100 + i, i % 3, 'came' FROM generate_series(1, 20) i;
        UPDATE visit SET note = 'seen' WHERE side = '$side' AND id % 5 = $_ % 5;
        UPDATE visit SET org = org + 1 WHERE side = '$side' AND id = $_ * 100 + 3;
        DELETE FROM visit WHERE side = '$side' AND id = $_ * 100 + 7;} } 1 .. 20);
    $session;
} @side;
$_->finish(timeout => 120) for @writer;
$server{$_}->sql('shop', "INSERT INTO visit VALUES ('$_', 0, 0, 'last')") for @side;
for my $side (@side) {
    wait_for("all of $across{$side} arrives in the $side",
        sub { $server{$side}->sql('shop', "SELECT count(*) FROM visit WHERE side = '$across{$side}' AND id = 0") });
}

my $rows = q{SELECT string_agg(v::text, ' ' ORDER BY side, id) FROM visit v};
is $server{east}->sql('shop', $rows), $server{west}->sql('shop', $rows), 'both have the same rows';
my %of = map {
    my $side = $_;
    my (%by, %origin);
    for my $event (events_of($server{$side}, 'shop', "op IN ('I', 'U', 'D', 'M', 'N')")) {
        my $origin = $origin{"$event->{xid} $event->{context}"} //= context_of($server{$side}, 'shop', $event)->{origin} // 'here';
        ++$by{$origin}{ $event->{op} };
    }
    ($side => \%by);
} @side;
for my $side (@side) {
    my ($name) = grep { $_ ne 'here' } keys %{ $of{$side} };
    is_deeply [ sort keys %{ $of{$side} } ], [ sort 'here',
        $server{$side}->sql('shop', 'SELECT roname FROM pg_replication_origin') ], "$side: events have one origin, or none";
    is_deeply $of{$side}{$name}, $of{ $across{$side} }{here}, "$side: one change over there is one event here";
    is $of{$side}{here}{I}, 401, "$side: ... and nothing comes back";
    seal($server{$side}, 'shop');
    my @digest = digest($server{$side}, 'shop');
    is reconciled($server{$side}, 'shop', 'visit'), '', "$side: the table agrees with its events";
    is((outside(stored($server{$side}, 'shop'), @digest))[0], 'proven', "$side: derived from what is stored");
    is_deeply [ map { "@$_" } grep { $_->[1] ne 'proven' } verdicts($server{$side}, 'shop', @digest) ], [], "$side: verified";
}
$server{$_}->sql('shop', 'ALTER SUBSCRIPTION theirs DISABLE; ALTER SUBSCRIPTION theirs SET (slot_name = NONE); DROP SUBSCRIPTION theirs')
    for @side;
$_->close for @writer;

done_testing;
