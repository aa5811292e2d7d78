# One throwaway PostgreSQL cluster below the test's temporary folder, run as an unprivileged user,
# reached through a Unix socket only.
package Custody::Test::Cluster;

use strict;
use warnings;
use Carp qw(croak);
use Fcntl qw(:flock);
use Custody::Test::Process;
use Custody::Test::Session;
use Time::HiRes qw(sleep time);

# Nothing here has to survive a power cut, so fsync is off. A killed server must lose nothing that it
# committed, so synchronous_commit stays on.
my %default = (
    fsync => 'off',
    full_page_writes => 'off',
    listen_addresses => "''",
    max_connections => 60,
    shared_buffers => "'64MB'",
    max_wal_size => "'256MB'",
    log_line_prefix => "'%m [%p] %a %q%u@%d '",
    timezone => "'UTC'",
    log_timezone => "'UTC'",
);

# place: the Custody::Test::Place that knows folder, user and programs. Options: version (a major
# version; others than the one under test come from npm), conf => {name => value, written as given},
# hba => [lines that come first], initdb => [options], start => 0 to leave it stopped,
# directory => where the data goes (a tmpfs, say).
sub new {
    my ($class, $place, $name, %option) = @_;
    my $self = bless {
        place => $place,
        name => $name,
        bin => $place->bin_directory($option{version}),
        socket => $place->make_directory($name),
        owner => $$,
    }, $class;
    $self->{data} = ($option{directory} // $self->{socket}) . '/data';
    $self->{log} = "$self->{socket}/log";
    $self->_initdb($option{version}, @{ $option{initdb} // [] });
    my %conf = (%default, unix_socket_directories => "'$self->{socket}'");
    $conf{extension_destdir} = "'" . $place->stage . "'"
        if !defined $option{version} && $place->has_extension_destdir;
    $self->configure(%conf, %{ $option{conf} // {} });
    $self->hba(@{ $option{hba} }) if $option{hba};
    $self->start unless defined $option{start} && !$option{start};
    return $self;
}

# initdb takes a second or two: done once per version and options, then copied.
sub _initdb {
    my ($self, $version, @option) = @_;
    my $place = $self->{place};
    @option = qw(--encoding=UTF8 --locale=C.UTF-8) unless @option;
    (my $key = join '', $version // '', @option) =~ s/\W//g;
    my $template = $place->shared_directory . "/_template-$key";
    open my $lock, '>', "$template.lock" or croak "cannot write $template.lock: $!";
    flock $lock, LOCK_EX;
    if (!-d $template) {
        $place->as_user("$self->{bin}/initdb", '-D', "$template.new", qw(-U postgres -A trust -N),
            @option);
        rename "$template.new", $template or croak "cannot rename $template.new: $!";
    }
    close $lock;
    $place->as_user('cp', '-a', $template, $self->{data});
}

# Appends settings; in force from the next start (or reload). A later one wins.
sub configure {
    my ($self, %conf) = @_;
    open my $file, '>>', "$self->{data}/postgresql.conf" or croak "cannot configure: $!";
    print $file "$_ = $conf{$_}\n" for sort keys %conf;
    close $file;
    return $self;
}

# Puts lines before all others of pg_hba.conf.
sub hba {
    my ($self, @lines) = @_;
    my $path = "$self->{data}/pg_hba.conf";
    open my $file, '+<', $path or croak "cannot open $path: $!";
    my @old = <$file>;
    seek $file, 0, 0;
    print $file "$_\n" for @lines;
    print $file @old;
    close $file;
    return $self;
}

sub start {
    my ($self) = @_;
    croak "$self->{name} runs already" if $self->{process};
    my $place = $self->{place};
    open my $log, '>>', $self->{log} or croak "cannot write $self->{log}: $!";
    close $log;
    $place->give($self->{log});
    # The shell's append keeps the log of earlier starts.
    $self->{process} = Custody::Test::Process->start(
        command => [
            '/bin/sh', '-c', 'exec "$0" -D "$1" >>"$2" 2>&1', "$self->{bin}/postgres",
            $self->{data}, $self->{log}
        ],
        dir => $place->directory,
        user => $place->user,
        directory => $self->{socket},
        env => { map { $_ => undef } grep { /^PG/ } keys %ENV },
        death_signal => 3,
    );
    my $deadline = time + 60;
    until ($self->_ready) {
        if (!$self->{process}->alive) {
            delete $self->{process};
            croak "$self->{name} did not start\n" . $self->log_tail;
        }
        croak "$self->{name} was not ready within 60 s\n" . $self->log_tail if time > $deadline;
        sleep 0.02;
    }
    return $self;
}

# The postmaster writes its state into the last line of its pid file; "ready" only once recovery is
# done, which the file of an earlier, killed start must not pretend.
sub _ready {
    my ($self) = @_;
    open my $file, '<', "$self->{data}/postmaster.pid" or return 0;
    my @line = <$file>;
    return @line >= 8 && $line[0] == $self->{process}->pid && $line[7] =~ /^(?:ready|standby)/;
}

my %stop_signal = (smart => 'TERM', fast => 'INT', immediate => 'QUIT');

# mode: smart, fast (default) or immediate.
sub stop {
    my ($self, $mode) = @_;
    my $process = delete $self->{process} or return $self;
    $process->signal($stop_signal{ $mode // 'fast' });
    $process->wait(60);
    return $self;
}

sub restart {
    my ($self, $mode) = @_;
    return $self->stop($mode)->start;
}

# As kill -9 does it, and as a machine that dies does it for the backends too.
sub kill9 {
    my ($self) = @_;
    my $process = delete $self->{process} or croak "$self->{name} does not run";
    my $pid = $process->pid;
    my @children = grep { (_process($_))[1] == $pid } map { m{(\d+)} } glob '/proc/[0-9]*';
    kill 'KILL', $pid, @children;
    $process->wait;
    my $deadline = time + 30;
    # A backend whose parent is gone is a zombie until init reaps it; it holds no memory then.
    while (my @left = grep { (_process($_))[0] !~ /[XZ]/ } @children) {
        croak "backends of $self->{name} outlive SIGKILL: @left" if time > $deadline;
        sleep 0.01;
    }
    return $self;
}

# State and parent of a process; X and 0 for one that is gone.
sub _process {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return ('X', 0);
    my $line = <$file> // '';
    return $line =~ /\) (\w) (\d+) / ? ($1, $2) : ('X', 0);
}

sub reload { my ($self) = @_; $self->{process}->signal('HUP'); return $self; }
sub running { my ($self) = @_; return $self->{process} && $self->{process}->alive; }
sub pid { $_[0]{process}->pid }
sub name { $_[0]{name} }
sub data_directory { $_[0]{data} }
sub socket_directory { $_[0]{socket} }

sub conninfo {
    my ($self, $database, $user) = @_;
    $_ = defined $_ ? s/([\\'])/\\$1/gr : 'postgres' for $database, $user;
    return "host=$self->{socket} port=5432 user='$user' dbname='$database'";
}

# Runs SQL as psql -XAtq does. Options: user, variables => {name => value}, file => path.
# Returns (exit code, stdout, stderr).
sub psql {
    my ($self, $database, $sql, %option) = @_;
    my $place = $self->{place};
    my @command = ($place->program('psql'), qw(-XAtq -v ON_ERROR_STOP=1));
    my $variables = $option{variables} // {};
    push @command, '-v', "$_=$variables->{$_}" for sort keys %$variables;
    my $file = $option{file} // $place->write_file($sql);
    push @command, '-d', $self->conninfo($database, $option{user}), '-f', $file;
    my $process = Custody::Test::Process->start(
        command => \@command,
        dir => $place->directory,
        env => { $place->clean_environment, PGOPTIONS => '-c client_min_messages=warning' },
    );
    $process->wait($option{timeout});
    unlink $file unless $option{file};
    return ($process->exit_code, $process->stdout =~ s/\n\z//r, $process->stderr);
}

# As psql, but returns the output and dies on an error.
sub sql {
    my ($self, $database, $sql, %option) = @_;
    my ($exit, $out, $err) = $self->psql($database, $sql, %option);
    croak "psql on $self->{name}/$database: exit $exit\n$err" if $exit;
    return $out;
}

# Runs a file of SQL; dies on an error.
sub file {
    my ($self, $database, $path, %option) = @_;
    return $self->sql($database, undef, %option, file => $path);
}

# Options: extension => 1 (CREATE EXTENSION custody), template, and what CREATE DATABASE takes
# (options => "ENCODING 'LATIN1' ..."). Returns the conninfo of it.
sub create_database {
    my ($self, $database, %option) = @_;
    (my $quoted = $database) =~ s/"/""/g;
    my $template = $option{template} // 'template0';
    $self->sql('postgres', qq(CREATE DATABASE "$quoted" TEMPLATE "$template" )
            . ($option{options} // ''));
    $self->sql($database, 'CREATE EXTENSION custody') if $option{extension};
    return $self->conninfo($database);
}

sub drop_database {
    my ($self, $database) = @_;
    (my $quoted = $database) =~ s/"/""/g;
    $self->sql('postgres', qq(DROP DATABASE IF EXISTS "$quoted" WITH (FORCE)));
}

# A psql that stays open: see Custody::Test::Session.
sub session {
    my ($self, $database, $user) = @_;
    my $place = $self->{place};
    my %clean = $place->clean_environment;
    local %ENV = %ENV;
    defined $clean{$_} ? ($ENV{$_} = $clean{$_}) : delete $ENV{$_} for keys %clean;
    return Custody::Test::Session->new($place->program('psql'), $self->conninfo($database, $user));
}

# Size of the log now; log_since($size) returns what came after.
sub log_position { my ($self) = @_; return -s $self->{log} // 0; }

sub log_since {
    my ($self, $position) = @_;
    open my $file, '<:raw', $self->{log} or return '';
    seek $file, $position // 0, 0;
    local $/;
    return scalar(<$file>) // '';
}

# What the log says of server processes that crashed; one that was killed (9) did not.
sub crashes {
    my ($self) = @_;
    return grep { /was terminated by signal (\d+)/ && $1 != 9 } split /\n/, $self->log_since(0);
}

sub log_tail {
    my ($self) = @_;
    my @line = split /\n/, $self->log_since(0);
    splice @line, 0, -30 if @line > 30;
    return join "\n", @line, '';
}

sub DESTROY {
    my ($self) = @_;
    return unless $self->{process} && $self->{owner} == $$;
    local ($?, $@, $!);
    eval { $self->stop('immediate') };
}

1;
