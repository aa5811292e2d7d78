# Tokens go as bind parameters: with the documented settings neither the server's log nor pg_stat_activity has
# one, also where it is refused and where all statements are logged. Secrets are in no setting, no
# message and no core dump. And custody token mints what the database takes.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;
use Digest::SHA;

my $cluster = start_cluster('one', conf => {
    log_statement => 'all', log_min_duration_statement => 0, log_duration => 'on', log_min_messages => 'debug1',
    log_parameter_max_length => 0, log_parameter_max_length_on_error => 0, log_error_verbosity => 'verbose',
    log_connections => 'on',
});
$cluster->create_database('shop', extension => 1);
$cluster->sql('shop', 'CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA custody TO app; CREATE ROLE watcher LOGIN IN ROLE pg_monitor');
my $directory = temporary_directory();
my $owner = (stat $cluster->data_directory)[4];

# Keys made by the program, a mark in every token.
my $made = custody('token', '--new-key=ed25519', '--kid=app', '-o', "$directory/app.pem");
is $made->{exit}, 0, 'a key is made' or diag $made->{stderr};
is +(stat "$directory/app.pem")[2] & 07777, 0600, 'its private half is nobody else\'s';
$cluster->sql('shop', $made->{stdout});
is $cluster->sql('shop', 'SELECT kid, algorithm FROM custody.token_key'), 'app|Ed25519', 'the printed statement registers it';
isnt custody('token', '--new-key=ed25519', '--kid=app', '-o', "$directory/app.pem")->{exit}, 0, 'no key is overwritten';
$made = custody('token', '--new-key=hmac', '--kid=web');
my ($secret) = $made->{stdout} =~ /^web HMAC-SHA256 (\S{43})\n\z/;
ok $secret, 'a line for the key file';
my $keys = $cluster->data_directory . '/custody_keys';
for my $path ($keys, "$directory/custody_keys") {
    open my $file, '>', $path or die $!;
    print $file $made->{stdout};
    close $file;
    chmod 0600, $path;
    chown $owner, -1, $path if $path eq $keys;
}
$cluster->sql('shop', q{SELECT custody.add_hmac_key('web')});
my $db = $cluster->sql('shop', 'SELECT custody.database_id()');
my @base = ('--database-id', $db, '--user=ann', '--claims={"mark": "tellmark"}');
sub mint { my $run = custody('token', @base, @_); is $run->{exit}, 0, 'minted' or diag $run->{stderr}; return $run->{stdout} =~ s/\n//r }
my @signer = ([ "--key-file=$directory/app.pem", '--kid=app' ], [ "--key-file=$directory/custody_keys", '--kid=web' ]);
my @token = map { mint(@$_, '--org=aaaaaaaa-0000-4000-8000-000000000001', '--role=editor') } @signer;
push @token, map { mint(@$_, '--org=-5', '--org-type=bigint') } @signer;

# pgbench sends its variables as bind parameters.
my $script = "$directory/enter.sql";
sub bound { my ($token, $sql, $mode) = @_;
    open my $file, '>', $script or die $!;
    print $file $sql;
    close $file;
    return run_command(program('pgbench'), qw(-n -t 1 -M), $mode // 'prepared', '-D', "token=$token", '-f', $script,
        '-h', $cluster->socket_directory, '-U', 'app', 'shop') }
my $start = $cluster->log_position;
my $gate = $cluster->session('shop');
$gate->query('SELECT pg_advisory_lock(1)');
for my $token (@token) {
    for my $mode (qw(extended prepared)) {
        my $run = bound($token, "BEGIN;\nSELECT custody.enter(:token);\nSELECT 1 / (custody.current_user_id() = 'ann')::int;\nCOMMIT;\n", $mode);
        is $run->{exit}, 0, "entered, $mode" or diag $run->{stderr};
    }
}
my $bad = $token[0] =~ s/.{4}\z/AAAA/r;
my $run = bound($bad, "SELECT custody.enter(:token);\n");
like $run->{stderr}, qr/ERROR:.*token refused/, 'a bad one is refused';
unlike $run->{stderr}, qr/\Q$bad\E/, 'and not shown to the client';
$run = bound($token[0], "BEGIN;\nSELECT custody.enter(:token);\nSELECT 1/0 FROM (SELECT custody.enter(:token)) t;\n");
like $run->{stderr}, qr/division by zero/, 'an error after a good one';
$run = bound($token[0], "SELECT custody.enter(:token), custody.enter(:token) FROM nothing;\n");
like $run->{stderr}, qr/does not exist/, 'an error before one';

# While it runs.
my $script2 = "$directory/wait.sql";
open my $file, '>', $script2 or die $!;
print $file "SELECT custody.enter(:token), pg_advisory_lock(1);\n";
close $file;
my $running = Custody::Test::Process->start(command => [ program('pgbench'), qw(-n -t 1 -M prepared), '-D', "token=$token[0]",
    '-f', $script2, '-h', $cluster->socket_directory, '-U', 'app', 'shop' ], dir => $directory, env => {});
my $watcher = $cluster->session('shop', 'watcher');
wait_for('the statement', sub { $watcher->query(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%custody.enter($1)%' AND state = 'active' AND usename = 'app'}) eq '1' });
is $watcher->query("SELECT count(*) FROM pg_stat_activity a WHERE position('$_' in a::text) > 0 AND pid <> pg_backend_pid()"), 0,
    'pg_stat_activity does not show it' for substr($token[0], 20, 40);
is $watcher->query(q{SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%custody1%'}), 0, 'nor do prepared statements';
$gate->query('SELECT pg_advisory_unlock(1)');
$running->wait(60);
is $running->exit_code, 0, 'it went on';
my $log = $cluster->log_since($start);
like $log, qr/SELECT custody\.enter\(\$1\)/, 'the log has the statement';
like $log, qr/DETAIL:  the signature is wrong/, 'and the cause';
# The watcher's own statement above holds a piece of a token; whole tokens and payloads are nowhere.
my $pieces = join '|', map { quotemeta } map { (split /\./)[ 2, 3 ] } @token;
unlike $log, qr/$pieces/, 'no payload and no signature is in the log';
unlike $log, qr/tellmark/, 'nor a claim';
# The test can fail: without the settings the log has it.
$cluster->sql('postgres', 'ALTER SYSTEM SET log_parameter_max_length = -1');
$cluster->sql('postgres', 'SELECT pg_reload_conf()');
wait_for('the setting', sub { $cluster->sql('postgres', 'SHOW log_parameter_max_length') eq '-1' });
my $open = $cluster->log_position;
bound($token[0], "SELECT custody.enter(:token);\n");
like $cluster->log_since($open), qr/\Q$token[0]\E/, 'with log_parameter_max_length = -1 it would be';

# The secret: in no setting, no catalog that an application reads, no message; and not in the memory that a core
# dump shows.
my $session = $cluster->session('shop', 'app');
$session->query("BEGIN; SELECT custody.enter('$token[1]'); COMMIT");
unlike $session->query('TABLE pg_settings'), qr/\Q$secret/, 'no setting has the secret';
is $session->query("SELECT current_setting('custody.context', true)", error => 1) =~ /permission|must be/ ? 1 : 0, 1,
    'the context is not to be shown';
unlike $cluster->log_since(0), qr/$secret/, 'no log has the secret';
# What is kept of it is the state of SHA-256 behind the key's first block.
my $bytes = MIME::Base64::decode_base64url($secret);
my ($words) = Digest::SHA->new(256)->add(($bytes . "\0" x 32) ^ ("\x36" x 64))->getstate =~ /^H:(.*)$/m;
my $state = pack 'L*', map { hex } split /:/, $words;
my ($dumped, $hidden) = memory($session->backend);
ok index($dumped, $token[1]) >= 0, 'the memory that a core dump has shows what the backend read lately';
ok index($hidden, $state) >= 0, 'the secret\'s state is in memory that none has';
is index($dumped, $_), -1, 'and nowhere else' for $state;
is index("$dumped$hidden", $_), -1, 'the secret itself is nowhere' for $secret, $bytes;

# What the program refuses.
my $refuse = sub { my ($expected, @argument) = @_; my $refused = custody('token', @argument);
    is $refused->{exit}, 1, "exit 1: $expected"; like $refused->{stderr}, qr/$expected/, $expected };
$refuse->('no user given', @{ $signer[0] }, '--database-id', $db);
$refuse->('token-malformed', @{ $signer[0] }, '--database-id', 'shop', '--user=ann');
$refuse->('token-malformed', @{ $signer[0] }, @base[ 0, 1, 2 ], '--claims={"a":1,"a":2}');
$refuse->('token-malformed', @{ $signer[0] }, @base, '--org=7');
$refuse->('key-file-unusable', "--key-file=$directory/custody_keys", '--kid=nobody', @base);
$refuse->('key-file-unusable', "--key-file=$directory/nothing", '--kid=app', @base);
chmod 0644, "$directory/app.pem";
$refuse->('others can read it', @{ $signer[0] }, @base);
done_testing;

# What /proc says of a process's memory: what a core dump has, and what is marked "do not dump" (dd).
sub memory {
    my ($pid) = @_;
    no warnings 'portable'; # addresses have 64 bits
    my (@range, $writable, @text);
    open my $maps, '<', "/proc/$pid/smaps" or die "cannot read the map of $pid: $!";
    while (<$maps>) {
        if (/^([0-9a-f]+)-([0-9a-f]+) (\S+)/) { @range = (hex $1, hex $2); $writable = $3 =~ /^rw.p/ }
        next unless /^VmFlags:(.*)/ && $writable;
        my $hidden = $1 =~ /\bdd\b/;
        open my $memory, '<:raw', "/proc/$pid/mem" or die "cannot read the memory of $pid: $!";
        seek $memory, $range[0], 0;
        read $memory, my $piece, $range[1] - $range[0];
        $text[$hidden] .= $piece // '';
    }
    return map { $_ // '' } @text[ 0, 1 ];
}
