# custody probe over the corpus of leaks: as the role that logs in, on connections of its own and through
# pgbouncer. It flags every leak that the corpus expects of it, and passes their safe twins with exit code 0.
# One shape of each leak that the prober in the server sees as well, one of each way of the others;
# CUSTODY_TEST_SHAPES=all takes all of them.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Test::Pooler;
use Custody::Isolation;

plan skip_all => 'no pgbouncer' unless Custody::Test::Pooler->program;
my $cluster = start_cluster('server', conf => { max_replication_slots => 20, max_connections => 400 });
my $corpus = plant($cluster, 'corpus');
my $key = temporary_directory() . '/app.pem';
$cluster->sql('corpus', custody('token', '--new-key=ed25519', '--kid=app1', '-o', $key)->{stdout});
# Each place is probed as if it were all that the database has. A large object that everybody may read is planted.
$cluster->sql('corpus', q{CREATE TABLE suite.protection AS TABLE custody.protection;
    INSERT INTO custody.exemption (tool, code, object, reason, expires) VALUES
        ('probe', 'large_objects', 'large objects', 'of another place', now() + interval '1 day')});

my %pair;
push @{ $pair{"$_->{leak} $_->{shape}"} }, $_ for @$corpus;
my (@chosen, %seen);
for my $pair (map { $pair{$_} } sort keys %pair) {
    my ($leak) = grep { $_->{side} eq 'leak' } @$pair or next;
    next unless grep { $_ eq 'loader' } @{ $leak->{tools} };
    my ($name) = $leak->{shape} =~ /^[a-z]+_?(.*)/;
    $name = '' if $name ne 'orphan' && grep { $_ eq 'probe' } @{ $leak->{tools} };
    push @chosen, @$pair if ($ENV{CUSTODY_TEST_SHAPES} // '') eq 'all' || !$seen{"$leak->{leak} $name"}++;
}
is_deeply [ grep { !$_->{why} } grep { my $place = $_; $place->{side} eq 'leak' && !grep { $_ eq 'loader' } @{ $place->{tools} } } @$corpus ],
    [], 'what is not expected of it has its reason';

my %user = map { (login($_) => 1) } @chosen;
my %pooler = map { ($_ => Custody::Test::Pooler->start($cluster, 'corpus', users => [ sort keys %user ], size => 1, reset => $_)) } 0, 1;

# Who logs in: the application role, or another one that becomes it in each transaction.
sub login {
    my ($place) = @_;
    my ($login) = map { /^\@login:(\w+)/ } @{ $place->{attack} };
    return $login // $place->{app};
}

# What is left when the twin is safe because its pooler resets connections is left everywhere else, too.
sub accept_texts {
    my ($accepted) = @_;
    $cluster->sql('corpus', q{DELETE FROM custody.exemption WHERE code = 'pooled_statement_text'} . ($accepted ? q{;
        INSERT INTO custody.exemption (tool, code, object, reason, expires)
        VALUES ('probe', 'pooled_statement_text', 'pooler', 'it prepares with parameters', now() + interval '1 day')} : ''));
}

sub probe {
    my ($place) = @_;
    my $of_pooler = $place->{shape} =~ /prepared/;
    $cluster->sql('corpus', qq{TRUNCATE custody.protection; INSERT INTO custody.protection SELECT p.* FROM suite.protection p
        JOIN pg_class c ON c.oid = p.relation WHERE c.relnamespace = '$place->{place}'::regnamespace});
    accept_texts(!$of_pooler);
    my $role = login($place);
    my $pooler = $pooler{ $of_pooler && $place->{side} eq 'twin' ? 1 : 0 };
    my $run = custody('probe', '--target=' . $cluster->conninfo('corpus'), '--role-conninfo=' . $cluster->conninfo('corpus', $role),
        "--key-file=$key", '--kid=app1', '--pooler=' . $pooler->conninfo($role), '--on-clone', '--json',
        $role eq $place->{app} ? () : "--set-role=$place->{app}");
    my $report = eval { json($run->{stdout}) } // die "$place->{place}: $run->{stderr}";
    my @open = grep { $_->{verdict} ne 'held' && !defined $_->{accepted} } @{ $report->{findings} };
    return ($run->{exit}, map { substr "$_->{from} $_->{verdict} $_->{attack} $_->{object}: " . ($_->{detail} // ''), 0, 200 } @open);
}

my (@missed, @alarms, @inside);
for my $place (@chosen) {
    my ($exit, @open) = probe($place);
    if ($place->{side} eq 'twin') { push @alarms, [ $place->{place}, $exit, @open[ 0 .. ($#open < 3 ? $#open : 3) ] ] if $exit != 0 }
    elsif ($exit != 5 || !@open) { push @missed, $place->{place} }
    # What the prober in the server does not see, the connections of the role have to show.
    elsif (!(grep { $_ eq 'probe' } @{ $place->{tools} }) && !grep { /^outside/ } @open) { push @inside, $place->{place} }
}
note scalar(@chosen), ' places';
is_deeply \@missed, [], 'every leak that is expected of it is flagged';
is_deeply \@inside, [], 'from outside, where only that can show it';
is_deeply \@alarms, [], 'every twin is held: exit code 0' or diag explain \@alarms;
done_testing;
