# Bundles of a real ledger, anchored: both verifiers say the same of them, whatever is done to their lines;
# and what the program needs of memory does not grow with the number of events.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $directory = temporary_directory();
my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', $_) for 'SELECT custody.init_ledger()',
    'CREATE TABLE visit (id int PRIMARY KEY, org int8 NOT NULL, note text)', q{SELECT custody.audit('visit', org_column => 'org')},
    q{INSERT INTO visit SELECT g, g % 3, 'visit ' || g FROM generate_series(1, 40) g}, 'SELECT custody.seal()',
    'UPDATE visit SET org = 2 WHERE id = 3', 'UPDATE visit SET id = 50 WHERE id = 4', 'SELECT custody.seal()', 'TRUNCATE visit';
system("umask 077; openssl genpkey -algorithm ed25519 -out $directory/key.pem 2>/dev/null; "
    . "openssl pkey -in $directory/key.pem -pubout -out $directory/key.pub") == 0 or die 'no key';

sub anchor {
    my $run = custody('audit', 'anchor', '--target', $cluster->conninfo('clinic'), "--key-file=$directory/key.pem", "--anchor-file=$directory/anchors");
    is $run->{exit}, 0, 'anchored' or diag $run->{stderr};
}
sub export { return $cluster->sql('clinic', "SELECT custody.$_[0]") . "\n" }
my @anchored = ("--anchor-file=$directory/anchors", "--public-key=$directory/key.pub");

# The program's exit code and verdict, and those of the other verifier, which does not look at the form of images
# and so may find another reason.
my %said;
sub ours {
    my $run = custody('audit', 'verify-bundle', $_[0], '--json', @anchored);
    my $result = json($run->{stdout});
    $said{ours} = $run->{stdout};
    return "$run->{exit} $result->{verdict}";
}
sub theirs {
    my $run = run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $_[0], '--digest', "$directory/digest");
    $said{theirs} = $run->{stdout} . $run->{stderr};
    my ($verdict) = $run->{stdout} =~ /^(proven|unproven|refuted):/;
    return "$run->{exit} " . ($verdict // "nothing: $run->{stderr}");
}
anchor();
write_file($cluster->sql('clinic', 'SELECT custody.ledger_digest()') . "\n", 'digest');
my %bundle = (org => export('export_evidence(2::int8)'), later => export('export_evidence(2::int8, 2, 2)'), ledger => export('export_ledger()'),
    event => export(q{event_proof(xid, seq) FROM (SELECT xid, seq FROM custody_ledger.event WHERE op = 'E' LIMIT 1) e}));
my $python = theirs(write_file($bundle{org}, 'first'));
is $python, '0 proven', 'the other verifier works' or BAIL_OUT('no second verifier');
is ours(write_file($bundle{$_}, 'good')), '0 proven', "kind $_ is proven" for sort keys %bundle;

# Lines dropped, repeated, exchanged, and digits changed.
sub changed {
    my @line = split /\n/, $_[0];
    my ($i, $j) = map { random_below(scalar @line) } 1, 2;
    my $how = random_below(5);
    if ($how == 0) { splice @line, $i, 1 }
    elsif ($how == 1) { splice @line, $i, 0, $line[$j] }
    elsif ($how == 2) { @line[ $i, $j ] = @line[ $j, $i ] }
    else {
        my @digit;
        push @digit, $-[0] while $line[$i] =~ /(?<=[": ])[0-9a-f]|[0-9a-f](?=["},])/g;
        my $at = $digit[ random_below(scalar @digit) ];
        substr($line[$i], $at, 1) =~ tr/0-9a-f/1-90b-fa/;
    }
    return join('', map { "$_\n" } @line);
}
my ($same, %seen) = (0);
for my $try (1 .. 60) {
    my $kind = (sort keys %bundle)[ $try % keys %bundle ];
    my $path = write_file(my $text = changed($bundle{$kind}), "changed-$try");
    my ($one, $other) = (ours($path), theirs($path));
    $seen{$one}++;
    $same += my $equal = $one eq $other;
    fail("kind $kind, change $try, seed " . seed() . ": $one, and $other") || diag($said{ours}, $said{theirs}) if !$equal;
    fail("kind $kind, change $try is proven") if $one =~ /^0/ && $text ne $bundle{$kind} && !only_claims($kind, $text);
    unlink $path if $equal;
}
is $same, 60, 'both say the same of 60 changed bundles: ' . join ', ', map { "$_ ($seen{$_})" } sort keys %seen;

# What no hash holds may differ: nothing but a digit of the header or the exchange of equal lines.
sub only_claims { my ($kind, $text) = @_; return join('', sort split /^/, $text) eq join('', sort split /^/, $bundle{$kind}) }

# Memory, in kB.
sub memory {
    my ($path) = @_;
    my $run = run_command('python3', '-c', 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)', source_directory() . '/build/custody', 'audit', 'verify-bundle', $path, @anchored);
    is $run->{exit}, 0, 'proven' or diag $run->{stderr};
    return $run->{stdout} + 0;
}
my $few = memory(write_file($bundle{ledger}, 'few'));
$cluster->sql('clinic', q{INSERT INTO visit SELECT g, 1, repeat('x', 100) FROM generate_series(1, 30000) g});
anchor();
my $path = write_file(export('export_ledger()'), 'many');
my $many = memory($path);
note sprintf '%d kB for a bundle of %d kB, %d kB for one of %d kB', $few, length($bundle{ledger}) / 1024, $many, (-s $path) / 1024;
cmp_ok $many - $few, '<', 4096, 'memory does not grow with the events of a transaction';
$cluster->sql('clinic', q{INSERT INTO visit SELECT 40000, 1, string_agg(md5(g::text), '') FROM generate_series(1, 300000) g});
anchor();
$path = write_file(export('export_evidence(1::int8, 5)'), 'large');
my $large = memory($path);
note sprintf '%d kB for a row of 9600 kB', $large;
cmp_ok $large - $few, '<', 8 * 9600, 'and is bounded by the largest row';

done_testing;
