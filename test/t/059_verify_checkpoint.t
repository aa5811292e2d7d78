# A verification that is interrupted goes on from the tables that it has finished, and says so; and
# digests that a migration stored stand for the source.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');
my $rows = join '', map { qq{
    CREATE TABLE t$_ (id int PRIMARY KEY, v text);
    INSERT INTO t$_ SELECT i, 'row ' || i FROM generate_series(1, 20 * $_) i;} } 1 .. 5;
$_->create_database('shop') for $source, $target;
$_->sql('shop', $rows) for $source, $target;
my @ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('shop'));
my $number = 0;
sub new_file { return temporary_directory() . '/checkpoint' . ++$number }

sub verify {
    my @argument = @_;
    my $run = custody('verify', @ends, '--json', '--jobs', 1, @argument);
    my $document = eval { json($run->{stdout}) };
    return ($run, $document, { map { $_->{name} => $_ } @{ $document->{objects} // [] } });
}
sub taken { return scalar grep { $_->{from_checkpoint} } values %{ $_[0] } }
sub lines { open my $file, '<', $_[0] or return (); return <$file> }

# Killed at each point, at the third table.
my %finished = ('compare.before_table' => 2, 'compare.after_table' => 2,
    'checkpoint.before_write' => 2, 'checkpoint.after_write' => 3);
for my $point (sort keys %finished) {
    my $file = new_file();
    my ($run) = verify('--checkpoint', $file, { env => { CUSTODY_FAILPOINT => "$point\@3=kill" } });
    is $run->{exit}, 137, "killed at $point";
    is scalar(my @line = lines($file)), 1 + $finished{$point}, 'what was finished is in the file';
    my ($again, $document, $table) = verify('--checkpoint', $file);
    is_deeply [ $again->{exit}, $document->{verdict}, taken($table) ], [ 0, 'equal', $finished{$point} ],
        'the next run takes it from there' or diag $again->{stderr};
    is scalar(@{ $document->{objects} }), 5, 'all tables are told';
    is_deeply [ grep { !$_->{source_lsn} || !$_->{target_lsn} || !$_->{verified_at} } values %$table ], [],
        'with the snapshots';
    (undef, undef, $table) = verify('--checkpoint', $file);
    is taken($table), 0, 'after its end another one begins anew';
}

# A file without its header cannot be.
my $file = new_file();
is +(verify('--checkpoint', $file, { env => { CUSTODY_FAILPOINT => 'checkpoint.before_rename=kill' } }))[0]{exit},
    137, 'killed before there is a file';
ok !-e $file, 'there is none';
is +(verify('--checkpoint', $file))[0]{exit}, 0, 'the next run begins it';

# A line without an end, as a kill in the middle of a write leaves it.
my @line = lines($file);
open my $torn, '>', $file or die $!;
print $torn @line[ 0 .. 3 ], substr $line[4], 0, 40;
close $torn;
my ($run, $document, $table) = verify('--checkpoint', $file);
is_deeply [ $run->{exit}, taken($table) ], [ 0, 3 ], 'a torn line is not a table' or diag $run->{stderr};
is scalar(my @whole = lines($file)), 7, 'and the file is whole again';

# What was verified says when; a verdict stays what it was, until there is one of all tables.
sub killed_after { return { env => { CUSTODY_FAILPOINT => "checkpoint.after_write\@$_[0]=kill" } } }
$file = new_file();
is +(verify('--checkpoint', $file, killed_after(4)))[0]{exit}, 137, 'killed after four tables';
$target->sql('shop', q{UPDATE t4 SET v = 'other' WHERE id = 7});
my $taken = custody('verify', @ends, '--checkpoint', $file);
is $taken->{exit}, 0, 'taken tables are not looked at again';
like $taken->{stdout},
    qr/^public\.t4 +equal .*\(verified at .* under source [\dA-F]+\/[\dA-F]+, target .*4 of them taken from/ms,
    'and the text says so';
for my $time ('begins anew', 'does so after a difference, too') {
    ($run, $document, $table) = verify('--checkpoint', $file);
    is_deeply [ $run->{exit}, taken($table), $table->{'public.t4'}{verdict} ], [ 5, 0, 'different' ],
        "the next verification $time";
}
$target->sql('shop', q{UPDATE t4 SET v = 'row 7' WHERE id = 7});

# Unverified is not finished.
$file = new_file();
$target->sql('shop', q{CREATE ROLE reader LOGIN; GRANT SELECT ON t1, t2, t3, t4 TO reader});
my @reader = ('--target', $target->conninfo('shop', 'reader'));
is +(verify('--checkpoint', $file, @reader, killed_after(4)))[0]{exit}, 137, 'killed after all that can be read';
$target->sql('shop', 'GRANT SELECT ON t5 TO reader');

# A table that is another one now.
$source->sql('shop', 'DROP TABLE t3; CREATE TABLE t3 (id int PRIMARY KEY, v text)');
($run, $document, $table) = verify('--checkpoint', $file, @reader);
is_deeply [ $run->{exit}, taken($table), map { $table->{"public.t$_"}{verdict} } 3, 5 ],
    [ 5, 3, 'different', 'equal' ], 'a table that was made anew is compared again, and one that could not be read';

# Files of something else.
sub refused_ok {
    my ($what, $exit, $code, @argument) = @_;
    my $run = custody('verify', @argument);
    is $run->{exit}, $exit, "$what: exit $exit" or diag $run->{stderr};
    like $run->{stderr}, qr/\[$code\]/, "$what: $code";
}
refused_ok('other options', 3, 'checkpoint-of-other', @ends, @reader, '--checkpoint', $file, '--method=sql');
refused_ok('other rows', 3, 'checkpoint-of-other', @ends, @reader, '--checkpoint', $file, '--where', 'public.t1=true');
$target->create_database('other');
refused_ok('another database', 3, 'checkpoint-of-other', @ends, '--checkpoint', $file,
    '--target', $target->conninfo('other'));
my $text = write_file("nothing of ours\n", 'text');
refused_ok('no checkpoint', 3, 'checkpoint-of-other', @ends, '--checkpoint', $text);
refused_ok('no directory', 1, 'checkpoint-unusable', @ends, '--checkpoint', temporary_directory() . '/no/such');

# A stop by a signal.
my $wait = temporary_directory() . '/wait';
$file = new_file();
$source->sql('shop', q{DROP TABLE t3; CREATE TABLE t3 (id int PRIMARY KEY, v text);
    INSERT INTO t3 SELECT i, 'row ' || i FROM generate_series(1, 60) i});
my $stopped = start_custody('verify', @ends, '--jobs', 1, '--checkpoint', $file,
    { env => { CUSTODY_FAILPOINT => "compare.before_table\@3=wait:$wait" } });
wait_for 'the wait point', sub { -e $wait };
refused_ok('a file in use', 3, 'checkpoint-in-use', @ends, '--checkpoint', $file);
$stopped->signal('INT');
unlink $wait;
is $stopped->wait(60)->exit_code, 130, 'stopped by SIGINT';
($run, $document, $table) = verify('--checkpoint', $file);
is $run->{exit}, 0, 'and gone on';
cmp_ok taken($table), '>=', 2, 'with what was finished';

# A relation that is emptied between snapshot and lock would be read as empty.
for my $side ($source, $target) {
    my $name = $side == $source ? 'source' : 'target';
    my $verify = start_custody('verify', @ends,
        { env => { CUSTODY_FAILPOINT => "compare.after_snapshots=wait:$wait" } });
    wait_for 'the wait point', sub { -e $wait };
    $side->sql('shop', q{CREATE TEMP TABLE kept AS TABLE t2; TRUNCATE t2; INSERT INTO t2 TABLE kept});
    unlink $wait;
    is $verify->wait(60)->exit_code, 0, "a TRUNCATE on the $name before the lock" or diag $verify->stdout;
    like $verify->stderr, qr/t2" was truncated.*taking others|t2 was truncated.*taking others/,
        'costs other snapshots' or diag $verify->stderr;
}

# What a migration stored stands for a source that is gone.
$target->create_database('moved', extension => 1);
my @moved = ('--target', $target->conninfo('moved'));
$source->sql('shop', 'CREATE SEQUENCE s; SELECT setval($$s$$, 50); SELECT lo_from_bytea(77, $$some bytes$$)');
is custody('run', '--source', $source->conninfo('shop'), @moved)->{exit}, 0, 'a migration';
$source->stop;
$run = custody('verify', @moved, '--method=stored', '--json');
is $run->{exit}, 0, '--method=stored without a source' or diag $run->{stderr};
$document = json($run->{stdout});
is_deeply [ sort map { $_->{name} } @{ $document->{objects} } ],
    [ '77', 'public.s', map { "public.t$_" } 1 .. 5 ], 'all is compared';
is_deeply [ map { $_->{ways}{source} } grep { $_->{type} eq 'table' } @{ $document->{objects} } ],
    [ ('stored') x 5 ], 'with what is stored';
for my $damage (
    [ 'public.t2', q{UPDATE t2 SET v = '' WHERE id = 9}, q{UPDATE t2 SET v = 'row 9' WHERE id = 9} ],
    [ 'public.t4', q{INSERT INTO t4 VALUES (9999, 'more')}, 'DELETE FROM t4 WHERE id = 9999' ],
    [ 'public.s', 'SELECT setval($$s$$, 49)', 'SELECT setval($$s$$, 50)' ],
    [ '77', 'SELECT lo_put(77, 0, $$S$$)', 'SELECT lo_put(77, 0, $$s$$)' ],
) {
    my ($name, $change, $back) = @$damage;
    $target->sql('moved', $change);
    $run = custody('verify', @moved, '--method=stored', '--json');
    is_deeply [ $run->{exit}, map { "$_->{name} $_->{verdict}" }
            grep { $_->{verdict} ne 'equal' } @{ json($run->{stdout})->{objects} } ],
        [ 5, "$name different" ], "stored: $name is different";
    $target->sql('moved', $back);
}
is custody('verify', @moved, '--method=stored')->{exit}, 0, 'equal again';
refused_ok('stored, with a condition', 3, 'method-impossible', @moved, '--method=stored',
    '--where', 'public.t1=true');

done_testing;
