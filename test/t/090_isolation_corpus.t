# The corpus of leaks is what it says: each planted one leaks, each twin does not. Plain SQL as the
# application role says so; of custody it needs the context alone.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Isolation;

my $cluster = start_cluster('server', conf => { max_replication_slots => 20 });
my $corpus = plant($cluster, 'corpus');

my (@rotten, @counted);
for my $place (@$corpus) {
    my $verdict = judge($cluster, 'corpus', $place);
    my $expected = $place->{side} eq 'leak' ? qr/^leak/ : qr/^held/;
    note "$place->{place}: $verdict";
    push @rotten, "$place->{place}: $verdict" if $verdict !~ $expected;
    $counted[ $place->{leak} ]{ $place->{side} }++;
}
is_deeply \@rotten, [], 'each leak leaks and each twin does not' or diag explain \@rotten;
my @thin = grep { ($counted[$_]{twin} // 0) < 3 } 1 .. 40;
is_deeply \@thin, [], 'three shapes or more of each of the forty';
is_deeply [ grep { !$counted[$_]{leak} } 1 .. 40 ], [ 25 .. 28 ], 'all but the server\'s own can be planted';

# The judge can say the opposite.
$cluster->sql('corpus', 'ALTER TABLE twin04_plain.doc DISABLE ROW LEVEL SECURITY');
my ($twin) = grep { $_->{place} eq 'twin04_plain' } @$corpus;
like judge($cluster, 'corpus', $twin), qr/^leak/, 'a twin that is opened leaks';

done_testing;
