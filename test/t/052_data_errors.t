# Data that do not fit: every one is named, everything else is done, nothing is lost or believed, and
# once the cause is mended the same command ends well.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use File::Copy qw(copy);
use Time::HiRes qw(time);

my $source = start_cluster('source');
my $target = start_cluster('target');

# A pair of databases of one name; SQL for the source, SQL for the target.
sub pair {
    my ($name, $there, $here, %option) = @_;
    $source->create_database($name, %option);
    $source->sql($name, $there);
    $target->create_database($name, extension => 1);
    $target->sql($name, $here) if $here;
    return ('--source', $source->conninfo($name), '--target', $target->conninfo($name));
}

sub run_ok {
    my ($exit, $what, @argument) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = custody('run', @argument);
    is $run->{exit}, $exit, $what or diag $run->{stderr};
    return $run->{stderr};
}

# Runs up to a wait point, does something there, and runs to the end.
sub run_around {
    my ($point, $something, @argument) = @_;
    my $file = temporary_directory() . '/wait';
    my $run = start_custody('run', @argument, { env => { CUSTODY_FAILPOINT => "$point=wait:$file" } });
    wait_for $point, sub { -e $file || !$run->alive && die $run->stderr };
    $something->();
    unlink $file;
    return $run->wait;
}

sub states {
    my ($name) = @_;
    return $target->sql($name, q{
        SELECT string_agg(concat_ws(' ', source_table, state, verdict), ', ' ORDER BY source_table COLLATE "C")
          FROM custody.migration_table});
}

subtest 'a duplicate key, where the source does not see it' => sub {
    my @ends = pair('duplicate', q{
        CREATE TABLE a (id int, v text);
        CREATE UNIQUE INDEX a_id ON a (id);
        INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 100) i;
        UPDATE pg_index SET indisready = false, indislive = true WHERE indexrelid = 'a_id'::regclass;
        INSERT INTO a VALUES (7, 'again');
        UPDATE pg_index SET indisready = true WHERE indexrelid = 'a_id'::regclass;
        CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1);
        CREATE VIEW c AS SELECT count(*) FROM a});
    my $said = run_ok(4, 'exit 4', @ends);
    like $said, qr/a_id.*could not create unique index/s, 'it is named';
    like $said, qr/\(id\)=\(7\)/, 'with the key';
    like $said, qr/23505/, 'and the SQLSTATE';
    is states('duplicate'), 'a verified equal, b verified equal', 'all rows are there';
    is $target->sql('duplicate', 'SELECT * FROM c'), '101', 'and so is everything else';
    run_ok(4, 'again: the same', @ends);
    $source->sql('duplicate', q{DELETE FROM a WHERE v = 'again'});
    run_ok(0, 'mended on the source: done', @ends);
    is $target->sql('duplicate', q{SELECT count(*), (SELECT indisvalid FROM pg_index
        WHERE indexrelid = 'a_id'::regclass) FROM a}), '100|t', 'with its index';
};

subtest 'a row without its key' => sub {
    my @ends = pair('orphan', q{
        CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 10);
        CREATE TABLE child (id int PRIMARY KEY, p int REFERENCES parent);
        INSERT INTO child SELECT i, i FROM generate_series(1, 10) i;
        CREATE TABLE lax (id int, p int);
        INSERT INTO lax VALUES (1, 999);
        ALTER TABLE lax ADD CONSTRAINT lax_p FOREIGN KEY (p) REFERENCES parent NOT VALID;
        CREATE TABLE other (id int REFERENCES parent); INSERT INTO other VALUES (1);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER t BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION f();
        SET session_replication_role = replica;
        INSERT INTO child VALUES (11, 4711), (12, 4712)});
    my $said = run_ok(4, 'exit 4', @ends);
    like $said, qr/child_p_fkey/, 'the key is named';
    like $said, qr/4711.*4712/s, 'with the keys that are missing';
    like $said, qr/NOT VALID/, 'and what became of it';
    is $target->sql('orphan', q{SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname)
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace}),
        'child_p_fkey false, lax_p false, other_id_fkey true', 'the other keys are as they should be';
    is $target->sql('orphan', q{SELECT tgname FROM pg_trigger WHERE tgrelid = 'child'::regclass
        AND NOT tgisinternal}), 't', 'all else is done';
    is states('orphan'), 'child verified equal, lax verified equal, other verified equal, '
        . 'parent verified equal', 'all rows are there';
    $target->sql('orphan', 'DELETE FROM child WHERE id > 10');
    $said = run_ok(5, 'deleted on the target only: not the same rows any more', @ends);
    like $said, qr/public\.child.*12 rows.*target 10/, 'and it says so';
    $source->sql('orphan', 'DELETE FROM child WHERE id > 10');
    run_ok(0, 'deleted on the source too: done', @ends);
    is $target->sql('orphan', q{SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname)
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace}),
        'child_p_fkey true, lax_p false, other_id_fkey true', 'NOT VALID stays NOT VALID';
    same_ok([ $source, 'orphan' ], [ $target, 'orphan' ], 'says the judge');
};

subtest 'values that the target refuses' => sub {
    my @ends = pair('refused', q{
        CREATE TABLE short (id int, v text); INSERT INTO short VALUES (1, 'fits'), (2, 'too long');
        CREATE TABLE checked (v int); INSERT INTO checked VALUES (1), (-1);
        CREATE TABLE needed (v int); INSERT INTO needed VALUES (1), (NULL);
        CREATE TABLE domained (v int); INSERT INTO domained VALUES (1), (100);
        CREATE TABLE keyed (v int); INSERT INTO keyed VALUES (1), (1);
        CREATE TABLE good (v int); INSERT INTO good VALUES (1)}, q{
        CREATE TABLE short (id int, v varchar(5));
        CREATE TABLE checked (v int CHECK (v > 0));
        CREATE TABLE needed (v int NOT NULL);
        CREATE DOMAIN small AS int CHECK (VALUE < 100);
        CREATE TABLE domained (v small);
        CREATE TABLE keyed (v int PRIMARY KEY);
        CREATE TABLE good (v int)});
    my $said = run_ok(3, 'types that may not fit are refused at first', @ends, '--no-schema');
    like $said, qr/short\.v.*column-type/, 'by name';
    is $target->sql('refused', 'SELECT count(*) FROM custody.migration'), '0', 'nothing is written';
    my @chosen = (@ends, '--no-schema', '--cast', 'public.short.v=text');
    $said = run_ok(4, 'chosen casts: the target refuses the rows', @chosen);
    like $said, qr/copy public\.\Q$_->[0]\E: .*\Q$_->[1]\E/, "$_->[0] is named" for
        [ short => 'value too long' ], [ checked => 'checked_v_check' ], [ needed => 'not-null' ],
        [ domained => 'small_check' ], [ keyed => 'keyed_pkey' ];
    is states('refused'), 'checked pending, domained pending, good verified equal, keyed pending, '
        . 'needed pending, short pending', 'the good one is done, no other';
    is $target->sql('refused', 'SELECT (SELECT count(*) FROM short) + (SELECT count(*) FROM keyed)'),
        '0', 'a refused table is empty';
    $source->sql('refused', q{UPDATE short SET v = 'tall' WHERE id = 2; UPDATE checked SET v = 1;
        UPDATE needed SET v = 2; UPDATE domained SET v = 2; DELETE FROM keyed WHERE ctid = '(0,2)'});
    run_ok(0, 'once they fit: done', @chosen);
};

subtest 'bytes that are no text' => sub {
    my @ends = pair('bytes', q{CREATE TABLE bad (v text); INSERT INTO bad VALUES ('good'), (E'\xe9');
        CREATE TABLE good (v text); INSERT INTO good VALUES ('fine')}, '',
        options => "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    my $said = run_ok(4, 'exit 4', @ends);
    like $said, qr/public\.bad: .*invalid byte sequence/, 'it is named';
    is states('bytes'), 'bad pending, good verified equal', 'the other table is done';
    $source->sql('bytes', q{UPDATE bad SET v = 'better' WHERE v <> 'good'});
    run_ok(0, 'mended: done', @ends);
};

subtest 'a target that holds rows' => sub {
    my @ends = (pair('full', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1), (2)',
        'CREATE TABLE t (v int); INSERT INTO t VALUES (42)'), '--no-schema');
    like run_ok(3, 'refused', @ends), qr/target-not-empty/, 'with the finding';
    is $target->sql('full', 'TABLE t'), '42', 'the row is there';
    my $plan = custody('run', @ends, '--truncate-target', '--dry-run');
    is $plan->{exit}, 0, 'a dry run with --truncate-target' or diag $plan->{stderr};
    like $plan->{stdout}, qr/holds rows and is emptied/, 'says what will be emptied';
    is $target->sql('full', 'TABLE t'), '42', 'and empties nothing';
    run_ok(0, '--truncate-target', @ends, '--truncate-target');
    is $target->sql('full', 'SELECT sum(v) FROM t'), '3', 'the rows are the source\'s';
    like $target->sql('full', 'SELECT object, message FROM custody.migration_log'),
        qr/public\.t\|.*emptied.*--truncate-target/, 'it is in the log';
};

subtest 'rows that come to the target between preflight and copy' => sub {
    my @ends = pair('late', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1), (2)');
    my $run = run_around('part.before_begin', sub { $target->sql('late', 'INSERT INTO t VALUES (42)') },
        @ends);
    is $run->exit_code, 4, 'exit 4';
    like $run->stderr, qr/target-not-empty|holds rows that this migration did not copy/, 'it says why';
    is $target->sql('late', 'TABLE t'), '42', 'the row is not deleted';
    run_ok(4, 'again: the same', @ends);
    is $target->sql('late', 'TABLE t'), '42', 'nor then';
    run_ok(0, 'with --truncate-target it is', @ends, '--truncate-target');
    is $target->sql('late', 'SELECT sum(v) FROM t'), '3', 'the rows are the source\'s';
};

subtest 'a trigger on the target that fires always' => sub {
    my $trigger = sub {
        my ($body) = @_;
        return qq{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN $body END';
            CREATE TRIGGER always BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
            ALTER TABLE t ENABLE ALWAYS TRIGGER always};
    };
    my $rows = 'CREATE TABLE t (v int); INSERT INTO t SELECT generate_series(1, 10)';
    my $drop = $trigger->('RETURN CASE WHEN NEW.v > 5 THEN NEW END;');
    my @ends = pair('drops', $rows, "CREATE TABLE t (v int); $drop");
    like run_ok(3, 'found by the preflight', @ends, '--no-schema'), qr/target-trigger/, 'as such';
    $target->sql('drops', 'DROP TABLE t; DROP FUNCTION f');
    my $run = run_around('part.before_begin', sub { $target->sql('drops', $drop) }, @ends);
    is $run->exit_code, 4, 'made later, and dropping rows';
    like $run->stderr, qr/the target took 5 of 10 rows/, 'it is noticed';
    is $target->sql('drops', 'SELECT count(*) FROM t'), '0', 'and undone';
    $target->sql('drops', 'DROP TRIGGER always ON t');
    run_ok(0, 'without the trigger: done', @ends);

    @ends = pair('changes', $rows);
    $run = run_around('part.before_begin', sub {
        $target->sql('changes', $trigger->('NEW.v := NEW.v + (NEW.v = 7)::int; RETURN NEW;')) }, @ends);
    is $run->exit_code, 5, 'made later, and changing a row';
    like $run->stderr, qr/public\.t: different/, 'it is different';
    $target->sql('changes', 'DROP TRIGGER always ON t');
    run_ok(0, 'without the trigger: done', @ends);
};

subtest 'rows of an extension\'s configuration table' => sub {
    my $stage = $target->sql('postgres', q{SELECT setting FROM pg_settings WHERE name = 'extension_destdir'});
    return pass 'a server without extension_destdir: nowhere to put an extension' unless $stage;
    my $place = temporary_directory() . '/extensions';
    system('cp', '-a', $stage, $place) == 0 or die "cannot copy $stage";
    my ($control) = glob "$place/usr/share/postgresql/*/extension/custody.control";
    (my $folder = $control) =~ s{/[^/]*\z}{};
    rename write_file("default_version = '1'\n", 'control'), "$folder/parameters.control";
    rename write_file(q{
        CREATE TABLE parameter (name text PRIMARY KEY, value text, own boolean DEFAULT false);
        INSERT INTO parameter VALUES ('a', 1, true), ('b', 2, true);
        SELECT pg_extension_config_dump('parameter', 'WHERE NOT own');
        CREATE TABLE remark (v text);
        SELECT pg_extension_config_dump('remark', '')}, 'script'), "$folder/parameters--1.sql";
    $_->create_database('config') for $source, $target;
    $_->sql('config', "ALTER DATABASE config SET extension_destdir = '$place'") for $source, $target;
    $source->sql('config', q{CREATE EXTENSION parameters; INSERT INTO remark VALUES ('one'), ('one');
        INSERT INTO parameter VALUES ('mine', 'x', false), ('yours', NULL, false)});
    # pg_available_extensions does not look below extension_destdir, so it has to be there.
    $target->sql('config', 'CREATE EXTENSION custody; CREATE EXTENSION parameters');
    my @ends = ('--source', $source->conninfo('config'), '--target', $target->conninfo('config'));
    run_ok(0, 'done', @ends);
    is $target->sql('config', 'SELECT * FROM parameter ORDER BY name'),
        "a|1|t\nb|2|t\nmine|x|f\nyours||f", 'the user\'s rows once, beside the extension\'s own';
    is $target->sql('config', 'SELECT count(*) FROM remark'), '2', 'and without a condition';
    is states('config'), 'parameter verified equal, remark verified equal', 'verified';
    is custody('verify', @ends)->{exit}, 0, 'custody verify agrees';
    $target->sql('config', q{UPDATE parameter SET value = 3 WHERE name = 'a'});
    is custody('verify', @ends)->{exit}, 0, 'the extension\'s rows are its own business';
    $target->sql('config', q{UPDATE parameter SET value = 'y' WHERE name = 'mine'});
    my $verify = custody('verify', @ends);
    is $verify->{exit}, 5, 'the user\'s are not';
    like $verify->{stdout}, qr/public\.parameter +different/, 'it is named' or diag $verify->{stdout};
};

subtest 'materialized views' => sub {
    my @ends = pair('views', q{
        CREATE TABLE t (v int); INSERT INTO t VALUES (1);
        CREATE MATERIALIZED VIEW filled AS SELECT * FROM t;
        CREATE MATERIALIZED VIEW empty AS SELECT * FROM t WITH NO DATA;
        CREATE MATERIALIZED VIEW upper AS SELECT v + 1 AS v FROM filled});
    run_ok(0, 'done', @ends);
    is $target->sql('views', q{SELECT string_agg(relname || ' ' || relispopulated, ', ' ORDER BY relname)
        FROM pg_class WHERE relkind = 'm'}), 'empty false, filled true, upper true',
        'filled where the source\'s are';
    is $target->sql('views', 'TABLE upper'), '2', 'in the right order';
};

subtest 'a table with hundreds of columns' => sub {
    my $columns = join ', ', map { "c$_ int DEFAULT $_" } 1 .. 800;
    my @ends = pair('wide', qq{CREATE TABLE wide ($columns);
        INSERT INTO wide (c1) SELECT generate_series(1, 100); ALTER TABLE wide DROP c400});
    run_ok(0, 'done', @ends);
    same_ok([ $source, 'wide' ], [ $target, 'wide' ], 'says the judge');
};

# CUSTODY_TEST_TABLES=3000 for a figure; a test that all run need not take so long.
subtest 'very many tables' => sub {
    my $tables = $ENV{CUSTODY_TEST_TABLES} // 500;
    my @ends = pair('many', qq{DO \$\$ BEGIN FOR i IN 1 .. $tables LOOP
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, v text)', i);
        EXECUTE format('INSERT INTO t%s VALUES (1, %L)', i, i);
        IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END \$\$});
    my $since = time;
    run_ok(0, 'done', @ends, '--jobs', 2);
    note sprintf '%d tables took %.1f s', $tables, time - $since;
    is $target->sql('many', q{SELECT count(*) FROM custody.migration_table WHERE verdict = 'equal'}),
        $tables, 'all equal';
};

done_testing;
