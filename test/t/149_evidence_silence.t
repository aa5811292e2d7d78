# What evidence reveals of other organizations: nothing, not even how many there are or how much they did. Two ledgers
# in which one organization did the same, alone or among many, give bundles that differ in nothing but the values
# of hashes and salts, times and the slot that chance gave.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
sub ledger {
    my ($name, $others) = @_;
    my $sql = sub { $c->sql($name, $_[0]) };
    # What the others do in a transaction of ours, and in one of their own.
    my $with = sub { $others ? "SET application_name = 'others'; INSERT INTO t SELECT $_[0] * 1000 + i, 10 + i % 90, 'other'
        FROM generate_series(1, 400) i; RESET application_name;" : '' };
    my $alone = sub { $sql->($_) for $others ? $with->($_[0]) : (), $others ? map { "UPDATE t SET note = 'x$_' WHERE org = " . (10 + $_) } 1 .. 9 : () };
    $c->create_database($name, extension => 1);
    $sql->(q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, org int8, note text); SELECT custody.audit('t', 'org')});
    $alone->(1);
    $sql->('BEGIN; ' . $with->(2) . q{INSERT INTO t VALUES (1, 1, 'ours'), (2, 1, 'ours');} . $with->(3) . ' COMMIT');
    $alone->(4);
    $sql->('SELECT custody.seal()');
    $alone->(5);
    $sql->('SELECT custody.seal(even_when_empty => true)');
    $sql->('BEGIN; ' . $with->(6) . q{UPDATE t SET note = 'again' WHERE id = 1;} . $with->(7) . q{DELETE FROM t WHERE id = 2;} . ' COMMIT');
    $sql->(q{UPDATE t SET note = 'third' WHERE id = 1});
    $alone->(8);
    $sql->('SELECT custody.seal()');
    return $sql;
}
my %sql = (alone => ledger('alone', 0), many => ledger('many', 1));
is $sql{$_}->('SELECT count(*) > 100 FROM custody_ledger.org'), 'f', 'an organization alone' for 'alone';
cmp_ok $sql{many}->('SELECT count(*) FROM custody_ledger.org'), '>=', 91, 'and among others';

sub shape {
    my ($bundle) = @_;
    my (@shape, %known);
    for my $line (split /\n/, $bundle) {
        # Bytes of a context have the process id.
        $line =~ s/"bytes": "[0-9a-f]*"/"bytes": "B"/g if $line =~ /"t": "context"/;
        # Which of them are the same tells something, too.
        $line =~ s/"([0-9a-f]{24,})"/'"H' . length($1) . ' ' . ($known{$1} \/\/= keys %known) . '"'/ge;
        $line =~ s/"(sealed_at|started|committing)": "-?\d+"/"$1": "T"/g;
        $line =~ s/"slot": \d+/"slot": "S"/g;
        $line =~ s/"ledger": "[^"]*"/"ledger": "L"/g;
        $line =~ s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/U/g;
        push @shape, $line;
    }
    return \@shape;
}
my $of = sub { my ($ledger, $event) = @_;
    return $sql{$ledger}->(qq{SELECT p FROM (SELECT xid, seq FROM custody_ledger.event WHERE org = 'b'::bytea || int8send(1) ORDER BY lsn, seq OFFSET $event LIMIT 1) e, custody.event_proof(e.xid, e.seq) p}) };
my %evidence = ('all of it' => sub { $sql{ $_[0] }->('SELECT custody.export_evidence(1::int8)') },
    'the last block' => sub { $sql{ $_[0] }->('SELECT custody.export_evidence(1::int8, 3)') },
    'a block without any' => sub { $sql{ $_[0] }->('SELECT custody.export_evidence(1::int8, 2, 2)') },
    map({ my $event = $_; ("event $event" => sub { $of->($_[0], $event) }) } 0 .. 4));
for my $what (sort keys %evidence) {
    my ($alone, $many) = map { $evidence{$what}->($_) } qw(alone many);
    cmp_ok scalar(@{ shape($alone) }), '>', 3, "$what has lines";
    is_deeply shape($many), shape($alone), "$what reveals nothing of others";
    unlike $many, qr/6f74686572/, '... nor what they wrote'; # "other", as bytes
    # Claims, organizations of the context and the query may speak of others: by their hash, which has a salt.
    is_deeply [ grep { !/^\{"t": "context", "parts": \[(\{"salt": "[0-9a-f]{32}", "bytes": "[0-9a-f]*"\}, ){2}\{"hash": "[0-9a-f]{64}"\}\]\}$/ }
        grep { /"t": "context"/ } split /\n/, $many ], [], '... nor what contexts say of them';
    my $run = custody('audit', 'verify-bundle', write_file("$many\n", 'bundle'), '--digest', write_file($sql{many}->('SELECT custody.ledger_digest()'), 'digest'));
    is $run->{exit}, 0, '... and proves it' or diag $run->{stdout}, $run->{stderr};
}
done_testing;
