# Who reads what: an auditor all, an organization's own auditor its events and nothing else, others nothing.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', q{
    CREATE ROLE auditor LOGIN; CREATE ROLE app LOGIN; CREATE ROLE nobody LOGIN;
    SELECT custody.init_ledger();
    CREATE TABLE patient (id int PRIMARY KEY, org bigint, name text);
    CREATE TABLE visit (id int, org text);
    SELECT custody.audit('patient', org_column => 'org');
    SELECT custody.audit('visit', org_column => 'org');
    INSERT INTO patient SELECT i, i % 2, 'n' || i FROM generate_series(1, 10) i;
    INSERT INTO visit VALUES (1, '1'), (2, 'x');
    UPDATE patient SET org = 1 WHERE id = 2;
    TRUNCATE visit;
    SELECT custody.grant_duty('auditor', 'auditor');
    GRANT USAGE ON SCHEMA custody TO app, nobody;
    GRANT EXECUTE ON FUNCTION custody.org_changes(regclass, timestamptz, timestamptz) TO app});
sub as_app {
    my ($context, $sql) = @_;
    my $session = $cluster->session('clinic');
    my $answer = $session->query("BEGIN; $context; SET LOCAL ROLE app; $sql; ROLLBACK", error => 1);
    $answer =~ s/\A\n+//;
    return $answer;
}
my $one = q{SELECT custody.set_context(1::bigint, 'ann', 'auditor')};

is $cluster->sql('clinic', q{SELECT count(*) FROM custody.changes('patient') WHERE op <> 'S'}, user => 'auditor'), 12, 'the auditor reads all';
like as_app($one, 'SELECT count(*), count(DISTINCT key ->> \'id\') FROM custody.org_changes()'), qr/^6\|6$/m,
    'an organization\'s own auditor its own';
like as_app($one, q{SELECT string_agg(op || (key ->> 'id'), ' ') FROM custody.org_changes() WHERE (key ->> 'id')::int = 2}),
    qr/^E2$/m, 'of a row that came, its coming only';
like as_app(q{SELECT custody.set_context(0::bigint, 'bob', 'auditor')},
    q{SELECT string_agg(op || (key ->> 'id'), ' ') FROM custody.org_changes() WHERE (key ->> 'id')::int = 2}),
    qr/^I2 L2$/m, 'of a row that left, its leaving';
like as_app($one, 'SELECT max(number) = count(*) FROM custody.org_changes() WHERE op = \'I\''), qr/^t$/m,
    'numbers without gaps tell nothing of others';
like as_app($one, q{SELECT count(*) FROM custody.org_changes('visit')}), qr/^0$/m, 'an organization of another type is another one';
like as_app(q{SELECT custody.set_context('x'::text, 'ann', 'auditor')}, q{SELECT count(*) FROM custody.org_changes()}), qr/^2$/m,
    'events of TRUNCATE as a whole are not among them, its rows are';

# A function that tells what it sees gets only those rows.
$cluster->sql('clinic', q{CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
    $$BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END$$});
unlike as_app($one, q{SET client_min_messages = notice; SELECT count(*) FROM custody.org_changes() WHERE public.leak(new::text)}),
    qr/"org": 0/, 'a cheap function in the query';

# Code of a table's owner, in a constraint or a cast, does not get the rights of custody's functions.
$cluster->sql('clinic', q{
    CREATE ROLE clerk LOGIN; CREATE SCHEMA own AUTHORIZATION clerk; GRANT USAGE ON SCHEMA own TO PUBLIC; CREATE TABLE own.as_whom (who name, definer name);
    ALTER TABLE own.as_whom OWNER TO clerk; GRANT INSERT ON own.as_whom TO PUBLIC});
$cluster->sql('clinic', q{
    CREATE FUNCTION own.spy(int) RETURNS boolean LANGUAGE plpgsql AS
        $$BEGIN INSERT INTO own.as_whom VALUES (current_user, session_user); RETURN true; END$$;
    CREATE DOMAIN own.spied AS int CHECK (own.spy(value));
    CREATE TABLE own.secret (id int PRIMARY KEY, org bigint, many own.spied[])}, user => 'clerk');
$cluster->sql('clinic', q{SELECT custody.audit('own.secret', org_column => 'org')});
$cluster->sql('clinic', q{INSERT INTO own.secret VALUES (1, 1, '{1,2}'); DELETE FROM own.as_whom}, user => 'clerk');
my $looked = $cluster->session('clinic');
$looked->query("BEGIN; $one; SET LOCAL ROLE app; SELECT count(*) FROM custody.org_changes('own.secret'); COMMIT");
is $cluster->sql('clinic', 'SELECT DISTINCT who FROM own.as_whom'), 'clerk', 'a constraint runs as its owner';

# Refused: without a context, with another role, several organizations, an expired one, and by others.
for my $case (
    [ 'SELECT 1', 'no context' ],
    [ q{SELECT custody.set_context(1::bigint, 'ann', 'clerk')}, 'another role' ],
    [ q{SELECT custody.set_context(1::bigint, 'ann')}, 'no role' ],
    [ q{SELECT custody.set_context_orgs('{1,0}'::bigint[], 'ann', 'auditor')}, 'several organizations' ]) {
    like as_app($case->[0], 'SELECT count(*) FROM custody.org_changes()'), qr/ERROR:  no tenant context of an auditor/, $case->[1];
}
for my $sql ('SELECT * FROM custody_ledger.event', 'SELECT custody.changes()', q{SELECT custody.history('patient', '1')},
    q{SELECT custody.event_row(1, '\x00')}, q{SELECT custody.find_changes('true', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)},
    'SELECT custody.own_orgs()', q{SELECT custody.revert('1')}, 'SELECT custody.attest()', q{SELECT custody.reconcile('patient')},
    'SELECT custody.audit_coverage()', q{SELECT custody.row_as_of('patient', '1', now())}) {
    like as_app($one, $sql), qr/ERROR:  permission denied/, "the application's role may not: $sql";
    my ($exit) = $cluster->psql('clinic', $sql, user => 'nobody');
    isnt $exit, 0, 'nor anybody';
}
done_testing;
