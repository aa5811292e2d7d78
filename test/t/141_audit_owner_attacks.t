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

# What he has others run is asked for by himself: a superuser analyzes his table, or calls a function of his.
$cluster->sql('clinic', q{SELECT custody.place_hold('case', 't', '{"id": 1}')}, user => 'lawyer');
$cluster->sql('clinic', 'GRANT USAGE ON SCHEMA custody TO boss');
$cluster->sql('clinic', <<'SQL', user => 'boss');
CREATE TABLE told (how text);
GRANT INSERT ON told TO PUBLIC;
CREATE FUNCTION blind() RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
    identity text := (SELECT encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = 'public.t'::regclass AND tgname = 'custody_capture');
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        format('CREATE OR REPLACE TRIGGER custody_capture AFTER INSERT OR UPDATE OR DELETE ON public.t FOR EACH ROW WHEN (false) EXECUTE FUNCTION custody.capture(%L)',
               left(identity, 36)),
        'CREATE OR REPLACE TRIGGER custody_hold_4 BEFORE UPDATE OR DELETE ON public.t FOR EACH ROW WHEN (false) EXECUTE FUNCTION custody.refuse_held(4)',
        'ALTER TRIGGER custody_hold_4 ON public.t RENAME TO custody_hold_44',
        'ALTER TRIGGER custody_hold_4 ON public.t DEPENDS ON EXTENSION plpgsql'] LOOP
        BEGIN
            EXECUTE one;
            INSERT INTO public.told VALUES ('done: ' || one);
        EXCEPTION WHEN OTHERS THEN INSERT INTO public.told VALUES (SQLERRM); END;
    END LOOP;
END $f$;
CREATE FUNCTION blinds(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
    IF current_user <> session_user THEN PERFORM public.blind(); END IF; RETURN 1; END $f$;
CREATE FUNCTION helpful() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT public.blind()';
CREATE TABLE bait (a int);
INSERT INTO bait VALUES (1);
CREATE INDEX ON bait (public.blinds(a));
SQL
for ('ANALYZE bait', 'SELECT helpful()') {
    $cluster->sql('clinic', $_);
    is $cluster->sql('clinic', q{SELECT string_agg(how, '; ') FROM told WHERE how !~ 'is made by custody\.audit\(\) and custody\.place_hold\(\) only|of public\.t stays as it is'}),
        '', "$_: triggers stay as they are";
    is $cluster->sql('clinic', 'WITH gone AS (DELETE FROM told RETURNING *) SELECT count(*) FROM gone'), 4, '... whatever was tried';
}
like failure(boss => 'UPDATE t SET a = 0 WHERE id = 1'), qr/is under legal hold 4/, 'what is held is held';

# An operator of his own that fits a domain better than that of the type below it.
$cluster->sql('clinic', <<'SQL');
CREATE EXTENSION citext;
SET ROLE boss;
CREATE DOMAIN name_of AS citext;
CREATE TABLE o (n name_of, k int, PRIMARY KEY (n, k)) PARTITION BY LIST (k);
CREATE TABLE o1 PARTITION OF o FOR VALUES IN (1);
INSERT INTO o VALUES ('a', 1);
CREATE FUNCTION spies(name_of, citext) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM public.spy(1); RETURN false; END';
CREATE OPERATOR public.= (LEFTARG = name_of, RIGHTARG = citext, FUNCTION = spies);
RESET ROLE;
SELECT custody.audit('o');
TRUNCATE seen;
SQL
is $cluster->sql('clinic', q{SELECT custody.place_hold('case', 'o', '{"n": "A", "k": 1}')}, user => 'lawyer'), 5, 'a hold on a domain over citext';
like failure(boss => 'DELETE FROM o'), qr/is under legal hold 5/, '... holds by the equality of citext';
like failure(boss => 'ALTER TABLE o DETACH PARTITION o1'), qr/is under legal hold 5/, '... when the partition is detached, too';
is $cluster->sql('clinic', q{SELECT string_agg(worker || ': ' || how, '; ') FROM seen}), '', '... without the owner\'s operator';
like failure(boss => 'DROP OPERATOR public.= (name_of, citext) CASCADE; DELETE FROM o'), qr/is under legal hold 5/, '... and does not go with it';
done_testing;

sub failure {
    my ($user, $sql) = @_;
    my ($exit, undef, $error) = $cluster->psql('clinic', $sql =~ s/;\s*/;\n/gr, defined $user ? (user => $user) : ());
    return $exit ? $error : "succeeded: $sql";
}
