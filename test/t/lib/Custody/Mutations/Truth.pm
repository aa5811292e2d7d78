# Digests by docs/wire-format.md alone: wire rows that plain SQL makes (test/vectors/canonical.sql), hashed by xxhsum
# and Digest::SHA, added up here. None of custody's code runs.
package Custody::Mutations::Truth;

use strict;
use warnings;
use utf8;
use Custody::Mutations;
use Custody::Test ();
use Digest::SHA qw(sha256 sha256_hex);
use Math::BigInt;

use parent qw(Exporter);
our @EXPORT = qw(prepare wire_queries true_rows true_digests);

# Makes the functions that write wire rows, once for a database.
sub prepare {
    my ($cluster, $database) = @_;
    my $top = Custody::Test::source_directory();
    $cluster->sql($database, 'CREATE SCHEMA IF NOT EXISTS vectors');
    $cluster->file($database, "$top/test/vectors/canonical.sql");
    $cluster->file($database, "$top/test/data/mutations/truth.sql");
    return;
}

# SQL that reads the wire rows of all tables of schema m. Slow, and the same in every database with these tables.
sub wire_queries {
    my ($cluster, $database) = @_;
    prepare($cluster, $database);
    return pins() . $cluster->sql($database, pins() . <<'SQL');
SELECT format('SELECT %L, k, fast_form, encode(fast, ''hex''), sql_form, encode(sql, ''hex'') FROM (%s) w;', relname,
              suite.wire_sql(oid, NULL))
FROM pg_class WHERE relnamespace = 'm'::regnamespace AND relkind = 'r' AND relname <> 'relation'
SQL
}

# {table}{key}{profile} = {form, hash (hexadecimal)} of what these queries read.
sub true_rows {
    my ($cluster, $database, $queries) = @_;
    my (%rows, %xxh);
    for (lines($cluster, $database, $queries)) {
        my ($table, $key, $fast_form, $fast, $sql_form, $sql) = @$_;
        $rows{$table}{$key} = {
            fast => { form => $fast_form, wire => $fast },
            evidence => { form => $fast_form, hash => sha256_hex(pack 'H*', $fast) },
            sql => { form => $sql_form, hash => sha256_hex(pack 'H*', $sql) },
        };
        push @{ $xxh{$fast} }, $rows{$table}{$key}{fast};
    }
    hash_all(\%xxh);
    return \%rows;
}

# XXH3-128 of many byte strings by one call of xxhsum.
sub hash_all {
    my ($wires) = @_;
    my @wire = sort keys %$wires;
    my $directory = Custody::Test::temporary_directory() . '/wires';
    mkdir $directory;
    for my $i (0 .. $#wire) {
        open my $file, '>:raw', "$directory/$i" or die "cannot write $directory/$i: $!";
        print $file pack 'H*', $wire[$i];
        close $file;
    }
    my $run = Custody::Test::run_command('sh', '-c', 'cd "$0" && ls | xargs xxhsum -H2; rm -rf "$0"', $directory);
    die "xxhsum: $run->{stderr}" if $run->{exit};
    for (split /\n/, $run->{stdout}) {
        my ($hash, $i) = /^([0-9a-f]{32})  (\d+)$/ or die "xxhsum said: $_";
        $_->{hash} = $hash for @{ $wires->{ $wire[$i] } };
    }
    return;
}

# First 8 bytes of the SHA-256 of the names as a wire row.
sub fingerprint {
    my (@name) = @_;
    my $row = pack 'n', scalar @name;
    for (@name) {
        utf8::encode(my $bytes = $_);
        $row .= pack 'N/a', $bytes;
    }
    return substr sha256_hex($row), 0, 16;
}

sub sum {
    my ($digits, @hash) = @_;
    my $sum = Math::BigInt->new(0);
    $sum->badd(Math::BigInt->from_hex($_)) for @hash;
    my $hex = $sum->bmod(Math::BigInt->new(2)->bpow(4 * $digits))->to_hex;
    return '0' x ($digits - length $hex) . $hex;
}

# Four lanes of 64 bits, each added up on its own.
sub lanes {
    my (@hash) = @_;
    return join '', map { my $at = 16 * $_; sum(16, map { substr $_, $at, 16 } @hash) } 0 .. 3;
}

# Merkle root over 1024 buckets of sorted row hashes.
sub root {
    my (@hash) = @_;
    my @bucket = map { [] } 1 .. 1024;
    push @{ $bucket[ hex(substr $_, -4) % 1024 ] }, pack 'H*', $_ for @hash;
    my @node = map {
        sha256("\0" . pack('NQ>', $_, scalar @{ $bucket[$_] }) . sha256(join '', sort @{ $bucket[$_] }))
    } 0 .. 1023;
    @node = map { sha256("\1$node[2 * $_]$node[2 * $_ + 1]") } 0 .. @node / 2 - 1 while @node > 1;
    return unpack 'H*', $node[0];
}

my %total = (fast => sub { sum(32, @_) }, sql => \&lanes, evidence => \&root);

# The text form of a digest of these rows, the values of one table of true_rows.
sub digest_of {
    my ($profile, $columns, @row) = @_;
    my $form = @row ? $row[0]{$profile}{form} : die "the form of no rows is not known\n";
    return join ':', 1, $profile, $form, fingerprint(@$columns), scalar @row,
        $total{$profile}->(map { $_->{$profile}{hash} } @row);
}

# {table} = text form, for all tables; columns as tables() has them.
sub true_digests {
    my ($profile, $columns, $rows) = @_;
    return { map { $_ => digest_of($profile, $columns->{$_}, values %{ $rows->{$_} }) } keys %$rows };
}

1;
