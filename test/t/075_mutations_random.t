# Random tables with random values: the digests of the extension, of plain SQL and of the specification are one; the
# loader finds them equal on both sides, and a random change in one of them there, and only there.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Mutations;
use Custody::Mutations::Truth;

my $cluster = start_cluster('server');
$cluster->create_database('random', extension => 1);
my $top = source_directory() . '/test/data/mutations';
$cluster->file('random', "$top/types.sql");
$cluster->file('random', "$top/random.sql");
$cluster->sql('random', 'SELECT suite.make_random(' . seed() . ', 25, 40)');
my $single = $cluster->sql('random', q{SELECT count(*) FROM pg_class WHERE relname ~ '^s[0-9]+$' AND relnamespace = 'm'::regnamespace});
my $tables = "(SELECT 'r' || i AS t FROM generate_series(1, 25) i UNION ALL SELECT 's' || i FROM generate_series(1, $single) i)";

my $truth = true_rows($cluster, 'random', wire_queries($cluster, 'random'));
my $columns = tables($cluster, 'random');
cmp_ok $single, '>', 60, 'types alone';
is scalar(keys %$truth), 25 + $single, 'tables';
for my $profile (qw(fast sql evidence)) {
    my $expected = true_digests($profile, $columns, $truth);
    for my $path ("SELECT %1\$L, custody.table_digest('m.%1\$I', profile => '$profile')", "SELECT %1\$L, custody.digest(t, '$profile') FROM m.%1\$I t") {
        next if $profile eq 'evidence' && $path =~ /FROM/;
        is_deeply mapped($cluster, 'random', "SELECT format(\$\$$path\$\$, t) FROM $tables n \\gexec"), $expected, $path;
    }
}
my $queries = $cluster->sql('random', qq{SELECT format('SELECT %L, q.* FROM (%s) q;', t, custody.sql_digest_query('m.' || t)) FROM $tables n});
is_deeply mapped($cluster, 'random', pins() . "SET row_security = off; $queries"), true_digests('sql', $columns, $truth), 'plain SQL';

# A copy made by pg_dump, without the extension, and then with one value less somewhere.
$cluster->create_database('copy');
my $dump = temporary_directory() . '/dump.sql';
my $dumped = run_command(program('pg_dump'), '-d', $cluster->conninfo('random'), '-n', 'm', '-e', 'hstore', '-e', 'citext', '-f', $dump);
is $dumped->{exit}, 0, 'pg_dump' or diag $dumped->{stderr};
$cluster->file('copy', $dump);

sub unequal {
    my (@option) = @_;
    my $run = custody('verify', '--source', $cluster->conninfo('copy'), '--target', $cluster->conninfo('random'), '--table', 'm.r*', '--json', @option);
    my $report = eval { json($run->{stdout}) } or diag substr $run->{stderr}, -3000;
    return [ $run->{exit}, map { ($_->{name} // $_->{source}) } grep { $_->{verdict} ne 'equal' } @{ $report->{objects} // $report->{tables} // [] } ];
}

my @ways = ([], [ '--method', 'stream' ], [ '--method', 'sql' ]);
is_deeply unequal(@$_), [0], "equal: @$_" for @ways;
for (1 .. 3) {
    my $table = 'r' . (1 + random_below(25));
    my @names = grep { $_ ne 'k' } @{ $columns->{$table} };
    my $name = $names[ random_below(scalar @names) ];
    my $gone = $cluster->sql('copy', qq{UPDATE m.$table SET "$name" = NULL WHERE k = (SELECT min(k) FROM m.$table
        WHERE "$name"::text IS NOT NULL) RETURNING k});
    next if $gone eq '';
    is_deeply unequal(@$_), [ 5, "m.$table" ], "$name of row $gone of $table: @$_" for @ways;
    $cluster->sql('copy', "DELETE FROM m.$table WHERE k = $gone");
    $cluster->sql('random', "DELETE FROM m.$table WHERE k = $gone");
}
is_deeply unequal(), [0], 'equal again';
done_testing;
