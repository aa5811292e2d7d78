# The ledger's tables as they are stored, told as a bundle of kind ledger and hashed again, written
# from docs/ledger-format.md alone. The bundle is for examples/audit/verify_bundle.py, which then
# judges what is stored without a function of the extension; the hashes are what an attacker with all
# rights would put in the place of those that no longer hold.
package Custody::Ledger::Stored;

use strict;
use warnings;
use Carp qw(croak);
use Custody::Ledger qw(tree_of event_leaf lp read_contexts);
use Digest::SHA qw(sha256);
use JSON::PP ();

my $nothing = "\0" x 32;
my $text = JSON::PP->new->allow_nonref->ascii;

sub quoted { $text->encode($_[0]) }
sub hex_of { unpack 'H*', $_[0] }
sub bytes { pack 'H*', $_[0] }

# Columns of a query as a list of hashes; every value is hexadecimal UTF-8, a number, or undef.
sub rows {
    my ($cluster, $database, $columns, $from) = @_;
    my @name = map { (split / AS /)[1] // $_ } @$columns;
    my @value = map { 'coalesce(' . (split / AS /)[0] . q{::text, '-')} } @$columns;
    my $out = $cluster->sql($database, 'SELECT concat_ws(chr(9), ' . join(', ', @value) . ") FROM $from");
    return map {
        my %row;
        @row{@name} = map { $_ eq '-' ? undef : $_ } split /\t/, $_, -1;
        \%row;
    } split /\n/, $out;
}

sub time_of { "(extract(epoch FROM $_[0] - '2000-01-01 00:00+00'::timestamptz) * 1000000)::bigint AS $_[0]" }
sub hex_columns { map { "encode($_, 'hex') AS $_" } @_ }
sub text_columns { map { "encode(convert_to($_\::text, 'UTF8'), 'hex') AS $_" } @_ }

sub new {
    my ($class, $cluster, $database) = @_;
    my @from = ($cluster, $database);
    my $self = bless { ledger => $cluster->sql($database, 'SELECT ledger FROM custody_ledger.ledger') }, $class;
    $self->{incarnation} = { map { $_->{short} => $_ }
            rows(@from, [ 'short', 'lineage', hex_columns('incarnation') ], 'custody_ledger.incarnation') };
    $self->{descriptor} = { map { $_->{id} => pack 'H*', $_->{text} }
            rows(@from, [ 'id', text_columns('text') ], 'custody_ledger.descriptor') };
    $self->{slot} = { map { $_->{org} => $_ } rows(@from, [ hex_columns('org'), 'slot', 'first_block' ],
        'custody_ledger.org') };
    $self->{block} = [ rows(@from, [ qw(number incarnation lineage kind transactions events), "(lsn - '0/0') AS lsn",
        hex_columns(qw(secret tree slots private previous hash)), text_columns(qw(snapshot notes)),
        time_of('sealed_at') ], 'custody_ledger.block ORDER BY number') ];
    push @{ $self->{links}{ $_->{block} } }, $_ for rows(@from, [ qw(k block transactions events total),
        hex_columns(qw(org tree previous hash)) ], 'custody_ledger.link ORDER BY org');
    $self->{tx} = { map { +"$_->{incarnation}/$_->{xid}" => $_ } rows(@from, [ qw(xid incarnation events),
        time_of('at'), time_of('committing_at'), hex_columns(qw(secret orgs contexts)) ], 'custody_ledger.tx') };
    for my $event (rows(@from, [ qw(xid incarnation seq cid descriptor pair context op), "(lsn - '0/0') AS lsn",
        map({ "replace($_\::text, '-', '') AS $_" } qw(key_salt images_salt)),
        hex_columns(qw(org key old new key_hash images_hash)) ],
        'custody_ledger.event ORDER BY xid, seq')) {
        my $tx = $self->{tx}{"$event->{incarnation}/$event->{xid}"};
        push @{ $tx ? $tx->{list} : $self->{orphans} }, $event;
    }
    $self->_members;
    return $self;
}

sub sees {
    my ($snapshot, $xid) = @_;
    my ($xmin, $xmax, $running) = split /:/, pack('H*', $snapshot), 3;
    return $xid < $xmin || ($xid < $xmax && !grep { $_ == $xid } split /,/, $running // '');
}

# Which block each transaction is in: the first of its lineage that sees it, or the one that names it.
sub _members {
    my ($self) = @_;
    my %adopted;
    for my $block (@{ $self->{block} }) {
        my $notes = length($block->{notes} // '') ? $text->decode(pack 'H*', $block->{notes}) : {};
        $adopted{"$_->[0]/$_->[1]"} //= $block->{number} for @{ $notes->{adopted} // [] };
    }
    for my $tx (values %{ $self->{tx} }) {
        my $where = $self->{incarnation}{ $tx->{incarnation} };
        my $number = $where && $adopted{"$where->{incarnation}/$tx->{xid}"};
        ($number) = map { $_->{number} } grep { $_->{lineage} == $where->{lineage} && sees($_->{snapshot}, $tx->{xid}) }
            @{ $self->{block} } if $where && !$number;
        $tx->{block} = $number;
        push @{ $self->{members}{ $number // 0 } }, $tx;
    }
    for my $list (values %{ $self->{members} // {} }) {
        @$list = sort { ($self->{incarnation}{ $a->{incarnation} }{incarnation} // '')
                cmp ($self->{incarnation}{ $b->{incarnation} }{incarnation} // '') || $a->{xid} <=> $b->{xid} } @$list;
    }
}

# Transactions that no block has, as "xid".
sub unsealed { my ($self) = @_; return map { $_->{xid} } @{ $self->{members}{0} // [] } }
sub blocks { scalar @{ $_[0]{block} } }
sub transactions { values %{ $_[0]{tx} } }

sub orgs {
    my ($self, $tx) = @_;
    my ($blob, @org) = bytes($tx->{orgs});
    while (length $blob) {
        my ($org, $events, $tree) = unpack 'N/a N a32', $blob;
        push @org, { org => hex_of($org), events => $events, tree => hex_of($tree) };
        substr $blob, 0, 40 + length $org, '';
    }
    return @org;
}

sub event_lines {
    my ($self, $tx) = @_;
    my @context = read_contexts(bytes($tx->{contexts}));
    my (@line, %told);
    for my $event (@{ $tx->{list} // [] }) {
        my $text = $self->{descriptor}{ $event->{descriptor} };
        my $descriptor = hex_of(sha256("\x07$text"));
        utf8::decode(my $characters = $text);
        push @line, '{"t": "descriptor", "text": ' . quoted($characters) . '}' if !$self->{told}{$descriptor}++;
        my $context = $context[ $event->{context} ];
        push @line, '{"t": "context", "parts": [' . join(', ', map {
            ref $_ ? sprintf '{"salt": "%s", "bytes": "%s"}', map { hex_of($_) } @$_
                : sprintf '{"hash": "%s"}', hex_of($_) } @{ $context->{parts} }) . ']}'
            if !$told{ $event->{context} }++;
        push @line, sprintf '{"t": "event", "op": "%s", "context": "%s", "descriptor": "%s", "seq": %d, "cid": %d,'
            . ' "lsn": "%s", "pair": %s, "org": "%s", "key": %s, "images": %s}', $event->{op},
            hex_of($context->{hash}), $descriptor, @$event{qw(seq cid lsn)}, $event->{pair} // 'null',
            $event->{org},
            $event->{key_hash} ? qq({"hash": "$event->{key_hash}"})
                : sprintf('{"salt": "%s", "bytes": "%s"}', $event->{key_salt}, $event->{key}),
            $event->{images_hash} ? qq({"hash": "$event->{images_hash}"})
                : sprintf('{"salt": "%s", "old": "%s", "new": "%s"}', $event->{images_salt},
                map { $_ // '00' } @$event{qw(old new)});
    }
    return @line;
}

sub transaction_lines {
    my ($self, $tx) = @_;
    my $where = $self->{incarnation}{ $tx->{incarnation} }{incarnation};
    my @place = ($where, @$tx{qw(xid at committing_at)});
    my $rest = sprintf '"incarnation": "%s", "xid": "%s", "started": "%s", "committing": "%s", "orgs": [%s]}', @place,
        join ', ', map { qq({"org": "$_->{org}", "events": $_->{events}, "tree": "$_->{tree}"}) } $self->orgs($tx);
    return qq({"t": "transaction", "secret": "$tx->{secret}", $rest), $self->event_lines($tx) if defined $tx->{contexts};
    return sprintf '{"t": "prune", "token": "%s", %s', hex_of($self->token($tx)), $rest;
}

# All of it, as a file for the verifiers. What is in no block is not in it.
sub bundle {
    my ($self) = @_;
    $self->{told} = {};
    my @line = (sprintf '{"format": "custody-bundle-1", "kind": "ledger", "ledger": "%s", "from_block": 1, "to_block": %d}',
        $self->{ledger}, $self->{block}[-1]{number});
    for my $block (@{ $self->{block} }) {
        my @link = @{ $self->{links}{ $block->{number} } // [] };
        push @line, sprintf('{"t": "block", "number": %d, "incarnation": "%s", "before": "%s", "slots": "%s",'
            . ' "sealed_at": "%s", "secret": "%s", "kind": %d, "lineage": %d, "snapshot": %s, "transactions": %d,'
            . ' "events": %d, "tree": "%s", "lsn": "%s", "notes": %s, "slot_of": [%s]}', $block->{number},
            $self->{incarnation}{ $block->{incarnation} }{incarnation}, @$block{qw(previous slots sealed_at secret
                kind lineage)}, quoted(pack 'H*', $block->{snapshot}), @$block{qw(transactions events tree lsn)},
            quoted(pack 'H*', $block->{notes} // ''), join ', ', map { sprintf '[%d, "%s"]',
                $self->{slot}{ $_->{org} }{slot} // 0, $_->{org} } grep { $_->{k} == 1 } @link);
        push @line, map { $self->transaction_lines($_) } @{ $self->{members}{ $block->{number} } // [] };
        push @line, map { sprintf '{"t": "link", "org": "%s", "k": %d, "block": %d, "transactions": %d, "events": %d,'
            . ' "total": %d, "tree": "%s", "before": "%s"}', $_->{org},
            @$_{qw(k block transactions events total tree previous)} } @link;
    }
    return join '', map { "$_\n" } @line;
}

sub token {
    my ($self, $tx) = @_;
    return sha256("\x08" . $self->place($tx));
}

sub place {
    my ($self, $tx) = @_;
    return bytes($tx->{secret}) . bytes($self->{incarnation}{ $tx->{incarnation} }{incarnation}) . pack 'Q>', $tx->{xid};
}

sub slots_root {
    my ($secret, $link, $depth, $index) = @_;
    return sha256("\x0e$secret" . pack 'CN', $depth, $index) if !%$link;
    return sha256("\x0d" . sha256("\x0c$secret" . pack 'N', $index) . $link->{$index}) if $depth == 24;
    my @side = ({}, {});
    $side[ $_ >> (23 - $depth) & 1 ]{$_} = $link->{$_} for keys %$link;
    return sha256("\x01" . slots_root($secret, $side[0], $depth + 1, 2 * $index)
            . slots_root($secret, $side[1], $depth + 1, 2 * $index + 1));
}

# Every hash of the chain computed from the events that are there now: the statements that store
# them. With them the ledger agrees with itself, whatever was done to its events before.
sub rechain {
    my ($self) = @_;
    my ($before, @statement, %newest) = ($nothing);
    my $set = sub { push @statement, sprintf 'UPDATE custody_ledger.%s SET %s WHERE %s', @_ };
    for my $block (@{ $self->{block} }) {
        my (%tree, %events, @leaf);
        for my $tx (@{ $self->{members}{ $block->{number} } // [] }) {
            my @context = map { $_->{hash} } read_contexts(bytes($tx->{contexts}));
            my %mine;
            push @{ $mine{ bytes($_->{org}) } }, event_leaf($_, $self->place($tx), $context[ $_->{context} ],
                sha256("\x07$self->{descriptor}{ $_->{descriptor} }")) for @{ $tx->{list} // [] };
            my $times = $self->token($tx) . pack 'q>q>', @$tx{qw(at committing_at)};
            my $blob = '';
            for my $org (sort keys %mine) {
                my $part = pack('N', scalar @{ $mine{$org} }) . tree_of(@{ $mine{$org} });
                push @{ $tree{$org} }, sha256("\x09$times$part");
                $events{$org} += @{ $mine{$org} };
                $blob .= lp($org) . $part;
            }
            push @leaf, sha256("\x0a$times" . pack('N', scalar keys %mine) . $blob);
            $set->('tx', sprintf("orgs = '\\x%s', events = %d", hex_of($blob), scalar @{ $tx->{list} // [] }),
                "xid = '$tx->{xid}' AND incarnation = $tx->{incarnation}");
        }
        push @statement, "DELETE FROM custody_ledger.link WHERE block = $block->{number}";
        for my $org (sort keys %tree) {
            my $last = $newest{$org} // { k => 0, total => 0, hash => $nothing };
            my $total = $last->{total} + $events{$org};
            my $tree = tree_of(@{ $tree{$org} });
            my $hash = sha256("\x0b" . lp($org) . pack('Q>Q>NQ>Q>', $last->{k} + 1, $block->{number},
                scalar @{ $tree{$org} }, $events{$org}, $total) . $tree . $last->{hash});
            push @statement, sprintf q{INSERT INTO custody_ledger.link VALUES ('\x%s', %d, %d, %d, %d, %d, '\x%s', '\x%s', '\x%s')},
                hex_of($org), $last->{k} + 1, $block->{number}, scalar @{ $tree{$org} }, $events{$org}, $total,
                map { hex_of($_) } $tree, $last->{hash}, $hash;
            $newest{$org} = { k => $last->{k} + 1, total => $total, hash => $hash };
        }
        my $secret = bytes($block->{secret});
        my $slots = slots_root($secret, { map { ($self->{slot}{ hex_of($_) }{slot}
            // croak 'an organization without slot') => $newest{$_}{hash} } keys %newest }, 0, 0);
        my ($events, $tree) = (0, tree_of(@leaf));
        $events += $_ for values %events;
        my $private = sha256("\x0f$secret" . pack('CN', @$block{qw(kind lineage)}) . lp(pack 'H*', $block->{snapshot})
            . pack('Q>Q>', scalar @leaf, $events) . $tree . pack('Q>', $block->{lsn}) . lp(pack 'H*', $block->{notes} // ''));
        my $hash = sha256("\x10\x01" . bytes($self->{ledger} =~ tr/-//dr) . pack('Q>', $block->{number})
            . bytes($self->{incarnation}{ $block->{incarnation} }{incarnation}) . $before . $slots . $private
            . pack 'q>', $block->{sealed_at});
        $set->('block', sprintf(q{transactions = %d, events = %d, tree = '\x%s', slots = '\x%s', private = '\x%s',
            previous = '\x%s', hash = '\x%s'}, scalar @leaf, $events, map { hex_of($_) } $tree, $slots, $private,
            $before, $hash), "number = $block->{number}");
        $before = $hash;
    }
    return @statement;
}

1;
