# The state of a migration outlives a dump and a restore, and the extension takes over no role.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('state');

# A role that somebody else made keeps what it has and gets nothing.
$cluster->sql('postgres', 'CREATE ROLE custody_operator LOGIN CONNECTION LIMIT 3');
$cluster->create_database('here');
my ($exit, undef, $err) = $cluster->psql('here', 'CREATE EXTENSION custody');
is $exit, 0, 'the extension installs where one of its roles exists' or diag $err;
like $err, qr/WARNING:  roles that exist already get no privilege: custody_operator$/m, 'and says so';
is $cluster->sql('here', q{SELECT rolcanlogin, rolconnlimit, has_schema_privilege(oid, 'custody', 'USAGE'),
        shobj_description(oid, 'pg_authid') IS NULL FROM pg_roles WHERE rolname = 'custody_operator'}),
    't|3|f|t', 'it is as it was';
is $cluster->sql('here', q{SELECT rolcanlogin, has_table_privilege(oid, 'custody.migration', 'SELECT')
        FROM pg_roles WHERE rolname = 'custody_auditor'}), 'f|t', 'a role that it made reads';
is $cluster->sql('here', q{SELECT string_agg(name, ',' ORDER BY name) FROM custody.role WHERE made}),
    'custody_admin,custody_auditor,custody_break_glass,custody_ledger_owner,custody_legal', 'it remembers which ones it made';

# One bucket of three rows.
my $digests = q{'\x0000000000000003000000000000000000000000000000ff'};
$cluster->sql('here', qq{
    BEGIN;
    INSERT INTO custody.migration (name, source, source_identity, source_version, target_version,
            loader_version, plan)
        VALUES ('move', 'source:5432/app', '42/app', 150000, 150000, '0.1.0', '{"tables": 1}');
    INSERT INTO custody.migration_snapshot (migration_id, number, name, system_identifier)
        VALUES (1, 1, '00000003-1', '42');
    INSERT INTO custody.migration_part (migration_id, table_id, number, id, lower, upper)
        VALUES (1, 1, 1, 1, NULL, 10), (1, 1, 2, 2, 10, NULL), (1, 2, 1, 3, NULL, NULL);
    INSERT INTO custody.migration_table (migration_id, id, source_schema, source_table, target_schema,
            target_table, source_oid, source_filenode, columns, form, buckets, method)
        SELECT 1, n, 'public', 't' || n, 'public', 't' || n, 1, 1, '{a}', 'binary', 1, 'ctid'
          FROM generate_series(1, 2) n;
    UPDATE custody.migration_part SET state = 'done', snapshot = 1, rows = 3, bytes = 9,
            digests = $digests, lossy_rows = 0, writer = pg_current_xact_id(), started_at = now(),
            finished_at = now() WHERE id IN (2, 3);
    UPDATE custody.migration_table SET state = 'copied', snapshot = 1, encoding_version = 1,
            profile = 'fast', source_rows = 3, source_digests = $digests, lossy_rows = 0,
            started_at = now(), copied_at = now() WHERE id = 2;
    UPDATE custody.migration_table SET state = 'verified', target_rows = 3, target_digests = $digests,
            foreign_rows = 0, generated_wrong = 0, source_count = 3, verdict = 'equal',
            verified_at = now() WHERE id = 2;
    INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type,
            object_name, table_id, depends) VALUES (1, 1, 'index', 'index', 1, 'INDEX', 'i', 2, '{}'),
            (1, 2, 'sequence', 'post', 2, 'SEQUENCE', 's', NULL, '{1}');
    INSERT INTO custody.migration_log (migration_id, severity, message) VALUES (1, 'info', 'dumped');
    COMMIT});

# A migration that is done comes back as it is, although it is inserted before what proves it.
$cluster->sql('here', qq{
    BEGIN;
    INSERT INTO custody.migration (name, source, source_identity, source_version, target_version,
            loader_version) VALUES ('finished', 'source:5432/app', '42/app', 150000, 150000, '0.1.0');
    INSERT INTO custody.migration_snapshot (migration_id, number, name, system_identifier)
        VALUES (2, 1, '00000003-2', '42');
    INSERT INTO custody.migration_part (migration_id, table_id, number, id, state, snapshot, rows, bytes,
            digests, lossy_rows, writer, started_at, finished_at)
        VALUES (2, 1, 1, 1, 'done', 1, 3, 9, $digests, 0, '7', now(), now());
    INSERT INTO custody.migration_table (migration_id, id, source_schema, source_table, target_schema,
            target_table, source_oid, source_filenode, columns, form, buckets, method)
        VALUES (2, 1, 'public', 't1', 'public', 't1', 1, 1, '{a}', 'binary', 1, 'whole');
    UPDATE custody.migration_table SET state = 'copied', snapshot = 1, encoding_version = 1,
            profile = 'fast', source_rows = 3, source_digests = $digests, lossy_rows = 0,
            started_at = now(), copied_at = now() WHERE migration_id = 2;
    UPDATE custody.migration_table SET state = 'verified', target_rows = 3, target_digests = $digests,
            foreign_rows = 0, generated_wrong = 0, source_count = 3, verdict = 'equal',
            verified_at = now() WHERE migration_id = 2;
    INSERT INTO custody.migration_task (migration_id, id, kind, phase, position, object_type, object_name,
            state, attempts, writer, started_at, finished_at)
        VALUES (2, 1, 'index', 'index', 1, 'INDEX', 'i', 'done', 1, '7', now(), now());
    UPDATE custody.migration SET state = 'done', finished_at = now() WHERE id = 2;
    COMMIT});

my $dump = temporary_directory() . '/here.sql';
my $dumped = run_command(program('pg_dump'), '-f', $dump, $cluster->conninfo('here'));
is $dumped->{exit}, 0, 'dumped';
# pg_dump warns of a table that refers to itself, which restores all the same.
is_deeply [ $dumped->{stderr} =~ /^pg_dump: detail: (\w+)$/mg ], ['migration_part'],
    'no table of the state but that of the parts is in a circle' or diag $dumped->{stderr};
$cluster->create_database('there');
($exit, undef, $err) = $cluster->psql('there', "\\i $dump");
is $exit, 0, 'restored, statement by statement' or diag $err;

for my $table (qw(migration migration_snapshot migration_part migration_table migration_task
        migration_log)) {
    my $rows = "SELECT t FROM custody.$table t ORDER BY t";
    is $cluster->sql('there', $rows), $cluster->sql('here', $rows), "$table is the same";
}
is $cluster->sql('there', q{INSERT INTO custody.migration (name, source, source_identity,
        source_version, target_version, loader_version)
        VALUES ('next', 's', 's', 150000, 150000, '0.1.0') RETURNING id}), '3', 'ids go on';
is $cluster->sql('there', 'SELECT state FROM custody.migration WHERE id = 2'), 'done', 'done is still done';
($exit, undef, $err) = $cluster->psql('there', 'DELETE FROM custody.migration_part WHERE id = 2');
like $err, qr/part_is_followed_by_its_next/, 'the restored constraints hold';

# Two workers, one part: the second one gets nothing, and does not wait.
my $claim = q{SELECT id FROM custody.migration_part WHERE migration_id = 1 AND id = 1
        AND state = 'pending' FOR NO KEY UPDATE SKIP LOCKED};
my ($one, $two) = map { $cluster->session('here') } 1 .. 2;
$one->query('BEGIN');
is $one->query($claim), '1', 'the first worker has it';
$one->query(q{SELECT pg_advisory_xact_lock(1668641652, custody.migration_lock_key(1, 'part', 1))});
is $two->query($claim), '', 'the second one does not';
is $two->query('SELECT kind, unit_id, pid FROM custody.migration_worker'), 'part|1|' . $one->backend,
    'and sees who has it';
is $two->query(q{SELECT phase FROM custody.migration_progress WHERE object LIKE '%t1'}), 'copying',
    'so does the progress view';
$one->query('ROLLBACK');
is $two->query($claim), '1', 'it is free again';
$_->close for $one, $two;

# Whoever owns the schema could put anything into it.
$cluster->create_database('taken');
$cluster->sql('taken', 'CREATE ROLE somebody; CREATE SCHEMA custody AUTHORIZATION somebody');
($exit, undef, $err) = $cluster->psql('taken', 'CREATE EXTENSION custody');
isnt $exit, 0, 'the extension does not install into the schema of an ordinary role';
like $err, qr/schema "custody" exists and belongs to role "somebody"/, 'and says why';
$cluster->sql('taken', 'ALTER SCHEMA custody OWNER TO CURRENT_USER');
($exit, undef, $err) = $cluster->psql('taken', 'CREATE EXTENSION custody');
is $exit, 0, 'it installs into that of a superuser' or diag $err;

# The extension goes, and with it its state; roles belong to the cluster and stay.
$cluster->sql('there', 'DROP EXTENSION custody');
is $cluster->sql('there', q{SELECT count(*) FROM pg_roles WHERE rolname LIKE 'custody%'}), '6',
    'roles stay';

done_testing;
