# custody's own tokens: what enters, and every way to forge, replay, steal or damage one, each refused
# with one error that says nothing to the client and everything to the log.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;
use List::Util qw(min);

my $cluster = start_cluster('one', conf => { log_error_verbosity => 'default' });
$cluster->create_database($_, extension => 1) for qw(shop other);
my $keys = $cluster->data_directory . '/custody_keys';
my $user = (stat $cluster->data_directory)[4];

sub write_keys {
    my ($text, %option) = @_;
    unlink $keys;
    open my $file, '>', $keys or die "cannot write $keys: $!";
    print $file $text;
    close $file;
    chmod $option{mode} // 0600, $keys;
    chown $option{owner} // $user, -1, $keys;
}

my $secret = join '', map { chr random_below(256) } 1 .. 32;
my $line = 'web HMAC-SHA256 ' . base64url($secret) . "\n";
write_keys("# keys of the test\n\n$line" . 'other HMAC-SHA256 ' . base64url('x' x 32) . "\n");
my $pair = key_pair('ed25519');
my $once = key_pair('ed25519');
my $forger = key_pair('ed25519');
for my $database (qw(shop other)) {
    $cluster->sql($database, q{SELECT custody.add_hmac_key('web');
        SELECT custody.add_token_key('app', :'public'); SELECT custody.add_token_key('once', :'single', true);
        CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA custody TO app}
        =~ s/CREATE ROLE app LOGIN/$database eq 'shop' ? $& : 'SELECT 1'/er,
        variables => { public => $pair->{public}, single => $once->{public} });
}
my $db = $cluster->sql('shop', 'SELECT custody.database_id()');
my $org = 'aaaaaaaa-0000-4000-8000-000000000001';
my $now = time;
my @good = (db => $db, org_type => 'uuid', org => $org, user => 'ann', role => 'editor', iat => $now,
    exp => $now + 600);
my %sign = (web => hmac_signer($secret), app => $pair->{sign}, once => $once->{sign});

sub with { my (%change) = @_; my @field;
    for (my $i = 0; $i < @good; $i += 2) {
        my ($name, $value) = @good[ $i, $i + 1 ];
        $value = delete $change{$name} if exists $change{$name};
        push @field, $name, $value if defined $value;
    }
    return (@field, %change);
}

my $session = $cluster->session('shop', 'app');
sub enter {
    my $answer = $session->query("BEGIN; SELECT custody.enter('$_[0]');
        SELECT org_type, orgs, user_id, role, way FROM custody.context_info(); COMMIT;", error => 1);
    utf8::decode($answer);
    return $answer;
}

# Refused: the one error for the client, the cause in the log.
sub refused {
    my ($token, $cause, $name) = @_;
    my $position = $cluster->log_position;
    my $answer = $session->query("\\set VERBOSITY verbose\nBEGIN; SELECT custody.enter('$token');", error => 1);
    $session->query("ROLLBACK;\n\\set VERBOSITY default", error => 1);
    like $answer, qr/^ERROR:  28000: token refused\n(?:LOCATION: .*)?\z/, "$name: one error";
    like $cluster->log_since($position), qr/DETAIL:  \Q$cause\E$/m, "$name: the log knows";
    is $session->query('SELECT is_valid FROM custody.context_info()'), 'f', "$name: no context";
}

is enter(own_token($_, $sign{$_}, @good)), "\nuuid|{$org}|ann|editor|token", "a good token of key $_ enters"
    for qw(web app);
is enter(own_token('web', $sign{web}, with(org_type => 'bigint', org => '-42', role => undef))),
    "\nbigint|{-42}|ann||token", 'a bigint';
is enter(own_token('web', $sign{web}, with(org_type => 'text', org => 'Zürich & Söhne, 50%+1', user => 'a b'))),
    "\ntext|{\"Zürich & Söhne, 50%+1\"}|a b|editor|token", 'a text';
is enter(own_token('web', $sign{web}, with(org => undef, org_type => undef))), "\nnone|{}|ann|editor|token",
    'a user only';
is enter(own_token('web', $sign{web}, @good, org => 'bbbbbbbb-0000-4000-8000-000000000002')),
    "\nuuid|{$org,bbbbbbbb-0000-4000-8000-000000000002}|ann|editor|token", 'several organizations';
is $session->query("BEGIN; SELECT custody.enter('" . own_token('web', $sign{web}, @good, claims => '{"plan": "gold"}')
    . "'); SELECT custody.current_claims() ->> 'plan'; COMMIT"), "\ngold", 'claims';
is $session->query('SELECT is_valid FROM custody.context_info()'), 'f', 'gone with the transaction';
like $session->query("BEGIN; SELECT custody.enter('" . own_token('web', $sign{web}, @good) . "'); SELECT custody.enter('"
    . own_token('web', $sign{web}, with(org => 'bbbbbbbb-0000-4000-8000-000000000002')) . "'); ROLLBACK", error => 1),
    qr/^ERROR:  (?!token refused)/m, 'a second token in the transaction is refused, and not for itself';
$session->query('ROLLBACK', error => 1);

# Time, place, key.
refused(own_token('web', $sign{web}, with(iat => $now - 700, exp => $now - 1)), 'the token has expired', 'expired');
refused(own_token('web', $sign{web}, with(iat => $now + 300)), 'the token was issued in the future', 'from the future');
refused(own_token('web', $sign{web}, with(exp => $now)), 'the token expires before it is issued', 'never valid');
refused(own_token('web', $sign{web}, with(db => $cluster->sql('other', 'SELECT custody.database_id()'))),
    'the token is for another database', 'another database');
refused(own_token('nobody', $sign{web}, @good), 'there is no such key', 'unknown key');
refused(own_token('other', hmac_signer('x' x 32), @good), 'there is no such key', 'a key of the file that is not registered');
refused(own_token('app', $forger->{sign}, @good), 'the signature is wrong', 'signed by another key');
refused(own_token('web', hmac_signer('guess'), @good), 'the signature is wrong', 'signed with a guess');
refused(own_token('app', hmac_signer($pair->{public}), @good), 'the signature is wrong', 'public key as HMAC secret');
refused(own_token('web', $pair->{sign}, @good), 'the signature is wrong', 'Ed25519 for a key of HMAC');
refused(own_token('web', sub { '' }, @good), 'the signature is wrong', 'no signature');

# Damage: each part taken away, changed, made longer.
my $token = own_token('web', $sign{web}, @good);
my @part = split /\./, $token;
for my $length (0, 5, 8, 9, 12, map { int(length($token) * $_ / 7) } 3 .. 6) {
    my $cut = substr $token, 0, $length;
    my $answer = enter($cut);
    $session->query('ROLLBACK', error => 1);
    like $answer, qr/^ERROR:  token refused$/m, "cut to $length";
    unlike $answer, qr/^uuid/m, "cut to $length: no context";
}
refused(join('.', @part[0 .. 2], substr $part[3], 0, 40), 'the signature is wrong', 'a shorter signature');
refused("$token.", 'the token does not have four parts', 'a fifth part');
refused($token =~ s/(.)\z/chr(1 + ord $1)/er, 'the signature is no base64url', 'bits left over');
refused("${token}A", 'the signature is wrong', 'a longer signature');
refused("$token=", 'the signature is no base64url', 'padding');
refused("$token ", 'the signature is no base64url', 'white space');
refused('custody2' . substr($token, 8), 'the token is neither custody\'s nor a signed JWT', 'another version');
refused(join('.', @part[0, 1], base64url(form(with(user => 'eve'))), $part[3]), 'the signature is wrong', 'another payload');
refused(join('.', $part[0], 'app', @part[ 2, 3 ]), 'the signature is wrong', 'another kid');
my $last = substr $part[3], -1;
refused(join('.', @part[0 .. 2], substr($part[3], 0, -1) . ($last eq 'A' ? 'E' : 'A')), 'the signature is wrong', 'a changed signature')
    if $last =~ /[AEIMQUYcgkosw048]/;
refused('custody1.web.' . 'A' x 9000 . '.AA', 'the token is too long', 'too long');

# What is signed but says nothing that can be believed.
my @payload = (
    ['the payload lacks a field', form(with(user => undef))], ['the payload lacks a field', form(with(db => undef))],
    ['the payload lacks a field', form(with(exp => undef))], ['the payload lacks a field', form(with(iat => undef))],
    ['the payload has a field twice', form(@good, user => 'eve')],
    ['the payload has a field twice', form(@good, exp => $now + 6000)],
    ['the payload has an unknown field', form(@good, is_admin => 'true')],
    ['the payload has an empty field', form(with(role => ''))],
    ['the payload has an org without a type, or a type without an org', form(with(org_type => undef))],
    ['the payload has an org without a type, or a type without an org', form(with(org => undef))],
    ['the payload has an unknown type of org', form(with(org_type => 'citext'))],
    ['the org is no uuid', form(with(org => "$org' OR true"))],
    ['an org is not written canonically', form(with(org => uc $org))],
    ['the org is no bigint', form(with(org_type => 'bigint', org => '007'))],
    ['the org is no bigint', form(with(org_type => 'bigint', org => '9223372036854775808'))],
    ['the org is no plain text', form(with(org_type => 'text', org => "a\0b"))],
    ['the org is no plain text', form(with(org_type => 'text', org => "\xC0\xAF"))],
    ['the payload has a malformed time', form(with(exp => '1e12'))],
    ['the payload has a malformed time', form(with(exp => '-1'))],
    ['the payload has a malformed % sequence', form(@good) . '&nonce=%G1'],
    ['the payload has a character that must be encoded', form(@good) . '&nonce=a"b'],
    ['the payload ends in &', form(@good) . '&'],
    ['the JSON has a key twice', form(@good, claims => '{"a":1,"a":2}')],
    ['the JSON is malformed', form(@good, claims => '{"a":1} {}')],
    ['the JSON is nested too deeply', form(@good, claims => '{"a":' . '[' x 20 . ']' x 20 . '}')],
    ['the JSON is no object', form(@good, claims => '[1]')],
);
refused(own_token('web', $sign{web}, $_->[1]), @$_[0, 0]) for @payload;

# A challenge is answered once, here, whatever is rolled back.
sub challenge { $session->query('SELECT custody.challenge()') }
sub answering { own_token('once', $sign{once}, @good, @_ ? (nonce => $_[0]) : ()) }
refused(answering(), 'the key\'s tokens must answer a challenge', 'no nonce');
refused(answering('x' x 22), 'the token does not answer this session\'s challenge', 'a made-up nonce');
my $stolen = answering(challenge());
my $thief = $cluster->session('shop', 'app');
$thief->query('SELECT custody.challenge()');
like $thief->query("SELECT custody.enter('$stolen')", error => 1), qr/^ERROR:  token refused$/m, 'a stolen token: another session';
is enter($stolen), "\nuuid|{$org}|ann|editor|token", 'its own session takes it';
refused($stolen, 'the token does not answer this session\'s challenge', 'replayed');
my $undone = answering(challenge());
$session->query("BEGIN; SELECT custody.enter('$undone'); ROLLBACK");
refused($undone, 'the token does not answer this session\'s challenge', 'replayed after ROLLBACK');
my $saved = answering(challenge());
$session->query("BEGIN; SAVEPOINT s; SELECT custody.enter('$saved'); ROLLBACK TO s; COMMIT");
refused($saved, 'the token does not answer this session\'s challenge', 'replayed after a savepoint');
my $old = answering(challenge());
challenge();
refused($old, 'the token does not answer this session\'s challenge', 'an older challenge');
refused(own_token('once', $forger->{sign}, @good, nonce => my $kept = challenge()), 'the signature is wrong', 'forged');
is enter(answering($kept)), "\nuuid|{$org}|ann|editor|token", 'a forgery does not spend the challenge';
like $session->query('SELECT custody.enter(NULL)', error => 1), qr/^ERROR:  token refused$/m, 'NULL is no way in';

# The key file.
my @fault = (
    ['is malformed: line 1: the secret is shorter than 32 bytes', 'web HMAC-SHA256 ' . base64url('x' x 31) . "\n"],
    ['is malformed: line 1: the secret is empty', "web HMAC-SHA256\n"],
    ['is malformed: line 2: the secret is empty', $line . "two HMAC-SHA256 text:\n"],
    ['is malformed: line 1: the secret is no base64url', "web HMAC-SHA256 $secret!\n" =~ s/\n(?!\z)//gr],
    ['is malformed: line 2: the name stands in the file twice', $line x 2],
    ['is malformed: line 1: the algorithm is none of HMAC-SHA256 and HS256', $line =~ s/HMAC-SHA256/none/r],
    ['is malformed: the file holds no key', "# nothing\n"],
    ['has no HMAC-SHA256 key of this name', $line =~ s/HMAC-SHA256/HS256/r],
    ['must have mode 0600', $line, mode => 0640], ['must have mode 0600', $line, mode => 0604],
    ['is too large', $line . "#\n" x 20000],
);
push @fault, ['does not belong to the user that the server runs as', $line, owner => 0, mode => 0600] if !$>;
for (@fault) {
    my ($cause, @file) = @$_;
    write_keys(@file);
    my $wanted = $cause =~ /^does not belong/ ? 'file "custody_keys" ' : "file \"custody_keys\" $cause";
    refused($token, $wanted, "key file $cause") if $cause !~ /^does not belong/;
    like enter($token), qr/^ERROR:  token refused$/m, "key file $cause: nobody enters";
    $session->query('ROLLBACK', error => 1);
    is enter(own_token('app', $sign{app}, @good)), "\nuuid|{$org}|ann|editor|token", 'other keys go on';
}
write_keys($line);
is enter($token), "\nuuid|{$org}|ann|editor|token", 'the file is mended: at once';
rename $keys, "$keys.real" or die $!;
symlink "$keys.real", $keys or die $!;
refused($token, 'file "custody_keys" must not be a symbolic link', 'a symbolic link');
unlink $keys;
refused($token, 'file "custody_keys" cannot be opened: No such file or directory', 'no key file');
run_command('mkfifo', '-m', '600', $keys);
chown $user, -1, $keys;
refused($token, 'file "custody_keys" is no plain file', 'a pipe');
write_keys($line);
is enter($token), "\nuuid|{$org}|ann|editor|token", 'back again';

# A key that is dropped is gone in every session, at once, in a transaction with an old snapshot too.
my $reader = $cluster->session('shop', 'app');
$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$cluster->sql('shop', q{SELECT custody.drop_token_key('web')});
like $reader->query("SELECT custody.enter('$token')", error => 1), qr/^ERROR:  token refused$/m, 'dropped: also under an old snapshot';
$reader->query('ROLLBACK');
like $reader->query("SELECT custody.enter('$token')", error => 1), qr/^ERROR:  token refused$/m, 'dropped: and afterwards';
refused($token, 'there is no such key', 'a dropped key');
# One that is added and rolled back was never there, for the session that did it neither.
my $admin = $cluster->session('shop');
$admin->query("BEGIN; SELECT custody.add_hmac_key('web'); SELECT custody.enter('$token'); ROLLBACK");
like $admin->query("SELECT custody.enter('$token')", error => 1), qr/^ERROR:  token refused$/m, 'a key rolled back';
$admin->query("BEGIN; SAVEPOINT s; SELECT custody.add_hmac_key('web'); SELECT custody.enter('$token'); ROLLBACK TO s");
like $admin->query("SELECT custody.enter('$token')", error => 1), qr/^ERROR:  token refused$/m, 'a key rolled back to a savepoint';
$admin->query('ROLLBACK; SET session_replication_role = replica; SELECT custody.add_hmac_key(\'web\')');
is enter($token), "\nuuid|{$org}|ann|editor|token", 'a key added in replica mode is seen';
# Ten thousand keys are read by name, and by libcrypto only when one is used: it takes a second for all.
$cluster->sql('shop', q{INSERT INTO custody.token_key (kid, algorithm, public_key)
    SELECT 'many' || i, 'Ed25519', decode('302a300506032b6570032100' || md5(i::text) || md5('x' || i), 'hex')
      FROM generate_series(1, 10000) i; VACUUM ANALYZE custody.token_key});
my $first = min(map { $cluster->sql('shop', "BEGIN; SELECT clock_timestamp() AS began \\gset
    SELECT FROM custody.enter('$token'); SELECT extract(epoch FROM clock_timestamp() - :'began')", user => 'app') } 1 .. 5);
cmp_ok $first, '<', 0.35, "the first entry of a session where there are 10,000 keys: $first s";
$cluster->sql('shop', q{UPDATE custody.token_key SET public_key = '\x00' WHERE kid = 'many1'});
refused(own_token('many1', $sign{app}, @good), 'the text is no public key', 'a key that is none');
is enter($token), "\nuuid|{$org}|ann|editor|token", 'does not harm the others';
$cluster->sql('shop', 'TRUNCATE custody.token_key');
refused($token, 'there is no such key', 'after TRUNCATE');
# An application can neither read nor add keys.
for my $statement ('TABLE custody.token_key', 'TABLE custody.jwt_key', "SELECT custody.add_hmac_key('web')",
    "SELECT custody.check_file_key('web', 'HMAC-SHA256')", "SELECT pg_read_file('custody_keys')") {
    like +($cluster->psql('shop', $statement, user => 'app'))[2], qr/permission denied/, "not for an application: $statement";
}
done_testing;
