# The ledger in a dump: it restores without an error into a cluster that has never seen custody, triggers
# fire there, guards and holds hold, and DROP EXTENSION leaves it.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $here = start_cluster('here');
$here->create_database('clinic', extension => 1);
$here->sql('clinic', <<'SQL');
SELECT custody.init_ledger('week');
CREATE ROLE clinic_owner;
CREATE ROLE app LOGIN;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE TABLE patient (id int PRIMARY KEY, name text, org int8);
CREATE TABLE visit (id int, day date, org int8, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE SCHEMA more;
CREATE TABLE more.visit_2027 PARTITION OF visit FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
ALTER TABLE patient OWNER TO clinic_owner;
INSERT INTO patient VALUES (1, 'Ann', 1), (2, 'Bob', 2);
INSERT INTO visit VALUES (1, '2026-05-05', 1), (2, '2027-05-05', 2);
SELECT custody.audit('patient', 'org');
SELECT custody.audit('visit', 'org');
INSERT INTO custody.audit_exemption (relation, reason) VALUES ('more.visit_2027', 'a test');
CREATE TABLE past (id int PRIMARY KEY);
SELECT custody.audit('past');
INSERT INTO past VALUES (1);
SELECT custody.unaudit('past', 'a test');
CREATE TABLE gone (id int);
INSERT INTO custody.audit_exemption (relation, reason) VALUES ('gone', 'a test');
DROP TABLE gone;
UPDATE patient SET name = 'Anna' WHERE id = 1;
SQL
$here->sql('clinic', q{SELECT custody.place_hold('case 7', 'patient', '{"id": 1}')}, user => 'lawyer');

my $there = start_cluster('there');
$there->sql('postgres', 'CREATE ROLE clinic_owner; CREATE ROLE app LOGIN; CREATE ROLE lawyer LOGIN');
for my $form ('custom', 'plain') {
    my $database = "clinic_$form";
    my $file = temporary_directory() . "/$form";
    my $dump = run_command(program('pg_dump'), "--format=$form", '--file', $file,
        '-d', $here->conninfo('clinic', 'postgres'));
    is $dump->{exit}, 0, "$form: a dump" or diag $dump->{stderr};
    $there->create_database($database);
    if ($form eq 'custom') {
        my $restore = run_command(program('pg_restore'), '--exit-on-error',
            '-d', $there->conninfo($database, 'postgres'), $file);
        is $restore->{exit}, 0, "$form: it restores" or diag $restore->{stderr};
    }
    else {
        $there->file($database, $file);
    }
    same("$form: $_", $database, $_) for qw(event tx audited descriptor ledger hold held);
    is $there->sql($database, 'SELECT string_agg(relation::text, $$ $$) FROM custody.audit_exemption'), 'more.visit_2027',
        "$form: exemptions, but none of a table that is gone, whose number here is another one's";
    is $there->sql($database, triggers()), $here->sql('clinic', triggers()), "$form: the same triggers";
    is $there->sql($database, owners()), $here->sql('clinic', owners()), "$form: the same owners and privileges";

    my $before = $there->sql($database, 'SELECT count(*) FROM custody_ledger.event');
    $there->sql($database, q{UPDATE patient SET name = 'Rob' WHERE id = 2; UPDATE visit SET org = 3 WHERE id = 2});
    is $there->sql($database, 'SELECT count(*) FROM custody_ledger.event') - $before, 2 + 1,
        "$form: triggers fire: an update, and a change of organization as a pair";
    refused($database, $form, @$_) for
        [ q{DELETE FROM custody_ledger.event}, 'the audit ledger is not changed' ],
        [ q{TRUNCATE custody_ledger.block}, 'the audit ledger is not changed' ],
        [ q{DROP TABLE custody_ledger.event}, 'the audit ledger is not dropped' ],
        [ q{ALTER TABLE custody_ledger.tx ADD x int}, 'the audit ledger is not altered' ],
        [ q{DELETE FROM patient WHERE id = 1}, 'public.patient is under legal hold 1' ],
        [ q{TRUNCATE patient}, 'public.patient is under legal hold 1' ],
        [ q{ALTER TABLE visit DISABLE TRIGGER USER}, 'trigger "custody_.*" of public.visit stays as it is' ];
    is $there->sql($database, q{SELECT count(*) FROM custody_ledger.audited WHERE active
            AND custody.audited_id(custody.audited_relation(identity)) = id}), 2, "$form: tables know their identity";
    # The OIDs in the ledger are the source's: nobody's here, or, as chance has it, those of other tables.
    $there->sql($database, q{SELECT custody.maintain_ledger($$UPDATE custody_ledger.audited a SET relid =
        CASE a.name WHEN 'patient' THEN 'visit' ELSE 'patient' END::regclass WHERE active$$)}) if $form eq 'plain';
    $there->sql($database, q{SELECT custody.maintain_ledger($$UPDATE custody_ledger.audited SET relid = 'past_pkey'::regclass WHERE name = 'past'$$)});
    is $there->sql($database, q{SELECT string_agg(op, '') FROM custody.history('past', '1')}), 'I', "$form: the history of a table that is recorded no more";
    $there->sql($database, q{SELECT custody.grant_duty('lawyer', 'legal'), custody.grant_duty('app', 'admin')});
    is $there->sql($database, q{SELECT custody.place_hold('case 8', org => '3')}, user => 'lawyer'), 2, "$form: another hold, on an organization";
    refused($database, $form, q{DELETE FROM visit WHERE id = 2}, 'more.visit_2027 is under legal hold 2');
    refused($database, $form, q{ALTER TABLE visit DETACH PARTITION more.visit_2027}, 'visit_2027 is under legal hold 2');
    my $request = $there->sql($database, q{SELECT custody.request_erase('patient', '{"id": 2}', 'a test')}, user => 'app');
    is $there->sql($database, "SELECT custody.approve($request)", user => 'lawyer'), '2 events erased', "$form: an erasure";
    is $there->sql($database, q{SELECT id || ' ' || hold FROM (SELECT substring(tgname FROM '\\d+$') AS hold, tgrelid::regclass AS id FROM pg_trigger
        WHERE tgname ~ '^custody_hold_\\d+$' AND tgparentid = 0) h ORDER BY hold, id::text}), "patient 1\npatient 2\nvisit 2", "$form: each table has the holds that are its own";
    $there->sql($database, 'ALTER TABLE patient ADD note text');
    is $there->sql($database, q{SELECT relid = 'patient'::regclass FROM custody_ledger.audited WHERE name = 'patient'}),
        't', "$form: DDL brings its OID up to date";
    is $there->sql($database, 'SELECT custody.init_ledger()'),
        $here->sql('clinic', 'SELECT ledger FROM custody_ledger.ledger'), "$form: init_ledger() keeps the ledger";
}

# DROP EXTENSION takes the triggers, never the ledger; both come back.
my ($exit, undef, $err) = $here->psql('clinic', 'DROP EXTENSION custody');
isnt $exit, 0, 'DROP EXTENSION is refused while it guards and records';
my $events = $here->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');
$here->sql('clinic', 'SET client_min_messages = error; DROP EXTENSION custody CASCADE');
is $here->sql('clinic', 'SELECT count(*) FROM custody_ledger.event'), $events, 'with CASCADE the ledger stays';
is $here->sql('clinic', q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'custody%'}), 0, 'its triggers go';
$here->sql('clinic', 'SET client_min_messages = error; CREATE EXTENSION custody; SELECT custody.init_ledger()');
is $here->sql('clinic', 'SELECT count(*) FROM custody_ledger.event'), $events + 1,
    'a new CREATE EXTENSION finds it, and notes that the hold is back';
my $identity = q{SELECT identity FROM custody_ledger.audited WHERE name = 'patient'};
my $was = $here->sql('clinic', $identity);
$here->sql('clinic', q{SELECT custody.audit('patient', 'org')});
is $here->sql('clinic', $identity), $was, 'a table goes on under its identity';
($exit, undef, $err) = $here->psql('clinic', 'DELETE FROM custody_ledger.event');
like $err, qr/the audit ledger is not changed/, 'guards are back';
($exit, undef, $err) = $here->psql('clinic', 'DELETE FROM patient WHERE id = 1');
like $err, qr/public.patient is under legal hold 1/, 'holds are back with the recording';

# ... by the names that the columns of a key have now.
$here->sql('clinic', q{CREATE TABLE paid (id text, part text, PRIMARY KEY (part, id)); INSERT INTO paid VALUES ('1', 'a'), ('a', '1'); SELECT custody.audit('paid');
    SELECT custody.place_hold('case', 'paid', '["a", "1"]'); ALTER TABLE paid RENAME id TO x; ALTER TABLE paid RENAME part TO id; ALTER TABLE paid RENAME x TO part;
    SET client_min_messages = error; DROP EXTENSION custody CASCADE; CREATE EXTENSION custody});
is +($here->psql('clinic', 'SELECT custody.init_ledger()'))[0], 0, 'a hold on a row whose columns have changed their names comes back';
like +($here->psql('clinic', q{DELETE FROM paid WHERE id = 'a'}))[2], qr/public.paid is under legal hold/, '... and holds it';
is $here->sql('clinic', q{DELETE FROM paid WHERE id = '1' RETURNING part}), 'a', '... and no other';
is $here->sql('clinic', q{SELECT object, detail FROM custody.verify_holds() WHERE status <> 'proven'}), '', '... as its events tell';
done_testing;

sub same {
    my ($what, $database, $table) = @_;
    my $rows = "SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM custody_ledger.$table t";
    # OIDs differ in another cluster.
    $rows = q{SELECT string_agg((to_jsonb(t) - 'relid')::text, E'\n' ORDER BY id) FROM custody_ledger.audited t}
        if $table eq 'audited';
    is $there->sql($database, $rows), $here->sql('clinic', $rows), "$what: the same rows";
}

sub triggers {
    return q{SELECT tgrelid::regclass, tgname, tgenabled, encode(tgargs, 'escape') FROM pg_trigger
              WHERE tgname LIKE 'custody%' AND NOT tgrelid::regclass::text LIKE 'custody.%' ORDER BY tgrelid::regclass::text, tgname};
}

sub owners {
    return q{SELECT c.relname, pg_get_userbyid(c.relowner), c.relacl::text FROM pg_class c
              WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1};
}

sub refused {
    my ($database, $form, $sql, $why) = @_;
    for my $role ('origin', 'replica') {
        my ($exit, undef, $err) = $there->psql($database, "SET session_replication_role = $role; $sql");
        like $err, qr/$why/, "$form: refused in $role mode: $sql";
    }
}
