# The keys whose signatures a database believes, dumped and restored into another database of the server: they come
# back, own tokens are bound to the database and do not pass on, JWTs do, symmetric keys are names of a file.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;

my $cluster = start_cluster('keys');
$cluster->create_database('shop', extension => 1);
my ($own, $single, $issuer) = map { key_pair('ed25519') } 1 .. 3;
$cluster->sql('shop', q{
    SELECT custody.add_token_key('app', :'public');
    SELECT custody.add_token_key('once', :'single', true);
    INSERT INTO custody.token_key (kid, algorithm) VALUES ('file', 'HMAC-SHA256');
    SELECT custody.add_jwt_issuer('https://issuer.example', '{shop}', '{org_id}', 'bigint');
    INSERT INTO custody.jwt_key (issuer, kid, algorithm, public_key)
        VALUES ('https://issuer.example', 'k1', 'Ed25519', custody.public_key_der(convert_to(:'issuer', 'UTF8')));
    CREATE TABLE member (user_id text, org_id bigint);
    SELECT custody.set_membership('member', 'user_id', 'org_id')},
    variables => { public => $own->{public}, single => $single->{public}, issuer => $issuer->{public} });

my $tables = q{SELECT string_agg(t, E'\n' ORDER BY t) FROM (SELECT to_jsonb(k) ->> 'kid' || to_jsonb(k)::text AS t FROM custody.token_key k
    UNION ALL SELECT to_jsonb(i)::text FROM custody.jwt_issuer i UNION ALL SELECT to_jsonb(j)::text FROM custody.jwt_key j
    UNION ALL SELECT to_jsonb(m)::text FROM custody.membership_source m) x};
my $before = $cluster->sql('shop', $tables);

sub own {
    my ($database, $kid) = @_;
    my $now = int time;
    return own_token($kid // 'app', $own->{sign}, db => $cluster->sql($database, 'SELECT custody.database_id()'),
        org_type => 'bigint', org => 7, user => 'ann', iat => $now, exp => $now + 600);
}

sub issued {
    return jwt({ alg => 'EdDSA', kid => 'k1', typ => 'JWT' }, { iss => 'https://issuer.example', aud => 'shop', sub => 'ann',
        org_id => 7, iat => time, exp => 600 + time }, $issuer->{sign});
}

sub entered {
    my ($database, $token) = @_;
    my ($exit, $out, $err) = $cluster->psql($database,
        "BEGIN; SELECT FROM custody.enter('$token'); SELECT 'org ' || custody.current_org_bigint(); COMMIT;");
    return $out =~ /^(org \d+)$/m ? $1 : $err =~ /ERROR:\s+(.*)/ ? $1 : "$exit $err";
}

my $old = own('shop');
is entered('shop', $old), 'org 7', 'a token of the first database';
is entered('shop', issued()), 'org 7', 'and one of the issuer';
my $dump = temporary_directory() . '/shop.dump';
is run_command(program('pg_dump'), '-Fc', '-f', $dump, '-d', $cluster->conninfo('shop'))->{exit}, 0, 'pg_dump';
$cluster->create_database('copy');
# One that had the extension before, too.
$cluster->create_database('later', extension => 1);
for my $database ('copy', 'later') {
    $cluster->sql('later', 'DROP EXTENSION custody CASCADE; DROP SCHEMA IF EXISTS custody') if $database eq 'later';
    my $restored = run_command(program('pg_restore'), '-d', $cluster->conninfo($database), $dump);
    is $restored->{exit}, 0, "$database: pg_restore" or diag $restored->{stderr};
    is $cluster->sql($database, $tables), $before, "$database: every key, issuer and the membership table";
    isnt $cluster->sql($database, 'SELECT custody.database_id()'), $cluster->sql('shop', 'SELECT custody.database_id()'),
        "$database: another identity";
    is entered($database, $old), 'token refused', "$database: a token for the first database does not pass";
    is entered($database, own($database)), 'org 7', "$database: one for this database, signed with the same key, does";
    is entered($database, own($database, 'once')), 'token refused', "$database: a key of single use is one still";
    is entered($database, own($database, 'file')), 'token refused', "$database: a name without a key in the file believes nothing";
    is entered($database, issued()), 'org 7', "$database: the issuer's tokens pass in both, as they name an audience and no database";
    $cluster->sql($database, q{SELECT custody.drop_token_key('app')});
    is entered($database, own($database)), 'token refused', "$database: and a key that is dropped is believed no longer";
}
is entered('shop', $old), 'org 7', 'the first database goes on as before';
is $cluster->sql('copy', q{SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('custody.token_key'::regclass, 'custody.jwt_key'::regclass)
    AND tgname ~ '^forget' AND tgenabled = 'A'}), 4, 'sessions of the copy are told of changes';
is $cluster->sql('copy', q{SELECT bool_or(has_table_privilege('public', t, 'SELECT, INSERT')) FROM unnest(
    '{custody.token_key,custody.jwt_issuer,custody.jwt_key}'::regclass[]) t}), 'f', 'nobody else may write them';
done_testing;
