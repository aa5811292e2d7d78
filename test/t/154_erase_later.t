# A row is erased by the key that was given when it was asked for, whatever became of the table meanwhile: columns that were
# renamed, or got other types, another key, no table any more. And it can be asked for when the table is gone.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('shop', extension => 1);
$c->sql('shop', <<'SQL');
SELECT custody.init_ledger();
CREATE ROLE admin LOGIN IN ROLE custody_admin;
CREATE ROLE lawyer LOGIN IN ROLE custody_legal;
CREATE ROLE auditor LOGIN IN ROLE custody_auditor;
SQL

# Renamed, and another column has the name.
make('renamed', 'id int PRIMARY KEY, code int UNIQUE NOT NULL, a text', "(1, 2, 'Ann'), (2, 1, 'Bob')");
my $erase = ask(q{custody.request_erase('renamed', '{"id": 1}', 'asked')});
$c->sql('shop', 'ALTER TABLE renamed RENAME id TO number; ALTER TABLE renamed RENAME code TO id');
like approve($erase), qr/^1 events erased$/, 'a key whose column has another name';
is left('renamed'), '{"id": 2}', '... the row that was meant';

# Another key, by the same name.
make('rekeyed', 'id int PRIMARY KEY, code int UNIQUE NOT NULL, a text', "(1, 2, 'Ann'), (2, 1, 'Bob')");
$erase = ask(q{custody.request_erase('rekeyed', '1', 'asked')});
$c->sql('shop', q{ALTER TABLE rekeyed RENAME id TO old; ALTER TABLE rekeyed RENAME code TO id; SELECT custody.audit('rekeyed', key => '{id}', baseline => false);
    UPDATE rekeyed SET a = a || '!'});
is approve($erase), '1 events erased; the table has another key now: ask by that, too', 'another key';
is left('rekeyed'), '{"id": 1} {"id": 2} {"id": 2}', '... rows are not taken for one another';
my $identity = $c->sql('shop', q{SELECT identity FROM custody_ledger.audited WHERE name = 'rekeyed'});
is approve(ask(qq{custody.request_erase_dropped('$identity', '{"old": 2}', 'asked')})), '1 events erased; the table has another key now: ask by that, too',
    'a key that a table had can be asked for';
is left('rekeyed'), '{"id": 1} {"id": 2}', '... and is erased';

# Another type.
make('typed', 'id int PRIMARY KEY, a text', "(1, 'Ann'), (2, 'Bob')");
$c->sql('shop', 'ALTER TABLE typed ALTER id TYPE bigint; UPDATE typed SET a = a || 1; ALTER TABLE typed ALTER id TYPE text; UPDATE typed SET a = a || 1');
my $hold = $c->sql('shop', q{SELECT custody.place_hold('case', 'typed', '"2"')}, user => 'lawyer');
is $c->sql('shop', q{SELECT count(*) FROM custody_ledger.event WHERE op <> 'S' AND custody.event_is_held(tbl, org, key)}), 5, 'a hold is on events from before a type was another';
is approve(ask(q{custody.request_erase('typed', '1', 'asked')})), '5 events erased', 'events under each type that the key had';
is left('typed'), join(' ', ('{"id": "2"}') x 2, ('{"id": 2}') x 3), '... and no others';

# What a date means is said by who asks.
make('dated', 'day date PRIMARY KEY, a text', "('2026-02-01', 'Ann'), ('2026-01-02', 'Bob')");
$erase = ask(q{custody.request_erase('dated', '"01/02/2026"', 'asked')}, q{SET datestyle = 'ISO, DMY';});
is approve($erase, q{SET datestyle = 'ISO, MDY';}), '1 events erased', 'a date';
is left('dated'), '{"day": "2026-01-02"}', '... is that of who asked';

# The table goes, before the approval and before anybody asks.
$c->sql('shop', q{CREATE TYPE kind AS ENUM ('a', 'b'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)});
make('dropped', 'id numeric, kind kind, n positive, PRIMARY KEY (id, kind, n)', "(1.0, 'a', 1), (1, 'b', 1), (2, 'a', 1), (3, 'a', 1), (4, 'a', 1)");
make('"Odd Name"', 'id int PRIMARY KEY', '(1), (2)');
$erase = ask(q{custody.request_erase('dropped', '{"id": 1, "kind": "a", "n": 1}', 'asked')});
$c->sql('shop', 'DROP TABLE dropped, "Odd Name"');
is approve($erase), '1 events erased', 'a table that went in between';
like failure(lawyer => "SELECT custody.request_erase_dropped($_->[0], 'asked')"), qr/$_->[1]/, "refused: $_->[0]" for
    [ q{'public.dropped', '1'}, 'the key is not 1\nDETAIL:  Keys that the table had: \(id, kind, n\)' ], [ q{'public.nothing', '1'}, 'no table that is gone was recorded as "public.nothing"' ],
    [ q{'public.typed', '1'}, 'no table that is gone' ], [ q{'public.dropped', '{"id": "x", "kind": "a", "n": 1}'}, 'the key is not' ],
    [ q{'public.dropped', '{"id": 1, "kind": null, "n": 1}'}, 'the key is not' ], [ q{'public.dropped', NULL}, 'the key is not' ];
like failure(auditor => q{SELECT custody.request_erase_dropped('public.dropped', '[2, "a", 1]', 'asked')}), qr/permission denied/, 'not by an auditor';
$erase = ask(q{custody.request_erase_dropped('public.dropped', '[2, "a", 1]', 'asked')});
like failure(admin => "SELECT custody.approve($erase)"), qr/needs a second person/, 'by two people';
is approve($erase), '1 events erased', 'a table that was gone';
is approve(ask(q{custody.request_erase_dropped('public."Odd Name"', '2', 'asked')})), '1 events erased', '... by its name as it is shown';
$c->sql('shop', 'DROP TYPE kind; DROP DOMAIN positive');
is $c->sql('shop', q{SELECT key FROM custody.changes() WHERE "table" = 'public.dropped' AND key ->> 'id' = '3'}), '{"n": {"bytes": "00000001"}, "id": 3, "kind": {"bytes": "61"}}',
    'types that are gone, too';
is approve(ask(q{custody.request_erase_dropped('public.dropped', '{"n": {"bytes": "00000001"}, "id": 3, "kind": {"bytes": "61"}}', 'asked')})), '1 events erased',
    '... the key as it is shown';
is approve(ask(q{custody.request_erase_dropped('public.dropped', '{"n": {"bytes": "00000001"}, "id": 4, "kind": "a"}', 'asked')})), '1 events erased', '... or as it was';
is $c->sql('shop', q{SELECT count(*) FROM custody.changes() WHERE "table" = 'public.dropped' AND op = 'I' AND key IS NOT NULL}), 1, 'one row is left';

# The same name again and again; under hold.
for (1, 2) { make('again', 'id int PRIMARY KEY, org int8', '(1, 7)', 'org'); $c->sql('shop', 'DROP TABLE again') }
my $error = failure(admin => q{SELECT custody.request_erase_dropped('public.again', '1', 'asked')});
like $error, qr/2 tables that are gone were recorded as "public.again"\nDETAIL:  ([0-9a-f-]{36}) until/, 'several tables had the name';
($identity) = $error =~ /DETAIL:  ([0-9a-f-]{36})/;
$c->sql('shop', q{SELECT custody.place_hold('case', org => '7')}, user => 'lawyer');
$erase = ask("custody.request_erase_dropped('$identity', '1', 'asked')");
like failure(lawyer => "SELECT custody.approve($erase)"), qr/events of this key are under legal hold/, 'what is held is not erased';
approve($c->sql('shop', q{SELECT custody.request_lift(max(id), 'over') FROM custody_ledger.hold}, user => 'admin'));
is approve($erase), '1 events erased', '... later it is';
is $c->sql('shop', q{SELECT count(*) FROM custody.changes() WHERE "table" = 'public.again' AND op = 'I' AND key IS NOT NULL}), 1, '... of the one table';
$c->sql('shop', 'SELECT custody.seal()');
is $c->sql('shop', q{SELECT "check", object, status, detail FROM custody.verify_ledger(custody.ledger_digest()) WHERE status <> 'proven'}), '', 'the ledger verifies';
done_testing;

sub make {
    my ($table, $columns, $rows, $org) = @_;
    $c->sql('shop', "CREATE TABLE $table ($columns); SELECT custody.audit('$table'" . ($org ? ", '$org'" : '') . "); INSERT INTO $table VALUES $rows");
    return;
}
sub ask { my ($call, $before) = @_; return $c->sql('shop', ($before // '') . "SELECT $call", user => 'admin') }
sub approve { my ($request, $before) = @_; return $c->sql('shop', ($before // '') . "SELECT custody.approve($request)", user => 'lawyer') }
sub failure { my ($user, $sql) = @_; return ($c->psql('shop', $sql, user => $user))[2] }
sub left {
    return $c->sql('shop', qq{SELECT string_agg(custody.event_key(e.descriptor, e.key)::text, ' ' ORDER BY custody.event_key(e.descriptor, e.key)::text)
        FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name = '$_[0]' WHERE e.op <> 'S' AND e.key IS NOT NULL});
}
