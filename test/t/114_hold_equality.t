# A hold reaches the rows that its key is equal to by the type of the key's columns, however it is spelled.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $c = start_cluster('one');
$c->create_database('clinic', extension => 1);
$c->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE DOMAIN code AS ext.citext;
CREATE TABLE ci (name ext.citext PRIMARY KEY, v int);
CREATE TABLE dom (name code PRIMARY KEY, v int);
CREATE TABLE num (n numeric PRIMARY KEY, v int);
CREATE TABLE orgs (id int PRIMARY KEY, org ext.citext, v int);
SELECT custody.audit(t) FROM unnest('{ci,dom,num}'::regclass[]) t;
SELECT custody.audit('orgs', org_column => 'org');
INSERT INTO ci VALUES ('a', 1), ('b', 1);
INSERT INTO dom VALUES ('a', 1), ('b', 1);
INSERT INTO num VALUES (1.0, 1), (2, 1);
INSERT INTO orgs VALUES (1, 'acme', 1), (2, 'other', 1);
SQL
for (['ci', 'name', 'A', 'a', 'b'], ['dom', 'name', 'A', 'a', 'b'], ['num', 'n', '1.00', '1.0', '2']) {
    my ($table, $column, $key, $row, $other) = @$_;
    $c->sql('clinic', qq{SELECT custody.place_hold('case', '$table', '{"$column": "$key"}')});
    my $held = qr/public\.$table is under legal hold/;
    like error("UPDATE $table SET v = 2 WHERE $column = '$row'"), $held, "$table: a hold on $key holds $row";
    like error("DELETE FROM $table WHERE $column = '$row'"), $held, '... from being deleted, too';
    is error("UPDATE $table SET v = 2 WHERE $column = '$other'"), '', "... and not $other";
    is $c->sql('clinic', qq{SELECT string_agg(DISTINCT custody.event_key(descriptor, key) ->> '$column', ' ') FROM custody_ledger.event e
        JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name = '$table' WHERE e.op <> 'S' AND custody.event_is_held(e.tbl, e.org, e.key)}),
        $row, '... its events are held, and no others';
}
$c->sql('clinic', q{SELECT custody.place_hold('case', 'orgs', org => 'ACME')});
like error('DELETE FROM orgs WHERE id = 1'), qr/public\.orgs is under legal hold/, 'an organization likewise';
is error('DELETE FROM orgs WHERE id = 2'), '', '... and no other';
my $orgs = q{SELECT string_agg(DISTINCT custody.org_text(e.org), ',') FROM custody_ledger.event e WHERE e.org <> '' AND custody.event_is_held(e.tbl, e.org, e.key)};
is $c->sql('clinic', $orgs), 'acme', '... with its events';

# Of a fixed length; and what a type would cut or round is another key, or organization.
$c->sql('clinic', <<'SQL');
CREATE TABLE fixed (id int PRIMARY KEY, org char(8));
CREATE TABLE short (id varchar(3) PRIMARY KEY, org varchar(4));
CREATE TABLE whole (id numeric(4, 0) PRIMARY KEY);
CREATE DOMAIN brief AS varchar(3);
CREATE TABLE briefly (id brief PRIMARY KEY);
SELECT custody.audit(t, org_column => 'org') FROM unnest('{fixed,short}'::regclass[]) t;
SELECT custody.audit('whole'), custody.audit('briefly');
INSERT INTO fixed VALUES (1, 'fixed');
INSERT INTO short VALUES ('abc', 'long');
INSERT INTO whole VALUES (1);
INSERT INTO briefly VALUES ('abc');
SQL
$c->sql('clinic', q{SELECT custody.place_hold('case', org => 'fixed')});
is $c->sql('clinic', $orgs), 'acme,fixed   ', 'an organization of a fixed length is held with its events';
$c->sql('clinic', q{SELECT custody.place_hold('case', org => 'longer')});
is error(q{DELETE FROM short WHERE org = 'long'}), '', 'an organization is not held for one that is longer';
$c->sql('clinic', q{INSERT INTO short VALUES ('abc', 'long')});
like error(q{SELECT custody.place_hold('case', 'short', org => 'longer')}), qr/column "org" of public\.short cannot name organization "longer"/, '... nor can it be';
for (['short', 'abcd'], ['whole', '1.4'], ['briefly', 'abcd']) {
    my ($table, $key) = @$_;
    for my $function ("place_hold('case', '$table', '\"$key\"')", "request_erase('$table', '\"$key\"', 'asked')") {
        like error("SELECT custody.$function"), qr/the key of public\.$table is not "$key".*would be cut or rounded/s, "nothing is done to another key: $function";
    }
    like error("SELECT custody.history('$table', '\"$key\"')"), qr/the key is not "$key"/, '... nor told of it';
}

# Settings of a session write an organization of some types otherwise, and must not make another one of it.
$c->sql('clinic', q{CREATE TABLE dated (id int PRIMARY KEY, org date); SELECT custody.audit('dated', org_column => 'org'); INSERT INTO dated VALUES (1, '2020-01-02')});
$c->sql('clinic', q{SET datestyle = german; INSERT INTO dated VALUES (2, '2020-01-02')});
my $of_dated = q{FROM custody_ledger.event e JOIN custody_ledger.audited a ON a.id = e.tbl AND a.name = 'dated' WHERE e.op = 'I'};
is $c->sql('clinic', "SELECT string_agg(DISTINCT custody.org_text(e.org), ' ') $of_dated"), '2020-01-02', 'an organization is one whatever the session';
$c->sql('clinic', q{SET datestyle = german; SELECT custody.place_hold('case', 'dated', org => '2020-01-02')});
is $c->sql('clinic', "SELECT count(*) $of_dated AND custody.event_is_held(e.tbl, e.org, e.key)"), 2, '... and held';
done_testing;

sub error { return ($c->psql('clinic', $_[0]))[2] }
