# What changes how rows are stored but not the rows: no alarm. Each table of the corpus lies in other shapes, was
# dumped and loaded, rewritten, read under other settings, in another encoding and collation.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Mutations;

my $cluster = start_cluster('server');
$cluster->create_database('base', extension => 1);
make_corpus($cluster, 'base', 'before');
$cluster->file('base', source_directory() . '/test/data/mutations/shapes.sql');
my $directory = $cluster->socket_directory;

# {table} = [judge, digests] of a schema; children: with the tables that inherit.
my @profiles = qw(fast sql evidence);
sub read_schema {
    my ($database, $schema, %option) = @_;
    my $children = $option{children} ? 'true' : 'false';
    my $digests = join ', ', map {"custody.table_digest(%2\$L, profile => '$_', children => $children)"} @profiles;
    my $role = $option{user} ? '' : pins();
    my @lines = lines($cluster, $database, <<"SQL", user => $option{user});
@{[ pins() ]}
SELECT format(\$sql\$$role SELECT %1\$L, $digests\$sql\$, c.relname, format('%I.%I', '$schema', c.relname))
FROM pg_class c WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE '%(server-made)'
      AND c.relname <> 'relation' ORDER BY 1 \\gexec
SQL
    return { map { my ($table, @digest) = @$_; ($table => \@digest) } @lines };
}

# What the judge reads of a schema: {table} = hash of the rows' text.
sub judge {
    my ($database, $schema) = @_;
    return mapped($cluster, $database, pins() . <<"SQL");
SELECT format('SELECT %L, md5(convert_to(string_agg(r::text, chr(10) ORDER BY r::text COLLATE "C"), ''UTF8'')) FROM (SELECT %s FROM %I.%I) r',
              c.relname, string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C"), '$schema', c.relname)
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE '%(server-made)'
      AND c.relname <> 'relation' GROUP BY c.relname \\gexec
SQL
}

my $base = read_schema('base', 'm');
my $rows = judge('base', 'm');
cmp_ok scalar(keys %$base), '>', 150, 'tables';

sub same_as_base {
    my ($name, $database, $schema, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %without = map { $_ => 1 } @{ $option{without} // [] };
    my ($old, $new) = map { my $all = $_; +{ map { ($_ => $all->{$_}) } grep { !$without{$_} } keys %$all } }
        $base, read_schema($database, $schema, %option);
    my %judged = %{ judge($database, $schema) };
    delete @judged{ keys %without };
    is_deeply \%judged, { map { ($_ => $rows->{$_}) } grep { !$without{$_} } keys %$rows }, "$name: the same rows, says the judge";
    my @alarms = grep { join(' ', @{ $new->{$_} // ['none'] }) ne join ' ', @{ $old->{$_} } } sort keys %$old;
    is_deeply \@alarms, [], "$name: the same digests" or diag explain [ map { [ $_, $old->{$_}, $new->{$_} ] } grep { defined } @alarms[ 0 .. 2 ] ];
    return;
}

for my $shape (qw(hash nested inherited backwards unlogged other_am external main lz4 binary)) {
    $cluster->sql('base', "SELECT suite.shape_all('$shape', '$directory')");
    same_as_base($shape, 'base', $shape, children => $shape eq 'inherited');
}
# They are what they should be.
my $stored = q{SELECT pg_column_compression(v), pg_column_size(v) > 60000 FROM %s.text WHERE length(v) = 70000};
is_deeply [ map { $cluster->sql('base', sprintf $stored, $_) } qw(m external lz4) ], [ 'pglz|f', '|t', 'lz4|f' ],
    'values lie there compressed with one method or another, or as they are';

$cluster->sql('base', 'SELECT suite.add_defaults()');
cmp_ok $cluster->sql('base', q{SELECT count(*) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'fast'::regnamespace AND atthasmissing}), '>', 500, 'values that lie in the catalog';
is_deeply read_schema('base', 'fast'), read_schema('base', 'slow'), 'columns added with a default, and written';

$cluster->sql('base', q{SELECT format('UPDATE m.%1$I SET k = k; DELETE FROM m.%1$I WHERE false', tab) FROM suite.tables \gexec});
same_as_base('rows in other places', 'base', 'm');
$cluster->sql('base', q{SELECT format('VACUUM FULL m.%I', tab) FROM suite.tables \gexec});
same_as_base('VACUUM FULL', 'base', 'm');
$cluster->sql('base', q{SELECT format('CLUSTER m.%I USING %I', tab, relname) FROM suite.tables JOIN pg_index ON indrelid = rel
    JOIN pg_class c ON c.oid = indexrelid WHERE indisprimary \gexec});
same_as_base('CLUSTER', 'base', 'm');

# Dumped as text, and loaded into a database whose types have other OIDs.
$cluster->create_database('loaded', extension => 1);
$cluster->sql('loaded', 'ALTER DATABASE loaded SET default_toast_compression = lz4');
my $dump = temporary_directory() . '/dump.sql';
my $dumped = run_command(program('pg_dump'), '-d', $cluster->conninfo('base'), '-n', 'm', '-e', '*', '-T', 'm.*?server-made?', '-f', $dump);
is $dumped->{exit}, 0, 'pg_dump' or diag $dumped->{stderr};
$cluster->file('loaded', $dump);
isnt $cluster->sql('base', q{SELECT 'm.mood'::regtype::oid}), $cluster->sql('loaded', q{SELECT 'm.mood'::regtype::oid}), 'other OIDs';
same_as_base('dumped and loaded', 'loaded', 'm');

# Settings of a role and of the database.
$cluster->sql('base', <<'SQL');
CREATE ROLE reader LOGIN;
GRANT USAGE ON SCHEMA custody TO reader;
SELECT format('GRANT USAGE ON SCHEMA %I TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO reader', s) FROM unnest('{m,hash}'::text[]) s \gexec
SELECT format('ALTER %s SET %s', who, what) FROM unnest('{ROLE reader,DATABASE base}'::text[]) who, unnest(ARRAY[
    $$timezone = 'Pacific/Chatham'$$, $$datestyle = 'SQL, DMY'$$, $$intervalstyle = 'iso_8601'$$, 'extra_float_digits = -15',
    $$bytea_output = 'escape'$$, $$client_encoding = 'LATIN1'$$, $$search_path = 'm, hash'$$, 'xmlbinary = hex', 'xmloption = document',
    'quote_all_identifiers = on', $$lc_monetary = 'C.UTF-8'$$, 'array_nulls = off', $$default_toast_compression = 'lz4'$$]) what \gexec
SQL
is_deeply read_schema('base', 'm', user => 'reader'), $base, 'settings of role and database, a role that may read and no more';

# Another encoding, other collations.
my %latin = (options => q{ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
$cluster->create_database('latin', %latin, extension => 1);
make_corpus($cluster, 'latin', 'before', unicode => 'off');
# hstore_send() tells the length in the server's encoding, of text that it converts; a "char" is a character there.
same_as_base('LATIN1', 'latin', 'm', without => [ map { ($_, "key of $_") } 'text (unicode)', '"char" (above 127)', 'hstore (high bytes)' ]);
$cluster->create_database('icu', options => q{LOCALE_PROVIDER icu ICU_LOCALE 'de-DE-u-kn'}, extension => 1);
make_corpus($cluster, 'icu', 'before');
same_as_base('another collation', 'icu', 'm');

# The suite can fail: one blank more in one of these tables.
$cluster->sql('loaded', q{UPDATE m.text SET what = what || ' ' WHERE k = (SELECT min(k) FROM m.text)});
isnt $base->{text}[$_], read_schema('loaded', 'm')->{text}[$_], "$profiles[$_]: a change is noticed all the same" for 0 .. $#profiles;
done_testing;
