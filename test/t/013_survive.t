# Everything that must survive a move, in one database, moves and verifies; one value has 100 MB.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Move;

my ($source, $target) = map { [ start_cluster($_), 'survive' ] } qw(source target);
$source->[0]->create_database('survive');
$source->[0]->file('survive', source_directory() . '/test/data/survive.sql', variables => { bytes => 100 << 20 });
$target->[0]->create_database('survive', extension => 1);

move_ok($source, $target);

# The same in many parts, some of them of a single block.
$target->[0]->create_database('parts', extension => 1);
move_ok($source, [ $target->[0], 'parts' ], '--part-size', '16kB');

# One row too many, of a table without a key, that looks like three others.
tamper_ok($source, $target, 'shapes.no_key', q{INSERT INTO shapes.no_key VALUES (1, 'one')});
done_testing;
