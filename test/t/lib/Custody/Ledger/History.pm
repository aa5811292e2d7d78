# Sessions that change the tables of test/data/history at random, side by side, each in transactions with savepoints;
# after each commit the model takes a copy of what the tables hold.
package Custody::Ledger::History;

use strict;
use warnings;
use Custody::Ledger::Statements qw(change_rows change_table columns_sql below pick);
use Custody::Test ();

# Options: sessions (3), altering (1 in so many transactions changes tables; 0: none), counting.
sub new {
    my ($class, $cluster, $database, %option) = @_;
    my $self = bless { cluster => $cluster, database => $database, committed => 0, %option }, $class;
    my $data = Custody::Test::source_directory() . '/test/data/history';
    $cluster->file($database, "$data/$_.sql") for 'tables', 'model', $option{counting} ? 'counts' : ();
    $cluster->sql($database, 'SELECT model.count_begin()') if $option{counting};
    $self->{model} = $cluster->session($database);
    $self->take('NULL', 'true');
    $self->{writers} = [ map { $self->writer($_) } 1 .. $option{sessions} // 3 ];
    $self->{tables} = [ split /\n/, $self->{model}->query('SELECT tbl FROM model.subject ORDER BY recorded') ];
    return $self;
}

sub writer {
    my ($self, $number) = @_;
    my $session = $self->{cluster}->session($self->{database});
    $session->query("SET deadlock_timeout = '20ms'; SET client_min_messages = error; SET application_name = 'writer $number'");
    return { session => $session, number => $number, state => 'idle' };
}

sub columns {
    my ($self, $session) = @_;
    my %columns;
    for (split /\n/, $session->query(columns_sql())) {
        my ($table, undef, $generated, $type, $name) = /^(\S+) (\d+) (\d) ([^|]*)\|(.*)$/ or die "no column: $_";
        push @{ $columns{$table} }, { name => $name, quoted => $name =~ /^[a-z]\w*$/ ? $name : qq("$name"), type => $type, generated => $generated };
    }
    return \%columns;
}

sub take {
    my ($self, $xid, $altered) = @_;
    $xid = "'$xid'" if $xid ne 'NULL';
    $self->{moment} = $self->{model}->query("SELECT model.take($xid, $altered)");
    $self->{columns} = $self->columns($self->{model}) if $altered eq 'true';
}

sub log_line { my ($self, $w, $what) = @_; push @{ $self->{log} }, "$w->{number}: $what" }

# Sends a statement; where it waits for another session, the answer is fetched later.
sub say {
    my ($self, $w, $sql) = @_;
    $self->log_line($w, $sql);
    $w->{session}->send($sql);
    $w->{state} = 'waiting';
    $self->listen($w, 0.05);
}

sub listen {
    my ($self, $w, $seconds) = @_;
    return 0 if !$w->{session}->answered($seconds);
    my $text = $w->{session}->finish(error => 1);
    $w->{state} = 'open';
    if ($text =~ /ERROR:\s+(.*)/) {
        my $error = $1;
        $self->log_line($w, "  ! $error");
        $self->{errors}{ $error =~ s/"[^"]*"/".."/gr =~ s/\d+/N/gr }++;
        die "$error: $self->{log}[-2]" if $error =~ /custody|ledger|audit|image|XX\d/ && $error !~ /cannot alter|is not recorded/;
        $self->failed($w);
    }
    return 1;
}

sub failed {
    my ($self, $w) = @_;
    $w->{checked} = 0;
    if (@{ $w->{savepoints} } && below(4)) {
        $w->{session}->query("ROLLBACK TO $w->{savepoints}[-1]");
        return;
    }
    $w->{session}->query('ROLLBACK');
    $self->ended($w);
}

sub ended {
    my ($self, $w) = @_;
    $w->{state} = 'idle';
    $self->{alone} = undef if $self->{alone} && $self->{alone} == $w;
}

sub begin {
    my ($self, $w) = @_;
    @$w{qw(state savepoints altered checked left)} = ('open', [], 0, 0, 1 + below(6));
    $w->{columns} = $self->{columns};
    $w->{session}->query('BEGIN' . pick('', '', '', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE'));
    $w->{session}->query('SELECT pg_current_xact_id()') if !below(3);
    $w->{favourite} = pick(@{ $self->{tables} });
    if ($self->{altering} && !$self->{alone} && !below($self->{altering})) {
        $self->{alone} = $w;
        $w->{alters} = 1;
        $w->{session}->query("SET LOCAL lock_timeout = '60ms'");
    } else { $w->{alters} = 0 }
}

sub statement {
    my ($self, $w) = @_;
    my $how = below(10);
    if ($how == 0 && @{ $w->{savepoints} } < 3) {
        push @{ $w->{savepoints} }, 's' . ++$self->{savepoint};
        return $self->say($w, "SAVEPOINT $w->{savepoints}[-1]");
    }
    if ($how == 1 && @{ $w->{savepoints} }) {
        my $name = $w->{savepoints}[ below(scalar @{ $w->{savepoints} }) ];
        pop @{ $w->{savepoints} } while $w->{savepoints}[-1] ne $name;
        return $self->say($w, "ROLLBACK TO $name");
    }
    if ($w->{alters} && below(2)) {
        $w->{altered} = 1;
        $self->say($w, change_table($w->{columns}));
        $w->{session}->answered(10);
        $self->listen($w, 10) if $w->{state} eq 'waiting';
        $w->{columns} = $self->columns($w->{session}) if $w->{state} eq 'open';
        return;
    }
    $self->say($w, change_rows($w->{columns}, below(3) ? $w->{favourite} : pick(@{ $self->{tables} })));
}

# Ends a transaction. What may wait while it commits is done before.
sub end {
    my ($self, $w) = @_;
    my $session = $w->{session};
    if (!below(8)) {
        $self->log_line($w, 'ROLLBACK');
        $session->query('ROLLBACK');
        return $self->ended($w);
    }
    if (!$w->{checked} && ($self->busy > 1 || @{ $self->{prepared} // [] })) {
        $w->{checked} = 1;
        return $self->say($w, 'SET CONSTRAINTS ALL IMMEDIATE');
    }
    $w->{checked} = 0;
    my $xid = $session->query('SELECT pg_current_xact_id_if_assigned()');
    if ($xid ne '' && !$w->{altered} && $self->{preparing} && !below(10)) {
        my $gid = 'g' . $xid;
        my $error = $session->query("PREPARE TRANSACTION '$gid'", error => 1);
        $self->log_line($w, "PREPARE $gid $error");
        push @{ $self->{prepared} }, [ $gid, $xid ] if $error eq '';
        return $self->ended($w);
    }
    my $error = $session->query('COMMIT', error => 1);
    $self->log_line($w, "COMMIT $xid $error");
    $self->committed($xid, $w->{altered}) if $error !~ /ERROR/ && $xid ne '';
    $self->{errors}{"COMMIT: $error"}++ if $error =~ /ERROR/;
    return $self->ended($w);
}

sub committed {
    my ($self, $xid, $altered) = @_;
    $self->{committed}++;
    $self->{last} = $xid;
    $self->take($xid, $altered ? 'true' : 'false');
    $self->{after}->($self) if $self->{after};
}

sub resolve {
    my ($self) = @_;
    my $prepared = splice @{ $self->{prepared} }, below(scalar @{ $self->{prepared} }), 1;
    my $what = pick('COMMIT', 'COMMIT', 'ROLLBACK');
    $self->{model}->query("$what PREPARED '$prepared->[0]'");
    push @{ $self->{log} }, "$what PREPARED $prepared->[0]";
    $self->committed($prepared->[1], 0) if $what eq 'COMMIT';
}

sub busy { my ($self) = @_; return scalar grep { $_->{state} ne 'idle' } @{ $self->{writers} } }

# One step of somebody.
sub step {
    my ($self) = @_;
    my @writers = @{ $self->{writers} };
    $self->listen($_, 0) for grep { $_->{state} eq 'waiting' } @writers;
    my @can = grep { $_->{state} ne 'waiting' && (!$self->{alone} || $self->{alone} == $_) } @writers;
    @can = grep { $_->{state} ne 'idle' } @can if $self->{quieting};
    return $self->resolve if @{ $self->{prepared} // [] } && !$self->{alone} && (!@can || $self->{quieting} || !below(12));
    if (!@can) {
        for my $w (grep { $_->{state} eq 'waiting' } @writers) { return if $self->listen($w, 0.3) }
        die "everybody waits:\n" . join("\n", @{ $self->{log} }[ -20 .. -1 ]) if ++$self->{stuck} > 40;
        return;
    }
    $self->{stuck} = 0;
    my $w = pick(@can);
    return $self->begin($w) if $w->{state} eq 'idle';
    return $w->{left}-- > 0 ? $self->statement($w) : $self->end($w);
}

# Lets all transactions come to their ends.
sub quiet {
    my ($self) = @_;
    local $self->{quieting} = 1;
    $self->step while $self->busy || @{ $self->{prepared} // [] };
}

sub run {
    my ($self, $transactions) = @_;
    my $until = $self->{committed} + $transactions;
    while ($self->{committed} < $until) {
        $self->step;
        $self->{cluster}->sql($self->{database}, 'SELECT custody.seal()') if !below(60);
    }
    $self->quiet;
}

1;
