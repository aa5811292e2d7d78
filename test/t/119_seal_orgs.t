# What a session keeps of the organizations between its seals: right beside another sealer, after a rollback
# and an error, and where there are too many to keep.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
my $sql = sub { $c->sql('d', @_) };
$sql->(q{CREATE TABLE t (id int PRIMARY KEY, org uuid); SELECT custody.init_ledger(); SELECT custody.audit('t', org_column => 'org')});
my $id = 0;
# One event for each of these organizations, each in a transaction of its own.
my $write = sub { $sql->(sprintf q{INSERT INTO t VALUES (%d, '00000000-0000-0000-0000-%012d')}, ++$id, $_) for @_ };
my ($first, $second) = map { $c->session('d') } 1 .. 2;
# Links of the last block: how many, and whether each goes on where the one before it ended.
my $links = sub {
    $sql->(q{WITH l AS (SELECT *, lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER w AS before,
                               row_number() OVER w AS place, sum(events) OVER w AS sum
                          FROM custody_ledger.link WINDOW w AS (PARTITION BY org ORDER BY k))
             SELECT count(*), bool_and(previous = before AND k = place AND total = sum) FROM l});
};
my $refuted = sub { $sql->(q{SELECT string_agg(concat_ws(' ', "check", object, detail), E'\n') FROM custody.verify_ledger() WHERE status = 'refuted'}) };

$write->(1 .. 3);
is $first->query('SELECT custody.seal()'), 1, 'a session seals';
$write->(2 .. 4);
is $first->query('SELECT custody.seal()'), 2, '... again, with what it kept and a new organization';
is $links->(), '7|t', 'links';
$write->(1, 4, 5);
is $second->query('SELECT custody.seal()'), 3, 'another session, in between';
$write->(1 .. 6);
is $first->query('SELECT custody.seal()'), 4, '... and the first one, which kept what was before';
is $links->(), '16|t', 'links';
is $refuted->(), '', 'nothing is refuted';

$write->(1, 7);
is $first->query('BEGIN; SELECT custody.seal(); ROLLBACK'), 5, 'a block that is rolled back';
$write->(2);
is $second->query('SELECT custody.seal()'), 5, '... the one that another session makes in its place';
$write->(1, 2, 7);
is $first->query('SELECT custody.seal()'), 6, '... and what follows that one';
$write->(1, 2);
is $first->query('BEGIN; SAVEPOINT s; SELECT custody.seal(); ROLLBACK TO s; SELECT custody.seal(); COMMIT'), "7\n7",
    '... one at a savepoint, and one that is not';
is $links->(), '24|t', 'links';
is $first->query('SELECT custody.seal() IS NULL'), 't', 'nothing to seal';
$write->(7, 8);
is $first->query('SELECT custody.seal()'), 8, '... and the next';
is $links->(), '26|t', 'links';
is $refuted->(), '', 'nothing is refuted';

# An error when members have joined the organizations and their links cannot be written.
$second->query('BEGIN; LOCK TABLE custody_ledger.link IN SHARE MODE');
$write->(1, 9);
$first->query(q{SET lock_timeout = '100ms'; DO $$BEGIN PERFORM custody.seal(); EXCEPTION WHEN lock_not_available THEN NULL; END$$});
$second->query('COMMIT');
is $sql->('SELECT max(number) FROM custody_ledger.block'), 8, 'a seal that fails';
is $first->query('SELECT custody.seal()'), 9, '... does not spoil the next';
is $links->(), '28|t', 'links';
is $refuted->(), '', 'nothing is refuted';

# More than may be kept is read again.
$first->query('SET maintenance_work_mem = 1024');
$write->(1);
$sql->(q{INSERT INTO t SELECT 100 + g, ('00000000-0000-0000-0001-' || lpad(g::text, 12, '0'))::uuid FROM generate_series(1, 5000) g});
is $first->query('SELECT custody.seal()'), 10, 'many organizations';
$write->(1, 2);
is $first->query('SELECT custody.seal()'), 11, '... and the next';
is $links->(), '5031|t', 'links';
is $refuted->(), '', 'nothing is refuted';

# Links that somebody with all rights changed between two seals: whatever a session goes on with, what it
# kept or what it reads, verification finds the link.
$first->query('RESET maintenance_work_mem');
my %sealer = (20 => ['the session that sealed it', $first], 21 => ['another session', $second], 22 => ['a new session', $c->session('d')]);
for my $number (sort keys %sealer) {
    my ($name, $session) = @{ $sealer{$number} };
    $write->($number);
    $first->query('SELECT custody.seal()');
    is $sql->(qq{UPDATE pg_class SET relhastriggers = false WHERE oid = 'custody_ledger.link'::regclass;
        UPDATE custody_ledger.link SET tree = sha256(tree) WHERE org = '\\x75' || uuid_send('00000000-0000-0000-0000-0000000000$number') RETURNING k;
        UPDATE pg_class SET relhastriggers = true WHERE oid = 'custody_ledger.link'::regclass}), 1, 'a link is changed';
    $write->($number);
    $session->query('SELECT custody.seal()');
    like $refuted->(), qr/^roots .*0000$number/m, "$name seals: found";
}
done_testing;
