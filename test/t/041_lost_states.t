# A crash of the target takes commits with it that were not flushed: a task that runs then finds what it
# stands on undone, and the run does it again.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Test::Gates;

my $source = start_cluster('source');
my $target = start_cluster('target');
fill_gated($source, 'app');
$target->create_database('t', extension => 1);
# The primary key of "few" waits at this gate when its rows are there.
$target->sql('t', <<'SQL');
CREATE SCHEMA gate;
CREATE FUNCTION gate.wait() RETURNS event_trigger LANGUAGE plpgsql AS
    $$BEGIN IF current_query() ~ 'few_pkey' THEN PERFORM pg_advisory_xact_lock(77); END IF; END$$;
CREATE EVENT TRIGGER gate ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION gate.wait();
ALTER EVENT TRIGGER gate ENABLE ALWAYS;
SQL
my $gate = close_gate($target, 't', 77);
my $run = start_custody('run', ends($source, 'app', $target, 't'), qw(--jobs 3 --part-size 256kB));
blocked($target, 't', 'few_pkey');
# As if the copy of "few" and its verification had not been flushed, which by chance they may have been.
$target->sql('t', <<'SQL');
SET session_replication_role = replica;
TRUNCATE few;
UPDATE custody.migration_table SET state = 'pending', snapshot = NULL, confirmed_snapshot = NULL, encoding_version = NULL,
    profile = NULL, source_rows = NULL, source_digests = NULL, source_count = NULL, lossy_rows = NULL, target_rows = NULL,
    target_digests = NULL, foreign_rows = NULL, generated_wrong = NULL, verdict = NULL, reason = NULL, verified_at = NULL,
    started_at = NULL, copied_at = NULL WHERE target_table = 'few';
UPDATE custody.migration_part SET state = 'pending', snapshot = NULL, rows = NULL, bytes = NULL, digests = NULL, lossy_rows = NULL,
    writer = NULL, started_at = NULL, finished_at = NULL
 WHERE table_id = (SELECT id FROM custody.migration_table WHERE target_table = 'few');
SQL
$target->stop('immediate');
$target->start;
$target->sql('t', 'DROP EVENT TRIGGER gate; DROP SCHEMA gate CASCADE');
finished_ok($run, [ $source, 'app' ], [ $target, 't' ], 'done again');
like $run->stderr, qr/the target has lost work that was done, as after a crash; doing it again/, 'and says so';
$gate->close;
done_testing;
