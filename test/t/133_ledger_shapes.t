# Tables of extreme shape: columns that come, go and change under writers, many partitions, a row of
# 100 MB, 500 columns. Each is recorded, sealed, verified, reconciled and restored elsewhere; what the
# server's processes needed at most is printed and bounded.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts image_of);
use Custody::Ledger::Checks qw(seal digest verdict_rows verify_sql outside reconcile_sql reconcile_faults stored restore_into most_memory);
use Custody::Test;
use Custody::Test::Process;
use Time::HiRes qw(time);

my $partitions = $ENV{CUSTODY_TEST_PARTITIONS} // 1000;
# The server itself takes 1.6 GB to move 1,000 rows between 10,000 partitions that nobody records.
my $memory = 400 + $partitions / 6;
# A restore makes each partition and its triggers by a statement of its own.
my $seconds = 300 + $partitions / 2;
my $cluster = start_cluster('shapes', conf => { max_locks_per_transaction => 64 + int($partitions / 4), max_wal_size => "'1GB'" });
my $other = start_cluster('other', initdb => [qw(--encoding=UTF8 --locale=C.UTF-8 --wal-segsize=8)],
    conf => { max_locks_per_transaction => 64 + int($partitions / 4), max_wal_size => "'1GB'" });

sub database {
    my ($name, $sql) = @_;
    $cluster->create_database($name, extension => 1);
    $cluster->sql($name, "SELECT custody.init_ledger(); $sql");
    return;
}

# In one session, whose memory is measured: its SQL, a name for what it does and how many MB it may take.
sub measured {
    my ($on, $database, $name, $bound, $sql) = @_;
    my $session = $on->session($database);
    my $begin = most_memory($session);
    my $began = time;
    my $out = $session->query($sql, timeout => $seconds + 300);
    my $most = most_memory($session);
    note sprintf '%s: at most %d MB in the server process (%d MB when idle), %.1f s', $name, $most, $begin, time - $began;
    cmp_ok $most, '<', $bound, "$name: memory is bounded";
    $session->close;
    return $out;
}

# Sealed, verified, reconciled, restored, and all of it again over there. SMALL: the verifier outside
# looks at it too, which reads everything into memory.
sub all_holds {
    my ($database, $bound, $outside, @table) = @_;
    measured($cluster, $database, "$database, sealed", $bound, 'SELECT custody.seal()');
    my @digest = digest($cluster, $database);
    my $look = sub {
        my ($on, $where) = @_;
        if ($outside) {
            my ($verdict, $what) = outside(stored($on, $database), @digest);
            is $verdict, 'proven', "$where: derived from what is stored" or diag $what;
        }
        my @row = verdict_rows(measured($on, $database, "$where, verified", $bound, verify_sql(@digest)));
        is_deeply [ @row ? grep { $_->[1] ne 'proven' } @row : 'no row' ], [], "$where: all is proven";
        for my $table (@table) {
            my $found = measured($on, $database, "$where, reconciled", $bound, reconcile_sql($table));
            is reconcile_faults($found), '', "$where: $table agrees with its events";
        }
    };
    $look->($cluster, $database);
    my $began = time;
    is restore_into($cluster, $database, $other, $database, $seconds), '', "$database: dumped and restored";
    note sprintf '%s: dumped and restored in %.1f s', $database, time - $began;
    measured($other, $database, "$database, restored and sealed", $bound, 'SELECT custody.seal()');
    push @digest, digest($other, $database);
    $look->($other, "$database, restored");
    return;
}

# Columns come, go and change their type while writers write.
database('columns', q{
    CREATE TABLE doc (id bigserial PRIMARY KEY, org int, body text DEFAULT 'b', n int DEFAULT 1, keep text);
    SELECT custody.audit('doc', org_column => 'org')});
my $script = write_file(join('', map { qq{INSERT INTO doc (org) SELECT i % 3 FROM generate_series(1, 5) i;
    UPDATE doc SET keep = 'k' || id WHERE id % 10 = $_ % 10; DELETE FROM doc WHERE id = (SELECT max(id) FROM doc);\n} } 1 .. 30));
my (@writer, @ended);
sub tend_writers {
    my ($start) = @_;
    for my $n (0 .. 2) {
        next if $writer[$n] && $writer[$n]->alive;
        push @ended, $writer[$n] if $writer[$n];
        $writer[$n] = $start && Custody::Test::Process->start(command => [ program('psql'), qw(-XAtq -v ON_ERROR_STOP=1 -d),
            $cluster->conninfo('columns'), '-f', $script ], dir => temporary_directory(), env => { PGAPPNAME => "writer$n" });
    }
    return;
}
my $changes = 2;
for my $round (1 .. $changes) {
    for my $ddl ("ADD c$round int", "ADD d$round text DEFAULT 'fast'", "ADD e$round timestamptz DEFAULT clock_timestamp()",
        "DROP d$round", 'ALTER n TYPE bigint', 'ALTER n TYPE numeric USING n + 1', 'ALTER n TYPE int',
        "RENAME c$round TO f$round") {
        tend_writers(1);
        $cluster->sql('columns', "SET lock_timeout = '20s'; ALTER TABLE doc $ddl");
    }
}
$_->wait for @writer;
tend_writers(0);
is join('', map { ($_->exit_code || '') . $_->stderr } @ended), '', 'columns: none of the writers had an error: ' . @ended;
cmp_ok $cluster->sql('columns', 'SELECT count(*) FROM custody_ledger.descriptor WHERE tbl > 0'), '>=', 4 * $changes,
    'columns: each has descriptors of its own';
all_holds('columns', 300, 1, 'doc');

# Many partitions: a row in each, rows that move, a partition that is detached.
database('parts', qq{
    CREATE TABLE part (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)});
for (my $from = 0; $from < $partitions; $from += 500) {
    $cluster->sql('parts', qq{DO \$\$ BEGIN FOR i IN $from .. least($from + 499, $partitions - 1) LOOP
        EXECUTE format('CREATE TABLE part_%s PARTITION OF part FOR VALUES FROM (%s) TO (%s)', i, i, i + 1); END LOOP; END \$\$});
}
measured($cluster, 'parts', "$partitions partitions, audited", $memory, q{SELECT count(*) FROM custody.audit('part')});
measured($cluster, 'parts', "$partitions partitions, a row in each", $memory,
    "INSERT INTO part SELECT i, i, 'n' FROM generate_series(0, $partitions - 1) i");
measured($cluster, 'parts', "$partitions partitions, rows move", $memory,
    "UPDATE part SET at = ($partitions - 1) - at, note = 'moved' WHERE at % 10 = 3");
my $moved = int(($partitions + 6) / 10);
is event_counts($cluster, 'parts', 'tbl > 0'), "I$partitions M$moved N$moved S1", 'parts: the events';
$cluster->sql('parts', 'ALTER TABLE part DETACH PARTITION part_7');
is event_counts($cluster, 'parts', "op = 'D'"), 'D1', 'parts: a detached one takes its row along';
all_holds('parts', $memory, 1, 'part');

# A row of 100 MB is stored as its hash, one of 40 MB as it is.
database('giant', q{
    CREATE TABLE giant (id int PRIMARY KEY, body text, other bytea);
    ALTER TABLE giant ALTER body SET STORAGE EXTERNAL;
    SELECT custody.audit('giant')});
measured($cluster, 'giant', '40 MB inserted', 1000, q{INSERT INTO giant VALUES (1, repeat('0123456789', 4000000), 'x')});
measured($cluster, 'giant', '100 MB inserted', 1500, q{INSERT INTO giant VALUES (2, repeat('0123456789', 10000000), 'x')});
measured($cluster, 'giant', 'another column updated', 1500, q{UPDATE giant SET other = 'y'});
measured($cluster, 'giant', '100 MB updated', 1500, q{UPDATE giant SET body = repeat('abcdefghij', 10000000) WHERE id = 2});
measured($cluster, 'giant', '100 MB deleted', 1500, q{DELETE FROM giant WHERE id = 2});
measured($cluster, 'giant', '100 MB inserted again', 1500, q{INSERT INTO giant VALUES (3, repeat('0123456789', 10000000), 'x')});
is event_counts($cluster, 'giant', 'tbl > 0'), 'D1 I3 S1 U3', 'giant: the events';
is $cluster->sql('giant', q{SELECT count(*) FROM custody_ledger.event WHERE octet_length(new) > 64000000}), 0,
    'giant: no image is larger than what a value may have';
is $cluster->sql('giant', q{SELECT count(*) FROM custody_ledger.event WHERE octet_length(new) > 40000000}), 1,
    'giant: 40 MB are stored';
all_holds('giant', 1500, 0, 'giant');

# 500 columns.
my @column = map { "c$_ " . (qw(int text numeric timestamptz uuid))[ $_ % 5 ] } 1 .. 499;
database('wide', 'CREATE TABLE wide (id int PRIMARY KEY, ' . join(', ', @column) . q{); SELECT custody.audit('wide')});
measured($cluster, 'wide', '500 columns, 2,000 rows', 500, 'INSERT INTO wide (id, c1, c2, c499) SELECT i, i, i, gen_random_uuid() FROM generate_series(1, 2000) i');
measured($cluster, 'wide', '500 columns, one updated', 500, q{UPDATE wide SET c1 = 'new'});
measured($cluster, 'wide', '500 columns, all updated', 500, 'UPDATE wide SET ' . join(', ', map {
    "c$_ = " . (1, "'t'", 1.5, 'now()', 'gen_random_uuid()')[ $_ % 5 ] } 1 .. 499) . ' WHERE id % 10 = 0');
is event_counts($cluster, 'wide', 'tbl > 0'), 'I2000 S1 U2200', 'wide: the events';
my ($all) = map { [ image_of($_) ] } $cluster->sql('wide', q{SELECT encode(new, 'hex') FROM custody_ledger.event
    WHERE op = 'U' ORDER BY xid DESC, seq DESC LIMIT 1});
is scalar @$all, 1 + 2 * 499, 'wide: a change of all is one of 499 columns';
all_holds('wide', 500, 1, 'wide');

done_testing;
