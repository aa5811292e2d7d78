# Measures a command: wall time, CPU of the servers' processes and of its own, peak memory.
package Custody::Bench::Meter;

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# (pid, parent, CPU seconds of itself and its waited-for children) of a process.
sub _stat {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/stat" or return;
    my $line = <$file> // return;
    $line =~ s/^\d+ \(.*\) // or return;
    my @field = split ' ', $line;
    return ($pid, $field[1], ($field[11] + $field[12] + $field[13] + $field[14]) / $ticks);
}

# Children still alive are not in their parent's times yet.
sub _family {
    my ($root) = @_;
    my (%parent, %cpu);
    for my $path (glob '/proc/[0-9]*') {
        my ($pid, $parent, $cpu) = _stat($path =~ /(\d+)$/) or next;
        @parent{$pid} = $parent;
        $cpu{$pid} = $cpu;
    }
    my %in = ($root => 1);
    for (my $more = 1; $more;) {
        $more = 0;
        for my $pid (keys %parent) {
            next if $in{$pid} || !$in{ $parent{$pid} };
            $more = $in{$pid} = 1;
        }
    }
    return map { $_ => $cpu{$_} // 0 } grep { defined $cpu{$_} } keys %in;
}

# CPU seconds of a process and its descendants, those that have ended included.
sub cpu {
    my %family = _family($_[0]);
    my $sum = 0;
    $sum += $_ for values %family;
    return $sum;
}

sub _resident {
    my %family = _family($_[0]);
    my $sum = 0;
    for my $pid (keys %family) {
        open my $file, '<', "/proc/$pid/status" or next;
        my ($kilobytes) = join('', <$file>) =~ /^VmRSS:\s+(\d+)/m;
        $sum += $kilobytes // 0;
    }
    return $sum;
}

# command: [...]; servers: {name => postmaster's pid}. Returns {exit, output, wall, peak (kB), tool
# and one entry per server (CPU seconds)}.
sub measure {
    my ($command, $server) = @_;
    my %before = map { $_ => cpu($server->{$_}) } keys %$server;
    my ($user, $system, $children_user, $children_system) = (times)[0 .. 3];
    pipe my $read, my $write or die "pipe: $!\n";
    my $start = time;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>&', $write;
        exec @$command or POSIX::_exit(127);
    }
    close $write;
    my $peak = 0;
    until (waitpid($pid, POSIX::WNOHANG()) > 0) {
        my $now = _resident($pid);
        $peak = $now if $now > $peak;
        sleep 0.05;
    }
    my $exit = $? >> 8;
    my %result = (wall => time - $start, exit => $exit, peak => $peak);
    my ($after_user, $after_system) = (times)[2, 3];
    $result{tool} = $after_user + $after_system - $children_user - $children_system;
    $result{output} = do { local $/; <$read> } // '';
    # Backends that have just been left need a moment to end and to be counted by their parent.
    sleep 0.2;
    $result{$_} = cpu($server->{$_}) - $before{$_} for keys %$server;
    return \%result;
}

sub median {
    my ($results, $field) = @_;
    my @sorted = sort { $a <=> $b } map { $_->{$field} } @{ $results // [] };
    return @sorted ? $sorted[ $#sorted / 2 ] : 0;
}

1;
