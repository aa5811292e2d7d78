# custody audit verify-bundle: what a bundle and a digest are worth, told by the exit code; signatures of
# an anchor file count, whoever wrote it. The verdict of each vector is test/unit/bundle_test.cpp's.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Digest::SHA qw(sha256_hex);

my $vectors = source_directory() . '/test/vectors/ledger';
my $directory = temporary_directory();
open my $index, '<', "$vectors/bundles.tsv" or die "cannot read the index: $!";
my %case = map { chomp; my @field = split /\t/; ($field[0] => { verdict => $field[2], reason => $field[3],
    digest => $field[5], path => "$vectors/bundles/$field[0]" }) } <$index>;
close $index;
my $digest = $case{'an-organization-uuid.jsonl'}{digest};

sub verify {
    my ($file, @option) = @_;
    my $run = custody('audit', 'verify-bundle', $file, '--json', @option);
    $run->{result} = eval { json($run->{stdout}) };
    return $run;
}

# Every kind, by the digest in a file.
my $place = write_file("$digest\n", 'digest.json');
for my $name (map { "$_.jsonl" } qw(an-organization-uuid blocks-1-to-6 an-event-of-six)) {
    my $run = verify($case{$name}{path}, "--digest=$place");
    is $run->{exit}, 0, "$name is proven" or diag $run->{stdout}, $run->{stderr};
    is $run->{result}{verdict}, 'proven', 'by its verdict';
    is $run->{result}{digest_block}, 6, 'by the digest of block 6';
    is $run->{stderr}, '', 'and nothing else is said';
}
my $good = $case{'an-organization-uuid.jsonl'}{path};
my $text = custody('audit', 'verify-bundle', $good, "--digest=$place");
like $text->{stdout}, qr/^proven: all events of organization aaaaaaaa-0000-4000-8000-000000000001 in blocks 1 to 6\n  ledger [-0-9a-f]{36}$/m,
    'it says of what';
is custody('audit', 'verify-bundle', '-', "--digest=$place", { stdin => $good })->{exit}, 0, 'from standard input';
my $pretty = write_file($digest =~ s/,/,\n  /gr, 'pretty.json');
is verify($good, "--digest=$pretty")->{exit}, 0, 'a digest over several lines';

# Who did it is left out, which the hashes allow: the verdict stands, and both verifiers count it.
open my $bundle, '<', $good or die $!;
my $left_out = join '', map { s/(?<="parts":\[)\{"salt":"([0-9a-f]{32})","bytes":"([0-9a-f]*)"\}/
    '{"hash":"' . sha256_hex("\x05\x00", pack('H*', $1), pack('H*', $2)) . '"}'/er } <$bundle>;
my $left_out_times = () = $left_out =~ /"parts":\[\{"hash"/g;
my $silent = write_file($left_out, 'silent');
is_deeply [ @{ verify($good, "--digest=$place")->{result} }{qw(verdict erased_parts)} ], [ 'proven', 0 ], 'claims that are left out do not count';
is_deeply [ @{ verify($silent, "--digest=$place")->{result} }{qw(verdict erased_parts)} ], [ 'proven', $left_out_times ], 'who did it does';
like custody('audit', 'verify-bundle', $silent, "--digest=$place")->{stdout}, qr/erased: keys \d+, images \d+, parts of contexts $left_out_times;/, '... as one reads';
like run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $silent, '--digest', $place)->{stdout},
    qr/^proven: .*'erased_parts': $left_out_times\b/, '... and the other verifier says';

# One that ends before the newest digest is proven, and said to be no more.
my $later = verify($case{'blocks-1-to-1.jsonl'}{path}, '--digest=' . write_file("$case{'blocks-1-to-1.jsonl'}{digest}\n$digest\n", 'later'));
is $later->{exit}, 0, 'an older part of the ledger is proven';
like $later->{stderr}, qr/goes on to block 6 at least, and the bundle ends with block 1/, 'and that more came after it is said';

# Without a digest, and against another.
my $run = verify($good);
is $run->{exit}, 5, 'without a digest nothing is proven';
is $run->{result}{verdict}, 'unproven', 'only unproven';
like $run->{stderr}, qr/only agrees with itself/, 'and a warning says why';
my ($hash) = $digest =~ /"hash":"(.{64})"/;
my $fork = write_file($digest =~ s/$hash/'0' x 64/er, 'fork.json');
$run = verify($good, "--digest=$fork");
is_deeply [ $run->{exit}, @{ $run->{result} }{qw(verdict reason line)} ], [ 5, 'refuted', 'digest', undef ], 'a fork';
$run = verify($case{"a-link's-k.jsonl"}{path}, "--digest=$place");
is_deeply [ $run->{exit}, @{ $run->{result} }{qw(verdict reason)} ], [ 5, 'refuted', 'link' ], 'one that was changed';
ok $run->{result}{line} > 1, 'names its line';

# An anchor file: only what the key has signed.
sub key {
    my ($name) = @_;
    system("umask 077; openssl genpkey -algorithm ed25519 -out $directory/$name.pem 2>/dev/null && "
        . "openssl pkey -in $directory/$name.pem -pubout -out $directory/$name.pub") == 0 or die 'no key';
    return "--public-key=$directory/$name.pub";
}

sub signed {
    my ($name, $what) = @_;
    my $file = write_file($what, 'to-sign');
    system("openssl pkeyutl -sign -rawin -inkey $directory/$name.pem -in $file -out $directory/signature") == 0 or die 'not signed';
    open my $signature, '<:raw', "$directory/signature" or die $!;
    return JSON::PP->new->canonical->encode({ signed => $what, signature => unpack 'H*', do { local $/; <$signature> } });
}
my ($ours, $forged) = (key('ours'), key('forger'));
my $line = signed('ours', $digest);
my $anchors = write_file("$line\n", 'anchors');
is verify($good, "--anchor-file=$anchors", $ours)->{exit}, 0, 'by an anchor file';
my $first = write_file($case{'blocks-1-to-1.jsonl'}{digest}, 'first');
is verify($good, "--digest=$first")->{exit}, 5, 'not by a digest of an earlier block';
is verify($good, "--digest=$first", "--anchor-file=$anchors", $ours)->{exit}, 0, 'a digest beside an anchor file: both count';
for my $wrong ([ 'another key', $line, $forged ], [ 'a line signed by another', signed('forger', $digest), $ours ],
    [ 'a digest that was changed', $line =~ s/clinic/clinix/r, $ours ],
    [ 'no digest', signed('ours', '{"format": "other"}'), $ours ]) {
    my ($name, $text, $key) = @$wrong;
    my $run = verify($good, '--anchor-file=' . write_file("$text\n", 'wrong'), $key);
    is $run->{exit}, 5, "$name proves nothing";
    like $run->{stderr}, qr/line 1 of the anchor file.*\[anchor-untrusted\]/, 'and the line is named';
}
$run = verify($good, '--anchor-file=' . write_file(substr($line, 0, 200) . "\n$line\n" . substr($line, 0, 300), 'cut'), $ours);
is $run->{exit}, 0, 'lines that a crash cut off do no harm';
like $run->{stderr}, qr/line 1 of .*incomplete.*line 3 of .*incomplete/s, 'and are named';

# In a file nobody sees it at once: the reason, and where it is.
$run = verify($case{"a-link's-k.jsonl"}{path}, "--digest=$place", '-o', "$directory/result");
is $run->{exit}, 5, 'a result in a file';
like $run->{stderr}, qr/error: refuted: \w+, line \d+: .*; written to "\Q$directory\E\/result"/, 'is told';
is verify($good, "--digest=$place", '-o', "$directory/result")->{stderr}, '', 'but not that all is well';

# What cannot be read.
for my $wrong ([ 'no bundle', [ "$directory/none" ], 'file-unreadable' ], [ 'no digest', [ $good, "--digest=$directory/none" ], 'file-unreadable' ],
    [ 'a bundle as digest', [ $good, "--digest=$good" ], 'file-unreadable' ], [ 'no key', [ $good, "--anchor-file=$anchors" ], 'usage' ],
    [ 'a private key as public', [ $good, "--anchor-file=$anchors", "--public-key=$directory/none" ], 'key-file-unusable' ],
    [ 'no anchors', [ $good, "--anchor-file=$directory/none", $ours ], 'anchor-unreadable' ],
    [ 'a folder as bundle', [ $directory ], 'file-unreadable' ], [ 'a folder as digest', [ $good, "--digest=$directory" ], 'file-unreadable' ],
    [ 'a folder as key', [ $good, "--anchor-file=$anchors", "--public-key=$directory" ], 'key-file-unusable' ],
    [ 'a folder as anchors', [ $good, "--anchor-file=$directory", $ours ], 'anchor-unreadable' ],
    [ 'anchors without a digest', [ $good, '--anchor-file=' . write_file('', 'nothing'), $ours ], 'anchor-unreadable' ],
    [ 'a digest, but no anchors', [ $good, "--digest=$place", "--anchor-file=$directory/none", $ours ], 'anchor-unreadable' ]) {
    my ($name, $option, $code) = @$wrong;
    my $run = custody('audit', 'verify-bundle', @$option);
    is $run->{exit}, 1, "$name: wrong usage";
    like $run->{stderr}, qr/\[$code\]/, 'as it is called';
    is $run->{stdout}, '', 'and no verdict';
}

done_testing;
