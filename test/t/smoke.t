# One whole move of a small generated database, by the program under test. The sanitizers' build of
# the loader runs this file too, where a finding makes it exit with 99.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');
$source->create_database('shop');
$source->file('shop', source_directory() . '/demo/generate.sql', variables => { rows => 5000 });
$target->create_database('shop', extension => 1);
my @ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('shop'));

my $plan = custody('plan', @ends, '--roles', '--json');
is $plan->{exit}, 0, 'plan' or diag $plan->{stderr};
is $target->sql('shop', 'SELECT count(*) FROM custody.migration'), '0', 'a plan writes nothing';

my $run = custody('run', @ends, '--roles', '--jobs', 4, '--part-size', '64kB', '--json',
    '--report-directory', temporary_directory());
is $run->{exit}, 0, 'run: done and verified' or diag $run->{stderr};
ok eval { json($run->{stdout}) }, 'its result is one JSON document';
ok -s temporary_directory() . "/$_", "it leaves $_" for 'report.json', 'report.html';

my $total = $source->sql('shop', q{
    SELECT sum((xpath('/row/n/text()',
               query_to_xml(format('SELECT count(*) AS n FROM %I.%I', nspname, relname),
                            false, true, '')))[1]::text::bigint)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'r' AND nspname = 'public'});
cmp_ok $total, '>', 1000, 'the source has rows';
my $verdicts = $target->sql('shop', q{
    SELECT count(*) FILTER (WHERE verdict = 'equal') = count(*), sum(source_rows) = sum(target_rows),
           sum(target_rows)
      FROM custody.migration_table});
is $verdicts, "t|t|$total", 'every table is equal, with all rows of the source';

my $same = run_command('perl', source_directory() . '/test/compare/same',
    $source->conninfo('shop'), $target->conninfo('shop'),
    { env => { PATH => program('') . ":$ENV{PATH}" } });
is $same->{exit}, 0, 'and an independent comparison finds no difference'
    or diag $same->{stdout}, $same->{stderr};

for my $command ('status', 'report') {
    my $read = custody($command, @ends[ 2, 3 ], '--json');
    is $read->{exit}, 0, $command or diag $read->{stderr};
}
my $verify = custody('verify', @ends, '--json');
is $verify->{exit}, 0, 'verify' or diag $verify->{stderr};

# Killed in the middle of a part, resumed.
$target->create_database('again', extension => 1);
@ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('again'));
my @again = ('run', @ends, '--jobs', 4, '--part-size', '64kB', '--json');
my $killed = custody(@again, { env => { CUSTODY_FAILPOINT => 'part.streaming@9=kill' } });
is $killed->{exit}, 128 + 9, 'killed while it copies';
is $target->sql('again', 'SELECT state FROM custody.migration'), 'open', 'and not done';
my $resumed = custody(@again);
is $resumed->{exit}, 0, 'resumed: done and verified' or diag $resumed->{stderr};
is $target->sql('again', q{
    SELECT count(*) FILTER (WHERE verdict = 'equal') = count(*), sum(target_rows)
      FROM custody.migration_table}), "t|$total", 'with all rows of the source';
done_testing;
