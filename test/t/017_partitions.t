# Rows whose partition the target has to choose: they come through the partitioned table, and the leaves of both sides
# are compared by their sum.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;
use Custody::Move;

my ($source, $target) = map { start_cluster($_) } qw(source target);
my $kinds = q{CREATE TYPE kind AS ENUM ('call', 'mail', 'chat', 'note', 'task', 'scan', 'ring', 'fax');};
my $hashed = <<'SQL';
CREATE TABLE events (id integer NOT NULL, kind kind NOT NULL, at date NOT NULL, size integer GENERATED ALWAYS
    AS (id * 2) STORED, PRIMARY KEY (id, kind, at)) PARTITION BY HASH (kind);
CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE events_2 PARTITION OF events FOR VALUES WITH (MODULUS 3, REMAINDER 2) PARTITION BY RANGE (at);
CREATE TABLE events_2_old PARTITION OF events_2 FOR VALUES FROM (MINVALUE) TO ('2025-07-01');
CREATE TABLE events_2_new PARTITION OF events_2 FOR VALUES FROM ('2025-07-01') TO (MAXVALUE);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_1_kind ON events_1 (kind);
SQL
my $ranged = <<'SQL';
CREATE TABLE events (id integer NOT NULL, kind kind NOT NULL, at date NOT NULL, size integer GENERATED ALWAYS
    AS (id * 2) STORED) PARTITION BY RANGE (at);
CREATE TABLE events_0 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-05-01');
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-05-01') TO ('2025-09-01');
CREATE TABLE events_3 PARTITION OF events DEFAULT;
SQL
my $flat = <<'SQL';
CREATE TABLE events (size integer GENERATED ALWAYS AS (id * 2) STORED, at date NOT NULL, kind kind NOT NULL,
    id integer NOT NULL, PRIMARY KEY (id));
SQL
my $rows = <<'SQL';
INSERT INTO events (id, kind, at) SELECT g, (enum_range(NULL::kind))[1 + g % 8], '2025-01-01'::date + g % 360
    FROM generate_series(1, 4000) AS g;
SQL

sub source_database {
    my ($name, $sql) = @_;
    $source->create_database($name);
    $source->sql($name, "$kinds $sql $rows ANALYZE");
    return [ $source, $name ];
}

my $databases = 0;

sub target_database {
    my ($sql) = @_;
    my $name = 'target' . ++$databases;
    $target->create_database($name, extension => 1);
    $target->sql($name, "$kinds $sql") if $sql;
    return [ $target, $name ];
}

sub run {
    my ($from, $to, @option) = @_;
    return custody('run', '--source', $from->[0]->conninfo($from->[1]), '--target', $to->[0]->conninfo($to->[1]),
        '--json', @option);
}

# The content of events, wherever it lies.
sub content {
    my ($database) = @_;
    return $database->[0]->sql($database->[1], q{SET client_encoding = 'UTF8'; SELECT id, kind, at, size FROM events ORDER BY id});
}

sub moved_ok {
    my ($from, $to, $tables, @option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = run($from, $to, @option);
    is $run->{exit}, 0, 'done and verified' or diag substr $run->{stderr}, -5000;
    my $report = eval { json($run->{stdout}) } // {};
    is join(' ', sort map { "$_->{source}:$_->{source_rows}:$_->{verdict}" } @{ $report->{tables} }), $tables,
        'the tables of its report';
    is content($to), content($from), 'the same rows';
    my $verify = custody('verify', '--source', $from->[0]->conninfo($from->[1]), '--target',
        $to->[0]->conninfo($to->[1]));
    is $verify->{exit}, 0, 'custody verify agrees' or diag substr $verify->{stderr}, -5000;
    return $report;
}

my $by_hash = source_database('by_hash', $hashed);
my $by_range = source_database('by_range', $ranged);
my $plain = source_database('plain', $flat);
my $whole = 'public.events:4000:equal';

subtest 'hash partitions over an enum, whose OIDs are others on the target' => sub {
    my $spread = q{SELECT string_agg(c || ':' || n, ' ' ORDER BY c) FROM (SELECT tableoid::regclass::text AS c, count(*) AS n
        FROM events GROUP BY 1) AS s};
    my ($to, $report);
    # Other OIDs may place a label where it was before: then others again.
    for my $labels (3, 40, 111, 500) {
        $to = target_database();
        my $list = join ', ', map { "'$_'" } 1 .. $labels;
        $target->sql($to->[1], "CREATE TYPE other AS ENUM ($list); DROP TYPE other");
        $report = moved_ok($by_hash, $to, $whole, '--part-size', '50kB', '--jobs', 2);
        last if $target->sql($to->[1], $spread) ne $source->sql('by_hash', $spread);
    }
    isnt $target->sql($to->[1], $spread), $source->sql('by_hash', $spread), 'rows lie in other partitions';
    my ($table) = @{ $report->{tables} };
    is "@{ $table->{partitions} }", join(' ', map { "public.events_$_" } qw(0 1 2_new 2_old)), 'it names the partitions';
    is $table->{method}, 'leaf', 'which it has split them by';
    cmp_ok $table->{parts}, '>', 1, 'into parts';
    same_ok($by_hash, $to, 'a judge without custody finds all the same');
    $target->sql($to->[1], 'UPDATE events SET at = at + 1 WHERE id = 77');
    my $verify = custody('verify', '--source', $source->conninfo('by_hash'), '--target', $target->conninfo($to->[1]));
    is $verify->{exit}, 5, 'a row that was changed';
    like $verify->{stdout}, qr/^public\.events +different/m, 'is told of the partitioned table';
};

subtest 'killed between its parts, and resumed' => sub {
    my $to = target_database();
    my @option = ('--part-size', '50kB', '--jobs', 1);
    my $killed = run($by_hash, $to, @option, { env => { CUSTODY_FAILPOINT => 'part.before_commit@2=kill' } });
    is $killed->{exit}, 137, 'killed';
    moved_ok($by_hash, $to, $whole, @option);
};

subtest 'partitions of the source, partitioned differently on the target' => sub {
    moved_ok($by_hash, target_database($ranged), $whole, '--no-schema');
};
subtest 'a range that another partition has on the target' => sub {
    moved_ok($by_range, target_database($ranged =~ s/'2025-05-01'/'2025-06-01'/gr), $whole, '--no-schema');
};
subtest 'the same partitions, one by one' => sub {
    moved_ok($by_range, target_database($ranged), join(' ', map { 'public.events_' . $_ . ':equal' }
        qw(0:1360 1:1353 3:1287)), '--no-schema');
};
subtest 'partitions into one table' => sub {
    my $to = target_database($flat);
    moved_ok($by_hash, $to, $whole, '--no-schema');
    is $target->sql($to->[1], q{SELECT count(*) FROM pg_constraint WHERE conrelid = 'events'::regclass}), 1, 'with its key';
};
subtest 'one table into partitions' => sub {
    moved_ok($plain, target_database($hashed), $whole, '--no-schema');
};
subtest 'partitions that are tables of their own on the target' => sub {
    my $to = target_database($ranged . 'ALTER TABLE events DETACH PARTITION events_1');
    my $run = run($by_range, $to, '--no-schema');
    is $run->{exit}, 0, 'take their rows as they come' or diag $run->{stderr};
    is $target->sql($to->[1], 'SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM events_1)'), '2647|1353',
        'each its own';
};

subtest 'only some of the partitions' => sub {
    my $refused = run($by_hash, target_database(), '-T', 'events_1');
    is $refused->{exit}, 3, 'leave no place for the rows that the target would put into the others';
    like $refused->{stderr}, qr/public\.events: .*\[partition-left-out\]\n +hint: /, 'and are refused';
    my $to = target_database($hashed);
    my $run = run($by_hash, $to, '-T', 'events_1', '--no-schema');
    is $run->{exit}, 0, 'done and verified' or diag $run->{stderr};
    is $target->sql($to->[1], 'SELECT count(*), sum(id) FROM events'),
        $source->sql('by_hash', q{SELECT count(*), sum(id) FROM events WHERE tableoid <> 'events_1'::regclass}),
        'all rows but those of the one left out';
};
subtest 'only some of the rows' => sub {
    my $to = target_database();
    my $run = run($by_hash, $to, '--where', 'public.events=id % 4 = 1');
    is $run->{exit}, 0, 'done and verified' or diag $run->{stderr};
    is $target->sql($to->[1], 'SELECT count(*), min(id % 4), max(id % 4) FROM events'), '1000|1|1', 'of all partitions';
    $run = run($by_hash, target_database(), '--where', 'public.events_0=id < 10');
    is $run->{exit}, 1, 'a condition on one partition alone';
    like $run->{stderr}, qr/\[filter-on-partition\].*hint: /s, 'is refused';
};

subtest 'text keys under another encoding and another order' => sub {
    my $from = [ $source, 'latin' ];
    $source->create_database('latin', options => q{ENCODING 'LATIN1' LOCALE 'C'});
    $source->sql('latin', <<'SQL');
CREATE TABLE events (id integer, kind text, at text, size integer) PARTITION BY HASH (kind);
CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO events SELECT g, chr(192 + g % 60) || g % 30, NULL, g FROM generate_series(1, 4000) AS g;
CREATE TABLE words (word text) PARTITION BY RANGE (word);
CREATE TABLE words_1 PARTITION OF words FOR VALUES FROM (MINVALUE) TO ('a');
CREATE TABLE words_2 PARTITION OF words FOR VALUES FROM ('a') TO (MAXVALUE);
INSERT INTO words SELECT chr(65 + g % 60) || g FROM generate_series(1, 500) AS g;
SQL
    my $to = target_database();
    moved_ok($from, $to, 'public.events:4000:equal public.words:500:equal');
    same_ok($from, $to, 'a judge without custody finds no row outside of its bounds');
};

subtest 'a target that holds rows' => sub {
    my $to = target_database("$ranged INSERT INTO events VALUES (1, 'call', '2024-01-01')" =~ s/VALUES \(1/(id, kind, at) VALUES (1/r);
    my $run = run($by_hash, $to, '--no-schema');
    is $run->{exit}, 3, 'in any partition is refused';
    like $run->{stderr}, qr/\[target-not-empty\]/, 'by its code';
    moved_ok($by_hash, $to, $whole, '--no-schema', '--truncate-target');
};
done_testing;
