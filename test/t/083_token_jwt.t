# JSON Web Tokens as Supabase, Auth0, Clerk and Neon issue them; keys by JWKS and by secret; rotation; and the
# ways to confuse one with another. Tokens and keys are made by the openssl program.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;

my $cluster = start_cluster('one');
$cluster->create_database('shop', extension => 1);
my $keys = $cluster->data_directory . '/custody_keys';
my $legacy = 'super-secret-jwt-token-with-at-least-32-characters-long';
open my $file, '>', $keys or die $!;
print $file "supabase HS256 text:$legacy\n";
close $file;
chmod 0600, $keys;
chown +(stat $cluster->data_directory)[4], -1, $keys;
$cluster->sql('shop', 'CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA custody TO app');

my %key = map { $_ => key_pair($_) } qw(rsa p256 ed25519 weak_rsa p384);
$key{forger} = key_pair('rsa');
$key{second} = key_pair('rsa');
my $now = time;
my $org = 'aaaaaaaa-0000-4000-8000-000000000001';
my $supabase = 'https://ref.supabase.co/auth/v1';
my $auth0 = 'https://acme.auth0.com/';
my $clerk = 'https://clerk.acme.dev';
my $neon = 'https://api.stack-auth.com/api/v1/projects/p';
sub set { encoded_json({ keys => [@_] }) }

# As DBAs register them.
my %set = (
    supabase => set(jwk($key{p256}, kid => 's1', key_ops => ['verify'], ext => JSON::PP::true)),
    auth0 => set(jwk($key{rsa}, kid => 'a1', x5t => 'a1'), jwk($key{p384}, kid => 'a2')),
    clerk => set(jwk($key{rsa}, kid => 'c1')), neon => set(jwk($key{ed25519}, kid => 'n1')),
);
is $cluster->sql('shop', q{
    SELECT custody.add_jwt_issuer(:'supabase', '{authenticated}', '{app_metadata,org_id}', role_path => '{role}');
    SELECT custody.add_jwt_issuer(:'auth0', '{https://api.acme.com}', '{https://acme.com/org}', 'text');
    SELECT custody.add_jwt_issuer(:'clerk', '{}', '{o,id}', 'text', role_path => '{o,rol}',
        authorized_parties => '{https://app.acme.dev}');
    SELECT custody.add_jwt_issuer(:'neon', '{p}');
    SELECT custody.load_jwks(:'supabase', :'s'), custody.load_jwks(:'auth0', :'a'),
           custody.load_jwks(:'clerk', :'c'), custody.load_jwks(:'neon', :'n')},
    variables => { supabase => $supabase, auth0 => $auth0, clerk => $clerk, neon => $neon, s => $set{supabase},
        a => $set{auth0}, c => $set{clerk}, n => $set{neon} }),
    "\n\n\n\n1|1|1|1", 'four issuers, and their keys; one of another algorithm is passed over';

my %header = (
    supabase => { alg => 'ES256', kid => 's1', typ => 'JWT' }, auth0 => { alg => 'RS256', kid => 'a1', typ => 'at+jwt' },
    clerk => { alg => 'RS256', kid => 'c1', cat => 'cl_B7d4PD111AAA' }, neon => { alg => 'EdDSA', kid => 'n1' },
);
my %claims = (
    supabase => { iss => $supabase, aud => 'authenticated', sub => 'u1', role => 'authenticated', iat => $now,
        exp => $now + 3600, app_metadata => { org_id => uc $org }, user_metadata => { org_id => 'x' } },
    auth0 => { iss => $auth0, aud => [ 'https://api.acme.com', 'https://acme.auth0.com/userinfo' ], azp => 'client',
        sub => 'auth0|5', iat => $now, exp => $now + 3600, 'https://acme.com/org' => 'org_9', scope => 'read' },
    clerk => { iss => $clerk, azp => 'https://app.acme.dev', sub => 'user_1', iat => $now, nbf => $now - 10,
        exp => $now + 60, o => { id => 'org_2', rol => 'admin', slg => 'acme' }, v => 2 },
    neon => { iss => $neon, aud => 'p', sub => 'b0b', iat => $now, exp => $now + 3600 },
);
my %sign = (supabase => $key{p256}{sign}, auth0 => $key{rsa}{sign}, clerk => $key{rsa}{sign}, neon => $key{ed25519}{sign});

sub made { my ($who, $header, $claims, $sign) = @_;
    my %all = (%{ $claims{$who} }, %{ $claims // {} });
    delete @all{ grep { !defined $all{$_} } keys %all };
    my %head = (%{ $header{$who} }, %{ $header // {} });
    delete @head{ grep { !defined $head{$_} } keys %head };
    return jwt(\%head, \%all, $sign // $sign{$who}) }

my $session = $cluster->session('shop', 'app');
sub enter { $session->query("BEGIN; SELECT custody.enter('$_[0]');
    SELECT org_type, orgs, user_id, role, way FROM custody.context_info(); COMMIT;", error => 1) }
sub refused { my ($token, $cause, $name) = @_;
    my $position = $cluster->log_position;
    my $answer = $session->query("SELECT custody.enter('$token');", error => 1);
    is $answer, 'ERROR:  token refused', "$name: one error";
    like $cluster->log_since($position), qr/DETAIL:  \Q$cause\E$/m, "$name: the log knows" }

is enter(made('supabase')), "\nuuid|{$org}|u1|authenticated|jwt", 'Supabase';
is enter(made('auth0')), "\ntext|{org_9}|auth0|5||jwt", 'Auth0';
is enter(made('clerk')), "\ntext|{org_2}|user_1|admin|jwt", 'Clerk';
is enter(made('neon')), "\nnone|{}|b0b||jwt", 'Neon: a user';
is $session->query("BEGIN; SELECT custody.enter('" . made('clerk') . "'); SELECT custody.current_claims() #>> '{o,slg}'; COMMIT"),
    "\nacme", 'the claims are there';
is enter(made('supabase', {}, { app_metadata => {} })), "\nnone|{}|u1|authenticated|jwt", 'no org claim: a user only';
is enter(made('supabase', {}, { exp => $now - 20 })) =~ /refused/ ? 'refused' : 'in', 'in', 'an end within the skew';

# Whose, for whom, when.
refused(made('supabase', {}, { iss => "$supabase/" }), 'there is no such issuer', 'another issuer');
refused(made('supabase', {}, { aud => 'anon' }), 'the JWT is for another audience', 'another audience');
refused(made('supabase', {}, { aud => undef }), 'the JWT is for another audience', 'no audience');
refused(made('supabase', {}, { aud => ['anon', ['authenticated']] }), 'the JWT is for another audience', 'an audience nested');
refused(made('clerk', {}, { azp => 'https://evil.dev' }), 'the JWT was issued to another party', 'another party');
refused(made('clerk', {}, { azp => undef }), 'the JWT has no text "azp"', 'no party');
refused(made('supabase', {}, { exp => $now - 3600 }), 'the JWT has expired', 'expired');
refused(made('supabase', {}, { exp => undef }), 'the JWT does not expire', 'no end');
refused(made('supabase', {}, { exp => '9999999999' . '' , }), 'the JWT has a malformed "exp"', 'an end as text');
refused(made('supabase', {}, { nbf => $now + 3600 }), 'the JWT is not valid yet', 'not yet');
refused(made('supabase', {}, { iat => $now + 3600 }), 'the JWT was issued in the future', 'from the future');
refused(made('supabase', {}, { sub => undef }), 'the user is empty', 'no user');
refused(made('supabase', {}, { sub => ['u1'] }), 'the user is neither a text nor a whole number', 'a user as list');
refused(made('supabase', {}, { app_metadata => { org_id => [$org] } }), 'the org is neither a text nor a whole number', 'orgs as list');
refused(made('supabase', {}, { app_metadata => { org_id => 'x' } }), 'the org is no uuid', 'an org of another type');

# Which key, which algorithm.
my $wrong = 'the signature is wrong';
my $confused = 'the JWT names another algorithm than its key has';
refused(made('auth0', {}, {}, $key{forger}{sign}), $wrong, 'another RSA key');
refused(made('auth0', { alg => 'HS256' }, {}, hmac_signer($key{rsa}{public})), $confused, 'the public key as secret of HS256');
refused(made('auth0', { alg => 'RS256' }, {}, hmac_signer($key{rsa}{public})), $wrong, 'the same, under its right name');
refused(made('auth0', { alg => $_ }, {}, sub { '' }), $confused, "algorithm $_") for qw(none None RS512 PS256), '';
refused(made('auth0', { alg => undef }), 'the JWT has no text "alg"', 'no algorithm');
refused(made('auth0', { alg => 'ES256' }, {}, $key{p256}{sign}), $confused, 'ES256 for a key of RSA');
refused(made('supabase', { alg => 'HS256' }, {}, hmac_signer($legacy)), $confused, 'a secret of the file for a key of EC');
refused(made('clerk', { kid => 'a1' }), 'the issuer has no such key', 'a kid of another issuer');
refused(made('auth0', { kid => 'a2' }, {}, $key{p384}{sign}), 'the issuer has no such key', 'a key that was passed over');
refused(made('auth0', { crit => ['x'] }), 'the JWT has critical extensions', 'critical extensions');
refused(made('auth0', { jwk => jwk($key{forger}), jku => 'https://evil' }, {}, $key{forger}{sign}), $wrong, 'a key that it brings along');
refused(jwt('{"alg":"none","alg":"RS256","kid":"a1"}', $claims{auth0}, $sign{auth0}), 'the JSON has a key twice', 'alg twice');
refused(jwt($header{neon}, '{"iss":"x",' . substr(encoded_json($claims{neon}), 1), $sign{neon}), 'the JSON has a key twice', 'iss twice');
refused(jwt($header{neon}, encoded_json($claims{neon}) . ' ' . '{}', $sign{neon}), 'the JSON is malformed', 'two payloads');
my $good = made('neon');
refused(substr($good, 0, -2), $_ & 1 ? $wrong : 'the signature is wrong', 'truncated') for 1;
refused("$good=", 'the signature is no base64url', 'padding');
refused("$good.x", 'the token is neither custody\'s nor a signed JWT', 'a fourth part');
refused('a' x 20000 . '.b.c', 'the token is too long', 'too long');
refused(join('.', (split /\./, $good)[ 0, 1 ], ''), $wrong, 'no signature');
is enter(made('clerk', { kid => undef })), "\ntext|{org_2}|user_1|admin|jwt", 'no kid, and the issuer has one key';

# Rotation: two keys for a while, then the new one only; at once in every session.
my $old = made('clerk');
my $new = made('clerk', { kid => 'c2' }, {}, $key{second}{sign});
sub rotate { $cluster->sql('shop', q{SELECT custody.load_jwks(:'clerk', :'set')}, variables => { clerk => $clerk, set => set(@_) }) }
refused($new, 'the issuer has no such key', 'a key not loaded yet');
is rotate(jwk($key{rsa}, kid => 'c1'), jwk($key{second}, kid => 'c2')), 2, 'both keys';
like enter($_), qr/org_2/, 'both are taken' for $old, $new;
refused(made('clerk', { kid => undef }), 'the issuer has no such key', 'no kid, and two keys');
is rotate(jwk($key{second}, kid => 'c2')), 1, 'the new key';
like enter($new), qr/org_2/, 'the new one is taken';
refused($old, 'the issuer has no such key', 'the old key');

# The HS256 secret of an older Supabase project: any kid, beside the new key.
$cluster->sql('shop', q{SELECT custody.add_jwt_secret(:'iss', 'supabase')}, variables => { iss => $supabase });
my @legacy = ('supabase', { alg => 'HS256', kid => 'any' }, {});
is enter(made(@legacy, hmac_signer($legacy))), "\nuuid|{$org}|u1|authenticated|jwt", 'HS256';
is enter(made('supabase')), "\nuuid|{$org}|u1|authenticated|jwt", 'beside ES256';
refused(made(@legacy, hmac_signer('guess')), $wrong, 'HS256 with a guess');
refused(made('supabase', { alg => 'HS256' }, {}, hmac_signer($legacy)), $confused, 'HS256 under the kid of EC');
$cluster->sql('shop', q{SELECT custody.drop_jwt_issuer(:'iss')}, variables => { iss => $supabase });
refused(made('supabase'), 'there is no such issuer', 'an issuer that is gone');

# What is no key.
for ([ 'weak', set(jwk($key{weak_rsa})), 'RSA keys must have 2048' ], [ 'private', set({ %{ jwk($key{rsa}) }, d => 'AA' }), 'a private key' ],
    [ 'symmetric', set({ kty => 'oct', k => 'AAAA' }), 'a symmetric key' ], [ 'none', set(), 'no key for' ],
    [ 'other', set(jwk($key{p384})), 'no key for' ], [ 'off the curve', set({ %{ jwk($key{p256}) }, y => 'A' x 43 }), 'not on the curve' ],
    [ 'no set', '[]', 'no object' ]) {
    my ($exit, undef, $err) = $cluster->psql('shop', q{SELECT custody.load_jwks(:'iss', :'set')},
        variables => { iss => $neon, set => $_->[1] });
    like $err, qr/ERROR:  key cannot be used\nDETAIL:  .*$_->[2]/, "not loaded: $_->[0]";
    is enter(made('neon')), "\nnone|{}|b0b||jwt", 'and the keys are what they were';
}
like +($cluster->psql('shop', q{SELECT custody.add_jwt_issuer('x', '{a}', '{user_metadata,org}')}))[2],
    qr/ERROR:  claim "user_metadata" is written by the user/, 'a claim that users write';
like +($cluster->psql('shop', "SELECT custody.add_jwt_issuer('x', $_)"))[2], qr/violates check constraint/, "NULL in a list: $_"
    for q('{a,NULL}'), q('{a}', '{NULL}'), q('{a}', '{o}', 'text', ARRAY['sub', NULL]);
like +($cluster->psql('shop', q{SELECT custody.add_jwt_issuer('x', '{}')}))[2], qr/violates check constraint/, 'for nobody in particular';

# PostgREST hands the headers on.
sub headers { my ($headers) = @_;
    my $quoted = (ref $headers ? encoded_json($headers) : $headers) =~ s/'/''/gr;
    return $session->query("BEGIN; SELECT set_config('request.headers', '$quoted', true) IS NULL; SELECT custody.enter_from_headers();
        SELECT is_valid, user_id FROM custody.context_info(); COMMIT", error => 1) }
is headers({ authorization => "Bearer $good", host => 'h' }), "f\n\nt|b0b", 'Authorization: Bearer';
is headers({ authorization => "bearer $good" }), "f\n\nt|b0b", 'bearer in lower case';
is headers({ authorization => "Bearer x", 'x-custody-token' => $good }), "f\n\nt|b0b", 'X-Custody-Token comes first';
is headers({ host => 'h' }), "f\n\nf|", 'no token, no context';
is headers(''), "f\n\nf|", 'no headers, no context';
like headers($_), qr/^ERROR:  token refused$/m, 'refused: ' . (ref $_ ? encoded_json($_) : $_)
    for { authorization => "Basic $good" }, { authorization => 'Bearer ' }, { authorization => [] }, { authorization => "Bearer $good" . 'A' },
    '{', '{"authorization":"Bearer x","authorization":"Bearer y"}', { 'x-custody-token' => '' };
my $own = $cluster->session('shop');
$own->query(q{SELECT custody.set_context(1::bigint, 'left over', is_session => true)});
is $own->query(q{SELECT custody.enter_from_headers(); SELECT is_valid FROM custody.context_info()}), "\nf",
    'a request without a token does not inherit a session\'s context';
done_testing;
