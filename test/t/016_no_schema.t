# Rows into tables that exist: what would be believed unchecked or cost time is taken aside and put back, checked;
# columns that do not fit are refused.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my ($source, $target) = map { start_cluster($_) } qw(source target);
my $tables = <<'SQL';
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (id integer PRIMARY KEY, email text CONSTRAINT email_once UNIQUE DEFERRABLE INITIALLY DEFERRED,
    boss integer, mood mood);
CREATE TABLE visits (id bigint PRIMARY KEY, person integer NOT NULL, at date NOT NULL, note text);
CREATE TABLE calls (id bigint NOT NULL, person integer, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE calls_2 PARTITION OF calls FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
SQL
my $rest = <<'SQL';
ALTER TABLE people ADD CONSTRAINT has_boss FOREIGN KEY (boss) REFERENCES people DEFERRABLE;
ALTER TABLE visits ADD CONSTRAINT of_person FOREIGN KEY (person) REFERENCES people ON DELETE CASCADE;
ALTER TABLE calls ADD PRIMARY KEY (id, at), ADD CONSTRAINT by_person FOREIGN KEY (person) REFERENCES people;
COMMENT ON CONSTRAINT of_person ON visits IS 'whose visit';
CREATE INDEX visits_note ON visits (lower(note)) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX people_by_mood ON people (mood, id);
CREATE INDEX calls_of_person ON calls (person);
CREATE INDEX calls_2_alone ON calls_2 (at, person);
SQL
my $rows = <<'SQL';
INSERT INTO people SELECT g, 'p' || g, nullif(g / 10, 0), (ARRAY['sad', 'ok', 'happy'])[1 + g % 3]::mood
    FROM generate_series(1, 500) AS g;
INSERT INTO visits SELECT g, 1 + g % 500, '2025-01-01'::date + g % 360, CASE WHEN g % 2 = 0 THEN 'Note ' || g END
    FROM generate_series(1, 2000) AS g;
INSERT INTO calls SELECT g, 1 + g % 500, '2025-01-01'::date + g % 360 FROM generate_series(1, 2000) AS g;
SQL

my $databases = 0;

# A pair of databases: SOURCE is run on the source after tables, rows and the rest; TARGET in place of the tables and
# the rest on the target.
sub pair {
    my ($on_source, $on_target) = @_;
    my $name = 'd' . ++$databases;
    $source->create_database($name);
    $source->sql($name, "$tables $rows $rest");
    $source->sql($name, $on_source) if $on_source;
    $target->create_database($name, extension => 1);
    $target->sql($name, $on_target // "$tables $rest");
    return $name;
}

sub move {
    my ($name, @option) = @_;
    return custody('run', '--source', $source->conninfo($name), '--target', $target->conninfo($name), '--no-schema',
        '--jobs', 2, @option);
}

sub catalog {
    my ($cluster, $name) = @_;
    return $cluster->sql($name, <<'SQL');
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')
FROM pg_constraint WHERE contype IN ('f', 'u', 'p', 'x') AND connamespace = 'public'::regnamespace
UNION ALL
SELECT indrelid::regclass, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid, NULL
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
SQL
}

# All is put back as it was. While rows are copied it is gone.
{
    my $name = pair();
    my $before = catalog($target, $name);
    my $gate = temporary_directory() . '/gate';
    my $run = start_custody('run', '--source', $source->conninfo($name), '--target', $target->conninfo($name),
        '--no-schema', '--jobs', 1, { env => { CUSTODY_FAILPOINT => "part.before_begin=wait:$gate" } });
    wait_for('the first row', sub { -e $gate || !$run->alive });
    is $target->sql($name, q{SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        AND (contype = 'f' OR condeferrable)}), 0, 'before the rows, what would be believed unchecked is gone';
    is $target->sql($name, q{SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text)
        FROM pg_index WHERE indrelid IN ('people'::regclass, 'visits'::regclass, 'calls_2'::regclass)}),
        'calls_2_person_idx calls_2_pkey people_pkey visits_pkey', 'no index but of keys and partitioned ones is left';
    unlink $gate;
    $run->wait(120);
    is $run->exit_code, 0, 'rows move into tables that exist' or diag $run->stderr;
    is catalog($target, $name), $before, 'keys, constraints, indexes and their comments are back, and valid';
    same_ok([ $source, $name ], [ $target, $name ], 'a judge without custody finds all the same');
}

# A run that was killed leaves all of that to the next one, or to custody abandon, which puts it back.
{
    my $name = pair();
    my @target = ('--target', $target->conninfo($name));
    my $before = catalog($target, $name);
    my $killed = move($name, { env => { CUSTODY_FAILPOINT => 'part.before_commit@3=kill' } });
    is $killed->{exit}, 137, 'killed in the middle';
    isnt catalog($target, $name), $before, 'much is still taken aside';
    my $abandoned = custody('abandon', @target, '--dry-run');
    like $abandoned->{stdout}, qr/^would put back FK CONSTRAINT visits of_person$/m, 'it would be put back';
    $abandoned = custody('abandon', @target, '--drop-rows');
    is $abandoned->{exit}, 0, 'the run is abandoned' or diag $abandoned->{stderr};
    is catalog($target, $name), $before, 'and all is back';
    is move($name, { env => { CUSTODY_FAILPOINT => 'part.before_commit@3=kill' } })->{exit}, 137, 'begun and killed again';
    my $run = move($name);
    is $run->{exit}, 0, 'and resumed' or diag $run->{stderr};
    is catalog($target, $name), $before, 'all is back';
    same_ok([ $source, $name ], [ $target, $name ], 'a judge without custody finds all the same');
}

# Put back means checked: an orphan that came with the rows is found.
{
    my $name = pair('ALTER TABLE visits DROP CONSTRAINT of_person; INSERT INTO visits VALUES (9999, 7777, now())');
    my $run = move($name);
    is $run->{exit}, 4, 'an orphan leaves the run partial';
    like $run->{stderr}, qr/of_person.*7777/s, 'the key and the orphan are named';
    is $target->sql($name, q{SELECT convalidated FROM pg_constraint WHERE conname = 'of_person'}), 'f',
        'the key is there, but not valid';
    is $target->sql($name, 'SELECT count(*) FROM visits'), 2001, 'and all rows are';
    $target->sql($name, 'DELETE FROM visits WHERE id = 9999');
    $source->sql($name, 'DELETE FROM visits WHERE id = 9999');
    $run = move($name);
    is $run->{exit}, 0, 'the same command goes on when the orphan is gone' or diag $run->{stderr};
    is $target->sql($name, q{SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'}), 't', 'and validates the key';
}
{
    my $name = pair(q{ALTER TABLE people DROP CONSTRAINT email_once; UPDATE people SET email = 'p2' WHERE id = 3});
    my $run = move($name);
    is $run->{exit}, 4, 'a duplicate under a deferrable constraint leaves the run partial';
    like $run->{stderr}, qr/email_once.*\(email\)=\(p2\)/s, 'and is named';
    is $target->sql($name, 'SELECT count(*) FROM people'), 500, 'all rows are there';
}

# Columns that do not fit.
for my $case (
    [ 'column-missing', 'people.mood', 'ALTER TABLE people DROP mood' ],
    [ 'column-type', 'visits.note', 'DROP INDEX visits_note; ALTER TABLE visits ALTER note TYPE varchar(10)' ],
    [ 'column-type', 'people.mood', q{CREATE TYPE other AS ENUM ('sad'); DROP INDEX people_by_mood;
        ALTER TABLE people ALTER mood TYPE other USING NULL} ],
    [ 'column-required', 'people.shoe_size', 'ALTER TABLE people ADD shoe_size integer NOT NULL' ],
    [ 'table-missing', 'public.visits', 'DROP TABLE visits' ],
    [ 'table-kind', 'public.visits', 'DROP TABLE visits; CREATE VIEW visits AS SELECT 1' ],
    [ 'target-not-empty', 'public.people', q{INSERT INTO people VALUES (1, 'x')} ],
    [ 'target-trigger', 'visits', q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER t BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE visits ENABLE ALWAYS TRIGGER t} ],
    )
{
    my ($code, $object, $change) = @$case;
    my $name = pair(undef, "$tables $rest $change");
    my $before = catalog($target, $name);
    my $run = move($name);
    is $run->{exit}, 3, "$code is refused";
    like $run->{stderr}, qr/\Q$object\E.*\[$code\]\n +hint: /, 'with its object, its code and a hint';
    is $target->sql($name, 'SELECT count(*) FROM custody.migration') . catalog($target, $name), "0$before",
        'and nothing is written';
}

# What the target adds is its own business, as long as it needs no value.
{
    my $name = pair(undef, "$tables $rest" . q{
        ALTER TABLE people ADD shoe_size integer, ADD since date NOT NULL DEFAULT '2025-01-01',
            ADD twice integer GENERATED ALWAYS AS (id * 2) STORED, ADD number integer GENERATED ALWAYS AS IDENTITY;
        CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER silent BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION lose();
        CREATE RULE aside AS ON INSERT TO calls DO ALSO NOTHING});
    my $run = move($name);
    is $run->{exit}, 0, 'columns with defaults, generated and identity columns' or diag $run->{stderr};
    is $target->sql($name, 'SELECT count(*), sum(twice) - 2 * sum(id), min(since), count(shoe_size) FROM people'),
        '500|0|2025-01-01|0', 'have their values';
}
done_testing;
