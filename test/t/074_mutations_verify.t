# custody verify over the whole corpus: client, extension and plain SQL agree on what is equal, and each way finds
# every table, row and column in which a judge finds a difference, and no other.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Mutations;

# The extension is where its name says so; "bare" databases have none.
my $cluster = start_cluster('server');
my %side = (before => 'before', after => 'after', bare_before => 'before', bare_after => 'after');
for (sort keys %side) {
    $cluster->create_database($_, extension => !/bare/);
    make_corpus($cluster, $_, $side{$_});
}
# What custody's own type holds can only be where custody is.
$cluster->sql($_, 'DROP TABLE m."custody.digest"') for qw(before after);
my ($before, $after) = map { rows_of($cluster, $_) } qw(bare_before bare_after);
my $found = differing($before, $after);
my %different = map { ("m.$_" => 1) } grep { %{ $found->{$_} // {} } || keys %{ $before->{$_} } != keys %{ $after->{$_} } } keys %$before;

# A database is not compared with itself.
$cluster->create_database("${_}_again", template => $_) for qw(before bare_before);

# [exit code, {table => verdict}] of a comparison of schema m.
sub verified {
    my ($source, $target, @option) = @_;
    my $run = custody('verify', '--source', $cluster->conninfo($source), '--target', $cluster->conninfo($target), '--schema', 'm',
        '--json', @option);
    my $report = eval { json($run->{stdout}) } or diag substr $run->{stderr}, -3000;
    my %verdict = map { ($_->{name} // $_->{source} => $_->{verdict}) } @{ $report->{objects} // $report->{tables} // [] };
    return [ $run->{exit}, \%verdict, $run->{stderr}, $report ];
}

# Rows that are called different: {table}{key} = [columns], or what is missing or extra there; of tables with the key k.
sub named {
    my ($report) = @_;
    my %named;
    for my $object (@{ $report->{objects} }) {
        next if $object->{name} =~ /^m\.key of /;
        for my $row (@{ ($object->{differences} // {})->{rows} // [] }) {
            my ($key) = map { $_->{value} } @{ $row->{key} };
            $named{ substr $object->{name}, 2 }{$key} = $row->{kind} eq 'different' ? [ sort map { $_->{column} } @{ $row->{columns} } ] : $row->{kind};
        }
    }
    return \%named;
}

for (
    [ 'stream and stream', 'bare_before', 'bare_after', '--method', 'stream' ],
    [ 'stream and extension', 'bare_before', 'after' ],
    [ 'extension and stream', 'before', 'bare_after' ],
    [ 'extension and extension', 'before', 'after' ],
    [ 'plain SQL and plain SQL', 'bare_before', 'bare_after', '--method', 'sql' ],
    [ 'plain SQL and extension', 'bare_before', 'after', '--method', 'sql' ],
    [ 'stream and extension in the profile sql', 'bare_before', 'after', '--profile', 'sql' ],
    [ 'evidence', 'before', 'after', '--profile', 'evidence' ],
) {
    my ($name, $source, $target, @option) = @$_;
    (my $same = $target) =~ s/after/before/;
    $same .= '_again' if $same eq $source;
    my ($exit, $verdict, $error) = @{ verified($source, $same, @option) };
    my @alarms = map {"$_: $verdict->{$_}"} grep { $verdict->{$_} ne 'equal' } sort keys %$verdict;
    is_deeply [ $exit, \@alarms ], [ 0, [] ], "$name: all is equal" or diag substr $error, -2000;
    cmp_ok scalar(keys %$verdict), '>', 150, 'of all types';
    ($exit, $verdict, $error, my $report) = @{ verified($source, $target, @option, '--differences', 1000) };
    is $exit, 5, "$name: changes are found";
    is_deeply [ grep { $different{$_} xor $verdict->{$_} eq 'different' } sort keys %$verdict ], [], 'in the tables where the judge finds them';
    is_deeply named($report), { map { ($_ => $found->{$_}) } grep { !/^key of / && %{ $found->{$_} } } keys %$found },
        'in these rows and columns';
}
done_testing;
