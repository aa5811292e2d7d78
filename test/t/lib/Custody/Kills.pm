# What the tests that kill the loader share: the small database test/data/kills.sql on a source, and
# as many empty targets of it as are asked for.
package Custody::Kills;

use strict;
use warnings;
use Custody::Judge ();
use Custody::Test ();

# source => cluster, target => cluster; starts them where they are not given.
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        source => $option{source} // Custody::Test::start_cluster('source'),
        target => $option{target} // Custody::Test::start_cluster('target'),
        name => $option{name} // 'shop',
        options => $option{options} // [ '--roles', '--jobs', 2, '--part-size', '64kB' ],
    }, $class;
    if (!$option{filled}) {
        $self->{source}->create_database($self->{name});
        $self->{source}->file($self->{name},
            Custody::Test::source_directory() . '/test/data/kills.sql');
    }
    $self->{target}->create_database('blank', extension => 1);
    return $self;
}

sub source { $_[0]{source} }
sub target { $_[0]{target} }
sub name { $_[0]{name} }

# An empty target, whatever was there.
sub fresh {
    my ($self) = @_;
    $self->{target}->drop_database($self->{name});
    $self->{target}->create_database($self->{name}, template => 'blank');
    return $self;
}

sub on_source { my ($self, $sql, %option) = @_; return $self->{source}->sql($self->{name}, $sql, %option); }
sub on_target { my ($self, $sql, %option) = @_; return $self->{target}->sql($self->{name}, $sql, %option); }

sub ends {
    my ($self) = @_;
    return ('--source', $self->{source}->conninfo($self->{name}),
        '--target', $self->{target}->conninfo($self->{name}));
}

sub arguments {
    my ($self, $command, @more) = @_;
    my @ends = $self->ends;
    splice @ends, 0, 2 if $command =~ /^(?:abandon|status|report)$/;
    return ($command, @ends, ($command eq 'run' ? @{ $self->{options} } : ()), @more);
}

# custody COMMAND with the usual options; the last argument may be {env => {...}}.
sub custody { my ($self, @argument) = @_; return Custody::Test::custody($self->arguments(@argument)); }
sub start { my ($self, @argument) = @_; return Custody::Test::start_custody($self->arguments(@argument)); }

# Starts custody and returns once it waits at POINT: the process, and a sub that lets it go on.
# MORE is further failpoints ("B=kill"); a sub among the arguments is called once it runs.
my $waits = 0;

sub start_until {
    my ($self, $point, $more, @argument) = @_;
    my $file = Custody::Test::temporary_directory() . '/wait-' . ++$waits;
    my ($meanwhile) = grep { ref eq 'CODE' } @argument;
    @argument = grep { ref ne 'CODE' } @argument;
    my $process = $self->start(@argument,
        { env => { CUSTODY_FAILPOINT => join ';', "$point=wait:$file", $more || () } });
    $meanwhile->() if $meanwhile;
    Custody::Test::wait_for("the loader at $point", sub {
        die "it ended before: " . $process->stderr unless $process->alive;
        -e $file;
    });
    return ($process, sub { unlink $file });
}

sub kill9 {
    my ($self, $process) = @_;
    $process->signal('KILL');
    return $process->wait(60);
}

# The end of a process as custody() returns it.
sub end_of {
    my ($self, $process) = @_;
    $process->wait(120);
    return { exit => $process->exit_code, stdout => $process->stdout, stderr => $process->stderr };
}

# Verdicts of the newest migration that are not "equal", and its state.
sub state {
    my ($self) = @_;
    return $self->on_target(q{
        SELECT m.state || coalesce((SELECT string_agg(format(', %s %s %s', v.object_type,
                   v.target_object, v.verdict), '' ORDER BY 1)
                 FROM custody.migration_verdict v
                WHERE v.migration_id = m.id AND v.verdict <> 'equal'), '')
          FROM custody.migration m ORDER BY m.id DESC LIMIT 1});
}

sub judge {
    my ($self, @option) = @_;
    return Custody::Judge::compare([ $self->{source}, $self->{name} ],
        [ $self->{target}, $self->{name} ], @option);
}

# What is wrong after a run that ended well; '' when nothing is.
sub wrong {
    my ($self, $run, @option) = @_;
    return "exit $run->{exit}\n$run->{stderr}" if $run->{exit} != 0;
    my $state = $self->state;
    return "state $state\n$run->{stderr}" if $state ne 'done';
    my $judged = $self->judge(@option);
    return $judged->{exit} == 0 ? '' : "the judge: $judged->{stdout}$judged->{stderr}";
}

# Sessions of the loader that still work on the target.
sub backends {
    my ($self) = @_;
    return $self->{target}->sql('postgres',
        q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'custody%'});
}

1;
