# The multi-tenant database of the demo, small, moves and verifies; so does one with no more than a few rows.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Move;

my ($source, $target) = map { start_cluster($_) } qw(source target);
for my $rows (20_000, 1) {
    my $name = "rows$rows";
    $source->create_database($name);
    $source->file($name, source_directory() . '/demo/generate.sql', variables => { rows => $rows });
    $target->create_database($name, extension => 1);
    move_ok([ $source, $name ], [ $target, $name ]);
}
tamper_ok([ $source, 'rows20000' ], [ $target, 'rows20000' ], 'public.calls',
    q{UPDATE calls SET notes = '' WHERE id = (SELECT min(id) FROM calls WHERE notes IS NULL)});
done_testing;
