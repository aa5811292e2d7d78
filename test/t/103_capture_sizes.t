# Capture of what is large: rows of 100 MB, 500 columns, keys too long for an index, many organizations
# and statements in one transaction, many partitions. Memory is bounded, and printed.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(ledger_faults events_of event_counts image_of context_of);
use Custody::Test;
use Digest::SHA qw(sha256_hex);

my $cluster = start_cluster('capture_sizes', conf => { max_locks_per_transaction => 256 });
my $database = 'giants';
$cluster->create_database($_, extension => 1) for qw(giants shop);
sub sql { $cluster->sql($database, @_) }
sub newest { (events_of($cluster, $database, "op <> 'S' AND xid = (SELECT max(xid) FROM custody_ledger.event)"))[-1] }
sub audit { sql("SELECT count(*) FROM custody.audit($_[0])") }

# Peak of a session that runs the statements, in MB.
sub peak {
    my ($name, $sql) = @_;
    my $session = $cluster->session($database);
    $session->query($sql);
    my ($peak) = $session->query(q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')});
    $session->close;
    $peak = int($peak / 1024);
    note "$name: peak of $peak MB";
    return $peak;
}

sql(q{SELECT custody.init_ledger(); CREATE TABLE big (id int PRIMARY KEY, small text, v text, w bytea);
    ALTER TABLE big ALTER v SET STORAGE EXTERNAL; CREATE TABLE same (LIKE big INCLUDING ALL)});
audit(q{'big'});
my $insert = q{INSERT INTO %s VALUES (1, 'a', repeat('0123456789', 10000000))};
my ($plain, $audited) = map { peak("100 MB into $_", sprintf $insert, $_) } qw(same big);
cmp_ok $audited, '<', $plain + 500, 'a row of 100 MB in bounded memory';
my $event = newest();
is_deeply [ image_of($event->{new}) ], [ 'full', pack('N', 1), 'a', 'large', undef ], 'is stored by its hash';
is substr($event->{new}, -8 - 64, 64), sha256_hex("\x11" . pack('H*', $event->{images_salt}) . pack('n', 2) . '0123456789' x 10000000),
    'which is right';
cmp_ok peak('a small change beside 100 MB', q{UPDATE big SET small = 'b'}), '<', 100, 'what does not change is not read';
is_deeply [ image_of(newest()->{new}) ], [ 'changed', 1, 'b' ], 'the small change';
sql(q{INSERT INTO big VALUES (2, 'a', repeat('x', 20000000), NULL)});
cmp_ok length(newest()->{new}), '>', 40000000, 'a value below the limit is stored whole';
sql('CREATE TABLE many (id int PRIMARY KEY, ' . join(', ', map { "v$_ text" } 1 .. 6) . ')');
audit(q{'many'});
sql(q{INSERT INTO many SELECT 1, v, v, v, v, v, v FROM (SELECT repeat('y', 60000000)) s (v)});
is sql(q{SELECT length(new) < 300000000 FROM custody_ledger.event ORDER BY xid DESC LIMIT 1}), 't',
    'many values below the limit: the last ones are hashed';

# From here on all hashes are computed again: smaller rows, another database.
$database = 'shop';
sql('SELECT custody.init_ledger()');
sql('CREATE TABLE wide (id int PRIMARY KEY, ' . join(', ', map { "c$_ int DEFAULT $_" } 1 .. 500) . ')');
audit(q{'wide'});
sql('INSERT INTO wide (id) VALUES (1); UPDATE wide SET c500 = 0, c1 = NULL');
is_deeply [ image_of(newest()->{new}) ], [ 'changed', 1, undef, 500, pack('N', 0) ], '500 columns';

sql(q{CREATE TABLE keyed (doc text, n int)});
audit(q{'keyed', key => '{doc}'});
sql(q{INSERT INTO keyed SELECT string_agg(md5(i::text), ''), 1 FROM generate_series(1, 2000) i; UPDATE keyed SET n = 2; DELETE FROM keyed});
is event_counts($cluster, $database, q{length(key) > 64000}), 'D1 I1 U1', 'keys of 64 kB';

sql(q{CREATE TABLE orgs (id int PRIMARY KEY, org text)});
audit(q{'orgs', org_column => 'org'});
cmp_ok peak('20,000 organizations in one transaction', q{BEGIN; INSERT INTO orgs SELECT i, 'org ' || i FROM generate_series(1, 20000) i;
    SAVEPOINT s; UPDATE orgs SET id = -id; ROLLBACK TO s; INSERT INTO orgs SELECT i + 50000, 'org ' || i FROM generate_series(1, 20000) i; COMMIT}),
    '<', 200, 'many organizations';
sql(join '', 'BEGIN; ', map({ "INSERT INTO orgs VALUES (-$_, 'x');" } 1 .. 33000), 'COMMIT');
is sql(q{SELECT events FROM custody_ledger.tx ORDER BY xid::text::bigint DESC LIMIT 1}), 33000, '33,000 statements in one transaction';
is context_of($cluster, $database, newest())->{query}, undef, 'the last ones without the hash of their text';

sql(q{CREATE TABLE parts (id int, at int) PARTITION BY RANGE (at);
    DO $$ BEGIN FOR i IN 0..199 LOOP EXECUTE format('CREATE TABLE parts_%s PARTITION OF parts FOR VALUES FROM (%s) TO (%s)', i, i, i + 1); END LOOP; END $$});
audit(q{'parts'});
cmp_ok peak('200 partitions', 'INSERT INTO parts SELECT i, i % 200 FROM generate_series(1, 1000) i; UPDATE parts SET at = (at + 1) % 200'), '<', 200, 'many partitions';
is event_counts($cluster, $database, q{tbl = (SELECT id FROM custody_ledger.audited WHERE name = 'parts') AND op <> 'S'}), 'I1000 M1000 N1000', 'rows that move through them';
is_deeply [ ledger_faults($cluster, 'shop') ], [], 'all hashes and trees hold';
done_testing;
