# Every type that a column can have, every change that its values can suffer: seen by custody in every way that it
# has to look, row by row, and nothing else. A judge in plain SQL says first that the stored rows really differ.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Mutations;
use Custody::Mutations::Truth;

my $cluster = start_cluster('server');
for (qw(before after)) {
    $cluster->create_database($_, extension => 1);
    make_corpus($cluster, $_, $_);
}
my $placed = placed($cluster, 'before');
my %rows = map { $_ => rows_of($cluster, $_) } qw(before after);

# The corpus itself.
my $found = differing($rows{before}, $rows{after});
my (@rotten, @odd);
for my $table (sort keys %$placed) {
    for my $key (sort { $a <=> $b } keys %{ $placed->{$table} }) {
        my $place = $placed->{$table}{$key};
        my $expected = $place->{same} ? '' : join ',', sort @{ $place->{columns} };
        my $seen = join ',', @{ delete $found->{$table}{$key} // [] };
        push @rotten, "$table, $place->{what}: \"$seen\" differs, not \"$expected\"" if $seen ne $expected;
    }
    push @odd, map {"$table $_"} keys %{ $found->{$table} };
}
is_deeply \@rotten, [], 'every change changes what is stored where the corpus says';
is_deeply \@odd, [], 'and nothing else differs';
is $cluster->sql('before', 'SELECT count(*) FROM suite.absent'), 0, 'no type is left out';

# Columns may have any type but pseudo types; those of arrays come with their elements, those of relations with one.
my $missing = <<'SQL';
SELECT string_agg(t.oid::regtype::text, ', ' ORDER BY 1)
FROM pg_type t
WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm', 'c') AND t.typisdefined
      AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
      AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
      AND NOT (t.typtype = 'c' AND t.typnamespace = 'custody'::regnamespace) -- of its functions' results
      AND t.oid NOT IN (SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                        WHERE c.relnamespace = 'm'::regnamespace AND c.relkind IN ('r', 'c') AND a.attname IN ('v', 'd', 'o', 'r', 'm', 'in'))
SQL
is $cluster->sql('before', $missing), '', 'no type that a column can have is missing';
$cluster->sql('before', q{CREATE TYPE suite.new AS ENUM ('one')});
is $cluster->sql('before', $missing), 'suite.new', 'one that is would be noticed';

# The digests of the specification, by plain SQL; they differ where the rows do, and nowhere else.
my (%truth, %columns);
my $queries = wire_queries($cluster, 'before');
prepare($cluster, 'after');
for my $side (qw(before after)) {
    $truth{$side} = true_rows($cluster, $side, $queries);
    $columns{$side} = tables($cluster, $side);
}
my (@blind, @nervous);
is scalar(keys %{ $truth{before} }), scalar(keys %{ $columns{before} }), 'every table has its true digest';
for my $table (sort keys %$placed) {
    for my $key (sort { $a <=> $b } keys %{ $placed->{$table} }) {
        my $place = $placed->{$table}{$key};
        for my $profile (qw(fast sql evidence)) {
            my ($old, $new) = map { $truth{$_}{$table}{$key}{$profile}{hash} } qw(before after);
            push @{ $place->{same} ? \@nervous : \@blind }, "$table, $place->{what}, $profile"
                if $place->{same} ? $old ne $new : $old eq $new;
        }
    }
}
is_deeply \@blind, [], 'by the specification every change changes its row';
is_deeply \@nervous, [], 'and what is the same has the same row';

# Rows and tables as the extension reads them, under settings that no digest may depend on.
my $odd = q{SET client_encoding = 'LATIN1'; SET datestyle = 'German'; SET intervalstyle = 'sql_standard'; SET timezone = 'Asia/Tokyo';
    SET extra_float_digits = -5; SET lc_monetary = 'C.UTF-8'; SET bytea_output = 'escape'; SET xmlbinary = 'hex'; SET xmloption = 'document';
    SET quote_all_identifiers = on; SET search_path = m, public;};

my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';

sub quoted { return "'" . $_[0] =~ s/'/''/gr . "'" }

# {table} of SQL for each table, where %1$s is its name as a literal.
sub each_table {
    my ($side, $sql, $settings) = @_;
    return lines($cluster, $side, $odd . ($settings // '') . q{SELECT format($sql$} . $sql
        . q{$sql$, quote_literal(relname), format('m.%I', relname)) FROM pg_class
            WHERE relnamespace = 'm'::regnamespace AND relkind = 'r' AND relname <> 'relation' \gexec});
}

# Rows whose hash is not the true one.
sub wrong_rows {
    my ($profile, $side, @lines) = @_;
    my %left = map { my $table = $_; map { ("$table $_" => $truth{$side}{$table}{$_}) } keys %{ $truth{$side}{$table} } }
        keys %{ $truth{$side} };
    my @wrong = grep { !$_ || delete($left{ $_->[0] })->{$profile}{hash} ne $_->[1] } map { [ "$_->[0] $_->[1]", $_->[2] ] } @lines;
    return [ (map {"$_->[0]: $_->[1]"} @wrong), sort keys %left ];
}

for my $side (qw(before after)) {
    for my $profile (qw(fast sql)) {
        is_deeply wrong_rows($profile, $side, each_table($side,
            "SELECT %1\$s, key[array_upper(key, 1)], encode(row_hash, 'hex') FROM custody.bucket_rows('%2\$s', 1, '{0}', profile => '$profile')")),
            [], "$side, $profile: hashes of rows";
    }
    for my $profile (qw(fast sql evidence)) {
        my $truth = true_digests($profile, $columns{$side}, $truth{$side});
        is_deeply { map { @$_ } each_table($side, "SELECT %1\$s, custody.table_digest('%2\$s', profile => '$profile')") },
            $truth, "$side, $profile: custody.table_digest()";
        next if $profile eq 'evidence';
        is_deeply { map { @$_ } each_table($side, "SELECT %1\$s, custody.digest(t, '$profile') FROM %2\$s t") },
            $truth, "$side, $profile: the aggregate";
        my @single = each_table($side, "SELECT %1\$s, k, custody.row_digest(t, profile => '$profile') FROM %2\$s t");
        is_deeply wrong_rows($profile, $side, map { [ @$_[ 0, 1 ], $_->[2] =~ s/.*://r ] } @single), [], "$side, $profile: custody.row_digest()";
        is_deeply { map { @$_ } each_table($side, "SELECT %1\$s, custody.digest(t, '$profile') FROM %2\$s t", $parallel) },
            $truth, "$side, $profile: the aggregate in parallel workers";
    }
    is scalar(grep { $_->[0] =~ /Parallel Seq Scan/ } each_table($side, 'EXPLAIN SELECT custody.digest(t) FROM %2$s t', $parallel)),
        scalar(keys %{ $columns{$side} }), "$side: there are workers for each of them";
    # The plain SQL is made by the extension and runs anywhere.
    my @query = map { "SELECT " . quoted($_->[0]) . ", q.* FROM (" . $_->[1] . ") q;\n" } each_table($side,
        "SELECT %1\$s, replace(custody.sql_digest_query('%2\$s'), E'\\n', ' ')");
    is_deeply mapped($cluster, $side, pins() . "SET row_security = off;\n@query"), true_digests('sql', $columns{$side}, $truth{$side}),
        "$side: plain SQL";
}

done_testing;
