# The rules of the boundary (extension/pg), asserted on a server by a module of their own: what C++
# throws and what the server raises, through each other, without a leak and without a crash.
use FindBin;
use lib "$FindBin::Bin/../t/lib";
use Custody::Test;

my $here = $FindBin::Bin;
my $build = source_directory() . '/build/boundary';
my $made = run_command('sh', '-c',
    'mkdir -p "$0" && exec make -s -j2 -C "$0" -f "$1" VPATH="$2" CCACHE="$(command -v ccache)"',
    $build, "$here/pgxs.mk", source_directory(), { timeout => 600 });
BAIL_OUT("the boundary test module does not build:\n$made->{stdout}$made->{stderr}")
    if $made->{exit};
# The server's user may not reach the checkout.
my $module = temporary_directory() . '/custody_boundary_test';
run_command('cp', "$build/custody_boundary_test.so", "$module.so");

my $cluster = start_cluster('boundary');
$cluster->create_database('boundary');
$cluster->file('boundary', "$here/functions.sql", variables => { module => $module });
# Renamed in 16.
my $force = $cluster->sql('boundary', q{SELECT name FROM pg_settings
    WHERE name IN ('force_parallel_mode', 'debug_parallel_query')});

# Each file is one session, and prints a line of TAP per assertion.
my $position = $cluster->log_position;
for my $session (qw(rules workers caught)) {
    my ($exit, $out, $err) = $cluster->psql('boundary', undef, file => "$here/$session.sql",
        variables => { force => $force });
    for my $line (split /\n/, $out) {
        ok $1 eq 'ok', "$session: $2" if $line =~ /^((?:not )?ok) - (.*)/;
    }
    is $exit, 0, "$session: the session came to its end" or diag $err;
    unlike $err, qr/WARNING/, "$session: no warning";
}
my $log = $cluster->log_since($position);
like $log, qr/ERROR:  error of the server/, 'the errors are in the server\'s log';
unlike $log, qr/WARNING|still active|leak|PANIC|terminated by signal|FATAL/,
    'and nothing of a leak, of something still active or of a crash';

$position = $cluster->log_position;
my (undef, undef, $err) = $cluster->psql('boundary', "\\set VERBOSITY verbose\nSELECT boundary.report()");
is $err =~ s/^psql:\S+ //r =~ s/\nLOCATION:.*//sr,
    "WARNING:  01000: a 100% warning\nDETAIL:  its detail\nHINT:  its hint",
    'a report arrives whole';

(undef, undef, $err) = $cluster->psql('boundary',
    "\\set VERBOSITY verbose\nSELECT boundary.throw_error()");
like $err, qr{LOCATION:  test_throw_error_body, .*throwing\.cpp:\d+$},
    'an error of C++ says where it was thrown';

# From another session: the batch is under way when it is cancelled, and its objects are gone.
my $session = $cluster->session('boundary');
for my $style (qw(cpp c_style)) {
    $session->send("SELECT boundary.endless_$style()");
    wait_for "the batch in $style runs", sub {
        $cluster->sql('boundary', 'SELECT count(*) FROM pg_locks WHERE locktype = \'advisory\'');
    };
    $cluster->sql('boundary', 'SELECT pg_cancel_backend(' . $session->backend . ')');
    like $session->finish(error => 1), qr/canceling statement due to user request/,
        "$style: cancelled in mid-batch by another session";
    is $session->query('SELECT boundary.live()'), '0', "$style: no object outlives it";
}
$session->close;

done_testing;
