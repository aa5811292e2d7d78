# The guard and what happens to a database: a run of the loader passes, and is not done before its
# tables are protected; a dump carries the guard, a restore is not hindered by it; the extension goes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');
$source->create_database('shop');
$source->sql('shop', <<'SQL');
CREATE SCHEMA app;
CREATE TABLE app.docs (id int PRIMARY KEY, org_id int NOT NULL, title text);
CREATE INDEX ON app.docs (title);
INSERT INTO app.docs SELECT n, n % 7, 'title ' || n FROM generate_series(1, 2000) n;
SQL
$target->create_database('shop', extension => 1);
$target->sql('shop', <<'SQL');
CREATE ROLE app_user LOGIN;
CREATE SCHEMA app;
CREATE TABLE app.anchor (org_id int PRIMARY KEY);
SELECT FROM custody.protect('app.anchor', 'org_id', '{app_user}', 'owned');
SELECT custody.set_guard('refuse');
SQL
my ($exit, $out, $err) = $target->psql('shop', 'CREATE TABLE app.docs (id int)');
isnt $exit, 0, 'a table cannot come unprotected';
like $err, qr/the guard of tenant isolation refuses this transaction: unprotected: app\.docs/, 'and the error says why';

# The run's own transactions pass; its end is no success, for the table has no protection.
my @ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('shop'));
my $run = custody('run', @ends, '--schema', 'app', '--table', 'app.docs');
is $run->{exit}, 5, 'the run ends, unverified' or diag $run->{stderr};
like $run->{stderr}, qr/isolation app\.docs: unprotected/, 'and says what is not isolated';
is $target->sql('shop', 'SELECT count(*) FROM app.docs'), 2000, 'all rows are there';
is $target->sql('shop', q{SELECT state, (SELECT verdict FROM custody.migration_table) FROM custody.migration}),
    'unverified|equal', 'the state says the same';
is $target->sql('shop', 'SELECT occasion, code, object FROM custody.guard_finding'),
    'migration|unprotected|app.docs', 'so does the log of the guard';
($exit, $out, $err) = $target->psql('shop', 'ALTER TABLE app.docs ADD COLUMN more int');
isnt $exit, 0, 'after its end nothing passes any more';
$target->sql('shop', q{SELECT FROM custody.protect('app.docs', 'org_id', '{app_user}', 'owned')});
is $target->sql('shop', q{SELECT count(*) FROM custody.migration_unproven(
        (SELECT id FROM custody.migration)) WHERE object_type = 'isolation'}), 0, 'protected: nothing is left';

# A dump has the mode, the event triggers as they were, the protections and the exemptions.
$target->sql('shop', q{INSERT INTO custody.exemption (tool, code, object, reason)
        VALUES ('guard', 'unprotected', 'app.staging%', 'loads')});
my $dump = temporary_directory() . '/shop.dump';
my $dumped = run_command(program('pg_dump'), '-Fc', '-f', $dump, $target->conninfo('shop'));
is $dumped->{exit}, 0, 'dumped' or diag $dumped->{stderr};
$target->create_database('copy');
my $restored = run_command(program('pg_restore'), '--exit-on-error', '-d', $target->conninfo('copy'), $dump);
is $restored->{exit}, 0, 'restored' or diag $restored->{stderr};
is $target->sql('copy', 'SELECT * FROM custody.check_guard()'), '', 'the copy is as the guard wants it';
my $state = q{SELECT (SELECT string_agg(concat(evtname, evtenabled), ',' ORDER BY evtname) FROM pg_event_trigger),
        (SELECT value FROM custody.isolation_setting WHERE name = 'guard'),
        (SELECT count(*) FROM custody.protection), (SELECT count(*) FROM custody.exemption)};
is $target->sql('copy', $state), 'custody_guard_ddlA,custody_guard_dropA|refuse|2|1', 'mode, triggers and tables are there';
($exit, $out, $err) = $target->psql('copy', 'CREATE TABLE app.new (id int)');
like $err, qr/refuses this transaction/, 'and it refuses';
$target->sql('copy', 'CREATE TABLE app.staging_1 (id int); DROP TABLE app.docs');
is $target->sql('copy', 'SELECT relation FROM custody.protection'), 'app.anchor', 'a dropped table is forgotten';

# The extension goes only with what depends on it, and then leaves nothing that hinders.
($exit, $out, $err) = $target->psql('copy', 'DROP EXTENSION custody');
like $err, qr/event trigger custody_guard_ddl depends on/, 'the guard keeps the extension';
$target->sql('copy', 'DROP EXTENSION custody CASCADE; CREATE TABLE app.new (id int)');
is $target->sql('copy', 'SELECT count(*) FROM pg_event_trigger'), 0, 'both gone: DDL works';
is $target->sql('copy', q{SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'app.anchor'::regclass}),
    't|t', 'and tables stay closed';

done_testing;
