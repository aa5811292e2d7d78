# Retention and erasure: asked for by one duty, approved by another login with the other; whole partitions go,
# held events stay with their proofs, what is erased is unguessable, and the hashes stay what they were.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger('month', '{"retention": "1 year"}');
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE admin2 LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE auditor LOGIN IN ROLE custody_auditor;
CREATE ROLE double LOGIN IN ROLE custody_admin, custody_legal;
CREATE TABLE t (id int, b text, a text, org int8, PRIMARY KEY (b, id));
INSERT INTO t VALUES (1, 'x', 'Ann', 1), (2, 'x', 'Bob', 2), (3, 'x', 'Cid', 1);
SELECT custody.audit('t', 'org', options => '{"full_row": true}');
UPDATE t SET a = a || '!';
UPDATE t SET org = 2 WHERE id = 1;
DELETE FROM t WHERE id = 1;
SQL

# What each event's key and images commit to, by the format; from the stored values or as they were kept.
my $commitments = <<'SQL';
SELECT string_agg(concat_ws(' ', xid, seq,
    coalesce(key_hash, sha256('\x03'::bytea || uuid_send(key_salt) || key)),
    coalesce(images_hash, sha256('\x04'::bytea || uuid_send(images_salt)
        || int4send(octet_length(coalesce(old, '\x00'))) || coalesce(old, '\x00')
        || int4send(octet_length(coalesce(new, '\x00'))) || coalesce(new, '\x00')))), E'\n' ORDER BY xid, seq)
  FROM custody_ledger.event WHERE op <> 'S'
SQL
my $before = $cluster->sql('clinic', $commitments);
my $key = '{"id": 1, "b": "x"}';
like failure('auditor', "SELECT custody.request_erase('t', '$key', 'art. 17')"), qr/permission denied/, 'not by an auditor';
like failure('admin', "SELECT custody.request_erase('t', '$key', '')"), qr/a reason is needed/, 'not without a reason';
like failure('admin', q{SELECT custody.request_erase('t', '{"id": 1}', 'art. 17')}, ), qr/the key of public.t/, 'not half a key';

# A hold stops it.
my $hold = $cluster->sql('clinic', q{SELECT custody.place_hold('case', 't', '{"id": 1, "b": "x"}')}, user => 'lawyer');
my $erase = $cluster->sql('clinic', "SELECT custody.request_erase('t', '$key', 'art. 17')", user => 'admin');
like failure('lawyer', "SELECT custody.approve($erase)"), qr/events of this key are under legal hold/, 'not what is held';
my $lift = $cluster->sql('clinic', "SELECT custody.request_lift($hold, 'closed')", user => 'lawyer');
$cluster->sql('clinic', "SELECT custody.approve($lift)", user => 'admin');
like failure('admin', "SELECT custody.approve($erase)"), qr/needs a second person/, 'not by who asked';
like failure('admin2', "SELECT custody.approve($erase)"), qr/needs a second person/, 'nor by another with the same duty';
my $aged = sub { $cluster->sql('clinic', "SELECT custody.maintain_ledger('UPDATE custody_ledger.request SET requested_at = requested_at + interval ''$_[0] days'' WHERE id = $erase')") };
$aged->(-31);
like failure('lawyer', "SELECT custody.approve($erase)"), qr/request $erase is older than 30 days.*Withdraw it, and ask again/s, 'nor a month later';
$aged->(31);
like failure('double', "SELECT custody.approve(custody.request_erase('t', '$key', 'x'))"), qr/needs a second person/,
    'both duties in one login are one person';
is $cluster->sql('clinic', "SELECT custody.approve($erase)", user => 'double'), '5 events erased', 'the other duty erases';
is $cluster->sql('clinic', $commitments), $before, 'the commitments are what they were';
is $cluster->sql('clinic', q{SELECT count(*), count(key_salt), count(images_salt), count(key), count(old), count(new)
    FROM custody_ledger.event WHERE key_hash IS NOT NULL OR images_hash IS NOT NULL}), '5|0|0|0|0|0', 'salts and values are gone';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE key = custody.key_bytes('t', '{b,id}', '{"id": 2, "b": "x"}', 'binary')}),
    2, q{others' are there};
# What somebody typed in requests and holds goes with it.
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.request r WHERE r.id = } . $erase . q{ AND r.arguments ? 'key'}), 0,
    'the request has forgotten the key';
is $cluster->sql('clinic', q{SELECT (SELECT count(*) FROM custody_ledger.hold WHERE subject ? 'key') + (SELECT count(*) FROM custody_ledger.held)}),
    0, 'so has the hold that was';
is $cluster->sql('clinic', q{SELECT kind, state, requested_by, requested_as, approved_by, result FROM custody_ledger.request WHERE id = } . $erase),
    'erase|done|admin|{admin}|double|5 events erased', 'who asked and who approved stays';
$cluster->sql('clinic', 'SELECT custody.seal()');
is $cluster->sql('clinic', q{SELECT "check", object, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}), '',
    'erased keys of a request and of a hold that is over are no finding';
my $kept = write_file($cluster->sql('clinic', 'SELECT custody.ledger_digest()'), 'kept');
for my $bundle ([ 'org', q{SELECT custody.export_evidence(1::int8, 1, 1)} ], [ 'ledger', 'SELECT custody.export_ledger(1, 1)' ]) {
    my $check = custody('audit', 'verify-bundle', write_file($cluster->sql('clinic', $bundle->[1]) . "\n", $bundle->[0]), '--digest', $kept);
    is $check->{exit}, 0, "$bundle->[0]: evidence with erased events is proven" or diag $check->{stdout}, $check->{stderr};
}

# A user's contexts.
my $contexts = "SELECT '\\x0002'::bytea || " . join ' || ', map { context($_) } 'Ann', 'Bob';
is $cluster->sql('clinic', "SELECT custody.erase_contexts(($contexts), 'Cid') = ($contexts)"), 't', 'no context of this user';
my $erased = "SELECT custody.erase_contexts(($contexts), 'Bob') AS e";
is $cluster->sql('clinic', "SELECT substring(e FOR octet_length((SELECT '\\x0002'::bytea || " . context('Ann') . ")))
        = (SELECT '\\x0002'::bytea || " . context('Ann') . ") FROM ($erased) AS x"), 't', 'other contexts stay';
is $cluster->sql('clinic', "SELECT encode(substring(e FROM octet_length(e) - 98), 'hex') FROM ($erased) AS x"),
    $cluster->sql('clinic', q{SELECT encode(string_agg('\x00'::bytea || sha256('\x05'::bytea || decode('0' || i, 'hex')
            || substring(sha256(convert_to('Bob' || i, 'UTF8')) FOR 16) || v), ''::bytea ORDER BY i), 'hex')
        FROM (VALUES (0, } . who('Bob') . q{), (1, '\x0000'::bytea), (2, '\x0000'::bytea)) AS p (i, v)}),
    'the user\'s parts are the commitments of the format';
is $cluster->sql('clinic', "SELECT custody.erase_contexts(e, 'Bob') = e, custody.erase_contexts(e, 'Ann') <> e FROM ($erased) AS x"),
    't|t', 'erased parts are passed over';

# Retention.
$cluster->sql('clinic', <<'SQL');
SELECT custody.make_ledger_partition(p, '2024-05-01 00:00+00', '2024-06-01 00:00+00') FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, '2024-06-01 00:00+00', '2024-07-01 00:00+00') FROM unnest('{event,tx}'::text[]) p;
SQL
like failure('admin', q{SELECT custody.request_prune(now() - interval '11 months', 'policy')}), qr/are kept/, 'not inside of the retention';
like failure('admin', q{SELECT custody.request_prune(NULL, 'policy')}), qr/no time is named/, 'not without a time';
like failure('admin', q{SELECT custody.request_prune('2024-05-15', 'policy')}), qr/nothing can be pruned/, 'not half a partition';
my $prune = $cluster->sql('clinic', q{SELECT custody.request_prune('2024-06-15', 'policy')}, user => 'admin');
is $cluster->sql('clinic', "SELECT custody.approve($prune)", user => 'lawyer'),
    '1 partitions with 0 events pruned, 0 held events kept', 'the lawyer approves';
is $cluster->sql('clinic', q{SELECT to_regclass('custody_ledger.event_20240501') IS NULL, to_regclass('custody_ledger.tx_20240501') IS NOT NULL,
    to_regclass('custody_ledger.event_20240601') IS NOT NULL}), 't|t|t', 'events are gone, transactions stay, later ones too';
is $cluster->sql('clinic', q{SELECT lower AT TIME ZONE 'UTC', upper AT TIME ZONE 'UTC', events, held FROM custody_ledger.prune}),
    '2024-05-01 00:00:00|2024-06-01 00:00:00|0|0', 'with a record';
$cluster->sql('clinic', q{SELECT custody.withdraw_request(custody.request_prune('2024-07-15', 'policy'))}, user => 'admin');
is $cluster->sql('clinic', q{SELECT string_agg(state, ' ' ORDER BY id) FROM custody_ledger.request}), 'done done done withdrawn',
    'what was withdrawn stays on record';
is $cluster->sql('clinic', q{SELECT string_agg(n ->> 'kind', ' ' ORDER BY e.ctid) FROM custody_ledger.event e,
        LATERAL (SELECT convert_from(substring(e.new FROM 2), 'UTF8')::json) AS t (n)
        WHERE e.op = 'S'}), 'audit_on hold hold request request lift lift approve erase approve request prune approve request withdraw', 'each is an event';

# A partition with events, sealed, some of them held. Its end is a moment ahead of now.
$cluster->create_database('old', extension => 1);
$cluster->sql('old', <<'SQL');
SELECT custody.init_ledger('day');
SELECT custody.grant_duty('custody_admin', 'admin'), custody.grant_duty('custody_legal', 'legal');
CREATE TABLE t (id int PRIMARY KEY, a text, org int8);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t', 'org');
INSERT INTO t SELECT i, 'a', 1 + i % 2 FROM generate_series(1, 9) i;
UPDATE t SET a = 'b' WHERE id < 4;
SQL
my $partition = $cluster->sql('old', q{SELECT relation FROM custody.ledger_partitions('event') ORDER BY lower LIMIT 1});
my $events = $cluster->sql('old', "SELECT count(*) FROM $partition");
is $events, 13, 'events in the partition';
wait_for('the end of the partition', sub {
    $cluster->sql('old', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
my $held = $cluster->sql('old', q{SELECT custody.place_hold('case', 't', '{"id": 3}')}, user => 'lawyer');
is $cluster->sql('old', 'SELECT events, held, obstacle FROM custody.prunable(now())', user => 'lawyer'),
    '13|2|3 transactions are in no block yet', 'not before it is sealed';
$cluster->sql('old', 'SELECT custody.seal()');
my $blocks = 'SELECT number, hash FROM custody_ledger.block WHERE number = 1';
my $block = $cluster->sql('old', $blocks);
$prune = $cluster->sql('old', q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
is $cluster->sql('old', "SELECT custody.approve($prune)", user => 'lawyer'),
    '1 partitions with 13 events pruned, 2 held events kept', 'then it is pruned';
is $cluster->sql('old', "SELECT to_regclass('$partition') IS NULL"), 't', 'the events are gone';
is $cluster->sql('old', q{SELECT string_agg(op::text, '' ORDER BY xid, seq), bool_and(cardinality(proof) > 3) FROM custody_ledger.held_event}),
    'IU|t', 'held ones are kept with proofs';
is $cluster->sql('old', 'SELECT transactions, events, held FROM custody_ledger.prune'), '3|13|2', 'the record says how many';
is $cluster->sql('old', q{SELECT count(*), count(contexts) FROM custody_ledger.tx t, custody_ledger.prune p WHERE t.at >= p.lower AND t.at < p.upper}),
    '3|2', 'transactions stay, without contexts but for what is held';
is $cluster->sql('old', $blocks), $block, 'the block is what it was';
my $digest = write_file($cluster->sql('old', 'SELECT custody.ledger_digest()'), 'digest');
my $number = 0;
for my $proof (split /\x1e/, $cluster->sql('old', q{SELECT string_agg(array_to_string(ARRAY(SELECT custody.event_proof(xid, seq, incarnation)), E'\n'), E'\x1e')
    FROM custody_ledger.held_event})) {
    my $file = write_file("$proof\n", 'proof' . ++$number);
    my $check = custody('audit', 'verify-bundle', $file, '--digest', $digest);
    is $check->{exit}, 0, "proof $number holds without the database" or diag $check->{stdout}, $check->{stderr};
}
is $number, 2, 'two proofs';
done_testing;

sub failure {
    my ($user, $sql) = @_;
    my ($exit, undef, $err) = $cluster->psql('clinic', $sql, user => $user);
    return $exit ? $err : undef;
}

# Part 0: three unknown fields, the user, a role, how.
sub who {
    my ($user) = @_;
    my $length = sprintf '%08x', length $user;
    return "('\\x0006ffffffffffffffffffffffff$length'::bytea || convert_to('$user', 'UTF8') || '\\xffffffffffffffff'::bytea)";
}

sub context {
    my ($user) = @_;
    my $salt = sub { "substring(sha256(convert_to('$user$_[0]', 'UTF8')) FOR 16)" };
    my $who = who($user);
    return "'\\x01'::bytea || " . $salt->(0) . " || int4send(octet_length($who)) || $who || '\\x01'::bytea || " . $salt->(1)
        . " || '\\x00000002'::bytea || '\\x0000'::bytea || '\\x01'::bytea || " . $salt->(2) . " || '\\x00000002'::bytea || '\\x0000'::bytea";
}
