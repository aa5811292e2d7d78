# Starts programs, as another user where asked, with output in files, and reaps them. Every process
# started here gets a signal when the test dies, however it dies.
package Custody::Test::Process;

use strict;
use warnings;
use Carp qw(croak);
use Cwd ();
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

my %running;     # pid => object
my $number = 0;

# prctl(PR_SET_PDEATHSIG): asked for in the child after it changed its user, which would clear it.
my %prctl = ('x86_64' => 157, 'aarch64' => 167);
my $prctl = $prctl{ (POSIX::uname())[4] };

# command => [...], and optionally: env => {NAME => value or undef}, user => name, directory,
# stdin => file, stdout/stderr => file (else files in dir), dir => where those are made,
# death_signal => number (default SIGKILL).
sub start {
    my ($class, %option) = @_;
    my $base = sprintf '%s/output-%d', $option{dir}, ++$number;
    my $self = bless {
        command => $option{command},
        out => $option{stdout} // "$base.out",
        err => $option{stderr} // "$base.err",
        owner => $$,
    }, $class;
    my $test = $$;
    defined(my $pid = fork) or croak "cannot fork: $!";
    if (!$pid) {
        eval { _become(\%option, $self); };
        print STDERR $@ if $@;
        _die_with_parent($option{death_signal} // 9, $test);
        exec { $option{command}[0] } @{ $option{command} } unless $@;
        print STDERR "cannot run $option{command}[0]: $!\n";
        POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    $running{$pid} = $self;
    return $self;
}

sub _become {
    my ($option, $self) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE CHLD);
    open STDIN, '<', $option->{stdin} // '/dev/null' or die "cannot read $option->{stdin}: $!\n";
    open STDOUT, '>', $self->{out} or die "cannot write $self->{out}: $!\n";
    open STDERR, '>', $self->{err} or die "cannot write $self->{err}: $!\n";
    my $env = $option->{env} // {};
    defined $env->{$_} ? ($ENV{$_} = $env->{$_}) : delete $ENV{$_} for keys %$env;
    POSIX::setpgid(0, 0);
    chdir $option->{directory} or die "cannot enter $option->{directory}: $!\n"
        if $option->{directory};
    return unless $option->{user};
    my ($uid, $gid) = (getpwnam $option->{user})[ 2, 3 ];
    $) = "$gid $gid";
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    die "cannot become $option->{user}\n" if $> != $uid || $< != $uid;
}

sub _die_with_parent {
    my ($signal, $parent) = @_;
    return unless $prctl;
    syscall($prctl, 1, $signal, 0, 0, 0);
    POSIX::_exit(126) if getppid() != $parent;
}

sub pid { $_[0]{pid} }

# True while it runs.
sub alive {
    my ($self) = @_;
    return 0 if defined $self->{status};
    my $pid = waitpid $self->{pid}, WNOHANG;
    return 1 if $pid == 0;
    $self->_ended($?);
    return 0;
}

sub _ended {
    my ($self, $status) = @_;
    $self->{status} = $status;
    delete $running{ $self->{pid} };
}

# Waits for its end, at most so many seconds; past them it is killed and the test dies.
sub wait {
    my ($self, $seconds) = @_;
    $seconds //= 180;
    my $deadline = time + $seconds;
    my $pause = 0.002;
    # Its end cuts the pause short; where the signal comes just before the pause, that is all it costs.
    local $SIG{CHLD} = sub { };
    while ($self->alive) {
        if (time > $deadline) {
            kill 'KILL', -$self->{pid};
            waitpid $self->{pid}, 0;
            $self->_ended($?);
            croak "no end within $seconds s: @{$self->{command}}\n" . $self->stderr;
        }
        sleep $pause;
        $pause = $pause * 1.5 if $pause < 0.05;
    }
    return $self;
}

sub signal {
    my ($self, $signal) = @_;
    return $self->alive ? kill $signal, $self->{pid} : 0;
}

# As a shell counts: 128 + signal for one that was killed. Only once it has ended.
sub exit_code {
    my ($self) = @_;
    croak 'it still runs' unless defined $self->{status};
    return $self->{status} & 127 ? 128 + ($self->{status} & 127) : $self->{status} >> 8;
}

# What it has written so far.
sub stdout { _slurp($_[0]{out}) }
sub stderr { _slurp($_[0]{err}) }

sub _slurp {
    my ($file) = @_;
    open my $handle, '<:raw', $file or return '';
    local $/;
    return scalar(<$handle>) // '';
}

# Ends whatever this test started and still runs.
sub end_all {
    for my $self (grep { $_->{owner} == $$ } values %running) {
        next unless $self->alive;
        kill 'KILL', -$self->{pid};
        waitpid $self->{pid}, 0;
        $self->_ended($?);
    }
}

1;
