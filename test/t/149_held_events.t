# Which events a hold keeps: of an organization, of a table, of an organization's rows in one. They are neither erased nor
# pruned away; others are.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(outside);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
$c->sql('postgres', "CREATE ROLE $_ LOGIN") for qw(admin lawyer);
sub sql { $c->sql('d', @_) }
sql(<<'SQL');
SELECT custody.init_ledger('day');
SELECT custody.grant_duty('admin', 'admin'), custody.grant_duty('lawyer', 'legal');
CREATE TABLE t (id int PRIMARY KEY, org int8);
CREATE TABLE u (id int PRIMARY KEY, org int8);
CREATE TABLE v (id int PRIMARY KEY);
CREATE TABLE w (id int PRIMARY KEY, org uuid);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '3 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('t', 'org'), custody.audit('u', 'org'), custody.audit('v'), custody.audit('w', 'org');
INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO u VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO v VALUES (1), (2);
INSERT INTO w VALUES (1, '00000000-0000-0000-0000-000000000001'), (2, '00000000-0000-0000-0000-000000000002');
UPDATE t SET org = 2 WHERE id = 1;
DELETE FROM v WHERE id = 2;
SQL
wait_for('the end of the partition', sub { sql(q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't' });
sql('SELECT custody.seal()');
sub held { return sql(q{SELECT string_agg(a.name || (custody.event_key(e.descriptor, e.key) ->> 'id') || e.op::text, ' ' ORDER BY e.xid, e.seq)
    FROM } . $_[0] . q{ e JOIN custody_ledger.audited a ON a.id = e.tbl WHERE e.op <> 'S' AND (} . ($_[1] // 'true') . ')') }
my $is_held = 'custody.event_is_held(e.tbl, e.org, e.key)';
is held('custody_ledger.event', $is_held), '', 'nothing is held';
my @hold;
sub hold { my ($what, $expected) = @_;
    push @hold, sql("SELECT custody.place_hold('case', $what)", user => 'lawyer');
    is held('custody_ledger.event', $is_held), $expected, "a hold on $what";
}
hold(q{org => '2'}, 't2I u2I t1E');
hold(q{'u', org => '3'}, 't2I u2I u3I t1E');
hold(q{'v'}, 't2I u2I u3I v1I v2I t1E v2D');
hold(q{org => '00000000-0000-0000-0000-000000000002'}, 't2I u2I u3I v1I v2I w2I t1E v2D');
# A table that is recorded later, and cannot have this organization.
sql(q{CREATE TABLE later (id int PRIMARY KEY, org uuid); CREATE TABLE later_text (id int PRIMARY KEY, org text);
    INSERT INTO later VALUES (1, '00000000-0000-0000-0000-000000000002'); INSERT INTO later_text VALUES (1, '2'), (2, '3');
    SELECT custody.audit('later', 'org', baseline => false), custody.audit('later_text', 'org', baseline => false)});
is sql(q{SELECT string_agg(tgrelid::regclass || ' ' || tgname, ', ' ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger WHERE tgname ~ '^custody_hold_\\d+$'}),
    'later custody_hold_4, later_text custody_hold_1, later_text custody_hold_4, t custody_hold_1, u custody_hold_1, u custody_hold_2, v custody_hold_3, w custody_hold_4',
    'a hold on an organization is on the tables whose columns can name it';
like((($c->psql('d', 'DELETE FROM later_text WHERE id = 1'))[2]), qr/under legal hold 1/, '... and holds in those recorded later');
like((($c->psql('d', q{SELECT custody.place_hold('case', 'w', org => '2')}, user => 'lawyer'))[2]), qr/column "org" of public\.w cannot name organization "2"/, 'named with the table it must fit');
sub erased {
    my ($table, $id) = @_;
    my $request = sql("SELECT custody.request_erase('$table', '{\"id\": $id}', 'x')", user => 'admin');
    my ($exit, $out, $error) = $c->psql('d', "SELECT custody.approve($request)", user => 'lawyer');
    return $exit == 0 ? $out : $error =~ /(under legal hold)/ ? $1 : $error;
}
is erased(@$_), 'under legal hold', "held: $_->[0] $_->[1]" for [ 't', 2 ], [ 't', 1 ], [ 'u', 3 ], [ 'v', 1 ], [ 'v', 2 ], [ 'w', 2 ];
is erased('t', 3), '1 events erased', 'not held: t 3';
is erased('w', 1), '1 events erased', 'not held: w 1';
my $digest = sql('SELECT custody.seal(); SELECT custody.ledger_digest()') =~ s/.*\n//sr;
my $request = sql(q{SELECT custody.request_prune(now(), 'policy')}, user => 'admin');
like sql("SELECT custody.approve($request)", user => 'lawyer'), qr/ 9 held events kept$/, 'a prune keeps what is held';
is held('custody_ledger.held_event'), 't2I u2I u3I v1I v2I w2I t1E v2D', '... and nothing else';
is held('custody_ledger.event'), '', '... the others are gone';
for my $number (0 .. 8) {
    my ($stored, $event) = split /\|/, sql(q[SELECT (SELECT count(*) FROM unnest(proof) l WHERE l LIKE '{"t": "block"%'),
        format('%L, %s, %s', xid, seq, incarnation) FROM custody_ledger.held_event ORDER BY xid, seq] . " OFFSET $number LIMIT 1");
    is $stored, 1, "copy $number: the blocks behind its own are not copied, too";
    my $proof = sql("SELECT custody.event_proof($event)") . "\n";
    is((outside($proof, $digest))[0], 'proven', "its proof $number holds");
}
is erased('u', 3), 'under legal hold', 'a copy is held, too';
for my $hold (@hold[ 0, 1 ]) {
    my $lift = sql("SELECT custody.request_lift($hold, 'closed')", user => 'admin');
    sql("SELECT custody.approve($lift)", user => 'lawyer');
}
is erased('u', 3), '1 events erased', '... until its hold is lifted';
is erased('v', 2), 'under legal hold', 'other holds stay';
done_testing;
