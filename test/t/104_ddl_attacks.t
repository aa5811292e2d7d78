# Commands by which rows, or the recording of a table, might be lost unseen: by owners, who are no superusers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN;
CREATE ROLE helper LOGIN;
CREATE ROLE chief LOGIN IN ROLE boss, helper;
GRANT CREATE ON SCHEMA public TO boss, helper;
GRANT CREATE ON DATABASE clinic TO boss, helper, chief;
SET ROLE boss;
CREATE TABLE own (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE TABLE u (id int PRIMARY KEY, a text);
CREATE TABLE alone (id int PRIMARY KEY, a text);
CREATE TABLE alone_tree (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE parent (id int PRIMARY KEY, a text) PARTITION BY RANGE (id);
CREATE TABLE tree_parent (id int, k int) PARTITION BY RANGE (id);
CREATE TABLE elder (id int, a text);
RESET ROLE;
SELECT custody.audit(t) FROM unnest('{own,t,u,alone,alone_tree}'::regclass[]) t;
SQL
my $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');

# A recorded table below a parent that is not.
like failure(boss => 'ALTER TABLE parent ATTACH PARTITION alone FOR VALUES FROM (1) TO (100)'),
    qr/recorded table public\.alone cannot become a partition of public\.parent.*HINT:  Call custody\.unaudit/s,
    'a recorded table is not attached to a parent that is not recorded';
like failure(boss => 'ALTER TABLE tree_parent ATTACH PARTITION alone_tree FOR VALUES FROM (1) TO (100)'),
    qr/recorded table public\.alone_tree cannot become a partition of public\.tree_parent/, '... a partitioned one neither';
like failure(boss => 'ALTER TABLE own ATTACH PARTITION alone_tree FOR VALUES IN (100)'), qr/trigger "custody_capture".* already exists/,
    '... nor to one that is';
by(boss => q{INSERT INTO alone VALUES (1, 'x')}, 'I', 'it is still recorded');
by(boss => q{ALTER TABLE alone INHERIT elder; INSERT INTO alone VALUES (2, 'y'); UPDATE elder SET a = 'z'; ALTER TABLE alone NO INHERIT elder},
    'I; U; U', 'INHERIT leaves it a table of its own');
$cluster->sql('clinic', q{SELECT custody.unaudit('alone', 'to be a partition')});
$cluster->sql('clinic', 'ALTER TABLE parent ATTACH PARTITION alone FOR VALUES FROM (1) TO (100)', user => 'boss');
$cluster->sql('clinic', q{SELECT custody.audit('parent')});
events();
by(boss => q{INSERT INTO parent VALUES (3, 'x')}, 'I', 'the way that the hint tells');
agree('parent');

# Partitions that go with something else.
by(boss => 'CREATE SCHEMA s; CREATE SCHEMA s2; CREATE TABLE s.p1 PARTITION OF own FOR VALUES IN (1); CREATE TABLE s.p2 PARTITION OF own FOR VALUES IN (2, 3)'
        . ' PARTITION BY LIST (k); CREATE TABLE s2.p21 PARTITION OF s.p2 FOR VALUES IN (2); CREATE TABLE s.p22 PARTITION OF s.p2 FOR VALUES IN (3);'
        . ' INSERT INTO own VALUES (1, 1), (2, 2), (3, 3), (4, 3)',
    qr/attach public\.own|attach/, 'partitions in other schemas');
by(boss => 'BEGIN; DROP SCHEMA s CASCADE; ROLLBACK', '', 'DROP SCHEMA that is rolled back');
isnt failure(helper => 'DROP SCHEMA s CASCADE'), '', '... by others is refused';
isnt failure(boss => 'DROP SCHEMA s'), '', '... without CASCADE, too';
by(boss => 'DROP SCHEMA s, s2 CASCADE', qr/^(D; ){4}(drop s2?\.p\d+(; )?){4}$/, 'DROP SCHEMA: an event for each row of filled partitions');
agree('own');
by(boss => 'CREATE TABLE p4 PARTITION OF own FOR VALUES IN (4); CREATE TABLE p5 PARTITION OF own FOR VALUES IN (5); INSERT INTO own VALUES (5, 4), (6, 5)',
    qr/I; I$/, 'more partitions');
by(boss => 'DROP TABLE p4, p4', qr/^D; drop public\.p4$/, 'one that is named twice');
$cluster->sql('clinic', 'ALTER TABLE p5 OWNER TO helper');
events();
by(helper => 'DROP OWNED BY helper', 'D; drop public.p5', 'DROP OWNED: likewise');
agree('own');
$cluster->sql('clinic', 'CREATE SCHEMA hs AUTHORIZATION helper; GRANT CREATE ON SCHEMA hs, public TO boss, helper');
by(boss => 'CREATE TABLE hs.p6 PARTITION OF own FOR VALUES IN (6); INSERT INTO own VALUES (7, 6)', qr/I$/, 'a partition in the schema of another');
by(helper => 'DROP TABLE hs.p6', 'D; drop hs.p6', '... who drops it');
by(boss => 'CREATE TABLE hs.p7 PARTITION OF own FOR VALUES IN (7); INSERT INTO own VALUES (8, 7)', qr/I$/, '... and again');
by(helper => 'DROP OWNED BY helper CASCADE', qr/^D; drop hs.p7$/, '... who drops all that he owns');
agree('own');
$cluster->sql('clinic', 'GRANT CREATE ON SCHEMA public TO helper; GRANT CREATE ON DATABASE clinic TO helper');
by(helper => 'CREATE SCHEMA w; CREATE TABLE w.t (id int PRIMARY KEY); INSERT INTO w.t VALUES (1)', '', 'a table in a schema');
$cluster->sql('clinic', q{SELECT custody.audit('w.t')});
events();
by(helper => 'DROP SCHEMA w CASCADE', 'drop w.t', '... that is dropped');

# ... and with what it depends on: as a member of an extension, or by its own partition key.
$cluster->sql('clinic', q{CREATE SCHEMA lib; GRANT ALL ON SCHEMA lib TO boss; CREATE EXTENSION IF NOT EXISTS citext SCHEMA lib;
    ALTER TYPE lib.citext OWNER TO postgres; CREATE EXTENSION hstore SCHEMA lib; GRANT CREATE ON SCHEMA public TO boss});
by(boss => 'CREATE TYPE lib.kind AS ENUM ($$a$$, $$b$$); CREATE FUNCTION lib.half(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT $1 / 2$$; CREATE COLLATION lib.plain (locale = $$C$$); CREATE VIEW lib.one AS SELECT 1 AS id;'
        . ' CREATE TABLE key (id int, k int, kind lib.kind, code lib.citext, word text) PARTITION BY LIST (k); CREATE TABLE key_1 PARTITION OF key FOR VALUES IN (1);', '', 'partitions of partitions');
my %part = (2 => '(lib.half(id))', 3 => '(kind)', 4 => '(code)', 5 => '(word COLLATE lib.plain)', 6 => '(lib.half(id))', 8 => '(kind)', 9 => '((word::lib.citext))', 10 => '((row(id)::lib.one))');
by(boss => join('; ', map { "CREATE TABLE key_$_ PARTITION OF key FOR VALUES IN ($_) PARTITION BY RANGE $part{$_}; CREATE TABLE key_${_}d PARTITION OF key_$_ DEFAULT" } sort keys %part)
        . '; CREATE TABLE key_7 PARTITION OF key FOR VALUES IN (7); INSERT INTO key SELECT g, g, $$a$$, $$c$$, $$w$$ FROM generate_series(1, 10) g', '', '... with keys of several kinds');
$cluster->sql('clinic', q{SELECT custody.audit('key', key => '{id}'); ALTER EXTENSION hstore ADD TABLE key_7; ALTER FUNCTION lib.half(int) OWNER TO helper});
events();
agree('key');
isnt failure(chief => 'DROP COLLATION lib.plain; DROP TABLE nothing'), '', 'a DROP that fails';
isnt failure(helper => 'DROP COLLATION lib.plain CASCADE'), '', '... or is not allowed';
is events(), '', '... is no event';
my $reader = $cluster->session('clinic');
$reader->query('BEGIN; SELECT count(*) FROM key');
$cluster->sql('clinic', 'CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA lib TO stranger');
like failure(stranger => "SET lock_timeout = '2s'; $_"), qr/must be owner/, "... nor does it lock what it must not drop: $_" for 'DROP COLLATION lib.plain CASCADE', 'DROP TABLE key_2';
$reader->query('ROLLBACK');
$reader->close;
by(boss => 'DROP COLLATION lib.plain CASCADE', qr/^D; (drop public\.key_5d?(; )?){2}$/, 'DROP COLLATION');
agree('key');
by(helper => 'DROP OWNED BY helper CASCADE', qr/^D; D; .*(drop public\.key_[26]d?(; )?){4}$/, 'DROP OWNED of a function');
agree('key');
by(boss => 'CREATE TABLE lib.later (id int, kind lib.kind, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind); CREATE TABLE lib.later_a PARTITION OF lib.later DEFAULT; INSERT INTO lib.later VALUES (1, $$a$$)',
    '', 'a table whose own partition key has the type');
$cluster->sql('clinic', q{SELECT custody.audit('lib.later')});
events();
by(boss => 'DROP VIEW lib.one CASCADE', qr/^D; (drop public\.key_10d?(; )?){2}$/, 'DROP VIEW');
agree('key');
by(postgres => 'DROP EXTENSION hstore', 'D; drop public.key_7', 'DROP EXTENSION of a member');
agree('key');
by(boss => 'DROP TYPE lib.kind CASCADE', qr/^D; D; (?=.*drop lib\.later(;|$))((drop (public\.key_[38]d?|lib\.later(_a)?)|columns)(; |$)){6,8}$/, 'DROP TYPE, of a whole table, too');
agree('key');
by(postgres => 'DROP EXTENSION citext CASCADE', qr/^D; D; (drop public\.key_[49]d?; ){4}columns$/, 'DROP EXTENSION of a type');
agree('key');
is $cluster->sql('clinic', 'SELECT string_agg(id::text, $$ $$) FROM key'), '1', 'what is left is there';
# Constants of a key name objects of kinds that no column can have.
my %named = ('SEQUENCE named_seq' => '(id::oid = $$named_seq$$::regclass)', 'INDEX named_index' => '(id::oid = $$named_index$$::regclass)',
    'TEXT SEARCH CONFIGURATION words' => '(to_tsvector($$words$$, word) @@ $$w$$::tsquery)', 'TEXT SEARCH DICTIONARY stems' => '(ts_lexize($$stems$$, word) IS NULL)');
by(boss => 'CREATE SEQUENCE named_seq; CREATE TABLE indexed (id int); CREATE INDEX named_index ON indexed (id); CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);'
        . ' CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = simple)', '', 'objects that keys may name');
for (sort keys %named) {
    by(boss => "CREATE TABLE named PARTITION OF key FOR VALUES IN (20) PARTITION BY LIST ($named{$_}); CREATE TABLE named_d PARTITION OF named DEFAULT; INSERT INTO key VALUES (20, 20)", qr/I$/, 'a key with a name');
    by(boss => "DROP $_ CASCADE", qr/^D; (drop public\.named(_d)?(; )?){2}$/, "DROP $_");
    agree('key');
}

# A key may have an attribute of a column's type, which may be a table that others inherit.
by(boss => 'CREATE TYPE couple AS (a int, b int); CREATE TABLE forebear (a int, b int); CREATE TABLE offspring () INHERITS (forebear);'
        . ' CREATE TABLE attributed (id int, p couple, h offspring) PARTITION BY RANGE (id);'
        . ' CREATE TABLE attributed_1 PARTITION OF attributed FOR VALUES FROM (0) TO (10) PARTITION BY LIST (((p).a)); CREATE TABLE attributed_1d PARTITION OF attributed_1 DEFAULT;'
        . ' CREATE TABLE attributed_2 PARTITION OF attributed FOR VALUES FROM (10) TO (20) PARTITION BY LIST (((h).a)); CREATE TABLE attributed_2d PARTITION OF attributed_2 DEFAULT;'
        . ' CREATE TABLE attributed_3 PARTITION OF attributed DEFAULT', '', 'keys of attributes');
$cluster->sql('clinic', q{SELECT custody.audit('attributed', key => '{id}')});
events();
by(boss => 'INSERT INTO attributed VALUES (1, (1, 1), (1, 1)), (2, (1, 1), (1, 1)), (11, (1, 1), (1, 1)), (21, (1, 1), (1, 1))', qr/I; I; I; I$/, '... with rows');
isnt failure(helper => "ALTER $_ CASCADE"), '', "$_ by others is refused" for 'TYPE couple DROP ATTRIBUTE a', 'TABLE forebear DROP COLUMN a';
is events(), '', '... and no event';
by(boss => 'ALTER TYPE couple DROP ATTRIBUTE b CASCADE', qr/^(?!.*(D|drop))/, 'another attribute takes nothing');
by(boss => 'ALTER TYPE couple DROP ATTRIBUTE a CASCADE', qr/^D; D; (?!D).*drop public\.attributed_1/, 'ALTER TYPE DROP ATTRIBUTE');
agree('attributed');
by(boss => 'ALTER TABLE forebear DROP COLUMN a CASCADE', qr/^D; (?!D).*drop public\.attributed_2/, 'ALTER TABLE DROP COLUMN');
agree('attributed');
is $cluster->sql('clinic', 'SELECT string_agg(id::text, $$ $$) FROM attributed'), '21', '... and the others are there';
# ... of a table that is made OF a type, or inherits from one that is.
by(boss => 'CREATE TYPE shape AS (a int, b int); CREATE TABLE shaped OF shape; CREATE TABLE reshaped () INHERITS (shaped);'
        . ' CREATE TABLE keyed (id int, p shaped, h reshaped) PARTITION BY RANGE (id);'
        . ' CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES FROM (0) TO (10) PARTITION BY LIST (((p).a)); CREATE TABLE keyed_1d PARTITION OF keyed_1 DEFAULT;'
        . ' CREATE TABLE keyed_2 PARTITION OF keyed FOR VALUES FROM (10) TO (20) PARTITION BY LIST (((h).a)); CREATE TABLE keyed_2d PARTITION OF keyed_2 DEFAULT;'
        . ' CREATE TABLE keyed_3 PARTITION OF keyed DEFAULT', '', 'keys of attributes of typed tables');
$cluster->sql('clinic', q{SELECT custody.audit('keyed', key => '{id}')});
events();
by(boss => 'INSERT INTO keyed VALUES (1, (1, 1), (1, 1)), (11, (1, 1), (1, 1)), (21, (1, 1), (1, 1))', qr/I; I; I$/, '... with rows');
by(boss => 'ALTER TYPE shape DROP ATTRIBUTE a CASCADE', qr/^D; D; (?!D).*drop public\.keyed_[12]/, 'ALTER TYPE DROP ATTRIBUTE of a typed table');
agree('keyed');
is $cluster->sql('clinic', 'SELECT string_agg(id::text, $$ $$) FROM keyed'), '21', '... and the others are there';

# Whose rights a DROP has is not always the session's role.
by(boss => 'CREATE TABLE kept (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE kept_1 PARTITION OF kept FOR VALUES IN (1);'
        . ' CREATE TABLE kept_2 PARTITION OF kept FOR VALUES IN (2) PARTITION BY LIST (id); CREATE TABLE kept_21 PARTITION OF kept_2 FOR VALUES IN (1);'
        . ' CREATE TABLE kept_22 PARTITION OF kept_2 DEFAULT; CREATE TABLE kept_3 PARTITION OF kept FOR VALUES IN (3);'
        . ' CREATE FUNCTION drop_kept(what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN EXECUTE what; END$$', '', 'a function that drops partitions');
$cluster->sql('clinic', q{SELECT custody.audit('kept')});
by(boss => 'INSERT INTO kept VALUES (1, 1), (1, 2), (2, 2), (3, 2), (4, 3)', qr/I$/, '... which have rows');
by(helper => 'SELECT drop_kept($$DROP TABLE kept_1$$)', 'D; drop public.kept_1', 'another role drops one by the function of its owner');
agree('kept');
by(helper => 'SELECT drop_kept($$DROP TABLE kept_2$$)', qr/^(D; ){3}(drop public\.kept_2[12]?(; |$)){3}$/, '... one with partitions');
agree('kept');
is $cluster->sql('clinic', q{SELECT string_agg(concat_ws(' ', n.note ->> 'partition', n.note ->> 'rows'), ', ' ORDER BY n.note ->> 'partition') FROM custody_ledger.event e
    CROSS JOIN LATERAL (SELECT custody.note_of(e.op, e.new)) n (note) WHERE n.note ->> 'partition' LIKE '%kept%' AND n.note ->> 'kind' = 'drop'}),
    'public.kept_1 1, public.kept_2 0, public.kept_21 1, public.kept_22 2', '... the events say how many rows each had';
# Rows that are gone without an event are still missed, whatever was dropped by right.
$cluster->sql('clinic', q{ALTER EVENT TRIGGER custody_audit_ddl DISABLE; ALTER TABLE kept_3 DISABLE TRIGGER custody_capture; DELETE FROM kept_3;
    ALTER TABLE kept_3 ENABLE ALWAYS TRIGGER custody_capture; ALTER EVENT TRIGGER custody_audit_ddl ENABLE ALWAYS});
is $cluster->sql('clinic', q{SELECT status || ' ' || problem FROM custody.reconcile('kept') LIMIT 1}), 'refuted not live', 'a row that was deleted past the trigger is refuted after that';

# Rows past the trigger?
by(boss => "BEGIN; TRUNCATE t; COPY t FROM stdin WITH (FREEZE);\n1\tx\n2\ty\n\\.\nCOMMIT", 'T; I; I', 'COPY FREEZE');
agree('t');
by(chief => 'REASSIGN OWNED BY boss TO helper', '', 'REASSIGN OWNED');
by(helper => q{INSERT INTO t VALUES (3, 'z'); INSERT INTO parent VALUES (9, 'z')}, 'I; I', '... ends no recording');
isnt failure(helper => 'ALTER TABLE t DISABLE TRIGGER custody_capture'), '', '... nor lets the new owner do so';
by(helper => 'CREATE SCHEMA other; ALTER TABLE t SET SCHEMA other; ALTER TABLE alone SET SCHEMA other', 'columns', 'SET SCHEMA');
by(helper => q{INSERT INTO other.t VALUES (4, 'z'); INSERT INTO parent VALUES (10, 'z')}, 'I; I', '... ends none');
agree('other.t');
agree('parent');
$cluster->sql('clinic', 'CREATE EXTENSION IF NOT EXISTS citext', user => 'helper');
my $error = failure(helper => 'ALTER TRIGGER custody_capture ON other.t DEPENDS ON EXTENSION citext; DROP EXTENSION citext');
like $error, qr/trigger "custody_capture" is made by custody\.audit/, 'the trigger is not made to go with an extension';
by(helper => q{INSERT INTO other.t VALUES (5, 'z')}, 'I', '... and records');
is $cluster->sql('clinic', q{SELECT string_agg(concat_ws(' ', "check", object, status), '; ') FROM custody.verify_ledger()
    WHERE status = 'refuted'}), '', 'the ledger verifies';

# Partitions that a function drops with the rights of its owner, whoever calls it: by their table, schema and owner.
$cluster->sql('clinic', <<'SQL', user => 'boss');
CREATE SCHEMA old;
CREATE TABLE lent (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE lent_7 PARTITION OF lent FOR VALUES IN (7);
CREATE TABLE old.lent_8 PARTITION OF lent FOR VALUES IN (8);
INSERT INTO lent VALUES (1, 7), (2, 7), (1, 8);
CREATE FUNCTION drop_old(what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS 'BEGIN EXECUTE what; END';
SQL
$cluster->sql('clinic', q{SELECT custody.audit('lent')});
events();
by(helper => q{SELECT drop_old('DROP TABLE lent_7')}, 'D; D; drop public.lent_7', 'a partition that is dropped by a function of its owner');
by(helper => q{SELECT drop_old('DROP SCHEMA old CASCADE')}, 'D; drop old.lent_8', '... with its schema');
$cluster->sql('clinic', <<'SQL');
CREATE ROLE keeper;
CREATE TABLE lent_9 PARTITION OF lent FOR VALUES IN (9);
ALTER TABLE lent_9 OWNER TO keeper;
GRANT keeper TO boss;
INSERT INTO lent VALUES (1, 9);
SQL
events();
by(helper => q{SELECT drop_old('DROP OWNED BY keeper')}, 'D; drop public.lent_9', '... with its owner');
agree('lent');

# The event trigger that looks before drops is covered, too.
$cluster->sql('clinic', 'ALTER EVENT TRIGGER custody_audit_drop_start DISABLE');
is $cluster->sql('clinic', q{SELECT object, status FROM custody.verify_coverage() WHERE object LIKE 'event trigger%'}),
    'event trigger custody_audit_drop_start|refuted', 'coverage tells that it is off';

# What it does not see is refused, in whatever way it goes; not so a whole table.
events();
like failure(helper => $_), qr/partition public\.keyed_3 would go with its rows unseen.*HINT:  DROP TABLE or DETACH it first/s, "refused: $_"
    for 'DROP TABLE keyed_3';
is events(), '', '... nothing happened';
by(helper => 'DROP TABLE keyed', qr/^(drop public\.keyed(_3)?(; |$))+$/, 'a table is dropped with its partitions');
done_testing;

sub agree {
    my ($table) = @_;
    is $cluster->sql('clinic', "SELECT concat_ws(' ', status, problem, key, detail) FROM custody.reconcile('$table') WHERE status <> 'proven'"),
        '', "reconcile of $table";
    return;
}
sub failure {
    my ($user, $sql) = @_;
    my ($exit, undef, $error) = $cluster->psql('clinic', $sql =~ s/;\s*/;\n/gr, user => $user);
    return $exit == 0 ? '' : $error;
}
sub by {
    my ($user, $sql, $expected, $name) = @_;
    $cluster->sql('clinic', $sql =~ s/;(?!\n) */;\n/gr, user => $user);
    my $got = events();
    return ref $expected ? like $got, $expected, $name : is $got, $expected, $name;
}
sub events {
    my $got = $cluster->sql('clinic', <<SQL);
SELECT string_agg(CASE WHEN op = 'S' THEN concat_ws(' ', n ->> 'kind', n ->> 'relation', n ->> 'partition') ELSE op::text END, '; ' ORDER BY place)
  FROM (SELECT op, (lsn, seq) AS place, CASE WHEN op = 'S' THEN convert_from(substring(new FROM 2), 'UTF8')::jsonb END AS n
          FROM (SELECT * FROM custody_ledger.event ORDER BY lsn, seq OFFSET $seen) o) e
SQL
    $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');
    return $got;
}
