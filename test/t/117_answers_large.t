# Many partitions, many columns, many rows: answers stay right, and their memory bounded.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one', conf => { work_mem => '4MB', max_locks_per_transaction => 2000 });
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', 'SELECT custody.init_ledger()');
my $partitions = 300;
my $columns = 500;

sub memory { # of the backend that ran the statements, in MB
    my ($name, $sql) = @_;
    my $session = $cluster->session('clinic');
    my $answer = $session->query($sql);
    open my $status, '<', '/proc/' . $session->backend . '/status' or die $!;
    my %kb = map { /^(VmHWM|RssAnon):\s+(\d+)/ ? ($1, $2) : () } <$status>;
    diag sprintf '%s: %d MB of its own afterwards', $name, $kb{RssAnon} / 1024;
    return ($answer, $kb{RssAnon} / 1024);
}

$cluster->sql('clinic', qq{
    CREATE TABLE visit (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
    DO \$\$ BEGIN FOR i IN 0 .. $partitions - 1 LOOP
        EXECUTE format('CREATE TABLE visit_%s PARTITION OF visit FOR VALUES FROM (%s) TO (%s)', i, i * 10, i * 10 + 10);
    END LOOP; END \$\$;
    SELECT custody.audit('visit');
    INSERT INTO visit SELECT i, 'n' FROM generate_series(0, $partitions * 10 - 1) i;
    UPDATE visit SET id = (id + 1000) % ($partitions * 10) + 0 WHERE id = -1;
    UPDATE visit SET note = 'm' WHERE id % 7 = 0});
my ($answer) = memory("$partitions partitions", q{SELECT status, detail FROM custody.reconcile('visit')});
is $answer, 'proven|' . $partitions * 10 . ' rows equal, 0 wrong, 0 not told', 'partitions';

my $list = join ', ', map { "c$_ " . ('int', 'text', 'numeric')[ $_ % 3 ] } 1 .. $columns;
my $values = join ', ', map { ("i", "'t' || i", 'i * 1.5')[ $_ % 3 ] } 1 .. $columns;
$cluster->sql('clinic', qq{
    CREATE TABLE wide (id int PRIMARY KEY, $list);
    INSERT INTO wide SELECT i, $values FROM generate_series(1, 1000) i;
    SELECT custody.audit('wide');
    UPDATE wide SET c7 = c7 || 'x', c499 = 'y' WHERE id <= 500;
    ALTER TABLE wide DROP c3, ADD extra int DEFAULT 4;
    UPDATE wide SET c4 = 1 WHERE id > 900});
my $wide;
($answer, $wide) = memory("$columns columns", q{SELECT status, detail FROM custody.reconcile('wide')});
is $answer, 'proven|1000 rows equal, 0 wrong, 0 not told', 'columns';
is $cluster->sql('clinic', q{SELECT count(*) FROM jsonb_object_keys((SELECT "row" FROM custody.row_as_of('wide', '1', clock_timestamp())))}),
    $columns + 1, 'a row with all of them';
cmp_ok $wide, '<', 200, 'its memory';

$cluster->sql('clinic', q{
    CREATE TABLE many (id int PRIMARY KEY, note text);
    INSERT INTO many SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 100000) i;
    SELECT custody.audit('many');
    UPDATE many SET note = note || 'x' WHERE id % 2 = 0});
my $many;
($answer, $many) = memory('100000 rows of 50 MB', q{SELECT status, detail FROM custody.reconcile('many')});
is $answer, 'proven|100000 rows equal, 0 wrong, 0 not told', 'rows';
cmp_ok $many, '<', 100, 'its memory';
# A row of which all was changed many times is one row.
$cluster->sql('clinic', q{DO $$ BEGIN FOR i IN 1 .. 3000 LOOP UPDATE many SET note = repeat('z', 1000) || i WHERE id = 1; END LOOP; END $$});
is $cluster->sql('clinic', q{SELECT right("row" ->> 'note', 5) FROM custody.row_as_of('many', '1', clock_timestamp())}), 'z3000', 'the last of many';

# ... and of large values one is kept at a time.
$cluster->sql('clinic', q{CREATE TABLE document (id int PRIMARY KEY, body text); SELECT custody.audit('document'); INSERT INTO document VALUES (1, '');
    DO $$ BEGIN FOR i IN 1 .. 500 LOOP UPDATE document SET body = repeat('z', 1000000) || i; END LOOP; END $$});
my $reader = $cluster->session('clinic');
is $reader->query(q{SELECT right("row" ->> 'body', 4) FROM custody.row_as_of('document', '1', clock_timestamp())}), 'z500', 'the last of many large ones';
open my $peak, '<', '/proc/' . $reader->backend . '/status' or die $!;
my ($most) = map { /^VmHWM:\s+(\d+)/ ? $1 / 1024 : () } <$peak>;
diag sprintf '500 changes of 1 MB: %d MB at most, with shared memory', $most;
cmp_ok $most, '<', 250, 'its memory';

# What is asked of one row reads the events of that row, and few others.
for my $answer (q{custody.row_as_of('many', '7', clock_timestamp())}, q{custody.row_as_of('wide', '7', clock_timestamp())},
    q{custody.history('wide', '7')}) {
    my ($read) = $cluster->sql('clinic', qq{SET enable_seqscan = off; BEGIN; SELECT count(*) FROM $answer;
        SELECT sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)) FROM pg_stat_xact_all_tables s JOIN pg_inherits i ON i.inhrelid = s.relid
         WHERE i.inhparent = 'custody_ledger.event'::regclass; COMMIT}) =~ /\n(\d+)/;
    cmp_ok $read, '<', 20_000, "$answer reads few events: $read";
}

# A cancelled one ends.
my $session = $cluster->session('clinic');
is $session->query(q{SET statement_timeout = '50ms'; SELECT count(*) FROM custody.reconcile('many')}, error => 1) =~ /canceling/ ? 1 : 0, 1,
    'a long answer can be cancelled';
# Rows are compared in the order of their keys, in which their events come: hashed, both would be written out once more.
$cluster->create_database('sorted', extension => 1);
$cluster->sql('sorted', q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, a text); SELECT custody.audit('t');
    INSERT INTO t SELECT i, repeat(md5(i::text), 5) FROM generate_series(1, 60000) i; ANALYZE t});
is $cluster->sql('sorted', q{SELECT status FROM custody.reconcile('t')}), 'proven', 'reconcile of more than fits into memory';
wait_for('what it wrote is counted', sub { $cluster->sql('sorted', q{SELECT temp_bytes > 0 FROM pg_stat_database WHERE datname = current_database()}) eq 't' });
my $written = $cluster->sql('sorted', q{SELECT round(temp_bytes / pg_relation_size('t'), 1) FROM pg_stat_database WHERE datname = current_database()});
diag "temporary files have $written times the table's bytes";
cmp_ok $written, '<', 5, '... writes sorted rows once';
done_testing;
