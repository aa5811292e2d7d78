# A source of another major version: older ones are moved whole; newer ones bring rows only, because their schema
# takes a newer pg_dump than this machine has, and the loader says so.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Move;

my $target = start_cluster('target');
my $own = $target->sql('postgres', 'SHOW server_version_num') / 10000;
my ($pg_dump) = run_command(program('pg_dump'), '--version')->{stdout} =~ /(\d+)/;

sub fill {
    my ($cluster, $name, $file, %variables) = @_;
    $cluster->create_database($name);
    $cluster->file($name, source_directory() . "/$file", variables => \%variables);
    return [ $cluster, $name ];
}

for my $version (13, 14) {
    SKIP: {
        skip "no server $version from npm", 2 unless has_version($version);
        my $source = start_cluster("pg$version", version => $version);
        for (["generated_$version", 'demo/generate.sql', rows => 5000], ["survive_$version", 'test/data/survive.sql']) {
            my $database = fill($source, @$_);
            $target->create_database($database->[1], extension => 1);
            # Before 14 there are no ranges of blocks: parts are ranges of a key.
            subtest "$database->[1] moves to $own" => sub {
                my $report = move_ok($database, [ $target, $database->[1] ], '--part-size', '64kB');
                my $method = $version < 14 ? 'key' : 'ctid';
                ok scalar(grep { $_->{method} eq $method } @{ $report->{tables} }), "in ranges of $method";
            };
        }
        $source->stop;
    }
}

# The tables of the demo as an application's own migration scripts would have made them on the target.
sub make_schema {
    my ($name) = @_;
    $target->create_database($name, extension => 1);
    $target->file($name, source_directory() . '/demo/generate.sql', variables => { rows => 1 });
    my $tables = $target->sql($name, <<'SQL');
SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'auth')
SQL
    $target->sql($name, "TRUNCATE $tables");
    return;
}

for my $version (16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 2 unless has_version($version);
        my $source = fill(start_cluster("pg$version", version => $version), "newer_$version", 'demo/generate.sql',
            rows => 5000);
        my @ends = ('--source', $source->[0]->conninfo($source->[1]), '--target', $target->conninfo($source->[1]));

        if ($pg_dump < $version) {
            $target->create_database($source->[1], extension => 1);
            my $refused = custody('run', @ends);
            is $refused->{exit}, 3, "the schema of $version is refused";
            like $refused->{stderr}, qr/pg-dump-too-old.*hint: .*--no-schema/s, 'with its code, and a way out';
            is $target->sql($source->[1], 'SELECT count(*) FROM custody.migration'), 0, 'before anything was written';
            $target->drop_database($source->[1]);
        }

        make_schema($source->[1]);
        my $run = custody('run', @ends, '--no-schema', '--json');
        is $run->{exit}, 0, "rows of $version move into tables that exist" or diag substr $run->{stderr}, -5000;
        same_ok($source, [ $target, $source->[1] ], 'a judge without custody finds the same rows', '--no-schema');
        $source->[0]->stop;
    }
}
done_testing;
