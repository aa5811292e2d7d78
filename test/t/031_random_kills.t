# kill -9 at random moments, again and again, until the work is done all the same.
# CUSTODY_TEST_KILLS says how often (100), CUSTODY_TEST_SEED repeats the moments.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Kills;
use Time::HiRes qw(sleep time);

my $kills = $ENV{CUSTODY_TEST_KILLS} // 100;
diag 'CUSTODY_TEST_SEED=' . seed();
my $shop = Custody::Kills->new(options => [ '--roles', '--jobs', 4, '--part-size', '256kB' ]);
$shop->on_source(q{
    CREATE TABLE big (id int PRIMARY KEY, customer_id bigint REFERENCES customer, pad text);
    INSERT INTO big SELECT n, n % 60 + 1, repeat(md5(n::text), 4) FROM generate_series(1, 20000) n;
    CREATE INDEX big_pad ON big (pad);
    CREATE TABLE second AS SELECT n AS id, md5(n::text) AS v FROM generate_series(1, 20000) n;
    ALTER TABLE second ADD PRIMARY KEY (id);
    ANALYZE big, second});

$shop->fresh;
my $started = time;
is $shop->wrong($shop->custody('run')), '', 'a run that is not killed';
my $length = time - $started;

# A kill comes within the time of a whole run: each run gets some way or ends. One that ends is
# judged, and the next begins on an empty target.
my ($killed, $ended, $resumed) = (0, 0, 0);
$shop->fresh;
my $again = 0;
while ($killed < $kills) {
    my $run = $shop->start('run');
    my $until = time + $length * (1 + random_below(1000)) / 1000;
    sleep 0.001 while $run->alive && time < $until;
    if ($run->signal('KILL')) {
        $run->wait;
        $killed++ if $run->exit_code == 128 + 9;
        $resumed++ if $run->stderr =~ /going on with migration/;
    }
    next if $run->alive || $run->exit_code == 128 + 9;
    my $wrong = $shop->wrong($shop->end_of($run));
    is $wrong, '', "after $killed kills: ended well" or last;
    $ended++;
    $shop->fresh;
}
is $killed, $kills, "killed $kills times";
diag "$resumed of the killed runs had gone on with an earlier one; $ended ended in between";
is $shop->wrong($shop->custody('run')), '', 'and in the end the judge finds both sides the same';

# The whole process group dies, as a closed terminal or a container's end has it.
for my $point ('child.started@3', 'child.started@4') {
    $shop->fresh;
    my ($run) = $shop->start_until($point, '', 'run');
    kill 'KILL', -$run->pid;
    is $run->wait(60)->exit_code, 128 + 9, "$point: the group is killed";
    wait_for('no child is left', sub { !children_of_test() });
    is $shop->wrong($shop->custody('run')), '', '... and the next run ends well';
}

# Only the loader dies: its child ends with it.
{
    $shop->fresh;
    my ($run) = $shop->start_until('child.started@3', '', 'run');
    $shop->kill9($run);
    wait_for('no child is left', sub { !children_of_test() });
    ok 1, 'no pg_dump outlives the loader';
}
wait_for('no session of the loader is left', sub { $shop->backends == 0 });

# Command lines of pg_dump or pg_restore that work for this test.
sub children_of_test {
    my $place = temporary_directory();
    my @left;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        open my $handle, '<', $file or next;
        my $line = <$handle> // '';
        push @left, $line if $line =~ m{/pg_(?:dump|restore)\0} && index($line, $place) >= 0;
    }
    return @left;
}

done_testing;
