# The prover, the prober and the linter over the corpus of leaks: together they flag every planted one and
# none of the safe twins, and each of them exactly those that it is expected to.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Isolation;

my $cluster = start_cluster('server', conf => { max_replication_slots => 20 });
my $corpus = plant($cluster, 'corpus');
my %flagged = map { $_ => flagged($cluster, 'corpus', $_) } qw(prove probe lint);

for my $tool (qw(prove probe lint)) {
    my (@missed, @surprises, @alarms);
    for my $place (@$corpus) {
        my $seen = $flagged{$tool}{ $place->{place} };
        my $expected = grep { $_ eq $tool } @{ $place->{tools} };
        if ($place->{side} eq 'twin') { push @alarms, "$place->{place}: @$seen" if $seen }
        elsif ($expected) { push @missed, $place->{place} if !$seen }
        elsif ($seen) { push @surprises, "$place->{place}: @$seen" }
    }
    is_deeply \@alarms, [], "$tool: no false alarm" or diag explain \@alarms;
    is_deeply \@missed, [], "$tool: every leak that it is expected to flag" or diag explain \@missed;
    is_deeply \@surprises, [], "$tool: and no other" or diag explain \@surprises;
}

# What nobody flags, and why. (What only the loader's probe can flag is 093's.)
my @silent = grep { $_->{side} eq 'leak' && !@{ $_->{tools} } } @$corpus;
is_deeply [ grep { !$_->{why} } @silent ], [], 'what no tool can see has its reason';
note "$_->{place}: $_->{why}" for @silent;
my @unflagged = grep { my $place = $_; !grep { $flagged{$_}{ $place->{place} } } keys %flagged }
    grep { $_->{side} eq 'leak' && grep { $_ ne 'loader' } @{ $_->{tools} } } @$corpus;
is_deeply [ map { $_->{place} } @unflagged ], [], 'all others are flagged by one of them';

done_testing;
