# The plain SQL of the profile sql on servers without custody: every version, database encodings, and what it refuses.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $vectors = source_directory() . '/test/vectors';
my $own = start_cluster('own');
my $major = int($own->sql('postgres', 'SHOW server_version_num') / 10000);

sub fill {
    my ($cluster, $version) = @_;
    $cluster->create_database('vectors', extension => $cluster == $own);
    $cluster->sql('vectors', "CREATE EXTENSION $_") for qw(hstore citext);
    $cluster->file('vectors', "$vectors/$_.sql")
        for qw(tables tables_types), $version >= 14 ? 'tables_14' : (), 'tables_arrays';
    return;
}

# The settings that the loader pins.
my $pins = q{SET row_security = off; SET datestyle = 'ISO, MDY'; SET intervalstyle = postgres; SET timezone = 'UTC';
    SET extra_float_digits = 3; SET bytea_output = hex; SET xmlbinary = base64; SET xmloption = content;
    SET lc_monetary = 'C'; SET search_path = ''; SET quote_all_identifiers = off;};

fill($own, $major);
my $query = json($own->sql('vectors', <<'SQL'));
SELECT json_object_agg(relname, custody.sql_digest_query(oid)) FROM pg_class
WHERE relnamespace = 'vectors'::regnamespace AND relkind = 'r'
SQL
my $expected = json($own->sql('vectors', <<'SQL'));
SELECT json_object_agg(relname, custody.table_digest(oid, profile => 'sql')::text) FROM pg_class
WHERE relnamespace = 'vectors'::regnamespace AND relkind = 'r'
SQL
cmp_ok scalar(keys %$query), '>', 50, 'tables with every type';

sub digests {
    my ($cluster, $database, @table) = @_;
    my %digest;
    @digest{@table} = split /\n/, $cluster->sql($database, join "\n", $pins, map {"$query->{$_};"} @table);
    return \%digest;
}

for my $version (13 .. 18) {
    SKIP: {
        skip "no server $version from npm", 1 unless $version == $major || has_version($version);
        my $cluster = $version == $major ? $own : start_cluster("pg$version", version => $version);
        fill($cluster, $version) if $cluster != $own;
        my $there = json($cluster->sql('vectors', q{SELECT json_agg(relname) FROM pg_class
            WHERE relnamespace = 'vectors'::regnamespace AND relkind = 'r'}));
        my @table = grep { $query->{$_} && $_ ne q(chars_arrays) } sort @$there; # see docs/wire-format.md, section 4
        cmp_ok scalar(@table), '>', 50, "$version has the tables";
        is_deeply digests($cluster, 'vectors', @table), { map { $_ => $expected->{$_} } @table },
            "plain SQL on $version gives the digests";
        $cluster->stop if $cluster != $own;
    }
}

# Another encoding of the database, and of the client, in parallel workers, too.
my $texts = <<'SQL';
SET client_encoding = 'UTF8';
CREATE TABLE plain (id int4, t text, n name, c char(5), j json, b jsonb, d numeric);
INSERT INTO plain SELECT i, 'naïve', 'é', 'c', '{"ü": "ö"}', '{"ü": ["ö", {"ß": 1.0}]}', i / 7.0 FROM generate_series(1, 3000) i;
CREATE TABLE converted (id int4, v tsvector, x xml);
INSERT INTO converted SELECT i, 'école:1', '<ä/>' FROM generate_series(1, 3000) i;
ANALYZE;
SQL
$own->create_database('utf8', extension => 1);
$own->sql('utf8', $texts);
for my $table (qw(plain converted)) {
    $query->{$table} = $own->sql('utf8', "SELECT custody.sql_digest_query('$table')");
    $expected->{$table} = $own->sql('utf8', "SELECT custody.table_digest('$table', profile => 'sql')");
}
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
    SET min_parallel_table_scan_size = 0; SET row_security = off;};
like $own->sql('utf8', "$parallel EXPLAIN $query->{plain}"), qr/Gather/, 'workers hash rows';
for my $encoding (qw(UTF8 LATIN1 EUC_JP SQL_ASCII)) {
    my $database = lc "in_$encoding";
    $own->create_database($database, options => "ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
    $own->sql($database, $texts);
    for my $client ('UTF8', $encoding eq 'EUC_JP' ? () : 'LATIN1') { # there is no way from one to the other
        my $settings = "$parallel SET client_encoding = '$client';";
        is $own->sql($database, "$settings $query->{plain}"), $expected->{plain},
            "a database in $encoding, a client in $client: the same";
        my ($exit, $digest, $error) = $own->psql($database, "$settings $query->{converted}");
        if ($client eq 'UTF8') {
            is $digest, $expected->{converted}, "$encoding: texts inside of values, too";
        } else {
            like $error, qr/run first: SET client_encoding = '(?:UTF8|SQL_ASCII)'/, 'or it is refused';
        }
    }
}

# What it refuses: rows that a policy hides, settings under which output functions write something else.
$own->sql('utf8', <<'SQL');
CREATE ROLE reader;
CREATE TABLE hidden (a int4, t timestamptz[]);
INSERT INTO hidden VALUES (1, '{now}');
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON hidden, plain TO reader;
SQL
my $hidden = $own->sql('utf8', q{SELECT custody.sql_digest_query('hidden')});
my %refused = (
    'SET ROLE reader; RESET row_security;' => qr/run first: SET row_security = 'off'/,
    'SET ROLE reader;' => qr/row-level security/,
    q{SET timezone = 'Asia/Tokyo'; SET search_path = public;} =>
        qr/run first: SET TimeZone = 'UTC'; SET search_path = ''/,
    'SET extra_float_digits = 0;' => qr/run first: SET extra_float_digits = '3'/,
);
for my $setting (sort keys %refused) {
    my ($exit, $out, $error) = $own->psql('utf8', "$pins $setting $hidden");
    like $error, $refused{$setting}, "refused under $setting";
    is $out, '', 'without a digest';
}
is $own->sql('utf8', "$pins SET ROLE reader; SET timezone = 'Asia/Tokyo'; $query->{plain}"), $expected->{plain},
    'SELECT is all it needs; the binary form depends on no such setting';

# Names, operators and functions of the user's own do not get into it.
$own->sql('utf8', <<'SQL');
CREATE SCHEMA mine;
CREATE FUNCTION mine.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x00'::bytea $$;
CREATE FUNCTION mine.byteacat(bytea, bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT $1 $$;
CREATE FUNCTION mine.never(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR mine.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.never);
CREATE DOMAIN mine.bytea AS text;
SQL
is $own->sql('utf8', "$pins SET search_path = mine, pg_catalog; SET standard_conforming_strings = off; $query->{plain}"),
    $expected->{plain}, 'under any search_path';

# As many columns as a table can have, no column, no row, and a row of a few hundred megabytes.
$own->sql('utf8', <<'SQL');
CREATE TABLE no_rows (a int4, b text);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE large (t text, b bytea);
ALTER TABLE large ALTER t SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
INSERT INTO large SELECT repeat('0123456789', 10000000), decode(repeat('ab', 100000000), 'hex');
DO $$ BEGIN
    EXECUTE (SELECT format('CREATE TABLE wide (%s)', string_agg(format('"c %s" %s', i, (ARRAY['int4', 'text', 'bool', 'float8', 'numeric'])[1 + i % 5]), ','))
             FROM generate_series(1, 1600) i);
    EXECUTE (SELECT format('INSERT INTO wide VALUES (%s)', string_agg(quote_nullable((ARRAY['1', 'x', 'true', NULL, '1.50'])[1 + i % 5]), ','))
             FROM generate_series(1, 1600) i);
END $$;
SQL
for my $table (qw(no_rows no_columns large wide)) {
    my $sql = $own->sql('utf8', "SELECT custody.sql_digest_query('$table')");
    is $own->sql('utf8', "$pins $sql"), $own->sql('utf8', "SELECT custody.table_digest('$table', profile => 'sql')"), $table;
}
done_testing;
