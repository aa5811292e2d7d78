# What the ledger keeps in lists of its own (recorded tables, holds, requests) is held against the events
# that were written with it; an index of block ranges against its rows; and a prune that is committed
# while a verification runs is no finding.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('sound', extension => 1);
$c->sql('sound', <<'SQL');
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
SELECT custody.init_ledger();
CREATE TABLE patient (id int PRIMARY KEY, org uuid, name text, ssn text);
CREATE TABLE visit (id int PRIMARY KEY, note text);
SELECT custody.audit('patient', org_column => 'org', redact => '{ssn}');
SELECT custody.audit('visit');
SELECT custody.unaudit('visit', 'moved');
SELECT custody.audit('visit', options => '{"full_row": true}');
INSERT INTO patient SELECT i, '00000000-0000-0000-0000-000000000001', 'n' || i, 's' FROM generate_series(1, 6) i;
ALTER TABLE patient RENAME COLUMN ssn TO tax;
SQL
# A hold that stands, one that was lifted, a row that was erased.
my $hold = $c->sql('sound', q{SELECT custody.place_hold('case 1', 'patient', '{"id": 1}')}, user => 'lawyer');
my $lifted = $c->sql('sound', q{SELECT custody.place_hold('case 2', 'visit')}, user => 'lawyer');
approve("custody.request_lift($lifted, 'closed')");
approve(q{custody.request_erase('patient', '{"id": 2}', 'art. 17')});
approve(q{custody.request_erase_user('nobody', 'art. 17')});
$c->sql('sound', 'SELECT custody.seal()');
is problems('sound'), '', 'nothing is found where nothing was done';

# How tables are recorded.
my $patient = qr/^descriptors\|public\.patient\|refuted\|/m;
finds('a column is redacted no more', q{UPDATE custody_ledger.audited SET options = options - 'redact' WHERE name = 'patient'},
    qr/$patient.*how it is recorded is \{.*, by its event \{.*"redact": \["tax"\]/m);
finds('an option is switched off', q{UPDATE custody_ledger.audited SET options = options - 'full_row' WHERE name = 'visit'},
    qr/^descriptors\|public\.visit\|refuted\|how it is recorded is/m);
finds('recorded since earlier', q{UPDATE custody_ledger.audited SET since = since - interval '1 year' WHERE name = 'visit'},
    qr/^descriptors\|public\.visit\|refuted\|since when it is recorded is/m);
finds('a table that no event tells of', q{INSERT INTO custody_ledger.audited (identity, schema, name, active, since, until, options)
    VALUES (gen_random_uuid(), 'public', 'other', true, now(), NULL, '{}')}, qr/^descriptors\|public\.other\|unproven\|how it is recorded is told by no event/m);

# Holds.
my $first = qr/^descriptors\|hold 1\|refuted\|/m;
finds('another reason of a hold', q{UPDATE custody_ledger.hold SET reason = 'x' WHERE id = 1}, qr/${first}its events tell another/m);
finds('another who placed it', q{UPDATE custody_ledger.hold SET placed_by = 'admin' WHERE id = 1}, qr/${first}its events tell another/m);
finds('another subject', q{UPDATE custody_ledger.hold SET subject = '{"table": "visit"}' WHERE id = 1}, qr/${first}its events tell another/m);
finds('a hold is ended without a lift', q{UPDATE custody_ledger.hold SET lifted_at = now(), lifted_by = 1 WHERE id = 1}, qr/${first}it is said to be lifted/m);
finds('a hold that was placed at another time', q{UPDATE custody_ledger.hold SET placed_at = placed_at - interval '1 day' WHERE id = 1}, qr/${first}its events tell another/m);
finds('a hold is gone', q{DELETE FROM custody_ledger.hold WHERE id = 1}, qr/${first}its events are there, and it is not/m);
finds('a hold reaches nothing any more', q{DELETE FROM custody_ledger.held WHERE hold = 1}, qr/${first}its events tell of tables/m);
finds('a lift is taken back', q{UPDATE custody_ledger.hold SET lifted_at = NULL, lifted_by = NULL WHERE id = 2},
    qr/^descriptors\|hold 2\|refuted\|its events tell that it was lifted/m);
finds('a hold that no event tells of', q{INSERT INTO custody_ledger.hold (subject, reason, placed_by, placed_at) VALUES ('{}', 'x', 'x', now())},
    qr/^descriptors\|hold 3\|refuted\|no event/m);

# Requests.
for (['approved by another', q{approved_by = 'boss'}], ['asked by another', q{requested_by = 'boss'}], ['for another reason', q{reason = 'x'}],
     ['asked at another time', q{requested_at = requested_at - interval '1 s'}], ['asked as another', q{requested_as = '{admin}'}],
     ['approved at another time', q{approved_at = approved_at + interval '1 s'}], ['approved with another result', q{result = 'nothing'}],
     ['for another hold', q{arguments = '{"hold": 1}'}], ['not approved', q{state = 'open'}], ['of another kind', q{kind = 'erase'}]) {
    finds("a request was $_->[0]", "UPDATE custody_ledger.request SET $_->[1] WHERE kind = 'lift'", qr/^descriptors\|request 1\|refuted\|its events? tells?/m);
}
finds('a request is of another table', q{UPDATE custody_ledger.request SET arguments = '{"tbl": 2}' WHERE kind = 'erase'}, qr/^descriptors\|request 2\|refuted/m);
finds('a request is gone', 'DELETE FROM custody_ledger.request WHERE id = 2', qr/^descriptors\|request 2\|refuted\|its events are there/m);
finds('a request that nobody made', q{INSERT INTO custody_ledger.request (kind, arguments, reason, requested_by, requested_as, requested_at, state)
    VALUES ('lift', '{"hold": 1}', 'closed', 'lawyer', '{legal}', now(), 'open')}, qr/^descriptors\|request 4\|refuted\|no event/m);
my $open = $c->sql('sound', q{SELECT custody.request_lift(1, 'closed')}, user => 'lawyer');
$c->sql('sound', 'SELECT custody.seal()');
is problems('sound'), '', 'an open request has its event';
my $asked = qr/^descriptors\|request $open\|refuted\|its events tell something else/m;
finds('an open request in the name of another', "UPDATE custody_ledger.request SET requested_by = 'boss' WHERE id = $open", $asked);
finds('a request that nobody withdrew', "UPDATE custody_ledger.request SET state = 'withdrawn' WHERE id = $open", $asked);
finds('an open request is said to be approved', "UPDATE custody_ledger.request SET state = 'done', approved_by = 'admin', approved_at = now(), result = 'hold 1 lifted' WHERE id = $open",
    qr/^descriptors\|request $open\|refuted\|it is said to be approved, but no event/m);
finds('an open request is gone', "DELETE FROM custody_ledger.request WHERE id = $open", qr/^descriptors\|request $open\|refuted\|its events are there/m);
$c->sql('sound', "SELECT custody.withdraw_request($open)", user => 'lawyer');
$c->sql('sound', 'SELECT custody.seal()');
is problems('sound'), '', 'and one that was withdrawn';
finds('a request was withdrawn by another', "UPDATE custody_ledger.request SET result = 'by boss' WHERE id = $open", $asked);
finds('a withdrawn request is open', "UPDATE custody_ledger.request SET state = 'open' WHERE id = $open", $asked);

# An index of block ranges that hides rows: they came while it was not kept.
my $brin = q{(SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam AND a.amname = 'brin'
    JOIN pg_inherits h ON h.inhrelid = i.indrelid WHERE h.inhparent = 'custody_ledger.event'::regclass)};
finds('an index of block ranges hides rows', qq{SELECT brin_summarize_new_values(indexrelid) FROM pg_index WHERE indexrelid IN $brin;
    UPDATE pg_index SET indisready = false WHERE indexrelid IN $brin;
    UPDATE pg_class SET relhastriggers = true WHERE oid IN (SELECT tgrelid FROM pg_trigger);
    INSERT INTO visit VALUES (10, 'a');
    UPDATE pg_index SET indisready = true WHERE indexrelid IN $brin},
    qr/^heap_index\|custody_ledger\.event_\d+_at_idx\|refuted\|it hides rows: 1 of 1 ranges/m);
finds('a block range without a summary', qq{SELECT brin_summarize_new_values(indexrelid), brin_desummarize_range(indexrelid, 0) FROM pg_index WHERE indexrelid IN $brin},
    qr/^heap_index\|custody_ledger\.event_\d+_at_idx\|proven\|its ranges/m);
finds('an index that custody did not make', 'CREATE INDEX own ON custody_ledger.block USING hash (number)', qr/^heap_index\|custody_ledger\.own\|unproven/m);

# A prune that is committed after the snapshot of a verification.
$c->create_database('old', extension => 1);
$c->sql('old', <<'SQL');
SELECT custody.init_ledger('day');
SELECT custody.grant_duty('custody_admin', 'admin'), custody.grant_duty('custody_legal', 'legal');
CREATE TABLE t (id int PRIMARY KEY, a text);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t');
INSERT INTO t SELECT i, 'a' FROM generate_series(1, 9) i;
SQL
wait_for('the end of the partition', sub {
    $c->sql('old', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
$c->sql('old', 'SELECT custody.seal()');
my $reader = $c->session('old');
$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM custody_ledger.prune');
my $prune = $c->sql('old', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
like $c->sql('old', "SELECT custody.approve($prune)", user => 'lawyer'), qr/^1 partitions with 10 events pruned/, 'a partition is pruned meanwhile';
is $reader->query(q{SELECT "check", object, detail FROM custody.verify_ledger() WHERE status = 'refuted'}), '', '... which is no finding under an older snapshot';
like $reader->query(q{SELECT object FROM custody.verify_ledger() WHERE status = 'unproven'}), qr/^pruned$/m, '... but said';
$reader->query('COMMIT');
is $c->sql('old', q{SELECT "check", object, detail FROM custody.verify_ledger() WHERE status = 'refuted'}), '', 'nor is it under a newer one';
done_testing;

sub approve {
    my ($request) = @_;
    my $number = $c->sql('sound', "SELECT $request", user => 'lawyer');
    $c->sql('sound', "SELECT custody.approve($number)", user => 'admin');
    return;
}

sub report {
    my ($database) = @_;
    my ($exit, $out, $err) = $c->psql($database, q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest())});
    return $exit == 0 ? $out : "error: $err";
}
sub problems { return join "\n", grep { !/\|proven\|/ } split /\n/, report($_[0]) }

sub finds {
    my ($what, $sql, $expected) = @_;
    is tampered_copy($c, $sql), '', "$what: done";
    like report('tampered'), $expected, $what;
    return;
}
