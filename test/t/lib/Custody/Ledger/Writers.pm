# Writers and sealers of an audited table that can be killed at any moment. Each transaction says in
# table truth, which is not audited, how many events it must have: counted here, from what its
# savepoints leave, not by triggers. A line "done XID EVENTS" says that its commit was acknowledged.
package Custody::Ledger::Writers;

use strict;
use warnings;
use Custody::Test ();
use Custody::Test::Process;

my $made = 0;

# cluster, database: the tables are made. Writers never wait for one another: each has pool rows of
# its own (ids from writer * 100 on).
sub new {
    my ($class, $cluster, $database, %option) = @_;
    my $self = bless { cluster => $cluster, database => $database, writers => $option{writers} // 4,
        sealers => $option{sealers} // 2, running => {}, said => {} }, $class;
    $cluster->sql($database, qq{
        CREATE TABLE truth (xid xid8, events int, at timestamptz DEFAULT clock_timestamp());
        CREATE TABLE item (id bigserial PRIMARY KEY, org int, name text, price numeric DEFAULT 0);
        CREATE INDEX ON item (name);
        INSERT INTO item SELECT w * 100 + i, i % 5, 'pool' FROM generate_series(1, $self->{writers}) w,
            generate_series(1, 20) i;
        SELECT setval('item_id_seq', 100000);
        SELECT custody.audit('item', org_column => 'org')});
    return $self;
}

sub below { Custody::Test::random_below(@_) }

# One step: SQL and its events.
sub step {
    my ($self, $writer, $depth, $locks) = @_;
    my $name = 'w' . ++$made;
    my $rows = 1 + below(4);
    my $insert = "INSERT INTO item (org, name) SELECT i % 5, '$name' FROM generate_series(1, $rows) i;\n";
    my $pool = $writer * 100 + 1 + below(20);
    my $kind = below($depth < 3 ? 9 : 5);
    return ($insert, $rows) if $kind < 2 || ($kind < 4 && !$locks);
    return ("UPDATE item SET price = price + 1 WHERE id = $pool;\n", 1) if $kind == 2;
    return ("UPDATE item SET org = (org + 1) % 5 WHERE id = $pool;\n", 2) if $kind == 3;
    return ($insert . "DELETE FROM item WHERE name = '$name';\n", 2 * $rows) if $kind == 4;
    return ("DO \$\$ BEGIN $insert RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END \$\$;\n", 0)
        if $kind == 5;
    my ($sql, $events) = $self->steps($writer, $depth + 1, $locks);
    return ("SAVEPOINT $name;\n${sql}ROLLBACK TO $name;\n", 0) if $kind == 6;
    return ("SAVEPOINT $name;\n${sql}RELEASE $name;\n", $events);
}

sub steps {
    my ($self, $writer, $depth, $locks) = @_;
    my ($all, $sum) = ('', 0);
    for (0 .. below(4)) {
        my ($sql, $events) = $self->step($writer, $depth, $locks);
        $all .= $sql;
        $sum += $events;
    }
    return ($all, $sum);
}

sub transaction {
    my ($self, $writer) = @_;
    my $end = below(10);
    # A prepared transaction may stay for long: it locks nothing that others want.
    my ($sql, $events) = $self->steps($writer, 0, $end > 2);
    my $gid = 'g' . ++$made;
    my $begin = 'BEGIN' . (below(6) ? '' : ' ISOLATION LEVEL REPEATABLE READ') . ";\n";
    $sql = "${begin}SELECT pg_current_xact_id() AS xid \\gset\n$sql";
    $sql .= 'SELECT pg_sleep(' . below(10) / 10 . ");\n" if !below(12);
    return "${sql}ROLLBACK;\n" if $end == 9;
    $sql .= "INSERT INTO truth VALUES (:'xid', $events);\n";
    my $done = "\\echo done :xid $events\n";
    return "${sql}COMMIT;\n$done" if $end > 2;
    return "${sql}PREPARE TRANSACTION '$gid';\n" . ($end ? "COMMIT PREPARED '$gid';\n$done" : '');
}

sub script_of {
    my ($self, $name) = @_;
    return join '', map { "SELECT custody.seal();\nSELECT pg_sleep(random() * 0.05);\n" } 1 .. 200 if $name =~ /^s/;
    my ($writer) = $name =~ /(\d+)/;
    return join '', map { $self->transaction($writer) } 1 .. 40;
}

sub names {
    my ($self) = @_;
    return (map({ "writer$_" } 1 .. $self->{writers}), map { "sealer$_" } 1 .. $self->{sealers});
}

# Starts whoever does not run, and keeps what those said that have ended.
sub tend {
    my ($self, %option) = @_;
    for my $name ($self->names) {
        my $process = $self->{running}{$name};
        next if $process && $process->alive;
        $self->harvest($name);
        next if $option{stop};
        my $file = Custody::Test::write_file($self->script_of($name));
        $self->{running}{$name} = Custody::Test::Process->start(
            command => [ Custody::Test::program('psql'), qw(-XAtq -v ON_ERROR_STOP=1 -d),
                $self->{cluster}->conninfo($self->{database}), '-f', $file ],
            dir => Custody::Test::temporary_directory(), env => { PGAPPNAME => $name });
        $self->{file}{$name} = $file;
    }
    return;
}

sub harvest {
    my ($self, $name) = @_;
    my $process = delete $self->{running}{$name} or return;
    unlink delete $self->{file}{$name};
    my $out = $process->stdout;
    my $said = $self->{said};
    $said->{done}{$1} = $2 while $out =~ /^done (\d+) (\d+)$/mg;
    if ($name =~ /^s/) { $said->{sealed}{$1}++ while $out =~ /^(\d+)$/mg }
    $said->{ended}{ $process->exit_code }++;
    my $error = $process->stderr;
    # 57P0x and a lost connection are what a kill looks like to the others.
    $said->{errors}{$error}++ if $process->exit_code == 3
        && $error !~ /terminat|connection|starting up|recovery mode|shutting down/;
    unlink $process->{out}, $process->{err};
    return;
}

sub pid_of { my ($self, $name) = @_; my $process = $self->{running}{$name}; return $process && $process->pid }

# Lets everybody come to an end (the sealers are stopped).
sub finish {
    my ($self) = @_;
    my @name = sort keys %{ $self->{running} };
    for my $name (grep { /^s/ } @name) { $self->{running}{$name}->signal('TERM') }
    $self->{running}{$_}->wait(120) for @name;
    $self->harvest($_) for @name;
    return $self->{said};
}

1;
