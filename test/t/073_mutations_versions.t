# Servers from 13 to 18, without the extension: the plain SQL of the profile sql, and a stream that the loader reads,
# give there the digest that the extension gives here, for every type that both have.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Mutations;

my $cluster = start_cluster('server');
for (qw(off on)) {
    $cluster->create_database("from_14_$_", extension => 1);
    make_corpus($cluster, "from_14_$_", 'before', from_14 => $_);
}

# Types whose values a server of another version writes in another way, or does not have at all.
my %other = (
    # Rows of catalogs have no arrays there; cube has no send function, so its tables have the other form.
    13 => qr/multirange|^custody\.digest$|pg_enum|cube|^public\.earth/,
    map { $_ => qr/^custody\.digest$/ } 14, 16, 17, 18,
);
# The text of a "char" above 127 is no valid UTF-8 before 16, and an octal number since.
my $anywhere = qr/\((?:server-made|no value|above 127)\)$/;

sub quoted { return "'" . $_[0] =~ s/'/''/gr . "'" }
sub identifier { return '"' . $_[0] =~ s/"/""/gr . '"' }

# One statement for each table, where %s are its name as a text and as a relation.
sub statements {
    my ($sql, @table) = @_;
    return join "\n", map { sprintf "$sql;", quoted($_), quoted('m.' . identifier($_)) } @table;
}

for my $version (13, 14, 16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 1 unless has_version($version);
        my $shop = $version < 14 ? 'from_14_off' : 'from_14_on';
        my ($rows, $columns) = (rows_of($cluster, $shop), tables($cluster, $shop));
        my $server = start_cluster("pg$version", version => $version);
        $server->create_database('shop');
        make_corpus($server, 'shop', 'before');
        my $there = tables($server, 'shop');
        my $rows_there = rows_of($server, 'shop');
        my @differ = grep { !same_rows($rows->{$_}, $rows_there->{$_}, $columns->{$_}) } grep { $rows->{$_} } sort keys %$there;
        is_deeply [ grep { !/$other{$version}|$anywhere/ } @differ ], [], "$version: a judge finds the same rows here and there";
        my @absent = grep { !$there->{$_} } sort keys %$columns;
        is_deeply [ grep { !/$other{$version}|$anywhere/ } @absent ], [], "$version: in all tables but those of types that it lacks";

        my %differs = map { $_ => 1 } @differ;
        my @table = grep { $rows->{$_} && !$differs{$_} && !/$other{$version}/ } sort keys %$there;
        my $here = mapped($cluster, $shop, pins() . statements(q{SELECT %s, custody.table_digest(%s, profile => 'sql')}, @table));
        my @query = lines($cluster, $shop, pins() . statements(q{SELECT %s, replace(custody.sql_digest_query(%s), E'\n', ' ')}, @table));
        my $digests = mapped($server, 'shop', pins() . 'SET row_security = off;' . join "\n",
            map { 'SELECT ' . quoted($_->[0]) . ", q.* FROM ($_->[1]) q;" } @query);
        is_deeply $digests, $here, "$version: plain SQL gives the extension's digests";
        cmp_ok scalar(keys %$digests), '>', 120, "$version: of all these types";

        my $run = custody('verify', '--source', $server->conninfo('shop'), '--target', $cluster->conninfo($shop), '--schema', 'm', '--json');
        my $report = eval { json($run->{stdout}) } or diag substr $run->{stderr}, -3000;
        my %verdict = map { ($_->{name} // $_->{source} => $_->{verdict}) } @{ $report->{objects} // $report->{tables} // [] };
        my @same = grep { $rows->{$_} && !$differs{$_} } sort keys %$there;
        is_deeply [ grep { ($verdict{"m.$_"} // 'none') ne 'equal' } @same ], [],
            "$version: the loader reads the same from there as the extension here" or diag substr $run->{stderr}, -2000;

        $server->sql('shop', 'UPDATE m.int8 SET v = v + 1 WHERE k = (SELECT min(k) FROM m.int8)');
        my ($query) = grep { $_->[0] eq 'int8' } @query;
        isnt $server->sql('shop', pins() . "SET row_security = off; $query->[1]"), $here->{int8}, "$version: and sees a change";
        $server->stop;
    }
}
done_testing;

# Same keys, and the same texts in these columns.
sub same_rows {
    my ($one, $other, $names) = @_;
    return 0 if keys %$one != keys %$other;
    for my $key (keys %$one) {
        for (@$names) {
            return 0 if ($one->{$key}{$_} // "\0") ne ($other->{$key}{$_} // "\0");
        }
    }
    return 1;
}
