# custody probe tells a refusal at login by its SQLSTATE: the messages of the server may be in any language.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

# Messages of C.UTF-8 are those of the language that the server's environment names.
local $ENV{LANGUAGE} = 'de';
my $cluster = start_cluster('german');
delete $ENV{LANGUAGE};
plan skip_all => 'no translated messages' if ($cluster->psql('postgres', 'SELECT 1/0'))[2] !~ /Division durch Null/;
$cluster->create_database('shop', extension => 1);
$cluster->sql('shop', q{
    CREATE ROLE app LOGIN;
    GRANT USAGE ON SCHEMA custody TO app;
    CREATE TABLE docs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL);
    INSERT INTO docs (org_id) SELECT 1 + i % 2 FROM generate_series(1, 10) i;
    CREATE POLICY p ON docs USING (org_id = custody.current_org_bigint());
    ALTER TABLE docs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    GRANT SELECT ON docs TO app});
my $key = temporary_directory() . '/app.pem';
$cluster->sql('shop', custody('token', '--new-key=ed25519', '--kid=app1', '-o', $key)->{stdout});

sub startup {
    my $run = custody('probe', '--target=' . $cluster->conninfo('shop'),
        '--role-conninfo=' . $cluster->conninfo('shop', 'app'), "--key-file=$key", '--kid=app1', '--json');
    return { map { $_->{attack} => "$_->{verdict} " . ($_->{sqlstate} // '') . " $_->{detail}" }
            grep { $_->{attack} =~ /^startup_/ } @{ json($run->{stdout})->{findings} } };
}

my $found = startup();
like $found->{startup_replica}, qr/^held 42501 .*keine Berechtigung/s, 'refused at login, in German';
# These are refused later, or not at all: what counts is what the role then sees.
like $found->{$_}, qr/^held 42501 /, "$_ holds" for qw(startup_options startup_row_security);
# Let in, the same attack is judged by the rows.
$cluster->sql('shop', 'GRANT SET ON PARAMETER session_replication_role TO app');
is startup()->{startup_replica} =~ s/ .*//sr, 'held', 'let in, and bound by row security all the same';
$cluster->sql('shop', 'ALTER TABLE docs DISABLE ROW LEVEL SECURITY');
like startup()->{startup_replica}, qr{^leak }, 'let in, and bound by nothing';
done_testing;
