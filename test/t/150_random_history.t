# Random transactions on tables of every sort, and a model that keeps a copy of the tables after each commit: the answers of
# the ledger are those of the copies. CUSTODY_TEST_SEED chooses another run, CUSTODY_TEST_TRANSACTIONS how long it is.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(seal verdicts);
use Custody::Ledger::History;
use Custody::Ledger::Statements qw(below);
use Custody::Test;

# One that alters tables, and one whose events are counted.
my @seed = defined $ENV{CUSTODY_TEST_SEED} ? $ENV{CUSTODY_TEST_SEED} : (2, 3);
my $transactions = $ENV{CUSTODY_TEST_TRANSACTIONS} // 45;
my $few = 4; # a row is looked at each time of one in so many tables
my $c = start_cluster('one', conf => { track_commit_timestamp => $seed[0] % 4 ? 'on' : 'off', max_prepared_transactions => 5, jit => 'off' });
my $d;
my $directory = temporary_directory();
system("umask 077; openssl genpkey -algorithm ed25519 -out $directory/key.pem 2>/dev/null; "
    . "openssl pkey -in $directory/key.pem -pubout -out $directory/key.pub") == 0 or die 'no key';
for my $seed (@seed) {
    srand $seed;
    $d = "d$seed";
    $c->create_database($d, extension => 1);
    my $history = Custody::Ledger::History->new($c, $d, altering => $seed % 3 ? 6 : 0, preparing => $seed % 4, counting => $seed % 3 == 0);
    play($history);
    counted() if $history->{counting};
    evidence($history->{counting}, "anchors-$seed");
    note sprintf 'seed %d: %d transactions; errors: %s', $seed, $history->{committed},
        join ', ', map { "$_ ($history->{errors}{$_})" } sort keys %{ $history->{errors} };
}
done_testing;

sub answers {
    my ($what, $sql) = @_;
    is $c->sql($d, $sql), '', "$d, $what";
}

sub play {
    my ($history) = @_;
    my ($checked, @reverted) = (0);
    # What the newest transaction did can be taken back, of most of the older ones it can be said why not.
    $history->{after} = sub {
        return if $history->busy > 1 || below(3);
        my $older = $c->sql($d, "SELECT xid FROM model.moment WHERE xid IS NOT NULL ORDER BY number DESC OFFSET " . below(12) . ' LIMIT 1');
        push @reverted, map { $history->{model}->query("SELECT model.check_revert('$_')") } grep { $_ ne '' } $history->{last}, $older;
    };
    for my $round (1 .. 3) {
        $history->run($transactions / 3);
        answers("round $round: every table is as its events left it", q{SELECT s.tbl, r.* FROM model.subject s, custody.reconcile(s.tbl) r
            WHERE r.problem <> 'summary' OR r.status <> 'proven'});
        answers("round $round: table_as_of()", qq{SELECT x FROM model.state s, model.check_table(s.tbl, s.number) x WHERE s.number > $checked AND x <> ''});
        answers("round $round: row_as_of() and history()", qq{SELECT x FROM model.subject s, model.moment m, model.check_row(s.tbl, m.number, m.number * 7) x
            WHERE m.number > $checked AND (m.number + s.tbl::oid::int) % $few = 0 AND x <> ''});
        answers("round $round: changes()", 'SELECT * FROM model.check_changes()');
        is join("\n", grep { $_ ne '' } @reverted), '', "$d, round $round: revert() " . @reverted . ' times';
        is join("\n", map { join '|', @$_ } grep { $_->[1] eq 'refuted' } verdicts($c, $d)), '', "$d, round $round: verified";
        ($checked, @reverted) = ($history->{moment});
    }
    return if $history->{altering};
    answers('history()', q{SELECT x FROM (SELECT DISTINCT s.tbl, model.row_key(r, s.key) AS key FROM model.state s, unnest(s.rows) r
        WHERE s.key <> '{}') k, model.check_history(k.tbl, k.key) x WHERE x <> ''});
}

sub counted {
    answers('every transaction has the events that were counted', q{
        SELECT xid, tbl, org, c.n, e.n FROM (SELECT xid, tbl::text, coalesce(org, '') AS org, sum(events) AS n FROM model.counted GROUP BY 1, 2, 3) c
          FULL JOIN (SELECT xid, substr("table", 8) AS tbl, coalesce(org, '') AS org, count(*) AS n FROM custody.changes() WHERE op NOT IN ('B', 'S', 'T')
                      GROUP BY 1, 2, 3) e USING (xid, tbl, org)
         WHERE c.n IS DISTINCT FROM e.n AND xid IN (SELECT xid FROM model.moment)});
}

# Each organization's bundle has its events, under both verifiers.
sub evidence {
    my ($counting, $anchors) = @_;
    seal($c, $d);
    my $run = custody('audit', 'anchor', '--target', $c->conninfo($d), "--key-file=$directory/key.pem", "--anchor-file=$directory/$anchors");
    is $run->{exit}, 0, "$d, anchored" or diag $run->{stderr};
    for my $org (q{''::text}, map({ "${_}::int8" } 1 .. 3), map { sprintf q{'aaaaaaaa-0000-4000-8000-%012d'::uuid}, $_ } 1 .. 3) {
        my $name = $org =~ /'(.*)'/ ? $1 : $org =~ s/::.*//r;
        next if !$c->sql($d, "SELECT count(*) FROM custody.changes() WHERE coalesce(org, '') = '$name'");
        my $bundle = $c->sql($d, "SELECT custody.export_evidence($org)");
        my $file = write_file("$bundle\n", 'bundle.jsonl');
        my $ours = custody('audit', 'verify-bundle', $file, '--json', "--anchor-file=$directory/$anchors", "--public-key=$directory/key.pub");
        is $ours->{exit}, 0, "$d, $org is proven" or diag $ours->{stdout};
        my $theirs = run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $file, '--digest', "$directory/$anchors");
        is $theirs->{exit}, 0, '... by the other verifier, too' or diag $theirs->{stdout};
        next if !$counting;
        my @op = map { /"t": ?"event".*?"op": ?"([^BST])"/ ? $1 : () } split /\n/, $bundle;
        is scalar @op, $c->sql($d, "SELECT coalesce(sum(events), 0) FROM model.counted WHERE coalesce(org, '') = '$name'"), '... with the events that were counted';
    }
}
