# An UPDATE that takes a row to another partition and to another key and organization: a pair M and N, each
# event with its own key and organization (docs/ledger-format.md, section 4), which both verifiers prove.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(outside);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('clinic', extension => 1);
$c->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE TABLE p (k int, id int, org int8, PRIMARY KEY (k, id)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
SELECT custody.audit('p', org_column => 'org');
INSERT INTO p VALUES (1, 1, 7), (1, 2, 7);
UPDATE p SET k = 2, org = 8 WHERE id = 1;
CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep_out BEFORE INSERT ON p2 FOR EACH ROW EXECUTE FUNCTION keep_out();
UPDATE p SET k = 2 WHERE id = 2;
SELECT custody.seal();
SQL
my $digest = $c->sql('clinic', 'SELECT custody.ledger_digest()');
my $events = q{SELECT op, pair IS NOT NULL, custody.event_key(descriptor, key), get_byte(org, 8) FROM custody_ledger.event
    WHERE op NOT IN ('S', 'I') ORDER BY lsn, seq};
is $c->sql('clinic', $events), qq{M|f|{"k": 1, "id": 1}|7\nN|t|{"k": 2, "id": 1}|8\nM|f|{"k": 1, "id": 2}|7},
    'a pair with both keys and organizations; a row that a trigger kept out has the first only';
is $c->sql('clinic', q{SELECT string_agg(op::text, ' ') FROM custody.history('p', '{"k": 2, "id": 1}')}), 'N', 'the history of the new key';
is $c->sql('clinic', qq{SELECT count(*) FROM custody.verify_ledger('$digest') WHERE status <> 'proven'}), 0, 'verification proves it';
for (['whole', 'custody.export_ledger()'], ['left', 'custody.export_evidence(7::int8, 1, 1)'], ['entered', 'custody.export_evidence(8::int8, 1, 1)']) {
    my ($name, $export) = @$_;
    my $bundle = $c->sql('clinic', "SELECT $export") . "\n";
    is((outside($bundle, $digest))[0], 'proven', "$name: the verifier of examples proves it");
    my $run = custody('audit', 'verify-bundle', write_file($bundle, $name), '--digest', write_file("$digest\n", "digest-$name"));
    is $run->{exit}, 0, "$name: the loader proves it" or diag $run->{stdout}, $run->{stderr};
    my $ops = join ' ', sort $bundle =~ /"op": ?"([MN])"/g;
    is $ops, { whole => 'M M N', left => 'M M', entered => 'N' }->{$name}, '... with its side of the move';
}

# Other triggers of the rows that leave write, too, move rows themselves, and fail: a pair stays a pair.
$c->sql('clinic', <<'SQL');
DROP TRIGGER keep_out ON p2;
CREATE TABLE kept (id int PRIMARY KEY, k int);
CREATE TABLE q (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE q1 PARTITION OF q FOR VALUES IN (1);
CREATE TABLE q2 PARTITION OF q FOR VALUES IN (2);
CREATE TABLE deeper (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE deeper1 PARTITION OF deeper FOR VALUES IN (1);
CREATE TABLE deeper2 PARTITION OF deeper FOR VALUES IN (2);
INSERT INTO q SELECT i, 1 FROM generate_series(1, 3) i;
INSERT INTO deeper SELECT i, 1 FROM generate_series(1, 3) i;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO kept VALUES (OLD.id, OLD.k);
    FOR i IN 1 .. 30 LOOP
        BEGIN
            UPDATE deeper SET k = 3 - k WHERE id = OLD.id;
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN NULL; END;
    END LOOP;
    UPDATE deeper SET k = 2 WHERE id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER DELETE ON q FOR EACH ROW EXECUTE FUNCTION keep();
SELECT custody.audit('kept'), custody.audit('q'), custody.audit('deeper');
UPDATE q SET k = 2;
SQL
is $c->sql('clinic', q{SELECT string_agg(pair || ' of ' || name, ', ' ORDER BY name, key)
    FROM (SELECT a.name, e.key, CASE WHEN m.op = 'M' AND custody.event_key(m.descriptor, m.key) ->> 'id' = custody.event_key(e.descriptor, e.key) ->> 'id'
                      AND m.tbl = e.tbl THEN 'pair' ELSE 'none' END AS pair
            FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name IN ('q', 'deeper', 'kept')
            LEFT JOIN custody_ledger.event m ON m.xid = e.xid AND m.seq = e.pair WHERE e.op IN ('I', 'N')) x}),
    join(', ', ('pair of deeper') x 3, ('none of kept') x 3, ('pair of q') x 3), 'rows that move while triggers write and move others are pairs';

# A row that a trigger keeps out, and another that the same command inserts: nobody can tell, and nothing is told.
$c->sql('clinic', <<'SQL');
CREATE TABLE r (id int, k int, note text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE r1 PARTITION OF r FOR VALUES IN (1);
CREATE TABLE r2 PARTITION OF r FOR VALUES IN (2);
CREATE TABLE r3 PARTITION OF r FOR VALUES IN (3);
CREATE TABLE source (id int, k int);
SELECT custody.audit('r');
INSERT INTO source VALUES (1, 2), (11, 3);
SQL
my $cte = q{WITH moved AS (UPDATE r SET k = 2 WHERE id = 1 RETURNING id) INSERT INTO r SELECT 11, 3 WHERE (SELECT count(*) FROM moved) >= 0};
my $merge = q{MERGE INTO r USING source s ON s.id = r.id WHEN MATCHED THEN UPDATE SET k = s.k WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.k)};
my $plain = q{UPDATE r SET k = 2 WHERE id = 1};
is told($_->[1]), '1M 1N 11I', "$_->[0]: a pair where nothing keeps rows out" for [ WITH => $cte ], [ MERGE => $merge ];
is told($_->[1], function => 1), '1M 1N 11I', "$_->[0]: ... of a function, too" for [ WITH => $cte ], [ MERGE => $merge ];
$c->sql('clinic', q{CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 1 AND NEW.k = 2 AND current_setting('test.keep', true) = 'out' THEN RETURN NULL; END IF; NEW.note := 'by a trigger'; RETURN NEW; END $$;
    CREATE TRIGGER odd BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION odd()});
for ([ WITH => $cte ], [ MERGE => $merge ]) {
    my ($name, $sql) = @$_;
    is told($sql, keep => 'out'), '1M 11I', "$name: kept out, and another inserted";
    is told($sql, keep => 'out', loaded => 1), '1M 11I', '... not as the first command of its session';
    is told($sql, keep => 'out', function => 1), '1M 11I', '... in a function';
    is told($sql), '1M 1I 11I', '... and not told where it came in';
}
is told($plain, keep => 'out'), '1M', 'UPDATE: kept out';
is told($plain), '1M 1N', '... and a pair where it comes in';
is told($plain, loaded => 1, function => 1), '1M 1N', '... of a function, too';
is told($plain, prepared => 1), '1M 1N', '... and of a prepared statement';
is $c->sql('clinic', q{SELECT custody.seal(); SELECT count(*) FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}) =~ s/.*\n//sr, 0, 'verification proves them';
done_testing;

# What a command is as events, with the rows of before.
sub told {
    my ($sql, %option) = @_;
    $c->sql('clinic', q{DELETE FROM r; INSERT INTO r VALUES (1, 1)});
    my $before = $c->sql('clinic', 'SELECT max(xid) FROM custody_ledger.tx');
    $sql = "DO \$do\$ BEGIN $sql; END \$do\$" if $option{function};
    $sql = "PREPARE p AS $sql; EXECUTE p" if $option{prepared};
    $c->file('clinic', write_file(join(";\n", $option{loaded} ? 'SELECT custody.encoding_version()' : (), 'SET test.keep = ' . ($option{keep} // 'none'), $sql) . ';', 'told'));
    return $c->sql('clinic', qq{SELECT string_agg((custody.event_key(e.descriptor, e.key) ->> 'id') || e.op::text
        || CASE WHEN e.op = 'N' AND m.key IS NULL THEN '!' ELSE '' END, ' ' ORDER BY e.xid, e.seq)
        FROM custody_ledger.event e LEFT JOIN custody_ledger.event m ON m.xid = e.xid AND m.seq = e.pair AND m.op = 'M' WHERE e.xid > '$before'});
}
