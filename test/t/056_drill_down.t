# From a table that differs to its rows and columns, in every way that the sides allow.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('both');
my $citext = $cluster->sql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'});
$cluster->create_database('source');
$cluster->sql('source', q{
    CREATE TABLE big (id int PRIMARY KEY, note text, amount numeric, at timestamptz);
    INSERT INTO big SELECT i, 'note ' || i, i * 1.10, '2024-01-01'::timestamptz + i * interval '1 second'
      FROM generate_series(1, 100000) i;
    CREATE TABLE item (id int PRIMARY KEY, note text, flag boolean, pad char(8), ip inet);
    INSERT INTO item SELECT i, 'note ' || i, true, 'x', '10.0.0.1' FROM generate_series(1, 200) i;
    CREATE TABLE pair (a int, b text, v text, PRIMARY KEY (b, a));
    INSERT INTO pair SELECT i % 10, 'b' || i / 10, 'v' FROM generate_series(1, 100) i;
    CREATE TABLE nokey (v text, n int);
    INSERT INTO nokey SELECT 'v' || i, i FROM generate_series(1, 100) i;
    INSERT INTO nokey SELECT 'twice', 0 FROM generate_series(1, 2);
    CREATE TABLE floats (f float8 PRIMARY KEY, v text);
    INSERT INTO floats VALUES (0, 'zero'), (1, 'one');
    CREATE TABLE numbers (n numeric PRIMARY KEY, v text);
    INSERT INTO numbers VALUES (1.0, 'one'), (2.0, 'two');
    CREATE TABLE part (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (50);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (50) TO (1000);
    INSERT INTO part SELECT i, 'v' FROM generate_series(1, 99) i;
    CREATE TYPE both_of AS (a int, b text);
    CREATE TABLE odd (id int PRIMARY KEY, c both_of, r regclass, f float4[]);
    INSERT INTO odd SELECT i, (i, 'x')::both_of, 'item', '{1.5,NaN}' FROM generate_series(1, 20) i;
    CREATE TABLE same (id int PRIMARY KEY);
    INSERT INTO same VALUES (1);
});
$cluster->sql('source', q{
    CREATE EXTENSION citext;
    CREATE TABLE ci (name citext PRIMARY KEY, v int);
    INSERT INTO ci VALUES ('Anna', 1), ('Bert', 2), ('Carl', 3);
}) if $citext;
$cluster->sql('source', 'VACUUM ANALYZE');
$cluster->sql('postgres', "CREATE DATABASE $_ TEMPLATE source") for qw(target target_x source_x);

my $tamper = q{
    UPDATE big SET note = 'changed' WHERE id = 4711;
    UPDATE item SET note = NULL WHERE id = 7;
    UPDATE item SET note = 'it''s' || chr(10), flag = false WHERE id = 8;
    UPDATE item SET pad = 'x  y' WHERE id = 9;
    DELETE FROM item WHERE id = 10;
    INSERT INTO item (id, note) VALUES (1000, 'extra');
    UPDATE pair SET v = 'w' WHERE (a, b) = (3, 'b4');
    DELETE FROM pair WHERE (a, b) = (4, 'b3');
    UPDATE nokey SET n = -1 WHERE v = 'v5';
    INSERT INTO nokey SELECT 'twice', 0 FROM generate_series(1, 4);
    UPDATE floats SET f = '-0' WHERE f = 0;
    UPDATE numbers SET n = 1.00 WHERE n = 1;
    UPDATE numbers SET v = 'deux' WHERE n = 2;
    UPDATE part SET v = 'w' WHERE id IN (49, 50);
    UPDATE odd SET c.b = 'y' WHERE id = 3;
    UPDATE odd SET r = 'big' WHERE id = 4;
    UPDATE odd SET f = '{1.5,1}' WHERE id = 5;
};
my $tamper_citext = q{
    UPDATE ci SET name = 'ANNA' WHERE name = 'anna';
    UPDATE ci SET v = 22 WHERE name = 'bert';
};
for my $database (qw(target target_x)) {
    $cluster->sql($database, $tamper);
    $cluster->sql($database, $tamper_citext) if $citext;
}
$cluster->sql($_, 'CREATE EXTENSION custody') for qw(source_x target_x);

my %expected = (
    'public.big' => [q{different id=4711 note: note 4711 -> changed}],
    'public.item' => [
        q{different id=7 note: note 7 -> NULL},
        qq{different id=8 flag: t -> f, note: note 8 -> it's\n},
        q{different id=9 pad: x        -> x  y    },
        q{extra id=1000}, q{missing id=10} ],
    'public.pair' => [ q{different a=3 b=b4 v: v -> w}, q{missing a=4 b=b3} ],
    'public.nokey' => [ q{extra n=-1 v=v5}, (q{extra n=0 v=twice}) x 4, q{missing n=5 v=v5} ],
    'public.floats' => [ q{extra f=-0}, q{missing f=0} ],
    'public.numbers' => [ q{different n=2.0 v: two -> deux}, q{extra n=1.00}, q{missing n=1.0} ],
    'public.part_1' => [q{different id=49 v: v -> w}],
    'public.part_2' => [q{different id=50 v: v -> w}],
    'public.odd' => [ q{different id=3 c: (3,x) -> (3,y)},
        q{different id=4 r: public.item -> public.big},
        q{different id=5 f: {1.5,NaN} -> {1.5,1}} ],
    $citext ? ('public.ci' => [ q{different name=Bert v: 2 -> 22}, q{extra name=ANNA}, q{missing name=Anna} ]) : (),
);

sub ends {
    my ($from, $to) = @_;
    return ('--source', $cluster->conninfo($from), '--target', $cluster->conninfo($to));
}

sub row_text {
    my ($row) = @_;
    my $or_null = sub { $_[0] // 'NULL' };
    my $name = join ' ', map { "$_->{column}=" . $or_null->($_->{value}) } @{ $row->{key} // $row->{values} };
    my $columns = join ', ', map { "$_->{column}: " . $or_null->($_->{source}) . ' -> ' . $or_null->($_->{target}) }
        @{ $row->{columns} };
    return "$row->{kind} $name" . ($columns ? " $columns" : '');
}

sub verify {
    my $run = custody('verify', @_, '--json', '--recheck=0', '--jobs=2');
    my $document = eval { json($run->{stdout}) } or die "no JSON: $run->{stderr}";
    my %object = map { $_->{name} => $_ } @{ $document->{objects} };
    return ($run->{exit}, \%object, $run);
}

my @way = (
    [ 'source', 'target' ], [ 'source', 'target', '--method=sql' ], [ 'source', 'target_x' ],
    [ 'source_x', 'target_x' ], [ 'source_x', 'target_x', '--profile=sql' ],
    [ 'source_x', 'target_x', '--profile=evidence' ], [ 'source_x', 'target', '--method=sql' ],
);
for my $way (@way) {
    my ($from, $to, @option) = @$way;
    my ($exit, $object, $run) = verify(ends($from, $to), @option);
    is $exit, 5, "@$way: exit code" or diag $run->{stderr};
    my %found = map { $_ => [ sort map { row_text($_) } @{ $object->{$_}{differences}{rows} } ] }
        grep { $object->{$_}{differences} } keys %$object;
    is_deeply \%found, \%expected, "@$way: every row and column"
        or diag explain \%found, map { "$_->{name}: $_->{verdict} $_->{reason}" } values %$object;
    is $object->{'public.same'}{verdict}, 'equal', "@$way: what is the same is equal";
    cmp_ok $object->{'public.big'}{differences}{rows_shipped}, '<', 1000,
        "@$way: less than 1 % of the big table travels";
}

# Selected rows, on both sides.
my ($exit, $object) = verify(ends('source_x', 'target_x'), '--table=item', '--where=public.item=id <> 8');
is_deeply [ $exit, sort map { row_text($_) } @{ $object->{'public.item'}{differences}{rows} } ],
    [ 5, grep { !/id=8 / } @{ $expected{'public.item'} } ], 'with --where, by the extension';

# Limits and text.
($exit, $object) = verify(ends('source', 'target'), '--table=item', '--differences=2');
is_deeply [ map { $object->{'public.item'}{differences}{$_} } qw(missing extra different) ], [ 1, 1, 3 ],
    '--differences: all are counted';
is scalar @{ $object->{'public.item'}{differences}{rows} }, 2, 'and two named';
($exit, $object) = verify(ends('source', 'target'), '--table=item', '--differences=0');
is_deeply $object->{'public.item'}{differences}{rows}, [], 'none with 0';
is $object->{'public.item'}{differences}{different}, 3, 'but counted';
($exit, $object) = verify(ends('source', 'target'), '--table=item', '--no-drill-down');
is_deeply [ $exit, $object->{'public.item'}{differences} ], [ 5, undef ], '--no-drill-down';
my $text = custody('verify', ends('source', 'target'), '--table=item', '--recheck=0');
like $text->{stdout}, qr/^public\.item +different .*1 missing on the target, 1 extra, 3 different/m, 'text: counts';
like $text->{stdout}, qr/^ +different +id = 8\n +flag: 't' -> 'f'\n +note: 'note 8' -> 'it''s\\n'\n/m, 'text: rows';

# No value of a row anywhere.
$cluster->sql($_, q{
    CREATE TABLE secret (k text PRIMARY KEY, v text); INSERT INTO secret VALUES ('geheim1', 'geheim2'), ('geheim3', 'x');
    CREATE TABLE secret_rows (v text); INSERT INTO secret_rows VALUES ('geheim4'), ('geheim5');
}) for qw(source target);
$cluster->sql('target', q{UPDATE secret SET v = 'geheim6' WHERE k = 'geheim1'; DELETE FROM secret WHERE k = 'geheim3';
    INSERT INTO secret VALUES ('geheim7', 'y'); DELETE FROM secret_rows WHERE v = 'geheim4'});
my $directory = temporary_directory() . '/redacted';
my @redact = (ends('source', 'target'), '--table=secret*', '--recheck=0', '--verbose', '--report-directory', $directory);
for my $run (map { custody('verify', @redact, @$_) } [ '--redact' ], [ '--redact', '--json' ]) {
    is $run->{exit}, 5, '--redact';
    like $run->{stdout}, qr/ctid/, 'names rows by their place';
    unlike "$run->{stdout}$run->{stderr}", qr/geheim/, 'and shows no value';
}
for my $file ('report.json', 'report.html') {
    open my $handle, '<', "$directory/$file" or die "$file: $!";
    my $content = do { local $/; <$handle> };
    like $content, qr/secret_rows/, "$file names the table";
    unlike $content, qr/geheim/, "$file shows no value";
    like $content, qr/0 equal, \d different, 0 unverified.*proves against accident, not against forgery/s,
        'the page says what it proves' if $file =~ /html/;
}
my $shown = custody('verify', @redact);
like $shown->{stdout}, qr/geheim2.*geheim6/, 'without it the values are there';
unlike $shown->{stderr}, qr/geheim/, 'but never in the log';

done_testing;
