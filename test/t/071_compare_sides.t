# custody compare between servers, roles and options: what is the same must compare as the same, and what could not be
# read must not.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Compare;
use Custody::Judge;

my ($one, $two) = map { start_cluster($_) } qw(one two);
my %file = map { $_ => source_directory() . "/test/data/$_.sql" } qw(compare survive);
$_->create_database('base') && $_->file('base', $file{compare}) for $one, $two;
my @same = ([ $one, 'base' ], [ $two, 'base' ]);
finds_ok(@same, [], 'the same script on two clusters');

subtest 'dumped and loaded again' => sub {
    my %database = (survive => $file{survive}, pagila => '/nowhere');
    $one->create_database('survive');
    $one->file('survive', $file{survive}, variables => { bytes => 1000 });
    $one->create_database('survived');
    copy_database([ $one, 'survive' ], [ $one, 'survived' ]);
    finds_ok([ $one, 'survive' ], [ $one, 'survived' ], [], 'test/data/survive.sql', '--ignore', 'setting:*',
        '--ignore', 'database:*:comment', '--ignore', 'database:*:grants to *');
    my $data = source_directory() . '/../shared/data/pagila.sql';
    SKIP: {
        skip 'no shared data: pagila', 1 unless -e $data;
        $one->create_database($_) for qw(pagila pagila_again);
        $one->file('pagila', $data);
        copy_database([ $one, 'pagila' ], [ $one, 'pagila_again' ]);
        finds_ok([ $one, 'pagila' ], [ $one, 'pagila_again' ], [], 'pagila');
    }
};

# Between versions only what the versions' own packages differ in.
my @packages = ('--ignore', 'extension:*:version', '--ignore', 'collation:*:* version');

# What only 18 has.
sub newest {
    my ($cluster) = @_;
    $cluster->create_database('newest', template => 'base');
    $cluster->sql('newest', 'ALTER TABLE ONLY app.users ADD CONSTRAINT nn NOT NULL born NOT VALID;'
            . 'ALTER TABLE app.users ADD v integer GENERATED ALWAYS AS (age + 1) VIRTUAL;'
            . 'ALTER TABLE app.calls ALTER CONSTRAINT of_user NOT ENFORCED;'
            . 'ALTER PUBLICATION news SET (publish_generated_columns = stored)');
    my @found = ('different column app.users.born: null allowed', 'different publication news: generated columns',
        'different constraint app.calls.of_user: enforced, validated', 'extra column app.users.v');
    finds_ok([ $cluster, 'base' ], [ $cluster, 'newest' ], [ @found, 'extra constraint app.users.nn' ], 'within 18');
    finds_ok([ $one, 'base' ], [ $cluster, 'newest' ], \@found, 'from 15 to 18', @packages);
    return;
}

for my $version (13, 16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 2 unless has_version($version);
        my $other = start_cluster("pg$version", version => $version);
        $other->create_database('base');
        $other->file('base', $file{compare});
        finds_ok([ $other, 'base' ], [ $one, 'base' ], [], "from $version", @packages);
        finds_ok([ $one, 'base' ], [ $other, 'base' ], [], "to $version", @packages);
        if ($version > 15) {
            $other->create_database('survive');
            $other->file('survive', $file{survive}, variables => { bytes => 1000 });
            finds_ok([ $one, 'survive' ], [ $other, 'survive' ], [], "everything that must survive, to $version", @packages);
        }
        newest($other) if $version >= 18;
        $other->sql('base', 'CREATE OR REPLACE VIEW app.names AS SELECT u.id, u.name FROM app.users u WHERE u.age > 4 ORDER BY u.name;'
                . 'GRANT DELETE ON app.users TO PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC');
        finds_ok([ $one, 'base' ], [ $other, 'base' ], [
            'different schema public: grants to PUBLIC',
            'different table app.users: grants to PUBLIC', 'different view app.names: definition',
        ], "a real change is found on $version", @packages);
        $other->stop;
    }
}

subtest 'roles and settings of servers' => sub {
    my @cases = (
        ['ALTER ROLE compare_reader LOGIN', 'ALTER ROLE compare_reader NOLOGIN', 'different role compare_reader: login'],
        ['ALTER ROLE compare_reader SUPERUSER', 'ALTER ROLE compare_reader NOSUPERUSER', 'different role compare_reader: superuser'],
        ['ALTER ROLE compare_reader BYPASSRLS', 'ALTER ROLE compare_reader NOBYPASSRLS', 'different role compare_reader: bypass row security'],
        ['ALTER ROLE compare_reader CONNECTION LIMIT 3', 'ALTER ROLE compare_reader CONNECTION LIMIT -1', 'different role compare_reader: connection limit'],
        ['GRANT compare_writer TO compare_reader', 'REVOKE compare_writer FROM compare_reader', 'different role compare_reader: member of compare_writer'],
        ['CREATE ROLE stranger', 'DROP ROLE stranger'],
        ['CREATE ROLE member IN ROLE compare_reader', 'DROP ROLE member', 'extra role member'],
        [q{ALTER ROLE compare_reader SET app.api_token = 'opensesame'}, 'ALTER ROLE compare_reader RESET ALL', 'extra setting app.api_token of role compare_reader'],
        ['GRANT SET ON PARAMETER log_min_messages TO compare_reader', 'REVOKE SET ON PARAMETER log_min_messages FROM compare_reader',
            'extra privileges on parameter log_min_messages'],
        ['ALTER TABLESPACE pg_default SET (random_page_cost = 2)', 'ALTER TABLESPACE pg_default RESET (random_page_cost)',
            'different tablespace pg_default: option random_page_cost'],
        [q{ALTER ROLE compare_reader PASSWORD 'opensesame'}, 'ALTER ROLE compare_reader PASSWORD NULL'],
        [q{ALTER SYSTEM SET datestyle = 'German'; SELECT pg_reload_conf()}, 'ALTER SYSTEM RESET datestyle; SELECT pg_reload_conf()',
            'different server setting DateStyle: value'],
    );
    for (@cases) {
        my ($sql, $undo, @expected) = @$_;
        my @statements = split /; /, $sql;
        $two->sql('base', "$_;") for @statements;
        wait_for('the setting', sub { $two->sql('base', 'SHOW datestyle') =~ /German/ }) if $sql =~ /German/;
        finds_ok(@same, \@expected, $sql);
        $two->sql('base', "$_;") for split /; /, $undo;
        wait_for('the setting', sub { $two->sql('base', 'SHOW datestyle') !~ /German/ }) if $sql =~ /German/;
    }
};

subtest 'options' => sub {
    $two->create_database('other', template => 'base');
    $two->sql('other', q{ALTER TABLE app.calls OWNER TO compare_owner; DROP TABLE app.derived; CREATE TABLE public.more (a integer);
        ALTER SERVER far OPTIONS (SET password 'trout')});
    my ($source, $target) = ([ $one, 'base' ], [ $two, 'other' ]);
    my @all = ('different foreign server far: option password', 'different sequence app.calls_id_seq: owner',
        'different table app.calls: owner', 'extra table public.more', 'missing table app.derived');
    finds_ok($source, $target, \@all, 'all of it');
    finds_ok($source, $target, [ @all[ 0, 3, 4 ] ], 'without owners', '--ignore', '*:*:owner');
    finds_ok($source, $target, [ @all[ 0, 1, 2 ] ], 'without two tables', '--ignore', 'table:app.der*', '--ignore', 'table:public.*');
    finds_ok($source, $target, [], 'without anything', '--ignore', '*');
    finds_ok($source, $target, [ @all[ 1, 2, 4 ] ], 'one schema', '--schema', 'app');
    finds_ok($source, $target, [ @all[ 1, 2 ] ], 'one table', '--table', 'app.calls');
    finds_ok($source, $target, [ @all[ 0, 3 ] ], 'not a schema', '--exclude-schema', 'app');

    my $result = compare_databases($source, $target, '--ignore', '*:*:owner', '--ignore', 'view:nobody');
    my $report = $result->{report};
    is $report->{schema_version}, 1, 'JSON has its version';
    is $report->{verdict}, 'different', 'and the verdict';
    is_deeply [ sort keys %$report ], [ sort qw(schema_version generated_at verdict headline exit_code source target classes
        differences ignored ignore_patterns unverified notes) ], 'and every field of docs/report-schema.md';
    is_deeply [ map { $_->{used} } @{ $report->{ignore_patterns} } ], [ 2, 0 ], 'uses of patterns are counted';
    is scalar(@{ $report->{ignored} }), 2, 'what is ignored is listed';
    my ($table) = grep { $_->{name} eq 'app.derived' } @{ $report->{differences} };
    is_deeply [ @$table{qw(source target change)}, $table->{parts}{column} ], [ 'app.derived', undef, 'missing', 2 ], 'a missing table, with its parts';
    my ($class) = grep { $_->{kind} eq 'table' } @{ $report->{classes} };
    is_deeply [ @$class{qw(missing extra different ignored)} ], [ 1, 1, 0, 1 ], 'and numbers by class';

    my @ends = ('--source', $one->conninfo('base'), '--target', $two->conninfo('other'));
    my $warned = custody('compare', @ends, '--ignore', 'view:nobody');
    like $warned->{stderr}, qr/no difference fits --ignore "view:nobody"/, 'a pattern without use is warned about';
    like $warned->{stdout}, qr/^different: 1 missing on the target, 1 extra, 3 different$/m, 'text has the headline';
    like $warned->{stdout}, qr/^  ~ app\.calls\n      owner  - postgres\n             \+ compare_owner$/m, 'and both values';
    my $config = write_file("ignore = ['*:*:owner', 'table', 'foreign server']\n");
    is custody('compare', @ends, '--config', $config)->{exit}, 0, 'patterns of a file';
    my $page = temporary_directory() . '/page.html';
    is custody('compare', @ends, '--format', 'html', '-o', $page)->{exit}, 5, 'a page';
    open my $handle, '<', $page or die;
    my $html = do { local $/; <$handle> };
    like $html, qr/<!DOCTYPE html>.*app\.derived.*<\/html>/s, 'is written';
    unlike $_, qr/trout|swordfish|sesame/, 'no secret is shown' for $html, $warned->{stdout}, $result->{stdout};

    for (['--ignore', 'tabel:x'], ['--ignore', 'table::owner'], ['--schema', 'nothing'], ['--jobs', 2]) {
        is custody('compare', @ends, @$_)->{exit}, 1, "usage: @$_";
    }
    is custody('compare', '--source', $one->conninfo('nix'), @ends[ 2, 3 ])->{exit}, 2, 'no connection';
};

subtest 'other names on the target' => sub {
    $two->create_database('mapped', template => 'base');
    $two->sql('mapped', 'ALTER SCHEMA app RENAME TO crm; ALTER TABLE crm.calls RENAME TO call');
    finds_ok([ $one, 'base' ], [ $two, 'mapped' ], [], 'app is crm', '--map', 'app=crm', '--map',
        'app.calls=crm.call', '--schema', 'app');
};

subtest 'more relations than a transaction may lock' => sub {
    my $small = start_cluster('small', conf => { max_locks_per_transaction => 10, max_connections => 10 });
    $small->create_database('many');
    $small->sql('many', "SELECT format('CREATE TABLE t%1\$s (id serial); CREATE VIEW v%1\$s AS SELECT id FROM t%1\$s', i)"
            . ' FROM generate_series(1, 600) AS i \gexec');
    $small->create_database('copy', template => 'many');
    finds_ok([ $small, 'many' ], [ $small, 'copy' ], [], 'are read in parts');
};

subtest 'custody on the target' => sub {
    $two->create_database('with', template => 'base');
    $two->sql('with', 'CREATE EXTENSION custody');
    finds_ok([ $one, 'base' ], [ $two, 'with' ], [], 'is left out');
    like join("\n", @{ compare_databases([ $one, 'base' ], [ $two, 'with' ])->{report}{notes} }),
        qr/not compared: the extension custody on the target/, 'and told';
    compare_databases([ $one, 'base' ], [ $two, 'with' ]);
    is $two->sql('with', 'SELECT count(*) FROM custody.migration'), 0, 'nothing is written';
};

subtest 'a role with settings of its own' => sub {
    $one->sql('base', 'CREATE ROLE odd SUPERUSER LOGIN');
    $one->sql('base', "ALTER ROLE odd SET $_") for q{datestyle = 'German'}, 'extra_float_digits = -5', q{bytea_output = 'escape'},
        q{search_path = 'app'}, q{timezone = 'Asia/Tokyo'}, q{client_encoding = 'LATIN1'}, 'default_transaction_isolation = serializable';
    finds_ok([ $one, 'base', 'odd' ], [ $two, 'base' ], [], 'reads the same', '--ignore', 'role:odd');
};

subtest 'a role without privileges' => sub {
    $one->sql('base', 'CREATE ROLE nobody_much LOGIN');
    my $source = [ $one, 'base', 'nobody_much' ];
    my $result = compare_databases($source, [ $two, 'base' ], '--ignore', 'role:*');
    is_deeply [ $result->{exit}, $result->{report}{verdict}, compare_lines($result->{report}) ], [ 5, 'unverified' ], 'is never told "equal"';
    is_deeply [ sort map { "$_->{kind} $_->{side}" } @{ $result->{report}{unverified} } ], [ 'sequence source', 'user mapping source' ],
        'but what it could not read';
    is_deeply compare_databases($source, [ $two, 'base' ], '--table', 'app.parts')->{report}{unverified}, [],
        'of what is compared';
    $one->sql('base', 'REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC');
    $result = compare_databases($source, [ $two, 'base' ], '--ignore', 'role:*');
    my ($policies) = grep { $_->{kind} eq 'policy' } @{ $result->{report}{unverified} };
    like $policies->{reason}, qr/permission denied for table pg_policy/, 'a closed catalog';
    my ($class) = grep { $_->{kind} eq 'policy' } @{ $result->{report}{classes} };
    is_deeply [ @$class{qw(verdict missing extra)} ], [ 'unverified', 0, 0 ], 'says nothing about its class';
    $one->sql('base', 'GRANT SELECT ON pg_catalog.pg_policy TO PUBLIC');
};
done_testing;
