# The ledger in databases that are not UTF-8: what is recorded, answered, exported and proven when values,
# names, organizations and contexts have bytes above 7f.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(ledger_faults);
use Custody::Ledger::Checks qw(seal digest verdicts reconciled restore_into);
use Custody::Test;

my $cluster = start_cluster('one');
my $other = start_cluster('other', initdb => [ qw(--encoding=UTF8 --locale=C.UTF-8 --no-instructions) ]);

# Files are written byte by byte. Values have the bytes e9 and fc; names in SQL_ASCII must be UTF-8.
my ($e, $u) = ("\xe9", "\xfc");
my %name_bytes = (LATIN1 => $e, SQL_ASCII => "\xc3\xa9");

sub bundle_verdicts {
    my ($name, $bundle, $digest) = @_;
    my $file = write_file($bundle, "$name.bundle");
    my $digests = write_file("$digest\n", "$name.digest");
    my $loader = custody('audit', 'verify-bundle', $file, '--digest', $digests);
    my $python = run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $file, '--digest', $digests);
    diag $_->{stdout}, $_->{stderr} for grep { $_->{exit} } $loader, $python;
    return map { /^(proven|refuted|unproven)/m ? $1 : 'none' } $loader->{stdout} . $loader->{stderr}, $python->{stdout} . $python->{stderr};
}

sub refused { my ($database, $sql) = @_; return ($cluster->psql($database, $sql))[2] }

for my $encoding (qw(LATIN1 SQL_ASCII)) {
    my $name = lc $encoding;
    $cluster->create_database($name, extension => 1, options => "ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
    my $sql = sub {
        my ($text) = @_;
        return $cluster->sql($name, "SET client_encoding = '$encoding'; $text");
    };
    my $export = sub {
        my ($function, $org) = @_;
        return $cluster->sql($name, 'SET client_encoding = ' . ($encoding eq 'LATIN1' ? 'UTF8' : $encoding)
            . "; SELECT custody.$function") . "\n";
    };
    my $n = $name_bytes{$encoding};
    $sql->("SELECT custody.init_ledger()");
    $sql->("CREATE TABLE caf$n (id text PRIMARY KEY, org text, \"pr${n}nom\" text, note varchar);
        INSERT INTO caf$n VALUES ('b$e', 'org$u', 'baseline', 'n');
        SELECT custody.audit('caf$n', org_column => 'org', hash => '{note}')");
    $sql->("SET application_name = 'app$e'; INSERT INTO caf$n VALUES ('k$e', 'org$u', 'Ren$e', 'secret$u'), ('k', 'plain', 'x', NULL)");
    $sql->("UPDATE caf$n SET \"pr${n}nom\" = 'Andr$e' WHERE id = 'k$e'; DELETE FROM caf$n WHERE id = 'b$e'");
    $sql->("ALTER TABLE caf$n ADD \"t$n\" text DEFAULT '$n'");
    is seal($cluster, $name), 1, "$encoding: sealed";
    is join('; ', ledger_faults($cluster, $name)), '', "$encoding: every hash is as the format has it";
    my $digest = digest($cluster, $name);
    is_deeply [ map { join ' ', @$_ } grep { $_->[1] ne 'proven' } verdicts($cluster, $name, $digest) ], [], "$encoding: verified";
    is $sql->("SELECT string_agg(status || ' ' || problem, ',') FROM custody.reconcile('caf$n')"), 'proven summary', "$encoding: reconciled";
    is $sql->("SELECT string_agg(h.new ->> 'pr${n}nom', ',') FROM custody.history('caf$n', '{\"id\": \"k$e\"}') h"), "Ren$e,Andr$e", "$encoding: history";
    for my $org ("org$u", 'plain') {
        my $given = $encoding eq 'LATIN1' ? "convert_from('\\x" . unpack('H*', $org) . "', 'LATIN1')" : "'$org'::text";
        is join(' ', bundle_verdicts("$name-org", $export->("export_evidence($given)"), $digest)), 'proven proven', "$encoding: evidence";
    }
    is join(' ', bundle_verdicts("$name-all", $export->('export_ledger(1, 1)'), $digest)), 'proven proven', "$encoding: the ledger";
    like refused($name, "SET client_encoding = LATIN1; SELECT custody.export_ledger(1, 1)"), qr/a bundle of evidence is in UTF-8.*PGCLIENTENCODING=UTF8/s,
        "$encoding: in another encoding it is refused" if $encoding eq 'LATIN1';
    my $held = $encoding eq 'LATIN1' ? "org$u" : 'plain';
    like $sql->("SELECT custody.place_hold('Gr$n', org => '$held')"), qr/^1$/, "$encoding: a hold";
    like refused($name, "SET client_encoding = '$encoding'; DELETE FROM caf$n WHERE org = '$held'"), qr/under legal hold 1/, "$encoding: ... holds";
    like $sql->("SELECT string_agg(c.new ->> 'reason', ',') FROM custody.changes('caf$n') c WHERE c.op = 'S'"), qr/Gr$n/, "$encoding: ... with its reason";
    is $sql->("SELECT string_agg(DISTINCT c.org, ',' ORDER BY c.org) FROM custody.changes('caf$n') c WHERE c.org <> ''"), "org$u,plain", "$encoding: organizations";
    like $sql->("SELECT custody.row_as_of('caf$n', '{\"id\": \"k$e\"}', clock_timestamp())::text"), qr/Andr$e/, "$encoding: as of";
    # Elsewhere.
    is restore_into($cluster, $name, $other, $name), '', "$encoding: restored" if $encoding eq 'LATIN1';
}
like refused('sql_ascii', "CREATE TABLE odd (id int PRIMARY KEY, \"x$e\" int); SELECT custody.audit('odd')"),
    qr/names of public.odd cannot be recorded.*must be UTF-8/s, 'SQL_ASCII: a name that is not UTF-8 is refused';
like refused('sql_ascii', "ALTER TABLE caf\xc3\xa9 ADD odd text DEFAULT '$e'"), qr/the text of an event is not UTF-8.*must be UTF-8/s,
    '... and so is a constant default';

# The name of a database has the bytes that it was made with, whatever the encodings.
system('umask 077; openssl genpkey -algorithm ed25519 -out ' . temporary_directory() . '/key.pem 2>/dev/null') == 0 or die 'no key';
for my $encoding (qw(UTF8 SQL_ASCII)) {
    my $name = "name${e}_\L$encoding";
    $cluster->sql('sql_ascii', "CREATE DATABASE \"$name\" TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
    $cluster->sql($name, 'CREATE EXTENSION custody; SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY); SELECT custody.audit(\'t\')');
    my @key = ('--key-file', temporary_directory() . '/key.pem', '--anchor-file', temporary_directory() . "/anchors-$encoding");
    for my $result (qw(anchored unchanged)) {
        my $run = custody('audit', 'anchor', '--target', $cluster->conninfo($name), @key);
        like "$run->{exit} $run->{stdout}", qr/^0 $result/, "$encoding: $result, whatever the name's bytes" or diag $run->{stderr};
    }
    like digest($cluster, $name), qr/"database": "name\?_\L$encoding"/, '... which are not in the digest';
}

done_testing;
