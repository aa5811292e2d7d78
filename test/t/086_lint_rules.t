# Every rule of the linter finds what was planted for it, as often as it was planted, and nothing in the safe twin, on
# every version of the server.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Lint;

my $cluster = start_cluster('server');
$cluster->create_database('lint', extension => 1);
my @rule = map { { %$_ } } @{ json($cluster->sql('lint', 'SELECT json_agg(r) FROM custody.lint_rules() r')) };
my $cases = lint_cases();
my %known = map { ("$_->{code}_$_->{name}" => $_) } @rule;
is_deeply [ sort keys %$cases ], [ sort keys %known ], 'every rule has a case, and every case its rule';
is scalar(keys %{ { map { $_->{code} => 1 } @rule } }), scalar(@rule), 'no code is used twice';

open my $page, '<:utf8', source_directory() . '/docs/isolation.md' or die "docs/isolation.md: $!";
my ($section) = do { local $/; <$page> } =~ /^## Lint\n(.*?)^## /ms;
my %told = map { $_ => 1 } $section =~ /\b(L\d{3})\b/g;
is_deeply [ sort keys %told ], [ sort map { $_->{code} } @rule ], 'the page says of every rule which leak it is for';

sub cases_ok {
    my ($server, $version) = @_;
    my @wanted = grep { $known{$_}{since} <= $version * 10000 } sort keys %known;
    @wanted = grep { $known{$_}{needs} ne 'custody' } @wanted if $server != $cluster;
    @wanted = grep { $version < ($cases->{$_}{before} // 1000) } @wanted;
    my @text = map { $server == $cluster ? $known{$_}{query} : without_custody($known{$_}{query}) } @wanted;
    my $found = run_cases($server, 'lint', $cases, map { [ $wanted[$_], $text[$_] ] } 0 .. $#wanted);
    is $found->{error} // '', '', "$version: all rules run";
    my @silent = grep { @{ $found->{$_}{planted} } != $cases->{$_}{count} } @wanted;
    is_deeply \@silent, [], "$version: each finds what was planted"
        or diag explain { map { $_ => [ $cases->{$_}{count}, $found->{$_}{planted} ] } @silent };
    my @wrong = grep { @{ $found->{$_}{safe} } } @wanted;
    is_deeply \@wrong, [], "$version: and nothing in the safe twin" or diag explain { map { $_ => $found->{$_}{safe} } @wrong };
    cmp_ok scalar(@wanted), '>', 50, "$version: " . @wanted . ' rules';
    return;
}

# As the loader does it.
sub without_custody {
    my ($query) = @_;
    my ($with, $none) = map { open my $file, '<', source_directory() . "/sql/lint/parts/20_protection.$_" or die $!; local $/; <$file> }
        qw(sql none);
    chomp($with, $none);
    my $at = index $query, $with;
    substr $query, $at, length $with, $none if $at >= 0;
    return $query;
}

cases_ok($cluster, int($cluster->sql('lint', 'SHOW server_version_num') / 10000));
$cluster->stop;
for my $version (13, 14, 16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 4 unless has_version($version);
        my $server = start_cluster("pg$version", version => $version);
        $server->create_database('lint');
        cases_ok($server, $version);
        $server->stop;
    }
}
done_testing;
