# The layers of "make check". Each runs its tests and hands every single result on; none decides by
# itself what counts as success.
package Custody::Check::Layers;

use strict;
use warnings;
use Custody::Test::Cluster;
use Custody::Test::Place;
use Custody::Test::Process;
use File::Basename qw(basename);
use File::Path qw(make_path);
use JSON::PP ();
use POSIX qw(WNOHANG);
use TAP::Harness;
use Time::HiRes qw(sleep time);

sub new {
    my ($class, $top, $results) = @_;
    my $place = Custody::Test::Place->new;
    return bless { top => $top, results => $results, place => $place }, $class;
}

# Stops what is still running; called at the end, however it came.
sub finish {
    my ($self) = @_;
    $_->stop('immediate') for values %{ delete $self->{clusters} // {} };
    Custody::Test::Process::end_all();
    _end_tests();
}

# After an interruption: tests clean up after themselves, which must be over before their folder goes.
sub _end_tests {
    my @test = grep { _parent($_) == $$ } map { m{(\d+)} } glob '/proc/[0-9]*';
    kill 'TERM', @test;
    my $deadline = time + 60;
    for my $pid (@test) {
        until (waitpid $pid, WNOHANG) {
            kill 'KILL', $pid if time > $deadline;
            sleep 0.02;
        }
    }
}

sub _parent {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return 0;
    return (<$file> // '') =~ /\) \w (\d+) / ? $1 : 0;
}

# Every executable below test/static is one test.
sub static {
    my ($self) = @_;
    $self->_scripts('static', map { [$_] } grep { -x && -f } glob "$self->{top}/test/static/*");
}

sub unit {
    my ($self) = @_;
    $self->_googletest('unit', "$self->{top}/build/unit_tests", {});
}

# The boundary between C++ and the server: its rules, by a module of its own that only this test
# builds and loads, and the symbols of every object.
sub boundary {
    my ($self) = @_;
    $self->_tap('boundary', glob "$self->{top}/test/boundary/*.t");
}

sub regress {
    my ($self) = @_;
    $self->_regress_in('regress');
}

sub _regress_in {
    my ($self, $layer) = @_;
    my @test = map { basename($_, '.sql') } sort glob "$self->{top}/test/sql/*.sql";
    $self->_pg_regress($layer, 'regress/pg_regress', [qw(--load-extension=custody)], @test);
}

sub isolation {
    my ($self) = @_;
    my @test = map { basename($_, '.spec') } sort glob "$self->{top}/test/specs/*.spec";
    $self->_pg_regress('isolation', 'isolation/pg_isolation_regress',
        [qw(--load-extension=custody)], @test);
}

sub tap {
    my ($self) = @_;
    my @test = $ENV{TESTS} ? split(' ', $ENV{TESTS}) : sort glob "$self->{top}/test/t/*.t";
    $self->_tap('tap', @test);
}

# Compiles for the layer of the sanitizers while the others run, with what those leave of the
# processors. clang++, which the fuzzers need anyhow, takes half the time of g++ for this; that one
# does it where clang++ is without its libraries.
sub start_sanitizers {
    my ($self) = @_;
    $self->{sanitizers} //= $self->_start('sanitizers-build', {}, 'nice', '-n', '19', 'sh', '-c',
        'cd "$0" && compiler=clang++ ccache=$(command -v ccache);'
            . ' echo "int main() {}" | clang++ -fsanitize=address,undefined -x c++ - -o "$1"'
            . ' || compiler=c++; rm -f "$1"; cmake -S . -B build/sanitizers -DCUSTODY_SANITIZE=ON'
            . ' -DCMAKE_CXX_COMPILER="$compiler" --log-level=WARNING'
            . ' ${ccache:+-DCMAKE_CXX_COMPILER_LAUNCHER="$ccache"}'
            . ' && make -s -C build/sanitizers -j"$(nproc)" unit_tests custody',
        $self->{top}, $self->{place}->directory . '/probe');
}

# The unit tests, and the loader in a whole move and a resumed one, under AddressSanitizer (with
# leaks) and UndefinedBehaviorSanitizer; the extension under the latter; a short look by the fuzzers.
sub sanitizers {
    my ($self) = @_;
    my $build = "$self->{top}/build/sanitizers";
    $self->start_sanitizers;
    my ($exit, $text) = _end($self->{sanitizers}, 1800);
    die $text if $exit;
    my %env = (
        ASAN_OPTIONS => 'detect_leaks=1:detect_stack_use_after_return=1:exitcode=99',
        UBSAN_OPTIONS => 'halt_on_error=1:print_stacktrace=1:exitcode=99',
    );
    $self->_googletest('sanitizers', "$build/unit_tests", \%env);
    local %ENV = (%ENV, %env, CUSTODY_TEST_PROGRAM => "$build/custody", CUSTODY_TEST_SANITIZE => 1);
    $self->_regress_in('sanitizers');
    $self->_tap('sanitizers', "$self->{top}/test/t/smoke.t");
    $self->_scripts('sanitizers', map { [ "$self->{top}/test/fuzz/run", $_ ] }
            glob "$self->{top}/test/fuzz/*.cpp");
}

# The one cluster of the layers that need no second; another one with the sanitizers' extension.
sub _cluster {
    my ($self) = @_;
    my $name = $self->{place}->sanitized ? 'sanitized' : 'layers';
    return $self->{clusters}{$name} //= Custody::Test::Cluster->new($self->{place}, $name);
}

# Runs a command with its output in a log; returns exit code and output.
sub _run {
    my ($self, $name, $env, $seconds, @command) = @_;
    return _end($self->_start($name, $env, @command), $seconds);
}

sub _start {
    my ($self, $name, $env, @command) = @_;
    my $log = $self->{results}->log_file($name);
    return Custody::Test::Process->start(
        command => [ 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command ],
        dir => $self->{place}->directory,
        env => $env,
        stdout => $log,
    );
}

sub _end {
    my ($process, $seconds) = @_;
    my $done = eval { $process->wait($seconds); 1 };
    my $text = $process->stdout;
    return $done ? ($process->exit_code, $text) : (124, "$text$@");
}

# Programs that are one test each, named for the last word of [the command], two at a time: exit 0
# passed, 77 skipped, else failed.
sub _scripts {
    my ($self, $layer, @command) = @_;
    my @running;
    while (@command || @running) {
        if (@command && @running < 2) {
            my $name = basename($command[0][-1]);
            push @running, [ $name, $self->_start("$layer-$name", {}, @{ shift @command }) ];
            next;
        }
        my ($name, $process) = @{ shift @running };
        my ($exit, $text) = _end($process, 600);
        $self->{results}->add($layer, $name,
            $exit == 0 ? 'passed' : $exit == 77 ? 'skipped' : 'failed', $text);
    }
}

sub _googletest {
    my ($self, $layer, $program, $env) = @_;
    my $file = $self->{place}->directory . "/$layer.json";
    my ($exit, $text) = $self->_run("$layer-unit", $env, 900, $program, "--gtest_output=json:$file");
    my $failed = 0;
    my $document = -e $file ? do { local (@ARGV, $/) = $file; <> } : '{}';
    for my $suite (@{ JSON::PP->new->decode($document)->{testsuites} // [] }) {
        for my $test (@{ $suite->{testsuite} }) {
            my $outcome = $test->{failures} ? 'failed'
                : $test->{result} eq 'SKIPPED' || $test->{status} eq 'NOTRUN' ? 'skipped'
                : 'passed';
            $failed++ if $outcome eq 'failed';
            my ($reason) = $text =~ /\Q$suite->{name}.$test->{name}\E\n.*?Skipped\n(.*)\n/;
            $self->{results}->add($layer, "$suite->{name}.$test->{name}", $outcome,
                $outcome eq 'failed'
                ? join("\n", map { $_->{failure} } @{ $test->{failures} })
                : $reason);
        }
    }
    $self->{results}->add($layer, basename($program), 'failed', "exit $exit\n$text")
        if $exit && !$failed;
}

# pg_regress and its sibling say "test NAME ... ok" up to 15 and TAP from 16 on.
sub _pg_regress {
    my ($self, $layer, $program, $options, @test) = @_;
    return unless @test;
    my $place = $self->{place};
    my $output = "$self->{top}/build/check/$layer";
    make_path($output);
    my $pgxs = qx($ENV{PG_CONFIG} --pgxs) =~ s{/makefiles/pgxs\.mk\n}{}r;
    my ($exit, $text) = $self->_run($layer, { PATH => "$self->{top}/build:$ENV{PATH}" }, 900,
        "$pgxs/test/$program", "--inputdir=$self->{top}/test", "--outputdir=$output",
        '--bindir=' . $place->bin_directory, '--host=' . $self->_cluster->socket_directory,
        qw(--port=5432 --user=postgres), "--dbname=$layer", @$options, @test);
    my %outcome;
    for (split /\n/, $text) {
        if (/^(?:test\s+|\s+)(\S+)\s+\.\.\.\s+(ok|FAILED)/) {
            $outcome{$1} = $2 eq 'ok' ? 'passed' : 'failed';
        } elsif (/^(not )?ok \d+\s+[-+]\s+(\S+)/) {
            $outcome{$2} = $1 ? 'failed' : 'passed';
        }
    }
    my $differences = "$output/regression.diffs";
    my $text_of = $exit && -s $differences ? do { local (@ARGV, $/) = $differences; <> } : $text;
    $self->{results}->add($layer, $_, $outcome{$_} // 'failed',
        ($outcome{$_} // '') eq 'passed' ? '' : $text_of) for @test;
    $self->{results}->add($layer, $program, 'failed', "exit $exit\n$text")
        if $exit && !grep { $_ eq 'failed' } values %outcome;
}

sub _tap {
    my ($self, $layer, @test) = @_;
    return unless @test;
    my (%log, %said);
    my $harness = TAP::Harness->new({
        verbosity => -3,
        merge => 1,
        # One more than processors: every test waits for locks, timeouts and signals at times.
        jobs => 1 + (qx(nproc) || 1),
        exec => [qw(timeout --kill-after=20 900 perl), "-I$self->{top}/test/t/lib"],
    });
    $harness->callback(made_parser => sub {
        my ($parser, $job) = @_;
        my $name = basename($job->[0]);
        $parser->callback(ALL => sub { $log{$name} .= $_[0]->raw . "\n"; });
        $parser->callback(test => sub {
            my ($test) = @_;
            $self->_tap_result($layer, $name, $test);
            $said{$name}++;
        });
    });
    my $aggregate = $harness->runtests(map { [ $_, $_ ] } @test);
    for my $parser ($aggregate->parsers(map { $_ } @test)) {
        my $test = shift @test;
        my $name = basename($test);
        open my $file, '>', $self->{results}->log_file("$layer-$name") or die "cannot log: $!\n";
        binmode $file, ':utf8';
        print $file $log{$name} // '';
        close $file;
        if (defined $parser->skip_all) {
            $self->{results}->add($layer, $name, 'skipped', $parser->skip_all);
        } elsif ($parser->parse_errors || $parser->exit && !$parser->failed || !$said{$name}) {
            $self->{results}->add($layer, $name, 'failed', join "\n", $parser->parse_errors,
                'exit ' . ($parser->exit // '?'), $log{$name} // '');
        } elsif ($parser->failed) {
            print map { "      $_\n" } grep { !/^ok / } split /\n/, $log{$name};
        }
    }
}

sub _tap_result {
    my ($self, $layer, $name, $test) = @_;
    my $outcome = !$test->is_ok ? 'failed' : $test->has_skip ? 'skipped' : 'passed';
    my $title = $test->description =~ s/^- //r;
    $self->{results}->add($layer, $outcome eq 'skipped' ? $name : "$name: $title", $outcome,
        $outcome eq 'skipped' ? $test->explanation : '');
}

1;
