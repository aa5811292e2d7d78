# custody compare finds each change of each property of each class of object, and nothing else.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Compare;

my $cluster = start_cluster('one');
my $file = source_directory() . '/test/data/compare.sql';
$cluster->create_database('base');
$cluster->file('base', $file);
my $source = [ $cluster, 'base' ];

# What is run on a copy of the database, and what is to be found then.
my @cases = (
    # schemas
    ['CREATE SCHEMA more', 'extra schema more'],
    ['ALTER SCHEMA app OWNER TO compare_owner', 'different schema app: owner'],
    ['GRANT CREATE ON SCHEMA app TO compare_reader', 'different schema app: grants to compare_reader'],
    ["COMMENT ON SCHEMA app IS 'another'", 'different schema app: comment'],
    ['REVOKE USAGE ON SCHEMA public FROM PUBLIC', 'different schema public: grants to PUBLIC'],
    # tables
    ['CREATE TABLE app.more (a integer PRIMARY KEY)', 'extra table app.more'],
    ['DROP TABLE app.derived', 'missing table app.derived'],
    ['ALTER TABLE app.base SET UNLOGGED', 'different table app.base: persistence'],
    ['ALTER TABLE app.calls SET (fillfactor = 50)', 'different table app.calls: option fillfactor'],
    ['ALTER TABLE app.calls SET (toast.autovacuum_enabled = off)', 'different table app.calls: toast option autovacuum_enabled'],
    ['ALTER TABLE app.calls REPLICA IDENTITY FULL', 'different table app.calls: replica identity'],
    ['ALTER TABLE app.calls REPLICA IDENTITY USING INDEX calls_pkey', 'different constraint app.calls.calls_pkey: replica identity',
        'different table app.calls: replica identity'],
    ['ALTER TABLE app.calls DISABLE ROW LEVEL SECURITY', 'different table app.calls: row security'],
    ['ALTER TABLE app.calls FORCE ROW LEVEL SECURITY', 'different table app.calls: forced row security'],
    ['ALTER TABLE app.calls OWNER TO compare_owner', 'different sequence app.calls_id_seq: owner', 'different table app.calls: owner'],
    ['GRANT INSERT ON app.calls TO compare_reader WITH GRANT OPTION', 'different table app.calls: grants to compare_reader'],
    ['REVOKE SELECT ON app.calls FROM compare_reader', 'different table app.calls: grants to compare_reader'],
    ['REVOKE DELETE ON app.users FROM postgres', 'different table app.users: grants to (owner)'],
    ['COMMENT ON TABLE app.calls IS NULL', 'different table app.calls: comment'],
    ['ALTER TABLE app.derived NO INHERIT app.base', 'different column app.derived.a: inherited only', 'different table app.derived: inherits'],
    ['ALTER TABLE app.parts DETACH PARTITION app.parts_old', 'different index app.parts_old.parts_old_at_idx: partition of',
        'different table app.parts_old: partition bound, partition of',
        map { "different column app.parts_old.$_: inherited only" } qw(at id)],
    ["CREATE TYPE app.row AS (a integer); ALTER TABLE app.base OF app.row", 'different table app.base: of type', 'extra composite app.row'],
    # columns
    ['ALTER TABLE app.calls ADD more integer', 'extra column app.calls.more'],
    ['ALTER TABLE app.base DROP COLUMN a CASCADE', 'missing column app.base.a', 'missing column app.derived.a'],
    ['ALTER TABLE app.calls DROP COLUMN note', 'missing column app.calls.note', 'missing index app.calls.calls_note'],
    ['ALTER TABLE app.users ALTER kind TYPE varchar(5) COLLATE "C"', 'different column app.users.kind: collation'],
    ['ALTER TABLE app.users ALTER born TYPE timestamp(3)', 'different column app.users.born: type'],
    ['ALTER TABLE app.users ALTER born SET DEFAULT current_date', 'different column app.users.born: default'],
    ['ALTER TABLE app.users ALTER age DROP DEFAULT', 'different column app.users.age: default'],
    ['ALTER TABLE app.users ALTER born SET NOT NULL', 'different column app.users.born: null allowed'],
    ['ALTER TABLE app.users ALTER twice DROP EXPRESSION', 'different column app.users.twice: generated'],
    ['ALTER TABLE app.users ALTER id SET GENERATED ALWAYS', 'different column app.users.id: identity'],
    ['ALTER TABLE app.users ALTER id DROP IDENTITY', 'different column app.users.id: identity', 'missing sequence app.users_id_seq'],
    ['ALTER TABLE app.users ALTER kind SET STORAGE EXTERNAL', 'different column app.users.kind: storage'],
    ['ALTER TABLE app.users ALTER kind SET COMPRESSION pglz', 'different column app.users.kind: compression'],
    ['ALTER TABLE app.users ALTER kind SET STATISTICS 50', 'different column app.users.kind: statistics target'],
    ['ALTER TABLE app.users ALTER kind SET (n_distinct = 5)', 'different column app.users.kind: option n_distinct'],
    ['GRANT SELECT (kind) ON app.users TO compare_reader', 'different column app.users.kind: grants to compare_reader'],
    ["COMMENT ON COLUMN app.calls.note IS 'another'", 'different column app.calls.note: comment'],
    ['ALTER TABLE app.late DROP COLUMN b, ADD COLUMN b integer', 'different table app.late: column order'],
    ['ALTER TABLE app.late DROP COLUMN b', 'missing column app.late.b'],
    # constraints
    ['ALTER TABLE app.calls DROP CONSTRAINT short', 'missing constraint app.calls.short'],
    ['ALTER TABLE app.calls DROP CONSTRAINT short, ADD CONSTRAINT short CHECK (length < 999)', 'different constraint app.calls.short: definition'],
    ['ALTER TABLE app.calls DROP CONSTRAINT short, ADD CONSTRAINT short CHECK (length < 1000) NOT VALID',
        'different constraint app.calls.short: validated'],
    ['ALTER TABLE app.calls DROP CONSTRAINT short, ADD CONSTRAINT short CHECK (length < 1000) NO INHERIT',
        'different constraint app.calls.short: no inherit'],
    ['ALTER TABLE app.calls ALTER CONSTRAINT of_user DEFERRABLE INITIALLY DEFERRED', 'different constraint app.calls.of_user: deferrable'],
    ['ALTER TABLE app.calls DROP CONSTRAINT of_user, ADD CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES app.users ON DELETE CASCADE',
        'different constraint app.calls.of_user: definition'],
    ['ALTER TABLE app.calls DISABLE TRIGGER ALL', 'different constraint app.calls.of_user: triggers on app.calls', 'different trigger app.calls.touched: enabled'],
    ['ALTER TABLE app.users ADD UNIQUE (name)', 'extra constraint app.users.users_name_key'],
    ['COMMENT ON CONSTRAINT short ON app.calls IS $$why$$', 'different constraint app.calls.short: comment'],
    ['ALTER INDEX app.calls_pkey SET (fillfactor = 70)', 'different constraint app.calls.calls_pkey: index definition'],
    ['ALTER TABLE app.users DROP CONSTRAINT users_kind_check, ADD CONSTRAINT users_kind_check CHECK ((kind)::text = ANY (ARRAY[($$a$$::varchar)::text, ($$b$$::varchar)::text]))'],
    ['ALTER TABLE app.users DISABLE TRIGGER ALL', 'different constraint app.calls.of_user: triggers on app.users'],
    ['ALTER TABLE app.keys_low DISABLE TRIGGER ALL', 'different constraint app.users_of_keys.of_key: triggers on app.keys_low'],
    ['ALTER TABLE app.users_of_low DISABLE TRIGGER ALL', 'different constraint app.users_of_keys.of_key: triggers on app.users_of_low',
        'different trigger app.users_of_low.checked: enabled'],
    ['ALTER TABLE app.late DISABLE TRIGGER ALL', 'different constraint app.late.once: triggers on app.late'],
    [q{UPDATE pg_trigger SET tgenabled = 'A' WHERE tgrelid = 'app.late'::regclass}, 'different constraint app.late.once: triggers on app.late'],
    ['COMMENT ON INDEX app.calls_pkey IS $$fast$$', 'different constraint app.calls.calls_pkey: index comment'],
    ['ALTER TABLE app.users_of_keys DROP CONSTRAINT of_key, ADD CONSTRAINT of_key FOREIGN KEY (id) REFERENCES app.keys MATCH FULL ON UPDATE CASCADE',
        'different constraint app.users_of_keys.of_key: definition'],
    # indexes
    ['DROP INDEX app.calls_at', 'missing index app.calls.calls_at'],
    ['DROP INDEX app.calls_at; CREATE INDEX calls_at ON app.calls (at DESC)', 'different index app.calls.calls_at: definition'],
    ['ALTER INDEX app.calls_note RENAME TO calls_said', 'extra index app.calls.calls_said', 'missing index app.calls.calls_note'],
    ['CLUSTER app.calls USING calls_at', 'different index app.calls.calls_at: clustered'],
    ['ALTER TABLE app.calls ALTER at SET NOT NULL; ALTER TABLE app.calls REPLICA IDENTITY USING INDEX calls_pair',
        'different column app.calls.at: null allowed', 'different index app.calls.calls_pair: replica identity', 'different table app.calls: replica identity'],
    [q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.calls_at'::regclass}, 'different index app.calls.calls_at: valid'],
    ['ALTER INDEX app.calls_note ALTER COLUMN 1 SET STATISTICS 7', 'different index app.calls.calls_note: statistics target of lower'],
    # sequences
    ['DROP SEQUENCE app.numbers', 'missing sequence app.numbers'],
    ['ALTER SEQUENCE app.numbers AS integer', 'different sequence app.numbers: maximum, type'],
    ['ALTER SEQUENCE app.numbers START 11', 'different sequence app.numbers: start'],
    ['ALTER SEQUENCE app.numbers INCREMENT 3', 'different sequence app.numbers: increment'],
    ['ALTER SEQUENCE app.numbers MINVALUE 2', 'different sequence app.numbers: minimum'],
    ['ALTER SEQUENCE app.numbers MAXVALUE 99', 'different sequence app.numbers: maximum'],
    ['ALTER SEQUENCE app.numbers CYCLE', 'different sequence app.numbers: cycle'],
    ['ALTER SEQUENCE app.numbers CACHE 5', 'different sequence app.numbers: cache'],
    ['ALTER SEQUENCE app.numbers OWNED BY app.base.a', 'different sequence app.numbers: owned by'],
    ['ALTER SEQUENCE app.numbers SET UNLOGGED', 'different sequence app.numbers: persistence'],
    [q{SELECT nextval('app.numbers')}, 'different sequence app.numbers: last value'],
    [q{SELECT setval('app.numbers', 10, false)}, 'different sequence app.numbers: is called'],
    ['GRANT USAGE ON SEQUENCE app.numbers TO compare_reader', 'different sequence app.numbers: grants to compare_reader'],
    ['GRANT SELECT (last_value) ON app.numbers TO compare_reader', 'different sequence app.numbers: grants on last_value'],
    # views
    ['DROP VIEW app.names', 'missing view app.names'],
    ['CREATE OR REPLACE VIEW app.names AS SELECT u.id, u.name FROM app.users u WHERE u.age > 4 ORDER BY u.name', 'different view app.names: definition'],
    ['ALTER VIEW app.names SET (security_barrier)', 'different view app.names: option security_barrier'],
    ['ALTER VIEW app.names ALTER id SET DEFAULT 3', 'different view app.names: default of id'],
    ['GRANT SELECT (id) ON app.names TO compare_reader', 'different view app.names: grants on id'],
    ['COMMENT ON COLUMN app.names.id IS $$key$$', 'different view app.names: comment on id'],
    ['ALTER VIEW app.names OWNER TO compare_owner', 'different view app.names: owner'],
    ['ALTER VIEW app.names RENAME id TO key', 'different view app.names: columns, definition'],
    ['DROP MATERIALIZED VIEW app.counts', 'missing materialized view app.counts'],
    ['REFRESH MATERIALIZED VIEW app.counts WITH NO DATA', 'different materialized view app.counts: populated'],
    ['ALTER TABLE app.counts REPLICA IDENTITY FULL', 'different materialized view app.counts: replica identity'],
    ['CREATE INDEX ON app.counts (n)', 'extra index app.counts.counts_n_idx'],
    # routines
    ['DROP FUNCTION app.twice(integer)', 'missing function app.twice(integer)'],
    ['CREATE FUNCTION app.twice(n bigint) RETURNS bigint LANGUAGE sql AS $$SELECT n$$', 'extra function app.twice(bigint)'],
    ['CREATE OR REPLACE FUNCTION app.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$SELECT n + n$$', 'different function app.twice(integer): body'],
    ['CREATE OR REPLACE FUNCTION app.twice(n integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS $$SELECT 2 * n$$', 'different function app.twice(integer): arguments'],
    ['ALTER FUNCTION app.twice STABLE', 'different function app.twice(integer): volatility'],
    ['ALTER FUNCTION app.twice STRICT', 'different function app.twice(integer): strict'],
    ['ALTER FUNCTION app.twice SECURITY DEFINER', 'different function app.twice(integer): security definer'],
    ['ALTER FUNCTION app.twice LEAKPROOF', 'different function app.twice(integer): leakproof'],
    ['ALTER FUNCTION app.twice PARALLEL SAFE', 'different function app.twice(integer): parallel'],
    ['ALTER FUNCTION app.twice COST 7', 'different function app.twice(integer): cost'],
    ['ALTER FUNCTION app.twice SET search_path = app', 'different function app.twice(integer): setting search_path'],
    ['ALTER FUNCTION app.twice OWNER TO compare_owner', 'different function app.twice(integer): owner'],
    ['REVOKE EXECUTE ON FUNCTION app.twice FROM PUBLIC', 'different function app.twice(integer): grants to PUBLIC'],
    ['COMMENT ON FUNCTION app.twice IS $$doubles$$', 'different function app.twice(integer): comment'],
    ['CREATE OR REPLACE PROCEDURE app.work() LANGUAGE sql AS $$SELECT 2$$', 'different procedure app.work(): body'],
    ['DROP PROCEDURE app.work', 'missing procedure app.work()'],
    ['CREATE OR REPLACE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = $$1$$)', 'different aggregate app.total(integer): initial value'],
    ['DROP AGGREGATE app.total(integer)', 'missing aggregate app.total(integer)'],
    ['DROP AGGREGATE app.mean(float8); CREATE AGGREGATE app.mean(float8) (SFUNC = float8_accum, STYPE = float8[], FINALFUNC = float8_avg, INITCOND = $${0,0,0}$$,
        MSFUNC = float8_accum, MINVFUNC = float8_accum, MSTYPE = float8[], MFINALFUNC = float8_avg, MINITCOND = $${0,0,0}$$, MSSPACE = 99)',
        'different aggregate app.mean(double precision): moving state size'],
    ['DROP AGGREGATE app.mean(float8); CREATE AGGREGATE app.mean(float8) (SFUNC = float8_accum, STYPE = float8[], FINALFUNC = float8_avg, INITCOND = $${0,0,0}$$,
        MSFUNC = float8_accum, MINVFUNC = float8_accum, MSTYPE = float8[], MFINALFUNC = float8_avg, MINITCOND = $${0,0,0}$$, MFINALFUNC_MODIFY = READ_WRITE)',
        'different aggregate app.mean(double precision): moving final modify'],
    ['CREATE FUNCTION pg_catalog.of_mine() RETURNS integer LANGUAGE sql AS $$SELECT 1$$', 'extra function pg_catalog.of_mine()'],
    # triggers, rules, policies
    ['DROP TRIGGER touched ON app.calls', 'missing trigger app.calls.touched'],
    ['ALTER TABLE app.calls DISABLE TRIGGER touched', 'different trigger app.calls.touched: enabled'],
    ['ALTER TABLE app.calls ENABLE ALWAYS TRIGGER touched', 'different trigger app.calls.touched: enabled'],
    ['CREATE OR REPLACE TRIGGER touched BEFORE UPDATE OR INSERT ON app.calls FOR EACH ROW EXECUTE FUNCTION app.touch()', 'different trigger app.calls.touched: definition'],
    ['ALTER EVENT TRIGGER watching DISABLE', 'different event trigger watching: enabled'],
    ['ALTER EVENT TRIGGER watching OWNER TO postgres; DROP EVENT TRIGGER watching', 'missing event trigger watching'],
    ['DROP RULE quiet ON app.users', 'missing rule app.users.quiet'],
    ['CREATE OR REPLACE RULE quiet AS ON DELETE TO app.users DO INSTEAD NOTHING', 'different rule app.users.quiet: definition'],
    ['ALTER TABLE app.users DISABLE RULE quiet', 'different rule app.users.quiet: enabled'],
    ['ALTER POLICY own ON app.calls USING (user_id = 2)', 'different policy app.calls.own: using'],
    ['ALTER POLICY own ON app.calls TO PUBLIC', 'different policy app.calls.own: roles'],
    ['DROP POLICY own ON app.calls; CREATE POLICY own ON app.calls AS RESTRICTIVE FOR SELECT TO compare_reader USING (user_id = 1)', 'different policy app.calls.own: permissive'],
    ['DROP POLICY own ON app.calls; CREATE POLICY own ON app.calls FOR ALL TO compare_reader USING (user_id = 1) WITH CHECK (user_id = 1)', 'different policy app.calls.own: check, command'],
    ['DROP POLICY own ON app.calls', 'missing policy app.calls.own'],
    ['ALTER POLICY two ON app.late TO "compare_reader, compare_writer"', 'different policy app.late.two: roles'],
    ['ALTER POLICY two ON app.late TO "PUBLIC"', 'different policy app.late.two: roles'],
    ['DROP TRIGGER checked ON app.users_of_keys; CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON app.users_of_keys
        FOR EACH ROW EXECUTE FUNCTION app.touch()', map { "different trigger app.$_.checked: definition" } qw(users_of_keys users_of_low)],
    # types
    [q{ALTER TYPE app.mood ADD VALUE 'ok' BEFORE 'happy'}, 'different enum app.mood: labels'],
    [q{CREATE TYPE app.more AS ENUM ()}, 'extra enum app.more'],
    ['ALTER DOMAIN app.amount SET DEFAULT 1', 'different domain app.amount: default'],
    ['ALTER DOMAIN app.amount SET NOT NULL', 'different domain app.amount: not null'],
    ['ALTER DOMAIN app.amount DROP CONSTRAINT positive', 'different domain app.amount: constraint positive'],
    ['GRANT USAGE ON TYPE app.amount TO compare_reader', 'different domain app.amount: grants to compare_reader'],
    ['ALTER TYPE app.pair ADD ATTRIBUTE c date', 'different composite app.pair: attributes'],
    ['ALTER TYPE app.pair OWNER TO compare_owner', 'different composite app.pair: owner'],
    ['DROP TYPE app.span; CREATE TYPE app.span AS RANGE (subtype = float4)', 'different range app.span: operator class, subtype'],
    ['DROP COLLATION app.plain; CREATE COLLATION app.plain (provider = libc, locale = $$POSIX$$)', 'different collation app.plain: locale'],
    [q{UPDATE pg_collation SET collversion = '0' WHERE collname = 'plain'}, 'different collation app.plain: recorded version'],
    ['DROP TYPE app.shell', 'missing base type app.shell'],
    ['CREATE DOMAIN pg_catalog.of_mine AS integer', 'extra domain pg_catalog.of_mine'],
    # operators and casts
    ['DROP OPERATOR app.=== (app.pair, app.pair)', 'missing operator app.===(app.pair, app.pair)'],
    ['ALTER OPERATOR app.=== (app.pair, app.pair) SET (RESTRICT = eqsel)', 'different operator app.===(app.pair, app.pair): restriction estimator'],
    ['ALTER OPERATOR FAMILY app.pairs USING hash ADD OPERATOR 1 app.=== (app.pair, app.pair)', 'different operator family app.pairs USING hash: operator 1 (app.pair, app.pair)'],
    ['DROP OPERATOR CLASS app.pair_ops USING hash', 'different operator family app.pairs USING hash: function 1 (app.pair, app.pair)', 'missing operator class app.pair_ops USING hash'],
    ['DROP CAST (text AS app.pair); CREATE CAST (text AS app.pair) WITH FUNCTION app.to_pair(text)', 'different cast (text AS app.pair): context'],
    ['CREATE ACCESS METHOD more TYPE TABLE HANDLER heap_tableam_handler', 'extra access method more'],
    # text search, statistics, conversions
    ['ALTER TEXT SEARCH CONFIGURATION app.words ALTER MAPPING FOR email WITH english_stem', 'different text search configuration app.words: mapping of email'],
    ['ALTER TEXT SEARCH DICTIONARY app.stems (StopWords = english)', 'different text search dictionary app.stems: options'],
    ['DROP STATISTICS app.together', 'missing statistics app.together'],
    ['DROP STATISTICS app.together; CREATE STATISTICS app.together (ndistinct) ON user_id, length FROM app.calls', 'different statistics app.together: definition'],
    ['ALTER STATISTICS app.together SET STATISTICS 9', 'different statistics app.together: statistics target'],
    ['DROP CONVERSION app.latin', 'missing conversion app.latin'],
    # publications, foreign data
    ['ALTER PUBLICATION news DROP TABLE app.calls', 'different publication news: table app.calls'],
    ['ALTER PUBLICATION news SET TABLE app.users, app.calls (id)', 'different publication news: table app.calls'],
    ['ALTER PUBLICATION news SET TABLE app.users, app.calls WHERE (id > 3)', 'different publication news: table app.calls'],
    ['ALTER PUBLICATION news SET (publish = $$insert, update$$)', 'different publication news: operations'],
    ['ALTER PUBLICATION news ADD TABLES IN SCHEMA public', 'different publication news: schema public'],
    ['CREATE SUBSCRIPTION mine CONNECTION $$dbname=x password=opensesame$$ PUBLICATION news WITH (connect = false, slot_name = NONE, create_slot = false, enabled = false)', 'extra subscription mine'],
    ['ALTER SERVER far OPTIONS (SET host $$near$$)', 'different foreign server far: option host'],
    ['ALTER SERVER far OPTIONS (SET password $$trout$$)', 'different foreign server far: option password'],
    ['ALTER USER MAPPING FOR compare_reader SERVER far OPTIONS (SET "user" $$writer$$)', 'different user mapping compare_reader on far: option user'],
    ['CREATE USER MAPPING FOR PUBLIC SERVER far', 'extra user mapping PUBLIC on far'],
    ['ALTER FOREIGN TABLE app.remote OPTIONS (SET table_name $$near$$)', 'different foreign table app.remote: option table_name'],
    ['ALTER FOREIGN TABLE app.remote ALTER id OPTIONS (ADD column_name $$key$$)', 'different column app.remote.id: foreign option column_name'],
    ['ALTER FOREIGN DATA WRAPPER elsewhere OPTIONS (ADD debug $$1$$)', 'different foreign-data wrapper elsewhere: option debug'],
    # the database
    ['DROP EXTENSION hstore', 'missing extension hstore'],
    ['ALTER EXTENSION hstore SET SCHEMA app', 'different extension hstore: schema'],
    ['DROP EXTENSION hstore; CREATE EXTENSION hstore VERSION $$1.4$$', 'different extension hstore: version'],
    ['COMMENT ON EXTENSION hstore IS $$pairs$$', 'different extension hstore: comment'],
    ['ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO compare_reader', 'different default privileges of role postgres in schema app for tables: grants to compare_reader'],
    ['ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', 'extra default privileges of role postgres for functions'],
    # what the server and extensions brought
    ['GRANT EXECUTE ON FUNCTION pg_stat_reset() TO compare_reader', 'extra privileges on function pg_stat_reset()'],
    ['GRANT EXECUTE ON FUNCTION pg_stat_reset() TO compare_reader; REVOKE EXECUTE ON FUNCTION pg_stat_reset() FROM compare_reader'],
    ['REVOKE EXECUTE ON FUNCTION akeys(hstore) FROM PUBLIC', 'extra privileges on function public.akeys(public.hstore)'],
    ['REVOKE USAGE ON TYPE hstore FROM PUBLIC', 'extra privileges on type public.hstore'],
    ['GRANT SELECT ON pg_authid TO compare_reader', 'extra privileges on relation pg_authid'],
    ['GRANT SELECT (rolname) ON pg_authid TO compare_reader', 'extra privileges on column pg_authid.rolname'],
    ['REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC', 'extra privileges on language plpgsql'],
    ['GRANT CREATE ON SCHEMA pg_catalog TO compare_reader', 'extra privileges on schema pg_catalog'],
    ['ALTER DATABASE :"db" SET work_mem = $$8MB$$', 'extra setting work_mem in the database'],
    ['ALTER ROLE compare_reader IN DATABASE :"db" SET work_mem = $$8MB$$', 'extra setting work_mem of role compare_reader in the database'],
    ['GRANT TEMPORARY ON DATABASE :"db" TO compare_reader', 'different database this database: grants to compare_reader'],
    ['COMMENT ON DATABASE :"db" IS $$a copy$$', 'different database this database: comment'],
    ['ALTER DATABASE :"db" OWNER TO compare_owner', 'different database this database: owner'],
    ['ALTER DATABASE :"db" CONNECTION LIMIT 5', 'different database this database: connection limit'],
);

# Cases that name nothing in common are run on one copy.
my @groups;
for my $case (@cases) {
    my %name = map { $_ => 1 } map { /\b(app(?:\.[\w=]+)?|public|hstore|more|news|far|mine|of_mine|elsewhere|watching|pg_\w+|db)\b/g } @$case;
    my ($group) = grep { my $group = $_; !grep { $group->{names}{$_} } keys %name } @groups;
    push @groups, $group = {} unless $group;
    $group->{names}{$_} = 1 for keys %name;
    push @{ $group->{cases} }, $case;
}
for my $number (1 .. @groups) {
    my $group = $groups[ $number - 1 ];
    my ($name, $sql) = ('copy', join ";\n", map { $_->[0] } @{ $group->{cases} });
    $cluster->create_database($name, template => 'base', options => 'STRATEGY file_copy');
    my ($exit, undef, $error) = $cluster->psql($name, $sql, variables => { db => $name });
    is $exit, 0, "ran group $number" or diag $sql, $error;
    finds_ok($source, [ $cluster, $name ], [ map { @$_[ 1 .. $#$_ ] } @{ $group->{cases} } ],
        "group $number: " . @{ $group->{cases} } . ' cases');
    $cluster->sql($name, 'ALTER SUBSCRIPTION mine DISABLE; DROP SUBSCRIPTION mine') if $sql =~ /SUBSCRIPTION/;
    $cluster->drop_database($name);
}
done_testing;
