package Custody::Test::Pooler;

# pgbouncer in front of a cluster, which it reaches as one role.

use strict;
use warnings;
use Custody::Test::Process;

# Path of the program; undef where there is none.
sub program { (grep { -x } map { "$_/pgbouncer" } qw(/usr/sbin /usr/bin))[0] }

# Options: mode (transaction, session), user, size (of the pool).
sub start {
    my ($class, $cluster, $database, %option) = @_;
    my ($mode, $user) = ($option{mode} // 'transaction', $option{user} // 'postgres');
    my $temporary = Custody::Test::temporary_directory();
    my $name = join "-", $cluster->name, $database, $mode, $user;
    my $directory = "$temporary/b-$name";
    mkdir $directory;
    chmod 0777, $directory;
    my $socket = $cluster->socket_directory;
    my $size = $option{size} // 20;
    my $file = Custody::Test::write_file(<<"INI", "bouncer-$name.ini");
[databases]
$database = host=$socket port=5432 user=$user
[pgbouncer]
listen_port = 6432
unix_socket_dir = $directory
auth_type = any
pool_mode = $mode
ignore_startup_parameters = extra_float_digits,options
max_client_conn = 100
default_pool_size = $size
INI
    my $process = Custody::Test::Process->start(command => [ program(), $file ], dir => $temporary,
        user => $> ? undef : 'postgres', directory => $directory);
    Custody::Test::wait_for('the pooler listens', sub { -S "$directory/.s.PGSQL.6432" });
    return bless { process => $process, directory => $directory, user => $user,
        database => $database }, $class;
}

sub conninfo {
    my ($self) = @_;
    return "host=$self->{directory} port=6432 user=$self->{user} dbname=$self->{database}";
}

sub stop {
    my ($self) = @_;
    $self->{process}->signal('KILL');
    $self->{process}->wait;
    unlink "$self->{directory}/.s.PGSQL.6432";
}

1;
