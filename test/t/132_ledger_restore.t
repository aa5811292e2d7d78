# The ledger in another place: restored from a dump, copied as a template, promoted, recovered to a
# point in time, replicated. Each place is an incarnation of its own, adopts what no block has, proves
# the history from before under digests from before, and agrees with its rows.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(context_of event_counts events_of);
use Custody::Ledger::Checks qw(seal digest verdicts outside reconciled stored restore_into);
use Custody::Test;

my $home = start_cluster('home', conf => { wal_level => 'logical', max_prepared_transactions => 5, max_wal_senders => 8,
    archive_mode => 'on', full_page_writes => 'on' });
my $archive = $home->socket_directory . '/archive';
$home->configure(archive_command => "'mkdir -p $archive && cp %p $archive/%f'");
$home->reload;
# Clusters of tests are copies of one initdb: this one must have a system identifier of its own.
my $other = start_cluster('other', initdb => [qw(--encoding=UTF8 --locale=C.UTF-8 --wal-segsize=8)], conf => { max_logical_replication_workers => 4 });
$home->create_database('shop', extension => 1);
sub home { $home->sql('shop', @_) }
home(q{SELECT custody.init_ledger();
    CREATE TABLE item (id int PRIMARY KEY, org int, name text, price numeric(10, 2), at timestamptz DEFAULT now());
    CREATE TABLE part (id int, item int, note text, PRIMARY KEY (id, item)) PARTITION BY RANGE (item);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (1000) TO (2000);
    INSERT INTO item SELECT i, i % 3, 'baseline ' || i FROM generate_series(1, 50) i;
    SELECT custody.audit('item', org_column => 'org'); SELECT custody.audit('part')});
my @digest;

sub work {
    my ($cluster, $database, $from) = @_;
    $cluster->sql($database, qq{INSERT INTO item SELECT i, i % 3, 'row ' || i, i FROM generate_series($from, $from + 29) i;
        UPDATE item SET price = 1.5 WHERE id % 7 = 0; UPDATE item SET org = org + 1 WHERE id % 11 = 0;
        DELETE FROM item WHERE id = $from; INSERT INTO part SELECT i, i % 2000, 'n' FROM generate_series($from, $from + 20) i;
        UPDATE part SET item = (item + 1000) % 2000 WHERE id = $from + 1});
}

# All that must hold in a place, under digests from before and its own.
sub all_holds {
    my ($name, $cluster, $database, @more) = @_;
    my @mine = (@digest, @more, digest($cluster, $database));
    my $stored = stored($cluster, $database);
    is_deeply [ $stored->unsealed ], [], "$name: every transaction is in a block";
    my ($verdict, $what) = outside($stored, @mine);
    is $verdict, 'proven', "$name: derived again from what is stored" or diag $what;
    is_deeply [ grep { $_->[1] ne 'proven' } verdicts($cluster, $database, @mine) ], [], "$name: verified";
    is reconciled($cluster, $database, $_), '', "$name: $_ agrees with its events" for qw(item part);
    return $stored;
}
sub lineages { my ($stored) = @_; return join ' ', map { $_->{lineage} } @{ $stored->{block} } }

# The kind of the newest block, and how many transactions it adopted by name.
sub adoption {
    my ($stored) = @_;
    my $block = $stored->{block}[-1];
    my $notes = pack 'H*', $block->{notes} // '';
    return join ' ', $block->{kind}, length $notes ? scalar @{ json($notes)->{adopted} // [] } : 0;
}

# Positions in the log here are ahead of those over there: they tell nothing between incarnations.
home('SELECT pg_current_xact_id()'), home('SELECT pg_switch_wal()') for 1 .. 12;
work($home, 'shop', 100);
seal($home, 'shop');
push @digest, digest($home, 'shop');
all_holds('at home', $home, 'shop');
my $in_no_block = home('SELECT count(*) FROM custody_ledger.tx');
work($home, 'shop', 200);
$in_no_block = home('SELECT count(*) FROM custody_ledger.tx') - $in_no_block;

# Another cluster, by pg_dump and pg_restore.
is restore_into($home, 'shop', $other, 'shop'), '', 'dumped and restored';
work($other, 'shop', 300);
my $own = $other->sql('shop', 'SELECT count(*) FROM custody_ledger.tx') - home('SELECT count(*) FROM custody_ledger.tx');
seal($other, 'shop');
my $stored = all_holds('restored', $other, 'shop');
is adoption($stored), "1 $in_no_block", 'restored: the block of adoption names what was in no block';
is lineages($stored), '1 2', 'restored: its transactions are numbered by another counter';
is $stored->{block}[-1]{transactions}, $in_no_block + $own, 'restored: it has its own besides';
is $other->sql('shop', q{SELECT min(lsn) FILTER (WHERE incarnation = custody.this_incarnation())
    < max(lsn) FILTER (WHERE incarnation <> custody.this_incarnation()) FROM custody_ledger.event}), 't', 'restored: what was written here has positions from before';
like $other->sql('shop', q{SELECT string_agg(p.place::text, '' ORDER BY h.n) FROM (SELECT h.incarnation, row_number() OVER () AS n
    FROM custody.history('item', '7') h) h JOIN custody.incarnation_places() p ON p.short = h.incarnation}), qr/^1+2+$/, '... and comes after it in history';
is $other->sql('shop', q{SELECT "row" = (SELECT to_jsonb(i) FROM item i WHERE id = 7) FROM custody.row_as_of('item', '7', clock_timestamp())}), 't', '... and as of';
work($other, 'shop', 400);
seal($other, 'shop');
is adoption(all_holds('restored, later', $other, 'shop')), '0 0', 'restored: the next block is like any other';
isnt(($other->psql('shop', q{UPDATE custody_ledger.event SET op = 'D'}))[0], 0, 'restored: the ledger is guarded');

# A copy within the cluster. Both go on: what one anchors does not prove the other.
$home->create_database('copy', template => 'shop');
work($home, 'copy', 500);
seal($home, 'copy');
is lineages(all_holds('copied', $home, 'copy')), '1 1', 'copied: the counter goes on';
work($home, 'shop', 300);
seal($home, 'shop');
push my @fork, digest($home, 'shop');
is((outside(stored($home, 'copy'), @fork))[0], 'refuted', 'copied: a digest of the original is of another block 2');
ok scalar(grep { $_->[0] eq 'digests' && $_->[1] eq 'refuted' } verdicts($home, 'copy', @fork)), '... as verification says';

# A standby, promoted while a transaction is prepared.
sub replica_of {
    my ($name, @conf) = @_;
    my $cluster = start_cluster($name, start => 0);
    my ($data, $place) = ($cluster->data_directory, $cluster->{place});
    $place->as_user('rm', '-r', $data);
    $place->as_user(program('pg_basebackup'), '-D', $data, '-d', $home->conninfo('postgres'), qw(-c fast -X stream));
    $place->as_user('touch', "$data/" . shift @conf);
    $cluster->configure(unix_socket_directories => "'" . $cluster->socket_directory . "'", archive_mode => 'off', @conf);
    return $cluster;
}
push @digest, @fork;
my $recovered = replica_of('recovered', 'recovery.signal', restore_command => "'cp $archive/%f %p'",
    recovery_target_name => "'here'", recovery_target_action => "'promote'");
my $standby = replica_of('standby', 'standby.signal', track_commit_timestamp => 'on', primary_conninfo => "'" . $home->conninfo('postgres') =~ s/'//gr . "'")->start;
work($home, 'shop', 600);
home(q{BEGIN; INSERT INTO item VALUES (700, 1, 'prepared'), (701, 2, 'prepared'); PREPARE TRANSACTION 'p'});
seal($home, 'shop');
push @digest, digest($home, 'shop');
home(q{SELECT pg_create_restore_point('here')});
my $end = home('SELECT pg_current_wal_lsn()');
wait_for('the standby has all', sub { $standby->sql('shop', "SELECT pg_last_wal_replay_lsn() >= '$end'") eq 't' });
isnt(($standby->psql('shop', 'SELECT custody.seal()'))[0], 0, 'a standby seals nothing');
is((outside(stored($standby, 'shop'), @digest))[0], 'proven', 'but its ledger is that of home');
is_deeply [ grep { $_->[1] ne 'proven' } verdicts($standby, 'shop', @digest) ], [], '... and is verified there';
is $standby->sql('shop', 'SELECT count(DISTINCT clock), count(*) > 0 FROM custody.changes()'), '1|t', '... and answers, where the standby keeps times of commits and home does not';
is $standby->sql('shop', 'SELECT count(custody.exact_commit_time(t.xid, t.incarnation, t.incarnation)) FROM custody_ledger.tx t'), 0, '... of which it has none';
$standby->sql('postgres', 'SELECT pg_promote()');
$standby->sql('shop', q{COMMIT PREPARED 'p'});
work($standby, 'shop', 700 + 10);
seal($standby, 'shop');
my $promoted = all_holds('promoted', $standby, 'shop');
is adoption($promoted), '1 0', 'promoted: another incarnation, which has nothing to adopt by name';
is lineages($promoted), '1 1 1 1', 'promoted: the counter goes on';
my ($prepared) = grep { grep { $_->{op} eq 'I' && $_->{new} =~ /@{[ unpack 'H*', 'prepared' ]}/ } @{ $_->{list} // [] } }
    $promoted->transactions;
is $prepared->{block}, 4, 'promoted: what was prepared before is in its first block';
isnt $prepared->{incarnation}, $promoted->{block}[-1]{incarnation}, '... under the incarnation that prepared it';

# Home goes on as well, and is another one from here.
home(q{COMMIT PREPARED 'p'});
seal($home, 'shop');
my $later = digest($home, 'shop');
is((outside($promoted, $later))[0], 'refuted', 'home and the promoted server have different blocks 4');

# Back to a point in time: what was anchored after it shows that something is gone.
home('SELECT pg_switch_wal()');
wait_for('the archive has all', sub { home(q{SELECT last_archived_wal >= pg_walfile_name('} . $end . q{')
    FROM pg_stat_archiver}) eq 't' });
$recovered->start;
wait_for('recovered', sub { $recovered->sql('shop', 'SELECT pg_is_in_recovery()') eq 'f' });
is((outside(stored($recovered, 'shop'), @digest))[0], 'proven', 'recovered: digests from before');
isnt((outside(stored($recovered, 'shop'), $later))[0], 'proven', 'recovered: a digest from after it proves nothing');
ok scalar(grep { $_->[0] eq 'digests' && $_->[1] eq 'refuted' } verdicts($recovered, 'shop', $later)),
    'recovered: verification says that an anchored block is gone';
$recovered->sql('shop', q{ROLLBACK PREPARED 'p'});
work($recovered, 'shop', 800);
seal($recovered, 'shop');
is adoption(all_holds('recovered', $recovered, 'shop')), '1 0', 'recovered: another incarnation';

# Logical replication: one change is one event on either side, and says where it comes from.
$other->create_database('mirror', extension => 1);
$other->sql('mirror', q{SELECT custody.init_ledger();
    CREATE TABLE item (id int PRIMARY KEY, org int, name text, price numeric(10, 2), at timestamptz DEFAULT now());
    SELECT custody.audit('item', org_column => 'org')});
home(q{CREATE PUBLICATION items FOR TABLE item; SELECT pg_create_logical_replication_slot('items', 'pgoutput')});
isnt(($home->psql('shop', 'CREATE PUBLICATION everything FOR ALL TABLES'))[0], 0, 'a publication with the ledger is refused');
my $count = home('SELECT count(*) FROM item');
$other->sql('mirror', qq{CREATE SUBSCRIPTION items CONNECTION '@{[ $home->conninfo('shop') =~ s/'/''/gr ]}'
    PUBLICATION items WITH (create_slot = false, slot_name = 'items')});
wait_for('the rows arrive', sub { $other->sql('mirror', 'SELECT count(*) FROM item') == $count });
wait_for('the table follows', sub { $other->sql('mirror', 'SELECT srsubstate FROM pg_subscription_rel') =~ /^[rs]$/ });
my @mark = map { $_->[0]->sql($_->[1], 'SELECT max(xid::text::bigint) FROM custody_ledger.event') } [ $home, 'shop' ], [ $other, 'mirror' ];
is event_counts($other, 'mirror', "op = 'I'"), "I$count", 'rows of the first copy are events';
work($home, 'shop', 900);
home(q{INSERT INTO item VALUES (999, 1, 'last')});
wait_for('all is applied', sub { $other->sql('mirror', 'SELECT count(*) FROM item WHERE id = 999') });
my $tbl = home(q{SELECT id FROM custody_ledger.audited WHERE name = 'item'});
is event_counts($other, 'mirror', "xid::text::bigint > $mark[1]"), event_counts($home, 'shop',
    "tbl = $tbl AND xid::text::bigint > $mark[0]"), 'one change, one event on either side';
my ($event) = events_of($other, 'mirror', "xid::text::bigint > $mark[1]");
is context_of($other, 'mirror', $event)->{origin}, $other->sql('mirror', 'SELECT roname FROM pg_replication_origin'),
    'the origin is recorded';
seal($other, 'mirror');
is reconciled($other, 'mirror', 'item'), '', 'the mirror agrees with its events';
is((outside(stored($other, 'mirror'), digest($other, 'mirror')))[0], 'proven', '... and its ledger with itself');
is_deeply [ map { "@$_" } grep { $_->[1] ne 'proven' } verdicts($other, 'mirror', digest($other, 'mirror')) ], [], '... as verification says';
$other->sql('mirror', $_) for 'ALTER SUBSCRIPTION items DISABLE', 'ALTER SUBSCRIPTION items SET (slot_name = NONE)',
    'DROP SUBSCRIPTION items';

done_testing;
