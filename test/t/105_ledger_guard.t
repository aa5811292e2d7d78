# The ledger is changed by nobody: not by the owner of an audited table, not in replica mode, not by a
# superuser's UPDATE, DELETE, TRUNCATE or DDL; a superuser who takes the guards down can, and it shows.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one', conf => { wal_level => 'logical' });
$cluster->create_database('clinic', extension => 1);
sub refused;
$cluster->sql('clinic', <<'SQL');
CREATE ROLE boss LOGIN;
CREATE ROLE admin LOGIN IN ROLE custody_admin, boss;
CREATE ROLE auditor LOGIN IN ROLE custody_auditor;
GRANT CREATE ON SCHEMA public TO boss;
GRANT SET ON PARAMETER session_replication_role TO boss;
SQL
is $cluster->sql('clinic', q{SELECT count(*) FROM custody.init_ledger()}, user => 'admin'), 1,
    'the duty makes the ledger';
$cluster->sql('clinic', 'CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1)', user => 'boss');
refused 'boss', q{SELECT custody.audit('t')}, 'permission denied';
$cluster->sql('clinic', 'CREATE TABLE others (id int PRIMARY KEY)');
refused 'admin', q{SELECT custody.audit('others')}, 'must be owner of table public.others';
refused 'admin', q{SELECT custody.audit_register(gen_random_uuid(), 'others', '{}')}, 'permission denied';
refused 'admin', q{SELECT custody.maintain_ledger('DELETE FROM custody_ledger.event')}, 'permission denied';
$cluster->sql('clinic', q{SELECT custody.audit('t')}, user => 'admin');

# Nobody but the duties reads it, and nobody writes it.
refused 'boss', 'SELECT FROM custody_ledger.event', 'permission denied for schema custody_ledger';
for my $role (qw(admin auditor)) {
    isnt $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event', user => $role), 0, "$role reads";
    refused $role, $_, 'permission denied for table event' for 'DELETE FROM custody_ledger.event',
        'TRUNCATE custody_ledger.event', 'INSERT INTO custody_ledger.event DEFAULT VALUES';
}
is $cluster->sql('clinic', q{SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = 'custody_ledger'::regnamespace AND a.grantee = 0}), 0, 'PUBLIC has nothing';
is $cluster->sql('clinic', q{SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class
        WHERE relnamespace = 'custody_ledger'::regnamespace}), 'custody_ledger_owner', 'one owner';
is $cluster->sql('clinic', q{SELECT rolcanlogin OR rolsuper FROM pg_roles WHERE rolname = 'custody_ledger_owner'}),
    'f', 'who cannot log in';

# A superuser, and the ledger's owner itself.
my $part = $cluster->sql('clinic', q{SELECT relation FROM custody.ledger_partitions('event') ORDER BY lower LIMIT 1});
for my $mode ('SET session_replication_role = origin', 'SET session_replication_role = replica',
    'SET ROLE custody_ledger_owner')
{
    refused 'postgres', "$mode; $_", 'the audit ledger is not changed' for
        'UPDATE custody_ledger.event SET op = op', 'DELETE FROM custody_ledger.event', "DELETE FROM $part",
        "UPDATE $part SET org = NULL", 'TRUNCATE custody_ledger.event', "TRUNCATE $part",
        'TRUNCATE custody_ledger.block', 'TRUNCATE custody_ledger.tx', 'UPDATE custody_ledger.ledger SET format = 9',
        'DELETE FROM custody_ledger.audited', 'UPDATE custody_ledger.descriptor SET text = text';
    refused 'postgres', "$mode; $_", 'the audit ledger is not (altered|dropped)|permission denied for schema' for
        "DROP TABLE $part", 'DROP TABLE custody_ledger.link', 'DROP INDEX custody_ledger.tx_xid',
        'ALTER TABLE custody_ledger.event DISABLE TRIGGER ALL', "ALTER TABLE $part DISABLE TRIGGER custody_guard",
        'DROP TRIGGER custody_guard ON custody_ledger.event', "ALTER TABLE custody_ledger.event DETACH PARTITION $part",
        'ALTER TABLE custody_ledger.event ADD x int', 'ALTER TABLE custody_ledger.org RENAME TO o',
        'CREATE INDEX ON custody_ledger.event (org)', 'ALTER TABLE custody_ledger.event ALTER lsn DROP NOT NULL',
        'CREATE RULE r AS ON INSERT TO custody_ledger.block DO INSTEAD NOTHING';
}
refused 'postgres', $_, 'the audit ledger is not (altered|dropped)' for 'DROP SCHEMA custody_ledger CASCADE',
    'ALTER SCHEMA custody_ledger RENAME TO x', 'ALTER TABLE custody_ledger.tx SET SCHEMA public',
    'CREATE TABLE custody_ledger.extra ()', 'DROP OWNED BY custody_ledger_owner',
    'CREATE TRIGGER x BEFORE INSERT ON custody_ledger.block FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'CREATE POLICY p ON custody_ledger.event';
refused 'postgres', $_, 'contains the audit ledger' for 'CREATE PUBLICATION p FOR ALL TABLES',
    'CREATE PUBLICATION p FOR TABLE custody_ledger.block', 'CREATE PUBLICATION p FOR TABLES IN SCHEMA custody_ledger',
    'BEGIN; CREATE PUBLICATION p FOR TABLE t; ALTER PUBLICATION p ADD TABLE custody_ledger.tx';
$cluster->sql('clinic', 'CREATE PUBLICATION p FOR TABLE t');
is $cluster->sql('clinic', q{REINDEX SCHEMA custody_ledger; ANALYZE; COMMENT ON TABLE custody_ledger.tx IS 'x'; SELECT 1}),
    1, 'what changes nothing is let through';

# The mark for lawful changes does not outlive its statement, nor an error in it.
refused 'postgres', q{SELECT custody.maintain_ledger('SELECT 1'); DELETE FROM custody_ledger.event},
    'the audit ledger is not changed';
refused 'postgres', q{DO $$ BEGIN PERFORM custody.maintain_ledger('SELECT 1/0'); EXCEPTION WHEN division_by_zero THEN
    DELETE FROM custody_ledger.event; END $$}, 'the audit ledger is not changed';

# The owner of the table does not end its recording by DDL.
refused 'boss', $_, 'trigger ".*" of public.t (stays as it is|is not dropped)' for
    'ALTER TABLE t DISABLE TRIGGER custody_capture', 'ALTER TABLE t DISABLE TRIGGER ALL',
    'ALTER TABLE t ENABLE REPLICA TRIGGER custody_capture', 'DROP TRIGGER custody_capture ON t',
    'ALTER TRIGGER custody_capture ON t RENAME TO x', 'SET session_replication_role = replica; ALTER TABLE t DISABLE TRIGGER USER';
$cluster->sql('clinic', 'GRANT USAGE ON SCHEMA custody TO boss');
my $identity = $cluster->sql('clinic', 'SELECT identity FROM custody_ledger.audited');
refused 'boss', "CREATE TABLE fake (id int); CREATE TRIGGER x AFTER INSERT ON fake FOR EACH ROW
    EXECUTE FUNCTION custody.capture('$identity')", 'is made by custody.audit';
refused 'admin', q{SELECT custody.unaudit('t', ' ')}, 'a reason is needed';
refused 'admin', q{SELECT custody.unaudit('others', 'x')}, 'must be owner';
my $events = $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event});
$cluster->sql('clinic', q{INSERT INTO t VALUES (2); SET session_replication_role = replica; INSERT INTO t VALUES (3)}, user => 'boss');
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event}) - $events, 2, 'recorded in replica mode, too';
$cluster->sql('clinic', q{SELECT custody.unaudit('t', 'moved away')}, user => 'admin');
$cluster->sql('clinic', q{INSERT INTO t VALUES (4)}, user => 'boss');
is $cluster->sql('clinic', q{SELECT n ->> 'reason' FROM custody_ledger.event e,
        LATERAL (SELECT convert_from(substring(e.new FROM 2), 'UTF8')::json) AS t (n)
        WHERE e.op = 'S' AND n ->> 'kind' = 'audit_off'}), 'moved away', 'the end of recording is an event';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event}) - $events, 3, '... and the last';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody.audit('t')}, user => 'admin'), 6, 'recorded again';
is $cluster->sql('clinic', q{SELECT count(*), bool_and(active) FROM custody_ledger.audited}), '1|t', '... as the same table';

# A role of the owner's name that can be worked as.
$cluster->sql('clinic', 'ALTER ROLE custody_ledger_owner LOGIN');
refused 'admin', 'SELECT custody.init_ledger()', 'role "custody_ledger_owner" can be worked as';
done_testing;

sub refused {
    my ($user, $sql, $why) = @_;
    my ($exit, undef, $err) = $cluster->psql('clinic', $sql, user => $user);
    like $err, qr/$why/, "$user: refused: $sql";
}
