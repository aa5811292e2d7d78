# custody lint: the same findings as custody.lint(), on every version of the server, with or without the extension and
# privileges; exemptions, exit codes, JSON and SARIF.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $planted = <<'SQL';
CREATE ROLE "App 1" LOGIN; CREATE ROLE stranger LOGIN;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA "My ""own"" schema"; SET search_path = "My ""own"" schema";
CREATE TABLE "Doc's" (id int PRIMARY KEY, tenant_id uuid NOT NULL); CREATE INDEX ON "Doc's" (tenant_id);
ALTER TABLE "Doc's" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "every; one" ON "Doc's" USING (true);
GRANT TRUNCATE, SELECT ON "Doc's" TO "App 1";
CREATE TABLE "open\table" (tenant_id uuid NOT NULL PRIMARY KEY);
SQL
my @expected = (
    'L101 "My ""own"" schema"."open\table"',
    q{L107 "every; one" on "My ""own"" schema"."Doc's"},
    q{L210 "My ""own"" schema"."Doc's"},
);

# Code and object of what counts at a level, and the whole document.
sub linted {
    my ($cluster, $database, @option) = @_;
    my $user = @option && ref $option[0] ? shift(@option)->[0] : 'postgres';
    my $result = custody('lint', '--quiet', '--json', '--target', $cluster->conninfo($database, $user), @option);
    $result->{report} = eval { json($result->{stdout}) } or diag $result->{stdout}, $result->{stderr};
    $result->{error} = [ map { "$_->{code} $_->{object}" } grep { $_->{level} eq 'error' && !defined $_->{exempt} }
        @{ $result->{report}{findings} } ];
    return $result;
}

sub without_extension {
    my ($server, $version) = @_;
    $server->create_database('nothing');
    my $empty = linted($server, 'nothing');
    is $empty->{exit}, 0, "$version: nothing is found in an empty database";
    is_deeply $empty->{error}, [], "$version: no error";
    my %missing = map { $_->{code} => $_ } @{ $empty->{report}{not_run} };
    like $missing{L112}{reason}, qr/not installed/, "$version: what needs the extension is not run";
    like $missing{L101}{reason}, qr/--org-column/, "$version: nor what needs to know the organizations";

    $server->create_database('shop');
    $server->sql('shop', $planted);
    my $found = linted($server, 'shop', '--org-column', 'tenant_id');
    is $found->{exit}, 5, "$version: what was planted fails";
    is_deeply $found->{error}, \@expected, "$version: and is named";
    ok !grep({ $_->{code} eq 'L101' } @{ $found->{report}{not_run} }), "$version: the org column was given";
    my $stranger = linted($server, 'shop', ['stranger'], '--org-column', 'tenant_id');
    is_deeply $stranger->{report}{findings}, $found->{report}{findings}, "$version: a role without privileges finds the same";
    return;
}

my $cluster = start_cluster('server', conf => { log_statement => "'all'", log_parameter_max_length => 0 });
without_extension($cluster, 'own');
my @statement = map { /(?:statement|execute [^:]*): (.*)/ ? $1 : () } grep { /custody lint/ } split /\n/, $cluster->log_since(0);
cmp_ok scalar(@statement), '>', 10, 'the log has its statements';
is_deeply [ grep { !/^(?:BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY|SET LOCAL|WITH|SELECT|SAVEPOINT|RELEASE|ROLLBACK)/ && /\S/ } @statement ], [],
    'it reads only, in one transaction';

# With the extension.
$cluster->sql('shop', q{CREATE EXTENSION custody;
    INSERT INTO custody.protection (relation, class, org_column, roles)
        SELECT oid, 'owned', 'tenant_id', ARRAY['"App 1"'::regrole] FROM pg_class WHERE relname IN ('Doc''s', 'open\table')});
my $with = linted($cluster, 'shop');
is_deeply $with->{error}, \@expected, 'custody.protection names the org column';
is_deeply $with->{report}{not_run}, [], 'every rule runs';
my $rows = json($cluster->sql('shop', 'SELECT json_agg(l) FROM custody.lint() l'));
is_deeply $rows, [ map { my %row = %$_; delete $row{name}; \%row } @{ $with->{report}{findings} } ], 'custody.lint() says the same';

my $other = linted($cluster, 'shop', ['stranger']);
like $other->{report}{not_run}[0]{reason}, qr/role "stranger" may not read custody\.protection/, 'without the privilege to read the state rules are not run';
is scalar(@{ $other->{report}{notes} }), 1, 'and nothing is exempt';

# One rule that the server refuses: the others run.
$cluster->sql('shop', 'REVOKE SELECT ON pg_catalog.pg_publication_tables FROM PUBLIC');
my $part = linted($cluster, 'shop', ['stranger'], '--org-column', 'tenant_id', '--fail-on', 'warning');
is_deeply [ map { $_->{code} } grep { $_->{failed} } @{ $part->{report}{not_run} } ], ['L505'], 'a rule that is refused has not passed';
is_deeply $part->{error}, \@expected, 'all others find what they find';
$cluster->create_database('closed');
$cluster->sql('closed', 'REVOKE SELECT ON pg_catalog.pg_publication_tables FROM PUBLIC; REVOKE CREATE ON SCHEMA public FROM PUBLIC');
is linted($cluster, 'closed', ['stranger'], '--fail-on', 'warning')->{exit}, 5, 'at or above --fail-on it counts as a finding';
is linted($cluster, 'closed', ['stranger'])->{exit}, 0, 'below it does not';
$cluster->sql('shop', 'GRANT SELECT ON pg_catalog.pg_publication_tables TO PUBLIC');

# Exemptions: shown, not counted, until they expire.
$cluster->sql('shop', <<'SQL');
INSERT INTO custody.exemption (tool, code, object, reason, expires) VALUES
    ('lint', 'L107', '%Doc''s"', 'demo data', now() + interval '1 day'),
    ('lint', 'L101', '%"open\\table"', 'to be removed', NULL), ('lint', 'L210', '%', 'was looked at', now() - interval '1 day'),
    ('probe', 'L210', '%', 'not of the linter', now() + interval '1 day');
SQL
my $exempt = linted($cluster, 'shop');
is_deeply $exempt->{error}, [ $expected[2] ], 'an exemption holds for its object, an expired one for none';
is_deeply [ sort map { $_->{exempt} // () } @{ $exempt->{report}{findings} } ], [ 'demo data', 'to be removed' ], 'the reason is shown';
is $exempt->{report}{counts}{exempt}, 2, 'and they are counted';
$cluster->sql('shop', q{REVOKE TRUNCATE ON "My ""own"" schema"."Doc's" FROM "App 1"});
is linted($cluster, 'shop')->{exit}, 0, 'when all is exempt it passes';
is linted($cluster, 'shop', '--fail-on', 'info')->{exit}, 5, 'but not what is below errors, when that is asked for';
my $text = custody('lint', '--quiet', '--target', $cluster->conninfo('shop'));
like $text->{stdout}, qr/exempt: demo data/, 'the text shows it too';

# What custody protects and guards is clean.
$cluster->create_database('protected', extension => 1);
$cluster->sql('protected', <<'SQL');
CREATE ROLE bound; CREATE ROLE owning; CREATE ROLE supporting;
CREATE SCHEMA shop AUTHORIZATION owning; GRANT USAGE ON SCHEMA shop TO bound;
SET ROLE owning;
CREATE TABLE shop.orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE shop.docs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid REFERENCES shop.orgs, title text);
CREATE TABLE shop.parts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc uuid NOT NULL REFERENCES shop.docs ON DELETE CASCADE);
CREATE TABLE shop.country (code text PRIMARY KEY);
GRANT ALL ON ALL TABLES IN SCHEMA shop TO bound;
RESET ROLE;
SELECT count(*) FROM custody.protect_schema('shop', 'org_id', '{bound}', multi_roles => '{supporting}',
    classes => '{"country": "shared", "orgs": "root"}', composite_keys => true);
SELECT custody.set_guard('refuse');
SQL
is_deeply [ map { "$_->{code} $_->{object}" } grep { $_->{level} ne 'info' } @{ linted($cluster, 'protected')->{report}{findings} } ], [],
    'a schema that custody protects and guards has neither errors nor warnings';
$cluster->sql('protected', q{SELECT custody.set_guard('off'); ALTER TABLE shop.docs DISABLE ROW LEVEL SECURITY});
is_deeply [ map { $_->{code} } grep { $_->{level} ne 'info' } @{ linted($cluster, 'protected')->{report}{findings} } ], [ 'L103', 'L604' ],
    'until somebody turns it off';

# SARIF, by what its schema asks for.
my $sarif = json(custody('lint', '--quiet', '--sarif', '--target', $cluster->conninfo('shop'))->{stdout});
is $sarif->{version}, '2.1.0', 'SARIF 2.1.0';
my $run = $sarif->{runs}[0];
my $rules = $run->{tool}{driver}{rules};
ok $run->{tool}{driver}{name} && @$rules > 60, 'the tool and its rules';
is_deeply [ grep { $rules->[ $_->{ruleIndex} ]{id} ne $_->{ruleId} || !length $_->{message}{text} || $_->{level} !~ /^(?:error|warning|note)$/
        || !$_->{locations}[0]{logicalLocations}[0]{fullyQualifiedName} } @{ $run->{results} } ], [], 'every result has rule, message, level and place';
is scalar(@{ $run->{results} }), @{ linted($cluster, 'shop')->{report}{findings} }, 'as many as findings';
is_deeply [ sort map { $_->{suppressions}[0]{justification} // () } @{ $run->{results} } ], [ 'demo data', 'to be removed' ], 'exempt ones are suppressed';
is_deeply [ map { $_->{executionSuccessful} ? 1 : 0 } @{ $run->{invocations} } ], [1], 'and that it ran';

my $both = custody('lint', '--json', '--sarif', '--target', $cluster->conninfo('shop'));
is $both->{exit}, 1, 'both forms at once are wrong usage';
like $both->{stderr}, qr/--json and --sarif exclude each other/, 'and said so';

# A lint that is stopped says nothing of a run that could go on.
{
    my $lock = $cluster->session('shop');
    $lock->query('BEGIN; LOCK TABLE custody.exemption IN ACCESS EXCLUSIVE MODE');
    my $stopped = start_custody('lint', '--target', $cluster->conninfo('shop'));
    wait_for('it waits', sub { $cluster->sql('postgres',
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'custody lint' AND wait_event_type = 'Lock'") });
    $stopped->signal('INT');
    is $stopped->wait(60)->exit_code, 130, 'SIGINT: exit code 130';
    like $stopped->stderr, qr/stopped by a signal; nothing is concluded, and nothing was changed: run the same command again/,
        'it says what is true of a lint';
    unlike $stopped->stderr, qr/what is done is kept/, 'and not what is true of a run';
    $lock->close;
}

is custody('lint', '--target', 'x', '--fail-on', 'never')->{exit}, 1, 'an unknown level is wrong usage';
is custody('lint')->{exit}, 1, 'so is no target';
is custody('lint', '--target', 'host=/nowhere dbname=x')->{exit}, 2, 'a server that is not there is not passed';
$cluster->stop;

for my $version (13, 14, 16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 9 unless has_version($version);
        my $server = start_cluster("pg$version", version => $version);
        without_extension($server, $version);
        $server->stop;
    }
}
done_testing;
