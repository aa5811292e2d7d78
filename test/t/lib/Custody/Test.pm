package Custody::Test;

use strict;
use warnings;
use utf8;
use Carp qw(croak);
use Custody::Test::Cluster;
use Custody::Test::Place;
use Custody::Test::Process;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

use parent qw(Exporter);

our @EXPORT = (
    @Test::More::EXPORT,
    qw(start_cluster custody start_custody run_command wait_for json seed random_below
        needs_data needs_version has_version temporary_directory write_file source_directory program)
);

my $place;
my $seed;

sub import {
    $_->import for qw(strict warnings utf8);
    Custody::Test->export_to_level(1, @_);
}

BEGIN {
    $seed = $ENV{CUSTODY_TEST_SEED} // (time * 1000 + $$) % 2**31;
    srand $seed;
    $place = Custody::Test::Place->new;
    $SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);
    binmode STDOUT, ':utf8';
    binmode STDERR, ':utf8';
}

my @clusters;
my $main = $$;

sub start_cluster {
    my ($name, %option) = @_;
    my $cluster = Custody::Test::Cluster->new($place, $name, %option);
    push @clusters, $cluster;
    return $cluster;
}

sub start_custody {
    my @argument = @_;
    my %option = ref $argument[-1] eq 'HASH' ? %{ pop @argument } : ();
    return Custody::Test::Process->start(
        command => [ $place->loader, @argument ],
        dir => $place->directory,
        stdin => $option{stdin},
        env => {
            $place->clean_environment,
            PATH => $place->bin_directory . ":$ENV{PATH}",
            %{ $option{env} // {} },
        },
    );
}

sub custody {
    my @argument = @_;
    my $timeout = ref $argument[-1] eq 'HASH' ? $argument[-1]{timeout} : undef;
    my $process = start_custody(@argument)->wait($timeout // 300);
    my ($out, $err) = map { utf8::decode(my $text = $_); $text } $process->stdout, $process->stderr;
    return { exit => $process->exit_code, stdout => $out, stderr => $err };
}

sub run_command {
    my @command = @_;
    my %option = ref $command[-1] eq 'HASH' ? %{ pop @command } : ();
    my $process = Custody::Test::Process->start(
        command => \@command,
        dir => $place->directory,
        stdin => $option{stdin},
        user => $option{user},
        env => { $place->clean_environment, %{ $option{env} // {} } },
    )->wait($option{timeout} // 300);
    return { exit => $process->exit_code, stdout => $process->stdout, stderr => $process->stderr };
}

sub wait_for {
    my ($what, $condition, $seconds) = @_;
    my $deadline = time + ($seconds // 60);
    my $pause = 0.002;
    while (1) {
        my $value = $condition->();
        return $value if $value;
        croak "$what: not within " . ($seconds // 60) . ' s' if time > $deadline;
        sleep $pause;
        $pause = $pause * 1.5 if $pause < 0.1;
    }
}

sub json { JSON::PP->new->utf8(!utf8::is_utf8($_[0]))->decode($_[0]) }

sub seed { $seed }
sub random_below { int rand $_[0] }

sub needs_data {
    my ($name) = @_;
    my $path = $place->data_file($name);
    plan skip_all => "no shared data: $name" unless $path;
    return $path;
}

sub needs_version {
    my ($version) = @_;
    plan skip_all => "no server $version from npm" unless $place->has_version($version);
    return $version;
}

sub has_version { $place->has_version(@_) }

sub temporary_directory { $place->directory }
sub write_file { $place->write_file(@_) }
sub source_directory { $place->top }
sub program { $place->program(@_) }

END {
    if ($$ == $main) {
        my $status = $?;
        local $SIG{INT} = 'IGNORE';
        if (my @crash = map { my $name = $_->name; map { "$name: $_" } $_->crashes } @clusters) {
            diag 'a server process crashed, whatever the tests above say:';
            diag $_ for @crash;
            $status ||= 1;
        }
        if ($status || !Test::More->builder->is_passing) {
            diag "random seed: CUSTODY_TEST_SEED=$seed";
            diag 'log of ' . $_->name . ":\n" . $_->log_tail for @clusters;
        }
        eval { $_->stop('immediate') } for @clusters;
        Custody::Test::Process::end_all();
        $place->remove;
        $? = $status;
    }
}

1;

__END__

=encoding utf8

=head1 NAME

Custody::Test - throwaway clusters and the loader, for the tests in test/t

=head1 SYNOPSIS

    use FindBin;
    use lib "$FindBin::Bin/lib";
    use Custody::Test;

    my $source = start_cluster('source');
    my $target = start_cluster('target');
    $source->create_database('shop');
    $source->file('shop', source_directory() . '/test/data/nasty.sql');
    $target->create_database('shop', extension => 1);

    my $run = custody('run', '--source', $source->conninfo('shop'),
        '--target', $target->conninfo('shop'), '--json');
    is $run->{exit}, 0, 'done and verified' or diag $run->{stderr};
    is json($run->{stdout})->{verdict}, 'equal', 'the report says so';
    is $target->sql('shop', 'SELECT count(*) FROM t'), '42', 'rows';
    done_testing;

C<use Custody::Test> also turns on strict, warnings and utf8 and exports Test::More. Run one test
with C<prove -v test/t/NAME.t> (after C<make>); C<make check> runs all. C<CUSTODY_TEST_SEED=N>
repeats a run's random choices; a failing test prints its seed and the tail of the servers' logs.

=head1 FUNCTIONS

=over

=item start_cluster(NAME, OPTIONS)

Makes and starts a cluster (superuser C<postgres>, trust, socket only, UTF8 and C.UTF-8, fsync off)
and returns it. The extension under test is installed for it. Options: C<version> (13, 14, 16, 17 or
18: a server from npm, without the extension; call C<needs_version> first), C<conf> (settings,
values written as they are given: quote strings yourself), C<hba> (lines put first), C<initdb>
(options in place of C<--encoding=UTF8 --locale=C.UTF-8>), C<directory> (a folder the server user
owns, for the data: a tmpfs), C<start> (0 leaves it stopped).

=item custody(ARGUMENTS, {env => {}, stdin => FILE, timeout => SECONDS})

Runs the loader to its end, 300 seconds at most; returns C<{exit, stdout, stderr}>. Exit is 128 +
signal for one that was killed. The caller's PG* and CUSTODY_* variables are removed, C<env> adds
(undef removes).

=item start_custody(ARGUMENTS, {...})

The same without waiting; returns a process: C<alive>, C<pid>, C<signal('KILL')>, C<wait(SECONDS)>
(dies past them), C<exit_code>, C<stdout>, C<stderr> (what was written so far).

=item run_command(COMMAND, ARGUMENTS, {...})

Any other program; as C<custody>, C<user> runs it as that user.

=item wait_for(WHAT, sub { CONDITION }, SECONDS)

Polls until the condition is true (returned) and dies when it is not within 60 seconds. Never
sleep for something to happen.

=item json(TEXT), seed(), random_below(N), temporary_directory(), write_file(TEXT, NAME),
source_directory(), program(NAME)

A decoded document; the seed; a random number; the test's folder (gone at its end); a file in it;
the checkout; the path of psql, pg_dump and so on.

=item needs_data(NAME), needs_version(N), has_version(N)

The path of ../shared/data/NAME (CUSTODY_DATA names another folder), and N; the whole test is
skipped where they are absent; C<has_version> only asks. A reason for skipping must be on test/skips.list.

=back

=head1 METHODS OF A CLUSTER

=over

=item sql(DATABASE, SQL, OPTIONS), psql(DATABASE, SQL, OPTIONS), file(DATABASE, PATH, OPTIONS)

psql -XAtq with ON_ERROR_STOP. C<sql> and C<file> return the output and die on an error, C<psql>
returns (exit, stdout, stderr). Options: C<user>, C<variables>, C<timeout>.

=item create_database(NAME, extension => 1, template => NAME, options => SQL), drop_database(NAME)

=item conninfo(DATABASE, USER)

=item session(DATABASE, USER)

A psql that stays open: C<query(SQL)> (C<error =E<gt> 1> returns an error's text instead of dying),
C<send(SQL)> and C<finish> for one that blocks, C<backend> (its process id), C<close>.

=item start, stop(MODE), restart(MODE), kill9, reload, running, pid

C<kill9> kills the postmaster and its backends, as a machine that dies does.

=item configure(NAME => VALUE, ...), hba(LINES), log_position, log_since(POSITION), log_tail,
data_directory, socket_directory, name

=back

=cut
