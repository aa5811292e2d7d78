package Custody::Test::Pooler;

# pgbouncer in front of a cluster, which it reaches as one role.

use strict;
use warnings;
use Custody::Test::Process;

# Path of the program; undef where there is none.
sub program { (grep { -x } map { "$_/pgbouncer" } qw(/usr/sbin /usr/bin))[0] }

# Options: mode (transaction, session), user, size (of the pool), users (each of them by itself: see conninfo), reset
# (DISCARD ALL between two clients, in transaction mode, too).
sub start {
    my ($class, $cluster, $database, %option) = @_;
    my ($mode, $user) = ($option{mode} // 'transaction', $option{user} // 'postgres');
    my $temporary = Custody::Test::temporary_directory();
    my $name = join "-", $cluster->name, $database, $mode, $user, $option{reset} ? 'reset' : ();
    my $directory = "$temporary/b-$name";
    mkdir $directory;
    chmod 0777, $directory;
    my $socket = $cluster->socket_directory;
    my $size = $option{size} // 20;
    my $reset = $option{reset} ? 1 : 0;
    my $each = join '', map { "$_ = host=$socket port=5432 user=$_ dbname=$database\n" } @{ $option{users} // [] };
    my $file = Custody::Test::write_file(<<"INI", "bouncer-$name.ini");
[databases]
$database = host=$socket port=5432 user=$user
${each}[pgbouncer]
listen_port = 6432
unix_socket_dir = $directory
auth_type = any
pool_mode = $mode
ignore_startup_parameters = extra_float_digits,options
max_client_conn = 100
default_pool_size = $size
server_reset_query_always = $reset
INI
    my $process = Custody::Test::Process->start(command => [ program(), $file ], dir => $temporary,
        user => $> ? undef : 'postgres', directory => $directory);
    Custody::Test::wait_for('the pooler listens', sub { -S "$directory/.s.PGSQL.6432" });
    return bless { process => $process, directory => $directory, user => $user,
        database => $database }, $class;
}

# Of the user that was started with, or of one of the users.
sub conninfo {
    my ($self, $one) = @_;
    my ($user, $database) = $one ? ($one, $one) : @$self{qw(user database)};
    return "host=$self->{directory} port=6432 user=$user dbname=$database";
}

sub stop {
    my ($self) = @_;
    $self->{process}->signal('KILL');
    $self->{process}->wait;
    unlink "$self->{directory}/.s.PGSQL.6432";
}

1;
