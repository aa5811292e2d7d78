# Names and bytes that are the same without meaning the same: what is erased is the row that was meant, and no other; what
# is held, too. Columns that took the names of others while nobody recorded, in one command, or in a transaction that had
# begun before; keys of other types with the same bytes; times without a zone; and settings of who approves.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('shop', extension => 1);
$c->sql('shop', <<'SQL');
SELECT custody.init_ledger();
CREATE EXTENSION citext;
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE boss LOGIN;
GRANT CREATE ON SCHEMA public TO boss;
SQL

# While the table was not recorded.
make('gap', 'id int PRIMARY KEY, code int UNIQUE NOT NULL, a text', "(1, 2, 'Ann'), (2, 1, 'Bob')");
$c->sql('shop', q{SELECT custody.unaudit('gap', 'x'); ALTER TABLE gap RENAME id TO old; ALTER TABLE gap RENAME code TO id;
    ALTER TABLE gap RENAME a TO name; ALTER TABLE gap DROP CONSTRAINT gap_pkey; ALTER TABLE gap ADD PRIMARY KEY (id); SELECT custody.audit('gap')});
is erased('gap', '{"id": 2}'), '1 events erased; the table had another key before: custody.request_erase_dropped() asks by that, too (version => 1)', 'names that moved while nobody recorded';
is left('gap'), 'I{"id": 1} I{"id": 2} B{"id": 1}', '... the row that was meant';
my $identity = $c->sql('shop', q{SELECT identity FROM custody_ledger.audited WHERE name = 'gap'});
is approve(ask(qq{custody.request_erase_dropped('$identity', '{"id": 1}', 'asked', 1)})), '1 events erased; the table has another key now: ask by that, too', '... the other key can be asked for';
is left('gap'), 'I{"id": 2} B{"id": 1}', '... by its version';
is $c->sql('shop', q{SELECT count(*) FROM custody.history('gap', '2')}), 0, '... and of one row nothing is told that was done to another';
$c->sql('shop', q{UPDATE gap SET name = 'Bill' WHERE id = 1});
is $c->sql('shop', q{SELECT new FROM custody.history('gap', '1') WHERE op = 'U'}), '{"name": "Bill"}', '... recording goes on';

# Nothing happened meanwhile; and only what is not the key.
make('still', 'id int PRIMARY KEY, a text', "(1, 'Ann'), (2, 'Bob')");
$c->sql('shop', q{SELECT custody.unaudit('still', 'x'), custody.audit('still')});
is erased('still', '1'), '2 events erased', 'a table whose columns stayed';
$c->sql('shop', q{SELECT custody.unaudit('still', 'x'); ALTER TABLE still DROP a, ADD b int; SELECT custody.audit('still')});
is erased('still', '2'), '3 events erased', '... or whose key did';
is $c->sql('shop', q{SELECT count(*) FROM custody_ledger.descriptor d JOIN custody_ledger.audited a ON a.id = d.tbl AND a.name = 'still'}), 2, '... has a descriptor for each';
make('renamed', 'id int PRIMARY KEY, a text', "(1, 'Ann'), (2, 'Bob')");
$c->sql('shop', q{SELECT custody.unaudit('renamed', 'x'); ALTER TABLE renamed RENAME id TO number; SELECT custody.audit('renamed')});
is erased('renamed', '1'), '2 events erased', 'a key that only has another name';

# Dropped and added in one command; the second leaves the same text of the descriptor.
make('replaced', 'id int PRIMARY KEY, a text', "(1, 'Ann'), (2, 'Bob')");
make('again', 'a text, id int PRIMARY KEY', "('Ann', 1), ('Bob', 2)");
for my $table ('replaced', 'again') {
    $c->sql('shop', "DELETE FROM $table WHERE id = 1; ALTER TABLE $table DROP COLUMN id, ADD COLUMN id serial PRIMARY KEY");
    is $c->sql('shop', "SELECT id, a FROM $table"), '1|Bob', "$table: Bob has the number of Ann";
    like erased($table, '1'), qr/^1 events erased; the table had another key before/, '... his events of now are erased';
    is left($table), 'I{"id": 1} I{"id": 2} D{"id": 1}', '... not hers';
    $c->sql('shop', "INSERT INTO $table (a) VALUES ('Carl')");
    is $c->sql('shop', qq{SELECT new FROM custody.history('$table', '2') WHERE op = 'I' AND new ->> 'a' = 'Carl'}), '{"a": "Carl", "id": 2}', '... recording goes on';
}
make('parts', 'id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k', '(1, 1), (2, 1)', 'CREATE TABLE parts_1 PARTITION OF parts DEFAULT');
$c->sql('shop', 'DELETE FROM parts WHERE id = 1; ALTER TABLE parts DROP id, ADD id serial, ADD PRIMARY KEY (id, k)');
like erased('parts', '{"id": 1, "k": 1}'), qr/^1 events erased/, 'in partitions, too';
is left('parts'), 'I{"k": 1, "id": 1} I{"k": 1, "id": 2} D{"k": 1, "id": 1}', '... those of before stay';

# Another type, with values that are not those of before; and with those.
make('taken', 'id int PRIMARY KEY, code int UNIQUE NOT NULL, a text', "(1, 2, 'Ann'), (2, 1, 'Bob')");
$c->sql('shop', 'ALTER TABLE taken ALTER id TYPE bigint USING code');
like erased('taken', '{"id": 2}'), qr/^1 events erased; the table had another key before/, 'a column that got the values of another one';
is left('taken'), 'I{"id": 1} I{"id": 2} B{"id": 1}', '... the row that was meant';
make('kept', 'id text PRIMARY KEY, a text', "(' 1', 'Ann'), ('2', 'Bob')");
$c->sql('shop', q{ALTER TABLE kept ALTER id TYPE bigint USING trim(kept.id)::int8});
is erased('kept', '2'), '2 events erased', '... or its own';

# A time without a zone is that of who asks, for holds, too.
make('timed', 'at timestamptz PRIMARY KEY, a text', "('2026-01-01 12:00+09', 'Ann'), ('2026-01-01 12:00+00', 'Bob')");
my $tokyo = $c->sql('shop', q{SET timezone = 'Asia/Tokyo'; SELECT custody.place_hold('case', 'timed', '"2026-01-01 12:00"')}, user => 'lawyer');
like +($c->psql('shop', q{DELETE FROM timed WHERE a = 'Ann'}))[2], qr/is under legal hold $tokyo/, 'a time without a zone, when a hold is placed';
$c->sql('shop', q{DELETE FROM timed WHERE a = 'Bob'});
is $c->sql('shop', qq{SET timezone = 'America/New_York'; SELECT * FROM custody.verify_hold_triggers()}), '', '... whoever looks';

# A transaction that began before, and had not ended when somebody asked.
for my $case ([ 'racing', q{ALTER TABLE %1$s RENAME id TO old; ALTER TABLE %1$s RENAME code TO id; SELECT custody.audit('%1$s', key => '{id}', baseline => false)} ],
              [ 'racers', 'ALTER TABLE %1$s RENAME id TO old; ALTER TABLE %1$s RENAME code TO id' ]) {
    my ($table, $ddl) = @$case;
    make($table, 'id int PRIMARY KEY, code int UNIQUE NOT NULL, a text', "(1, 2, 'Ann'), (2, 1, 'Bob')");
    my $other = $c->session('shop');
    $other->query('BEGIN; ' . sprintf $ddl, $table);
    my $asked = $table eq 'racing' ? ask("custody.request_erase('$table', '1', 'asked')") : undef;
    my $holder = $c->session('shop', 'lawyer');
    my $backend = $holder->backend;
    $holder->send("SELECT custody.place_hold('case', '$table', '{\"id\": 1}')");
    wait_for('the hold waits', sub { $c->sql('shop', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $backend") eq 't' });
    $other->query(qq{UPDATE $table SET a = a || '!'; COMMIT});
    $holder->finish if $table eq 'racing';
    my ($meant) = $c->sql('shop', qq{SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE tgrelid = '$table'::regclass AND tgname ~ '^custody_hold_[0-9]+\$'}) =~ /WHEN \(\((.*)\)\)/;
    is $meant // '', $table eq 'racing' ? 'old.id = 1' : '', "$table: a hold is on the row that its key names when it is there";
    next if $table eq 'racers';
    my $hold = $c->sql('shop', 'SELECT max(id) FROM custody_ledger.hold');
    approve($c->sql('shop', "SELECT custody.request_lift($hold, 'over')", user => 'admin'));
    like approve($asked), qr/^1 events erased/, '... and what is erased is what was asked for';
    is left($table), 'I{"id": 2} U{"id": 2} U{"id": 1}', '... the row that was meant';
}

# The same bytes under another type.
make('bytes', 'id smallint PRIMARY KEY, a text', "(12336, 'Ann'), (5, 'Bob')");
$c->sql('shop', q{ALTER TABLE bytes ALTER id TYPE text; INSERT INTO bytes VALUES ('00', 'Carl')});
is erased('bytes', '"12336"'), '2 events erased', 'a key that had another type';
is left('bytes'), 'I{"id": 5} B{"id": "5"} I{"id": "00"}', '... not another one that has the same bytes';

# Domains.
$c->sql('shop', <<'SQL', user => 'boss');
CREATE TABLE switch (state text);
GRANT SELECT ON switch TO PUBLIC;
CREATE DOMAIN code AS citext CHECK (VALUE <> '');
SQL
{
    my $table = 'spelled';
    make($table, 'id code PRIMARY KEY, a text', "('a', 'Ann'), ('b', 'Bob')");
    $c->sql('shop', "UPDATE $table SET id = 'A' WHERE id = 'a'");
    my $asked = ask("custody.request_erase('$table', '\"A\"', 'asked')");
    is approve($asked, 'SET custody.owner_code = off;'), '3 events erased', 'a key is found as it was spelled, whatever who approves has set';
    is left($table), 'I{"id": "b"}', '... and nothing else';
}

# What a command of an owner's code fails with does not cancel a hold on an organization.
$c->sql('shop', 'GRANT pg_read_server_files, custody_admin TO boss');
$c->sql('shop', <<'SQL', user => 'boss');
CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF (SELECT count(*) FROM public.switch) > 0 THEN PERFORM public.copies(); END IF; RETURN 1; END $$;
CREATE FUNCTION copies() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COPY public.switch FROM '/dev/null' (FORMAT nonsense); END $$;
CREATE TABLE broken (id int, k int, org int8) PARTITION BY RANGE ((k + public.fails()));
CREATE TABLE broken_1 PARTITION OF broken DEFAULT;
SELECT custody.audit('broken', 'org', key => '{id}');
INSERT INTO switch VALUES ('fails');
SQL
my ($exit, undef, $said) = $c->psql('shop', q{SELECT custody.place_hold('case', org => '7')}, user => 'lawyer');
is $exit, 0, 'a hold on an organization is placed';
like $said, qr/WARNING:  hold \d+ does not reach the rows of public\.broken\nDETAIL:  COPY format "nonsense" not recognized/, '... and says where it is not';
$c->sql('shop', 'DELETE FROM switch', user => 'boss');
$c->sql('shop', 'SELECT custody.init_ledger()');

$c->sql('shop', 'SELECT custody.seal()');
is $c->sql('shop', q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}), '', 'the ledger verifies';
done_testing;

sub make {
    my ($table, $columns, $rows, $more) = @_;
    $c->sql('shop', "CREATE TABLE $table ($columns); " . ($more ? "$more; " : '') . "SELECT custody.audit('$table'); INSERT INTO $table VALUES $rows");
    return;
}
sub ask { my ($call) = @_; return $c->sql('shop', "SELECT $call", user => 'admin') }
sub approve { my ($request, $before) = @_; return $c->sql('shop', ($before // '') . "SELECT custody.approve($request)", user => 'lawyer') }
sub erased { my ($table, $key) = @_; return approve(ask("custody.request_erase('$table', '$key', 'asked')")) }
sub left {
    return $c->sql('shop', qq{SELECT string_agg(e.op::text || custody.event_key(e.descriptor, e.key)::text, ' ' ORDER BY e.lsn, e.cid, e.seq)
        FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name = '$_[0]' WHERE e.op <> 'S' AND e.key IS NOT NULL});
}
