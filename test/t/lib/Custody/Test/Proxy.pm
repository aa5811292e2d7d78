# A connection that a test can break: listens on a socket of its own, passes everything on to a
# cluster, and loses the connection around a COMMIT as its rule says. Speaks the frontend/backend
# protocol so far that it knows where a message begins.
package Custody::Test::Proxy;

use strict;
use warnings;
use Carp qw(croak);
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM);

# upstream => socket directory of the cluster, directory => where ours goes (made by the caller),
# lose => 'answer' (COMMIT arrives, its answer does not) or 'request' (COMMIT does not arrive),
# every => N (each N-th COMMIT), of => pattern for the application names that are meant.
sub start {
    my ($class, %option) = @_;
    my $path = "$option{directory}/.s.PGSQL.5432";
    my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 64)
        or croak "cannot listen on $path: $!";
    chmod 0777, $path;
    my $self = bless { %option, path => $path, listener => $listener, owner => $$ }, $class;
    $self->{log} = "$option{directory}/lost";
    defined(my $pid = fork) or croak "cannot fork: $!";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        eval { $self->_serve; };
        warn $@ if $@;
        POSIX::_exit(0);
    }
    close $listener;
    $self->{pid} = $pid;
    return $self;
}

# How many connections were lost so far.
sub lost { my ($self) = @_; return -s $self->{log} // 0; }

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    kill 'TERM', $self->{pid};
    waitpid delete $self->{pid}, 0;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop;
}

sub _serve {
    my ($self) = @_;
    my $select = IO::Select->new($self->{listener});
    my %pair;    # handle => {client, server, ...}
    my $commits = 0;
    my $close = sub {
        my ($link) = @_;
        for my $side (qw(client server)) {
            my $handle = $link->{$side};
            $select->remove($handle);
            delete $pair{$handle};
            close $handle;
        }
    };
    while (my @ready = $select->can_read) {
        for my $handle (@ready) {
            if ($handle == $self->{listener}) {
                my $client = $handle->accept or next;
                my $server = IO::Socket::UNIX->new(
                    Type => SOCK_STREAM, Peer => "$self->{upstream}/.s.PGSQL.5432") or do {
                    close $client;
                    next;
                };
                $pair{$_} = { client => $client, server => $server, buffer => '', begun => 0 }
                    for $client;
                $pair{$server} = $pair{$client};
                $select->add($client, $server);
                next;
            }
            my $link = $pair{$handle} or next;
            my $got = sysread $handle, my $data, 1 << 16;
            if (!$got) {
                $close->($link);
            } elsif ($handle == $link->{server}) {
                if ($link->{doomed}) {    # the answer to COMMIT
                    $self->_note;
                    $close->($link);
                } else {
                    _write($link->{client}, $data);
                }
            } else {
                $self->_forward($link, $data, \$commits) or $close->($link);
            }
        }
    }
}

# Passes whole messages on; false when the connection is to be lost now.
sub _forward {
    my ($self, $link, $data, $commits) = @_;
    $link->{buffer} .= $data;
    while (1) {
        my $head = $link->{begun} ? 1 : 0;
        return 1 if length $link->{buffer} < $head + 4;
        my $length = $head + unpack 'N', substr $link->{buffer}, $head, 4;
        return 1 if length $link->{buffer} < $length;
        my $message = substr $link->{buffer}, 0, $length, '';
        if (!$link->{begun}) {
            my $code = unpack 'N', substr $message, 4, 4;
            $link->{begun} = 1 if $code >> 16 == 3;
            $link->{meant} = $message =~ /\0(?:fallback_)?application_name\0([^\0]*)\0/
                && $1 =~ $self->{of};
        } elsif ($link->{meant} && $message =~ /^Q....COMMIT\0\z/s) {
            if (++$$commits % $self->{every} == 0) {
                if ($self->{lose} eq 'request') {
                    $self->_note;
                    return 0;
                }
                $link->{doomed} = 1;
            }
        }
        _write($link->{server}, $message);
    }
}

sub _write {
    my ($handle, $data) = @_;
    while (length $data) {
        my $put = syswrite $handle, $data or return;
        substr $data, 0, $put, '';
    }
}

sub _note {
    my ($self) = @_;
    open my $file, '>>', $self->{log} or return;
    print $file '.';
    close $file;
}

1;
