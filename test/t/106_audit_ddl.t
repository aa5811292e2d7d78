# What changes rows or their meaning without a row event is an event of its own: by a table's owner, who is no
# superuser, and in replica mode.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN;
GRANT CREATE ON SCHEMA public TO boss;
GRANT CREATE ON DATABASE clinic TO boss;
GRANT SET ON PARAMETER session_replication_role TO boss;
SET ROLE boss;
CREATE TABLE t (id int PRIMARY KEY, a text, secret text, noise text, code text);
INSERT INTO t VALUES (1, 'x', 's', 'n', 'c'), (2, 'y', 's', 'n', 'c');
CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1, 1);
RESET ROLE;
SELECT custody.audit('t', redact => '{secret}', exclude => '{noise}', hash => '{code}');
SELECT custody.audit('p');
SQL
my $seen = 0;
sub events;

events 'ALTER TABLE t ADD b int', 'columns 2', 'a column without a default';
events 'ALTER TABLE t ADD c int DEFAULT 7', 'columns 3; default c 5 7', 'a fast default';
events q{ALTER TABLE t ADD d timestamptz DEFAULT '2026-01-01 00:00+02'},
    'columns 4; default d 6 2025-12-31 22:00:00+00', '... in UTC';
events 'ALTER TABLE t ADD e float DEFAULT random()', 'columns 5; B; B; rewrite public.t 2', 'a default that is computed';
events 'ALTER TABLE t ADD f int GENERATED ALWAYS AS (id + 1) STORED', 'columns 6; B; B; rewrite public.t 2',
    'a generated column';
events 'ALTER TABLE t ALTER b TYPE text USING a', 'renamed b ; columns 7; B; B; rewrite public.t 2', 'another type';
events 'ALTER TABLE t ALTER a TYPE varchar', 'columns 8', '... that rewrites nothing';
events 'ALTER TABLE t DROP b', 'columns 9', 'a column dropped';
events 'ALTER TABLE t RENAME secret TO hidden', 'renamed secret hidden; columns 10', 'a column renamed';
events 'ALTER TABLE t RENAME noise TO sound', 'renamed noise sound; columns 11', '... an excluded one';
events 'ALTER TABLE t RENAME code TO cipher', 'renamed code cipher; columns 12', '... a hashed one';
events 'ALTER TABLE t RENAME id TO number', 'renamed id number; columns 13', '... the key';
is $cluster->sql('clinic', q{SELECT options - 'key', options -> 'key' FROM custody_ledger.audited WHERE name = 't'}),
    '{"hash": ["cipher"], "redact": ["hidden"], "exclude": ["sound"]}|["number"]', 'how they are recorded goes with them';
is $cluster->sql('clinic', q{SELECT string_agg(c ->> 'name' || ' ' || (c ->> 'store'), ', ' ORDER BY n), d.text::json ->> 'key'
    FROM custody_ledger.descriptor d, json_array_elements(d.text::json -> 'columns') WITH ORDINALITY AS c (c, n)
   WHERE d.version = 13 GROUP BY d.text}), 'number value, a value, hidden redact, cipher hash, c value, d value, e value, f value|[0]',
    'the descriptor says so';
is $cluster->sql('clinic', q{SELECT bool_and(hash = sha256('\x07'::bytea || convert_to(text, 'UTF8'))) FROM custody_ledger.descriptor}),
    't', 'hashes of descriptors are those of the format';
events 'ALTER TABLE t ALTER a SET STATISTICS 7; ALTER TABLE t SET (fillfactor = 90); CREATE INDEX ON t (a);
    CREATE TEMP TABLE t2 (a int); ALTER TABLE t2 ADD b int; CREATE TABLE t3 (a int); ALTER TABLE t3 ADD b int DEFAULT 1;
    VACUUM FULL t; CLUSTER t USING t_pkey', '', 'what concerns no row is no event';
events 'BEGIN; ALTER TABLE t ADD g int DEFAULT 1; ROLLBACK', '', 'what is rolled back is none';
events 'BEGIN; SAVEPOINT a; ALTER TABLE t ALTER c TYPE text; ROLLBACK TO a; ALTER TABLE t ADD g int; COMMIT', 'columns 14',
    '... by a savepoint neither';
events 'CREATE SCHEMA other; ALTER TABLE t SET SCHEMA other', 'columns 15', 'another schema';
events 'ALTER TABLE other.t RENAME TO u', 'columns 16', 'another name';
events 'ALTER TABLE other.u SET SCHEMA public', 'columns 17', 'and back';

events 'CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)', 'attach public.p2 0', 'a new partition';
events 'INSERT INTO p VALUES (1, 2); INSERT INTO p2 VALUES (2, 2)', 'I; I', '... is recorded at once';
events 'CREATE TABLE p3 (id int, k int, PRIMARY KEY (id, k)); INSERT INTO p3 VALUES (1, 3), (2, 3);
    ALTER TABLE p ATTACH PARTITION p3 FOR VALUES IN (3)', 'B; B; attach public.p3 2', 'a filled partition attached';
events 'CREATE TABLE p4 PARTITION OF p FOR VALUES IN (4, 5) PARTITION BY LIST (k); CREATE TABLE p41 PARTITION OF p4 FOR VALUES IN (4)',
    'attach public.p4 0; attach public.p41 0', 'partitions of partitions';
events 'INSERT INTO p41 VALUES (9, 4); TRUNCATE p41', 'I; D; T', '... recorded, TRUNCATE too';
events 'ALTER TABLE p DETACH PARTITION p3', 'D; D; detach public.p3 2', 'a partition detached';
events 'INSERT INTO p3 VALUES (7, 7)', '', '... is not recorded any more';
is $cluster->sql('clinic', q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'p3'::regclass}), 0, '... and has no trigger left';
events 'ALTER TABLE p DETACH PARTITION p2 CONCURRENTLY', 'D; D; detach public.p2 2', '... concurrently';
events 'CREATE TABLE p7 (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE p71 PARTITION OF p7 FOR VALUES IN (7);
    CREATE TABLE p72 PARTITION OF p7 FOR VALUES IN (8) PARTITION BY LIST (k); CREATE TABLE p721 PARTITION OF p72 FOR VALUES IN (8);
    INSERT INTO p7 VALUES (1, 7), (2, 8), (3, 8); ALTER TABLE p ATTACH PARTITION p7 FOR VALUES IN (7, 8)',
    qr/^(?=.*attach public\.p71 1)(?=.*attach public\.p721 2)(?=(?:[^B]*B){3}[^B]*$)/, 'filled partitions of partitions attached';
events 'UPDATE p SET k = 8 WHERE id = 1 AND k = 7', 'M; N', '... rows move in them';
events 'BEGIN; ALTER TABLE p DETACH PARTITION p7; ROLLBACK', '', '... detaching them is rolled back';
events 'ALTER TABLE p DETACH PARTITION p7', qr/^(?=.*detach public\.p71 0)(?=.*detach public\.p721 3)(?=(?:[^D]*\bD\b){3}[^D]*$)/, '... and is done';
events 'INSERT INTO p7 VALUES (9, 7), (9, 8); TRUNCATE p7; DROP TABLE p7', '', '... with which they are recorded no more';
is $cluster->sql('clinic', q{SELECT string_agg(status || problem, ' ') FROM custody.reconcile('p')}), 'provensummary', '... and the others agree';
events 'ALTER TABLE p ADD c int DEFAULT 3', 'columns 2; default c 2 3', 'a fast default of partitions';
is $cluster->sql('clinic', q{SELECT string_agg(status || problem, ' ') FROM custody.reconcile('p')}), 'provensummary', '... which their rows have';
events 'ALTER TABLE p DROP c, ADD c int DEFAULT 4', qr/B; rewrite public\.p1 1/, 'a column dropped, and another one of its name added, at once';
is $cluster->sql('clinic', q{SELECT string_agg(status || problem, ' ') FROM custody.reconcile('p')}), 'provensummary', '... which its rows have';
is $cluster->sql('clinic', q{SELECT "row" FROM custody.table_as_of('p', clock_timestamp())}), '{"c": 4, "k": 1, "id": 1}', '... and the answers';
events 'INSERT INTO p1 VALUES (2, 1), (3, 1); DROP TABLE p1', 'I; I; D; D; D; drop public.p1 3', 'a filled partition dropped';
events 'DROP TABLE IF EXISTS nothing', '', '... what is not there';
$cluster->sql('clinic', 'CREATE ROLE guest LOGIN');
my ($exit) = $cluster->psql('clinic', 'DROP TABLE p4', user => 'guest');
isnt $exit, 0, '... by others is refused';
events 'INSERT INTO p VALUES (8, 4); DROP TABLE p4', qr/^I; D; drop public\.p4 0; drop public\.p41 1$/, '... with partitions of its own';
events 'DROP TABLE p', qr/drop public\.p(;|$)/, 'a table dropped';
events 'DROP SCHEMA other CASCADE; DROP OWNED BY boss', qr/drop public\.u(;|$)/, '... by DROP OWNED';
is $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.audited WHERE active OR until IS NULL'), 0, 'they are recorded no more';

# The same name again is another table.
$cluster->sql('clinic', 'CREATE TABLE u (id int PRIMARY KEY)');
is $cluster->sql('clinic', q{SELECT count(*) FROM custody.audit('u')}), 6, 'recorded';
is $cluster->sql('clinic', 'SELECT count(DISTINCT identity) FROM custody_ledger.audited'), 3, 'under another identity';
is $cluster->sql('clinic', 'SELECT count(*) FROM custody.audit_rewriting'), 0, 'nothing is left over';
done_testing;

# Runs the statements as the owner, in replica mode, and compares the events since the last time.
sub events {
    my ($sql, $expected, $name) = @_;
    if ($seen == 0) {
        $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');
    }
    my $script = "SET session_replication_role = replica;\n" . ($sql =~ s/;\s*/;\n/gr) . ";\n";
    $cluster->sql('clinic', $script, user => 'boss');
    my $got = $cluster->sql('clinic', <<SQL);
SELECT string_agg(CASE WHEN op = 'S' THEN concat_ws(' ', CASE WHEN n ? 'renamed' THEN 'renamed' ELSE n ->> 'kind' END,
           n ->> 'version', n ->> 'column', n ->> 'position', n ->> 'value', n ->> 'relation', n ->> 'partition',
           n ->> 'renamed', n ->> 'to', n ->> 'rows') ELSE op::text END, '; ' ORDER BY place)
  FROM (SELECT op, ctid AS place, CASE WHEN op = 'S' THEN convert_from(substring(new FROM 2), 'UTF8')::jsonb END AS n
          FROM custody_ledger.event OFFSET $seen) e
SQL
    $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');
    ref $expected ? like $got, $expected, $name : is $got, $expected, $name;
}
