# One value of 200 MB moves and verifies, and costs the loader no more than 64 MB and 2.5 times the longest row.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Time::HiRes qw(sleep);

my $megabytes = 200;
my ($source, $target) = map { start_cluster($_, conf => { max_wal_size => "'2GB'" }) } qw(source target);
$source->create_database('giants');
$source->sql('giants', <<"SQL");
CREATE TABLE in_binary (id integer PRIMARY KEY, b bytea);
ALTER TABLE in_binary ALTER b SET STORAGE EXTERNAL;
INSERT INTO in_binary VALUES (1, 'short'), (2, decode(repeat('00ff5c0a', $megabytes << 18), 'hex')), (3, NULL);
CREATE TABLE in_text (id integer PRIMARY KEY, rel regclass, t text);
INSERT INTO in_text VALUES (1, 'in_binary', repeat(E'giant \\\\ ', $megabytes << 15)), (2, NULL, '');
SQL
$target->create_database('giants', extension => 1);

my $run = start_custody('run', '--source', $source->conninfo('giants'), '--target', $target->conninfo('giants'),
    '--jobs', 1, '--json');
my $peak = 0;
while ($run->alive) {
    if (open my $status, '<', '/proc/' . $run->pid . '/status') {
        /^VmHWM:\s+(\d+) kB/ and $peak = $1 while <$status>;
    }
    sleep 0.01;
}
$run->wait(10);
is $run->exit_code, 0, 'a value of 200 MB moves and verifies' or diag substr $run->stderr, -5000;
my %verdict = map { $_->{source} => "$_->{verdict} $_->{form}" } @{ json($run->stdout)->{tables} };
is_deeply \%verdict, { 'public.in_binary' => 'equal binary', 'public.in_text' => 'equal text' }, 'in both forms';
cmp_ok $peak, '>', $megabytes * 1024, 'the peak was seen';
cmp_ok $peak, '<=', 64 * 1024 + 2.5 * $megabytes * 1024, 'the loader kept to its memory' or diag "$peak kB";
is $target->sql('giants', 'SELECT sum(length(b)) FROM in_binary'), 5 + ($megabytes << 20), 'it is all there';
done_testing;
