# pagila, with partitions, enums, domains, triggers, full-text search and views on views, moves and verifies.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Move;

my $data = needs_data('pagila.sql');
my ($source, $target) = map { [ start_cluster($_), 'pagila' ] } qw(source target);
$source->[0]->create_database('pagila');
$source->[0]->file('pagila', $data);
$target->[0]->create_database('pagila', extension => 1);

move_ok($source, $target);
tamper_ok($source, $target, 'public.film_actor', 'DELETE FROM public.film_actor WHERE actor_id = 1 AND film_id = 1');
done_testing;
