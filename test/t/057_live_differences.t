# Differences of databases that are written to while they are compared: looked at again, under new
# snapshots. What happens between two looks happens while the loader waits at a failpoint.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('both');
$cluster->create_database('source');
$cluster->sql('source', q{
    CREATE TABLE item (id int PRIMARY KEY, note text);
    INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 1000) i;
    CREATE TABLE nokey (v text);
    INSERT INTO nokey SELECT 'row ' || i FROM generate_series(1, 1000) i;
    CREATE TABLE other (n int);
    VACUUM ANALYZE;
});
$cluster->sql('postgres', 'CREATE DATABASE target TEMPLATE source');
my @ends = ('--source', $cluster->conninfo('source'), '--target', $cluster->conninfo('target'));

sub on_source { return $cluster->sql('source', $_[0]) }
sub on_target { return $cluster->sql('target', $_[0]) }

# Verifies a table; the first change comes after the snapshots of the first look, each later one
# before the snapshots of the next look, or after them where the point is named.
sub verify {
    my ($point, $table, $changes, @option) = @_;
    my @change = @$changes;
    my @file = map { temporary_directory() . "/wait$_" } 0 .. $#change;
    my @point = ('compare.after_snapshots', ($point) x $#change);
    my $run = start_custody('verify', @ends, '--table', $table, '--recheck=0', '--json', @option,
        { env => { CUSTODY_FAILPOINT => join ';', map { "$point[$_]=wait:$file[$_]" } 0 .. $#change } });
    for my $number (0 .. $#change) {
        wait_for "point $point[$number]", sub { -e $file[$number] || !$run->alive };
        die "ended early:\n" . $run->stderr if !-e $file[$number];
        $change[$number]->();
        unlink $file[$number];
    }
    $run->wait(120);
    my $document = eval { json($run->stdout) } or die 'no JSON: ' . $run->stderr;
    my ($object) = @{ $document->{objects} };
    diag $run->stderr if $run->stderr =~ /ERROR|error/;
    return ($run->exit_code, $object);
}

sub settles {
    my ($name, $table, $changes, $exit, $verdict, $count, @option) = @_;
    my $point = $name =~ /always|vanish/ ? 'recheck.after_snapshots' : 'recheck.before_look';
    my ($got, $object) = verify($point, $table, $changes, @option);
    my $differences = $object->{differences} // {};
    is_deeply [ $got, $object->{verdict}, map { $differences->{$_} } qw(in_flight persistent unsettled) ],
        [ $exit, $verdict, @$count ], $name or diag explain $object;
    return $object;
}

my $write = sub { on_source('INSERT INTO other VALUES (1)') };
for my $method ('stream', 'sql') {
    # The source is ahead at the first look; the target has caught up at the second.
    on_source(q{UPDATE item SET note = 'newer' WHERE id IN (7, 8); DELETE FROM item WHERE id = 9;
        INSERT INTO item VALUES (2000, 'new')});
    my $object = settles("$method: rows in flight", 'item', [ $write, sub {
        on_target(q{UPDATE item SET note = 'newer' WHERE id IN (7, 8); DELETE FROM item WHERE id = 9;
            INSERT INTO item VALUES (2000, 'new')});
    } ], 0, 'equal', [ 4, 0, 0 ], "--method=$method");
    like $object->{reason}, qr{^4 in flight: .*\(source [0-9A-F]+/[0-9A-F]+, target .*; source },
        'the reason tells how many, and where both sides stood';
    is scalar @{ $object->{differences}{looks} }, 2, 'two looks';

    on_target(q{UPDATE item SET note = 'wrong' WHERE id = 5});
    on_source(q{UPDATE item SET note = 'late' WHERE id = 6});
    $object = settles("$method: one persistent, one in flight", 'item',
        [ $write, sub { on_target(q{UPDATE item SET note = 'late' WHERE id = 6}) } ],
        5, 'different', [ 1, 1, 0 ], "--method=$method");
    is_deeply [ map { [ $_->{age}, $_->{key}[0]{value}, $_->{columns}[0]{target} ] } @{ $object->{differences}{rows} } ],
        [ [ 'persistent', 5, 'wrong' ] ], 'the persistent one is named';
    on_target(q{UPDATE item SET note = 'note 5' WHERE id = 5});

    my $change = sub { on_source(q{UPDATE item SET note = note || '.' WHERE id = 11}) };
    $change->();
    $object = settles("$method: a row that always changes", 'item',
        [ $change, $change, $change ], 5, 'unverified', [ 0, 0, 1 ], "--method=$method", '--rechecks=2');
    like $object->{reason}, qr/had not settled after 3 looks/, 'and the reason says so';
    on_target(q{UPDATE item SET note = 'note 11' WHERE id = 11});
    on_source(q{UPDATE item SET note = 'note 11' WHERE id = 11});

    # Without a key.
    on_source(q{UPDATE nokey SET v = 'newer' WHERE v = 'row 7'});
    settles("$method: without a key, in flight", 'nokey',
        [ $write, sub { on_target(q{UPDATE nokey SET v = 'newer' WHERE v = 'row 7'}) } ],
        0, 'equal', [ 2, 0, 0 ], "--method=$method");
    on_target(q{INSERT INTO nokey SELECT 'row 1' FROM generate_series(1, 2)});
    settles("$method: without a key, doubled rows are persistent", 'nokey', [ $write, $write ],
        5, 'different', [ 0, 2, 0 ], "--method=$method");
    on_target(q{DELETE FROM nokey WHERE v = 'row 1'; INSERT INTO nokey VALUES ('row 1')});
    on_source(q{UPDATE nokey SET v = 'row 7' WHERE v = 'newer'});
    on_target(q{UPDATE nokey SET v = 'row 7' WHERE v = 'newer'});

    on_source(q{UPDATE item SET note = 'note ' || id WHERE id < 10; DELETE FROM item WHERE id = 2000; INSERT INTO item VALUES (9, 'note 9')});
    on_target(q{UPDATE item SET note = 'note ' || id WHERE id < 10; DELETE FROM item WHERE id = 2000; INSERT INTO item VALUES (9, 'note 9')});
}

# Rows that come and go on the source and never reach the target: each is gone at the next look.
my $number = 3000;
my $next = sub { $number++; on_source("DELETE FROM item WHERE id >= 3000; INSERT INTO item VALUES ($number, 'n')") };
$next->();
settles('rows that vanish before they arrive prove nothing', 'item', [ $next, $next, $next ],
    5, 'unverified', [ 2, 0, 1 ], '--rechecks=2');
on_source('DELETE FROM item WHERE id >= 3000');

on_source(q{UPDATE item SET note = 'newer' WHERE id = 7});
settles('--rechecks=0: different at once', 'item', [$write], 5, 'different', [ 0, 0, 1 ], '--rechecks=0');

# Who waits for an exclusive lock keeps the next look out: what was seen once proves nothing then.
{
    my $owner = $cluster->session('target');
    on_source(q{UPDATE item SET note = 'late' WHERE id = 11});
    my ($exit, $object) = verify('recheck.before_look', 'item', [ $write, sub {
        on_target(q{UPDATE item SET note = 'late' WHERE id = 11});
        $owner->send('BEGIN; LOCK TABLE item; COMMIT');
        wait_for 'a queue', sub { on_target('SELECT count(*) FROM pg_locks WHERE NOT granted') };
    } ]);
    is_deeply [ $exit, $object->{verdict} ], [ 5, 'unverified' ], 'no second look: neither equal nor different'
        or diag explain $object;
    like $object->{reason}, qr/could not be looked at again: .*lock timeout/, 'and why';
    $owner->finish(error => 1);
    $owner->close;
}

done_testing;
