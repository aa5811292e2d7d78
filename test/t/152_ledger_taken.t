# What a role with a right of its own tries to get of the ledger: by a schema made before the ledger is, default privileges,
# a migration that is not ended, locks that anybody can take, settings of its session.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
sub in { my ($database, $sql, $user) = @_; return $cluster->sql($database, $sql, defined $user ? (user => $user) : ()) }
sub failure {
    my ($database, $user, $sql) = @_;
    my ($exit, undef, $error) = $cluster->psql($database, $sql, user => $user);
    return $exit ? $error : "succeeded: $sql";
}
in('postgres', q{CREATE ROLE boss LOGIN; CREATE ROLE app LOGIN; CREATE ROLE ola LOGIN; CREATE ROLE lawyer LOGIN;
    CREATE ROLE maker LOGIN CREATEROLE});

# A schema of its name, made before the ledger.
$cluster->create_database('early', extension => 1);
in('early', 'GRANT CREATE ON DATABASE early TO boss');
in('early', <<'SQL', 'boss');
CREATE SCHEMA custody_ledger;
CREATE TABLE custody_ledger.seen (who name);
CREATE FUNCTION custody_ledger.spy() RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO custody_ledger.seen VALUES (current_user); RETURN 'month'; END $$;
CREATE VIEW custody_ledger.ledger AS SELECT NULL::uuid AS ledger, 1 AS format, now() AS made_at, custody_ledger.spy() AS period, '{}'::jsonb AS options;
CREATE TABLE custody_ledger.audited (id int, identity uuid, schema name, name name, relid oid, active boolean, since int8, until int8, options int8);
CREATE TABLE custody_ledger.block (number int8, hash int8);
CREATE TABLE custody_ledger.event (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE custody_ledger.tx (at timestamptz) PARTITION BY RANGE (at);
GRANT ALL ON SCHEMA custody_ledger TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA custody_ledger TO PUBLIC;
SQL
my $taken = qr/schema "custody_ledger" exists and belongs to role "boss"/;
my $none = qr/there is no audit ledger in this database/;
like failure('early', 'postgres', 'SELECT custody.init_ledger()'), $taken, 'a schema of somebody else is not taken for the ledger';
like failure('early', 'postgres', $_), $none, $_ for 'SELECT custody.make_ledger_partitions()', 'SELECT custody.seal()',
    'SELECT * FROM custody.verify_ledger()', 'SELECT * FROM custody.seal_lag', 'SELECT custody.ledger_digest()', q{SELECT custody.note_incarnation(1, 1, 1)};
is in('early', 'SELECT count(*) FROM custody_ledger.seen'), 0, 'nothing of its owner ran';
my $identity = '00000000-0000-0000-0000-000000000001';
in('early', "INSERT INTO custody_ledger.audited VALUES (1, '$identity', 'public', 't', 0, true, 1, 1, 4711)", 'boss');
in('early', 'GRANT CREATE ON SCHEMA public TO boss; GRANT USAGE ON SCHEMA custody TO boss');
like failure('early', 'boss', qq{CREATE TABLE t (a int); CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION custody.capture('$identity'); INSERT INTO t VALUES (1)}),
    qr/this database has no audit ledger/, 'nor is it written by capture';

# Default privileges of whoever installs custody and makes the ledger.
$cluster->create_database('clinic');
in('clinic', q{ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app;
    ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO app; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO app;
    ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
    CREATE EXTENSION custody});
is in('clinic', q{SELECT c.relname, a.privilege_type FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
    WHERE c.relnamespace = 'custody'::regnamespace AND a.grantee = 0 ORDER BY 1}), "digest_progress|SELECT\nseal_lag|SELECT",
    'default privileges let everybody read two views, as they are made to be, and write none';
my $given = q{SELECT count(*) FROM (
    SELECT relacl AS acl FROM pg_class WHERE relnamespace::regnamespace::text IN ('custody', 'custody_ledger')
    UNION ALL SELECT proacl FROM pg_proc WHERE pronamespace = 'custody'::regnamespace
    UNION ALL SELECT nspacl FROM pg_namespace WHERE nspname IN ('custody', 'custody_ledger')) o
    CROSS JOIN aclexplode(o.acl) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = 'app'};
is in('clinic', $given), 0, 'default privileges give nothing of custody';
in('clinic', q{SELECT custody.grant_duty('ola', 'operator'), custody.grant_duty('lawyer', 'legal')});

# ... nor do they keep from everybody what the triggers of partitions and policies need.
my $everybody = q{SELECT string_agg(p.oid::regprocedure::text, ' ' ORDER BY p.oid::regprocedure::text) FROM pg_proc p
    WHERE p.pronamespace = 'custody'::regnamespace AND has_function_privilege('boss', p.oid, 'EXECUTE')};
$cluster->create_database('closed');
in('closed', q{ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC; CREATE EXTENSION custody});
is in('closed', $everybody), in('early', $everybody), 'everybody may call what he may elsewhere';
is in('closed', q{CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT has_function_privilege('boss', 'mine()', 'EXECUTE')}), 'f',
    '... and of other functions what the default privileges say';
in('closed', q{SELECT custody.init_ledger(); GRANT CREATE ON SCHEMA public TO boss; SET ROLE boss;
    CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id); RESET ROLE; SELECT custody.audit('t')});
in('closed', 'CREATE TABLE t0 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1)', 'boss');
is in('closed', q{SELECT count(*) FROM custody_ledger.event WHERE op = 'I'}), 1, '... an owner makes a partition of a recorded table';

# A migration that is begun and not ended would leave the right to write the ledger behind.
like failure('clinic', 'ola', q{SELECT custody.receive_ledger('month', '{}', '[]')}), qr/a ledger was received and not adopted/, 'a ledger that is received is adopted, or not there';
like failure('clinic', 'ola', q{BEGIN; SET CONSTRAINTS ALL IMMEDIATE; SELECT custody.receive_ledger('month', '{}', '[]'); COMMIT}), qr/received and not adopted/, '... whatever constraints wait for';
is in('clinic', q{SELECT to_regnamespace('custody_ledger') IS NULL}), 't', '... it is not there';

# One that is ended leaves nothing behind, but what the role had before.
$cluster->create_database('moved', extension => 1);
in('moved', q{CREATE ROLE mover LOGIN; GRANT USAGE ON SCHEMA custody TO mover; SELECT custody.grant_duty('ola', 'operator');
    GRANT EXECUTE ON FUNCTION custody.receive_ledger(text, jsonb, jsonb), custody.adopt_ledger(bigint, jsonb) TO mover});
in('postgres', "CREATE DATABASE moved_$_ TEMPLATE moved") for qw(ola mover);
for my $user (qw(ola mover)) {
    in("moved_$user", q{BEGIN; SELECT custody.receive_ledger('month', '{}', '[{"parent": "event", "lower": "2026-01-01", "upper": "2026-02-01"}]');
        INSERT INTO custody_ledger.ledger VALUES (gen_random_uuid(), 1, now(), 'month', '{}');
        INSERT INTO custody_ledger.descriptor VALUES (0, 0, 0, sha256('\x077b7d'), '{}', now()); SELECT custody.adopt_ledger(1, '{}'); COMMIT}, $user);
    my $rights = "SELECT count(*) FILTER (WHERE p = 'SELECT') > 9, count(*) FILTER (WHERE p = 'USAGE'), count(*) FILTER (WHERE p NOT IN ('SELECT', 'USAGE'))
        FROM (SELECT relacl AS acl FROM pg_class WHERE relnamespace = 'custody_ledger'::regnamespace UNION ALL
              SELECT nspacl FROM pg_namespace WHERE nspname = 'custody_ledger') o CROSS JOIN aclexplode(o.acl) a (g, r, p, w) WHERE a.r = '$user'::regrole";
    is in("moved_$user", $rights), $user eq 'ola' ? 't|1|0' : 'f|0|0', "a ledger that is adopted leaves $user what he had";
}

in('clinic', q{SELECT custody.init_ledger('day'); GRANT CREATE ON SCHEMA public TO boss; SET ROLE boss;
    CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE t (id int PRIMARY KEY, a text, m mood); GRANT ALL ON t TO app; RESET ROLE; SELECT custody.audit('t')});
in('clinic', 'SELECT custody.seal()', 'ola');
is in('clinic', $given), 0, '... nor of the ledger and the partitions that are made';
like failure('clinic', 'ola', q{SELECT custody.adopt_ledger(1, '{}')}), qr/no ledger was received in this transaction/, 'no ledger is adopted that was not received';

# A lock that anybody can take does not keep holds from being placed.
my $session = $cluster->session('clinic');
$session->query(q{SET SESSION AUTHORIZATION app; BEGIN; SELECT pg_advisory_xact_lock(p.oid::bigint) FROM pg_proc p WHERE p.pronamespace::regnamespace::text = 'custody'});
is in('clinic', q{SET lock_timeout = '5s'; SELECT custody.place_hold('case', 't', '{"id": 7}')}, 'lawyer'), 1, 'a hold is placed beside advisory locks';
$session->query('ROLLBACK');

# Settings of a session.
in('clinic', "SET quote_all_identifiers = on; INSERT INTO t VALUES (1, 'x', 'calm')", 'app');
in('clinic', 'SET quote_all_identifiers = on; SET standard_conforming_strings = off; SET escape_string_warning = off; ALTER TABLE t ADD b int', 'boss');
in('clinic', "SET standard_conforming_strings = off; INSERT INTO t VALUES (2, 'x', 'calm', 3)", 'app');
in('clinic', "INSERT INTO t VALUES (3, 'x', 'calm', 3)", 'app');
is in('clinic', q{SELECT count(*) || ' ' || bool_or(strpos(text, chr(92)) > 0) FROM custody_ledger.descriptor WHERE tbl = 1}), '2 false',
    'how names are quoted and strings are read is no matter to recording';
is in('clinic', q{SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('t')}), 'proven summary', '... all rows are recorded';
is in('clinic', q{SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p WHERE p.pronamespace = 'custody'::regnamespace AND p.prosecdef
    AND NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp",standard_conforming_strings=on,quote_all_identifiers=off}'}), '',
    '... nor to whatever runs with the rights of its owner';

# Whoever owns an extension may make tables members of it: that is no reason not to record them. Nor does he who exempts one say who did.
in('clinic', 'GRANT CREATE ON DATABASE clinic TO boss');
in('clinic', 'CREATE EXTENSION citext; CREATE TABLE hidden (a int); ALTER EXTENSION citext ADD TABLE hidden', 'boss');
is in('clinic', q{SELECT state FROM custody.audit_coverage() WHERE relation = 'hidden'::regclass}), 'gap', 'a table in an extension of its owner is a gap';
in('clinic', q{SELECT custody.grant_duty('app', 'admin')});
like failure('clinic', 'app', q{INSERT INTO custody.audit_exemption (relation, reason, made_by) VALUES ('hidden'::regclass, 'x', 'ola')}), qr/permission denied/, 'who exempts does not say who did';
in('clinic', q{INSERT INTO custody.audit_exemption (relation, reason) VALUES ('hidden'::regclass, 'x')}, 'app');
like failure('clinic', 'app', q{UPDATE custody.audit_exemption SET made_by = 'ola'}), qr/permission denied/, '... nor later';

# Whoever makes roles may make himself a member of any but superusers (before 16): verification says so.
my $roles = q{SELECT count(*) FROM custody.verify_ledger() WHERE status = 'refuted' AND object = 'role custody_ledger_owner'};
is in('clinic', $roles), 0, 'nobody works as the owner of the ledger';
my $written = q{SELECT string_agg(object || ': ' || detail, '; ' ORDER BY object) FROM custody.verify_ledger() WHERE status = 'refuted' AND detail ~ 'may write'};
is in('clinic', $written), '', 'nobody may write the ledger';
in('clinic', 'GRANT INSERT ON custody_ledger.tx TO app; GRANT UPDATE ON custody_ledger.hold TO PUBLIC; GRANT SELECT ON custody_ledger.hold TO boss');
is in('clinic', $written), 'custody_ledger.hold: everybody may write it; custody_ledger.tx: role "app" may write it', 'who may shows';
in('clinic', 'GRANT custody_ledger_owner TO maker');
is in('clinic', $roles), 1, 'a member of it shows';
done_testing;
