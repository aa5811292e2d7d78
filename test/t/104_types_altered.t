# Types of a recorded table's columns that their owner, who is no superuser, alters, renames and drops: what the rows
# mean, and how they are recorded, must not change unseen.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE boss LOGIN;
CREATE ROLE maker LOGIN;
CREATE SCHEMA kinds AUTHORIZATION maker;
GRANT CREATE ON SCHEMA public TO boss;
GRANT USAGE ON SCHEMA kinds TO PUBLIC;
SET ROLE maker;
CREATE TYPE kinds.mood AS ENUM ('calm', 'tense');
CREATE TYPE kinds.moods AS RANGE (subtype = kinds.mood);
CREATE TYPE kinds.inner AS (a int, m kinds.mood[]);
CREATE TYPE kinds.outer AS (i kinds.inner, n int);
CREATE DOMAIN kinds.outers AS kinds.outer[];
CREATE TYPE kinds.unused AS ENUM ('a');
CREATE DOMAIN kinds.number AS int;
CREATE TYPE kinds.pair AS (a int, b int);
RESET ROLE;
SET ROLE boss;
CREATE TYPE form AS (id int, secret text, code text, noise text);
CREATE TABLE row_type (a int, b int);
CREATE TABLE plain (id int PRIMARY KEY, m kinds.mood, other kinds.unused);
CREATE TABLE keyed (m kinds.mood PRIMARY KEY, a int);
CREATE TABLE deep (id int PRIMARY KEY, o kinds.outers, r kinds.moods, rs datemultirange) PARTITION BY RANGE (id);
CREATE TABLE deep1 PARTITION OF deep FOR VALUES FROM (1) TO (10);
CREATE TABLE deep2 PARTITION OF deep FOR VALUES FROM (10) TO (20);
CREATE TABLE hidden (id int PRIMARY KEY, m kinds.mood, n kinds.mood);
CREATE TABLE hashed (id int PRIMARY KEY, m kinds.mood);
CREATE TABLE rows (id int PRIMARY KEY, r row_type);
CREATE TABLE numbers (id int PRIMARY KEY, n kinds.number, p kinds.pair);
CREATE TABLE number_key (id kinds.number PRIMARY KEY, a text);
CREATE TABLE typed OF form (PRIMARY KEY (id));
CREATE TYPE base AS (a int, b int);
CREATE TABLE made OF base;
CREATE TABLE made_heir () INHERITS (made);
CREATE TABLE of_made (id int PRIMARY KEY, m made, h made_heir[]);
INSERT INTO of_made VALUES (1, (1, 2), NULL), (2, NULL, ARRAY[ROW(1, 2)::made_heir]);
CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (typed);
INSERT INTO plain VALUES (1, 'calm', 'a'), (2, 'tense', 'a'), (3, NULL, NULL);
INSERT INTO keyed VALUES ('calm', 1), ('tense', 2);
INSERT INTO deep VALUES (1, ARRAY[ROW(ROW(1, '{calm}'), 2)::kinds.outer], '[calm,tense]'), (11, NULL, '[calm,calm]');
INSERT INTO hidden VALUES (1, 'calm', 'calm');
INSERT INTO hashed VALUES (1, 'calm');
INSERT INTO rows VALUES (1, ROW(1, 2)), (2, NULL);
INSERT INTO numbers VALUES (1, 5, (1, 2)), (2, 6, NULL);
INSERT INTO number_key VALUES (1, 'x');
INSERT INTO typed VALUES (1, 's', 'c', 'n');
INSERT INTO heir VALUES (2, 's', 'c', 'n');
RESET ROLE;
SELECT custody.audit(t) FROM unnest('{of_made,plain,keyed,deep,rows,numbers,number_key}'::regclass[]) t;
SELECT custody.audit('hidden', redact => '{m}', exclude => '{n}'), custody.audit('hashed', hash => '{m}');
SELECT custody.audit(t, redact => '{secret}', hash => '{code}', exclude => '{noise}') FROM unnest('{typed,heir}'::regclass[]) t;
SQL
my @tables = qw(of_made plain keyed deep rows numbers number_key hidden hashed typed heir);
my $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');

# A new label changes no row.
maker('ALTER TYPE kinds.mood ADD VALUE $$wild$$ BEFORE $$calm$$', '', 'ADD VALUE is no event');
maker('ALTER TYPE kinds.unused RENAME VALUE $$a$$ TO $$b$$', 'plain type kinds.unused values; plain B B B rewrite 3',
    'RENAME VALUE of one type concerns its columns only');
maker('ALTER TYPE kinds.mood RENAME VALUE $$calm$$ TO $$quiet$$',
    'plain type kinds.mood values; keyed type kinds.mood values; deep type kinds.mood values; hidden type kinds.mood values;'
        . ' hashed type kinds.mood values; plain B B B rewrite 3; keyed B B rewrite 2; deep B rewrite 1; deep B rewrite 1;'
        . ' hashed B rewrite 1',
    'RENAME VALUE: a baseline of all that has the type, at any depth, and none of what is not recorded');
agree('after RENAME VALUE');
is $cluster->sql('clinic', q{SELECT "row" ->> 'm' FROM custody.row_as_of('plain', '1', clock_timestamp())}), 'quiet', 'as of now';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody.history('plain', '1')}), 3, 'history is told over it';
$cluster->sql('clinic', q{UPDATE plain SET m = 'wild' WHERE m = 'quiet'; UPDATE deep SET r = '[wild,quiet]'; DELETE FROM keyed WHERE m = 'quiet'});
agree('after changes');
events();

# Composite types, in arrays, in domains, in other composites, in partitions.
maker('ALTER TYPE kinds.inner ADD ATTRIBUTE z text', 'deep type kinds."inner" values; deep B rewrite 1; deep B rewrite 1', 'ADD ATTRIBUTE');
agree('after ADD ATTRIBUTE');
maker('ALTER TYPE kinds.inner RENAME ATTRIBUTE a TO b', 'deep type kinds."inner" names', 'RENAME ATTRIBUTE changes no value');
maker('ALTER TYPE kinds.inner DROP ATTRIBUTE m', 'deep type kinds."inner" values; deep B rewrite 1; deep B rewrite 1', 'DROP ATTRIBUTE');
agree('after DROP ATTRIBUTE');
maker('DROP TYPE kinds.inner CASCADE', 'deep type kinds."outer" values; deep B rewrite 1; deep B rewrite 1',
    'DROP TYPE of an attribute');
agree('after DROP TYPE of an attribute');
boss('ALTER TABLE row_type ADD c int', 'rows type public.row_type values; rows B B rewrite 2', 'the row type of another table gets a column');
boss('ALTER TABLE row_type DROP a', 'rows type public.row_type values; rows B B rewrite 2', '... and loses one');
boss('ALTER TABLE row_type RENAME b TO d; ALTER TABLE row_type ALTER c SET STATISTICS 5', 'rows type public.row_type names', '... or renames one');
agree('after the row type changed');

# Names.
maker('ALTER TYPE kinds.pair RENAME TO two', 'numbers columns', 'a renamed type');
maker('ALTER DOMAIN kinds.number RENAME TO nr', 'numbers columns; number_key columns', '... domain');
maker('ALTER TYPE kinds.two SET SCHEMA public', 'numbers columns', '... another schema', 'GRANT CREATE ON SCHEMA public TO maker');
maker('ALTER SCHEMA kinds RENAME TO sorts; ALTER SCHEMA sorts RENAME TO kinds', qr/^plain columns; keyed columns; deep columns; hidden columns; hashed columns; numbers columns; number_key columns; plain/, '... a renamed schema',
    'GRANT CREATE ON DATABASE clinic TO maker');
maker('ALTER DOMAIN kinds.nr ADD CHECK (VALUE > 0)', '', 'a check is none');

# Columns that go with their type are events at once.
maker('DROP TYPE public.two CASCADE', 'numbers columns', 'DROP TYPE of a column');
maker('DROP DOMAIN kinds.nr CASCADE', 'numbers columns; number_key columns B rewrite 1', 'DROP DOMAIN of columns, one of them the key');
agree('after columns went with their type');
$cluster->sql('clinic', 'CREATE SCHEMA more; CREATE DOMAIN more.number AS int; CREATE EXTENSION citext SCHEMA more; ALTER TABLE number_key ADD c more.citext, ADD d more.number');
events();
$cluster->sql('clinic', 'DROP EXTENSION citext CASCADE');
is events(), 'number_key columns', 'DROP EXTENSION of a column';
$cluster->sql('clinic', 'DROP SCHEMA more CASCADE');
is events(), 'number_key columns', 'DROP SCHEMA of a column';
agree('after columns went with schema and extension');

# Typed tables: what is redacted stays so.
boss('ALTER TYPE form RENAME ATTRIBUTE secret TO hidden CASCADE',
    'typed renamed secret hidden columns; heir renamed secret hidden columns', 'RENAME ATTRIBUTE CASCADE');
boss('ALTER TYPE form RENAME ATTRIBUTE code TO cipher CASCADE; ALTER TYPE form RENAME ATTRIBUTE noise TO sound CASCADE',
    qr/^typed renamed code cipher columns; heir renamed code cipher columns; typed renamed noise sound columns/, '... hashed and excluded ones');
$cluster->sql('clinic', q{INSERT INTO typed VALUES (5, 'in clear', 'in clear', 'in clear'); INSERT INTO heir VALUES (6, 'in clear', 'in clear', 'in clear')});
is in_clear(), 0, 'they stay redacted, hashed and excluded';
events();
boss('ALTER TYPE form ADD ATTRIBUTE more int CASCADE', 'typed columns; heir columns', 'ADD ATTRIBUTE CASCADE');
boss('ALTER TYPE form ALTER ATTRIBUTE more TYPE text CASCADE', 'typed columns B B rewrite 2; heir columns; heir B B rewrite 2',
    'ALTER ATTRIBUTE CASCADE');
boss('ALTER TYPE form DROP ATTRIBUTE more CASCADE', 'typed columns; heir columns', 'DROP ATTRIBUTE CASCADE');
agree('after typed tables changed');
boss('ALTER TYPE base ADD ATTRIBUTE c int CASCADE; ALTER TYPE base RENAME ATTRIBUTE a TO z CASCADE',
    'of_made type public.made values; of_made type public.made_heir values; of_made B B rewrite 2;'
        . ' of_made type public.made names; of_made type public.made_heir names', 'row types of tables that a type or a parent makes');
agree('after row types of typed tables changed');
boss('ALTER VIEW hidden RENAME COLUMN m TO k; ALTER MATERIALIZED VIEW hashed RENAME COLUMN m TO k',
    'hidden renamed m k columns; hashed renamed m k columns', 'ALTER VIEW renames columns of tables');
$cluster->sql('clinic', q{INSERT INTO hidden VALUES (7, 'tense', 'tense'); INSERT INTO hashed VALUES (7, 'tense')});
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE position('tense'::bytea IN new) > 0 AND op = 'I'
    AND tbl IN (SELECT id FROM custody_ledger.audited WHERE name IN ('hidden', 'hashed'))}), 0, '... and loses no redaction';

# Another type without a rewrite of the table: the stored bytes are the same, and are written otherwise.
$cluster->sql('clinic', <<'SQL');
SET ROLE boss;
CREATE TABLE kept (id int PRIMARY KEY, c cidr, x xml, t text, v varchar(5), n cidr);
CREATE TABLE kept_text (id int PRIMARY KEY, r regclass, z timestamptz, i int) PARTITION BY RANGE (id);
CREATE TABLE kept_text1 PARTITION OF kept_text FOR VALUES FROM (0) TO (10);
INSERT INTO kept VALUES (1, '10.0.0.0/8', '<a/>', 't', 'v', '10.0.0.0/8');
INSERT INTO kept_text VALUES (1, 'kept', '2026-01-01 00:00+00', -1);
RESET ROLE;
SELECT custody.audit('kept', redact => '{n}'), custody.audit('kept_text');
SQL
push @tables, 'kept', 'kept_text';
events();
boss('ALTER TABLE kept ALTER c TYPE inet', 'kept columns B rewrite 1', 'cidr to inet');
boss('ALTER TABLE kept ALTER x TYPE text', 'kept columns B rewrite 1', 'xml to text');
boss('ALTER TABLE kept ALTER t TYPE varchar, ALTER v TYPE varchar(9)', 'kept columns', 'text to varchar writes the same');
boss('ALTER TABLE kept ALTER n TYPE inet', 'kept columns', '... and a redacted column is not told');
boss('ALTER TABLE kept ALTER id TYPE bigint', 'kept columns B rewrite 1', 'a rewrite has one baseline');
boss("SET timezone = 'UTC'; ALTER TABLE kept_text ALTER z TYPE timestamp", 'kept_text columns B rewrite 1', 'timestamptz to timestamp, as text');
boss('ALTER TABLE kept_text ALTER i TYPE oid', 'kept_text columns B rewrite 1', 'int to oid, as text');
agree('after types changed without a rewrite');
is $cluster->sql('clinic', 'SELECT count(*) FROM custody.audit_rewriting'), 0, 'nothing is left over';

# What a type's functions write: a superuser's matter, and seen.
$cluster->sql('clinic', <<'SQL');
CREATE TYPE sent;
CREATE FUNCTION sent_in(cstring) RETURNS sent LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION sent_out(sent) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE FUNCTION sent_send(sent) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'int4send';
CREATE FUNCTION sent_short(sent) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'int2send';
CREATE TYPE sent (INPUT = sent_in, OUTPUT = sent_out, SEND = sent_send, LIKE = int4);
ALTER TYPE sent OWNER TO maker;
ALTER FUNCTION sent_send(sent) OWNER TO maker;
CREATE TABLE sending (id int PRIMARY KEY, s sent);
INSERT INTO sending VALUES (1, '7');
SELECT custody.audit('sending');
SQL
push @tables, 'sending';
events();
for my $attack ('ALTER TYPE sent SET (SEND = sent_short)', 'CREATE OR REPLACE FUNCTION sent_send(sent) RETURNS bytea LANGUAGE internal AS $$int2send$$') {
    my ($exit) = $cluster->psql('clinic', $attack, user => 'maker');
    isnt $exit, 0, "refused to a type's owner: $attack";
}
$cluster->sql('clinic', 'ALTER TYPE sent SET (SEND = sent_short)');
is events(), 'sending type public.sent values; sending B rewrite 1', 'another send function';
agree('after another send function');

# A hold keeps what the rows mean.
$cluster->sql('clinic', q{GRANT custody_legal TO maker; SET ROLE maker; SELECT custody.place_hold('case', 'plain', '{"id": 2}')});
my ($exit, undef, $error) = $cluster->psql('clinic', q{ALTER TYPE kinds.mood RENAME VALUE 'tense' TO 'cool'}, user => 'maker');
like $error, qr/plain is under legal hold 1/, 'RENAME VALUE of what is held is refused';
is $cluster->sql('clinic', q{SELECT string_agg(DISTINCT status, ' ') FROM custody.verify_ledger()
    WHERE status = 'refuted'}), '', 'the ledger verifies';
done_testing;

sub agree {
    my ($when) = @_;
    is $cluster->sql('clinic', join ' UNION ALL ', map {
        "SELECT '$_: ' || concat_ws(' ', status, problem, key, columns, detail) FROM custody.reconcile('$_') WHERE status <> 'proven'"
    } @tables), '', "reconcile agrees $when";
    return;
}
sub in_clear {
    return $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE position('in clear'::bytea IN new) > 0});
}
sub maker {
    my ($sql, $expected, $name, $before) = @_;
    $cluster->sql('clinic', $before) if $before;
    return by('maker', $sql, $expected, $name);
}
sub boss { return by('boss', @_) }
sub by {
    my ($user, $sql, $expected, $name) = @_;
    $cluster->sql('clinic', $sql =~ s/;\s*/;\n/gr, user => $user);
    my $got = events();
    return ref $expected ? like $got, $expected, $name : is $got, $expected, $name;
}
# Those since the last time, of a table and transaction together, rows before the notes that they belong to.
sub events {
    my $got = $cluster->sql('clinic', <<SQL);
WITH e AS (SELECT a.name, e.xid, e.op, e.seq, row_number() OVER () AS n,
                  CASE WHEN e.op = 'S' THEN convert_from(substring(new FROM 2), 'UTF8')::jsonb END AS i
             FROM (SELECT * FROM custody_ledger.event ORDER BY lsn, seq OFFSET $seen) e JOIN custody_ledger.audited a ON a.id = e.tbl),
     p AS (SELECT *, CASE WHEN op = 'S' THEN concat_ws(' ', CASE WHEN i ? 'renamed' THEN 'renamed' ELSE i ->> 'kind' END,
                      i ->> 'type', i ->> 'change', i ->> 'renamed', i ->> 'to', i ->> 'rows') ELSE op::text END AS word,
                  count(*) FILTER (WHERE i ->> 'kind' IN ('rewrite', 'type')) OVER (ORDER BY n DESC) AS part FROM e)
SELECT string_agg(line, '; ' ORDER BY first)
  FROM (SELECT name || ' ' || string_agg(word, ' ' ORDER BY n) AS line, min(n) AS first FROM p GROUP BY name, xid, part) l
SQL
    $seen = $cluster->sql('clinic', 'SELECT count(*) FROM custody_ledger.event');
    return $got;
}
