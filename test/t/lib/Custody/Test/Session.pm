# A psql that stays open, for transactions that a test holds while something else happens.
package Custody::Test::Session;

use strict;
use warnings;
use Carp qw(croak);
use IO::Select;
use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Time::HiRes qw(time);

my $number = 0;

sub new {
    my ($class, $psql, $conninfo) = @_;
    my $pid = open3(my $in, my $out, undef, $psql, qw(-XAtq -v ON_ERROR_STOP=0 -d), $conninfo);
    $in->autoflush(1);
    my $self = bless { in => $in, out => $out, pid => $pid, owner => $$ }, $class;
    $self->{backend} = $self->query('SELECT pg_backend_pid()');
    return $self;
}

# Sends one or more statements, returns their output once they are done; errors come in the output
# too, and die unless the caller asked with error => 1.
sub query {
    my ($self, $sql, %option) = @_;
    $self->send($sql);
    return $self->finish(%option);
}

# Sends without waiting for the answer: the statement may block.
sub send {
    my ($self, $sql) = @_;
    $self->{unanswered} = 1;
    $self->{text} = '';
    $self->{mark} = sprintf 'custody-mark-%d-%d', $$, ++$number;
    print { $self->{in} } "$sql\n;\n\\echo $self->{mark}\n";
}

# Is the answer there, or does it come within the seconds?
sub answered {
    my ($self, $seconds) = @_;
    my $deadline = time + $seconds;
    my $select = IO::Select->new($self->{out});
    until ($self->{text} =~ /^\Q$self->{mark}\E\n/m) {
        my $left = $deadline - time;
        $select->can_read($left > 0 ? $left : 0) or return 0;
        sysread $self->{out}, my $piece, 65536 or croak "the session ended: $self->{text}";
        $self->{text} .= $piece;
    }
    return 1;
}

# The answer to what was sent.
sub finish {
    my ($self, %option) = @_;
    $self->answered($option{timeout} // 60) or croak "no answer from the session: $self->{text}";
    my $text = $self->{text} =~ s/^\Q$self->{mark}\E\n//mr;
    $self->{unanswered} = 0;
    croak $text if !$option{error} && $text =~ /^(?:psql:.*)?(?:ERROR|FATAL):/m;
    $text =~ s/\n\z//;
    return $text;
}

# Process id of its backend in the server.
sub backend { $_[0]{backend} }

sub close {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    local $SIG{PIPE} = 'IGNORE';
    CORE::close $self->{in};
    CORE::close $self->{out};
    # Its statement may wait for a lock that only the caller can give up.
    kill 'TERM', $self->{pid} if $self->{unanswered};
    waitpid delete $self->{pid}, 0;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@);
    $self->close;
}

1;
