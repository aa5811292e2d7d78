# Capture while columns, partitions and the ledger itself change under the sessions that write.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(ledger_faults events_of event_counts image_of);
use Custody::Test;

my $cluster = start_cluster('capture_changes', conf => { max_prepared_transactions => 2 });
$cluster->create_database('shop', extension => 1);
sub sql { $cluster->sql('shop', @_) }
sub newest { (events_of($cluster, 'shop', "op <> 'S'"))[-1] }
sub audit { sql("SELECT count(*) FROM custody.audit($_[0])") }
sub descriptor { $cluster->sql('shop', 'SELECT text FROM custody_ledger.descriptor WHERE id = ' . $_[0]{descriptor}) }
sql(q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, a text); CREATE TYPE pair AS (x int, y int)});
audit(q{'t'});
my $writer = $cluster->session('shop');
my $id = 0;
sub write_row { $writer->query('INSERT INTO t (id) VALUES (' . ++$id . ')') }

write_row();
my %change = (
    'ADD COLUMN' => 'ALTER TABLE t ADD b int',
    'ADD COLUMN with a default' => 'ALTER TABLE t ADD c int DEFAULT 7',
    'RENAME' => 'ALTER TABLE t RENAME a TO aa',
    'ALTER TYPE' => 'ALTER TABLE t ALTER b TYPE bigint',
    'DROP COLUMN' => 'ALTER TABLE t DROP c',
    'a generated column' => 'ALTER TABLE t ADD g int GENERATED ALWAYS AS (id * 2) STORED',
    'a composite column' => 'ALTER TABLE t ADD p pair',
    'an OID, so the text form' => 'ALTER TABLE t ADD r regclass',
    'no primary key' => 'ALTER TABLE t DROP CONSTRAINT t_pkey',
);
for my $name (sort keys %change) {
    sql($change{$name});
    write_row();
    my $event = newest();
    my @value = image_of($event->{new});
    my $columns = () = descriptor($event) =~ /"store"/g;
    is $#value, sql(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped}),
        "$name: all columns are recorded";
    is $columns, $#value, "$name: as the descriptor has them";
}
sql(q{ALTER TYPE pair ADD ATTRIBUTE z int});
$writer->query(q{UPDATE t SET p = '(1,2,3)' WHERE id = 1});
like((image_of(newest()->{new}))[2], qr/\(1,2,3\)/, 'an altered composite type');

# Without event triggers nobody renews the descriptor but capture itself; what a rollback takes away
# is not believed any more.
sql(q{SET session_replication_role = replica; ALTER TABLE t ADD late text});
$writer->query("BEGIN; SAVEPOINT s; INSERT INTO t (id, late) VALUES (-1, 'x'); ROLLBACK TO s; INSERT INTO t (id, late) VALUES (-2, 'late'); COMMIT");
is((image_of(newest()->{new}))[-1], 'late', 'a descriptor made in a savepoint that was rolled back is made again');
sql(q{ALTER TABLE t DROP late});

# A transaction whose snapshot is older than the change.
my $old = $cluster->session('shop');
$old->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
sql('ALTER TABLE t ADD young int');
$old->query('INSERT INTO t (id, young) VALUES (-3, 5); COMMIT');
my @young = image_of(newest()->{new});
is $#young, sql(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped}),
    'a snapshot from before the change';
$old->close;

# The writer fails in the middle of an event: the savepoint goes, the transaction goes on, nothing leaks.
my $mark = $cluster->log_position;
sql(q{CREATE TABLE plain (id int PRIMARY KEY)});
audit(q{'plain'});
my $failing = $cluster->session('shop');
$failing->query(q{SET temp_file_limit = -1; BEGIN; INSERT INTO plain VALUES (1); SAVEPOINT s; INSERT INTO plain VALUES (2)});
like $failing->query(q{SET LOCAL statement_timeout = 1; INSERT INTO plain SELECT generate_series(3, 1000000)}, error => 1),
    qr/canceling statement/, 'a statement is cancelled in the middle';
$failing->query('ROLLBACK TO s; SET LOCAL statement_timeout = 0; INSERT INTO plain VALUES (3); COMMIT');
$failing->close;
is sql('SELECT array_agg(id ORDER BY id) FROM plain'), '{1,3}', 'rows';
is event_counts($cluster, 'shop', q{tbl = 2}), 'I2 S1', 'and events';

# An index of somebody's own fails inside of the writer, with a page pinned and all relations open.
sql(q{SELECT custody.maintain_ledger('CREATE INDEX odd ON custody_ledger.event ((1 / (seq - 1000)))')});
my $middle = $cluster->session('shop');
$middle->query('BEGIN; INSERT INTO plain SELECT generate_series(11, 1009); SAVEPOINT s');
like $middle->query('INSERT INTO plain VALUES (2000)', error => 1), qr/division by zero/, 'an error in the writer';
$middle->query('ROLLBACK TO s');
$middle->query('INSERT INTO plain VALUES (2001), (2002); COMMIT');
$middle->close;
is event_counts($cluster, 'shop', q{tbl = 2 AND seq IN (1001, 1002)}), 'I2', 'and the transaction goes on after it';
is sql(q{SET enable_seqscan = off; SELECT count(*) FROM custody_ledger.event WHERE 1 / (seq - 1000) = 1}),
    sql(q{SELECT count(*) FROM custody_ledger.event WHERE seq = 1001}), 'in that index, too';
sql(q{SELECT custody.maintain_ledger('DROP INDEX custody_ledger.odd')});

# New partitions of the ledger, and of the table, while a session has the old ones open.
sql(q{CREATE TABLE m (id int, at int) PARTITION BY LIST (at); CREATE TABLE m_1 PARTITION OF m FOR VALUES IN (1)});
audit(q{'m'});
$writer->query('BEGIN; INSERT INTO m VALUES (1, 1)');
sql('CREATE TABLE m_2 (id int, at int)');
$writer->query('COMMIT');
sql('ALTER TABLE m ATTACH PARTITION m_2 FOR VALUES IN (2); CREATE TABLE m_3 PARTITION OF m FOR VALUES IN (3)');
$writer->query('INSERT INTO m VALUES (2, 2), (3, 3); TRUNCATE m_2');
is event_counts($cluster, 'shop', q{tbl = 3}), 'D1 I3 S' . sql(q{SELECT count(*) FROM custody_ledger.event WHERE tbl = 3 AND op = 'S'}) . ' T1',
    'attached and new partitions';
sql(q{SELECT count(*) FROM custody.unaudit('m', 'no longer needed')});
$writer->query('INSERT INTO m VALUES (2, 2)');
is event_counts($cluster, 'shop', q{tbl = 3 AND op = 'I'}), 'I3', 'no longer recorded';
$writer->close;

unlike $cluster->log_tail, qr/leak|not closed|still referenced/, 'nothing is left open';
is_deeply [ ledger_faults($cluster, 'shop') ], [], 'all hashes and trees hold';
done_testing;
