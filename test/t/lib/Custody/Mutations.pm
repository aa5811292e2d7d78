# The corpus of test/data/mutations.sql in databases, and what a judge that knows nothing of custody
# reads there: rows as COPY TEXT writes them.
package Custody::Mutations;

use strict;
use warnings;
use utf8;
use Custody::Test ();

use parent qw(Exporter);
our @EXPORT = qw(make_corpus tables placed rows_of differing pins lines mapped);

# The settings that output functions depend on, as docs/wire-format.md pins them.
my $pins = <<'SQL';
SET client_encoding = 'UTF8'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmlbinary = 'base64'; SET xmloption = 'content';
SET lc_monetary = 'C'; SET search_path = ''; SET quote_all_identifiers = off;
SQL

sub pins { return $pins }

# Makes the tables of one side (before, after) in a database that is there.
sub make_corpus {
    my ($cluster, $database, $side, %option) = @_;
    $cluster->file($database, Custody::Test::source_directory() . '/test/data/mutations.sql',
        variables => { side => $side, map { $_ => $option{$_} // 'on' } qw(unicode from_14) });
    return;
}

# Output of SQL as lines of fields.
sub lines {
    my ($cluster, $database, $sql, %option) = @_;
    my $text = $cluster->sql($database, "\\pset fieldsep '\\t'\n$sql", %option);
    utf8::decode($text);
    return map { [ split /\t/, $_, -1 ] } split /\n/, $text;
}

# Lines of two fields as a hash.
sub mapped { return { map { @$_[ 0, 1 ] } lines(@_) } }

# Tables of schema m, with their columns in the order of their names.
sub tables {
    my ($cluster, $database) = @_;
    my %columns;
    push @{ $columns{ $_->[0] } }, $_->[1] for lines($cluster, $database, <<'SQL');
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1, a.attname COLLATE "C"
SQL
    delete $columns{relation};
    return \%columns;
}

# What the corpus says of its rows: {table}{key} = {columns => [...], what => text, same => 0 or 1}.
sub placed {
    my ($cluster, $database) = @_;
    my %placed;
    for (lines($cluster, $database, 'SELECT tab, k, col, what, same::int FROM suite.place')) {
        my ($table, $key, $columns, $what, $same) = @$_;
        $placed{$table}{$key} = { columns => [ split /,/, $columns ], what => $what, same => $same };
    }
    return \%placed;
}

# {table}{key}{column} = text, undef for NULL: COPY's own text under the pinned settings.
sub rows_of {
    my ($cluster, $database) = @_;
    my $columns = tables($cluster, $database);
    my $script = $pins;
    for my $table (sort keys %$columns) {
        $script .= "\\echo =$table\nCOPY (SELECT k, " . join(', ', map {"\"$_\""} @{ $columns->{$table} })
            . " FROM m.\"$table\" ORDER BY k) TO STDOUT;\n" =~ s/(?<=m\.")(.*)(?=" ORDER)/$1 =~ s{"}{""}gr/er;
    }
    my $text = $cluster->sql($database, $script);
    my (%rows, $table);
    for (split /\n/, $text) {
        if (/^=(.*)/) { $table = $1; $rows{$table} = {}; next }
        my ($key, @value) = map { $_ eq '\N' ? undef : $_ } split /\t/, $_, -1;
        @{ $rows{$table}{$key} }{ @{ $columns->{$table} } } = @value;
    }
    return \%rows;
}

# What the judge finds different: {table}{key} = [columns].
sub differing {
    my ($before, $after) = @_;
    my %found;
    for my $table (keys %$before) {
        for my $key (keys %{ $before->{$table} }) {
            my ($old, $new) = map { $_->{$table}{$key} } $before, $after;
            my @columns = grep { ($old->{$_} // "\0") ne ($new->{$_} // "\0") } sort keys %$old;
            $found{$table}{$key} = \@columns if @columns;
        }
    }
    return \%found;
}

1;
