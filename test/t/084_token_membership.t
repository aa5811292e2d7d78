# A user whom a token verifies enters an organization that the membership table says is the user's.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;

my $cluster = start_cluster('one');
$cluster->create_database('shop', extension => 1);
my $pair = key_pair('ed25519');
my ($a, $b) = map { "$_$_$_$_$_$_$_$_-0000-4000-8000-000000000001" } 'a', 'b';
$cluster->sql('shop', <<"SQL", variables => { public => $pair->{public} });
SELECT custody.add_token_key('app', :'public');
CREATE ROLE owner; CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA custody TO app;
CREATE SCHEMA m AUTHORIZATION owner; SET ROLE owner;
CREATE TABLE m."Member" (usr text, org uuid, "Role" text, n int4, w varchar(20));
INSERT INTO m."Member" VALUES ('ann', '$a', 'editor', 1, 'one'), ('bob', '$b', NULL, 2, 'two'),
    ('two', '$a', 'x', 3, 'x'), ('two', '$a', 'y', 3, 'x'), ('7', '$a', 'seven', 7, 'x');
CREATE INDEX ON m."Member" (org, usr);
ALTER TABLE m."Member" ENABLE ROW LEVEL SECURITY; ALTER TABLE m."Member" FORCE ROW LEVEL SECURITY;
RESET ROLE;
SELECT custody.set_membership('m."Member"', 'usr', 'org', 'Role');
SQL
my $db = $cluster->sql('shop', 'SELECT custody.database_id()');

sub token { my ($user, @more) = @_;
    return own_token('app', $pair->{sign}, db => $db, user => $user, iat => time, exp => time + 600, @more) }
my %user = map { $_ => token($_) } qw(ann bob two eve 7);
my $session = $cluster->session('shop', 'app');
sub as { my ($user, $sql) = @_;
    my $answer = $session->query("BEGIN; SELECT custody.enter('$user{$user}'); $sql;
        SELECT org_type, orgs, user_id, role, way FROM custody.context_info(); COMMIT", error => 1);
    $session->query('ROLLBACK', error => 1) if $answer =~ /ERROR/;
    return $answer =~ s/\A\n+//r }
sub org { "SELECT custody.enter_org('$_[0]'::" . ($_[1] // 'uuid') . ')' }

is as('ann', org($a)), "uuid|{$a}|ann|editor|membership", 'a member, with the role there';
is as('bob', org($b)), "uuid|{$b}|bob||membership", 'a member without a role';
like as('ann', org($b)), qr/^ERROR:  user is not a member of the organization$/m, 'no member';
like as('eve', org($a)), qr/^ERROR:  user is not a member/m, 'a user without a row';
like as('two', org($a)), qr/^ERROR:  user has several roles in the organization$/m, 'several roles';
like as('ann', org($a, 'text')), qr/^ERROR:  organization is of another type$/m, 'another type';
like as('ann', 'SELECT custody.enter_org(NULL::uuid)'), qr/^ERROR:  organization is null$/m, 'NULL';
like as('ann', org($a) . '; ' . org($b)), qr/^ERROR:/m, 'a second organization';
like $session->query(org($a), error => 1), qr/^ERROR:  no verified user$/m, 'without a user';
is as('ann', "SAVEPOINT s; " . org($a) . '; ROLLBACK TO s'), 'none|{}|ann||token', 'a savepoint takes the organization back';

# Nothing that the caller brings changes the question.
$cluster->sql('shop', 'GRANT CREATE ON DATABASE shop TO app');
$session->query(q{CREATE SCHEMA hostile; GRANT USAGE ON SCHEMA hostile TO PUBLIC; CREATE FUNCTION hostile.yes(uuid, uuid) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR hostile.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = hostile.yes);
    CREATE FUNCTION hostile.yes(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.yes);
    CREATE TEMP TABLE "Member" (usr text, org uuid, "Role" text);});
$session->query("INSERT INTO pg_temp.\"Member\" VALUES ('ann', '$b', 'admin'); SET search_path = hostile, pg_temp, m, pg_catalog");
like as('ann', org($b)), qr/^ERROR:  user is not a member/m, 'operators and tables of the caller do not count';
is as('ann', org($a)), "uuid|{$a}|ann|editor|membership", 'nor do they stand in the way';
$session->query('SET row_security = off');
is as('ann', org($a)), "uuid|{$a}|ann|editor|membership", 'row_security = off neither';
is $session->query('SELECT current_user'), 'app', 'the caller is who it was';
like $session->query('TABLE m."Member"', error => 1), qr/permission denied/, 'who may not read the table';
$session->query('RESET search_path; RESET row_security');

# Revoked: at once. Renamed: found. Dropped, or replaced by a view: refused.
my $again = sub { as('ann', org($a)) };
my $old = $cluster->session('shop', 'app');
$old->query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT custody.enter('$user{ann}')");
$cluster->sql('shop', q{DELETE FROM m."Member" WHERE usr = 'ann'});
like $again->(), qr/^ERROR:  user is not a member/m, 'revoked';
like $old->query(org($a), error => 1), qr/^ERROR:  user is not a member/m, 'revoked: also under an old snapshot';
$old->close;
$cluster->sql('shop', qq{INSERT INTO m."Member" VALUES ('ann', '$a', 'reader'); ALTER TABLE m."Member" RENAME TO other});
is $again->(), "uuid|{$a}|ann|reader|membership", 'renamed';
$cluster->sql('shop', q{ALTER TABLE m.other ALTER "Role" TYPE varchar(10)});
is $again->(), "uuid|{$a}|ann|reader|membership", 'a column of another type';
$cluster->sql('shop', q{ALTER TABLE m.other RENAME "Role" TO gone});
like $again->(), qr/^ERROR:  relation cannot tell who is a member$/m, 'a column that is gone';
$cluster->sql('shop', q{ALTER TABLE m.other RENAME gone TO "Role"});
$cluster->sql('shop', q{SELECT custody.set_membership('m.other', 'n', 'w')});
like as('ann', org('one', 'text')), qr/^ERROR:  user is not a member/m, 'a user who is no number';
is as('7', org('x', 'text')), 'text|{x}|7||membership', 'integer users, varchar organizations';
$cluster->sql('shop', q{SELECT custody.set_membership('m.other', 'usr', 'n')});
is as('7', org('7', 'bigint')), 'bigint|{7}|7||membership', 'bigint organizations in an integer column';
like as('7', org('5000000000', 'bigint')), qr/^ERROR:  user is not a member/m, 'beyond an integer';
$cluster->sql('shop', 'DROP TABLE m.other; CREATE VIEW m.other AS SELECT 1');
like as('7', org('7', 'bigint')), qr/^ERROR:  relation cannot tell who is a member$/m, 'dropped';
$cluster->sql('shop', q{CREATE TABLE m.p (usr text, org uuid) PARTITION BY HASH (usr);
    CREATE TABLE m.p0 PARTITION OF m.p FOR VALUES WITH (MODULUS 1, REMAINDER 0)});
$cluster->sql('shop', qq{INSERT INTO m.p VALUES ('ann', '$a'); SELECT custody.set_membership('m.p', 'usr', 'org')});
is $again->(), "uuid|{$a}|ann||membership", 'a partitioned table';
# In a database of another encoding, with letters that it has in common with the token's.
{
    utf8::upgrade(my $name = "J\x{fc}rgen");
    $cluster->sql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
    $cluster->sql('latin', qq{CREATE EXTENSION custody; SELECT custody.add_token_key('app', :'public'); GRANT USAGE ON SCHEMA custody TO app;
        CREATE TABLE member (usr text, org text); INSERT INTO member VALUES (U&'J\\00FCrgen', U&'B\\00E4r');
        SELECT custody.set_membership('member', 'usr', 'org')}, variables => { public => $pair->{public} });
    my $token = own_token('app', $pair->{sign}, db => $cluster->sql('latin', 'SELECT custody.database_id()'), user => $name,
        iat => time, exp => time + 600);
    is $cluster->sql('latin', qq{BEGIN; SELECT FROM custody.enter('$token'); SELECT FROM custody.enter_org(U&'B\\00E4r');
        SELECT orgs = ARRAY[U&'B\\00E4r'], user_id = U&'J\\00FCrgen' FROM custody.context_info()}, user => 'app') =~ s/^\n+//r, 't|t', 'LATIN1';
    is $cluster->sql('latin', qq{BEGIN; SELECT set_config('request.headers', U&'{"user-agent":"J\\00FCrgen","x-custody-token":"$token"}', true) IS NULL;
        SELECT FROM custody.enter_from_headers(); SELECT user_id = U&'J\\00FCrgen' FROM custody.context_info()}, user => 'app') =~ s/\n+/ /gr,
        'f t', 'headers in LATIN1';
}
$cluster->sql('shop', 'SELECT custody.unset_membership()');
like $again->(), qr/^ERROR:  no membership table is set$/m, 'no table';
done_testing;
