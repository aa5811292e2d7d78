package Schema;
# Compares what pg_dump -s says of two databases, entry by entry, so that the order of entries does not count.
use strict;
use warnings;

# Statements that set a state for the entries after them; which entry they stand before depends on the order.
my $state_line = qr/^SET default_(tablespace|table_access_method) = (.*);$/;

sub dump_text {
    my ($option, $conninfo) = @_;
    my @arguments = ('-s', map { ('-N', qq("$_")) } map { s/"/""/gr } @{ $option->{excluded} });
    push @arguments, '--no-owner'      if $option->{'no-owner'};
    push @arguments, '--no-privileges' if $option->{'no-privileges'};
    open my $pipe, '-|', 'pg_dump', @arguments, '-d', $conninfo or die "could not start pg_dump: $!\n";
    my $text = do { local $/; <$pipe> };
    close $pipe or die "pg_dump failed for \"$conninfo\"\n";
    return $text;
}

# An entry's lines without what may differ between equal databases.
sub normalise {
    my ($header, $body, $state) = @_;
    my @lines;
    for my $line (split /\n/, $body) {
        if ($line =~ $state_line) { $state->{$1} = $2 }
        elsif ($line !~ /^\\(un)?restrict |^--$|^-- PostgreSQL database dump complete/) { push @lines, $line }
    }
    return if $header =~ /; Type: (EXTENSION|COMMENT);/ && $header =~ /Name: (EXTENSION )?custody; /;
    @lines = sort @lines if $header =~ /; Type: (DEFAULT )?ACL;/;
    # A restore puts inherited columns first, where the original may have got them later.
    @lines = sort map { s/,$//r } @lines if grep { /^INHERITS \(/ } @lines;
    return join "\n", grep { $_ ne '' } @lines;
}

sub entries {
    my ($option, $conninfo) = @_;
    my ($preamble, @parts) =
      split /^--\n(-- Name: .*; Type: .*; Schema: .*; Owner: .*|-- Name: .*; Type: .*; Schema: .*)\n--\n/m,
      dump_text($option, $conninfo);
    my ($version) = $preamble =~ /^-- Dumped from database version (\d+)/m;
    my %state = (tablespace => "''", table_access_method => '');
    my %entries;
    normalise('', $preamble, \%state);
    while (my ($header, $body) = splice @parts, 0, 2) {
        my %before = %state;
        my $text = normalise($header, $body, \%state);
        next unless defined $text;
        $text .= "\n-- access method $before{table_access_method}" if $header =~ /; Type: (TABLE|MATERIALIZED VIEW);/;
        $text .= "\n-- tablespace $before{tablespace}" if $header =~ /; Type: (TABLE|INDEX|MATERIALIZED VIEW);/;
        push @{ $entries{$header} }, $text;
    }
    return ($version, map { $_ => join "\n", sort @{ $entries{$_} } } keys %entries);
}

# The lines of two texts that only one of them has.
sub changed_lines {
    my ($first, $second) = @_;
    my %count;
    $count{$_}++ for split /\n/, $first;
    $count{$_}-- for split /\n/, $second;
    return map { ($count{$_} > 0 ? 'A' : 'B') . " has \"$_\"" } grep { $count{$_} } sort keys %count;
}

sub differences {
    my ($option, @conninfo) = @_;
    my ($version_a, %a) = entries($option, $conninfo[0]);
    my ($version_b, %b) = entries($option, $conninfo[1]);
    # Ranges got multiranges with 14.
    if ($version_a < 14 || $version_b < 14) { s/^    multirange_type_name = .*\n//m for values %a, values %b }
    my @found;
    for my $header (sort keys %{ { %a, %b } }) {
        my $name = $header =~ s/^-- //r;
        if    (!exists $b{$header}) { push @found, "schema: only in A: $name" }
        elsif (!exists $a{$header}) { push @found, "schema: only in B: $name" }
        elsif ($a{$header} ne $b{$header}) {
            my @lines = changed_lines($a{$header}, $b{$header});
            push @found, "schema: differs: $name: " . (@lines ? join '; ', @lines : 'the order of its lines');
        }
    }
    return @found;
}

1;
