# What the tests of a "make check" reported, and the sum of it.
package Custody::Check::Results;

use strict;
use warnings;
use File::Path qw(make_path);

# directory: for the layers' logs; skips: the list of skips that are allowed.
sub new {
    my ($class, $directory, $skips) = @_;
    make_path($directory);
    my $self = bless { directory => $directory, records => [], allowed => [] }, $class;
    open my $file, '<', $skips or die "cannot read $skips: $!\n";
    while (<$file>) {
        next if /^\s*(?:#|$)/;
        chomp;
        my ($test, $reason, $why) = split /\s*\|\s*/, $_, 3;
        die "$skips:$.: a line is TEST | REASON | WHY IT IS ALLOWED\n" unless length($why // '');
        (my $pattern = quotemeta $test) =~ s/\\\*/.*/g;
        push @{ $self->{allowed} }, [ qr/^$pattern$/, $reason ];
    }
    return $self;
}

sub log_file { return "$_[0]{directory}/$_[1].log"; }

sub begin {
    my ($self, $layer) = @_;
    print "== $layer\n";
}

# outcome: passed, failed or skipped; text: the reason, or the end of a failure's output.
sub add {
    my ($self, $layer, $test, $outcome, $text) = @_;
    $text //= '';
    if ($outcome eq 'skipped' && !$self->_may_skip("$layer/$test", $text)) {
        ($outcome, $text) = ('failed', "skipped ($text), which is not on test/skips.list");
    }
    push @{ $self->{records} },
        { layer => $layer, test => $test, outcome => $outcome, text => $text };
    print "   failed: $test\n" . _indented($text) if $outcome eq 'failed';
}

sub _indented {
    my ($text) = @_;
    my @line = split /\n/, $text;
    splice @line, 0, @line - 60, '...' if @line > 60;
    return join '', map { "      $_\n" } @line;
}

sub _may_skip {
    my ($self, $test, $reason) = @_;
    return scalar grep { $test =~ $_->[0] && index($reason, $_->[1]) == 0 } @{ $self->{allowed} };
}

sub _count {
    my ($self, $layer) = @_;
    my %count = (passed => 0, failed => 0, skipped => 0);
    $count{ $_->{outcome} }++ for grep { !$layer || $_->{layer} eq $layer } @{ $self->{records} };
    return \%count;
}

sub end {
    my ($self, $layer, $seconds) = @_;
    my $count = $self->_count($layer);
    if (!grep { $_ } values %$count) {
        $self->add($layer, 'layer', 'failed', 'it ran no test');
        $count = $self->_count($layer);
    }
    printf "   %s: %d passed, %d failed, %d skipped (%.0f s)\n", $layer,
        @{$count}{qw(passed failed skipped)}, $seconds;
}

# Prints failures and skips again, then the one line; returns the exit code.
sub conclude {
    my ($self, $seconds) = @_;
    my $count = $self->_count;
    print "\n";
    for my $outcome (qw(skipped failed)) {
        for my $record (grep { $_->{outcome} eq $outcome } @{ $self->{records} }) {
            my ($first) = split /\n/, $record->{text};
            print "$outcome: $record->{layer}/$record->{test}",
                defined $first ? ": $first" : '', "\n";
        }
    }
    printf "in %.0f s; logs are in %s\n", $seconds, $self->{directory} =~ s{.*/(?=build/)}{}r;
    printf "%d passed, %d failed, %d skipped\n", @{$count}{qw(passed failed skipped)};
    return $count->{failed} || !$count->{passed} ? 1 : 0;
}

1;
