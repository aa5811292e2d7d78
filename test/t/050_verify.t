# Verdicts: whatever is not the same on the target is named and exits 5, and only what was looked at
# and found the same is equal.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my $source = start_cluster('source');
my $target = start_cluster('target');

$source->create_database('shop');
$source->sql('shop', q{
    CREATE TABLE item (id int PRIMARY KEY, body text, amount numeric, at timestamp, note text,
                       flags bit(16), tags text[]);
    INSERT INTO item SELECT i, 'flip-me-' || to_char(i, 'FM0000'), (i || '.0')::numeric,
           '2024-01-01 00:00:00.123456'::timestamp + i * interval '1 hour',
           CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'note' END, i::bit(16), ARRAY['a', NULL]
      FROM generate_series(1, 2000) i;
    CREATE TABLE made (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED,
                       word text, loud text GENERATED ALWAYS AS (upper(word)) STORED);
    INSERT INTO made (id, a, word) SELECT i, i, 'made' || i FROM generate_series(1, 200) i;
    CREATE TABLE nokey (v text);
    INSERT INTO nokey SELECT 'row ' || i % 50 FROM generate_series(1, 100) i;
    CREATE TABLE oids (r regclass, v text);
    INSERT INTO oids SELECT 'item', 'value ' || i FROM generate_series(1, 50) i;
    CREATE TABLE nothing (id int);
    CREATE SEQUENCE counter;
    SELECT setval('counter', 100);
    SELECT lo_from_bytea(4242, convert_to(repeat('large object ', 1000), 'UTF8'));
});
$target->create_database('shop', extension => 1);
my @ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('shop'));

sub on_target { return $target->sql('shop', $_[0]) }
sub without_triggers { return on_target("SET session_replication_role = replica; $_[0]") }

my $run = custody('run', @ends, '--part-size', '64kB', '--json');
is $run->{exit}, 0, 'the run is good' or diag $run->{stderr};
same_ok([ $source, 'shop' ], [ $target, 'shop' ], 'and so says the judge');
cmp_ok on_target(q{SELECT count(*) FROM custody.migration_part p JOIN custody.migration_table t
    ON t.id = p.table_id WHERE t.source_table = 'item'}), '>', 1, 'item went in several parts';

# What custody verify says: exit code, and {object => verdict} of all that is not equal.
sub verdicts {
    my @argument = @_;
    my $verify = custody('verify', @ends, '--json', @argument);
    my $document = eval { json($verify->{stdout}) } or die "no JSON: $verify->{stderr}";
    my %other = map { $_->{name} => $_->{verdict} }
        grep { $_->{verdict} ne 'equal' } @{ $document->{objects} };
    return ($verify->{exit}, \%other, $document);
}

sub all_equal_ok {
    my ($name) = @_;
    my ($exit, $other, $document) = verdicts();
    is_deeply [ $exit, $other, $document->{verdict} ], [ 0, {}, 'equal' ], $name;
    return $document;
}

sub named_ok {
    my ($object, $verdict, $name) = @_;
    my ($exit, $other, $document) = verdicts();
    is_deeply [ $exit, $other ], [ 5, { $object => $verdict } ], "$name: named in JSON, exit 5";
    isnt $document->{verdict}, 'equal', "$name: the whole is not equal";
    my $text = custody('verify', @ends);
    is $text->{exit}, 5, "$name: exit 5 without --json";
    like $text->{stdout}, qr/^\Q$object\E +\Q$verdict\E /m, "$name: named in the text";
}

my $document = all_equal_ok('verify agrees');
is scalar(grep { $_->{type} eq 'table' } @{ $document->{objects} }), 5, 'all tables were looked at';
for my $type ("sequence", "large object") {
    ok scalar(grep { $_->{type} eq $type } @{ $document->{objects} }), "and the $type";
}

my @damages = (
    [ 'one bit in a row', 'public.item', 'UPDATE item SET flags = flags # 1::bit(16) WHERE id = 7' ],
    [ 'a row that is gone', 'public.item', 'DELETE FROM item WHERE id = 9',
        'INSERT INTO item SELECT * FROM saved WHERE id = 9' ],
    [ 'a row twice, without a key', 'public.nokey', q{INSERT INTO nokey VALUES ('row 7')},
        q{DELETE FROM nokey WHERE ctid = (SELECT max(ctid) FROM nokey WHERE v = 'row 7')} ],
    [ 'one row instead of another', 'public.nokey',
        q{UPDATE nokey SET v = 'row 8' WHERE ctid = (SELECT min(ctid) FROM nokey WHERE v = 'row 7')},
        q{UPDATE nokey SET v = 'row 7' WHERE ctid = (SELECT max(ctid) FROM nokey WHERE v = 'row 8')} ],
    [ 'two rows with their values swapped', 'public.item',
        q{UPDATE item i SET body = o.body FROM item o WHERE (i.id, o.id) IN ((10, 11), (11, 10))} ],
    [ 'NULL as empty string', 'public.item', q{UPDATE item SET note = '' WHERE id = 3},
        'UPDATE item SET note = NULL WHERE id = 3' ],
    [ 'empty string as NULL', 'public.item', 'UPDATE item SET note = NULL WHERE id = 4',
        q{UPDATE item SET note = '' WHERE id = 4} ],
    [ 'a numeric with another scale', 'public.item', 'UPDATE item SET amount = 5.00 WHERE id = 5',
        'UPDATE item SET amount = 5.0 WHERE id = 5' ],
    [ 'a microsecond', 'public.item', q{UPDATE item SET at = at + interval '1 us' WHERE id = 6},
        q{UPDATE item SET at = at - interval '1 us' WHERE id = 6} ],
    [ 'a blank at the end', 'public.item', q{UPDATE item SET body = body || ' ' WHERE id = 12},
        'UPDATE item SET body = rtrim(body) WHERE id = 12' ],
    [ 'an element of an array', 'public.item', q{UPDATE item SET tags = '{a}' WHERE id = 13},
        q{UPDATE item SET tags = '{a,NULL}' WHERE id = 13} ],
    [ 'a value of a table in text form', 'public.oids',
        q{UPDATE oids SET v = 'other' WHERE v = 'value 7'}, q{UPDATE oids SET v = 'value 7' WHERE v = 'other'} ],
    [ 'another relation behind a regclass', 'public.oids',
        q{UPDATE oids SET r = 'made' WHERE v = 'value 8'}, q{UPDATE oids SET r = 'item' WHERE v = 'value 8'} ],
    [ 'a row in the empty table', 'public.nothing', 'INSERT INTO nothing VALUES (NULL)',
        'DELETE FROM nothing' ],
    [ 'a byte of a large object', '4242', q{SELECT lo_put(4242, 77, '\x00')}, '' ],
    [ 'a large object cut short', '4242', 'SELECT lo_truncate(lo_open(4242, 131072), 12999)', '' ],
    [ 'a large object that is gone', '4242', 'SELECT lo_unlink(4242)', '' ],
    [ 'a sequence set back', 'public.counter', q{SELECT setval('counter', 99)},
        q{SELECT setval('counter', 100)} ],
    [ 'a generated column with another expression', 'public.made',
        'ALTER TABLE made DROP COLUMN b, ADD b int GENERATED ALWAYS AS (a * 2 + id / 200) STORED',
        'ALTER TABLE made DROP COLUMN b, ADD b int GENERATED ALWAYS AS (a * 2) STORED' ],
);
on_target('CREATE TABLE saved AS SELECT * FROM item');
my $object = q{SELECT lo_from_bytea(4242, convert_to(repeat('large object ', 1000), 'UTF8'))};
for (@damages) {
    my ($name, $where, $damage, $repair) = @$_;
    $repair = $where eq '4242'
        ? 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata; ' . $object : $repair // $damage;
    without_triggers($damage);
    named_ok($where, 'different', $name);
    without_triggers($repair);
}
all_equal_ok('equal again after all that was put right');
without_triggers(q{SELECT setval('counter', 1000)});
all_equal_ok('a sequence that is ahead is not behind');

# One bit in the file, with the server stopped: nothing but the bytes changes.
sub flip {
    my ($file, $pattern) = @_;
    $target->stop;
    open my $handle, '+<:raw', $target->data_directory . "/$file" or die "$file: $!";
    my $bytes = do { local $/; <$handle> };
    my $at = index $bytes, $pattern;
    die "\"$pattern\" is not in $file" if $at < 0 || index($bytes, $pattern, $at + 1) >= 0;
    seek $handle, $at + length($pattern) - 1, 0;
    print $handle chr(ord(substr $pattern, -1) ^ 1);
    close $handle;
    $target->start;
    return substr($pattern, 0, -1) . chr(ord(substr $pattern, -1) ^ 1);
}
on_target('VACUUM FULL made; DROP TABLE saved; CREATE TABLE fresh (LIKE item);
    INSERT INTO fresh SELECT * FROM item; TRUNCATE item; INSERT INTO item TABLE fresh;
    DROP TABLE fresh; CHECKPOINT');
for ([ item => 'flip-me-2000', 'a stored row' ], [ made => 'MADE200', 'a generated column' ]) {
    my ($table, $pattern, $what) = @$_;
    my $file = on_target("SELECT pg_relation_filepath('$table')");
    my $flipped = flip($file, $pattern);
    named_ok("public.$table", 'different', "one bit of $what on disk");
    flip($file, $flipped);
}
all_equal_ok('equal again after the bits were flipped back');

# What cannot be looked at is never equal.
on_target('ALTER TABLE nothing RENAME TO hidden');
named_ok('public.nothing', 'different', 'a table that the target lacks');
on_target('ALTER TABLE hidden RENAME TO nothing; ALTER TABLE made RENAME word TO phrase');
named_ok('public.made', 'unverified', 'a column that the target lacks');
on_target('ALTER TABLE made RENAME phrase TO word');
$source->sql('shop', 'ALTER TABLE nothing ADD extra int');
named_ok('public.nothing', 'different', 'a column that is new on the source');
$source->sql('shop', 'ALTER TABLE nothing DROP extra; CREATE TABLE late (id int)');
named_ok('public.late', 'different', 'a table that is new on the source');
my ($exit, $other) = verdicts('--table', 'item');
is_deeply [ $exit, $other ], [ 0, {} ], 'only what the patterns name is looked at';
$source->sql('shop', 'DROP TABLE late; ALTER TABLE nothing RENAME TO gone');
(undef, $other) = verdicts();
is_deeply $other, { 'public.nothing' => 'different', 'public.gone' => 'different' },
    'a table that the source lacks';
$source->sql('shop', 'ALTER TABLE gone RENAME TO nothing');
all_equal_ok('equal again');

# In the run itself.
sub new_target {
    my ($name) = @_;
    $target->create_database($name, extension => 1);
    return ('--source', $source->conninfo('shop'), '--target', $target->conninfo($name),
        '--exclude-table', 'nothing');
}

# Runs up to a wait point, does something, and runs to the end.
sub interrupted {
    my ($point, $something, @argument) = @_;
    my $file = temporary_directory() . '/wait';
    my $run = start_custody('run', @argument, { env => { CUSTODY_FAILPOINT => "$point=wait:$file" } });
    wait_for $point, sub { -e $file || !$run->alive && die $run->stderr };
    $something->($run);
    unlink $file if -e $file;
    $run->wait;
    return $run;
}

sub verdict_of {
    my ($database, $table) = @_;
    return $target->sql($database, qq{
        SELECT verdict, coalesce(reason, '') FROM custody.migration_verdict
         WHERE source_object = 'public.$table' AND object_type = 'table'});
}

my @foreign = new_target('foreign');
my $interrupted = interrupted('verify.before_begin', sub {
    $target->sql('foreign', 'WITH d AS (DELETE FROM item WHERE id = 77 RETURNING *)
        SELECT * INTO TEMP moved FROM d; INSERT INTO item TABLE moved');
}, @foreign, '--table', 'item');
is $interrupted->exit_code, 5, 'a row that somebody else wrote during the run';
is verdict_of('foreign', 'item'),
    'different|1 rows on the target were not written by this migration', 'and its verdict';
$run = custody('run', @foreign, '--table', 'item');
is $run->{exit}, 4, 'a resumed run does not throw foreign rows away';
like $run->{stderr}, qr/target-not-empty/, 'and says so' or diag $run->{stderr};
is $target->sql('foreign', 'SELECT count(*) FROM item'), 2000, 'they are there';
$run = custody('run', @foreign, '--table', 'item', '--truncate-target');
is $run->{exit}, 0, 'unless it is asked to' or diag $run->{stderr};
like $target->sql('foreign', 'SELECT string_agg(message, chr(10)) FROM custody.migration_log'),
    qr/copied again: .*different/, 'and it logs why';

my @cancelled = new_target('cancelled');
my $writer;
$interrupted = interrupted('verify.before_begin', sub {
    my ($run) = @_;
    $writer = $target->session('cancelled');
    $writer->query(q{BEGIN; LOCK TABLE item IN ROW EXCLUSIVE MODE});
    unlink temporary_directory() . '/wait';
    wait_for 'the verification gives up', sub {
        # Only the verification: an index that is built meanwhile waits for the same lock.
        return 1 if !$run->alive;
        $target->sql('cancelled', q{SELECT pg_cancel_backend(l.pid)
             FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE NOT l.granted AND l.relation = 'item'::regclass AND a.query LIKE 'lock table only%'});
        return 0;
    };
}, @cancelled, '--table', 'item');
is $interrupted->exit_code, 5, 'a verification that is cancelled ends unverified';
like verdict_of('cancelled', 'item'), qr/^unverified\|.*cancel/, 'with its error as the reason';
$writer->close;
my $written = q{SELECT string_agg(concat_ws(',', number, writer, finished_at), ';' ORDER BY number)
                       || (SELECT max(xmin::text::bigint) FROM item)
                  FROM custody.migration_part};
my $before = $target->sql('cancelled', $written);
$run = custody('run', @cancelled, '--table', 'item');
is $run->{exit}, 0, 'the next run verifies it' or diag $run->{stderr};
is $target->sql('cancelled', $written), $before, 'without copying again';

my @unproven = new_target('unproven');
$run = custody('run', @unproven, '--no-verify', '--json');
is $run->{exit}, 5, '--no-verify ends with 5';
is json($run->{stdout})->{summary}{verdict}, 'unverified', 'the report says so';
is_deeply [ grep { $_->{verdict} ne 'unverified' } @{ json($run->{stdout})->{tables} } ], [],
    'and of each table';
like verdict_of('unproven', 'item'), qr/^unverified\|.*--no-verify/, 'and so does the state';
is $target->sql('unproven', q{SELECT count(*) FROM custody.migration_table WHERE verdict = 'equal'}),
    0, 'no table is equal';
like custody('report', '--target', $target->conninfo('unproven'))->{stdout}, qr/unverified/i,
    'and the text';
$before = $target->sql('unproven', $written);
$run = custody('run', @unproven);
is $run->{exit}, 0, 'a plain run after it verifies' or diag $run->{stderr};
is $target->sql('unproven', $written), $before, 'without copying again';

my @uncounted = new_target('uncounted');
$run = custody('run', @uncounted, '--no-count', '--json');
is $run->{exit}, 0, '--no-count is proven all the same' or diag $run->{stderr};
like verdict_of('uncounted', 'item'), qr/^equal\|not counted/, 'and its verdict says so';
like $run->{stdout}, qr/not counted/, 'the report too';

# The last comparison, with writers stopped.
my @final = (@unproven, '--final', '--jobs', 2);
$run = custody('run', @final);
is $run->{exit}, 0, '--final on what is done' or diag $run->{stderr};
is $target->sql('unproven', q{SELECT state FROM custody.migration}), 'done', 'it stays done';
is $target->sql('unproven', q{SELECT count(*), bool_and(coalesce(confirmed_snapshot, snapshot) =
    (SELECT max(number) FROM custody.migration_snapshot)) FROM custody.migration_table}),
    '4|t', 'every table under the new snapshot';
$source->sql('shop', q{UPDATE item SET note = 'late' WHERE id = 2000; SELECT setval('counter', 2000);
    SELECT lo_put(4242, 0, '\x00'); CREATE TABLE late (id int)});
$run = custody('run', @final, '--json');
is $run->{exit}, 5, 'a source that moved on is different';
like $run->{stderr}, qr/\Q$_\E/, "$_ is named" for 'public.item', 'counter', '4242', 'public.late';
my ($item) = grep { $_->{source} =~ /item/ } @{ json($run->{stdout})->{tables} };
is $item->{verdict}, 'different', 'in the report too';
is $target->sql('unproven', q{SELECT state FROM custody.migration}), 'unverified', 'it is not done any more';
$before = $target->sql('unproven', q{SELECT max(xmin::text::bigint) FROM nokey});
$source->sql('shop', 'DROP TABLE late');
$run = custody('run', @final);
is $run->{exit}, 0, 'again: what was different is copied, then all is compared'
    or diag $run->{stderr};
is $target->sql('unproven', q{SELECT max(xmin::text::bigint) FROM nokey}), $before, 'what was equal is not copied';
$target->sql('unproven', 'CREATE TABLE nothing (id int)'); # was left out
same_ok([ $source, 'shop' ], [ $target, 'unproven' ], 'and the judge agrees');
$run = custody('run', @final, '--no-verify');
is $run->{exit}, 1, '--final without a comparison is refused';

# One database given twice is always equal to itself.
my @same = ('--source', $source->conninfo('shop'), '--target', $source->conninfo('shop') . ' application_name=other');
for my $command (qw(verify repair compare)) {
    my $refused = custody($command, @same);
    is $refused->{exit}, 3, "$command of a database with itself is refused";
    like $refused->{stderr}, qr/compared-with-itself/, 'and says why';
}

done_testing;
