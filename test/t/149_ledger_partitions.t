# The ledger's partitions: made ahead by custody.seal(); the default one takes what has none, and gives it back.
# Recording of a whole schema, and the end of recording, dry and done.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger qw(event_counts);
use Custody::Ledger::Checks qw(seal digest verdicts outside stored);
use Custody::Test;

my $c = start_cluster('one', conf => { wal_level => 'logical' });
$c->create_database('d', extension => 1);
sub sql { $c->sql('d', @_) }
my %ahead = (day => '14 days', week => '5 weeks', month => '3 months');
for my $period (sort keys %ahead) {
    $c->create_database($period, extension => 1);
    $c->sql($period, "SELECT custody.init_ledger('$period')");
    is $c->sql($period, qq{SELECT string_agg(DISTINCT (upper > now() + interval '$ahead{$period}')::text, ' ') FROM
        (SELECT max(upper) FROM custody.ledger_partitions('event') UNION ALL SELECT max(upper) FROM custody.ledger_partitions('tx')) p (upper)}), 'true',
        "$period: partitions for $ahead{$period} ahead";
}
sql(q{SELECT custody.init_ledger('day');
    CREATE TABLE t (id int PRIMARY KEY); SELECT custody.audit('t')});

# None of them is there: nobody called seal() for weeks.
sql(q{SELECT custody.seal(); SELECT custody.maintain_ledger('DROP TABLE ' || string_agg(p.relation::text, ', '))
    FROM (SELECT * FROM custody.ledger_partitions('event') UNION ALL SELECT * FROM custody.ledger_partitions('tx')) p WHERE p.lower > now()});
sql(q{SELECT custody.maintain_ledger(format('ALTER TABLE custody_ledger.%s DETACH PARTITION %s', k, p.relation))
    FROM unnest('{event,tx}'::text[]) k CROSS JOIN LATERAL custody.ledger_partitions(k) p});
sql(q{SELECT custody.maintain_ledger(format('INSERT INTO custody_ledger.%s SELECT * FROM custody_ledger.%1$s_%s', k, to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')))
    FROM unnest('{event,tx}'::text[]) k; SELECT custody.maintain_ledger(format('DROP TABLE custody_ledger.%s_%s', k, to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')))
    FROM unnest('{event,tx}'::text[]) k});
is sql(q{SELECT count(*) FROM custody.ledger_partitions('event')}), 0, 'no partition is left but the default ones';
sql('INSERT INTO t VALUES (1), (2)');
is sql('SELECT (SELECT count(*) FROM custody_ledger.event_default), (SELECT count(*) FROM custody_ledger.tx_default)'), '3|2', 'which take what is written';
my $writer = $c->session('d');
$writer->query('BEGIN; INSERT INTO t VALUES (3)');
my ($exit, $number, $said) = $c->psql('d', 'SELECT custody.seal()');
is $number, 2, 'a seal waits for no writer of the default partition';
like $said, qr/WARNING:  could not make the next partitions of the ledger: canceling statement due to lock timeout/, '... and says what it could not do';
$writer->query('COMMIT');
is sql('SELECT custody.seal()'), 3, 'the next one';
is sql('SELECT (SELECT count(*) FROM custody_ledger.event_default) + (SELECT count(*) FROM custody_ledger.tx_default)'), 0, '... leaves nothing in the default';
cmp_ok sql(q{SELECT count(*) FROM custody.ledger_partitions('event')}), '>=', 15, '... and makes partitions ahead';
$writer->query('INSERT INTO t VALUES (4)');
is sql('SELECT count(*) FROM custody_ledger.event_default'), 0, 'a session that was there writes into the new one';
seal($c, 'd');
is_deeply [ map { "@$_" } grep { $_->[1] ne 'proven' } verdicts($c, 'd', digest($c, 'd')) ], [], 'all of it verifies';
is((outside(stored($c, 'd'), digest($c, 'd')))[0], 'proven', '... outside, too');
is event_counts($c, 'd', 'tbl = 1'), 'I4 S1', '... with every event';

# A partition of the ledger is the ledger.
my $leaf = sql(q{SELECT relation FROM custody.ledger_partitions('tx') LIMIT 1});
for my $sql ("CREATE PUBLICATION p FOR TABLE $leaf", 'CREATE PUBLICATION p FOR TABLE custody_ledger.event_default', 'CREATE PUBLICATION p FOR TABLE t, custody_ledger.block (number)',
    'BEGIN; CREATE PUBLICATION p FOR TABLE t; ALTER PUBLICATION p SET TABLES IN SCHEMA custody_ledger',
    'BEGIN; CREATE PUBLICATION p; ALTER PUBLICATION p ADD TABLES IN SCHEMA public, custody_ledger') {
    like(($c->psql('d', $sql))[2], qr/publication "p" contains the audit ledger/, "refused: $sql");
}

# A schema.
sql(q{CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY); CREATE TABLE s.b (id int); CREATE TABLE s.left_out (id int);
    CREATE TABLE s.exempt (id int); INSERT INTO custody.audit_exemption (relation, reason) VALUES ('s.exempt', 'test');
    CREATE TABLE s.p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE s.p1 PARTITION OF s.p FOR VALUES FROM (0) TO (10);
    INSERT INTO s.a VALUES (1); INSERT INTO s.p VALUES (1)});
my $recorded = q{SELECT string_agg(name, ' ' ORDER BY name) FROM custody_ledger.audited WHERE schema = 's' AND active};
my $plan = sql(q{SELECT custody.audit_schema('s', exclude_tables => '{s.left_out}', options => '{"full_row": true}', dry_run => true)});
is sql($recorded), '', 'a schema, dry: nothing is recorded';
my $done = sql(q{SELECT custody.audit_schema('s', exclude_tables => '{s.left_out}', options => '{"full_row": true}')});
my $uuid = qr/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
is $done =~ s/$uuid/-/gr, $plan =~ s/$uuid/-/gr, '... then the same statements are done';
is sql($recorded), 'a b p', '... for its tables, but for the exempt, those left out, and partitions by themselves';
sql('INSERT INTO s.a VALUES (2); INSERT INTO s.b VALUES (2); INSERT INTO s.p1 VALUES (2); INSERT INTO s.left_out VALUES (2); INSERT INTO s.exempt VALUES (2)');
is event_counts($c, 'd', q{tbl IN (SELECT id FROM custody_ledger.audited WHERE schema = 's') AND op <> 'S'}), 'B2 I3', 'their rows are events';
is sql(q{SELECT string_agg(relation::text, ' ' ORDER BY relation::text) FROM custody.audit_coverage() WHERE state = 'gap'}), 's.left_out', 'coverage names the one that was left out';

# And its end.
my $end = sql(q{SELECT custody.unaudit('s.a', 'no more', dry_run => true)});
sql('INSERT INTO s.a VALUES (3)');
is event_counts($c, 'd', q{tbl = (SELECT id FROM custody_ledger.audited WHERE name = 'a') AND op = 'I'}), 'I2', 'unaudit(), dry: recording goes on';
is sql(q{SELECT custody.unaudit('s.a', 'no more')}), $end, '... then the same statements are done';
sql('INSERT INTO s.a VALUES (4)');
is event_counts($c, 'd', q{tbl = (SELECT id FROM custody_ledger.audited WHERE name = 'a') AND op = 'I'}), 'I2', '... and it does not';
done_testing;
