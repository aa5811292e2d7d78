# Where a test works: the one temporary folder, the programs under test and the user that runs
# servers. The folder is short (a socket's path has 107 bytes), reachable by that user (a checkout
# under a home folder is not), and removed by whoever made it.
package Custody::Test::Place;

use strict;
use warnings;
use Carp qw(croak);
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(remove_tree make_path);
use File::Temp ();
use Custody::Test::Process;

# shared: the folder of a whole "make check", made by test/run; without it, one of our own.
sub new {
    my ($class) = @_;
    my $self = bless { top => abs_path(dirname(__FILE__) . '/../../../../..'), owner => $$ }, $class;
    $self->{build} = "$self->{top}/build";
    $self->{user} = $> ? undef : getpwnam 'postgres' ? 'postgres' : 'nobody';
    $self->{pg_config} = $ENV{PG_CONFIG} || 'pg_config';
    umask 022;
    if ($ENV{CUSTODY_TEST_ROOT}) {
        $self->{shared} = $ENV{CUSTODY_TEST_ROOT};
        $self->{directory} = File::Temp::tempdir('XXXX', DIR => $self->{shared});
    } else {
        my $tmp = $ENV{TMPDIR} || '/tmp';
        $tmp = '/tmp' if length $tmp > 50;
        $self->{shared} = $self->{directory} = File::Temp::tempdir('custody-XXXXXX', DIR => $tmp);
    }
    # A folder may only be moved or copied by its owner; psql files and outputs of root lie here too.
    chmod 0755, $self->{directory};
    $self->give($self->{directory});
    return $self;
}

sub directory { $_[0]{directory} }
sub shared_directory { $_[0]{shared} }
sub top { $_[0]{top} }
sub build { $_[0]{build} }
sub user { $_[0]{user} }

sub remove {
    my ($self) = @_;
    remove_tree($self->{directory}) if $self->{owner} == $$ && -d $self->{directory};
}

# Makes a file or folder the server user's.
sub give {
    my ($self, @path) = @_;
    return unless $self->{user};
    my ($uid, $gid) = (getpwnam $self->{user})[ 2, 3 ];
    chown $uid, $gid, @path;
}

sub make_directory {
    my ($self, $name) = @_;
    my $path = "$self->{directory}/$name";
    croak "the path of a socket in $path is too long" if length $path > 107 - 20;
    mkdir $path, 0755 or croak "cannot make $path: $!";
    $self->give($path);
    return $path;
}

my $files = 0;

sub write_file {
    my ($self, $text, $name) = @_;
    my $path = "$self->{directory}/" . ($name // 'file-' . ++$files);
    open my $file, '>:raw', $path or croak "cannot write $path: $!";
    utf8::encode($text) if utf8::is_utf8($text);
    print $file $text;
    close $file or croak "cannot write $path: $!";
    return $path;
}

# Runs a command as the server user; dies with its output when it fails.
sub as_user {
    my ($self, @command) = @_;
    my $process = Custody::Test::Process->start(
        command => \@command,
        dir => $self->{directory},
        user => $self->{user},
        directory => $self->{directory},
    )->wait;
    croak "@command: exit " . $process->exit_code . "\n" . $process->stdout . $process->stderr
        if $process->exit_code;
    return $process->stdout;
}

# What every client starts with: nothing of the caller's PG* or CUSTODY_* variables.
sub clean_environment {
    my %env = map { $_ => undef } grep { /^(?:PG(?!_CONFIG)|CUSTODY_(?!TEST_|DATA$))/ } keys %ENV;
    return (%env, LC_ALL => 'C.UTF-8', PGCONNECT_TIMEOUT => 20, NO_COLOR => 1);
}

# Programs of the installation under test (psql, pg_dump, ...).
sub program {
    my ($self, $name) = @_;
    return $self->bin_directory . "/$name";
}

# bin/ of a server: the one under test, or another major version from npm (copied to where the
# server user can reach it).
sub bin_directory {
    my ($self, $version) = @_;
    if (!defined $version) {
        $self->{bin} //= _capture($self->{pg_config}, '--bindir');
        return $self->{bin};
    }
    my $installed = "$self->{build}/servers/node_modules/pg$version/native";
    croak "no server of version $version: run test/servers/install" unless -d $installed;
    my $copy = "$self->{shared}/_server-$version";
    open my $lock, '>', "$copy.lock" or croak "cannot write $copy.lock: $!";
    flock $lock, LOCK_EX;
    system('cp', '-a', $installed, $copy) == 0 or croak "cannot copy $installed" unless -d $copy;
    close $lock;
    return "$copy/bin";
}

sub has_version {
    my ($self, $version) = @_;
    return -e "$self->{build}/servers/installed"
        && -d "$self->{build}/servers/node_modules/pg$version/native";
}

# Only Debian's servers look below a DESTDIR for extensions.
sub has_extension_destdir {
    my ($self) = @_;
    return $self->{destdir} //= do {
        my $text = `LC_ALL=C grep -c extension_destdir '@{[$self->program('postgres')]}'`;
        $text > 0 ? 1 : 0;
    };
}

# With CUSTODY_TEST_SANITIZE the extension is compiled with UndefinedBehaviorSanitizer and the
# library's assertions. Not with AddressSanitizer: its library must be the first that a server loads,
# and then Debian's server hangs before main() is through.
my $sanitize = '-O1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS -fsanitize=undefined'
    . ' -fno-sanitize=vptr -fno-sanitize-recover=undefined';

sub sanitized { $ENV{CUSTODY_TEST_SANITIZE} }

# The extension as "make install DESTDIR=" lays it out; brought up to date once per run.
sub stage {
    my ($self) = @_;
    my $kind = $self->sanitized ? '-sanitized' : '';
    my $stage = "$self->{shared}/_stage$kind";
    open my $lock, '>', "$stage.lock" or croak "cannot write $stage.lock: $!";
    flock $lock, LOCK_EX;
    if (!-d $stage) {
        my $process = Custody::Test::Process->start(
            command => [
                'make', '-s', '-C', $self->{top}, 'install-extension',
                "PG_CONFIG=$self->{pg_config}", "DESTDIR=$stage.new",
                $kind ? ('extension_build=build/sanitizers/extension', "COPT=$sanitize") : ()
            ],
            dir => $self->{directory},
            env => { MAKEFLAGS => undef, MAKELEVEL => undef },
        )->wait(900);
        croak "cannot install the extension\n" . $process->stdout . $process->stderr
            if $process->exit_code;
        rename "$stage.new", $stage or croak "cannot rename $stage.new: $!";
    }
    close $lock;
    return $stage;
}

# The loader under test; another build of it by CUSTODY_TEST_PROGRAM (the sanitizers').
sub loader {
    my ($self) = @_;
    my $path = $ENV{CUSTODY_TEST_PROGRAM} || "$self->{build}/custody";
    croak "$path is not built: run make" unless -x $path;
    return $path;
}

# A file of the real databases, or undef where they are absent.
sub data_file {
    my ($self, $name) = @_;
    my $directory = $ENV{CUSTODY_DATA} || "$self->{top}/../shared/data";
    return -r "$directory/$name" ? abs_path("$directory/$name") : undef;
}

sub _capture {
    my (@command) = @_;
    open my $pipe, '-|', @command or croak "cannot run $command[0]: $!";
    my $line = <$pipe>;
    close $pipe;
    croak "$command[0] said nothing" unless defined $line;
    chomp $line;
    return $line;
}

1;
