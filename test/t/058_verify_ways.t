# custody verify of any two databases, in each way that the sides allow: every way finds the same
# differences, and nothing that was not looked at is called equal.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');

# With and without the extension, with the same rows.
my $rows = q{
    CREATE TABLE item (id int PRIMARY KEY, t text, amount numeric, at timestamptz, size float8);
    INSERT INTO item SELECT i, 'body ' || i, i / 8.0, '2024-01-01'::timestamptz + i * interval '1 s', i / 3.0
      FROM generate_series(1, 1500) i;
    CREATE TABLE nokey (v text, w text);
    INSERT INTO nokey SELECT 'v' || i % 20, 'w' || i % 3 FROM generate_series(1, 60) i;
    CREATE TABLE nested (id int PRIMARY KEY, tags text[], r regclass);
    INSERT INTO nested SELECT i, ARRAY['a', NULL, i::text], 'item' FROM generate_series(1, 40) i;
    CREATE TABLE part (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
    INSERT INTO part SELECT i, i % 20, 'p' || i FROM generate_series(1, 200) i;
    CREATE TABLE nothing (id int);
};
for my $cluster ($source, $target) {
    for my $extension (0, 1) {
        my $name = $extension ? 'with' : 'without';
        $cluster->create_database($name, $extension ? (extension => 1) : ());
        $cluster->sql($name, $rows);
    }
}
my @tables = qw(public.item public.nested public.nokey public.nothing public.part_1 public.part_2);

sub ends {
    my ($from, $to) = @_;
    return ('--source', $source->conninfo($from), '--target', $target->conninfo($to));
}

# Exit code, {object => verdict} of what is not equal, and the whole document.
sub verdicts {
    my ($from, $to, @argument) = @_;
    my $verify = custody('verify', ends($from, $to), '--json', '--jobs', 2, @argument);
    my $document = eval { json($verify->{stdout}) } or die "no JSON: $verify->{stderr}";
    my %other = map { $_->{name} => $_->{verdict} }
        grep { $_->{verdict} ne 'equal' } @{ $document->{objects} };
    return ($verify->{exit}, \%other, $document);
}

# Each way against each other: databases, arguments, ways of source and target, profile.
my @ways = (
    [ qw(with with), [], qw(extension extension fast) ],
    [ qw(with with), [qw(--profile sql)], qw(extension extension sql) ],
    [ qw(with with), [qw(--profile evidence)], qw(extension extension evidence) ],
    [ qw(with without), [], qw(extension stream fast) ],
    [ qw(without with), [], qw(stream extension fast) ],
    [ qw(without without), [], qw(stream stream fast) ],
    [ qw(without without), [qw(--method sql)], qw(sql sql sql) ],
    [ qw(without with), [qw(--method sql)], qw(sql extension sql) ],
    [ qw(with without), [qw(--profile sql)], qw(extension sql sql) ],
    [ qw(with with), [qw(--method stream)], qw(stream stream fast) ],
    [ qw(without without), [qw(--method stream --profile sql)], qw(stream stream sql) ],
);
my @damages = (
    [ 'one changed row', 'public.item', q{UPDATE item SET size = size + 1e-9 WHERE id = 700},
        'UPDATE item SET size = id / 3.0 WHERE id = 700' ],
    [ 'a value that moved to the next column', 'public.nokey',
        q{UPDATE nokey SET v = '', w = v || w WHERE ctid = '(0,5)'},
        q{UPDATE nokey SET v = substr(w, 1, length(w) - 2), w = right(w, 2) WHERE v = ''} ],
    [ 'a row that is doubled', 'public.nokey', q{INSERT INTO nokey VALUES ('v1', 'w1')},
        q{DELETE FROM nokey WHERE ctid = (SELECT max(ctid) FROM nokey WHERE v = 'v1' AND w = 'w1')} ],
    [ 'a value in an array', 'public.nested', q{UPDATE nested SET tags[3] = 'x' WHERE id = 3},
        q{UPDATE nested SET tags[3] = '3' WHERE id = 3} ],
    [ 'a row of a partition', 'public.part_2', q{DELETE FROM part WHERE id = 30},
        q{INSERT INTO part VALUES (30, 10, 'p30')} ],
);
my %digest;
for (@ways) {
    my ($from, $to, $argument, @expected) = @$_;
    my $name = "$expected[0]/$expected[1] $expected[2] (@$argument)";
    my ($exit, $other, $document) = verdicts($from, $to, @$argument);
    is_deeply [ $exit, $other ], [ 0, {} ], "$name: equal" or diag explain $document;
    is_deeply [ sort map { $_->{name} } @{ $document->{objects} } ], \@tables, "$name: all tables";
    is_deeply [ grep { "@{ $_->{ways} }{qw(source target profile)}" ne "@expected" }
            @{ $document->{objects} } ], [], "$name: the ways are told";
    # Whoever computes it, a digest of a profile is one number.
    for my $table (@{ $document->{objects} }) {
        $digest{ $expected[2] }{ $table->{name} }{$_}++ for @$table{qw(source target)};
    }
}
for my $profile (sort keys %digest) {
    is_deeply [ grep { keys %{ $digest{$profile}{$_} } != 1 } @tables ], [],
        "all ways gave the same digests, profile $profile" or diag explain $digest{$profile};
}
for (@damages) {
    my ($what, $table, $damage, $repair) = @$_;
    $target->sql($_, $damage) for qw(with without);
    for my $way (@ways) {
        my ($from, $to, $argument, @expected) = @$way;
        my ($exit, $other) = verdicts($from, $to, @$argument);
        is_deeply [ $exit, $other ], [ 5, { $table => 'different' } ],
            "$what: $expected[0]/$expected[1] $expected[2]";
    }
    $target->sql($_, $repair) for qw(with without);
}
is_deeply [ (verdicts('with', 'with'))[ 0, 1 ] ], [ 0, {} ], 'equal after all repairs';

# The plan of ways.
my $plan = custody('verify', ends('without', 'with'), '--dry-run');
is $plan->{exit}, 0, '--dry-run' or diag $plan->{stderr};
like $plan->{stdout}, qr{^public\.item .*stream/extension, profile fast, binary form.*source: has no extension custody}m,
    'it tells ways and reason';
is scalar(@{ json(custody('verify', ends('with', 'with'), qw(--dry-run --json))->{stdout})->{tables} }), 6,
    'also as JSON';

# What cannot be done is refused.
sub refused_ok {
    my ($from, $to, $exit, $code, @argument) = @_;
    my $run = custody('verify', ends($from, $to), @argument);
    is $run->{exit}, $exit, "$code: exit $exit (@argument)" or diag $run->{stderr};
    like $run->{stderr}, qr/\Q[$code]\E/, "$code is told" or diag $run->{stderr};
}
refused_ok('without', 'with', 3, 'method-impossible', '--method=extension');
refused_ok('with', 'without', 3, 'profile-impossible', '--profile=evidence');
refused_ok('with', 'with', 3, 'profile-impossible', '--profile=evidence', '--method=stream');
refused_ok('with', 'with', 3, 'profile-impossible', '--method=sql', '--profile=fast');
refused_ok('with', 'with', 3, 'migration-missing', '--method=stored');
refused_ok('with', 'without', 3, 'migration-missing', '--method=stored');
refused_ok('with', 'with', 1, 'invalid-value', '--method=guess');
refused_ok('with', 'with', 1, 'pattern-matches-nothing', '--table=nowhere');

# Selected rows, in each way.
$target->sql($_, 'UPDATE item SET amount = -1 WHERE id = 900') for qw(with without);
for (grep { $_->[5] ne 'evidence' } @ways) {
    my ($from, $to, $argument, @expected) = @$_;
    my @table = ('--table', 'public.item', @$argument);
    my ($exit, $other, $document) = verdicts($from, $to, @table, '--where', 'public.item=id < 900 -- below');
    is_deeply [ $exit, $other, $document->{objects}[0]{source_rows} ], [ 0, {}, 899 ],
        "--where without the row: equal, $expected[0]/$expected[1]";
    ($exit, $other) = verdicts($from, $to, @table, '--where', 'public.item=id >= 900');
    is_deeply [ $exit, $other ], [ 5, { 'public.item' => 'different' } ], 'and with it: different';
}
$target->sql($_, 'UPDATE item SET amount = id / 8.0 WHERE id = 900') for qw(with without);

# What one side only has.
$target->sql('with', 'CREATE TABLE late (id int); ALTER TABLE nothing ADD extra text');
$source->sql('with', 'CREATE TABLE early (id int)');
is_deeply [ (verdicts('with', 'with'))[ 0, 1 ] ],
    [ 5, { 'public.late' => 'different', 'public.early' => 'different',
        'public.nothing.extra' => 'different' } ], 'tables and columns of one side are told';
$target->sql('with', 'DROP TABLE late; ALTER TABLE nothing DROP extra');
$source->sql('with', 'DROP TABLE early');
$source->create_database('empty');
$target->create_database('empty');
my ($exit, $other, $document) = verdicts('empty', 'empty');
is_deeply [ $exit, $document->{verdict}, $document->{objects} ], [ 5, 'unverified', [] ],
    'nothing to compare is no success';

# Roles: SELECT is enough; less, or a policy, is unverified, never a part.
for my $cluster ($source, $target) {
    $cluster->sql('postgres', 'CREATE ROLE reader LOGIN');
    $cluster->sql('with', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; GRANT USAGE ON SCHEMA custody TO reader');
    $cluster->sql('without', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader');
}
sub as_reader {
    my ($name, @argument) = @_;
    my $verify = custody('verify', '--source', $source->conninfo($name, 'reader'),
        '--target', $target->conninfo($name, 'reader'), '--json', @argument);
    my $document = eval { json($verify->{stdout}) } or die "no JSON: $verify->{stderr}";
    return ($verify->{exit}, { map { $_->{name} => $_->{verdict} }
        grep { $_->{verdict} ne 'equal' } @{ $document->{objects} } }, $document);
}
for (qw(with without)) {
    ($exit, $other, $document) = as_reader($_);
    is_deeply [ $exit, $other ], [ 0, {} ], "a role with SELECT only, $_" or diag explain $document;
}
for my $cluster ($source, $target) {
    $cluster->sql($_, 'ALTER TABLE item ENABLE ROW LEVEL SECURITY; CREATE POLICY low ON item USING (id < 10);
        REVOKE SELECT ON nokey FROM reader') for qw(with without);
}
for my $argument ([], ['--method=stream'], ['--method=sql']) {
    for (qw(with without)) {
        ($exit, $other) = as_reader($_, @$argument);
        is_deeply [ $exit, $other ],
            [ 5, { 'public.item' => 'unverified', 'public.nokey' => 'unverified' } ],
            "policies and privileges, $_ (@$argument)";
    }
}
is_deeply [ (verdicts('with', 'with'))[ 0, 1 ] ], [ 0, {} ], 'a superuser sees all';

# Another encoding of database and client, another TimeZone.
$target->sql('postgres', q{CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
$source->create_database('utf');
$_->[0]->sql($_->[1], q{CREATE TABLE word (id int PRIMARY KEY, v text, at timestamptz);
    INSERT INTO word VALUES (1, U&'caf\00e9', '2024-01-01 00:00+00'), (2, U&'\00fc', NULL)})
    for [ $source, 'utf' ], [ $target, 'latin' ];
$target->sql('latin', q{ALTER DATABASE latin SET timezone = 'Asia/Tokyo';
    ALTER DATABASE latin SET client_encoding = 'LATIN1'; ALTER DATABASE latin SET extra_float_digits = 0});
my %env = (env => { PGCLIENTENCODING => 'LATIN1' });
for my $argument ([], ['--method=sql']) {
    ($exit, $other) = verdicts('utf', 'latin', @$argument, \%env);
    is_deeply [ $exit, $other ], [ 0, {} ], "UTF8 and LATIN1 (@$argument)";
}

# A target that cannot be written.
$target->sql('postgres', 'ALTER DATABASE without SET default_transaction_read_only = on');
is_deeply [ (verdicts('with', 'without'))[ 0, 1 ] ], [ 0, {} ], 'a target that is read only';

done_testing;
