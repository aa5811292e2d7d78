# Legal holds: place_hold() waits for running writers, then nobody changes, deletes, truncates, drops or
# detaches what is held, whatever the snapshot, the role or the mode, until two people lift it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one', conf => { max_prepared_transactions => 4 });
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN;
CREATE ROLE admin LOGIN IN ROLE custody_admin, boss;
CREATE ROLE admin2 LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE lawyer2 LOGIN IN ROLE custody_legal;
GRANT CREATE ON SCHEMA public TO boss;
GRANT SET ON PARAMETER session_replication_role TO boss;
SET ROLE boss;
CREATE TABLE org (id int8 PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a text, org int8 REFERENCES org ON DELETE CASCADE);
CREATE TABLE p (id int, k int, a text, org int8, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3);
CREATE TABLE plain (id int PRIMARY KEY, a text);
INSERT INTO org VALUES (1), (2);
INSERT INTO t SELECT i, 'a', 1 + i % 2 FROM generate_series(1, 10) i;
INSERT INTO p SELECT i, 1 + i % 2, 'a', 1 + i % 2 FROM generate_series(1, 10) i;
INSERT INTO plain VALUES (1, 'a');
RESET ROLE;
SELECT custody.audit('t', 'org');
SELECT custody.audit('p', 'org');
SELECT custody.audit('plain');
SQL
my $writer = $cluster->session('clinic', 'boss');
my $old = $cluster->session('clinic', 'boss');
my $lawyer = $cluster->session('clinic', 'lawyer');
my $late = $cluster->session('clinic', 'boss');

# One writer has the table in an open transaction; another has a snapshot from before the hold, and no lock yet.
$writer->query(q{BEGIN; UPDATE t SET a = 'before' WHERE id = 6});
$old->query(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM plain});
$lawyer->send(q{SELECT custody.place_hold('case 1', 't', '{"id": 4}')});
waits($lawyer, 'place_hold() waits for a running writer');
$late->send(q{UPDATE t SET a = 'late' WHERE id = 4});
waits($late, 'who comes later waits for the hold');
$writer->query('COMMIT');
is $lawyer->finish, 1, 'then the hold is placed';
like $late->finish(error => 1), qr/public.t is under legal hold 1/, '... for whoever waited, too';
like $old->query(q{UPDATE t SET a = 'old' WHERE id = 4}, error => 1), qr/public.t is under legal hold 1/,
    'a snapshot from before the hold does not get around it';
$old->query('ROLLBACK');
is $cluster->sql('clinic', q{SELECT string_agg(a, ' ' ORDER BY id) FROM t WHERE id IN (4, 6)}), 'a before',
    'the row is as it was when the hold was placed';

# A prepared transaction is a writer.
$writer->query(q{BEGIN; UPDATE plain SET a = 'prepared'; PREPARE TRANSACTION 'one'});
like failure('lawyer', q{SET lock_timeout = 300; SELECT custody.place_hold('case 2', 'plain')}), qr/lock timeout/,
    'a prepared transaction is waited for';
$writer->query(q{COMMIT PREPARED 'one'});
is $cluster->sql('clinic', q{SELECT custody.place_hold('case 2', 'plain') > 1}, user => 'lawyer'), 't', 'a table';
my $org = $cluster->sql('clinic', q{SELECT custody.place_hold('case 3', org => '2')}, user => 'lawyer');
my $row = $cluster->sql('clinic', q{SELECT custody.place_hold('case 4', 'p', '{"id": 2, "k": 1}')}, user => 'lawyer');

for my $mode ('origin', 'replica') {
    my $set = "SET session_replication_role = $mode;";
    held("$set $_") for
        'UPDATE t SET a = a WHERE id = 4', 'DELETE FROM t WHERE id = 4', 'DELETE FROM t', 'UPDATE t SET org = 1',
        'UPDATE t SET id = 40 WHERE id = 4', 'DELETE FROM t WHERE org = 2', 'TRUNCATE t', 'TRUNCATE t, p CASCADE',
        q{INSERT INTO t VALUES (4, 'b', 1) ON CONFLICT (id) DO UPDATE SET a = 'b'},
        q{MERGE INTO t USING (SELECT 4 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE},
        q{WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x}, 'DELETE FROM plain', 'UPDATE plain SET a = NULL',
        'TRUNCATE plain', 'DELETE FROM p WHERE id = 2', 'DELETE FROM p1 WHERE id = 2', 'UPDATE p SET k = 3 WHERE id = 2',
        'UPDATE p SET a = 1 WHERE org = 2', 'TRUNCATE p1', 'TRUNCATE p3', 'DROP TABLE plain', 'DROP TABLE t CASCADE',
        'DROP TABLE p', 'DROP TABLE p1', 'ALTER TABLE p DETACH PARTITION p2', 'ALTER TABLE p DETACH PARTITION p1',
        'ALTER TABLE plain DROP a', 'ALTER TABLE plain ALTER a TYPE int USING 7', 'DROP OWNED BY boss';
    ok failure('boss', "$set $_"), "refused: $_" for
        'ALTER TABLE t DISABLE TRIGGER custody_hold_1', 'DROP TRIGGER custody_hold_1 ON t', 'ALTER TABLE t DROP id',
        'ALTER TABLE plain DISABLE TRIGGER ALL', 'ALTER TRIGGER custody_hold_1 ON t RENAME TO x',
        'ALTER TABLE t ALTER org TYPE text';
}
held('DELETE FROM org WHERE id = 2', 'a cascade');
held('DELETE FROM t WHERE id = 4', 'a superuser', 'postgres');
ok failure('admin', q{SELECT custody.unaudit('plain', 'x')}), 'what is held stays recorded';

# Everything else goes on.
$cluster->sql('clinic', $_, user => 'boss') for
    q{UPDATE t SET a = 'z' WHERE org = 1 AND id <> 4}, 'DELETE FROM t WHERE id = 2', 'DELETE FROM p WHERE id = 4',
    q{INSERT INTO plain VALUES (2, 'b')}, 'ALTER TABLE p DETACH PARTITION p3', 'DROP TABLE p3',
    'ALTER TABLE t ADD note text, ALTER a TYPE varchar', 'ALTER TABLE t RENAME id TO number',
    'ALTER TABLE plain ADD b float DEFAULT random()';
held('DELETE FROM t WHERE number = 4', 'the hold follows a renamed column');

# What comes later is reached.
$cluster->sql('clinic', 'CREATE TABLE p5 (LIKE p INCLUDING ALL); INSERT INTO p5 VALUES (1, 5, NULL, 2);'
        . ' ALTER TABLE p ATTACH PARTITION p5 FOR VALUES IN (5); CREATE TABLE p6 PARTITION OF p FOR VALUES IN (6);'
        . ' INSERT INTO p VALUES (1, 6, NULL, 2)', user => 'boss');
held($_, 'a new partition') for 'DELETE FROM p5', 'TRUNCATE p5', 'UPDATE p SET a = 1 WHERE k = 6', 'TRUNCATE p6';
$cluster->sql('clinic', q{CREATE TABLE later (id int PRIMARY KEY, org text); INSERT INTO later VALUES (1, '2'), (2, '1')},
    user => 'boss');
$cluster->sql('clinic', q{SELECT custody.audit('later', 'org')}, user => 'admin');
held('DELETE FROM later WHERE id = 1', 'a table recorded later');
held('TRUNCATE later', 'a table recorded later');
$cluster->sql('clinic', 'DELETE FROM later WHERE id = 2', user => 'boss');

# Who places, who lifts.
like failure($_, q{SELECT custody.place_hold('x', 't')}), qr/permission denied/, "not $_" for qw(admin boss);
like failure('lawyer', "SELECT custody.place_hold($_->[0])"), qr/$_->[1]/, "place_hold($_->[0])" for
    [ q{'x'}, 'a hold is on' ], [ q{' ', 't'}, 'a reason is needed' ], [ q{'x', 'org'}, 'public.org is not recorded' ],
    [ q{'x', 't', '{"id": 4}'}, 'the key of public.t is not' ], [ q{'x', 't', '{"number": 4, "a": 1}'}, 'the key of' ],
    [ q{'x', 'plain', org => '1'}, 'no column that names the organization' ];
like failure('boss', q{SELECT custody.request_lift(1, 'x')}), qr/permission denied/, 'a lift is asked for by a duty';
my $request = $cluster->sql('clinic', q{SELECT custody.request_lift(1, 'case closed')}, user => 'lawyer');
for my $user (qw(lawyer lawyer2 boss)) {
    like failure($user, "SELECT custody.approve($request)"), qr/needs a second person|permission denied/, "not by $user alone";
}
like failure('postgres', "SET SESSION AUTHORIZATION lawyer; SET ROLE admin; SELECT custody.approve($request)"),
    qr/permission denied to set role/, 'nor under another role';
held('DELETE FROM t WHERE number = 4', 'held still');
is $cluster->sql('clinic', "SELECT custody.approve($request)", user => 'admin2'), 'hold 1 lifted', 'the other duty lifts it';
like failure('admin2', "SELECT custody.approve($request)"), qr/no open request/, '... once';
held('DELETE FROM plain', 'other holds stay');
is $cluster->sql('clinic', 'DELETE FROM t WHERE number = 4 AND org = 1 RETURNING a', user => 'boss'), 'a', 'the row can go';
$request = $cluster->sql('clinic', "SELECT custody.request_lift($org, 'closed')", user => 'admin2');
$cluster->sql('clinic', "SELECT custody.approve($request)", user => 'lawyer');
$cluster->sql('clinic', 'TRUNCATE t; TRUNCATE later; ALTER TABLE p DETACH PARTITION p2; DELETE FROM p5', user => 'boss');
held('TRUNCATE p1', 'a hold on a row still reaches its partition');
is $cluster->sql('clinic', q{SELECT string_agg(n ->> 'kind', ' ' ORDER BY e.ctid) FROM custody_ledger.event e,
        LATERAL (SELECT convert_from(substring(e.new FROM 2), 'UTF8')::json) AS t (n)
        WHERE e.op = 'S' AND n ->> 'kind' IN ('hold', 'lift')}),
    join(' ', ('hold') x 10, ('lift') x 6), 'holds and lifts are events, one for each, and one for each of its tables';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE new LIKE convert_to('%"id": 4%', 'UTF8')}), 0,
    '... without the key, which may have to be erased';
done_testing;

sub waits {
    my ($session, $name) = @_;
    my $pid = $session->backend;
    ok wait_for($name, sub {
        $cluster->sql('clinic', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted");
    }), $name;
}

sub failure {
    my ($user, $sql) = @_;
    my ($exit, undef, $err) = $cluster->psql('clinic', $sql, user => $user);
    return $exit ? $err : undef;
}

sub held {
    my ($sql, $name, $user) = @_;
    like failure($user // 'boss', $sql), qr/is under legal hold \d/, ($name ? "$name: " : '') . $sql;
}
