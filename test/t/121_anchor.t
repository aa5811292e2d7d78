# custody audit anchor: signed digests outside of the database, each following from the last; a fork, a gap
# and an older state of the database are told by exit code 5 and appended never; a line that a crash cut
# off counts for nothing; neither key nor URL is seen by anybody.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Fcntl qw(:flock);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();

my $directory = temporary_directory();
my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', q{
    SELECT custody.init_ledger();
    CREATE TABLE patient (id int PRIMARY KEY, name text);
    SELECT custody.audit('patient');
    CREATE ROLE keeper LOGIN; SELECT custody.grant_duty('keeper', 'operator')});
system("umask 077; openssl genpkey -algorithm ed25519 -out $directory/key.pem 2>/dev/null") == 0 or die 'no key';
system("openssl pkey -in $directory/key.pem -pubout -out $directory/key.pub") == 0 or die 'no key';

my $rows = 0;
sub write_row { my ($database) = @_; $rows++; $cluster->sql($database, "INSERT INTO patient VALUES ($rows, 'p$rows')") }
sub anchor {
    my ($database, $file, @option) = @_;
    my %option = @option && ref $option[-1] ? %{ pop @option } : ();
    my $run = custody('audit', 'anchor', '--json', '--target', $cluster->conninfo($database, 'keeper'),
        "--key-file=$directory/key.pem", "--anchor-file=$directory/$file", @option, \%option);
    $run->{result} = eval { json($run->{stdout}) };
    return $run;
}
sub content { open my $file, '<:raw', "$directory/$_[0]" or return ''; local $/; return scalar <$file> }
sub lines { return split /\n/, content($_[0]) }
sub put { my ($file, $text) = @_; open my $out, '>:raw', "$directory/$file" or die $!; print $out $text; close $out }
sub memory_of { # of one that ends well, in kB
    my $process = start_custody('audit', 'anchor', '--target', $cluster->conninfo('clinic', 'keeper'), "--key-file=$directory/key.pem",
        "--anchor-file=$directory/anchors", @_);
    my $most = 0;
    wait_for('its end', sub {
        open my $file, '<', '/proc/' . $process->pid . '/status' or return 1;
        my ($kilobytes) = map { /^VmHWM:\s+(\d+)/ ? $1 : () } <$file>;
        $most = $kilobytes if ($kilobytes // 0) > $most;
        return !defined $kilobytes;
    });
    $process->wait(60);
    return { exit => $process->exit_code, memory => $most };
}
sub is_result { my ($run, $exit, $result, $name) = @_;
    is_deeply [ $run->{exit}, $run->{result}{result} ], [ $exit, $result ], $name or diag $run->{stdout}, $run->{stderr} }

# One that hangs, with its streams closed, and does not want to end: what becomes of it is told below.
write_row('clinic');
my $began = time;
my $hangs = start_custody('audit', 'anchor', '--target', $cluster->conninfo('clinic', 'keeper'), "--key-file=$directory/key.pem",
    "--anchor-file=$directory/hangs", q{--anchor-command=exec >&- 2>&-; trap '' TERM; n=0; while [ $n -lt 90 ]; do sleep 1; n=$((n+1)); done});

# One after the other, with the operator's duty only.
write_row('clinic');
is_result anchor('clinic', 'anchors'), 0, 'anchored', 'the first';
my $first = content('anchors');
is_result anchor('clinic', 'anchors'), 0, 'unchanged', 'nothing was written since';
is content('anchors'), $first, 'no line is appended then';
for (1 .. 3) {
    write_row('clinic');
    is_result anchor('clinic', 'anchors'), 0, 'anchored', 'the next';
}
is scalar(lines('anchors')), 4, 'a line for each';
like content('anchors'), qr/\A\Q$first/, 'behind the others';
for (1 .. 3) { write_row('clinic'); $cluster->sql('clinic', 'SELECT custody.seal()') }
$cluster->sql('clinic', 'ALTER DATABASE clinic SET default_transaction_read_only = on');
is_result anchor('clinic', 'anchors'), 0, 'anchored', 'over several blocks, where sessions read only unless they say otherwise';
$cluster->sql('clinic', 'SET default_transaction_read_only = off; ALTER DATABASE clinic RESET default_transaction_read_only');
my $digest = json((lines('anchors'))[-1]);
is $digest->{signed}, $cluster->sql('clinic', 'SELECT custody.ledger_digest()'), 'what is signed is the digest, byte by byte';
put('text', $digest->{signed});
put('signature', pack 'H*', $digest->{signature});
like run_command('openssl', qw(pkeyutl -verify -rawin -pubin -inkey), "$directory/key.pub", '-in', "$directory/text", '-sigfile',
    "$directory/signature")->{stdout}, qr/Verified Successfully/, 'another program verifies it';

# Cut off anywhere, the last line is recognised, and the next run goes on.
my @whole = lines('anchors');
my $last = pop @whole;
my $head = join '', map { "$_\n" } @whole;
for my $size (1, 2, int(length($last) / 2), length($last) - 1) {
    put('cut', $head . substr $last, 0, $size);
    my $run = anchor('clinic', 'cut');
    is_result $run, 0, 'anchored', "after a crash at byte $size";
    like $run->{stderr}, qr/incomplete/, 'which is said';
    is content('cut'), $head . substr($last, 0, $size) . "\n" . (lines('cut'))[-1] . "\n", 'what was there stays';
    is custody('audit', 'anchor', '--quiet', '--target', $cluster->conninfo('clinic', 'keeper'), "--key-file=$directory/key.pem",
        "--anchor-file=$directory/cut")->{stdout} =~ /^unchanged/, 1, 'and the next one follows';
}
for my $changed ($last =~ s/ledger/le\xffger/r, $last =~ s/^\{"signed":"/{"signed":/r) {
    put('cut', "$head$changed\n");
    is anchor('clinic', 'cut')->{exit}, 5, 'a line that has its end was not cut off, but changed';
}
put('cut', $head . substr $last, 0, index($last, '"}"') + 2);
is_result anchor('clinic', 'cut'), 0, 'anchored', 'a crash behind what only looks like the end';
put('cut', $head . $last);
is_result anchor('clinic', 'cut'), 0, 'unchanged', 'a whole line without its newline counts';
put('cut', "$head$last\n" . "\0" x 300);
is_result anchor('clinic', 'cut'), 0, 'unchanged', 'zeros where a crash left no more are no line';
put('cut', '');
like anchor('clinic', 'cut')->{stderr}, qr/has no digest yet: what the ledger was before this run is not compared/,
    'a file that was emptied is told from one that goes on';
unlike anchor('clinic', 'cut')->{stderr}, qr/no digest yet/, 'which has a digest';

# Whoever else writes the file is not believed.
put('forged', $head . ($last =~ s/"signature":"./"signature":"x/r) . "\n");
my $run = anchor('clinic', 'forged');
is $run->{exit}, 5, 'a line with another signature';
like $run->{stderr}, qr/anchor-untrusted/, 'is not believed';
system("umask 077; openssl genpkey -algorithm ed25519 -out $directory/new.pem 2>/dev/null") == 0 or die 'no key';
put('rotated', $head . "$last\n");
is anchor('clinic', 'rotated', "--key-file=$directory/new.pem")->{exit}, 5, 'nor one of another key';
write_row('clinic');
is_result anchor('clinic', 'rotated', "--key-file=$directory/new.pem", "--public-key=$directory/key.pub"), 0, 'anchored',
    'but of the one that was used before';
is_result anchor('clinic', 'rotated', "--key-file=$directory/new.pem"), 0, 'unchanged', 'from then on the new one is enough';

system("openssl pkey -in $directory/new.pem -pubout -out $directory/new.pub") == 0 or die 'no key';
put('both.pub', content('key.pub') . content('new.pub'));
put('evidence', $cluster->sql('clinic', 'SELECT * FROM custody.export_ledger(1, (SELECT max(number) FROM custody_ledger.block))') . "\n");
for my $pair ([ 'key', 5 ], [ 'new', 5 ], [ 'both', 0 ]) {
    is custody('audit', 'verify-bundle', "$directory/evidence", "--anchor-file=$directory/rotated", "--public-key=$directory/$pair->[0].pub")->{exit},
        $pair->[1], "a file of two keys, read with: $pair->[0]";
}

my @cut = lines('rotated');
put('cut', join "\n", @cut[ 0 .. $#cut - 1 ], "{", '{"signed":"{\"lsn\": \"1\"}', "\0\0\0", '', $cut[-1], '{"sig');
is custody('audit', 'verify-bundle', "$directory/evidence", "--anchor-file=$directory/cut", "--public-key=$directory/both.pub")->{exit}, 0,
    'what crashes cut off counts for nothing, to one verifier';
my @python = ('python3', source_directory() . '/examples/audit/verify_bundle.py', "$directory/evidence", '--digest');
is run_command(@python, "$directory/cut")->{exit}, 0, '... and to the other';
put('cut', join "\n", @cut, '{"signed":1"}', '');
is run_command(@python, "$directory/cut")->{exit}, 1, '... but nothing else is passed over';

# A public key as bytes that end as a line does.
put('raw.pem', "-----BEGIN PRIVATE KEY-----\n" . encode_base64(pack('H*', '302e020100300506032b657004220420' . sprintf '%064x', 188)) . "-----END PRIVATE KEY-----\n");
chmod 0600, "$directory/raw.pem";
system("openssl pkey -in $directory/raw.pem -pubout -outform DER -out $directory/raw.pub") == 0 or die 'no key';
like content('raw.pub'), qr/\n\z/, 'a key for that';
is anchor('clinic', 'raw', "--key-file=$directory/raw.pem", "--public-key=$directory/raw.pub")->{exit}, 0, 'a public key as bytes, the last of them a newline';

# The ledger is another one.
$cluster->sql('postgres', "CREATE DATABASE old TEMPLATE clinic; CREATE DATABASE forked TEMPLATE clinic");
for (1 .. 4) { write_row('clinic'); is_result anchor('clinic', 'anchors'), 0, 'anchored', 'the original goes on' }
my $before = content('anchors');
is_result anchor('old', 'anchors'), 5, 'old digest', 'an older copy';
for (1 .. 8) { write_row('forked'); $cluster->sql('forked', 'SELECT custody.seal()') }
$run = anchor('forked', 'anchors');
is_result $run, 5, 'fork', 'a copy that went its own way';
like $run->{stderr}, qr/not the one of the last digest \(fork\)/, 'is told';
$cluster->create_database('another', extension => 1);
$cluster->sql('another', q{SELECT custody.init_ledger(); CREATE TABLE patient (id int PRIMARY KEY, name text);
    SELECT custody.audit('patient'); INSERT INTO patient VALUES (1, 'a'); SELECT custody.grant_duty('keeper', 'operator')});
is_result anchor('another', 'anchors'), 5, 'fork', 'another ledger';
my $number = $run->{result}{last_block};
write_row('clinic');
$cluster->sql('clinic', 'SELECT custody.seal()');
for my $tampering (
    [ 'fork', 'the anchored block changed', "UPDATE custody_ledger.block SET slots = private WHERE number = $number" ],
    [ 'fork', 'a hash made to fit', "UPDATE custody_ledger.block SET hash = private WHERE number = $number" ],
    [ 'gap', 'the anchored block gone', "DELETE FROM custody_ledger.block WHERE number = $number" ]) {
    my ($result, $name, $sql) = @$tampering;
    $cluster->sql('postgres', 'CREATE DATABASE tampered TEMPLATE clinic');
    $cluster->sql('tampered', 'SELECT custody.maintain_ledger(:\'sql\')', variables => { sql => $sql });
    is_result anchor('tampered', 'anchors'), 5, $result, $name;
    $cluster->drop_database('tampered');
}
is content('anchors'), $before, 'nothing of them is in the file';
is_result anchor('clinic', 'anchors'), 0, 'anchored', 'the true one still follows';

# A command, which sees the line and not the key; a URL, of which nobody sees more than the host.
write_row('clinic');
$run = anchor('clinic', 'anchors', "--anchor-command=cat > $directory/got; cat /proc/\$PPID/cmdline > $directory/cmdline");
is_result $run, 0, 'anchored', 'with a command';
is content('got'), (lines('anchors'))[-1] . "\n", 'which gets the line';
unlike content('cmdline'), qr/PRIVATE/, 'and no key';
$run = anchor('clinic', 'anchors', '--anchor-command=echo no room >&2; exit 3');
is $run->{exit}, 4, 'one that fails';
like $run->{stderr}, qr/exit status 3: no room.*|anchor-not-delivered/, 'is told';
$run = memory_of('--anchor-command=cat >/dev/null; head -c 300000000 /dev/zero; head -c 300000000 /dev/zero >&2');
is $run->{exit}, 0, 'one that writes much';
cmp_ok $run->{memory}, '<', 200_000, '... costs no memory (kB)';
for my $command (q{trap '' TERM; sleep 30 & wait; wait}, q{exec >&- 2>&-; sleep 30}) {
    my $started = time;
    my $process = start_custody('audit', 'anchor', '--target', $cluster->conninfo('clinic', 'keeper'), "--key-file=$directory/key.pem",
        "--anchor-file=$directory/anchors", "--anchor-command=echo >$directory/started; $command");
    wait_for('the command', sub { -e "$directory/started" });
    kill 'INT', $process->pid;
    $process->wait(60);
    is $process->exit_code, 130, 'one that does not want to end is ended by ^C';
    cmp_ok time - $started, '<', 25, '... soon';
    unlink "$directory/started";
}
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "no socket: $@";
my $port = $server->sockport;
sub serve {
    my ($status, @call) = @_;
    my $child = fork // die "cannot fork: $!";
    if (!$child) {
        alarm 60;
        my $client = $server->accept;
        my ($request, $length) = ('', 0);
        while (my $header = <$client>) { $request .= $header; $length = $1 if $header =~ /^content-length: (\d+)/i; last if $header eq "\r\n" }
        my $body = '';
        read $client, $body, $length;
        put('request', $request . $body);
        print $client "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close $client;
        POSIX::_exit(0);
    }
    my $run = anchor(@call);
    waitpid $child, 0;
    return $run;
}
my $url = "http://user:hidden1\@127.0.0.1:$port/hidden2?token=hidden3";
for my $way ([ [ "--anchor-url=$url" ], {} ], [ [], { env => { CUSTODY_ANCHOR_URL => $url } } ]) {
    write_row('clinic');
    my ($option, $more) = @$way;
    $run = serve('200 OK', 'clinic', 'anchors', '-v', @$option, "--anchor-command=cat /proc/\$PPID/cmdline > $directory/cmdline", $more);
    is_result $run, 0, 'anchored', 'with a URL';
    my ($line) = (lines('anchors'))[-1];
    like content('request'), qr{\APOST /hidden2\?token=hidden3 .*\r\n\r\n\Q$line\E\z}s, 'which gets the line';
    unlike $run->{stdout} . $run->{stderr}, qr/hidden/, 'and is told to nobody';
    like content('cmdline'), qr/anchor-file=/, 'not even to who lists';
    unlike content('cmdline'), qr/hidden/, 'the processes';
}
write_row('clinic');
$run = serve('200 OK', 'clinic', 'anchors', "--anchor-url=$url", '--anchor-command=exit 3');
is $run->{exit}, 4, 'a command that fails, beside a URL';
like content('request'), qr{\Q@{[ (lines('anchors'))[-1] ]}\E\z}, '... which gets its line all the same';
for my $written ("HTTP://127.0.0.1:$port/hidden2", "127.0.0.1:$port/hidden2") {
    for my $option ([ "--anchor-url=$written" ], [ '--anchor-url', $written ]) {
        $run = serve('200 OK', 'clinic', 'anchors', @$option, "--anchor-command=cat /proc/\$PPID/cmdline > $directory/cmdline");
        is_result $run, 0, 'unchanged', "$written:";
        unlike content('cmdline'), qr/hidden/, '... not in the list of processes';
    }
}
$run = serve('500 Oh', 'clinic', 'anchors', "--anchor-url=$url");
is $run->{exit}, 4, 'one that refuses it';
like $run->{stderr}, qr/given to http:\/\/127\.0\.0\.1:$port.*HTTP status 500/s, 'is told by its host';
close $server;
$run = anchor('clinic', 'anchors', "--anchor-url=$url");
is $run->{exit}, 4, 'one that is not there';
unlike $run->{stdout} . $run->{stderr}, qr/hidden/, 'as well';
is anchor('clinic', 'anchors', "--anchor-url=file://$directory/got")->{exit}, 4, 'and no file is a URL';

# What it reads is not written over, and is a file with an end.
my @kept = map { content($_) } qw(anchors key.pem key.pub);
symlink "$directory/anchors", "$directory/link" or die $!;
for my $output (qw(anchors link key.pem key.pub), "../" . (split m{/}, $directory)[-1] . '/anchors') {
    $run = anchor('clinic', 'anchors', "--public-key=$directory/key.pub", "--output=$directory/$output");
    is $run->{exit}, 1, "--output=$output is refused";
    like $run->{stderr}, qr/would replace/, '... by what it would replace';
}
is anchor('clinic', 'never', "--output=$directory/never")->{exit}, 1, '... also where neither is there yet';
for my $command ([ 'verify-bundle', "$directory/text" ], [ 'report', '--target', $cluster->conninfo('clinic') ]) {
    for my $output ('anchors', $command->[0] eq 'report' ? () : 'text') {
        my $read = content($output);
        is custody('audit', @$command, "--anchor-file=$directory/anchors", "--public-key=$directory/key.pub", "--output=$directory/$output")->{exit},
            1, "$command->[0] --output=$output, too";
        is content($output), $read, '... and leaves it';
    }
}
is_deeply [ map { content($_) } qw(anchors key.pem key.pub) ], \@kept, 'all are as they were';
POSIX::mkfifo("$directory/pipe", 0600) or die $!;
for my $file ("$directory/pipe", '/dev/zero', '/dev/null', $directory) {
    $run = custody('audit', 'anchor', '--target', $cluster->conninfo('clinic', 'keeper'), "--key-file=$directory/key.pem", "--anchor-file=$file",
        { timeout => 20 });
    is $run->{exit}, 1, "$file is no anchor file";
    like $run->{stderr}, qr/is no regular file/, '... as it says';
}

# Nor is anything beside it: what is written first, what is locked, the configuration, what is no file.
rename "$directory/anchors", "$directory/kept.new" or die $!;
$run = anchor('clinic', 'kept.new', "--output=$directory/kept");
is $run->{exit}, 1, '--output whose first name is the anchor file is refused';
is content('kept.new'), $kept[0], '... and leaves it';
put("anchors", $kept[0]);
put('custody.toml', "anchor-file = \"$directory/anchors\"\n");
for my $output (qw(anchors.lock custody.toml)) {
    is anchor('clinic', 'anchors', "--config=$directory/custody.toml", "--output=$directory/$output")->{exit}, 1, "$output, too";
}
like content('custody.toml'), qr/anchor-file/, '... and leaves it';
for my $result ('result', 'link.to') {
    symlink "$directory/result", "$directory/link.to" if $result ne 'result';
    is anchor('clinic', 'anchors', "--output=$directory/$result")->{exit}, 0, "a result in $result";
    like content('result'), qr/"unchanged"/, '... is there';
    unlink "$directory/result" if $result eq 'result';
}
ok -l "$directory/link.to", '... and the link still is one';
POSIX::mkfifo("$directory/taken", 0600) or die $!;
my $reader = fork // die $!;
if (!$reader) { open my $pipe, '<', "$directory/taken" or POSIX::_exit(1); local $/; put('took', scalar <$pipe>); POSIX::_exit(0) }
is anchor('clinic', 'anchors', "--output=$directory/taken")->{exit}, 0, 'a result for a pipe';
ok -p "$directory/taken", '... which stays one';
kill 'KILL', $reader if !-p "$directory/taken";
waitpid $reader, 0;
like content('took'), qr/"unchanged"/, '... goes through it';
ok !-e "$directory/pipe.lock", 'what is no anchor file gets no lock';

# Streams that are closed are nobody else's.
is anchor('clinic', 'anchors', "--anchor-command=readlink /proc/\$PPID/exe >$directory/program")->{exit}, 0, 'the program';
chomp(my $program = content('program'));
my $before_closed = content('anchors');
for my $closed ('>&-', '2>&-', '>&- 2>&-', '<&- >&- 2>&-') {
    put('closed', "#!/bin/sh\nexec $program \"\$@\" $closed\n");
    chmod 0755, "$directory/closed";
    write_row('clinic');
    local $ENV{CUSTODY_TEST_PROGRAM} = "$directory/closed";
    $run = anchor('clinic', 'anchors', "--anchor-command=cat >$directory/got");
    is $run->{exit}, $closed =~ /(^| )>&-/ ? 1 : 0, "$closed: the exit code tells whether somebody took the result" or diag $run->{stderr};
    is content('anchors.lock'), '', '... which is written nowhere else';
    is scalar(lines('anchors')), 1 + split(/\n/, $before_closed), '... the line is in the file';
    $before_closed = content('anchors');
    is content('got'), (lines('anchors'))[-1] . "\n", '... and delivered';
}

put('closed', "#!/bin/bash\nulimit -f 1\nexec $program \"\$@\"\n");
for my $round (1 .. 2) {
    write_row('clinic');
    local $ENV{CUSTODY_TEST_PROGRAM} = "$directory/closed";
    is anchor('clinic', 'anchors')->{exit}, 4, 'a file that must not grow: an error like another';
}
is_result anchor('clinic', 'anchors'), 0, 'anchored', '... and the next run goes on';
for my $endless ([ 'anchor', '--target', $cluster->conninfo('clinic'), "--anchor-file=$directory/anchors", '--key-file=/dev/zero' ],
    [ 'verify-bundle', "$directory/text", "--anchor-file=$directory/anchors", '--public-key=/dev/zero' ]) {
    $run = custody('audit', @$endless, { timeout => 20 });
    is $run->{exit}, 1, "a key without an end, $endless->[0]";
    like $run->{stderr}, qr/key-file-unusable.*File too large/s, '... is none';
}
# What a run could not make durable, the next one does.
put('shim.c', q{#include <errno.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <unistd.h>
    int fsync(int number) {
        char link[64], path[4096] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", number);
        if (readlink(link, path, sizeof path - 1) < 0) return -1;
        FILE *log = fopen(getenv("FSYNC_LOG"), "a");
        fprintf(log, "%s\n", path);
        fclose(log);
        errno = EIO;
        return getenv("FSYNC_FAILS") ? -1 : 0;
    }
});
system("cc -shared -fPIC -o $directory/shim.so $directory/shim.c") == 0 or die 'no compiler';
my %shim = (LD_PRELOAD => "$directory/shim.so", FSYNC_LOG => "$directory/fsync.log");
write_row('clinic');
is anchor('clinic', 'anchors', { env => { %shim, FSYNC_FAILS => 1 } })->{exit}, 4, 'a line that is not on the disk';
put('fsync.log', '');
is_result anchor('clinic', 'anchors', { env => \%shim }), 0, 'unchanged', '... with the next run';
like content('fsync.log'), qr{/anchors$}m, '... is';
for my $unreadable ('<&-', "<$directory") {
    put('closed', "#!/bin/sh\nexec $program \"\$@\" $unreadable\n");
    local $ENV{CUSTODY_TEST_PROGRAM} = "$directory/closed";
    $run = custody('audit', 'verify-bundle', '-');
    is $run->{exit}, 1, "$unreadable: no verdict on a bundle that cannot be read" or diag $run->{stdout}, $run->{stderr};
    like $run->{stderr}, qr/file-unreadable/, '... as it says';
}

# One at a time, by whatever name, and no key that others can read.
open my $lock, '>>', "$directory/anchors.lock" or die $!;
flock $lock, LOCK_EX or die $!;
$run = anchor('clinic', 'anchors');
is $run->{exit}, 4, 'another one works on the file';
like $run->{stderr}, qr/anchor-busy/, 'is told';
is anchor('clinic', 'link')->{exit}, 4, 'also where it names the file by a link';
close $lock;
symlink "$directory/to come", "$directory/early" or die $!;
is anchor('clinic', 'early')->{exit}, 0, 'a link to a file that is not there yet';
ok -e "$directory/to come.lock", '... is locked beside that';
chmod 0644, "$directory/key.pem";
$run = anchor('clinic', 'anchors');
is $run->{exit}, 1, 'a key that others can read is not used';
chmod 0600, "$directory/key.pem";
$cluster->create_database('empty', extension => 1);
$cluster->sql('empty', q{SELECT custody.grant_duty('keeper', 'operator')});
isnt anchor('empty', 'none')->{exit}, 0, 'a database without a ledger';
is content('none'), '', 'leaves no line';

$hangs->wait(120);
is $hangs->exit_code, 4, 'a command that hangs is ended';
like $hangs->stderr, qr/did not end within 60 seconds/, '... as is said';
cmp_ok time - $began, '<', 85, '... in time';
like content('hangs'), qr/signed/, '... and the digest is in the file';

done_testing;
