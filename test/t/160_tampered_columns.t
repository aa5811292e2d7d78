# Every column of every table of the ledger, taken from the catalog so that none is missed, changed in each way that its
# type allows, NULL and exchanged with another row's; every row deleted and doubled: custody.verify_ledger() says so.
# Then what else of a table can be changed that what it shows depends on. Each change is rolled back.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one', conf => { jit => 'off' });
$c->create_database('first', extension => 1);
$c->sql('postgres', "CREATE ROLE $_ LOGIN") for qw(admin lawyer);
$c->sql('first', <<'SQL');
SELECT custody.init_ledger('day', '{"auditor_roles": ["admin"]}');
SELECT custody.grant_duty('admin', 'admin'), custody.grant_duty('lawyer', 'legal');
CREATE TABLE patient (id int PRIMARY KEY, org int8, name text);
CREATE TABLE visit (id int PRIMARY KEY, org int8, note text);
CREATE TABLE bare (a int);
SELECT custody.maintain_ledger('DROP TABLE custody_ledger.' || p || to_char(now() AT TIME ZONE 'UTC', '_YYYYMMDD'))
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.make_ledger_partition(p, custody.ledger_period_start('day', now()), clock_timestamp() + '2 seconds')
  FROM unnest('{event,tx}'::text[]) p;
SELECT custody.audit('patient', 'org');
CREATE TABLE again (id int PRIMARY KEY);
SELECT custody.audit('again'); SELECT custody.unaudit('again', 'later');
INSERT INTO patient SELECT i, 1 + i % 2, 'somebody ' || i FROM generate_series(1, 9) i;
UPDATE patient SET name = 'changed' WHERE id < 6;
SQL
wait_for('the end of the partition', sub {
    $c->sql('first', q{SELECT min(upper) < clock_timestamp() FROM custody.ledger_partitions('event')}) eq 't';
});
# What two duties do with one request.
sub twofold { my ($asks) = @_; my $number = $c->sql('first', "SELECT custody.$asks", user => 'admin');
    return $c->sql('first', "SELECT custody.approve($number)", user => 'lawyer') }
$c->sql('first', q{SELECT custody.place_hold('case', 'patient', '{"id": 3}')}, user => 'lawyer');
$c->sql('first', 'SELECT custody.seal()');
like twofold(q{request_prune(now(), 'policy')}), qr/2 held events kept/, 'pruned, two events held';
$c->sql('first', q{SELECT custody.audit('again'); SELECT custody.audit('visit', 'org'); SELECT custody.audit('bare');
    INSERT INTO visit VALUES (1, 1, 'a'), (2, 2, 'b'); INSERT INTO bare VALUES (1); UPDATE visit SET org = 2, note = 'c' WHERE id = 1});
$c->sql('first', q{SELECT custody.place_hold('over', org => '2'); SELECT custody.place_hold('stays', 'again')}, user => 'lawyer');
twofold(q{request_lift(2, 'closed')});
$c->sql('first', q{DELETE FROM patient WHERE id = 5});
twofold(q{request_erase('patient', '{"id": 5}', 'asked for')});
$c->sql('first', 'SELECT custody.seal()');
$c->sql('first', q{SELECT custody.request_erase('patient', '{"id": 6}', 'open')}, user => 'admin');
$c->sql('first', q{SELECT custody.withdraw_request(custody.request_erase('patient', '{"id": 7}', 'not so'))}, user => 'admin');
$c->sql('first', 'SELECT custody.seal()');
# Another incarnation.
$c->create_database('sound', template => 'first');
$c->sql('sound', q{INSERT INTO visit VALUES (3, 3, 'there'); TRUNCATE bare});
$c->sql('sound', 'SELECT custody.seal()');
$c->sql('sound', q{UPDATE visit SET note = 'again' WHERE id = 3});
$c->sql('sound', 'SELECT custody.seal()');
my $digest = $c->sql('sound', 'SELECT custody.ledger_digest()');
is $c->sql('sound', q{SELECT string_agg(relname, ' ') FROM pg_class c WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p')
    AND NOT relispartition AND (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %s', c.oid::regclass), false, true, '')))[1]::text = '0'}),
    '', 'every table has rows';

# The guards do not fire, and nothing keeps rows from being there twice: as somebody has it who writes into the files.
$c->sql('sound', <<'SQL');
UPDATE pg_class SET relhastriggers = false WHERE relnamespace = 'custody_ledger'::regnamespace;
UPDATE pg_index SET indisunique = false, indisprimary = indisprimary
 WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'custody_ledger'::regnamespace);
UPDATE pg_attribute SET attidentity = '' WHERE attidentity <> '' AND attrelid IN (
    SELECT oid FROM pg_class WHERE relnamespace = 'custody_ledger'::regnamespace);
CREATE SCHEMA attack;
CREATE FUNCTION attack.found(digest jsonb, beside boolean) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s|%s|%s|%s|%s', v."check", v.object, v.block, v.status, v.detail) FROM custody.verify_ledger(digest, indexes => beside, coverage => beside) v WHERE v.status <> 'proven' $$;
CREATE TABLE attack.sound (finding text);
CREATE TABLE attack.result (what text, said text[], failed text);
-- Does it, looks, and undoes it.
CREATE FUNCTION attack.try(what text, statement text, digest jsonb, beside boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    said text[];
    failed text;
    changed int8;
BEGIN
    BEGIN
        EXECUTE statement;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF statement ~ '^(UPDATE|DELETE|INSERT|WITH) ' AND changed = 0 THEN
            RAISE EXCEPTION 'nothing changed' USING ERRCODE = 'ZZ002';
        END IF;
        said := ARRAY(SELECT f.f FROM attack.found(digest, beside) f (f) EXCEPT SELECT s.finding FROM attack.sound s);
        RAISE EXCEPTION 'undone' USING ERRCODE = 'ZZ001';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN NULL;
        WHEN SQLSTATE 'ZZ002' THEN RETURN;
        WHEN OTHERS THEN failed := SQLERRM;
    END;
    INSERT INTO attack.result VALUES (what, said, failed);
END
$$;
-- Other values of a column, as expressions.
CREATE FUNCTION attack.others(type regtype, c text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format(e, c) FROM unnest(CASE type::text
        WHEN 'boolean' THEN ARRAY['NOT %1$s', 'NULL']
        WHEN 'bytea' THEN ARRAY['%1$s || ''\x00''', '''\x''', 'NULL', '''\x00''', 'set_byte(%1$s, octet_length(%1$s) - 1, get_byte(%1$s, octet_length(%1$s) - 1) # 1)']
        WHEN 'timestamp with time zone' THEN ARRAY['%1$s + interval ''1 us''', '%1$s - interval ''1 day''', '''infinity''', 'NULL', 'now()']
        WHEN 'jsonb' THEN ARRAY['''{}''', '%1$s || ''{"x": 1}''', 'NULL', '''[]''']
        WHEN 'uuid' THEN ARRAY['gen_random_uuid()', 'NULL']
        WHEN 'pg_lsn' THEN ARRAY['%1$s + 1', 'NULL']
        WHEN 'xid8' THEN ARRAY['(%1$s::text::int8 + 1)::text::xid8', '(%1$s::text::int8 - 1)::text::xid8', 'NULL']
        WHEN 'pg_snapshot' THEN ARRAY['(pg_snapshot_xmin(%1$s)::text || '':'' || (pg_snapshot_xmax(%1$s)::text::int8 + 1) || '':'')::pg_snapshot', 'NULL']
        WHEN 'text[]' THEN ARRAY['%1$s || ''x''::text', '''{}''', 'NULL', '%1$s[2:]', 'ARRAY(SELECT replace(u, ''0'', ''1'') FROM unnest(%1$s) u)']
        WHEN '"char"' THEN ARRAY['''U''', '''D''', '''S''', 'NULL']
        WHEN 'name' THEN ARRAY['(%1$s || ''x'')::name', '''''', 'NULL']
        WHEN 'text' THEN ARRAY['%1$s || ''x''', '''''', 'NULL', '%1$s || '' ''']
        WHEN 'oid' THEN ARRAY['(%1$s::int8 + 1)::oid', '0', 'NULL']
        ELSE ARRAY['%1$s + 1', '%1$s - 1', '0', '-1', 'NULL'] END) e $$;
SQL
$c->sql('sound', "INSERT INTO attack.sound SELECT attack.found('$digest', b) FROM unnest('{t,f}'::boolean[]) b");
note $c->sql('sound', 'SELECT * FROM attack.sound');

my $rows = 1;
for my $table (split /\n/, $c->sql('sound', q{SELECT relname FROM pg_class WHERE relnamespace = 'custody_ledger'::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1})) {
$c->sql('sound', <<"SQL", timeout => 900);
DO \$do\$
DECLARE
    t record; r record; e text;
BEGIN
    FOR t IN SELECT c.oid::regclass AS rel, a.attname, quote_ident(a.attname) AS col, a.atttypid::regtype AS type,
                    CASE c.relname WHEN 'event' THEN 'op, tbl, key_hash IS NULL, org IS NULL' ELSE 'true' END AS sort
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
              WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname = '$table'
              ORDER BY c.relname, a.attnum LOOP
        FOR r IN EXECUTE format('SELECT x.tableoid AS part, x.ctid AS place, row_number() OVER () AS n FROM (
                     SELECT tableoid, ctid, row_number() OVER (PARTITION BY %s ORDER BY ctid) AS i FROM %s) x WHERE x.i <= %s', t.sort, t.rel,
                     CASE WHEN t.sort = 'true' THEN $rows ELSE 1 END) LOOP
            FOR e IN SELECT attack.others(t.type, 'x.' || t.col)
                      UNION ALL SELECT format('(SELECT o.%s FROM %s o WHERE o.%1\$s::text IS DISTINCT FROM x.%1\$s::text ORDER BY o.ctid LIMIT 1)', t.col, t.rel) LOOP
                PERFORM attack.try(format('%s.%s = %s, row %s', t.rel, t.attname, e, r.n),
                    format('UPDATE %s x SET %s = %s WHERE ctid = %L AND tableoid = %s AND x.%2\$s::text IS DISTINCT FROM (%3\$s)::text', t.rel, t.col, e, r.place, r.part), '$digest');
            END LOOP;
        END LOOP;
    END LOOP;
    FOR t IN SELECT c.oid::regclass AS rel, CASE c.relname WHEN 'event' THEN 'op, tbl, key_hash IS NULL, org IS NULL' ELSE 'true' END AS sort
               FROM pg_class c WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname = '$table' ORDER BY c.relname LOOP
        FOR r IN EXECUTE format('SELECT x.tableoid::regclass AS part, x.ctid AS place, row_number() OVER () AS n FROM (
                     SELECT tableoid, ctid, row_number() OVER (PARTITION BY %s ORDER BY ctid) AS i FROM %s) x WHERE x.i <= %s', t.sort, t.rel,
                     CASE WHEN t.sort = 'true' THEN 9 ELSE 1 END) LOOP
            PERFORM attack.try(format('%s: row %s deleted', t.rel, r.n), format('DELETE FROM %s WHERE ctid = %L', r.part, r.place), '$digest');
            PERFORM attack.try(format('%s: row %s doubled', t.rel, r.n), format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM %1\$s WHERE ctid = %L', r.part, r.place), '$digest');
        END LOOP;
        PERFORM attack.try(format('%s: all deleted', t.rel), format('DELETE FROM %s', t.rel), '$digest');
    END LOOP;
END
\$do\$;
SQL
}

# What else readers depend on.
$c->sql('sound', <<"SQL", timeout => 900);
CREATE TABLE attack.filled AS SELECT tableoid AS relation FROM custody_ledger.event UNION SELECT tableoid FROM custody_ledger.tx;
CREATE FUNCTION attack.alter(what text, statement text) RETURNS void LANGUAGE sql AS \$f\$
    SELECT attack.try(what, format('UPDATE pg_event_trigger SET evtenabled = ''D''; %s; UPDATE pg_event_trigger SET evtenabled = ''A''', statement), '$digest', true) \$f\$;
DO \$do\$
DECLARE
    t record; i record;
BEGIN
    FOR t IN SELECT c.oid, c.oid::regclass AS rel, c.relkind, c.relispartition FROM pg_class c
              WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p')
                AND (NOT c.relispartition OR c.oid IN (SELECT f.relation FROM attack.filled f))
              ORDER BY c.relname LOOP
        PERFORM attack.alter(format('%s: a CHECK that is not so', t.rel), format('ALTER TABLE %s ADD CONSTRAINT forged CHECK (false) NOT VALID; UPDATE pg_constraint SET convalidated = true WHERE conname = ''forged''', t.rel));
        PERFORM attack.alter(format('%s: unlogged', t.rel), format('ALTER TABLE %s SET UNLOGGED', t.rel)) WHERE t.relkind = 'r';
        PERFORM attack.alter(format('%s: heir', t.rel), format('CREATE TABLE attack.heir () INHERITS (%s)', t.rel)) WHERE t.relkind = 'r' AND NOT t.relispartition;
        PERFORM attack.alter(format('%s: row security', t.rel), format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.rel));
        PERFORM attack.alter(format('%s: owner', t.rel), format('ALTER TABLE %s OWNER TO admin', t.rel));
        PERFORM attack.alter(format('%s: granted', t.rel), format('GRANT INSERT ON %s TO admin', t.rel));
        PERFORM attack.alter(format('%s: columns granted', t.rel), format('GRANT UPDATE (%s) ON %s TO admin', (SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = t.oid AND attnum = 1), t.rel));
        PERFORM attack.alter(format('%s: rule', t.rel), format('CREATE RULE r AS ON INSERT TO %s DO INSTEAD NOTHING', t.rel));
        PERFORM attack.alter(format('%s: triggers off', t.rel), format('ALTER TABLE ONLY %s DISABLE TRIGGER ALL', t.rel));
        PERFORM attack.alter(format('%s: renamed', t.rel), format('ALTER TABLE %s RENAME TO elsewhere', t.rel)) WHERE NOT t.relispartition;
        PERFORM attack.alter(format('%s: elsewhere', t.rel), format('ALTER TABLE %s SET SCHEMA attack', t.rel));
        PERFORM attack.alter(format('%s: column added', t.rel), format('ALTER TABLE %s ADD COLUMN more int', t.rel)) WHERE NOT t.relispartition;
    END LOOP;
    FOR t IN SELECT c.oid, c.oid::regclass AS rel, quote_ident(a.attname) AS col, a.attname, a.attnum, a.atttypid::regtype::text AS type, a.attcollation, a.attnotnull FROM pg_class c
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
              WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname, a.attnum LOOP
        PERFORM attack.alter(format('%s.%s: another type', t.rel, t.col), format('ALTER TABLE %s ALTER %s TYPE %s USING %2\$s::text::%3\$s', t.rel, t.col, CASE t.type WHEN 'text' THEN 'varchar' ELSE 'text' END));
        PERFORM attack.alter(format('%s.%s: dropped', t.rel, t.col), format('ALTER TABLE %s DROP COLUMN %s CASCADE', t.rel, t.col));
        PERFORM attack.alter(format('%s.%s: renamed', t.rel, t.col), format('ALTER TABLE %s RENAME COLUMN %s TO another', t.rel, t.col));
        PERFORM attack.alter(format('%s.%s: NOT NULL', t.rel, t.col), format('UPDATE pg_attribute SET attnotnull = true WHERE attrelid = %s AND attnum = %s', t.oid, t.attnum)) WHERE NOT t.attnotnull;
        PERFORM attack.alter(format('%s.%s: a default', t.rel, t.col), format('ALTER TABLE %s ALTER %s SET DEFAULT (CASE WHEN random() < 0 THEN NULL::%3\$s END)', t.rel, t.col, t.type));
        PERFORM attack.alter(format('%s.%s: collation', t.rel, t.col), format('ALTER TABLE %s ALTER %s TYPE %s COLLATE "POSIX"', t.rel, t.col, t.type)) WHERE t.attcollation <> 0;
        PERFORM attack.alter(format('%s.%s: shorter', t.rel, t.col), format('ALTER TABLE %s ALTER %s TYPE %s', t.rel, t.col, CASE t.type WHEN 'numeric' THEN 'numeric(40)' ELSE 'timestamptz(6)' END)) WHERE t.type IN ('numeric', 'timestamp with time zone');
    END LOOP;
    FOR i IN SELECT x.indexrelid, x.indexrelid::regclass AS index, x.indrelid::regclass AS rel, c.relnamespace FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
               JOIN pg_class k ON k.oid = x.indexrelid AND k.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
              WHERE c.relnamespace = 'custody_ledger'::regnamespace AND c.relkind = 'r' AND (NOT c.relispartition OR c.oid IN (SELECT f.relation FROM attack.filled f)) ORDER BY 2 LOOP
        PERFORM attack.alter(format('%s: hides a row', i.index), format('UPDATE pg_index SET indisready = false WHERE indexrelid = %s; '
            'WITH gone AS (DELETE FROM %s WHERE ctid = (SELECT min(ctid) FROM %2\$s) RETURNING *) INSERT INTO %2\$s OVERRIDING SYSTEM VALUE SELECT * FROM gone; UPDATE pg_index SET indisready = true WHERE indexrelid = %1\$s', i.indexrelid::oid, i.rel));
        PERFORM attack.alter(format('%s: another one', i.index), format('CREATE INDEX forged ON %s USING hash ((''x''::text))', i.rel));
    END LOOP;
    FOR t IN SELECT p.relid, p.relid AS rel, k AS parent, c.relpartbound FROM unnest('{event,tx}'::text[]) k CROSS JOIN LATERAL pg_partition_tree(format('custody_ledger.%I', k)::regclass) p
               JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf
                AND c.oid IN (SELECT f.relation FROM attack.filled f) LOOP
        PERFORM attack.alter(format('%s: detached', t.rel), format('ALTER TABLE custody_ledger.%I DETACH PARTITION %s', t.parent, t.rel));
        PERFORM attack.alter(format('%s: dropped', t.rel), format('DROP TABLE %s', t.rel));
        PERFORM attack.alter(format('%s: other bounds, unseen', t.rel), format('CREATE TABLE attack.p (LIKE custody_ledger.%1\$I); ALTER TABLE custody_ledger.%1\$I ATTACH PARTITION attack.p FOR VALUES FROM (''1990-01-01'') TO (''1991-01-01''); UPDATE pg_class SET relpartbound = (SELECT relpartbound FROM pg_class WHERE oid = ''attack.p''::regclass) WHERE oid = %3\$s; ALTER TABLE custody_ledger.%1\$I DETACH PARTITION attack.p', t.parent, t.rel, t.relid::oid));
    END LOOP;
    FOR t IN SELECT DISTINCT f.oid::regprocedure::text AS f, f.oid FROM pg_proc f WHERE f.pronamespace = 'custody'::regnamespace AND f.proname IN ('capture', 'capture_truncate', 'guard_ledger') LOOP
        PERFORM attack.alter(format('%s replaced', t.f), format('UPDATE pg_proc SET prosrc = ''BEGIN END'' WHERE oid = %s', t.oid));
    END LOOP;
END
\$do\$;
SQL

# What was not possible (a partition key, a NOT NULL) is no attack.
my $tried = $c->sql('sound', 'SELECT count(*) FROM attack.result WHERE failed IS NULL');
cmp_ok $tried, '>', 900, "$tried changes";
is $c->sql('sound', q{SELECT what, failed FROM attack.result WHERE failed !~ 'partition key|not-null constraint|out of valid range'}), '', 'none failed by mistake';
# What no event tells: docs/audit.md says so of these columns.
is $c->sql('sound', q{SELECT what FROM attack.result WHERE said = '{}'
    AND what !~ '^custody_ledger\.(audited\.relid|descriptor\.made_at|incarnation\.noticed_at|ledger\.options) = '}), '', 'each of the others is seen';
done_testing;
