# What can happen to whole rows, with values of every type: doubled, also an even number of times, swapped, the same
# change in 2^n of them. Two states have the same digest when a judge in plain SQL reads the same rows, and only then.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Mutations;

my $cluster = start_cluster('server');
$cluster->create_database('shop', extension => 1);
make_corpus($cluster, 'shop', 'before');
$cluster->file('shop', source_directory() . '/test/data/mutations/states.sql');

my %query = (
    (map { ("custody.table_digest(), $_" => "SELECT custody.table_digest('%s', profile => '$_')") } qw(fast sql evidence)),
    'custody.table_digest(), fast, text form' => q{SELECT custody.table_digest('%s', form => 'text')},
    'buckets of custody.table_buckets(), added up' => q{SELECT custody.sum(digest) FROM custody.table_buckets('%s', 4)},
);
my @name = sort keys %query;
my $queries = join ', ', map {"\$\$$query{$_}\$\$"} @name;
my %state;
for (lines($cluster, 'shop', pins() . "SET search_path = public; SELECT tab, state, judge, array_to_string(digests, E'\\t') FROM suite.states(ARRAY[$queries])")) {
    my ($table, $state, $judge, @digest) = @$_;
    $state{$table}{$state} = [ $judge, @digest ];
}
cmp_ok scalar(keys %state), '>', 100, 'types were put into states';

# Pairs of states of a type that one of both calls the same and the other does not.
sub disputed {
    my ($position) = @_;
    my @disputed;
    for my $table (sort keys %state) {
        my @what = sort keys %{ $state{$table} };
        for my $i (0 .. $#what) {
            for my $j ($i + 1 .. $#what) {
                my ($one, $other) = map { $state{$table}{ $what[$_] } } $i, $j;
                push @disputed, "$table: $what[$i], $what[$j]"
                    if ($one->[0] eq $other->[0]) != ($one->[$position] eq $other->[$position]);
            }
        }
    }
    return \@disputed;
}

for my $i (0 .. $#name) {
    is_deeply disputed($i + 1), [], $name[$i];
    is_deeply [ grep { $state{$_}{'16 rows'}[ $i + 1 ] ne $state{$_}{'16 rows backwards'}[ $i + 1 ] } sort keys %state ], [],
        'whatever the order';
}

# A digest that joined hashes with XOR would be caught here.
my ($table) = grep { /^int4$/ } keys %state;
$_->[1] = $_->[0] =~ /^(?:2|4|256|512) / ? 'cancelled' : $_->[0] for values %{ $state{$table} };
cmp_ok scalar(@{ disputed(1) }), '>', 0, 'rows that cancel out are noticed';
done_testing;
