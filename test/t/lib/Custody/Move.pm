# A whole move by the loader and all that has to be true after it, and after its target was tampered with.
package Custody::Move;

use strict;
use warnings;
use utf8;
use Custody::Judge;
use Custody::Test ();
use List::Util qw(sum0);
use Test::More;

use parent qw(Exporter);
our @EXPORT = qw(move_ok tamper_ok);

sub ends {
    my ($source, $target) = @_;
    return ('--source', $source->[0]->conninfo($source->[1]), '--target', $target->[0]->conninfo($target->[1]));
}

# How many relations hold rows of their own.
sub relations {
    my ($source) = @_;
    return $source->[0]->sql($source->[1], <<'SQL');
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
SQL
}

# What of a report (tables by their source's name) or of a comparison (objects) is not equal, with its verdict.
sub unequal {
    my ($report) = @_;
    return map { ($_->{name} // $_->{source}) . ": $_->{verdict}" }
        grep { $_->{verdict} ne 'equal' } @{ $report->{objects} // $report->{tables} };
}

# Moves [CLUSTER, DATABASE] to an empty one that has the extension, and looks at the result from all sides.
sub move_ok {
    my ($source, $target, @option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = Custody::Test::custody('run', ends($source, $target), '--roles', '--jobs', 2, '--json', @option);
    is $run->{exit}, 0, 'custody run: done and verified' or diag substr $run->{stderr}, -5000;
    my $report = eval { Custody::Test::json($run->{stdout}) } // {};
    is_deeply [ unequal($report) ], [], 'every table of its report is equal';
    is sum0(map { @{ $_->{partitions} } || 1 } @{ $report->{tables} }), relations($source),
        'and every relation with rows is in it';
    same_ok($source, $target, 'a judge without custody finds the same', '--database');

    my $verify = Custody::Test::custody('verify', ends($source, $target), '--json');
    is $verify->{exit}, 0, 'custody verify: still equal' or diag substr $verify->{stderr}, -5000;
    return $report;
}

# Changes rows of one table on the target behind custody's back; custody verify has to name it, and it alone.
sub tamper_ok {
    my ($source, $target, $table, $sql) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $target->[0]->sql($target->[1], "SET session_replication_role = replica; $sql");
    my $verify = Custody::Test::custody('verify', ends($source, $target), '--json');
    is $verify->{exit}, 5, "custody verify refuses after: $sql" or diag substr $verify->{stderr}, -5000;
    my $report = eval { Custody::Test::json($verify->{stdout}) } // {};
    is_deeply [ unequal($report) ], ["$table: different"], "and names $table";
    return;
}

1;
