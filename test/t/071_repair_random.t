# Random differences in random tables of all kinds of types, keys and references: repaired, both sides
# are equal, by custody's word and by that of a judge which knows nothing of it.
# CUSTODY_TEST_ROUNDS says how often (3), CUSTODY_TEST_SEED repeats the choices.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my $rounds = $ENV{CUSTODY_TEST_ROUNDS} // 3;
diag 'CUSTODY_TEST_SEED=' . seed();
my $source = start_cluster('source');
my $target = start_cluster('target');

# Values of each type, as literals; what differs between two of a line must be noticed and repaired.
my %values = (
    int8 => [ 0, 1, -1, '9223372036854775807', '-9223372036854775808' ],
    int2 => [ 0, 1, 32767, -32768 ],
    numeric => [ '0', '0.0', '1', '1.0', '1.00', '-1e100', '1e-100', 'NaN', 'Infinity', '-Infinity' ],
    'numeric(12,3)' => [ 0, '1.5', '-99999999.999' ],
    float8 => [ 0, '-0', 'NaN', 'Infinity', '1e-300', '0.1', '0.30000000000000004', '0.3' ],
    float4 => [ 0, '-0', 'NaN', '1e-30', '0.1', '16777217' ],
    text => [ '', ' ', 'a', 'A', 'a ', '\\', "'", '"', "''", '\\n', "x\ny", "\t", "\r\n", '$custody$', ':a', '-- x', 'NULL',
        'x' x 300, ('y' x 300) . "\\'\n", "\x{e9}\x{1f600}", 'e' . "\x{301}" ],
    'varchar(20)' => [ '', 'a', 'a  ', "it's" ],
    'char(5)' => [ '', 'a', 'abcde', 'a b' ],
    '"char"' => [ 'a', '', '\\' ],
    name => [ 'a', 'b"c' ],
    bool => [ 't', 'f' ],
    date => [ '2024-02-29', 'infinity', '0001-01-01 BC', '5874897-12-31' ],
    time => [ '00:00', '24:00', '12:34:56.789012' ],
    timetz => [ '00:00+00', '02:00+02', '12:34:56.789012-03:30' ],
    timestamp => [ '2024-01-01 00:00:00.000001', '2024-01-01', '-infinity', '4713-01-01 BC' ],
    timestamptz => [ '2024-10-27 00:30+00', '2024-10-27 01:30+00', 'infinity', '1800-01-01 00:00+00' ],
    interval => [ '1 day', '24:00', '1 mon', '30 days', '-1 day +00:00:01', '-1 year -2 mons +3 days', '0' ],
    uuid => [ '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff' ],
    json => [ '{}', '{ }', '{"a":1,"a":2}', '"\\u0061"', 'null' ],
    jsonb => [ '{}', '{"a": 1.0}', '{"a": 1.00}', '[1, "x\\ny", null]', 'null', '"' . 'z' x 400 . '"' ],
    bytea => [ '', '\\x00', '\\x5c27', '\\x' . 'ab' x 300 ],
    'int[]' => [ '{}', '{1,NULL}', '{{1},{2}}', '[0:1]={1,2}', '{1,2}' ],
    'text[]' => [ '{}', '{""}', '{NULL}', '{"NULL"}', '{"a\\"b","c\\\\d"}', '{"x,y"}' ],
    'numeric[]' => [ '{1.0}', '{1.00}', '{1}' ],
    inet => [ '10.0.0.1', '10.0.0.1/24', '::1' ],
    cidr => [ '10.0.0.0/8', '::/0' ],
    macaddr => [ '08:00:2b:01:02:03' ],
    'bit(7)' => [ '0000000', '1010101' ],
    varbit => [ '', '0', '00' ],
    money => [ '0', '-1.05' ],
    point => [ '(0,0)', '(-0,0)', '(0.1,NaN)' ],
    box => [ '(1,1),(0,0)' ],
    path => [ '[(0,0),(1,1)]', '((0,0),(1,1))' ],
    tsvector => [ '', 'a:1', 'a:1A b', 'a' ],
    xml => [ '', '<a/>', '<a></a>', 'x' ],
    int4range => [ 'empty', '[1,3)', '(,)' ],
    numrange => [ '[1.0,2)', '[1.00,2)' ],
    pg_lsn => [ '0/0', 'F/1' ],
    oid => [ 0, 4294967295 ],
    regclass => [ 'pg_class', 'public.seen', 12345 ],
    mood => [ 'sad', "it's" ],
    word => [ 'a', 'A', "it's" ],
    pair => [ '(,)', '(1,)', '(,"x y")', '(1,"a""b")' ],
    'pair[]' => [ '{}', '{"(1,a)",NULL}' ],
    citext => [ 'a', 'A', '' ],
    hstore => [ '', 'a=>1', 'a=>NULL' ],
);
my $types = q{
    CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE TABLE seen ();
    CREATE TYPE mood AS ENUM ('sad', 'it''s'); CREATE DOMAIN word AS varchar(10) CHECK (VALUE <> 'no');
    CREATE TYPE pair AS (n numeric, "t x" text);
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
};
my @names = ('plain', 'Mixed Case', 'qu"ote', "apo'strophe", 'back\\slash', 'do$$llar', 'select', "l\x{ef}ne");

sub pick { $_[ random_below(scalar @_) ] }
sub quoted { my ($name) = @_; return '"' . $name =~ s/"/""/gr . '"' }
sub literal { my ($text) = @_; return defined $text ? "E'" . $text =~ s/([\\'])/$1$1/gr . "'" : 'NULL' }
sub value { my ($type) = @_; return random_below(6) ? literal(pick(@{ $values{$type} })) . "::$type" : 'NULL' }

# Kinds of keys: definition of its columns, and the n-th key as literals. The second of a pair is
# equal to the first by "=", and not the same.
my %keys = (
    int => [ 'k int', sub { $_[0] } ],
    composite => [ "k text, k2 numeric", sub { my ($n) = @_; ("'" . $n % 7 . "''\\'", "$n.0") }, 'k2 = k2 + 0.00' ],
    numeric => [ 'k numeric', sub { "$_[0].0" }, 'k = k + 0.000' ],
    citext => [ 'k citext', sub { "'Key $_[0]'" }, 'k = upper(k::text)' ],
    loose => [ 'k text COLLATE loose', sub { "'Key $_[0]'" }, 'k = upper(k)' ],
    identity => [ 'k int GENERATED ALWAYS AS IDENTITY', sub { $_[0] } ],
    padded => [ 'k char(12)', sub { "'Key $_[0]'" } ],
    range => [ 'k int4range', sub { "'[$_[0],$_[0]]'" } ],
    array => [ 'k numeric[]', sub { "'{$_[0].0,1}'" }, "k = ARRAY[k[1] + 0.00, k[2]]" ],
    none => [ 'k int', sub { $_[0] } ],
);

# A table as a hash: name, key kind, columns (name => type), rows, parent.
sub make_table {
    my ($number, @parents) = @_;
    my $kind = $number == 1 ? 'int' : pick(sort keys %keys);
    my %table = (name => quoted("$number " . pick(@names)), kind => $kind, rows => 30 + random_below(120));
    my @types = sort keys %values;
    push @{ $table{columns} }, [ quoted(pick(@names) . $_), pick(@types) ] for 1 .. 2 + random_below(8);
    $table{parent} = pick(@parents) if @parents && random_below(3);
    $table{partitioned} = !random_below(4) && $kind eq 'int' && $number > 1;
    $table{generated} = !random_below(3);
    $table{unique} = !random_below(3);
    return \%table;
}

sub create_sql {
    my ($table) = @_;
    my ($definition) = @{ $keys{ $table->{kind} } };
    my @parts = ($definition, map { "$_->[0] $_->[1]" } @{ $table->{columns} });
    push @parts, 'parent int REFERENCES ' . $table->{parent}{name} . pick('', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' DEFERRABLE')
        if $table->{parent};
    push @parts, 'made text GENERATED ALWAYS AS (length(u::text) || \'!\') STORED' if $table->{generated};
    push @parts, 'u int' . ($table->{unique} && !$table->{partitioned} ? pick(' UNIQUE', ' UNIQUE DEFERRABLE') : '');
    push @parts, 'PRIMARY KEY (k' . ($definition =~ /k2/ ? ', k2' : '') . ')' if $table->{kind} ne 'none';
    my $sql = "CREATE TABLE $table->{name} (" . join(', ', @parts) . ')';
    return "$sql;\n" unless $table->{partitioned};
    my ($low, $high) = map { quoted("$_ of " . $table->{name} =~ s/"//gr) } qw(low high);
    return "$sql PARTITION BY RANGE (k);\nCREATE TABLE $low PARTITION OF $table->{name} FOR VALUES FROM (MINVALUE) TO (40);\n"
        . "CREATE TABLE $high PARTITION OF $table->{name} FOR VALUES FROM (40) TO (MAXVALUE);\n";
}

sub insert_sql {
    my ($table, @numbers) = @_;
    my $key = $keys{ $table->{kind} };
    my @columns = (($key->[0] =~ /k2/ ? ('k', 'k2') : 'k'), 'u', map { $_->[0] } @{ $table->{columns} });
    push @columns, 'parent' if $table->{parent};
    my @rows;
    for my $number (@numbers) {
        my @row = ($key->[1]->($number), random_below(5) ? $number : 'NULL', map { value($_->[1]) } @{ $table->{columns} });
        push @row, random_below(4) && $table->{parent}{kind} eq 'int' ? 1 + random_below($table->{parent}{rows}) : 'NULL' if $table->{parent};
        push @rows, '(' . join(', ', @row) . ')';
    }
    return "INSERT INTO $table->{name} (" . join(', ', @columns) . ") OVERRIDING SYSTEM VALUE VALUES\n"
        . join(",\n", @rows) . ";\n";
}

# Random rows go, change, come, come twice; keys are written in another way; unique values change places.
sub damage_sql {
    my ($table) = @_;
    my $name = $table->{name};
    my $some = sub { sprintf 'ctid IN (SELECT ctid FROM %s ORDER BY md5(ctid::text || %d) LIMIT %d)', $name, random_below(1e6), $_[0] };
    my @sql;
    push @sql, "DELETE FROM $name WHERE " . $some->(random_below(12));
    for my $column (@{ $table->{columns} }) {
        push @sql, "UPDATE $name SET $column->[0] = " . value($column->[1]) . ' WHERE ' . $some->(random_below(6));
    }
    my $respelling = $keys{ $table->{kind} }[2];
    push @sql, "UPDATE $name SET $respelling WHERE " . $some->(5) if $respelling;
    if (my $low = random_below(20)) {
        push @sql, "UPDATE $name SET u = -u WHERE u BETWEEN $low AND $low + 5",
            "UPDATE $name SET u = CASE -u WHEN $low THEN $low + 5 ELSE -u - 1 END WHERE u < 0";
    }
    push @sql, "INSERT INTO $name SELECT * FROM $name LIMIT 3" if $table->{kind} eq 'none' && !$table->{generated} && !$table->{unique};
    push @sql, insert_sql($table, map { 1000 + $_ } 0 .. random_below(8));
    return join ";\n", @sql;
}

sub repair_by_script {
    my ($database, @ends) = @_;
    my $file = temporary_directory() . '/script.sql';
    my $repair = custody('repair', @ends, '--delete', '--output', $file, '--batch-rows', pick(1, 7, 1000));
    is $repair->{exit}, 5, 'a script is written' or diag $repair->{stderr};
    my $psql = run_command(program('psql'), '-X', '-q', '-d', $target->conninfo($database), '-f', $file);
    is $psql->{exit}, 0, 'psql runs it' or diag substr $psql->{stderr}, 0, 3000;
}

sub repair_at_once {
    my ($database, @ends) = @_;
    my $repair = custody('repair', @ends, qw(--delete --apply --json --batch-rows), pick(1, 7, 1000));
    is $repair->{exit}, 0, 'repaired' or diag $repair->{stderr}, substr $repair->{stdout}, 0, 6000;
    cmp_ok json($repair->{stdout})->{statements}, '>', 0, 'something was done';
}

for my $round (1 .. $rounds) {
    subtest "round $round" => sub {
        my $name = "round$round";
        my @tables;
        push @tables, make_table($_, grep { $_->{kind} eq 'int' && !$_->{partitioned} } @tables) for 1 .. 8;
        $source->create_database($name);
        my $sql = $types . join '', map { create_sql($_) . insert_sql($_, 1 .. $_->{rows}) } @tables;
        utf8::encode($sql);
        $source->sql($name, $sql);
        $target->create_database($name);
        copy_database([ $source, $name ], [ $target, $name ]);
        $target->sql($name, 'CREATE EXTENSION custody') if random_below(3);
        my @ends = ('--source', $source->conninfo($name), '--target', $target->conninfo($name));
        my $damage = 'SET session_replication_role = replica;' . join ";\n", map { damage_sql($_) } @tables;
        utf8::encode($damage);
        $target->sql($name, $damage);
        isnt custody('verify', @ends)->{exit}, 0, 'they differ';
        $round % 2 ? repair_at_once($name, @ends) : repair_by_script($name, @ends);
        my $verify = custody('verify', @ends);
        is $verify->{exit}, 0, 'custody verify agrees' or diag $verify->{stdout};
        same_ok([ $source, $name ], [ $target, $name ], 'and so does the judge', '--no-schema');
        my $again = custody('repair', @ends, qw(--delete --apply --json));
        is $again->{exit}, 0, 'another repair finds all equal';
        is json($again->{stdout})->{statements}, 0, 'and does nothing';
    };
}

done_testing;
