# What the owner of a recorded table, who is no superuser, tries against its recording and its holds.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
GRANT CREATE ON SCHEMA public TO boss;
GRANT CREATE ON DATABASE clinic TO boss;
SET ROLE boss;
CREATE TABLE seen (worker name, how text);
CREATE FUNCTION spy(int) RETURNS boolean LANGUAGE plpgsql AS
    $$ DECLARE how text; BEGIN GET DIAGNOSTICS how = PG_CONTEXT;
       INSERT INTO public.seen VALUES (current_user, how); RETURN true; END $$;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE DOMAIN number AS int CHECK (public.spy(VALUE));
CREATE DOMAIN numbered AS number;
CREATE TYPE pair AS (a number, b int);
CREATE TYPE mood AS ENUM ('calm', 'tense');
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE d (id numbered, k int, org numbered, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE d1 PARTITION OF d FOR VALUES IN (1);
CREATE TABLE d2 PARTITION OF d FOR VALUES IN (2);
CREATE TABLE e (m mood PRIMARY KEY);
CREATE TABLE c (p pair PRIMARY KEY);
INSERT INTO d VALUES (7, 1, 5), (8, 1, 5), (7, 2, 6);
INSERT INTO e VALUES ('calm'), ('tense');
GRANT INSERT ON ALL TABLES IN SCHEMA public TO app;
RESET ROLE;
SELECT custody.audit('t'), custody.audit('d', 'org'), custody.audit('e'), custody.audit('c');
TRUNCATE seen;
SQL

# Another function in the place of the one that records.
my $refused = qr/is made by custody\.audit\(\) and custody\.place_hold\(\) only/;
like failure(boss => 'CREATE OR REPLACE TRIGGER custody_capture AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing()'),
    $refused, 'CREATE OR REPLACE TRIGGER does not end recording';
my $truncate = $cluster->sql('clinic', q{SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname ~ 'truncate'});
like failure(boss => qq{CREATE OR REPLACE TRIGGER "$truncate" BEFORE TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION nothing()}),
    $refused, '... of TRUNCATE neither';
$cluster->sql('clinic', q{INSERT INTO t VALUES (1, 'x')}, user => 'boss');
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE op = 'I'}), 1, 'a row is recorded';

# Code of the owner behind a key: it would run as whoever owns custody.
is $cluster->sql('clinic', q{SELECT custody.place_hold('case', 'd', '{"id": 7, "k": 1}')}, user => 'lawyer'), 1, 'a hold on a domain';
is $cluster->sql('clinic', q{SELECT custody.place_hold('case', 'd', org => '6')}, user => 'lawyer'), 2, '... on an organization';
is $cluster->sql('clinic', q{SELECT bool_and(key IN (SELECT key FROM custody_ledger.event)), count(*) FROM custody_ledger.held WHERE key <> ''}),
    't|1', '... has the bytes of the events';
is $cluster->sql('clinic', q{SELECT bool_and(org IN (SELECT org FROM custody_ledger.event)), count(*) FROM custody_ledger.held WHERE org <> ''}),
    't|1', '... and of the organization';
like failure(boss => 'ALTER TABLE d DETACH PARTITION d1'), qr/is under legal hold 1/, 'DETACH is refused';
like failure(boss => 'ALTER TABLE d DETACH PARTITION d2'), qr/is under legal hold 2/, '... for an organization';
like failure(boss => 'DELETE FROM d WHERE id = 7 AND k = 1'), qr/is under legal hold 1/, 'DELETE, too';
$cluster->sql('clinic', 'DELETE FROM d WHERE id = 8', user => 'boss');
$cluster->sql('clinic', q{SELECT count(*) FROM custody.history('d', '{"id": 7, "k": 1}')});
$cluster->sql('clinic', q{SELECT custody.request_erase('d', '{"id": 8, "k": 1}', 'ticket')}, user => 'lawyer');
is $cluster->sql('clinic', q{SELECT string_agg(worker || ': ' || how, '; ') FROM seen WHERE worker <> 'boss'}), '', 'no code of the owner ran with other rights';
is $cluster->sql('clinic', q{SELECT custody.place_hold('case', 'e', '{"m": "calm"}')}, user => 'lawyer'), 3, 'a hold on an enum';
like failure(boss => q{DELETE FROM e WHERE m = 'calm'}), qr/is under legal hold 3/, '... holds';
$cluster->sql('clinic', q{DELETE FROM e WHERE m = 'tense'}, user => 'boss');
like failure(lawyer => q{SELECT custody.place_hold('case', 'c', '{"p": "(7,1)"}')}), qr/cannot be compared safely/,
    'a key of other types is refused';

# Whoever writes first after a change has no right to anything of custody.
$cluster->sql('clinic', <<'SQL', user => 'boss');
CREATE DOMAIN extra AS int;
ALTER TABLE t ADD x extra;
DROP DOMAIN extra CASCADE;
SQL
$cluster->sql('clinic', q{INSERT INTO t VALUES (2, 'y')}, user => 'app');
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE op = 'I'}), 2, 'a column that went with its type fails no write';
done_testing;

sub failure {
    my ($user, $sql) = @_;
    my ($exit, undef, $error) = $cluster->psql('clinic', $sql, user => $user);
    return $exit ? $error : "succeeded: $sql";
}
