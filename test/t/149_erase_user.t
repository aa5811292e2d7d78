# Erasure of one application user: nothing in the ledger names him any more, not even a held event's proof,
# others are named as before, and all verifies by digests from before.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(outside verdicts);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
$c->sql('postgres', "CREATE ROLE $_ LOGIN") for qw(admin lawyer);
$c->sql('d', <<'SQL');
SELECT custody.init_ledger('day');
SELECT custody.grant_duty('admin', 'admin'), custody.grant_duty('lawyer', 'legal');
CREATE TABLE t (id int PRIMARY KEY, org int8, note text);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t', 'org');
SQL
as_user('anna@clinic', 'INSERT INTO t VALUES (1, 1), (2, 1)');
as_user('berta@clinic', "UPDATE t SET note = 'by berta' WHERE id = 1");
$c->sql('d', q{BEGIN; SELECT FROM custody.set_context(1::bigint, 'anna@clinic', claims => '{"mail": "anna@home"}'); UPDATE t SET note = 'both' WHERE id = 2;
    SELECT FROM custody.set_context(1::bigint, 'berta@clinic'); UPDATE t SET note = 'again' WHERE id = 2; COMMIT});
wait_for('the end of the partition', sub { $c->sql('d', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't' });
as_user('anna@clinic', 'INSERT INTO t VALUES (3, 1)');
my $hold = $c->sql('d', q{SELECT custody.place_hold('case', 't', '{"id": 1}')}, user => 'lawyer');
$c->sql('d', 'SELECT custody.seal()');
my $digest = $c->sql('d', 'SELECT custody.ledger_digest()');
approve(q{custody.request_prune(now(), 'policy')});
is $c->sql('d', 'SELECT count(*) FROM custody_ledger.held_event'), 2, 'events of one row are held, their partition is pruned';
cmp_ok named('anna'), '>', 2, 'the ledger names her';
my $berta = named('berta');

# What is held only in a copy is held.
my $request = $c->sql('d', q{SELECT custody.request_erase_user('anna@clinic', 'art. 17')}, user => 'admin');
like(($c->psql('d', "SELECT custody.approve($request)", user => 'lawyer'))[2], qr/events of this user are under legal hold/, 'a held copy keeps its contexts');
is $c->sql('d', q{SELECT string_agg(coalesce(app_user, 'nobody'), ' ') FROM custody.history('t', '1')}), 'anna@clinic berta@clinic', '... as history shows';
$c->sql('d', "SELECT custody.withdraw_request($request)", user => 'admin');

approve("custody.request_lift($hold, 'closed')");
$request = $c->sql('d', q{SELECT custody.request_erase_user('anna@clinic', 'art. 17')}, user => 'admin');
is $c->sql('d', "SELECT custody.approve($request)", user => 'lawyer'), 'contexts of 2 transactions erased', 'erased';
is named('anna'), 0, 'nothing names her, nor her claims';
is named('berta'), $berta, 'others are named as before';
is $c->sql('d', q{SELECT string_agg(coalesce(app_user, 'nobody'), ' ') FROM custody.history('t', '1')}), 'nobody berta@clinic', 'so says history';
is $c->sql('d', q{SELECT count(*) FROM custody.history('t', '3') WHERE app_user IS NULL AND login IS NULL AND client IS NULL}), 1, '... of her row, too';
$c->sql('d', 'SELECT custody.seal()');
is_deeply [ map { "$_->[0] $_->[1] $_->[3]" } grep { $_->[1] ne 'proven' } verdicts($c, 'd', $digest, $c->sql('d', 'SELECT custody.ledger_digest()')) ], [ 'payloads unproven pruned' ],
    'verification has no complaint, but for what is pruned';
my $digests = write_file("$digest\n", 'digest');
for my $number (0, 1) {
    my $proof = $c->sql('d', "SELECT array_to_string(ARRAY(SELECT custody.event_proof(xid, seq, incarnation)), E'\n') FROM custody_ledger.held_event ORDER BY xid OFFSET $number LIMIT 1") . "\n";
    my $run = custody('audit', 'verify-bundle', write_file($proof, "proof$number"), '--digest', $digests);
    is $run->{exit}, 0, "proof $number of a held event still proves it" or diag $run->{stdout}, $run->{stderr};
    is((outside($proof, $digest))[0], 'proven', '... says the other verifier');
}
done_testing;

sub as_user { my ($user, $sql) = @_; return $c->sql('d', "BEGIN; SELECT FROM custody.set_context(1::bigint, '$user'); $sql; COMMIT") }
sub approve {
    my ($asked) = @_;
    my $number = $c->sql('d', "SELECT $asked", user => 'admin');
    return $c->sql('d', "SELECT custody.approve($number)", user => 'lawyer');
}

# How often a dump of the ledger has a word, as text or as bytes.
sub named {
    my ($word) = @_;
    my $dump = run_command(program('pg_dump'), '--data-only', '--schema=custody_ledger', '-d', $c->conninfo('d'));
    my $hex = unpack 'H*', $word;
    my $twice = unpack 'H*', $hex;
    return scalar(() = $dump->{stdout} =~ /\Q$word\E|$hex|$twice/g);
}
