# custody repair: what happens beside the rows that it changes. Rows that go along or are changed by
# keys and triggers, other repairs, open transactions, names and settings that mislead.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');
my @ends;

# A database made by $sql on both sides, and by $damage on the target, without triggers.
sub pair {
    my ($name, $sql, $damage) = @_;
    $_->create_database($name), $_->sql($name, $sql) for $source, $target;
    $target->sql($name, 'SET session_replication_role = replica; ' . $damage);
    @ends = ('--source', $source->conninfo($name), '--target', $target->conninfo($name));
    return $name;
}

sub repair {
    my ($exit, $name, @argument) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $repair = custody('repair', @ends, qw(--json --rechecks 0), @argument);
    is $repair->{exit}, $exit, $name or diag $repair->{stdout} . $repair->{stderr};
    return eval { json($repair->{stdout}) } // { error => $repair->{stderr} };
}

sub script {
    my ($database, @argument) = @_;
    my $file = temporary_directory() . "/$database.sql";
    custody('repair', @ends, '--output', $file, '--rechecks', 0, @argument);
    return run_command(program('psql'), '-X', '-q', '-d', $target->conninfo($database), '-f', $file);
}

sub verdicts {
    my ($document) = @_;
    return join ' ', map { "$_->{name}:$_->{verdict}" } grep { $_->{type} eq 'table' } @{ $document->{tables} };
}

# A repair that waits before its first change.
sub waiting {
    my $file = temporary_directory() . '/wait';
    my $run = start_custody('repair', @ends, qw(--json --apply --rechecks 0), @_,
        { env => { CUSTODY_FAILPOINT => "repair.before_apply=wait:$file" } });
    wait_for 'the changes', sub { -e $file || !$run->alive && die $run->stderr };
    return ($run, $file);
}

subtest 'two tables whose names read alike' => sub {
    my $name = pair('dots', q{CREATE SCHEMA a; CREATE SCHEMA "a.b"; CREATE TABLE a."b.c" (id int PRIMARY KEY);
        CREATE TABLE "a.b".c (id int PRIMARY KEY)}, '');
    for ([ 'a."b.c"', 7, '1|0' ], [ '"a.b".c', 8, '1|1' ]) {
        my ($table, $id, $rows) = @$_;
        $source->sql($name, "INSERT INTO $table VALUES ($id)");
        repair(0, "$table lacks a row", '--apply');
        is $target->sql($name, 'SELECT (SELECT count(*) FROM a."b.c"), (SELECT count(*) FROM "a.b".c)'), $rows,
            '... and it is that one which gets it';
    }
};

subtest 'other tables that triggers and keys change' => sub {
    my $name = pair('others', q{
        CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE log (id int); CREATE TABLE late (id int);
        CREATE TABLE part (id int) PARTITION BY RANGE (id); CREATE TABLE part1 PARTITION OF part DEFAULT;
        INSERT INTO t VALUES (1, 'v'); CREATE TABLE parent (k numeric PRIMARY KEY);
        CREATE TABLE child (id int PRIMARY KEY, k numeric REFERENCES parent ON UPDATE SET NULL);
        CREATE TABLE apart (id int PRIMARY KEY);
        INSERT INTO parent VALUES (1.00); INSERT INTO child VALUES (1, 1.0)}, q{
        UPDATE t SET v = 'w'; UPDATE parent SET k = 1.0;
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE format('INSERT INTO %I VALUES (1)', TG_ARGV[0]); RETURN NEW; END $$;
        CREATE TRIGGER note BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note('log');
        CREATE TRIGGER parts BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note('part');
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION note('late')});
    my $document = repair(5, 'is not equal, though each change was made', '--apply');
    is verdicts($document), 'public.apart:equal public.child:different public.late:different public.log:different '
        . 'public.parent:equal public.part1:different public.t:equal', 'what was changed besides is told';
};

subtest 'two repairs' => sub {
    my $name = pair('two', 'CREATE TABLE n (v int); INSERT INTO n VALUES (1), (2)', 'DELETE FROM n WHERE v = 1');
    my ($first, $file) = waiting();
    my $second = start_custody('repair', @ends, qw(--json --apply --rechecks 0));
    wait_for 'the second', sub {
        !$second->alive || 2 <= $target->sql($name, q{SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'custody repair' AND datname = 'two'}) };
    unlink $file;
    $_->wait for $first, $second;
    is $first->exit_code, 0, 'the first';
    is $second->exit_code, 0, 'the second looks when the first is done' or diag $second->stderr;
    is $target->sql($name, 'SELECT count(*) FROM n'), 2, 'a row without a key is not inserted by both';
};

subtest 'rows that would go along' => sub {
    my $name = pair('along', q{CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE)},
        'INSERT INTO parent VALUES (1), (2), (3), (4)');
    # Added by a transaction that is open when the parent is deleted.
    my $open = $target->session($name);
    my $blocked = sub { $target->sql($name, 'SELECT count(*) FROM pg_locks WHERE NOT granted') };
    for my $id (1, 2) {
        $open->query("BEGIN; INSERT INTO child VALUES ($id, $id)");
        my $run = $id == 1
            ? start_custody('repair', @ends, qw(--apply --delete --batch-rows 1 --table parent))
            : do {
                my $file = temporary_directory() . '/along.sql';
                custody('repair', @ends, qw(--delete --table parent --output), $file);
                Custody::Test::Process->start(dir => temporary_directory(), command => [ program('psql'), '-Xq', '-f', $file, '-d', $target->conninfo($name) ]);
            };
        wait_for 'the delete', sub { $blocked->() || !$run->alive && die $run->stderr };
        $open->query('COMMIT');
        $run->wait;
        isnt $run->exit_code, 0, 'is no success';
        is $target->sql($name, "SELECT count(*) FROM child WHERE id = $id"), 1, 'the child is there';
        $target->sql($name, "DELETE FROM parent WHERE id = $id"); # and the child
        $target->sql($name, 'INSERT INTO parent VALUES (2), (3), (4) ON CONFLICT DO NOTHING');
    }
    $open->close;

    # Hidden by row security, from a role that may see the parent.
    $target->sql($name, q{INSERT INTO child VALUES (3, 3); CREATE ROLE clerk LOGIN; GRANT ALL ON parent, child TO clerk;
        ALTER TABLE child ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON child USING (false)});
    @ends = (@ends[ 0 .. 2 ], $target->conninfo($name, 'clerk'));
    repair(4, 'by a clerk', qw(--apply --delete --table parent));
    is $target->sql($name, 'SELECT count(*) FROM child WHERE id = 3'), 1, 'the hidden child is there';

    # Of a key that refers to a partition, where the source has no partitions.
    $name = pair('partition', '', '');
    $source->sql($name, 'CREATE TABLE p (id int PRIMARY KEY)');
    $target->sql($name, q{CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE p1 PARTITION OF p DEFAULT; CREATE TABLE c (id int REFERENCES p1 ON DELETE CASCADE);
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)});
    repair(4, 'a partition that is referred to', qw(--apply --delete --table p));
    is $target->sql($name, 'SELECT count(*) FROM c'), 1, 'the child is there';
};

subtest 'a row that refers to itself' => sub {
    pair('itself', 'CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON DELETE CASCADE)',
        'INSERT INTO t VALUES (1, 1), (2, 3), (3, 2), (4, 1)');
    repair(0, 'goes', '--apply', '--delete');
};

subtest 'settings of the target' => sub {
    my $sql = q{CREATE DOMAIN word AS text;
        CREATE TABLE t (id uuid PRIMARY KEY, d word, a text[], v text, r timestamptz[]);
        INSERT INTO t SELECT gen_random_uuid(), 'a', '{NULL,"NULL",x}', 'v', '{2024-01-01 00:00+00}' FROM generate_series(1, 3)};
    for my $way ('apply', 'script') {
        my $name = pair("settings_$way", '', '');
        $source->sql($name, $sql =~ s/gen_random_uuid\(\)/md5(generate_series::text)::uuid/r);
        $target->sql($name, $sql =~ s/gen_random_uuid\(\)/md5(generate_series::text)::uuid/r);
        $target->sql($name, qq{DELETE FROM t WHERE id = md5('1')::uuid; UPDATE t SET d = 'no', a = '{NULL}', v = 'w';
            ALTER DOMAIN word ADD CHECK (VALUE <> 'no') NOT VALID;
            CREATE SCHEMA evil; CREATE DOMAIN evil.text AS int; CREATE DOMAIN evil.uuid AS int;
            ALTER DATABASE $name SET array_nulls = off; ALTER DATABASE $name SET search_path = evil, pg_catalog;
            ALTER DATABASE $name SET timezone = 'Asia/Tokyo'; ALTER DATABASE $name SET datestyle = 'German';
            ALTER DATABASE $name SET standard_conforming_strings = off; ALTER DATABASE $name SET backslash_quote = off});
        if ($way eq 'script') {
            my $psql = script($name);
            is $psql->{exit}, 0, 'a script' or diag $psql->{stderr};
        }
        repair(0, "mislead no repair ($way)", '--apply');
    }
};

subtest 'columns that only the target has' => sub {
    my $name = pair('more', q{CREATE TABLE t (id int PRIMARY KEY, u int NOT NULL UNIQUE); CREATE TABLE n (LIKE t INCLUDING ALL);
        INSERT INTO t VALUES (1, 1), (2, 2); INSERT INTO n TABLE t;
        CREATE TABLE i (id int PRIMARY KEY, u int GENERATED ALWAYS AS IDENTITY); INSERT INTO i (id) VALUES (1);
        CREATE TABLE v (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, u int NOT NULL UNIQUE);
        INSERT INTO v (id, u) TABLE t}, q{
        ALTER TABLE t ADD mine text DEFAULT 'd'; UPDATE t SET mine = 'x', u = -u; UPDATE t SET u = u + 3;
        ALTER TABLE i ADD mine text DEFAULT 'd'; DELETE FROM i; INSERT INTO i OVERRIDING SYSTEM VALUE VALUES (1, 9, 'x');
        ALTER TABLE n ALTER u DROP NOT NULL, DROP CONSTRAINT n_u_key; UPDATE n SET u = 3 - u;
        UPDATE v SET u = -u; UPDATE v SET u = u + 3});
    my $distinct = $target->sql($name, 'SHOW server_version_num') >= 150000 ? 'NULLS NOT DISTINCT' : '';
    $target->sql($name, "ALTER TABLE n ADD UNIQUE $distinct (u)");
    my $document = repair(5, 'keep the rows in which they are', '--apply');
    is $target->sql($name, 'TABLE t ORDER BY id; TABLE i'), "1|2|x\n2|1|x\n1|9|x", 'with their values';
    is_deeply [ sort map { $_->{object} } @{ $document->{refused} } ],
        [ 'public.i (id)=(1)', 'public.t (id)=(1)', 'public.t (id)=(2)' ], 'which is told';
    is_deeply $document->{failures}, [], 'a unique that takes one NULL only is no way';
    is $target->sql($name, 'TABLE n ORDER BY id; SELECT id, u FROM v ORDER BY id'), "1|1\n2|2\n1|1\n2|2", 'others are';
};

subtest 'the file of a script' => sub {
    pair('file', 'CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1)');
    my $file = write_file('mine', 'out.sql.new') =~ s/\.new\z//r;
    chmod 0666, "$file.new";
    repair(5, 'is written', '--output', $file);
    ok -e "$file.new", 'what lay beside it is left alone';
    is sprintf('%o', (stat $file)[2] & 0777), '600', 'and only its owner can read it';
    is_deeply [ glob "$file.*" ], ["$file.new"], 'nothing else is left';
};

done_testing;
