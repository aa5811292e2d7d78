# What a superuser did to the ledger is a row of custody.verify_ledger(), never its end: whatever is
# there instead of what custody wrote is named, and the rest is looked at, or said to be unproven.
# Each change is made in a copy of the database: the counterexamples share one sound ledger.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Tampering qw(tampered_copy);
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('sound', extension => 1);
$c->sql('sound', <<'SQL');
SELECT custody.init_ledger();
CREATE TABLE patient (id int PRIMARY KEY, org uuid, name text);
SELECT custody.audit('patient', org_column => 'org');
SELECT custody.seal();
INSERT INTO patient SELECT i, '00000000-0000-0000-0000-000000000001', 'n' || i FROM generate_series(1, 6) i;
SELECT custody.seal();
SQL
my $digest = $c->sql('sound', 'SELECT custody.ledger_digest()');
is problems('sound'), '', 'a sound ledger is proven';

# The table ledger.
my $second = q{INSERT INTO custody_ledger.ledger SELECT gen_random_uuid(), format, made_at, period, options FROM custody_ledger.ledger};
finds('a second row in ledger', $second, qr/^form\|custody_ledger\.ledger\|refuted\|it has 2 rows, not one$/m);
goes_on('chain membership roots payloads descriptors digests heap_index coverage');
finds('no row in ledger', 'DELETE FROM custody_ledger.ledger', qr/^form\|custody_ledger\.ledger\|refuted\|it has 0 rows/m);
goes_on('membership payloads heap_index coverage');
finds('another format', 'UPDATE custody_ledger.ledger SET format = 2',
    qr/^form\|custody_ledger\.ledger\|refuted\|format 2, where this version of custody knows 1$/m);
goes_on('chain membership roots payloads descriptors digests heap_index coverage');
finds('no period', 'UPDATE custody_ledger.ledger SET period = NULL', qr/^form\|custody_ledger\.ledger\|refuted\|the period is not/m);
finds('no id', 'UPDATE custody_ledger.ledger SET ledger = NULL', qr/^form\|custody_ledger\.ledger\|refuted\|the id is not/m);

# Columns.
for my $table (qw(ledger incarnation audited descriptor event tx block org link hold held held_event request prune)) {
    finds("a column more in $table", "ALTER TABLE custody_ledger.$table ADD COLUMN seen_by text",
        qr/^form\|custody_ledger\.$table\|refuted\|column \d+ \(seen_by text\) is not one of the ledger's$/m);
    goes_on('chain membership roots payloads descriptors digests heap_index coverage');
}
finds('a column that was added and dropped', 'ALTER TABLE custody_ledger.block ADD x int; ALTER TABLE custody_ledger.block DROP x',
    qr/^form\|custody_ledger\.block\|refuted\|a column 17 was added and dropped/m);
like(($c->psql('tampered', 'SELECT custody.seal(even_when_empty => true)'))[2], qr/columns that are not its own/, '... no block is written');
finds('a column is gone', 'ALTER TABLE custody_ledger.link DROP COLUMN total',
    qr/^form\|custody_ledger\.link\|refuted\|column 6 is dropped, not total bigint$/m);
like report('tampered'), qr/^payloads\|.*\|unproven\|not looked at/m, '... the rest is unproven';
finds('a column has another type', 'ALTER TABLE custody_ledger.tx ALTER secret TYPE text USING secret::text',
    qr/^form\|custody_ledger\.tx\|refuted\|column 6 is secret text, not secret bytea$/m);
like report('tampered'), qr/^form\|custody_ledger\.tx_default\|refuted\|column 6 /m, '... in the partitions, too';
finds('a table is gone', 'DROP TABLE custody_ledger.held_event', qr/^form\|custody_ledger\.held_event\|refuted\|the table is not there$/m);
finds('a view in the place of a table', 'ALTER TABLE custody_ledger.prune RENAME TO prune2; CREATE VIEW custody_ledger.prune AS SELECT * FROM custody_ledger.prune2',
    qr/^form\|custody_ledger\.prune\|refuted\|it is not the table/m);

# Descriptors.
for (['no JSON', q{'hello'}, 'its text is not JSON'],
     ['an empty text', q{''}, 'its text is not JSON'],
     ['NULL', q{NULL}, 'its text is not JSON'],
     ['a list', q{'[1]'}, 'its text is not an object, but array'],
     ['a scalar', q{'7'}, 'its text is not an object, but number'],
     ['an object of another shape', q{'{"a": 1}'}, 'member "table" of its text'],
     ['a table that is no uuid', q{jsonb_set(text::jsonb, '{table}', '"x"')::text}, 'member "table" of its text'],
     ['a version that is no number', q{jsonb_set(text::jsonb, '{version}', '"x"')::text}, 'member "version" of its text'],
     ['columns that are none', q{jsonb_set(text::jsonb, '{columns}', '{"a": 1}')::text}, 'member "columns" of its text'],
     ['a column that is none', q{jsonb_set(text::jsonb, '{columns}', '[1]')::text}, 'member "columns" of its text'],
     ['a key out of its columns', q{jsonb_set(text::jsonb, '{key}', '[3]')::text}, 'member "key" of its text'],
     ['an organization that is no position', q{jsonb_set(text::jsonb, '{org}', '"org"')::text}, 'member "org" of its text'],
    ) {
    my ($what, $text, $wrong) = @$_;
    finds("a descriptor: $what", "UPDATE custody_ledger.descriptor SET text = $text WHERE id <> 0",
        qr/^form\|descriptor 1\|refuted\|\Q$wrong\E/m);
    goes_on('chain membership roots digests heap_index coverage');
}

# Events of structure, held events, members of transactions.
finds('an event of structure that is no JSON', q{UPDATE custody_ledger.event SET new = '\x03ff' WHERE op = 'S'}, qr/^payloads\|.*\|refuted\|/m);
goes_on('chain membership roots descriptors digests heap_index coverage');
finds('a held event of nothing', q<INSERT INTO custody_ledger.held_event SELECT e.*, 1, ARRAY['{"t": "path"', 'x'] FROM custody_ledger.event e>,
    qr/^descriptors\|held event 1 of transaction \d+\|refuted\|no record/m);
goes_on('chain membership roots payloads digests heap_index coverage');
finds('organizations of a transaction that are none', q{UPDATE custody_ledger.tx SET orgs = '\x00'}, qr/^payloads\|.*\|refuted\|/m);
goes_on('heap_index coverage');

# What the caller does wrong stays an error.
like error_of('SELECT * FROM custody.verify_ledger(from_block => 0)'), qr/22023.*blocks have numbers from 1 on/s, 'a block that is none';
like error_of(q{SELECT * FROM custody.verify_ledger('{"ledger": "x"}')}), qr/22023.*not a digest/s, 'a digest that is none';
$c->create_database('empty', extension => 1);
like error_of('SELECT * FROM custody.verify_ledger()', 'empty'), qr/42P01.*no audit ledger/s, 'no ledger';
done_testing;

sub error_of {
    my ($sql, $database) = @_;
    return ($c->psql($database // 'sound', "\\set VERBOSITY verbose\n$sql"))[2];
}

sub report {
    my ($database) = @_;
    my ($exit, $out, $err) = $c->psql($database, qq{SELECT "check", object, status, detail FROM custody.verify_ledger('$digest')});
    return $exit == 0 ? $out : "error: $err";
}
sub problems { return join "\n", grep { !/\|proven\|/ } split /\n/, report($_[0]) }

# Each of these checks was made: it has a row that sums it up.
sub goes_on {
    my ($checks) = @_;
    my $report = report('tampered');
    my @silent = grep { $report !~ /^$_\|(?!.*could not be|.*not looked at).*\|(?:proven|refuted)\|/m } split ' ', $checks;
    is "@silent", '', '... the rest is looked at';
}

sub finds {
    my ($what, $sql, $expected) = @_;
    is tampered_copy($c, $sql), '', "$what: done";
    like report('tampered'), $expected, $what;
    return;
}
