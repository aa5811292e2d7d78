package Rows;
# Compares the rows of two databases: per table a count, and the SHA-256 of its sorted COPY text.
use strict;
use warnings;
use Catalog;

my $pinned = <<'SQL';
SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
SET extra_float_digits = 3; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmloption = 'content';
SET search_path = ''; SET row_security = off; SET statement_timeout = 0; SET lock_timeout = '60s';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SQL

# Every table that holds rows of its own; of extensions' tables those, and of these the rows, that a dump carries.
# Columns go by name, because a target may have them in another order.
sub tables {
    my ($option, $conninfo) = @_;
    my $excluded = Catalog::literal_list(@{ $option->{excluded} });
    return Catalog::query($conninfo, <<"SQL");
SELECT format('%I.%I', n.nspname, c.relname),
       format('(SELECT %s FROM ONLY %I.%I %s)',
              (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
               FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
              n.nspname, c.relname, e.condition),
       format('(SELECT count(*) FROM ONLY %I.%I %s)', n.nspname, c.relname, e.condition)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
     LEFT JOIN LATERAL (SELECT x.extcondition[array_position(x.extconfig, c.oid)] AS condition
                        FROM pg_extension x WHERE x.oid = d.refobjid AND c.oid = ANY (x.extconfig)) e ON true
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND n.nspname <> ALL (ARRAY[$excluded]) AND (d.objid IS NULL OR e.condition IS NOT NULL)
SQL
}

# Starts psql, which leaves two lines per table in a file: its count and its hash.
sub start {
    my ($option, $conninfo, $side, $tables) = @_;
    my $output = "$option->{scratch}/$side.txt";
    my $script = "$option->{scratch}/$side.sql";
    open my $file, '>', $script or die "could not write \"$script\": $!\n";
    print $file $pinned;
    for my $table (@$tables) {
        my (undef, $rows, $count) = @$table;
        print $file "COPY $count TO STDOUT \\g |cat >> '$output'\n";
        # A failing sort must end as a difference.
        print $file "COPY $rows TO STDOUT \\g |(LC_ALL=C sort -S 64M || echo \$\$) | sha256sum >> '$output'\n";
    }
    close $file or die "could not write \"$script\": $!\n";
    open my $touched, '>', $output or die "could not write \"$output\": $!\n";
    my $pid = fork // die "could not fork: $!\n";
    exec 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', $script, '-d', $conninfo if $pid == 0;
    return { pid => $pid, output => $output, tables => $tables, conninfo => $conninfo };
}

sub finish {
    my ($run) = @_;
    waitpid $run->{pid}, 0;
    die "psql failed for \"$run->{conninfo}\"\n" if $?;
    open my $file, '<', $run->{output} or die "could not read \"$run->{output}\": $!\n";
    chomp(my @lines = <$file>);
    die "expected two lines per table, got " . @lines . "\n" if @lines != 2 * @{ $run->{tables} };
    my %results;
    $results{ $_->[0] } = [ splice @lines, 0, 2 ] for @{ $run->{tables} };
    return %results;
}

sub differences {
    my ($option, @conninfo) = @_;
    my @tables = map { [ tables($option, $_) ] } @conninfo;
    my @runs = map { start($option, $conninfo[$_], $_ ? 'b' : 'a', $tables[$_]) } 0, 1;
    my ($a, $b) = map { +{ finish($_) } } @runs;
    my @found;
    for my $table (sort keys %{ { %$a, %$b } }) {
        if    (!$b->{$table}) { push @found, "rows: only A has $table" }
        elsif (!$a->{$table}) { push @found, "rows: only B has $table" }
        elsif ($a->{$table}[0] ne $b->{$table}[0]) {
            push @found, "rows: $table has $a->{$table}[0] rows in A, $b->{$table}[0] in B";
        }
        elsif ($a->{$table}[1] ne $b->{$table}[1]) { push @found, "rows: $table holds other values" }
    }
    return @found;
}

1;
