# An organization that a long text names, as whoever writes the column may give it one: recorded, sealed, proven and held
# like any other.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(events_of ledger_faults);
use Custody::Ledger::Checks qw(digest outside seal stored verdicts);
use Custody::Test;
use Digest::SHA qw(sha256_hex);

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
$c->sql('d', q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, org text, note text);
    SELECT custody.audit('t', 'org')});
# Nothing that an index could compress.
my %org = (short => join('', map { chr 97 + random_below(26) } 1 .. 2000), long => join('', map { chr 97 + random_below(26) } 1 .. 2001),
    huge => join('', map { chr 97 + random_below(26) } 1 .. 40000));
my %id = (short => 1, long => 2, huge => 3);
$c->sql('d', "INSERT INTO t VALUES ($id{$_}, '$org{$_}', 'n')") for sort keys %org;
$c->sql('d', q{UPDATE t SET note = 'm'; UPDATE t SET org = 'other' WHERE id = 3});
my %bytes = map { $_->{key} => $_->{org} } events_of($c, 'd', q{op = 'I'});
is_deeply [ map { $bytes{ '000100000004' . sprintf '%08x', $id{$_} } } qw(short long huge) ],
    [ '74' . unpack('H*', $org{short}), map { '68' . sha256_hex($org{$_}) } qw(long huge) ], 'a text of more than 2,000 bytes is its hash';
is seal($c, 'd'), 1, 'a block';
$c->sql('d', 'DELETE FROM t WHERE id = 2');
is seal($c, 'd'), 2, '... and the next';
is_deeply [ ledger_faults($c, 'd') ], [], 'all hashes and trees hold';
my $digest = digest($c, 'd');
is_deeply [ map { "@$_" } grep { $_->[1] ne 'proven' } verdicts($c, 'd', $digest) ], [], 'verified';
is((outside(stored($c, 'd'), $digest))[0], 'proven', '... from what is stored, too');
for my $name (sort keys %org) {
    my $bundle = $c->sql('d', "SELECT custody.export_evidence('$org{$name}'::text)") . "\n";
    is((outside($bundle, $digest))[0], 'proven', "$name: evidence");
    my $run = custody('audit', 'verify-bundle', write_file($bundle, $name), '--digest', write_file("$digest\n", 'digest'));
    is $run->{exit}, 0, '... says the loader' or diag $run->{stderr};
    is $c->sql('d', "SELECT string_agg(op, '' ORDER BY op) FROM custody.changes('t', org => '$org{$name}')"),
        { short => 'IU', long => 'DIU', huge => 'ILU' }->{$name}, '... and changes';
}
$c->sql('d', "INSERT INTO t VALUES (4, '$org{huge}')");
is $c->sql('d', "SELECT custody.place_hold('case', org => '$org{huge}')"), 1, 'a hold';
like(($c->psql('d', 'DELETE FROM t WHERE id = 4'))[2], qr/under legal hold 1/, '... holds its rows');
is $c->sql('d', q{SELECT string_agg(op::text, '' ORDER BY op::text) FROM custody_ledger.event WHERE custody.event_is_held(tbl, org, key)}), 'IILU', '... and its events';
done_testing;
