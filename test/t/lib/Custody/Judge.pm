# Runs test/compare/same, the judge that knows nothing of custody, on two databases.
package Custody::Judge;

use strict;
use warnings;
use Custody::Test ();

use parent qw(Exporter);
our @EXPORT = qw(compare same_ok copy_database);

# compare([CLUSTER, DATABASE], [CLUSTER, DATABASE], OPTIONS): exit code and output of the judge.
sub compare {
    my ($first, $second, @option) = @_;
    my ($bin) = Custody::Test::program('psql') =~ m{^(.*)/};
    return Custody::Test::run_command(
        Custody::Test::source_directory() . '/test/compare/same',
        @option, map({ $_->[0]->conninfo($_->[1]) } $first, $second),
        { env => { PATH => "$bin:$ENV{PATH}" } },
    );
}

# A test: the two hold the same.
sub same_ok {
    my ($first, $second, $name, @option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $judged = compare($first, $second, @option);
    return Test::More::is($judged->{exit}, 0, $name)
        || Test::More::diag(substr "$judged->{stdout}$judged->{stderr}", 0, 10_000);
}

# Fills a database with another one's content the classic way, pg_dump | psql.
sub copy_database {
    my ($from, $to) = @_;
    my $text = Custody::Test::temporary_directory() . '/dump.sql';
    my $dump = Custody::Test::run_command(Custody::Test::program('pg_dump'),
        '-d', $from->[0]->conninfo($from->[1]), '-f', $text);
    die "pg_dump failed: $dump->{stderr}" if $dump->{exit};
    $to->[0]->file($to->[1], $text);
    unlink $text;
    return;
}

1;
