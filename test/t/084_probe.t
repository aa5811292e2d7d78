# custody probe: as the application's role, on its own connections and through pgbouncer. A safe database
# is held, and each leak that only shows from outside is found.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Test::Pooler;
use JSON::PP ();

plan skip_all => 'no pgbouncer' unless Custody::Test::Pooler->program;
my $cluster = start_cluster('probed');
$cluster->create_database('shop', extension => 1);
$cluster->sql('shop', q{
    REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC;
    CREATE ROLE app LOGIN;
    CREATE ROLE reader LOGIN;
    CREATE ROLE owner NOLOGIN;
    CREATE SCHEMA app AUTHORIZATION owner;
    GRANT USAGE ON SCHEMA app, custody TO app, reader;
    CREATE TABLE app.docs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL, title text NOT NULL);
    INSERT INTO app.docs (org_id, title) SELECT 1 + i % 4, 'doc ' || i FROM generate_series(1, 400) i;
    CREATE INDEX ON app.docs (org_id);
    CREATE POLICY p ON app.docs USING (org_id = custody.current_org_bigint());
    ALTER TABLE app.docs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO owner;
    GRANT SELECT, INSERT, UPDATE, DELETE ON app.docs TO app, reader;
    ANALYZE app.docs;
    INSERT INTO custody.exemption (tool, code, object, reason, expires)
        VALUES ('probe', 'context_alter_role', 'session', 'tried on the copy', now() + interval '1 hour'),
               ('probe', 'pooled_statement_text', 'pooler', 'prepared with parameters', now() + interval '1 hour')});
my $key = temporary_directory() . '/app.pem';
$cluster->sql('shop', custody('token', '--new-key=ed25519', '--kid=app1', '-o', $key)->{stdout});
my @enter = ("--key-file=$key", '--kid=app1');
my $one = Custody::Test::Pooler->start($cluster, 'shop', user => 'app', size => 1);

sub probe {
    my ($role, @more) = @_;
    my $run = custody('probe', '--target=' . $cluster->conninfo('shop'),
        '--role-conninfo=' . $cluster->conninfo('shop', $role), '--json', @more);
    my $report = eval { JSON::PP->new->decode($run->{stdout}) } // {};
    return ($run, $report, { map { join("|", map { $_ // '' } @$_{qw(from attack object statement)}) => $_ } @{ $report->{findings} // [] } });
}

sub verdicts {
    my ($found, $from, $verdict) = @_;
    return [ sort map { "$_->{attack} $_->{object}" } grep { $_->{from} eq $from && $_->{verdict} eq $verdict && !$_->{accepted} }
            values %$found ];
}

# Safe.
my ($run, $report, $found) = probe('app', @enter, '--pooler=' . $one->conninfo);
is_deeply verdicts($found, $_, 'inconclusive'), [], "nothing is open $_" for qw(inside outside);
is_deeply verdicts($found, 'outside', 'leak'), [], 'nothing leaks outside';
is_deeply verdicts($found, 'inside', 'leak'), [], 'nor inside';
is $run->{exit}, 0, 'exit code 0' or diag $run->{stderr};
is $report->{schema_version}, 1, 'the schema of the report';
is $report->{counts}{held}, scalar(grep { $_->{verdict} eq 'held' } @{ $report->{findings} }), 'counts';
is $cluster->sql('shop', "SELECT count(*), min(title), (SELECT rolconfig IS NULL FROM pg_roles WHERE rolname = 'app') FROM app.docs"),
    '400|doc 1|t', 'nothing was written';

# What shows only from outside. Each is planted, found, and taken away.
sub leaks {
    my ($plant, $undo, $attack, @more) = @_;
    $cluster->sql('shop', $plant);
    my ($run, undef, $found) = probe('app', @more ? @more : @enter);
    $cluster->sql('shop', $undo);
    ok +(grep { $_->{verdict} eq 'leak' && $_->{from} eq 'outside' && $_->{attack} eq $attack } values %$found), "leak: $attack"
        or diag explain [ $run->{stderr}, grep { $_->{attack} eq $attack } values %$found ];
    is $run->{exit}, 5, "exit code 5: $attack";
}
my $pooled = '--pooler=' . $one->conninfo;
leaks('GRANT owner TO app; ALTER TABLE app.docs NO FORCE ROW LEVEL SECURITY',
    'REVOKE owner FROM app; ALTER TABLE app.docs FORCE ROW LEVEL SECURITY', 'set_role');
leaks('ALTER TABLE app.docs DISABLE ROW LEVEL SECURITY', 'ALTER TABLE app.docs ENABLE ROW LEVEL SECURITY', 'copy_from');
leaks('GRANT TEMPORARY ON DATABASE shop TO app', 'REVOKE TEMPORARY ON DATABASE shop FROM app', 'pooled_temporary_table',
    @enter, $pooled);
leaks(q{CREATE FUNCTION app.folded() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT custody.current_org_bigint()';
    ALTER POLICY p ON app.docs USING (org_id = app.folded())},
    'ALTER POLICY p ON app.docs USING (org_id = custody.current_org_bigint()); DROP FUNCTION app.folded()', 'prepared_statement');
# A context that anybody may set, at the start of the connection or for the next client.
my @setting = (q{ALTER POLICY p ON app.docs USING (org_id = nullif(current_setting('app.org', true), '')::bigint)},
    'ALTER POLICY p ON app.docs USING (org_id = custody.current_org_bigint())');
leaks(@setting, 'forged_settings', q{--enter=SELECT set_config('app.org', $1, true)});
leaks(@setting, 'pooled_context', q{--enter=SELECT set_config('app.org', $1, false)}, $pooled);
# What one client sets for the session, and the next one inherits: on a copy for real. The entry itself is clean.
my @local = ("--pooler=" . $one->conninfo, q{--enter=SELECT set_config('app.org', $1, true)});
leaks(@setting, 'pooled_setting', @local, '--on-clone');
# Only beside the context of the next client: his rows, and those of the one before.
leaks(q{ALTER POLICY p ON app.docs USING (org_id = custody.current_org_bigint()
        OR org_id = nullif(current_setting('app.org', true), '')::bigint)},
    $setting[1], 'pooled_setting', @enter, $pooled, '--on-clone');
# A value that nobody can forge is inherited all the same.
leaks(q{CREATE FUNCTION app.signed(org text) RETURNS text LANGUAGE sql IMMUTABLE SECURITY DEFINER AS 'SELECT $1 || ''.'' || md5(''key'' || $1)';
    CREATE FUNCTION app.verified(t text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT CASE WHEN t = app.signed(split_part(t, ''.'', 1)) THEN split_part(t, ''.'', 1)::bigint END';
    ALTER POLICY p ON app.docs USING (org_id = app.verified(current_setting('app.token', true)))},
    "$setting[1]; DROP FUNCTION app.verified, app.signed", 'pooled_setting', $pooled, '--on-clone',
    q{--enter=SELECT set_config('app.token', app.signed($1), true)});

sub pooled_setting {
    my ($plant, @more) = @_;
    $cluster->sql('shop', $plant);
    my (undef, undef, $found) = probe('app', @more);
    $cluster->sql('shop', $setting[1]);
    my ($finding) = grep { $_->{attack} eq 'pooled_setting' } values %$found;
    return "$finding->{verdict}: $finding->{detail}";
}
my $resets = Custody::Test::Pooler->start($cluster, 'shop', user => 'app', size => 1, reset => 1);
is pooled_setting($setting[0], @local), 'inconclusive: the next client inherits settings, and policies read app.org: '
    . 'what it then sees is tried with --on-clone', 'not on a live pooler';
is pooled_setting($setting[0], @local, '--on-clone', '--pooler=' . $resets->conninfo),
    'held: the pooler takes settings back before the next client', 'a pooler that resets its connections';
is pooled_setting('', @enter, $pooled, '--on-clone'), 'held: the next client inherits settings, and no policy reads one',
    'the context of custody is not made by SET';
is pooled_setting(q{ALTER POLICY p ON app.docs USING (org_id = custody.current_org_bigint() AND current_setting('app.org', true) IS DISTINCT FROM 'x')},
    @enter, $pooled, '--on-clone'), 'held: the next client inherits app.org, and sees no row', 'inherited, and of no use';
is $cluster->sql('shop', q{SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'}), 0, 'no transaction is left open';
is run_command(program('psql'), '-XAtd', $one->conninfo, '-c',
    q{SELECT concat(current_setting('app.org', true), current_setting('custody_probe.left', true))})->{stdout}, "\n", 'no setting, either';
$resets->stop;
$one->stop;

# Nobody told how to enter: nothing is known, and that is no success.
my ($blind, $blind_report) = probe('app');
is $blind->{exit}, 5, 'without a way in nothing is known';
is_deeply [ map { $_->{verdict} } grep { $_->{attack} eq 'login_read' } @{ $blind_report->{findings} } ], ['inconclusive'], 'and said';
# An exemption that is over.
$cluster->sql('shop', "UPDATE custody.exemption SET expires = now() - interval '1 second'");
my ($late, $late_report) = probe('app', @enter);
is $late->{exit}, 5, 'an expired exemption does not count';
is $late_report->{counts}{accepted}, 0, 'none is accepted';
# Who may, and where.
like custody('probe', '--target=' . $cluster->conninfo('shop', 'app'), '--role-conninfo=' . $cluster->conninfo('shop', 'app'))
    ->{stderr}, qr/\[[a-z-]+\]/, 'only a superuser';
$cluster->create_database('other');
my $other = custody('probe', '--target=' . $cluster->conninfo('shop'), '--role-conninfo=' . $cluster->conninfo('other', 'app'));
like $other->{stderr}, qr/\[probe-other-database\]/, 'one database';
is $other->{exit}, 3, 'exit code 3';
# Stopped while it attacks inside.
{
    my $lock = $cluster->session('shop');
    $lock->query('BEGIN; LOCK TABLE custody.exemption IN ACCESS EXCLUSIVE MODE');
    my $stopped = start_custody('probe', '--target=' . $cluster->conninfo('shop'),
        '--role-conninfo=' . $cluster->conninfo('shop', 'app'), @enter);
    wait_for('it waits', sub { $cluster->sql('postgres',
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'custody probe' AND wait_event_type = 'Lock'") });
    $stopped->signal('INT');
    is $stopped->wait(60)->exit_code, 130, 'SIGINT: exit code 130';
    like $stopped->stderr, qr/stopped by a signal; no verdict is given and nothing is committed/, 'it says what is true of a probe';
    unlike $stopped->stderr, qr/what is done is kept/, 'and not what is true of a run';
    $lock->close;
}
is custody('probe', '--target=' . $cluster->conninfo('shop'))->{exit}, 1, 'a role to log in as';
done_testing;
