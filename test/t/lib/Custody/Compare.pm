# custody compare, and what it says as a list of lines: "different column app.calls.note: default, type".
package Custody::Compare;

use strict;
use warnings;
use utf8;
use Custody::Test ();
use Test::More;

use parent qw(Exporter);
our @EXPORT = qw(compare_databases compare_lines finds_ok);

# compare_databases([CLUSTER, DATABASE], [CLUSTER, DATABASE], OPTIONS): exit code, output, and the JSON as {report}.
sub compare_databases {
    my ($source, $target, @option) = @_;
    my $result = Custody::Test::custody('compare', '--quiet', '--json',
        '--source', $source->[0]->conninfo(@$source[1, 2]), '--target', $target->[0]->conninfo(@$target[1, 2]), @option);
    $result->{report} = eval { Custody::Test::json($result->{stdout}) } // {};
    return $result;
}

sub compare_lines {
    my ($report) = @_;
    return sort map {
        my $entry = $_;
        my @property = map { $_->{property} } grep { !defined $_->{ignored} } @{ $entry->{properties} };
        "$entry->{change} $entry->{kind} $entry->{name}" . (@property ? ': ' . join(', ', sort @property) : '');
    } @{ $report->{differences} };
}

# A test: exactly these differences are found, and the exit code tells.
sub finds_ok {
    my ($source, $target, $expected, $name, @option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $result = compare_databases($source, $target, @option);
    my @found = compare_lines($result->{report});
    my $exit = @$expected ? 5 : 0;
    return 1 if is_deeply([ $result->{exit}, @found ], [ $exit, sort @$expected ], $name);
    my (%found, %expected);
    $found{$_}++ for @found;
    $expected{$_}++ for @$expected;
    diag explain({
        not_found => [ grep { !$found{$_} } @$expected ],
        not_expected => [ grep { !$expected{$_} } @found ],
        stderr => $result->{stderr}, unverified => $result->{report}{unverified},
    });
    return 0;
}

1;
