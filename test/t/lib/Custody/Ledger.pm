# A second opinion on what capture wrote: every event's hash, every organization's tree and every
# transaction's row, computed again from the stored columns as docs/ledger-format.md has it.
package Custody::Ledger;

use strict;
use warnings;
use Digest::SHA qw(sha256);

use parent qw(Exporter);

our @EXPORT_OK = qw(ledger_faults events_of event_counts image_of context_of tree_of event_leaf lp
    read_contexts);

sub bytes { pack 'H*', $_[0] }
sub lp { pack('N', length $_[0]) . $_[0] }

sub tree_of {
    my @leaf = @_;
    return sha256("\x13") if !@leaf;
    return $leaf[0] if @leaf == 1;
    my $left = 1;
    $left *= 2 while $left * 2 < @leaf;
    return sha256("\x01" . tree_of(@leaf[ 0 .. $left - 1 ]) . tree_of(@leaf[ $left .. $#leaf ]));
}

# tx.contexts -> of each context its commitment (hash) and its parts: [salt, bytes], or a commitment alone
# where the part was erased.
sub read_contexts {
    my ($blob) = @_;
    my $count = unpack 'n', $blob;
    my ($at, @context) = (2);
    for (1 .. $count) {
        my ($hashes, @part) = ('');
        for my $part (0 .. 2) {
            if (ord(substr $blob, $at, 1) == 0) {
                push @part, substr $blob, $at + 1, 32;
                $hashes .= $part[-1];
                $at += 33;
                next;
            }
            my $length = unpack 'N', substr $blob, $at + 17, 4;
            push @part, [ substr($blob, $at + 1, 16), substr $blob, $at + 21, $length ];
            $hashes .= sha256("\x05" . chr($part) . join '', @{ $part[-1] });
            $at += 21 + $length;
        }
        push @context, { parts => \@part, hash => sha256("\x06$hashes") };
    }
    die "bytes behind the contexts\n" if $at != length $blob;
    return @context;
}

sub events_of {
    my ($cluster, $database, $where) = @_;
    my @column = qw(xid seq cid lsn tbl descriptor pair context op);
    my @bytes = qw(key_salt images_salt org key old new);
    my $sql = 'SELECT ' . join(", ':', ", map({ "coalesce($_\::text, '-')" } map { $_ eq 'lsn' ? "(lsn - '0/0')" : $_ } @column),
        map({ "replace($_\::text, '-', '')" } @bytes[ 0, 1 ]),
        map({ "coalesce(encode($_, 'hex'), '-')" } @bytes[ 2 .. 5 ]));
    $sql =~ s/^SELECT (.*)$/SELECT concat($1)/s;
    my $text = $cluster->sql($database, "$sql FROM custody_ledger.event WHERE "
        . ($where // 'true') . ' ORDER BY xid, seq');
    return map { my %event; @event{ @column, @bytes } = split /:/; \%event } split /\n/, $text;
}

# place: secret of the transaction, incarnation and xid as they are hashed.
sub event_leaf {
    my ($event, $place, $context, $descriptor) = @_;
    my ($old, $new) = map { ($_ // '-') eq '-' ? "\0" : bytes($_) } @$event{qw(old new)};
    my $order = sha256("\x02" . $place . pack('NNQ>N', $event->{seq}, $event->{cid}, $event->{lsn},
        ($event->{pair} // '-') eq '-' ? 0xffffffff : $event->{pair}));
    return sha256("\x00\x01" . $order . $event->{op} . $context . $descriptor
        . ($event->{key_hash} ? bytes($event->{key_hash}) : sha256("\x03" . bytes($event->{key_salt}) . bytes($event->{key})))
        . ($event->{images_hash} ? bytes($event->{images_hash})
            : sha256("\x04" . bytes($event->{images_salt}) . lp($old) . lp($new))));
}

# What is wrong in the ledger, transaction by transaction; nothing where all holds. Dies where there
# is no transaction at all.
sub ledger_faults {
    my ($cluster, $database) = @_;
    my ($system, $timeline, $oid) = split /:/, $cluster->sql($database, q{SELECT concat_ws(':', s.system_identifier,
        c.timeline_id, d.oid) FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
        WHERE datname = current_database()});
    my $incarnation = sha256("\x12" . pack 'Q>NN', $system, $timeline, $oid);
    my %descriptor = map { my ($id, $hex) = split /:/; $id => sha256("\x07" . bytes($hex)) } split /\n/,
        $cluster->sql($database, q{SELECT id || ':' || encode(convert_to(text, 'UTF8'), 'hex') FROM custody_ledger.descriptor});
    my %tx;
    for (split /\n/, $cluster->sql($database, q{SELECT concat_ws(':', xid, events, incarnation, encode(secret, 'hex'),
            encode(orgs, 'hex'), encode(contexts, 'hex')) FROM custody_ledger.tx})) {
        my ($xid, $events, $short, $secret, $orgs, $contexts) = split /:/;
        $tx{$xid} = { events => $events, short => $short, orgs => $orgs,
            place => bytes($secret) . $incarnation . pack('Q>', $xid), context => [ map { $_->{hash} } read_contexts(bytes($contexts)) ] };
    }
    die "no transaction is in the ledger\n" unless %tx;
    my (@fault, %tree);
    for my $event (events_of($cluster, $database)) {
        my $tx = $tx{ $event->{xid} };
        push @fault, "event $event->{xid}/$event->{seq} has no transaction" and next unless $tx;
        push @{ $tree{ $event->{xid} }{ bytes($event->{org}) } }, event_leaf($event, $tx->{place},
            $tx->{context}[ $event->{context} ], $descriptor{ $event->{descriptor} });
    }
    for my $xid (sort { $a <=> $b } keys %tx) {
        my ($count, $orgs) = (0, '');
        for my $org (sort keys %{ $tree{$xid} // {} }) {
            my @leaf = @{ $tree{$xid}{$org} };
            $count += @leaf;
            $orgs .= lp($org) . pack('N', scalar @leaf) . tree_of(@leaf);
        }
        push @fault, "transaction $xid has $count events, its row says $tx{$xid}{events}" if $count != $tx{$xid}{events};
        push @fault, "trees of transaction $xid differ" if unpack('H*', $orgs) ne $tx{$xid}{orgs};
        push @fault, "incarnation of transaction $xid differs" if unpack('q>', $incarnation) != $tx{$xid}{short};
    }
    return @fault;
}

# The fields of an event's context by name; undef is unknown.
sub context_of {
    my ($cluster, $database, $event) = @_;
    my $blob = bytes($cluster->sql($database, "SELECT encode(contexts, 'hex') FROM custody_ledger.tx WHERE xid = '$event->{xid}'"));
    my @name = (
        [qw(session_user outer_user current_user user role way)], [qw(application address pid origin)], [qw(claims orgs query)]);
    my ($at, %field) = (2);
    for my $context (0 .. $event->{context}) {
        for my $part (0 .. 2) {
            my $next = $at + 21 + unpack 'N', substr $blob, $at + 17, 4;
            my $place = $at + 21;
            die "another number of fields\n" if unpack('n', substr $blob, $place, 2) != @{ $name[$part] };
            $place += 2;
            for my $name (@{ $name[$part] }) {
                my $length = unpack 'l>', substr $blob, $place, 4;
                $field{$name} = $length < 0 ? undef : substr $blob, $place + 4, $length;
                $place += 4 + ($length < 0 ? 0 : $length);
            }
            die "bytes behind a part\n" if $place != $next;
            $at = $next;
        }
    }
    return \%field;
}

# 'I2 U1' for two inserted rows and one updated.
sub event_counts {
    my ($cluster, $database, $where) = @_;
    my %count;
    $count{ $_->{op} }++ for events_of($cluster, $database, $where);
    return join ' ', map { "$_$count{$_}" } sort keys %count;
}

# An image as a list: kind, then values as text (undef for NULL), or position => value.
sub image_of {
    my ($image) = map { bytes($_) } @_;
    my ($kind, @out) = unpack 'C', $image;
    return ('text', substr $image, 1) if $kind == 3;
    my $count = unpack 'n', substr $image, 1, 2;
    my $at = 3;
    for (1 .. $count) {
        if ($kind == 2) { push @out, unpack 'n', substr $image, $at, 2; $at += 2 }
        my $length = unpack 'l>', substr $image, $at, 4;
        my $size = $length >= 0 ? $length : { -1 => 0, -2 => 0, -3 => 32, -4 => 40 }->{$length};
        push @out, $length >= 0 ? substr($image, $at + 4, $size) : { -1 => undef, -2 => 'redacted', -3 => 'hashed', -4 => 'large' }->{$length};
        $at += 4 + $size;
    }
    die "bytes behind an image\n" if $at != length $image;
    return ($kind == 1 ? 'full' : 'changed', @out);
}

1;
