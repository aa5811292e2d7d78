# The example of the ledger: a small clinic's database, audited, sealed and anchored; what an administrator then does
# to it is seen, and the row is named, by the database and by both verifiers of bundles.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use File::Basename qw(dirname);
use File::Copy qw(copy);

my $cluster = start_cluster('clinic');
my $path = join ':', source_directory() . '/build', dirname(program('psql')), $ENV{PATH};

# The script, in a database and a folder of its own.
sub clinic {
    my ($database, $verifier) = @_;
    my $folder = temporary_directory() . "/$database";
    mkdir $folder;
    for my $file (glob source_directory() . '/examples/clinic/*') {
        copy($file, $folder) or die "copy $file: $!";
    }
    $cluster->create_database($database);
    return run_command('sh', '-c', 'cd "$0" && exec psql -X -d "$1" -f clinic.sql', $folder,
        $cluster->conninfo($database), { env => { PATH => $path, VERIFY_BUNDLE => $verifier } });
}

my $run = clinic('clinic', source_directory() . '/examples/audit/verify_bundle.py');
is $run->{exit}, 0, 'it ends well' or diag $run->{stdout}, $run->{stderr};
is(() = $run->{stdout} =~ /^proven: /mg, 2, 'before, both verifiers say proven');
unlike $run->{stdout}, qr/^ \w+ +\| (?!proven)\w+ +\| +\d+$/m, 'and custody.verify_ledger() of every check';
is(() = $run->{stderr} =~ /ERROR:  the audit ledger is not (?:changed|dropped)/g, 3, 'the guards hold in replica mode');
my %names = ('the dose in the ledger' => 'RX-1001', 'who it was' => 'RX-1001', 'an event of another clinic' => 'RX-1001',
    'an event that never was' => 'RX-9999', 'an event withheld' => qr/\d+/, 'a history written anew' => 'digest',
    'a line of the evidence withheld' => 'refuted');
for my $tampering (sort keys %names) {
    for my $by ('custody audit', 'verify_bundle.py', $tampering =~ /evidence/ ? () : 'custody.verify_ledger()') {
        like $run->{stdout}, qr/^ \Q$tampering\E +\| \Q$by\E +\| refuted +\| $names{$tampering}$/m, "$tampering: $by";
    }
}
like $run->{stdout}, qr/^ the dose in the table, recording off \| custody.reconcile\(\) +\| refuted +\| RX-1001$/m,
    'a row that was changed past the ledger: custody.reconcile()';
like $run->{stdout}, qr/^ the newest block dropped, for good +\| custody audit anchor +\| fork +\| block 2$/m,
    'a block that is gone: custody audit anchor';
unlike $run->{stdout}, qr/NOT SEEN/, 'nothing was missed';

my $blind = write_file("import sys\nprint('proven: RX-1001')\n", 'blind.py');
$run = clinic('blind', $blind);
is $run->{exit}, 3, 'a verifier that sees nothing: the script fails';
like $run->{stdout}, qr/^ the dose in the ledger +\| verify_bundle.py +\| +\| NOT SEEN: proven/m, 'and says what was not seen';

done_testing;
