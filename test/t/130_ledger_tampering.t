# What an administrator with all rights can do to a ledger, and who notices: the server's own
# verification, the bundle that it exports, and a bundle told from the bare tables, both judged by a
# verifier that knows nothing but the format. Then what nobody can notice without a digest kept
# elsewhere: it must be called unproven, never proven, and under such a digest refuted.
# (112_tampering.t has every column; here are the attacks.)
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(seal digest verdicts outside reconciled stored);
use Custody::Test;

my $cluster = start_cluster('clinic', conf => { full_page_writes => 'on' });
$cluster->create_database('sound', extension => 1);
$cluster->sql('sound', q{SELECT custody.init_ledger();
    CREATE TABLE patient (id int PRIMARY KEY, org int, name text, dose numeric);
    INSERT INTO patient SELECT i, i % 3, 'patient ' || i, i FROM generate_series(1, 9) i;
    SELECT custody.audit('patient', org_column => 'org')});
seal($cluster, 'sound');
my @work = ('UPDATE patient SET dose = dose * 2 WHERE id IN (1, 2, 4, 5)', q{INSERT INTO patient VALUES (20, 1, 'new', 5)},
    'UPDATE patient SET org = 2 WHERE id = 1', 'DELETE FROM patient WHERE id = 9');
my @digest = digest($cluster, 'sound');
for my $sql (@work) {
    $cluster->sql('sound', $sql);
    seal($cluster, 'sound');
    push @digest, digest($cluster, 'sound');
}
my $dose = q{op = 'U' AND seq = 2 AND tbl = 1};

# A copy of the sound ledger, changed with all guards off, and on again as if nothing had been.
sub tamper {
    my ($name, $sql) = @_;
    $cluster->drop_database($name);
    $cluster->create_database($name, template => 'sound');
    return with_guards_off($name, $sql);
}
sub with_guards_off {
    my ($name, $sql) = @_;
    my @events = qw(custody_audit_ddl custody_audit_drop custody_audit_rewrite);
    my @tables = split /\n/, $cluster->sql($name, q{SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p')});
    $sql =~ s/(?<!\.)\b(event|tx|block|link)\b(?= (?:SET|WHERE)\b)/custody_ledger.$1/g;
    return $cluster->sql($name, join ";\n", 'BEGIN', map({ "ALTER EVENT TRIGGER $_ DISABLE" } @events),
        map({ "ALTER TABLE ONLY $_ DISABLE TRIGGER USER" } @tables), $sql,
        map({ "ALTER TABLE ONLY $_ ENABLE ALWAYS TRIGGER custody_guard; ALTER TABLE ONLY $_ ENABLE ALWAYS TRIGGER custody_guard_truncate" } @tables),
        map({ "ALTER EVENT TRIGGER $_ ENABLE ALWAYS" } @events), 'COMMIT');
}

# What verification finds, as "check object block".
sub found {
    my ($name, $status, @digests) = @_;
    return map { "$_->[0] $_->[3] $_->[2]" } grep { $_->[1] eq $status } verdicts($cluster, $name, @digests);
}
sub both_outside {
    my ($name, @digests) = @_;
    my ($stored) = outside(stored($cluster, $name), @digests);
    my ($exit, $lines) = $cluster->psql($name, 'SELECT custody.export_ledger()');
    my $exported = $exit == 0 ? (outside("$lines\n", @digests))[0] : 'no bundle';
    return "$stored, $exported";
}

# No false alarm.
$cluster->create_database('copy', template => 'sound');
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, 'copy', @digest) ], [], 'a sound ledger is proven, all of it';
is both_outside('copy', @digest), 'proven, proven', '... outside as well';
is_deeply [ found('copy', 'refuted') ], [], 'without a digest nothing is refuted';
is_deeply [ map { s/ .*//r } found('copy', 'unproven') ], ['digests'], '... and nothing more is left unproven than that';
is both_outside('copy'), 'unproven, unproven', '... as outside';

# name, SQL, what verification must name: check, place.
my @attack = (
    [ 'change', "UPDATE event SET new = set_byte(new, octet_length(new) - 1, get_byte(new, octet_length(new) - 1) # 1) WHERE $dose",
        qr/^payloads public\.patient \{"id": \d\} 2$/m ],
    [ 'delete', "DELETE FROM event WHERE $dose", qr/^payloads transaction \d+ .* 2$/m ],
    [ 'insert', "INSERT INTO custody_ledger.event SELECT at, xid, incarnation, lsn, 9, cid, tbl, descriptor, pair, context, op, key_salt,
        images_salt, org, key, old, new FROM event WHERE $dose", qr/^payloads .* 2$/m ],
    [ 'reorder', q{UPDATE event SET seq = 7 - seq WHERE op = 'U'}, qr/^payloads public\.patient \{"id": \d\} 2$/m ],
    [ 'move to another organization', qq{UPDATE event SET org = (SELECT o.org FROM custody_ledger.event o
        WHERE o.org <> custody_ledger.event.org AND o.op = 'U' LIMIT 1) WHERE $dose}, qr/^payloads .* 2$/m ],
    [ 'swap payloads', q{UPDATE event SET (new, old, images_salt) = (SELECT o.new, o.old, o.images_salt FROM custody_ledger.event o
        WHERE o.op = 'U' AND o.seq = 3 - custody_ledger.event.seq) WHERE op = 'U' AND seq IN (1, 2)}, qr/^payloads .* 2$/m ],
    [ 'drop a block', 'DELETE FROM link WHERE block = 3; DELETE FROM block WHERE number = 3', qr/^chain block 4 4$/m ],
    [ 'drop the tail', 'DELETE FROM link WHERE block = 5; DELETE FROM block WHERE number = 5', qr/^digests digest of block 5 5$/m ],
);
for (@attack) {
    my ($what, $sql, $named) = @$_;
    tamper('copy', $sql);
    like join("\n", found('copy', 'refuted', @digest)), $named, "$what: verification names the check and the place";
    # A bundle of blocks 1 to 4 is one of these blocks: the later digest just does not prove it.
    unlike both_outside('copy', $what =~ /tail/ ? $digest[-1] : @digest), qr/\bproven/, "$what: neither bundle is proven";
}

# After the change everything is hashed again, as whoever knows the format can do it.
sub rechain {
    my ($name) = @_;
    with_guards_off($name, join ";\n", stored($cluster, $name)->rechain);
    return;
}
tamper('copy', 'SELECT 1');
my $same = digest($cluster, 'copy');
rechain('copy');
is digest($cluster, 'copy'), $same, 're-chained without a change, a ledger has the hashes that it had';
tamper('copy', $attack[0][1]);
rechain('copy');
isnt digest($cluster, 'copy'), $same, 're-chained after a change: the last block has another hash';
is_deeply [ map { s/ .*//r } found('copy', 'unproven') ], ['digests'], '... verification without a digest cannot tell';
is_deeply [ found('copy', 'refuted') ], [], '... it refutes nothing then';
is both_outside('copy'), 'unproven, unproven', '... nor do the bundles';
like join("\n", found('copy', 'refuted', $digest[-1])), qr/^digests digest of block 5 5$/m, '... a digest from elsewhere does';
is both_outside('copy', $digest[-1]), 'refuted, refuted', '... outside as well';
is_deeply [ found('copy', 'refuted', $digest[0]) ], [], '... one from before the change does not';
like join("\n", found('copy', 'unproven', $digest[0])), qr/^digests blocks 2 to 5 -$/m, '... and says for which blocks';
like reconciled($cluster, 'copy', 'patient'), qr/refuted/, '... but the row is another one than its events left';

# Before it is sealed an event is like any other row to whoever has all rights.
$cluster->drop_database('copy');
$cluster->create_database('copy', template => 'sound');
$cluster->sql('copy', q{UPDATE patient SET dose = 100 WHERE id = 5});
with_guards_off('copy', q{DELETE FROM event WHERE xid = (SELECT max(xid) FROM custody_ledger.tx)});
like join("\n", found('copy', 'refuted', @digest)), qr/^payloads transaction/m, 'not sealed: an event alone is missed';
with_guards_off('copy', q{DELETE FROM tx WHERE xid = (SELECT max(xid) FROM custody_ledger.tx)});
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, 'copy', @digest) ], [],
    'not sealed: with its transaction it never was';
like reconciled($cluster, 'copy', 'patient'), qr/refuted\|.*"id": 5/, '... but for the row, which no event explains';

# In the window between a seal and its anchor.
$cluster->drop_database('copy');
$cluster->create_database('copy', template => 'sound');
$cluster->sql('copy', q{UPDATE patient SET dose = 100 WHERE id = 5});
seal($cluster, 'copy');
with_guards_off('copy', q{DELETE FROM event WHERE xid = (SELECT max(xid) FROM custody_ledger.tx);
    DELETE FROM tx WHERE xid = (SELECT max(xid) FROM custody_ledger.tx); DELETE FROM link WHERE block = 6;
    DELETE FROM block WHERE number = 6});
is_deeply [ map { s/ -?\d+ -$//r } found('copy', 'refuted', @digest) ], ['descriptors incarnation'], 'sealed, not anchored, in a place of which no block was: the place is left';
with_guards_off('copy', q{DELETE FROM custody_ledger.incarnation WHERE short NOT IN (SELECT incarnation FROM custody_ledger.block)});
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, 'copy', @digest) ], [], 'sealed, not anchored: a block that is taken away never was';

open my $guide, '<', source_directory() . '/docs/audit.md' or die $!;
like join('', <$guide>), qr/is a superuser \| change what is not anchored yet \| \*\*nothing shows it\*\*/, '... as the guide says';

# One event is withheld from an organization's bundle.
my @line = split /\n/, $cluster->sql('sound', 'SELECT custody.export_evidence(1::bigint)');
is((outside(join('', map { "$_\n" } @line), @digest))[0], 'proven', 'an organization\'s bundle');
my @event = grep { $line[$_] =~ /"t": ?"event"/ } 0 .. $#line;
cmp_ok scalar @event, '>', 3, 'it has events';
for my $at (@event) {
    my ($verdict, $what) = outside(join('', map { "$line[$_]\n" } grep { $_ != $at } 0 .. $#line), @digest);
    is $verdict, 'refuted', "without the event of line $at: $what";
}
is((outside(join('', map { "$_\n" } grep { !/"t": ?"link"/ } @line), @digest))[0], 'refuted', 'without its links');

# An old backup is restored and goes on; a crash loses nothing that was anchored.
my $place = $cluster->{place};
my $old = start_cluster('old', start => 0);
$place->as_user('rm', '-r', $old->data_directory);
$place->as_user(program('pg_basebackup'), '-D', $old->data_directory, '-d', $cluster->conninfo('postgres'), qw(-c fast -X stream));
$old->configure(unix_socket_directories => "'" . $old->socket_directory . "'");
$cluster->sql('sound', q{UPDATE patient SET dose = 7 WHERE id = 8});
seal($cluster, 'sound');
push @digest, digest($cluster, 'sound');
$old->start;
like join("\n", map { "@$_[0, 1, 2]" } verdicts($old, 'sound', @digest)), qr/^digests refuted 6$/m, 'an old backup: an anchored block is not there';
$old->sql('sound', q{UPDATE patient SET dose = 8 WHERE id = 8});
seal($old, 'sound');
like join("\n", map { "@$_[0, 1, 2]" } verdicts($old, 'sound', @digest)), qr/^digests refuted 6$/m, '... nor is it when the backup went on';
is((outside(stored($old, 'sound'), @digest))[0], 'refuted', '... outside as well');

# Seals that crashed: none of them is an alarm, and what the digest told is there.
for my $round (1 .. 5) {
    $cluster->sql('sound', "UPDATE patient SET dose = $round WHERE id = 7");
    my $session = $cluster->session('sound');
    $session->query('SET synchronous_commit = off');
    $round % 2 ? $session->query('BEGIN; SELECT custody.seal()') : $session->query('SELECT custody.seal()');
    push @digest, digest($cluster, 'sound') if !($round % 2);
    $cluster->restart('immediate');
    $session->close;
    is_deeply [ grep { $_->[1] eq 'refuted' } verdicts($cluster, 'sound', @digest) ], [], "crash $round: no alarm";
}
seal($cluster, 'sound');
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, 'sound', @digest, digest($cluster, 'sound')) ], [], 'after the crashes all is proven';

done_testing;
