# custody repair: whatever differs becomes equal, by a script or at once, and nothing else is touched.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my $source = start_cluster('source');
my $target = start_cluster('target');
my @ends;

# A database of one name on both sides, made by $sql; $damage then changes the target's rows unseen.
sub pair {
    my ($name, $sql, $damage) = @_;
    $source->create_database($name);
    $source->sql($name, $sql);
    $target->create_database($name);
    copy_database([ $source, $name ], [ $target, $name ]);
    $target->sql($name, 'CREATE EXTENSION custody');
    @ends = ('--source', $source->conninfo($name), '--target', $target->conninfo($name));
    damage($name, $damage) if $damage;
    return $name;
}

sub damage { $target->sql($_[0], "SET session_replication_role = replica; $_[1]") }

# Exit code and document of custody repair --json.
sub repair {
    my ($exit, $name, @argument) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $option = ref $argument[-1] ? pop @argument : {};
    my $repair = custody('repair', @ends, '--json', @argument, $option);
    is $repair->{exit}, $exit, $name or diag $repair->{stdout} . $repair->{stderr};
    return eval { json($repair->{stdout}) } // { error => $repair->{stderr} };
}

sub equal_ok {
    my ($database, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is custody('verify', @ends)->{exit}, 0, "$name: custody verify agrees";
    same_ok([ $source, $database ], [ $target, $database ], "$name: and so says the judge");
    my $again = repair(0, "$name: another repair finds all equal", '--apply', '--delete');
    is $again->{statements}, 0, "$name: and does nothing";
}

sub planned {
    my ($document) = @_;
    return join ' ', @{ $document->{planned} }{qw(insert update delete)};
}

sub run_script {
    my ($database, $file) = @_;
    return run_command(program('psql'), '-X', '-q', '-d', $target->conninfo($database), '-f', $file);
}

my $shop = q{
    CREATE TABLE "it""em" (id int PRIMARY KEY, body text, amount numeric, at timestamptz, "we'ird \ col" text,
        twice int GENERATED ALWAYS AS (id * 2) STORED);
    INSERT INTO "it""em" (id, body, amount, at, "we'ird \ col")
        SELECT i, 'body ' || i, (i || '.0')::numeric, '2024-01-01 00:00:00+00'::timestamptz + i * interval '1 hour',
               CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN E'line\nbreak; \\ '' " :x $custody$' ELSE '' END
        FROM generate_series(1, 500) i;
    CREATE TABLE nokey (v text, n numeric);
    INSERT INTO nokey SELECT 'row ' || i % 10, 1.0 FROM generate_series(1, 40) i;
};
my $damages = q{
    DELETE FROM "it""em" WHERE id IN (3, 4);
    UPDATE "it""em" SET amount = 5.00 WHERE id = 5;
    UPDATE "it""em" SET "we'ird \ col" = NULL, body = '' WHERE id IN (7, 8);
    INSERT INTO "it""em" (id, body) VALUES (1001, 'extra'), (1002, NULL);
    DELETE FROM nokey WHERE ctid IN (SELECT ctid FROM nokey WHERE v = 'row 1' LIMIT 2);
    INSERT INTO nokey VALUES ('row 2', 1.0), ('row 2', 1.0), ('row 2', 1.00), (NULL, NULL)};

subtest 'what would be done' => sub {
    my $name = pair('shop', $shop);
    my $document = repair(0, 'two equal databases', '--dry-run');
    is planned($document), '0 0 0', 'nothing is planned';
    damage($name, $damages);
    $document = repair(5, 'differences are no success', '--dry-run', '--delete');
    is planned($document), '4 3 6', 'all of them are counted';
    $document = repair(5, 'without --delete', '--dry-run');
    is planned($document), '4 3 0', 'nothing is deleted';
    my %left = map { $_->{name} => $_->{extra_left} } @{ $document->{tables} };
    is_deeply \%left, { 'public.it"em' => 2, 'public.nokey' => 4 }, 'and the extra rows are told';
    my $text = custody('repair', @ends, '--dry-run');
    like $text->{stdout}, qr/4 to insert, 3 to update, 0 to delete; nothing was written$/m, 'as text';
    like $text->{stdout}, qr/2 extra rows left/, 'with the extra rows';
    is $target->sql($name, q{SELECT count(*) FROM "it""em"}), 500, 'nothing was written';
};

subtest 'a script' => sub {
    my $file = temporary_directory() . '/repair.sql';
    my $document = repair(5, 'a script was written', '--output', $file, '--batch-rows', 4);
    is $document->{output}, $file, 'and its name told';
    is sprintf('%o', (stat $file)[2] & 0777), '600', 'for its owner only';
    my $run = run_script('shop', $file);
    is $run->{exit}, 0, 'psql runs it' or diag $run->{stderr};
    is $run->{stdout}, '', 'and has nothing to say';
    is $target->sql('shop', q{SELECT count(*) FROM "it""em"}), 502, 'the extra rows are there';
    $run = run_script('shop', $file);
    is $run->{exit}, 3, 'it cannot be run twice';
    my $stdout = custody('repair', @ends, '--delete');
    is $stdout->{exit}, 5, 'a script on standard output';
    like $stdout->{stdout}, qr/\A-- custody repair .*^BEGIN;\n.*^COMMIT;\n\z/ms, 'which is a script only';
    like $stdout->{stderr}, qr/to delete/, 'and the summary goes elsewhere';
    $run = run_script('shop', write_file($stdout->{stdout}, 'repair2.sql'));
    is $run->{exit}, 0, 'it runs' or diag $run->{stderr};
    equal_ok('shop', 'the scripts');
};

subtest 'at once' => sub {
    damage('shop', $damages);
    my $document = repair(5, 'without --delete it stays different', '--apply', '--batch-rows', 2);
    is_deeply $document->{applied}, { insert => 4, update => 3, delete => 0 }, 'what was done';
    is $document->{verdict}, 'different', 'is not enough';
    is scalar @{ $document->{looks} }, 2, 'it was looked at again';
    $document = repair(0, 'with --delete it is equal', '--apply', '--delete');
    is_deeply $document->{applied}, { insert => 0, update => 0, delete => 6 }, 'what was left';
    equal_ok('shop', 'at once');
};

subtest 'a row that changed since is left alone' => sub {
    damage('shop', q{UPDATE "it""em" SET body = 'a' WHERE id IN (10, 11, 12)});
    my $file = temporary_directory() . '/wait';
    my $run = start_custody('repair', @ends, '--apply', '--json',
        { env => { CUSTODY_FAILPOINT => "repair.before_apply=wait:$file" } });
    wait_for 'the changes', sub { -e $file || !$run->alive && die $run->stderr };
    damage('shop', q{UPDATE "it""em" SET amount = 0 WHERE id = 11; DELETE FROM "it""em" WHERE id = 12});
    unlink $file;
    $run->wait;
    is $run->exit_code, 4, 'exit 4';
    my $document = json($run->stdout);
    is_deeply [ map { $_->{object} } @{ $document->{failures} } ],
        [ 'public.it"em (id)=(11)', 'public.it"em (id)=(12)' ], 'they are named';
    is_deeply $document->{applied}, { insert => 0, update => 1, delete => 0 }, 'the other one is updated';
    is $target->sql('shop', q{SELECT body, amount FROM "it""em" WHERE id = 11}), 'a|0', 'not overwritten';

    my $script = temporary_directory() . '/late.sql';
    repair(5, 'a script', '--output', $script, '--batch-rows', 1);
    damage('shop', q{UPDATE "it""em" SET amount = 1 WHERE id = 11});
    my $psql = run_script('shop', $script);
    is $psql->{exit}, 3, 'a script stops there';
    like $psql->{stderr}, qr/custody: update public\.it"em \(id\)=\(11\): 0 rows touched, 1 expected/, 'and says why';
    is $target->sql('shop', q{SELECT body, amount FROM "it""em" WHERE id = 11}), 'a|1', 'not overwritten';
    repair(0, 'the next repair ends it', '--apply');
    equal_ok('shop', 'after the change');
};

subtest 'the source goes on' => sub {
    damage('shop', q{UPDATE "it""em" SET body = 'a' WHERE id = 10});
    my $file = temporary_directory() . '/wait';
    my $run = start_custody('repair', @ends, '--apply',
        { env => { CUSTODY_FAILPOINT => "repair.before_apply=wait:$file" } });
    wait_for 'the changes', sub { -e $file || !$run->alive && die $run->stderr };
    $source->sql('shop', q{UPDATE "it""em" SET body = 'newer' WHERE id = 10});
    unlink $file;
    $run->wait;
    is $run->exit_code, 5, 'exit 5: the last look finds them different';
    repair(0, 'the next repair ends it', '--apply');
    equal_ok('shop', 'after the source went on');
};

subtest 'keys that only differ in how they are written' => sub {
    my $name = pair('keys', q{
        CREATE EXTENSION citext;
        CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE n (k numeric PRIMARY KEY, v text);
        INSERT INTO n VALUES (1.0, 'a'), (2.00, 'b'), (3, 'c');
        CREATE TABLE f (k float8 PRIMARY KEY, v text); INSERT INTO f VALUES ('-0', 'a'), ('NaN', 'b');
        CREATE TABLE c (k citext, l text COLLATE loose, v text, PRIMARY KEY (k, l));
        INSERT INTO c VALUES ('Abc', 'Xyz', 'a'), ('d', 'e', 'b')}, q{
        UPDATE n SET k = 1.00 WHERE k = 1; UPDATE n SET k = 2.0, v = 'B' WHERE k = 2; INSERT INTO n VALUES (4.0, 'd');
        UPDATE f SET k = 0 WHERE k = 0; UPDATE c SET k = 'aBC', l = 'xYZ' WHERE k = 'abc'});
    my $document = repair(0, 'repaired', '--apply', '--delete');
    is_deeply $document->{applied}, { insert => 0, update => 4, delete => 1 }, 'they are updated';
    equal_ok($name, 'keys');
};

subtest 'tables that refer to each other' => sub {
    my $name = pair('family', q{
        CREATE TABLE zparent (id int PRIMARY KEY, code text UNIQUE);
        CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES zparent ON DELETE CASCADE, v text);
        CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child ON DELETE SET NULL);
        CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);
        CREATE TABLE egg (id int PRIMARY KEY, hen int NOT NULL);
        CREATE TABLE hen (id int PRIMARY KEY, egg int NOT NULL REFERENCES egg DEFERRABLE);
        ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen DEFERRABLE;
        INSERT INTO zparent SELECT i, 'code' || i FROM generate_series(1, 20) i;
        INSERT INTO child SELECT i, i, 'v' FROM generate_series(1, 20) i;
        INSERT INTO grandchild SELECT i, i FROM generate_series(1, 20) i;
        INSERT INTO tree SELECT i, nullif(i + 1, 21) FROM generate_series(1, 20) i;
        BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO egg VALUES (1, 1), (2, 2);
        INSERT INTO hen VALUES (1, 1), (2, 2); COMMIT}, q{
        DELETE FROM zparent WHERE id IN (3, 4); DELETE FROM child WHERE id IN (3, 4);
        DELETE FROM grandchild WHERE id IN (3, 4);
        INSERT INTO zparent VALUES (100, 'code3'), (101, 'other'); UPDATE child SET parent = 100 WHERE id = 9;
        INSERT INTO child VALUES (101, 101, 'extra'); INSERT INTO grandchild VALUES (101, 101);
        DELETE FROM tree WHERE id IN (5, 6, 7); INSERT INTO tree VALUES (50, 51), (51, 50);
        DELETE FROM egg WHERE id = 2; DELETE FROM hen WHERE id = 2});
    my $file = temporary_directory() . '/family.sql';
    repair(5, 'a script', '--delete', '--output', $file);
    my $script = do { local (@ARGV, $/) = $file; <> };
    $target->create_database('family_copy', template => 'family');
    my $psql = run_script('family_copy', $file);
    is $psql->{exit}, 0, 'it runs' or diag $psql->{stderr} . $script;
    same_ok([ $source, 'family' ], [ $target, 'family_copy' ], 'and does it');
    my $document = repair(0, 'repaired', '--apply', '--delete', '--batch-rows', 3);
    is_deeply $document->{failures}, [], 'without a failure';
    equal_ok($name, 'family');

    $target->sql($name, q{INSERT INTO zparent VALUES (200, 'x'); INSERT INTO child VALUES (200, 200, 'x')});
    $document = repair(4, 'of the parents only', '--apply', '--delete', '--table', 'zparent');
    is $target->sql($name, 'SELECT count(*) FROM child WHERE id = 200'), 1, 'a cascade takes nothing along';
    repair(0, 'of all', '--apply', '--delete');
    equal_ok($name, 'family, again');
};

subtest 'unique values that change places' => sub {
    my $name = pair('swap', q{
        CREATE TABLE a (id int PRIMARY KEY, u int UNIQUE); INSERT INTO a VALUES (1, 1), (2, 2), (3, 3);
        CREATE TABLE b (id int PRIMARY KEY, u int NOT NULL UNIQUE); INSERT INTO b TABLE a;
        CREATE TABLE c (id int PRIMARY KEY, u int NOT NULL UNIQUE DEFERRABLE); INSERT INTO c TABLE a;
        CREATE TABLE d (id int PRIMARY KEY, u int NOT NULL UNIQUE); INSERT INTO d TABLE a;
        CREATE TABLE e (id int PRIMARY KEY, d int REFERENCES d (id)); INSERT INTO e TABLE a;
        CREATE TABLE i (id int PRIMARY KEY, u int GENERATED ALWAYS AS IDENTITY);
        INSERT INTO i OVERRIDING SYSTEM VALUE TABLE a}, q{
        UPDATE a SET u = u + 10; UPDATE a SET u = (id + 1) % 3 + 1;
        UPDATE b SET u = u + 10; UPDATE b SET u = (id + 1) % 3 + 1;
        UPDATE c SET u = u + 10; UPDATE c SET u = (id + 1) % 3 + 1;
        UPDATE d SET u = 9 WHERE id = 1; UPDATE d SET u = 1 WHERE id = 2; UPDATE d SET u = 2 WHERE id = 1;
        DELETE FROM i WHERE id = 2; INSERT INTO i OVERRIDING SYSTEM VALUE VALUES (2, 77)});
    my $document = repair(5, 'what can be repaired', '--apply');
    is_deeply [ sort map { $_->{object} } @{ $document->{refused} } ], [ 'public.d (id)=(1)', 'public.d (id)=(2)' ],
        'where rows refer to them and nothing may be NULL, it is told';
    is_deeply $document->{failures}, [], 'and nothing is tried in vain';
    is $target->sql($name, 'TABLE d ORDER BY id'), "1|2\n2|1\n3|3", 'they stay';
    damage($name, 'UPDATE d SET u = u + 10; UPDATE d SET u = id');
    equal_ok($name, 'swap');
};

subtest 'triggers and constraints of the target' => sub {
    my $name = pair('refusal', q{CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE log (id int);
        INSERT INTO t SELECT i, 'v' FROM generate_series(1, 10) i}, q{
        DELETE FROM t WHERE id IN (2, 4); UPDATE t SET v = 'w' WHERE id IN (6, 8);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO log VALUES (NEW.id); -- found by the search_path of the session
            IF NEW.id IN (4, 8) THEN RAISE 'not %', NEW.id USING ERRCODE = 'ZX001'; END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION refuse()});
    my @only = ('--table', 't');
    my $document = repair(4, 'some were refused', '--apply', @only);
    is_deeply [ map { "$_->{action} $_->{object} $_->{sqlstate} $_->{message}" } @{ $document->{failures} } ],
        [ 'insert public.t (id)=(4) ZX001 not 4', 'update public.t (id)=(8) ZX001 not 8' ], 'they are named';
    is $target->sql($name, 'TABLE log ORDER BY id'), "2\n6", 'the triggers fired for the others';
    is_deeply $document->{applied}, { insert => 1, update => 1, delete => 0 }, 'which were done';
    damage($name, 'DROP FUNCTION refuse CASCADE; TRUNCATE log');
    repair(0, 'and the rest once it may', '--apply', @only);
    equal_ok($name, 'refusal');
};

subtest 'a trigger that changes what is written' => sub {
    my $name = pair('touched', q{CREATE TABLE t (id int PRIMARY KEY, v text, changed timestamptz);
        INSERT INTO t SELECT i, 'v', '2020-01-01Z' FROM generate_series(1, 3) i}, q{
        UPDATE t SET v = 'w' WHERE id = 2;
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.changed = now(); RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()});
    my @apply = (qw(repair --apply --rechecks 0 --table t), @ends[ 0, 1 ], '--target');
    my $touched = custody(@apply, $ends[3]);
    is $touched->{exit}, 5, 'leaves the row different';
    like $touched->{stdout}, qr/^public\.t +different .*; changed again after the repair, by a trigger or/m, 'which is told';
    my $silent = custody(@apply, "$ends[3] options='-c session_replication_role=replica'");
    is $silent->{exit}, 0, 'a session without triggers' or diag $silent->{stdout}, $silent->{stderr};
    damage($name, 'DROP FUNCTION touch CASCADE');
    equal_ok($name, 'touched');
};

subtest 'values of many megabytes' => sub {
    my $name = pair('giant', q{CREATE TABLE t (id int PRIMARY KEY, a text, b bytea);
        INSERT INTO t SELECT i, repeat('giant' || i, 4000000), decode(repeat('ab', 10000000), 'hex')
          FROM generate_series(1, 2) i}, q{UPDATE t SET a = a || '.' WHERE id = 1; DELETE FROM t WHERE id = 2});
    my $document = repair(0, 'repaired', '--apply');
    is_deeply $document->{applied}, { insert => 1, update => 1, delete => 0 }, 'both';
    equal_ok($name, 'giant');
};

subtest 'killed and run again' => sub {
    my $name = pair('killed', q{CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE n (v int);
        INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 100) i; INSERT INTO n SELECT i % 7 FROM generate_series(1, 50) i});
    for my $point ('before_apply', 'after_unit', 'after_unit@6', 'before_commit@2', 'after_commit@3', 'after_apply') {
        damage($name, q{DELETE FROM t WHERE id % 10 = 0; UPDATE t SET v = '' WHERE id % 10 = 1; INSERT INTO t VALUES (1000);
            DELETE FROM n WHERE ctid IN (SELECT ctid FROM n LIMIT 9); INSERT INTO n VALUES (3), (3), (NULL)});
        my $count = 'SELECT count(*) FROM t';
        my $repair = custody('repair', @ends, qw(--apply --delete --batch-rows 5),
            { env => { CUSTODY_FAILPOINT => "repair.$point=kill" } });
        is $repair->{exit}, 128 + 9, "killed at $point";
        repair(0, '... the next one goes on', qw(--apply --delete --batch-rows 5));
        equal_ok($name, $point);
    }
};

subtest 'wrong usage' => sub {
    for ([ qw(--apply --dry-run) ], [ '--json' ], [ qw(--apply --output x) ], [ '--delete', '--where', 'public.t=true' ]) {
        is custody('repair', @ends, @$_)->{exit}, 1, "@$_";
    }
    my $repair = custody('repair', @ends, '--output', '/nowhere/x.sql');
    is $repair->{exit}, 1, 'a script that cannot be written';
    like $repair->{stderr}, qr/script-not-written/, 'with its code';
};

done_testing;
