# What the tests of the ledger ask of a database again and again: a block, a digest to keep elsewhere,
# and the judgement of the server's own verification, of reconciliation and of a verifier that knows
# nothing but the stored bytes.
package Custody::Ledger::Checks;

use strict;
use warnings;
use Custody::Ledger::Stored;
use Custody::Test ();

use parent qw(Exporter);

our @EXPORT_OK = qw(seal digest verdicts verdict_rows verify_sql outside reconciled reconcile_sql reconcile_faults stored restore_into most_memory);

my $files = 0;

sub seal { my ($cluster, $database) = @_; return $cluster->sql($database, 'SELECT custody.seal()') }
sub digest { my ($cluster, $database) = @_; return $cluster->sql($database, 'SELECT custody.ledger_digest()') }
sub stored { return Custody::Ledger::Stored->new(@_) }

# custody.verify_ledger() under these digests: its SQL, and its rows as [check, status, block, object, detail].
sub verify_sql {
    my $digests = @_ ? "'[" . join(', ', @_) . "]'" : 'NULL';
    return qq{SELECT "check", status, coalesce(block::text, '-'), object, detail FROM custody.verify_ledger($digests)
        ORDER BY status, "check", block};
}
sub verdict_rows { return map { [ split /\|/, $_, 5 ] } split /\n/, $_[0] }
sub verdicts { my ($cluster, $database, @digest) = @_; return verdict_rows($cluster->sql($database, verify_sql(@digest))) }

# The verdict of examples/audit/verify_bundle.py about the tables as they are, and what it says.
sub outside {
    my ($bundle, @digest) = @_;
    my $number = ++$files;
    my $file = Custody::Test::write_file(ref $bundle ? $bundle->bundle : $bundle, "bundle-$number.jsonl");
    my @option = @digest ? ('--digest', Custody::Test::write_file(join('', map { "$_\n" } @digest), "digest-$number.jsonl")) : ();
    my $run = Custody::Test::run_command('python3',
        Custody::Test::source_directory() . '/examples/audit/verify_bundle.py', $file, @option);
    unlink $file;
    my ($verdict, $what) = $run->{stdout} =~ /^(\w+): (.*)$/m or die "no verdict: $run->{stderr}";
    return ($verdict, $what);
}

# custody.reconcile(): its SQL, and what it says but for the summary, with the summary where that is not
# "proven".
sub reconcile_sql { "SELECT status, problem, key, columns, detail FROM custody.reconcile('$_[0]')" }

sub reconcile_faults {
    my @row = split /\n/, $_[0];
    return @row && $row[-1] =~ /^proven\|/ ? join("\n", @row[ 0 .. $#row - 1 ]) : join "\n", @row, 'no proof';
}

sub reconciled {
    my ($cluster, $database, $table) = @_;
    return reconcile_faults($cluster->sql($database, reconcile_sql($table)));
}

# pg_dump and pg_restore --exit-on-error into a new database, each within the seconds (300): what they said,
# nothing when all is well.
sub restore_into {
    my ($from, $database, $to, $name, $seconds) = @_;
    my %limit = (timeout => $seconds // 300);
    my $file = Custody::Test::temporary_directory() . '/dump-' . ++$files;
    $to->create_database($name);
    my $dump = Custody::Test::run_command(Custody::Test::program('pg_dump'), '-Fc', '-Z0', '-f', $file, '-d',
        $from->conninfo($database), \%limit);
    my $restore = Custody::Test::run_command(Custody::Test::program('pg_restore'), '--exit-on-error', '-d',
        $to->conninfo($name), $file, \%limit);
    unlink $file;
    return join '', map { $_->{exit} ? "exit $_->{exit}: $_->{stderr}" : '' } $dump, $restore;
}

# The most memory that a session's server process ever had, in MB.
sub most_memory {
    my ($session) = @_;
    open my $file, '<', '/proc/' . $session->backend . '/status' or die "the session is gone: $!";
    my ($kilobytes) = map { /^VmHWM:\s+(\d+)/ ? $1 : () } <$file>;
    return $kilobytes / 1024;
}

1;
