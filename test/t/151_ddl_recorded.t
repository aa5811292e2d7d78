# DDL of every sort on recorded tables: after each step the table is as its events left it, and the answers for the moments
# before and after are the copies that were taken then.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(reconciled verdicts);
use Custody::Test;

my $cluster = start_cluster('one', conf => { track_commit_timestamp => 'on', max_prepared_transactions => 2, jit => 'off' });
$cluster->create_database('d', extension => 1);
$cluster->sql('d', <<'SQL');
SELECT custody.init_ledger();
CREATE SCHEMA copies;
CREATE TABLE copies.copy (tbl oid, at timestamptz, step text, rows text);
CREATE FUNCTION copies.text_of(VARIADIC rows jsonb[]) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(r::text, E'\n' ORDER BY r::text), '') FROM unnest(rows) r $$;
CREATE FUNCTION copies.take(tbl regclass, step text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rows text;
BEGIN
    EXECUTE format('SELECT copies.text_of(VARIADIC array_agg(to_jsonb(t.*))) FROM %s t', tbl) INTO rows;
    INSERT INTO copies.copy VALUES (tbl, clock_timestamp(), step, rows);
END $$;
-- Values of types that are gone, or have lost a label, are shown as bytes.
CREATE FUNCTION copies.differences(subject regclass) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('after "%s" there was %s, the ledger has %s', c.step, c.rows, l.rows)
      FROM copies.copy c, LATERAL (
           SELECT copies.text_of(VARIADIC array_agg(replace(replace(a."row"::text, '{"bytes": "74656e7365"}', '"tense"'),
                                                            '{"bytes": "63616c6d"}', '"calm"')::jsonb)) AS rows
             FROM custody.table_as_of(c.tbl, c.at) a) l
     WHERE c.tbl = subject AND c.rows <> l.rows ORDER BY c.at $$;
SQL
my ($session, $other, $watcher) = map { $cluster->session('d') } 1 .. 3;
$_->query(q{SET timezone = 'UTC'; SET client_min_messages = error}) for $session, $other, $watcher;
my $cases = 0;

# Tables with rows, by their names.
my $kinds = q{CREATE TYPE mood AS ENUM ('calm', 'tense'); CREATE TYPE pair AS (x int, y text)};
my %table = (
    plain => "$kinds; CREATE TABLE t (id int PRIMARY KEY, a text, m mood, p pair);
        INSERT INTO t VALUES (1, 'x', 'calm', (1, 'a')), (2, 'y', 'tense', NULL)",
    parted => "$kinds; CREATE TABLE t (id int, k int, a text, m mood, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
        CREATE TABLE p1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE p2 (z int, m mood, a text, k int NOT NULL, id int NOT NULL);
        ALTER TABLE p2 DROP z; ALTER TABLE t ATTACH PARTITION p2 FOR VALUES IN (2);
        CREATE TABLE p3 PARTITION OF t FOR VALUES IN (3) PARTITION BY RANGE (id); CREATE TABLE p31 PARTITION OF p3 DEFAULT;
        INSERT INTO t VALUES (1, 1, 'x', 'calm'), (2, 2, 'y', 'tense'), (3, 3, 'z', NULL)",
    keyless => "$kinds; CREATE TABLE t (id int, a text, m mood, p pair); INSERT INTO t VALUES (1, 'x', 'calm', (1, 'a')), (1, 'x', 'calm', (1, 'a'))",
    hidden => q{CREATE TABLE t (id int PRIMARY KEY, a text, s text, h text, e text); INSERT INTO t VALUES (1, 'x', 'in clear', 'in clear', 'in clear')},
);
my %audit = (hidden => q{SELECT custody.audit('t', redact => '{s}', hash => '{h}', exclude => '{e}')});
my $write = q{INSERT INTO t (id, a) VALUES (10, 'new'); UPDATE t SET a = a || '!' WHERE id = 1; DELETE FROM t WHERE id = 2};
my $write_parted = q{INSERT INTO t (id, k, a) VALUES (10, 3, 'new'); UPDATE t SET a = a || '!', k = 2 WHERE id = 1; DELETE FROM t WHERE id = 2};

# What sessions set for themselves.
for my $table (qw(plain parted)) {
    my $rows = $table eq 'plain' ? $write : $write_parted;
    recorded("settings of a session that alters: $table", $table,
        'SET standard_conforming_strings = off; SET escape_string_warning = off; SET quote_all_identifiers = on; SET array_nulls = off;'
            . q{ SET datestyle = 'SQL, DMY'; SET intervalstyle = sql_standard; SET extra_float_digits = -5; SET bytea_output = escape; SET plpgsql.extra_errors = 'all'},
        q{ALTER TABLE t ADD b1 timestamptz DEFAULT '01/02/2026 10:00+03', ADD b2 interval DEFAULT '-1 year 2 days', ADD b3 float DEFAULT 0.12345678901234567,
            ADD b4 bytea DEFAULT 'a\\\\\\\\b', ADD b5 text[] DEFAULT ARRAY[NULL, 'NULL', 'a,"b'], ADD b6 money DEFAULT 1234.5},
        $rows, 'ALTER TYPE mood RENAME TO moods', $rows =~ s/10/11/r, $table eq 'plain' ? () : ('ALTER TABLE t DETACH PARTITION p1', 'CREATE TABLE p4 PARTITION OF t FOR VALUES IN (4)',
            'INSERT INTO t (id, k) VALUES (20, 4)', 'TRUNCATE p2', 'ALTER TABLE p4 RENAME TO p5'),
        'other: UPDATE t SET a = 8', 'TRUNCATE t');
}
recorded('a setting of a session that writes', 'plain', 'SET quote_all_identifiers = on', $write, 'other: INSERT INTO t VALUES (12)', 'INSERT INTO t VALUES (13)');
is $cluster->sql('d', q{SELECT count(*) FROM custody_ledger.descriptor d JOIN custody_ledger.audited a ON a.id = d.tbl WHERE a.schema = 'case3'}), 1,
    '... makes no descriptor';

# Columns that come with values.
for my $table (qw(plain parted keyless)) {
    recorded("a constant that a rewrite puts into the rows: $table", $table, 'CREATE ACCESS METHOD heap_' . $table . ' TYPE TABLE HANDLER heap_tableam_handler',
        $table eq 'parted' ? ('ALTER TABLE t ADD z int DEFAULT 7, ALTER a TYPE varchar USING a || 1')
        : ('ALTER TABLE t ADD z int DEFAULT 7, SET UNLOGGED', 'UPDATE t SET a = 9', 'ALTER TABLE t SET LOGGED, ADD y text DEFAULT $$y$$',
            "ALTER TABLE t ADD x int DEFAULT 5, SET ACCESS METHOD heap_$table", 'UPDATE t SET a = 10'));
}
recorded('constants that differ by partition', 'parted', q{CREATE FUNCTION lie() RETURNS text LANGUAGE sql STABLE AS 'SELECT clock_timestamp()::text'},
    'ALTER TABLE t ADD z text DEFAULT lie()', $write_parted);
recorded('a constant whose label is another one later', 'plain', q{ALTER TABLE t ADD z mood DEFAULT 'tense', ADD y pair DEFAULT '(1,a)'},
    q{ALTER TYPE mood RENAME VALUE 'tense' TO 'taut'}, $write);
recorded('constants of columns that are kept from sight', 'hidden', 'ALTER TABLE t DROP s, DROP h, DROP e',
    q{ALTER TABLE t ADD s text DEFAULT 'in clear', ADD h text DEFAULT 'in clear', ADD e text DEFAULT 'in clear'}, $write);
is $cluster->sql('d', q{SELECT count(*) FROM custody_ledger.event WHERE position('in clear'::bytea IN new) > 0}), 0, '... are not told';

# Snapshots that are older than what another session did to the table.
for my $level ('REPEATABLE READ', 'SERIALIZABLE') {
    my @begin = ("BEGIN ISOLATION LEVEL $level; SELECT 1 FROM pg_class LIMIT 1", 'other: ALTER TABLE t ADD y int DEFAULT 3');
    recorded("DDL under $level beside other DDL", 'plain', @begin, 'fails: ALTER TABLE t ADD z int DEFAULT 4',
        $begin[0], q{ALTER TABLE t ADD z int DEFAULT random() * 9, DROP y; COMMIT}, $write);
    recorded("rows under $level beside DDL", 'plain', @begin, q{INSERT INTO t VALUES (5, 'z'); UPDATE t SET a = 7 WHERE id = 1; COMMIT}, $write);
    recorded("partitions under $level beside other partitions", 'parted', $begin[0], 'other: ALTER TABLE t DETACH PARTITION p1; CREATE TABLE p4 PARTITION OF t FOR VALUES IN (4)',
        'fails: ALTER TABLE t ADD z float DEFAULT random()', $begin[0], 'other: INSERT INTO t (id, k) VALUES (9, 4)',  'fails: ALTER TABLE p4 RENAME a TO b', $write_parted =~ s/, k = 2//r);
    recorded("DDL under $level beside custody.audit()", 'plain', 'CREATE TABLE u (id int PRIMARY KEY)', $begin[0], q{other: SELECT count(*) FROM custody.audit('u')},
        'fails: ALTER TABLE u ADD z float DEFAULT random()');
}

# Event triggers of others that fire first, and write what a command is about to have altered.
recorded('a table that an event trigger writes while its column is renamed', 'plain', q{CREATE FUNCTION early() RETURNS event_trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO t (id) VALUES (50); END'; CREATE EVENT TRIGGER aaa ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION early()},
    'ALTER TABLE t RENAME a TO b', 'DROP EVENT TRIGGER aaa', 'UPDATE t SET b = 7 WHERE id = 1', 'ALTER TABLE t RENAME b TO a', $write);
recorded('... a column that is kept from sight', 'hidden', q{CREATE FUNCTION early() RETURNS event_trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO t (id) VALUES (50 + (SELECT count(*) FROM t)); END'; CREATE EVENT TRIGGER aaa ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION early()},
    'ALTER TABLE t RENAME e TO e2', 'ALTER TABLE t RENAME h TO h2', 'ALTER TABLE t RENAME s TO s2', 'DROP EVENT TRIGGER aaa', q{INSERT INTO t VALUES (90, 'x', 'in clear', 'in clear', 'in clear')});
is $cluster->sql('d', q{SELECT count(*) FROM custody_ledger.event WHERE position('in clear'::bytea IN new) > 0}), 0, '... stays so';

# What others rename or move, and keys that nothing makes unique any more.
my %says;
for my $kind (qw(plain keyless)) {
    my $key = $kind eq 'plain' ? ' PRIMARY KEY' : '';
    $session->query("RESET ALL; SET search_path = public; CREATE TABLE named_$kind (i int); CREATE TABLE naming_$kind (id int$key, r regclass, a text, o oid);
        INSERT INTO naming_$kind VALUES (1, 'named_$kind', 'x', 1), (2, NULL, 'y', 2); SELECT custody.audit('naming_$kind'); ALTER TABLE named_$kind RENAME TO other_$kind");
    $says{$kind} = $session->query("SELECT DISTINCT status, problem FROM custody.reconcile('naming_$kind') ORDER BY 1, 2");
}
is $says{plain}, "unproven|different\nunproven|summary", 'a value that names a table which was renamed refutes nothing';
is $says{keyless}, "unproven|not in the ledger\nunproven|not live\nunproven|summary", '... nor without a key';
past_the_trigger(q{UPDATE naming_plain SET o = 7 WHERE id = 1});
is $session->query(q{SELECT status, columns FROM custody.reconcile('naming_plain') WHERE problem = 'different'}), 'refuted|{r,o}', '... and covers no other column';
$session->query(q{CREATE TABLE once (id int PRIMARY KEY, a text); INSERT INTO once VALUES (1, 'x'), (2, 'y'); SELECT custody.audit('once'); ALTER TABLE once DROP CONSTRAINT once_pkey});
is reconciled($cluster, 'd', 'once'), '', 'a table that has lost its primary key';
$session->query(q{INSERT INTO once VALUES (1, 'x')});
is $session->query(q{SELECT status, problem, key, count(*) FROM custody.reconcile('once') WHERE problem <> 'summary' GROUP BY 1, 2, 3}),
    'unproven|key not unique|{"id": 1}|2', '... is not proven where several rows have the key';
$session->query(q{DELETE FROM once WHERE ctid = (SELECT max(ctid) FROM once WHERE id = 1)});
is $session->query(q{SELECT status, problem, detail FROM custody.reconcile('once') WHERE problem <> 'summary'}), 'unproven|not in the ledger|nothing makes the key unique',
    '... and rows that had it refute nothing';
$session->query('CREATE EXTENSION citext; CREATE SCHEMA elsewhere; CREATE TABLE moved (id int PRIMARY KEY, c citext, d citext[]);
    INSERT INTO moved VALUES (1, $$x$$, $$[0:0]={y}$$); SELECT custody.audit($$moved$$); ALTER EXTENSION citext SET SCHEMA elsewhere');
is $session->query(q{SELECT "row" FROM custody.table_as_of('moved', clock_timestamp())}), '{"c": "x", "d": ["y"], "id": 1}', 'types of an extension that goes to another schema';

# A partition that is being detached takes rows until that is through.
$session->query(q{RESET ALL; CREATE TABLE leaving (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
    CREATE TABLE stays PARTITION OF leaving FOR VALUES IN (1); CREATE TABLE goes PARTITION OF leaving FOR VALUES IN (2); CREATE TABLE comes PARTITION OF leaving FOR VALUES IN (3);
    INSERT INTO leaving VALUES (1, 1), (2, 2), (3, 1); SELECT custody.audit('leaving')} =~ s/leaving/public.leaving/gr =~ s/TABLE (stays|goes|comes)/TABLE public.$1/gr);
$_->query('SET search_path = public') for $session, $other, $watcher;
$watcher->query('BEGIN; SELECT count(*) FROM leaving');
$other->send('ALTER TABLE leaving DETACH PARTITION goes CONCURRENTLY');
wait_for('the partition is being detached', sub { $session->query('SELECT count(*) FROM pg_inherits WHERE inhdetachpending') });
is $session->query('INSERT INTO goes VALUES (4, 2), (5, 2); UPDATE goes SET id = 6 WHERE id = 2; DELETE FROM goes WHERE id = 4;
    WITH i AS (INSERT INTO goes VALUES (7, 2)) UPDATE leaving SET k = 3 WHERE id = 3', error => 1), '', 'DML on a partition that is being detached';
is $session->query(q{SELECT status, count(*) FROM custody.reconcile('leaving') GROUP BY status}), 'unproven|4', '... whose rows are not missed';
like +($cluster->psql('d', q{SELECT count(*) FROM custody.table_as_of('public.leaving', now())}))[2],
    qr/WARNING:  a partition of public\.leaving is being detached\nDETAIL:  Its rows leave/, '... as of now they are there, with a word of that';
like +($cluster->psql('d', q{SELECT count(*) FROM custody.row_as_of('public.leaving', '[1, 1]', now())}))[2], qr/WARNING:  a partition/, '... likewise of a row';
$session->query('SELECT pg_cancel_backend(' . $other->backend . ')');
like $other->finish(error => 1), qr/canceling statement/, 'detaching is broken off';
$watcher->query('COMMIT');
is $session->query('INSERT INTO goes VALUES (8, 2); ALTER TABLE leaving DETACH PARTITION goes FINALIZE', error => 1), '', '... and finalized after more DML';
is reconciled($cluster, 'd', 'leaving'), '', '... with which its rows are events';
is +($cluster->psql('d', q{SELECT count(*) FROM custody.table_as_of('public.leaving', now())}))[2], '', '... and nothing is said any more';
is $session->query(q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'goes'::regclass}), 0, '... and it is not recorded any more';
$watcher->query('BEGIN; SELECT count(*) FROM leaving');
$other->send('ALTER TABLE leaving DETACH PARTITION comes CONCURRENTLY');
wait_for('the partition is being detached', sub { $session->query('SELECT count(*) FROM pg_inherits WHERE inhdetachpending') });
$session->query('SELECT pg_cancel_backend(' . $other->backend . ')');
$other->finish(error => 1);
$watcher->query('COMMIT');
is $session->query('ALTER TABLE leaving ADD z int; ALTER TABLE leaving DETACH PARTITION comes FINALIZE', error => 1), '', 'one that did not get a column meanwhile is finalized, too';
is $session->query(q{SELECT problem, detail FROM custody.reconcile('leaving') WHERE status = 'unproven'}),
    "not live|a partition was truncated, dropped or detached\nsummary|1 rows equal, 0 wrong, 1 not told", '... and the ledger does not have its rows go';

is join("\n", map { join '|', @$_ } grep { $_->[1] eq 'refuted' } verdicts($cluster, 'd')), '', 'the ledger verifies';
is $cluster->sql('d', 'SELECT (SELECT count(*) FROM custody.audit_rewriting) + (SELECT count(*) FROM custody.audit_removed)'), 0, 'nothing is left over';
done_testing;

# As a superuser can.
sub past_the_trigger {
    my ($sql) = @_;
    my ($table) = $sql =~ /UPDATE (\w+)/;
    return $session->query("ALTER EVENT TRIGGER custody_audit_ddl DISABLE; ALTER TABLE $table DISABLE TRIGGER custody_capture; $sql;
        ALTER TABLE $table ENABLE ALWAYS TRIGGER custody_capture; ALTER EVENT TRIGGER custody_audit_ddl ENABLE ALWAYS");
}
# Each step is a transaction of one session, or of another ("other: "), or one that fails ("fails: ").
sub recorded {
    my ($name, $table, @step) = @_;
    my $schema = 'case' . ++$cases;
    $_->query("RESET ALL; SET timezone = 'UTC'; SET client_min_messages = error; CREATE SCHEMA IF NOT EXISTS $schema; SET search_path = $schema, public") for $session, $other;
    $session->query("$table{$table}; " . ($audit{$table} // q{SELECT custody.audit('t')}));
    my $relation = $session->query(q{SELECT 't'::regclass::oid});
    my @problem;
    for my $step ('', @step) {
        my ($how, $sql) = $step =~ /^(?:(other|fails): )?(.*)$/s;
        my $answer = ($how // '') eq 'other' ? $other->query($sql, error => 1) : $session->query($sql, error => 1);
        push @problem, "$sql: $answer" if ($answer =~ /ERROR:/) != (($how // '') eq 'fails');
        $session->query('ROLLBACK', error => 1) if $answer =~ /ERROR:/ || ($how // '') eq 'fails';
        $watcher->query("SELECT copies.take($relation, \$step\$$sql\$step\$)") if $table ne 'hidden';
    }
    push @problem, grep { $_ ne '' } reconciled($cluster, 'd', $relation), $watcher->query("SELECT copies.differences($relation)"),
        $watcher->query("SELECT custody.coverage_trigger_problem($relation)"), map { $watcher->query($_, error => 1) =~ /(ERROR.*)/ }
        "SELECT count(*) FROM custody.changes($relation)";
    return is join("\n", @problem), '', $name;
}
