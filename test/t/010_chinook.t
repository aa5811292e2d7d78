# chinook, a database with mixed-case names, moves and verifies.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Move;

my $data = needs_data('chinook.sql');
my ($source, $target) = map { [ start_cluster($_), 'chinook' ] } qw(source target);
$source->[0]->create_database('chinook');
$source->[0]->file('chinook', $data);
$target->[0]->create_database('chinook', extension => 1);

move_ok($source, $target);
tamper_ok($source, $target, 'public.Track',
    q{UPDATE "Track" SET "UnitPrice" = "UnitPrice" + 0.01 WHERE "TrackId" = 1234});
done_testing;
