# What capture writes, under everything that changes rows: each scenario ends with the events that it
# must have made, and with every hash and tree computed again by Custody::Ledger.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(ledger_faults events_of event_counts image_of);
use Custody::Test;

my $cluster = start_cluster('capture', conf => { max_prepared_transactions => 4 });
$cluster->create_database('shop', extension => 1);
sub sql { $cluster->sql('shop', @_) }
sql(q{SELECT custody.init_ledger();
    CREATE TABLE item (id int PRIMARY KEY, org int, name text, price numeric);
    CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item ON UPDATE CASCADE ON DELETE CASCADE, note text);
    SELECT custody.audit('item', org_column => 'org'); SELECT custody.audit('part')});
my $mark = 0;

# The events since the last call, as 'I2 U1'.
sub made {
    my $since = $mark;
    $mark = sql('SELECT coalesce(max(xid::text::bigint), 0) FROM custody_ledger.event');
    return event_counts($cluster, 'shop', "xid::text::bigint > $since");
}
sub expects {
    my ($name, $expected, $sql) = @_;
    sql($sql) if defined $sql;
    is made(), $expected, $name;
}
made();

expects('INSERT', 'I3', q{INSERT INTO item VALUES (1, 1, 'a', 1.50), (2, 2, 'b', 2), (3, NULL, NULL, NULL)});
my @insert = events_of($cluster, 'shop', 'xid::text::bigint = ' . $mark);
is_deeply [ map { $_->{org} } @insert ], [ '62' . '0' x 15 . '1', '62' . '0' x 15 . '2', '' ], 'organizations';
is $insert[0]{key}, '00010000000400000001', 'a key is its wire row';
is_deeply [ image_of($insert[2]{new}) ], [ 'full', pack('N', 3), undef, undef, undef ], 'NULLs in an image';
expects('UPDATE', 'U1', q{UPDATE item SET name = 'A' WHERE id = 1});
my ($update) = events_of($cluster, 'shop', 'xid::text::bigint = ' . $mark);
is_deeply [ image_of($update->{old}) ], [ 'changed', 2, 'a' ], 'what changed, old';
is_deeply [ image_of($update->{new}) ], [ 'changed', 2, 'A' ], 'what changed, new';
expects('UPDATE of nothing is an event', 'U1', q{UPDATE item SET name = 'A' WHERE id = 1});
expects('UPDATE of the organization', 'E1 L1', q{UPDATE item SET org = 2 WHERE id = 1});
my ($leave, $enter) = events_of($cluster, 'shop', 'xid::text::bigint = ' . $mark);
is "$leave->{op}$enter->{op}", 'LE', 'leaves, then enters';
is $enter->{pair}, $leave->{seq}, 'as one pair';
isnt $enter->{org}, $leave->{org}, 'each in its own organization';
expects('DELETE', 'D1', 'DELETE FROM item WHERE id = 3');
expects('COPY', 'I2', qq{COPY item FROM stdin;\n4\t1\tx\t1\n5\t1\ty\t2\n\\.\n});
expects('ON CONFLICT', 'I1 U1', q{INSERT INTO item VALUES (4, 1, 'z', 3), (6, 1, 'n', 1)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name});
expects('ON CONFLICT DO NOTHING', '', q{INSERT INTO item VALUES (4, 1, 'z', 3) ON CONFLICT DO NOTHING});
expects('MERGE', 'D1 I1 U1', q{MERGE INTO item USING (VALUES (4), (5), (7)) v (id) ON item.id = v.id
    WHEN MATCHED AND v.id = 4 THEN DELETE WHEN MATCHED THEN UPDATE SET price = 9
    WHEN NOT MATCHED THEN INSERT VALUES (7, 3, 'm', 0)});
sql(q{INSERT INTO part VALUES (1, 1, 'p'), (2, 1, 'q')});
made();
expects('foreign key, UPDATE', 'E1 L1 U2', 'UPDATE item SET id = 11 WHERE id = 1');
expects('foreign key, DELETE', 'D3', 'DELETE FROM item WHERE id = 11');

# A row that is gone with a savepoint has no event; numbers of the others stay.
expects('savepoints', 'I3', q{BEGIN; INSERT INTO item VALUES (20, 1); SAVEPOINT a; INSERT INTO item VALUES (21, 1), (21000, 7);
    SAVEPOINT b; INSERT INTO item VALUES (22, 2); ROLLBACK TO a; INSERT INTO item VALUES (23, 2);
    SAVEPOINT c; INSERT INTO item VALUES (24, 1); RELEASE c; COMMIT});
is join(',', map { $_->{seq} } events_of($cluster, 'shop', 'xid::text::bigint = ' . $mark)), '1,5,6', 'gaps in the numbers';
expects('a block with exceptions', 'I50', q{DO $$ BEGIN FOR i IN 100..199 LOOP BEGIN
    INSERT INTO item VALUES (i, i % 3); IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
    EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$});
expects('all rolled back', '', 'BEGIN; INSERT INTO item VALUES (30, 1); ROLLBACK');
expects('all rolled back to a savepoint', '', 'BEGIN; SAVEPOINT s; INSERT INTO item VALUES (30, 1); ROLLBACK TO s; COMMIT');
expects('deep savepoints', 'I40', 'BEGIN; ' . join('', map { "SAVEPOINT s$_; INSERT INTO item VALUES (" . (300 + $_) . ", $_ % 2);" } 1 .. 40)
    . 'RELEASE s20; COMMIT');
expects('an error in the middle of a savepoint', 'I2', q{BEGIN; INSERT INTO item VALUES (400, 1); SAVEPOINT s;
    \set ON_ERROR_STOP 0
    INSERT INTO item VALUES (401, 1), (400, 1);
    ROLLBACK TO s; INSERT INTO item VALUES (402, 1); COMMIT});
# An index that cannot be opened, in a savepoint: the table that was opened before it is not left so.
my $index = sql(q{SELECT i.indexrelid::regclass FROM custody_ledger.event e JOIN pg_index i ON i.indrelid = e.tableoid
    ORDER BY i.indexrelid DESC LIMIT 1});
my ($holder, $writer) = map { $cluster->session('shop') } 1, 2;
my $log = $cluster->log_position;
$holder->query(qq{BEGIN; SELECT custody.maintain_ledger('ALTER INDEX $index SET TABLESPACE pg_default')});
is $writer->query(q{BEGIN; SET LOCAL lock_timeout = '100ms'; SET LOCAL test.seen = ''; DO $$ BEGIN
    INSERT INTO item VALUES (410, 1); EXCEPTION WHEN lock_not_available THEN SET LOCAL test.seen = 'locked'; END $$;
    SELECT current_setting('test.seen')}), 'locked', 'an index of the ledger cannot be opened';
$holder->query('ROLLBACK');
$writer->query('INSERT INTO item VALUES (411, 1); COMMIT');
expects('and then it can', 'I1');
unlike $cluster->log_since($log), qr/leak/, 'nothing is left open';
expects('PREPARE TRANSACTION', '', q{BEGIN; INSERT INTO item VALUES (500, 1); PREPARE TRANSACTION 'p'});
expects('and something else between', 'I1', 'INSERT INTO item VALUES (501, 1)');
sql(q{COMMIT PREPARED 'p'});
is event_counts($cluster, 'shop', q{key = '\x000100000004000001f4'}), 'I1', 'COMMIT PREPARED';
sql(q{BEGIN; INSERT INTO item VALUES (502, 1); PREPARE TRANSACTION 'q'; ROLLBACK PREPARED 'q'});
expects('a procedure that commits', 'I5', q{DO $$ BEGIN FOR i IN 600..604 LOOP
    INSERT INTO item VALUES (i, 1); IF i = 602 THEN ROLLBACK; INSERT INTO item VALUES (i, 1); END IF; COMMIT; END LOOP; END $$});
expects('SERIALIZABLE', 'I1 U1', q{BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT sum(price) FROM item;
    INSERT INTO item VALUES (700, 1); UPDATE item SET price = 4 WHERE id = 700; COMMIT});
# Recording adds no conflict between writers of other rows, and hides none.
my ($one, $other) = map { $cluster->session('shop') } 1, 2;
for my $case ([ 'other tables', 'INSERT INTO item VALUES (710, 1)', 'INSERT INTO part VALUES (710)', '', 'I2' ],
    [ 'other rows', 'UPDATE item SET price = 5 WHERE id = 710', 'INSERT INTO item VALUES (711, 2)', '', 'I1 U1' ],
    [ 'what each has read of the other', 'UPDATE item SET price = (SELECT price FROM item WHERE id = 711) WHERE id = 710',
        'UPDATE item SET price = (SELECT price FROM item WHERE id = 710) WHERE id = 711', 'could not serialize access', 'U1' ]) {
    my ($name, $first, $second, $error, $events) = @$case;
    $_->query('SET enable_seqscan = off; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1') for $one, $other;
    my $said = join '', map { $_->[0]->query($_->[1], error => 1) } [ $one, $first ], [ $other, $second ], [ $one, 'COMMIT' ], [ $other, 'COMMIT' ];
    $error ? like($said, qr/$error/, "SERIALIZABLE: $name") : is $said =~ s/\s//gr, '', "SERIALIZABLE: $name";
    $_->query('ROLLBACK') for $one, $other;
    expects('... their events', $events);
}
$cluster->sql('shop', 'DELETE FROM part WHERE id = 710');
made();
expects('a parallel plan', 'I100', q{CREATE TABLE source AS SELECT generate_series(1000, 1099) i; ANALYZE source;
    SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
    SET force_parallel_mode = on; INSERT INTO item SELECT i, 1 FROM source});
expects('a cursor WITH HOLD', 'I1', q{BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT * FROM item; INSERT INTO item VALUES (701, 1); COMMIT});
expects('replica mode', 'I1', q{SET session_replication_role = replica; INSERT INTO item VALUES (702, 1)});

# A trigger that changes the row again is captured before the change that fired it: cid has the order.
sql(q{CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE item SET price = price + 1 WHERE id = NEW.id; RETURN NULL; END $$;
    CREATE TRIGGER a_again AFTER UPDATE OF name ON item FOR EACH ROW EXECUTE FUNCTION again()});
expects('a trigger that changes the row again', 'U2', q{UPDATE item SET name = 'again' WHERE id = 700});
my @again = events_of($cluster, 'shop', 'xid::text::bigint = ' . $mark);
is_deeply [ map { (image_of($_->{new}))[1] } sort { $a->{cid} <=> $b->{cid} } @again ], [ 2, 3 ], 'in the order of cid';
isnt $again[0]{cid}, $again[1]{cid}, 'which differ';
sql(q{DROP TRIGGER a_again ON item; CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON item DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.price < 100) EXECUTE FUNCTION again()});
expects('deferred triggers at the end', 'U5', 'UPDATE item SET price = 96 WHERE id = 700');
sql('DROP TRIGGER later ON item');
sql('INSERT INTO part VALUES (1), (2), (3)');
made();
expects('TRUNCATE', 'D3 T1', 'TRUNCATE part');
sql('INSERT INTO part VALUES (1), (2)');
made();
expects('TRUNCATE in replica mode', 'D2 T1', 'SET session_replication_role = replica; TRUNCATE part');

sql(q{CREATE TABLE log (id int, at int, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10); CREATE TABLE log_2 (v text, gone int, at int NOT NULL, id int NOT NULL);
    ALTER TABLE log_2 DROP gone; ALTER TABLE log ATTACH PARTITION log_2 FOR VALUES FROM (10) TO (20);
    SELECT custody.audit('log')});
made();
expects('partitions', 'I2', q{INSERT INTO log VALUES (1, 1, 'one'); INSERT INTO log_2 (id, at, v) VALUES (1, 11, 'two')});
my @log = events_of($cluster, 'shop', "xid::text::bigint > $mark - 2 AND op = 'I'");
is $log[0]{tbl}, $log[1]{tbl}, 'are one table';
is_deeply [ image_of($log[1]{new}) ], [ 'full', pack('N', 1), pack('N', 11), 'two' ], 'and their columns have the order of its descriptor';
expects('a row that moves', 'M2 N2', q{UPDATE log SET at = at + 12 WHERE v = 'one'; UPDATE log SET at = 12 - at WHERE v = 'two'});
expects('TRUNCATE of a partition', 'D1 T1', 'TRUNCATE log_1');
expects('TRUNCATE of the root in replica mode', 'D1 T3', 'SET session_replication_role = replica; TRUNCATE log');

is_deeply [ ledger_faults($cluster, 'shop') ], [], 'all hashes and trees hold';
unlike $cluster->log_tail, qr/leak|not closed|still referenced/, 'nothing is left open';
done_testing;
