# Random statements on the tables of test/data/history/tables.sql: what changes rows, in every way that SQL has, and
# what changes the tables themselves.
package Custody::Ledger::Statements;

use strict;
use warnings;
use Custody::Test ();

use parent qw(Exporter);

our @EXPORT_OK = qw(change_rows change_table columns_sql below pick);

sub below { int rand $_[0] }
sub pick { $_[ below(scalar @_) ] }

my %text = (w => [ '', 'a', "it's", 'ü€', "line\nbreak", '\\N', 'NULL', '{"x": 1}', ' blank ' ]);
my @long = map { my $n = $_; join '', map { chr(97 + ($_ * $n) % 26) } 1 .. 300 } 3, 5, 7;

sub text_value {
    my $kind = below(12);
    return $long[ below(3) ] x (1 + below(20)) if $kind == 0;
    return 'x' x (900 + below(200)) if $kind == 1;
    return pick(@{ $text{w} }) if $kind < 7;
    return 't' . below(30);
}

my %value = (
    integer => sub { below(20) }, bigint => sub { 1 + below(3) }, smallint => sub { below(9) },
    text => \&text_value, 'character varying' => sub { 'v' . below(9) },
    numeric => sub { pick('NaN', 'Infinity', '-Infinity', '0', '-0.000', '1.0', '1.00', '1e100', '12345678901234567890.123456789', '-1e-30') },
    'double precision' => sub { pick('NaN', 'Infinity', '-Infinity', '-0', '0', '1e-300', '0.1', '1e22') },
    positive => sub { 1 + below(9) }, words => sub { pick('{}', '{a,NULL,"b c"}', '[3:4]={x,y}') },
    'integer[]' => sub { pick('{}', '{1,2,NULL}', '[2:3]={1,2}', '{{1,2},{3,4}}', '[0:1][5:5]={{7},{8}}') },
    json => sub { pick('{"b" : 1,  "a":2, "a" : 3}', '[1.0, 1.00, null]', ' "x" ', '{}') },
    jsonb => sub { pick('{"b": 1, "a": {"c": [1.50, 2]}}', 'null', '[]', '"x"', '{"n": 1e400}', '{"redacted": true}') },
    mood => sub { pick('sad', 'so so', 'happy') },
    pair => sub { pick('(1,a)', '(,"b ""c""")', '(,)', '(2,)') },
    nest => sub { pick('("(1,a)","{""(2,b)"",NULL}",sad)', '(,{},happy)', '(,,)') },
    bytea => sub { pick('\x', '\x00ff', '\x' . 'ab' x 3000) },
    'timestamp with time zone' => sub { pick('infinity', '-infinity', '2026-01-02 03:04:05.678901+02', '4713-01-01 00:00+00 BC') },
    interval => sub { pick('1 mon -2 days 03:04:05.6', '-1 year', '0') },
    int4range => sub { pick('empty', '[1,5)', '(,3)', '[2,)', '(,)') },
    'time without time zone' => sub { pick('00:00', '24:00', '12:34:56.789') },
    'character(5)' => sub { pick('a', 'a  ', 'abcde', '') },
    uuid => sub { sprintf 'aaaaaaaa-0000-4000-8000-%012d', 1 + below(3) },
    boolean => sub { pick('t', 'f') },
);

# Columns whose values have to be among few, and how wide keys are spread.
my %special = (
    'parted.region' => sub { pick(qw(a a b c)) }, 'parted.year' => sub { 2000 + below(12) }, 'moved.bucket' => sub { pick(1, 2, 3, 9) },
    'parent.code' => sub { 'c' . below(12) }, 'grand.code' => sub { pick('c' . below(12), undef) },
    'child.parent' => sub { below(12) }, 'grand.child' => sub { pick(below(12), undef) }, 'tree.up' => sub { pick(below(8), undef) },
    'plain.k1' => sub { below(6) }, 'plain.k2' => sub { pick('a', 'b') }, 'hidden.id' => sub { below(6) }, 'quiet.id' => sub { below(6) },
    'kinds.id' => sub { below(8) }, 'swapped.id' => sub { below(8) }, 'swapped_by.id' => sub { below(8) }, 'swapped_by.u' => sub { below(60) },
    'parent.id' => sub { below(12) }, 'child.id' => sub { below(12) }, 'acted.id' => sub { below(8) }, 'bag.a' => sub { below(3) },
);
my %key = (plain => [qw(k1 k2)], parted => [qw(id region year)], moved => ['id'], bag => []);
my $fresh = 0;
my $number = 0;

sub columns_sql {
    return q{SELECT s.tbl || ' ' || a.attnum || ' ' || (a.attgenerated <> '')::int || ' ' || format_type(a.atttypid, NULL) || '|' || a.attname
        FROM model.subject s JOIN pg_attribute a ON a.attrelid = s.tbl WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY s.tbl, a.attnum};
}

sub value {
    my ($table, $column) = @_;
    my ($name, $type) = @$column{qw(name type)};
    return ++$fresh if $table eq 'moved' && $name eq 'id';
    my $special = $special{"$table.$name"};
    return $special->() if $special;
    return undef if !$column->{key} && !below(6);
    return ($value{$type} // \&text_value)->();
}
sub literal { my ($value, $type) = @_; return defined $value ? "'" . $value =~ s/'/''/gr . "'::$type" : "NULL::$type" }
sub csv { my ($value) = @_; return defined $value ? '"' . $value =~ s/"/""/gr . '"' : '' }

# A row of a table: columns to be written and their values.
sub row {
    my ($table, @column) = @_;
    return map { value($table, $_) } @column;
}

# self: how the row as it is, source: how the one that comes is called before a column's name.
sub assignments {
    my ($table, $self, $source, @column) = @_;
    my %set;
    for (0 .. below(3)) {
        my $column = pick(@column);
        my ($name, $type) = ($column->{quoted}, $column->{type});
        next if $column->{key} && ($table eq 'moved' || below(4));
        my $how = below(6);
        $set{$name} = $how == 0 ? "$self$name" : $how == 1 && defined $source ? "$source$name"
            : $how < 4 && $type eq 'integer' && $column->{name} !~ /^(?:year|bucket)$/ ? "$self$name + 1"
            : literal(value($table, $column), $type);
    }
    $set{ $column[-1]{quoted} } = $self . $column[-1]{quoted} if !%set;
    return join ', ', map { "$_ = $set{$_}" } sort keys %set;
}

sub condition {
    my ($table, @column) = @_;
    my @key = grep { $_->{key} || $_->{name} =~ /^(?:id|a|n)$/ && $_->{type} eq 'integer' } @column;
    my $column = pick(@key);
    my $name = $column->{quoted};
    return 'true' if !@key || !below(12);
    return "$name = " . literal($special{"$table.$column->{name}"} ? value($table, $column) : below(12), $column->{type})
        if $table ne 'moved' && below(3);
    return $column->{type} =~ /int/ ? "$name % 4 = " . below(4) : "$name IS NOT NULL";
}

sub insert {
    my ($table, $names, @column) = @_;
    my @row = map { [ row($table, @column) ] } 0 .. below(4);
    my $many = join ', ', map { my $r = $_; '(' . join(', ', map { literal($r->[$_], $column[$_]{type}) } 0 .. $#column) . ')' } @row;
    my @key = grep { $_->{key} } @column;
    my $how = below(8);
    return "COPY $table ($names) FROM '" . Custody::Test::write_file(join('', map { join(',', map { csv($_) } @$_) . "\n" } @row), 'copied-' . ++$number)
        . "' WITH (FORMAT csv)" if $how == 0;
    return "INSERT INTO $table ($names) OVERRIDING SYSTEM VALUE VALUES $many"
        if !@key || $table =~ /^(?:moved|swapped)/ || $how == 1;
    my $on = '(' . join(', ', map { $_->{quoted} } @key) . ')';
    return "INSERT INTO $table ($names) VALUES $many ON CONFLICT $on DO NOTHING" if $how < 5;
    my @other = grep { !$_->{key} } @column;
    my %once = map { my $r = $_; join("\0", map { $r->[$_] } grep { $column[$_]{key} } 0 .. $#column) => $r } @row;
    $many = join ', ', map { my $r = $once{$_}; '(' . join(', ', map { literal($r->[$_], $column[$_]{type}) } 0 .. $#column) . ')' } sort keys %once;
    return "INSERT INTO $table ($names) VALUES $many ON CONFLICT $on DO UPDATE SET " . assignments($table, "$table.", 'excluded.', @other);
}

sub merge {
    my ($table, $names, @column) = @_;
    my @key = grep { $_->{key} } @column or return insert($table, $names, @column);
    my @other = grep { !$_->{key} } @column;
    my %once = map { my @r = row($table, @column); join("\0", map { $r[$_] } grep { $column[$_]{key} } 0 .. $#column) => [@r] } 0 .. below(4);
    my $many = join ', ', map { my $r = $once{$_}; '(' . join(', ', map { literal($r->[$_], $column[$_]{type}) } 0 .. $#column) . ')' } sort keys %once;
    my $on = join ' AND ', map { "t.$_->{quoted} = s.$_->{quoted}" } @key;
    my $set = assignments($table, 't.', 's.', @other);
    return "MERGE INTO $table t USING (VALUES $many) s ($names) ON $on WHEN MATCHED AND " . pick('true', "t.$other[0]{quoted} IS NULL")
        . ' THEN ' . pick('DELETE', "UPDATE SET $set", "UPDATE SET $set", 'DO NOTHING')
        . " WHEN NOT MATCHED THEN INSERT ($names) VALUES (" . join(', ', map { "s.$_->{quoted}" } @column) . ')';
}

sub swap {
    my ($table, @column) = @_;
    my ($id) = grep { $_->{name} eq 'id' } @column or return "DELETE FROM $table WHERE false";
    my ($a, $b) = (below(8), below(8));
    return "UPDATE $table SET id = $a + $b - id WHERE id IN ($a, $b)" if $table =~ /^swapped/;
    return "UPDATE $table SET id = -1 WHERE id = $a; UPDATE $table SET id = $a WHERE id = $b; UPDATE $table SET id = $b WHERE id = -1"
        if $table ne 'moved';
    return "UPDATE moved SET bucket = bucket % 3 + 1 WHERE id % 3 = " . below(3);
}

# A statement that changes rows; columns: those of the tables, as the session sees them.
sub change_rows {
    my ($columns, $table) = @_;
    my %is_key = map { $_ => 1 } @{ $key{$table} // ['id'] };
    my @column = map { { %$_, key => $is_key{ $_->{name} } } } grep { !$_->{generated} } @{ $columns->{$table} };
    my $names = join ', ', map { $_->{quoted} } @column;
    my $where = condition($table, @column);
    my $how = below(24);
    return insert($table, $names, @column) if $how < 8;
    return "UPDATE $table SET " . assignments($table, '', undef, @column) . " WHERE $where" if $how < 15;
    return "DELETE FROM $table WHERE $where" if $how < 17;
    return merge($table, $names, @column) if $how < 19 && $table !~ /^(?:moved|swapped)/;
    return swap($table, @column) if $how < 20 && $table ne 'kinds';
    return "WITH gone AS (DELETE FROM $table WHERE $where RETURNING *) INSERT INTO $table ($names) OVERRIDING SYSTEM VALUE SELECT $names FROM gone"
        if $how == 20;
    return "DO \$do\$ DECLARE c CURSOR FOR SELECT * FROM $table WHERE $where FOR UPDATE; BEGIN FOR r IN c LOOP UPDATE $table SET "
        . assignments($table, '', undef, @column) . ' WHERE CURRENT OF c; END LOOP; END $do$' if $how == 21;
    return "DO \$do\$ BEGIN DELETE FROM $table WHERE $where; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN UPDATE $table SET "
        . assignments($table, '', undef, @column) . " WHERE $where; END \$do\$" if $how == 22;
    return "UPDATE $table SET " . assignments($table, '', undef, @column);
}

my @added = ('integer', 'text', 'numeric(10,2)', 'mood', 'pair', 'integer[]', 'jsonb', 'timestamptz', 'boolean', 'double precision');
sub add_column {
    my ($table, $name) = @_;
    my $type = pick(@added);
    my ($plain) = $type =~ /^([\w\[\] ]+)/;
    my $constant = literal(($value{ { timestamptz => 'timestamp with time zone' }->{$plain} // $plain })->(), $type);
    return "ALTER TABLE $table ADD $name $type" . pick('', " DEFAULT $constant", " DEFAULT $constant NOT NULL") if below(6);
    return "ALTER TABLE $table ADD $name " . pick('float8 DEFAULT random()', 'int GENERATED ALWAYS AS IDENTITY', 'bigserial',
        'text GENERATED ALWAYS AS (org::text || \'g\') STORED');
}

my @alterable = qw(plain parted kinds bag quiet whole hidden moved cut);

# A statement that changes a table, or its partitions, or empties it.
sub change_table {
    my ($columns) = @_;
    my $table = pick(@alterable);
    my @own = grep { $_->{name} =~ /^x\d/ } @{ $columns->{$table} };
    my $x = @own ? pick(@own) : undef;
    my $how = below(20);
    my $name = 'x' . ++$number;
    return add_column($table, $name) if $how < 4 || $how < 12 && !$x;
    return "ALTER TABLE $table DROP $x->{name}" if $how < 6;
    return "ALTER TABLE $table RENAME $x->{name} TO x" . pick($number, 1 + below($number)) if $how < 8;
    return "ALTER TABLE $table ALTER $x->{name} DROP DEFAULT, ALTER $x->{name} TYPE text USING $x->{name}::text" if $how == 8 && $x->{type} ne 'text' && !$x->{generated};
    return "ALTER TABLE $table ALTER $x->{name} TYPE varchar(2000)" if $how == 9 && !$x->{generated};
    return "ALTER TABLE $table RENAME $x->{name} TO xx; ALTER TABLE $table ADD $x->{name} text DEFAULT 'again'; ALTER TABLE $table DROP xx" if $how == 10;
    return "ALTER TABLE $table DROP $x->{name}, ADD $name int DEFAULT " . below(9) . ", ADD ${name}b text DEFAULT 'two'" if $how == 11;
    return rename_columns($x, $table) if $x && ($how == 12 || $how == 14);
    return change_partitions() if $how < 15;
    return 'TRUNCATE ' . pick($table, 'parted_a1', 'moved_2', 'parted_a', 'acted, echo', 'parent, child, grand', 'bag', 'cut') if $how < 17;
    return "SELECT custody.audit('plain', org_column => 'org')" if $how == 17;
    return pick("ALTER TABLE $table RENAME TO other; ALTER TABLE other RENAME TO $table", 'CLUSTER plain USING plain_pkey',
        'ALTER TABLE plain ALTER k1 TYPE bigint', 'ALTER TABLE plain ALTER k1 TYPE int', 'ALTER TABLE whole SET UNLOGGED', 'ALTER TABLE whole SET LOGGED',
        'ALTER TABLE plain ALTER v TYPE bigint USING v + 1', 'ALTER TABLE whole ALTER id TYPE text USING id::text, ALTER id TYPE int USING id::int',
        'ALTER TABLE whole ALTER id TYPE bigint', 'ALTER TABLE whole ALTER id TYPE int', 'ALTER TABLE hidden ALTER h TYPE varchar(9999)');
}

# A name that another column has from then on, or that one command gives to another column.
sub rename_columns {
    my ($x, $table) = @_;
    my $swap = sub { my ($t, $one, $other) = @_; "ALTER TABLE $t RENAME $one TO zz; ALTER TABLE $t RENAME $other TO $one; ALTER TABLE $t RENAME zz TO $other" };
    return pick($swap->('kinds', 'big', 'packed'), $swap->('quiet', 'a', 'x'), $swap->('hidden', 'h', 'x'), $swap->('hidden', 'r', 'h'),
        'ALTER TABLE plain RENAME k1 TO kk; UPDATE plain SET kk = kk + 10; ALTER TABLE plain RENAME kk TO k1; UPDATE plain SET k1 = k1 - 10',
        'ALTER TABLE parted RENAME year TO zz; UPDATE parted SET n = zz; ALTER TABLE parted RENAME zz TO year',
        "ALTER TABLE $table DROP $x->{name}, ADD $x->{name} " . pick('int DEFAULT 7', 'text', "text DEFAULT 'new'", 'float8 DEFAULT random()'),
        "ALTER TABLE $table RENAME $x->{name} TO zz; ALTER TABLE $table ADD $x->{name} int DEFAULT 6; ALTER TABLE $table DROP $x->{name}; ALTER TABLE $table RENAME zz TO $x->{name}");
}

sub change_partitions {
    my $how = below(8);
    return 'ALTER TABLE parted DETACH PARTITION parted_b; DELETE FROM parted_b WHERE id % 2 = 0; ALTER TABLE parted ATTACH PARTITION parted_b FOR VALUES IN (\'b\')' if $how == 0;
    return 'ALTER TABLE parted_a DETACH PARTITION parted_a1; ALTER TABLE parted_a ATTACH PARTITION parted_a1 FOR VALUES FROM (2000) TO (2005)' if $how == 1;
    return 'ALTER TABLE parted DETACH PARTITION parted_a; UPDATE parted_a SET n = n + 1; ALTER TABLE parted ATTACH PARTITION parted_a FOR VALUES IN (\'a\')' if $how == 2;
    return 'ALTER TABLE moved DETACH PARTITION moved_2; UPDATE moved_2 SET a = \'away\'; ALTER TABLE moved ATTACH PARTITION moved_2 FOR VALUES IN (2)' if $how == 3;
    return 'DROP TABLE moved_3; CREATE TABLE moved_3 PARTITION OF moved DEFAULT' if $how == 4;
    return 'DROP TABLE parted_a1; CREATE TABLE parted_a1 PARTITION OF parted_a FOR VALUES FROM (2000) TO (2005)' if $how == 5;
    return 'ALTER TABLE parted DETACH PARTITION parted_rest; ALTER TABLE parted ATTACH PARTITION parted_rest DEFAULT' if $how == 6;
    return 'DELETE FROM parted_rest WHERE true; TRUNCATE parted_rest1';
}

1;
