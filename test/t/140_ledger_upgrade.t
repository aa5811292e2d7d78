# pg_upgrade, from a version to the same: the ledger comes along with the files, begins another lineage
# where the counter of transactions is the new server's, is proven, and goes on recording.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts);
use Custody::Ledger::Checks qw(seal digest verdicts outside reconciled stored);
use Custody::Test;

plan skip_all => 'no pg_upgrade' unless -x program('pg_upgrade');
my $old = start_cluster('old');
# Made by an initdb of its own: another system identifier.
my $new = start_cluster('new', start => 0, initdb => [ qw(--encoding=UTF8 --locale=C.UTF-8 --no-instructions) ]);
my $at = 'old';
sub sql { return ($at eq 'old' ? $old : $new)->sql('shop', @_) }
sub refused { return ($new->psql('shop', $_[0], user => $_[1]))[2] }

$old->create_database('shop', extension => 1);
sql(q{CREATE ROLE ann LOGIN; GRANT CREATE ON SCHEMA public TO ann; SET ROLE ann;
    CREATE TABLE item (id int PRIMARY KEY, org int, name text);
    CREATE TABLE part (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2); RESET ROLE;
    SELECT custody.init_ledger(); SELECT custody.audit('item', 'org'); SELECT custody.audit('part');
    INSERT INTO item SELECT n, n % 3, 'n' FROM generate_series(1, 50) n; INSERT INTO part SELECT n, 1 + n % 2 FROM generate_series(1, 20) n});
seal($old, 'shop');
my @digest = digest($old, 'shop');
sql(q{UPDATE item SET name = 'in no block' WHERE id < 10; DELETE FROM part WHERE id = 20; SELECT custody.place_hold('case', 'item', key => '{"id": 3}')});
my $unsealed = sql('SELECT count(*) FROM custody_ledger.tx') - sql('SELECT transactions FROM custody_ledger.block');
my $state = q{SELECT string_agg(concat_ws(' ', t.tgrelid::regclass, t.tgname, t.tgenabled), E'\n' ORDER BY t.tgrelid::regclass::text, t.tgname)
    FROM pg_trigger t WHERE NOT t.tgisinternal AND (t.tgname LIKE 'custody%' OR t.tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('custody_ledger'::regnamespace, 'custody'::regnamespace)))};
my $events = q{SELECT string_agg(concat_ws(' ', evtname, evtevent, evtenabled), E'\n' ORDER BY evtname) FROM pg_event_trigger};
my @before = map { sql($_) } $state, $events;
$old->stop;

my $place = $old->{place};
my $sockets = $place->make_directory('up');
my $upgrade = run_command('/bin/sh', '-c', 'cd "$0" && exec "$@"', $sockets, program('pg_upgrade'), '-U', 'postgres', '-s', $sockets,
    map({ my ($letter, $value) = @$_; ($letter, $value) } [ '-b', $old->{bin} ], [ '-B', $new->{bin} ], [ '-d', $old->data_directory ], [ '-D', $new->data_directory ]),
    { user => $place->user });
is $upgrade->{exit}, 0, 'pg_upgrade' or diag $upgrade->{stdout} . $upgrade->{stderr};
$new->start;
$at = 'new';
is_deeply [ map { sql($_) } $state, $events ], \@before, 'triggers and event triggers are what they were';
my ($pending) = grep { $_->[0] eq 'membership' && $_->[1] ne 'proven' } verdicts($new, 'shop', @digest);
like join(' ', @$pending), qr/unproven .* 3 transactions are in no block yet/, 'what was in no block is known to be in none';
is seal($new, 'shop'), 2, 'a block is sealed';
is sql(q{SELECT concat_ws(' ', kind, lineage, transactions, jsonb_array_length(notes::jsonb -> 'adopted')) FROM custody_ledger.block WHERE number = 2}),
    '1 2 3 3', '... of another incarnation and lineage, which adopts by name what was in none';
sub all_holds {
    my ($name) = @_;
    push @digest, digest($new, 'shop');
    is_deeply [ map { join ' ', @$_ } grep { $_->[1] ne 'proven' } verdicts($new, 'shop', @digest) ], [], "$name: verified, under digests from before, too";
    is((outside(stored($new, 'shop'), @digest))[0], 'proven', "$name: derived again from what is stored");
    is reconciled($new, 'shop', $_), '', "$name: $_ agrees with its events" for qw(item part);
}
all_holds('upgraded');

# It goes on.
like refused('DELETE FROM item WHERE id = 3', 'ann'), qr/legal hold 1/, 'what is held is held';
like refused('ALTER TABLE item DISABLE TRIGGER ALL', 'ann'), qr/stays as it is/, 'event triggers guard';
like refused('DELETE FROM custody_ledger.event'), qr/the audit ledger is not changed/, '... and so do triggers of the ledger';
sql(q{INSERT INTO item VALUES (1000, 1, 'new'); UPDATE part SET k = 3 - k WHERE id = 1; CREATE TABLE part_3 PARTITION OF part FOR VALUES IN (3);
    INSERT INTO part VALUES (1000, 3)});
is event_counts($new, 'shop', q{at > (SELECT max(noticed_at) FROM custody_ledger.incarnation) AND op <> 'S'}), 'I2 M1 N1', 'changes are recorded';
is seal($new, 'shop'), 3, 'and sealed';
all_holds('gone on');

# The loader wants the guards of its state as they were made: pg_upgrade does not keep those of foreign keys.
my $key = temporary_directory() . '/key.pem';
run_command('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', $key);
chmod 0600, $key;
my @anchor = ('audit', 'anchor', '--target', $new->conninfo('shop'), '--key-file', $key, '--anchor-file', temporary_directory() . '/anchors');
my $anchor = custody(@anchor);
is $anchor->{exit}, 6, 'the loader wants custody.migration_arm() first';
like $anchor->{stderr}, qr/\[state-unguarded\].*custody.migration_arm\(\)/s, '... and says so';
sql('SELECT custody.migration_arm()');
is custody(@anchor)->{exit}, 0, 'then it anchors';

done_testing;
