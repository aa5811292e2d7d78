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
done_testing;
