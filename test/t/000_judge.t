# The judge of the other tests: it calls a faithful copy the same, and names every kind of difference.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my $cluster = start_cluster('one');
my ($original, $copy) = ([ $cluster, 'original' ], [ $cluster, 'copy' ]);
$cluster->create_database($_->[1]) for $original, $copy;
$cluster->file('original', source_directory() . '/test/data/survive.sql',
    variables => { bytes => 100_000 });
copy_database($original, $copy);
same_ok($original, $copy, 'a copy made by pg_dump and psql is the same');

# Each: what is done to the copy, and what the judge has to say. No two touch the same object.
my @change = (
    # rows
    [ q{UPDATE "values".texts SET t = NULL WHERE id = 2}, qr/^rows: "values"\.texts holds other values$/m ],
    [ q{UPDATE "values".numbers SET f8 = 0 WHERE id = 2147483647}, qr/^rows: "values"\.numbers holds/m ],
    [ q{UPDATE "values".arrays SET i = '{1,2}' WHERE id = 3}, qr/^rows: "values"\.arrays holds/m ],
    [ q{UPDATE "values".giants SET b = set_byte(b, 20000, get_byte(b, 20000) # 1) WHERE id = 2},
        qr/^rows: "values"\.giants holds/m ],
    [ q{DELETE FROM shapes.no_key WHERE ctid = (SELECT min(ctid) FROM shapes.no_key)},
        qr/^rows: shapes\.no_key has 6 rows in A, 5 in B$/m ],
    [ q{INSERT INTO shapes.no_columns DEFAULT VALUES},
        qr/^rows: shapes\.no_columns has 5 rows in A, 6 in B$/m ],
    [ q{UPDATE ONLY shapes.parent SET id = 3 WHERE id = 2}, qr/^rows: shapes\.parent holds/m ],
    [ q{DELETE FROM parts.by_hash WHERE id = 7}, qr/^rows: parts\.by_hash has 300 rows in A, 299 in B$/m ],
    [ q{DROP TABLE public."a?b[c]"}, qr/^rows: only A has public\."a\?b\[c\]"$/m ],
    [ q{CREATE TABLE public.extra ()}, qr/^rows: only B has public\.extra$/m ],
    [ <<'SQL', qr/^rows: 1 of parts\.by_list_us_low lie outside of its bounds in B$/m ],
ALTER TABLE parts.by_list_us DETACH PARTITION parts.by_list_us_low;
INSERT INTO parts.by_list_us_low (id, region) VALUES (5, 'us');
ALTER TABLE parts.by_list_us_low ADD CONSTRAINT lie CHECK (id IS NOT NULL AND id < 0 AND region = 'us') NOT VALID;
UPDATE pg_constraint SET convalidated = true WHERE conname = 'lie';
ALTER TABLE parts.by_list_us_low ALTER v SET STATISTICS 1, ALTER v SET STATISTICS -1;
ALTER TABLE parts.by_list_us ATTACH PARTITION parts.by_list_us_low FOR VALUES FROM (MINVALUE) TO (0);
ALTER TABLE parts.by_list_us_low DROP CONSTRAINT lie;
SQL
    # sequences and large objects
    [ q{SELECT setval('objects.with_gap', 4999)},
        qr/^sequence: only in A: \["objects\.with_gap", 5000, true\]$/m ],
    [ q{SELECT setval('objects.not_called', 42, true)},
        qr/^sequence: only in B: \["objects\.not_called", 42, true\]$/m ],
    [ q{SELECT lo_put(700004, 5, 'x')}, qr/^large object: only in B: \["?700004"?/m ],
    [ q{GRANT SELECT ON LARGE OBJECT 700001 TO survive_writer},
        qr/^large object: only in B: \["?700001"?.*survive_writer=r/m ],
    [ q{ALTER LARGE OBJECT 700003 OWNER TO survive_writer},
        qr/^large object: only in B: \["?700003"?, "survive_writer"/m ],
    [ q{COMMENT ON LARGE OBJECT 700002 IS 'new'}, qr/^large object: only in B: \["?700002"?.*"new"/m ],
    [ q{SELECT lo_unlink(4294967295)}, qr/^large object: only in A: \["?4294967295"?/m ],
    # flags
    [ q{ALTER TABLE checks.unproven VALIDATE CONSTRAINT id_is_small},
        qr/^constraint: only in B: .*"id_is_small".*"validated", true/m ],
    [ q{ALTER TABLE checks.keys ADD CHECK (id > -1)},
        qr/^constraint: only in B: \["checks\.keys".*"keys_id_check"/m ],
    [ q{ALTER TABLE checks.egg ALTER CONSTRAINT egg_chicken_fkey NOT DEFERRABLE},
        qr/^constraint: only in B: \["checks\.egg"/m ],
    [ q{ALTER TABLE programs.watched ENABLE TRIGGER on_replica},
        qr/^trigger: only in B: \["programs\.watched", *"on_replica", *"enabled", *"O"\]/m ],
    [ q{ALTER TABLE parts.by_list_eu ENABLE TRIGGER on_parts},
        qr/^trigger: only in B: \["parts\.by_list_eu"/m ],
    [ q{ALTER TABLE checks.tree DISABLE TRIGGER ALL},
        qr/^internal trigger: only in B: \["checks\.tree", *"enabled", *"D"/m ],
    [ q{ALTER EVENT TRIGGER survive_enabled DISABLE},
        qr/^event trigger: only in B: \["survive_enabled", *"enabled", *"D"/m ],
    [ q{ALTER TABLE programs.ruled ENABLE RULE is_disabled},
        qr/^rule: only in B: \["programs\.ruled", *"is_disabled"/m ],
    [ q{ALTER TABLE walls.tenants NO FORCE ROW LEVEL SECURITY},
        qr/^relation: only in B: \["walls\.tenants".*"row security", *true, *"forced", *false/m ],
    [ q{ALTER TABLE walls.enabled_without_policy DISABLE ROW LEVEL SECURITY},
        qr/^relation: only in B: \["walls\.enabled_without_policy"/m ],
    [ q{REFRESH MATERIALIZED VIEW objects.empty},
        qr/^relation: only in B: \["objects\.empty".*"populated", *true/m ],
    [ q{ALTER TABLE shapes.unlogged SET LOGGED},
        qr/^relation: only in B: \["shapes\.unlogged".*"persistence", *"p"/m ],
    [ q{ALTER TABLE shapes.settings SET WITHOUT CLUSTER},
        qr/^index: only in B: \["shapes\.settings_code".*"clustered", *false/m ],
    [ q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'checks.named_by_index'::regclass},
        qr/^index: only in B: \["checks\.named_by_index", *"valid", *false/m ],
    # definitions
    [ q{ALTER TABLE shapes.typed OWNER TO survive_reader},
        qr/^schema: only in B: Name: typed; Type: TABLE; Schema: shapes; Owner: survive_reader$/m ],
    [ q{ALTER TABLE shapes.child ALTER note SET DEFAULT 'x'}, qr/^schema: .*Name: child.*note/m ],
    [ q{ALTER TABLE shapes.settings ALTER wide SET STORAGE EXTENDED},
        qr/^schema: differs: Name: settings; Type: TABLE;.*A has .*EXTERNAL/m ],
    [ q{CREATE OR REPLACE FUNCTION shapes.doubled(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 + $1; END'},
        qr/^schema: differs: Name: doubled\(integer\); Type: FUNCTION/m ],
    [ q{CREATE OR REPLACE VIEW programs.m_third (one, two) AS SELECT id, "Twice" FROM programs.a_second ORDER BY 2 DESC LIMIT 6},
        qr/^schema: differs: Name: m_third; Type: VIEW/m ],
    [ q{DROP INDEX programs.searched_v}, qr/^schema: only in A: Name: searched_v; Type: INDEX/m ],
    [ q{COMMENT ON SCHEMA objects IS 'other'}, qr/^schema: differs: Name: SCHEMA objects; Type: COMMENT/m ],
    [ q{COMMENT ON EXTENSION citext IS 'other'},
        qr/^schema: differs: Name: EXTENSION citext; Type: COMMENT/m ],
    [ q{REVOKE SELECT ON walls.granted FROM PUBLIC}, qr/^schema: differs: Name: TABLE granted; Type: ACL/m ],
    [ q{REVOKE UPDATE (open) ON walls.granted FROM survive_reader},
        qr/^schema: .*Name: COLUMN granted\.open; Type: ACL/m ],
    [ q{ALTER DEFAULT PRIVILEGES FOR ROLE survive_writer REVOKE USAGE ON SCHEMAS FROM survive_reader},
        qr/^schema: only in A: Name: DEFAULT PRIVILEGES FOR SCHEMAS/m ],
    [ q{ALTER POLICY never ON walls.tenants USING (id >= 0)},
        qr/^schema: differs: Name: tenants never; Type: POLICY/m ],
    [ q{ALTER TYPE types.mood ADD VALUE 'furious'}, qr/^schema: differs: Name: mood; Type: TYPE.*furious/m ],
    [ q{ALTER DOMAIN types.three DROP CONSTRAINT three_check},
        qr/^schema: differs: Name: three; Type: DOMAIN/m ],
    [ q{DROP CAST (types.mood AS integer)}, qr/^schema: only in A: Name: CAST \(types\.mood AS integer\)/m ],
    [ q{DROP PUBLICATION survive_none}, qr/^schema: only in A: Name: survive_none; Type: PUBLICATION/m ],
    [ q{ALTER PUBLICATION "Survive Some" DROP TABLE ONLY shapes.parent},
        qr/^schema: only in A: Name: Survive Some parent; Type: PUBLICATION TABLE/m ],
    [ q{ALTER STATISTICS objects.correlated SET STATISTICS 60},
        qr/^schema: differs: Name: correlated; Type: STATISTICS/m ],
    [ q{ALTER SEQUENCE objects.circular NO CYCLE}, qr/^schema: differs: Name: circular; Type: SEQUENCE/m ],
    [ q{ALTER SERVER "Survive Server" OPTIONS (SET host 'other')},
        qr/^schema: differs: Name: Survive Server; Type: SERVER/m ],
);
for my $change (@change) {
    $cluster->sql('copy', $change->[0]);
}
my $judged = compare($original, $copy);
is $judged->{exit}, 1, 'the changed copy is different';
for my $change (@change) {
    my ($title) = $change->[0] =~ /^(.*)/;
    like $judged->{stdout}, $change->[1], substr $title, 0, 100;
}

$judged = compare($original, $copy, '--database');
like $judged->{stdout}, qr/^database: only in A: \["setting", *"-", *"work_mem=7MB"\]$/m, 'a database\'s setting';
like $judged->{stdout}, qr/^database: only in A: \["comment", *"the database's own comment"\]$/m, 'and comment';

$judged = compare($original, $copy, '--no-schema', '--exclude-schema' => 'shapes');
unlike $judged->{stdout}, qr/^schema:|^rows: shapes/m, 'what is left out is left out';

# Reading that failed is neither same nor different.
is compare($original, [ $cluster, 'missing' ])->{exit}, 2, 'a database that is not there';
$cluster->sql('copy', q{ALTER DATABASE original ALLOW_CONNECTIONS false});
is compare($original, $copy)->{exit}, 2, 'a database that refuses';
is run_command(source_directory() . '/test/compare/same', 'only one')->{exit}, 2, 'a missing argument';

done_testing;
