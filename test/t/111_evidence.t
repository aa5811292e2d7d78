# Bundles of evidence cut from a ledger: an organization's, an event's, the whole ledger's; the second
# verifier, which knows nothing but the format, accepts them, and refuses what is not as it was sealed.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('evidence');
$c->create_database('d', extension => 1);
$c->sql('d', $_) for (
    'SELECT custody.init_ledger()',
    'CREATE TABLE visit (id int PRIMARY KEY, org int8 NOT NULL, note text)',
    'CREATE TABLE price (code text PRIMARY KEY, amount numeric)',
    q{SELECT custody.audit('visit', org_column => 'org'), custody.audit('price')},
    q{INSERT INTO price VALUES ('a', 1.50)},
);
# Three blocks: many organizations in a transaction, one in many, a row that changes its organization.
$c->sql('d', q{INSERT INTO visit SELECT g, g % 7, 'visit ' || g FROM generate_series(1, 100) g});
$c->sql('d', 'SELECT custody.seal()');
$c->sql('d', "UPDATE visit SET note = note || '!' WHERE id = $_") for 1 .. 12;
$c->sql('d', 'UPDATE visit SET org = 2 WHERE id = 3');
$c->sql('d', 'SELECT custody.seal()');
$c->sql('d', 'DELETE FROM visit WHERE org = 5');
$c->sql('d', 'SELECT custody.seal()');
my $digest = temporary_directory() . '/digest.json';
keep($digest, $c->sql('d', 'SELECT custody.ledger_digest()'));

sub keep {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print $file "$text\n";
    close $file;
}

my $number = 0;
sub verdict {
    my ($text) = @_;
    my $path = temporary_directory() . '/bundle-' . ++$number;
    keep($path, $text);
    my $said = run_command('python3', source_directory() . '/examples/audit/verify_bundle.py', $path, '--digest', $digest);
    my ($verdict) = $said->{stdout} =~ /^(proven|unproven|refuted)\b/;
    return $verdict if $verdict && $said->{exit} == ($verdict eq 'proven' ? 0 : 5);
    return "exit $said->{exit}: $said->{stdout}$said->{stderr}";
}

my %bundle;
for my $org (0 .. 6) {
    $bundle{$org} = $c->sql('d', "SELECT custody.export_evidence($org\::int8)");
}
is(verdict($bundle{2}), 'proven', 'all events of an organization');
is(() = $bundle{2} =~ /"t": "event"/g, $c->sql('d', q{SELECT count(*) FROM custody_ledger.event WHERE org = 'b'::bytea || int8send(2)}),
    'as many as the ledger has');
like($bundle{2}, qr/"op": "E"/, 'it came into this organization');
like($bundle{3}, qr/"op": "L"/, 'and left the other');
is(verdict($c->sql('d', 'SELECT custody.export_evidence(5::int8, 3)')), 'proven', 'the last block alone, with what was before');
is(verdict($c->sql('d', 'SELECT custody.export_evidence(6::int8, 2, 2)')), 'proven', 'a block in the middle');
is(verdict($c->sql('d', q{SELECT custody.export_evidence('')})), 'proven', 'what belongs to no organization');
is(verdict($c->sql('d', 'SELECT custody.export_ledger()')), 'proven', 'the whole ledger');
is(verdict($c->sql('d', 'SELECT custody.export_ledger(2)')), 'proven', 'and from its second block on');
my $counts = $c->sql('d', q{SELECT count(*) FROM custody_ledger.event});
is(verdict($c->sql('d', 'SELECT p FROM custody_ledger.event e, custody.event_proof(e.xid, e.seq) p WHERE e.seq = ' . $_ . q{
    AND e.xid = (SELECT xid FROM custody_ledger.event WHERE op = 'I' AND org <> '' LIMIT 1)})), 'proven', "event $_ by itself") for 1, 42, 100;

# What an organization's bundle has of others: nothing, whatever they did.
my %of = map { $_ => { map { $_ => 1 } $bundle{$_} =~ /"(?:salt|order|tree|link|blinding|before)": "([0-9a-f]{32,})"/g } } keys %bundle;
my %block = map { $_ => 1 } split ' ', $c->sql('d', q{SELECT string_agg(encode(previous, 'hex'), ' ') FROM custody_ledger.block});
my %context = map { $_ => 1 } map { /"([0-9a-f]{32,})"/g } grep { /"t": "context"/ } split /\n/, $bundle{2};
is_deeply([ grep { $of{3}{$_} && !$block{$_} && !$context{$_} && !/^0+$/ } keys %{ $of{2} } ], [],
    'two bundles share nothing but blocks, and tokens and contexts of transactions of both');
unlike($bundle{2}, qr/"(?:xid|lsn|seq|cid|snapshot)"/, 'no number that counts for all');

# What is not as it was sealed.
(my $without = $bundle{2}) =~ s/^\{"t": "event"[^\n]*\n//m;
is(verdict($without), 'refuted', 'one event withheld');
(my $forged = $bundle{2}) =~ s/("new": "01[0-9a-f]*)([0-9a-f])"/$1 . ($2 eq '1' ? '2' : '1') . '"'/e;
is(verdict($forged), 'refuted', 'one value changed');
is(verdict(join "\n", grep { !/"t": "link", "k": 2/ } split /\n/, $bundle{2}), 'refuted', 'a link withheld');

# In the database, by a superuser with the guards off; the digest is from before.
my $tamper = $c->session('d');
$tamper->query('ALTER EVENT TRIGGER ' . $_ . ' DISABLE') for split /\n/, $c->sql('d', q{SELECT quote_ident(evtname) FROM pg_event_trigger WHERE evtname LIKE 'custody%'});
$tamper->query("ALTER TABLE $_ DISABLE TRIGGER ALL") for split /\n/, $c->sql('d', q{SELECT oid::regclass FROM pg_class
    WHERE relnamespace = 'custody_ledger'::regnamespace AND relkind IN ('r', 'p') AND relname ~ '^(event|tx)'});
$tamper->query(q{UPDATE custody_ledger.event SET org = 'b'::bytea || int8send(6) WHERE op = 'D' AND seq = 1});
is(verdict($c->sql('d', 'SELECT custody.export_evidence(5::int8)')), 'refuted', 'an event was moved to another organization');
is(verdict($c->sql('d', 'SELECT custody.export_ledger()')), 'refuted', 'and the whole ledger shows it');

# Words for what cannot be had.
sub refusal {
    my ($exit, undef, $err) = $c->psql('d', $_[0]);
    return $exit ? $err : 'none';
}
like(refusal('SELECT custody.export_evidence(99::int8)'), qr/the organization has no events up to block 3/, 'no such organization');
like(refusal('SELECT custody.export_evidence(1::int8, 2, 9)'), qr/there are no blocks 2 to 9/, 'no such block');
like(refusal(q{SELECT custody.event_proof('1', 1)}), qr/there is no event 1 of transaction 1/, 'no such event');
$c->sql('d', q{INSERT INTO price VALUES ('b', 2)});
like(refusal(q{SELECT p FROM (SELECT max(xid::text::int8)::text::xid8 AS xid FROM custody_ledger.tx) t, custody.event_proof(t.xid, 1) p}),
    qr/is in no block yet/, 'an event that is not sealed');

done_testing;
