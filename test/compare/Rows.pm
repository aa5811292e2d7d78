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
# Columns go by name, because a target may have them in another order. A hash partitioned table is read as one: in
# which partition a row belongs may depend on OIDs, and is looked at in misplaced().
sub tables {
    my ($option, $conninfo) = @_;
    my $scope = Catalog::scope($option);
    return Catalog::query($conninfo, <<"SQL");
$scope, hashed AS (SELECT p.partrelid AS root, t.relid FROM pg_partitioned_table p, pg_partition_tree(p.partrelid) t
                   WHERE p.partstrat = 'h')
SELECT format('%I.%I', n.nspname, c.relname),
       format('(SELECT %s FROM %s %I.%I %s)',
              (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
               FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
              kind.reach, n.nspname, c.relname, e.condition),
       format('(SELECT count(*) FROM %s %I.%I %s)', kind.reach, n.nspname, c.relname, e.condition)
FROM pg_class c JOIN scope n ON n.oid = c.relnamespace
     JOIN (VALUES ('r', 'ONLY'), ('p', '')) AS kind (relkind, reach) ON kind.relkind = c.relkind::text
     LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
     LEFT JOIN LATERAL (SELECT x.extcondition[array_position(x.extconfig, c.oid)] AS condition
                        FROM pg_extension x WHERE x.oid = d.refobjid AND c.oid = ANY (x.extconfig)) e ON true
WHERE c.relpersistence <> 't' AND (d.objid IS NULL OR e.condition IS NOT NULL)
      AND (c.relkind = 'r' OR c.oid IN (SELECT root FROM hashed))
      AND c.oid NOT IN (SELECT relid FROM hashed WHERE relid <> root)
SQL
}

# Rows that a partition holds though its bounds forbid it: queries find them or not, by their plan.
sub misplaced {
    my ($option, $conninfo, $side) = @_;
    my $scope = Catalog::scope($option);
    my @queries = Catalog::query($conninfo, <<"SQL");
$scope SELECT format('SELECT %L, count(*) FROM ONLY %I.%I WHERE NOT (%s)', format('%I.%I', n.nspname, c.relname), n.nspname,
                     c.relname, pg_get_partition_constraintdef(c.oid))
FROM pg_class c JOIN scope n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relispartition AND pg_get_partition_constraintdef(c.oid) <> ''
SQL
    return () unless @queries;
    my @counts = Catalog::query($conninfo, join ' UNION ALL ', map { $_->[0] } @queries);
    return map { "rows: $_->[1] of $_->[0] lie outside of its bounds in $side" } grep { $_->[1] > 0 } @counts;
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
    return @found, misplaced($option, $conninfo[0], 'A'), misplaced($option, $conninfo[1], 'B');
}

1;
