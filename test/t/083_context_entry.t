# One entry per transaction: who has entered a context with a token gets to no other one with a token
# that it finds, whatever was left, reset, rolled back or has expired in between.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Token;

my $cluster = start_cluster('entry');
$cluster->create_database('shop', extension => 1);
my $pair = key_pair('ed25519');
$cluster->sql('shop', q{
    SELECT custody.add_token_key('app', :'public');
    CREATE ROLE app LOGIN;
    CREATE ROLE trusted LOGIN;
    GRANT USAGE ON SCHEMA custody TO app, trusted;
    GRANT EXECUTE ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) TO trusted;
    CREATE TABLE member (user_id text, org_id bigint, role text);
    INSERT INTO member VALUES ('ann', 1, 'editor'), ('ann', 2, 'viewer');
    SELECT custody.set_membership('member', 'user_id', 'org_id', 'role')}, variables => { public => $pair->{public} });
my $db = $cluster->sql('shop', 'SELECT custody.database_id()');

sub token {
    my ($org, %change) = @_;
    my $now = int time;
    my %field = (user => 'ann', role => 'editor', exp => $now + 600, %change);
    return own_token('app', $pair->{sign}, db => $db, (defined $org ? (org_type => 'bigint', org => $org) : ()),
        (map { defined $field{$_} ? ($_ => $field{$_}) : () } sort keys %field), iat => $now);
}

sub enter { "SELECT FROM custody.enter('" . token(@_) . "')" }

my $look = q{SELECT coalesce(orgs::text, 'none') || ' ' || coalesce(user_id, '-') || ' ' || coalesce(role, '-') FROM custody.context_info()};
my $session = $cluster->session('shop', 'app');

# The statements in one transaction, each of them in a savepoint of its own only when told so.
sub transaction {
    my ($with, @statement) = @_;
    my $answer = $with->query(join(";\n", 'BEGIN', @statement) . ';', error => 1);
    my $state = $answer =~ /^ERROR/m ? '' : $with->query($look);
    $with->query('ROLLBACK', error => 1);
    $answer =~ s/^(?:DETAIL|HINT|LINE|CONTEXT):.*\n?|^\s*\^?\s*$//mg;
    $answer =~ s/^ERROR:  current transaction is aborted.*\n?//mg;
    chomp $answer;
    return $answer eq '' ? $state : $answer;
}
my $refused = 'ERROR:  this transaction has entered a tenant context already';

is transaction($session, enter(1)), '{1} ann editor', 'one entry';
is transaction($session, enter(1), enter(2)), $refused, 'another organization';
is transaction($session, enter(1), enter(1, user => 'bob')), $refused, 'another user';
is transaction($session, enter(1), enter(1, role => 'owner')), $refused, 'another role';
is transaction($session, enter(1), enter(1, claims => '{"admin":true}')), $refused, 'other claims';
is transaction($session, enter(1), enter()), $refused, 'the user only';
is transaction($session, enter(1), enter(1, exp => int(time) + 1200)), '{1} ann editor', 'the same, for longer';
is transaction($session, enter(1), 'SELECT FROM custody.leave()', enter(2)), $refused, 'after leaving';
is transaction($session, enter(1), 'SELECT FROM custody.leave()', enter(1)), $refused, 'nor the same';
is transaction($session, 'SELECT FROM custody.leave()', enter(2)), '{2} ann editor', 'leaving nothing is nothing';
is transaction($session, enter(1), 'RESET ALL', enter(2)), $refused, 'after RESET ALL';
is transaction($session, enter(1), 'SAVEPOINT s', 'RESET ALL', 'ROLLBACK TO s', enter(2)), $refused, 'also taken back';
is transaction($session, enter(1), 'SAVEPOINT s', 'SELECT FROM custody.leave()', 'ROLLBACK TO s'), '{1} ann editor',
    'leaving taken back';
is transaction($session, enter(1), 'SAVEPOINT s', enter(2), 'ROLLBACK TO s'), $refused, 'refused in a savepoint';
is transaction($session, 'SAVEPOINT s', enter(1), 'ROLLBACK TO s', enter(2)), '{2} ann editor', 'an entry taken back was none';
is transaction($session, 'SAVEPOINT s', enter(1), 'RELEASE s', enter(2)), $refused, 'one that was kept was one';
is transaction($session, enter(1), q{DO $$ BEGIN PERFORM custody.leave(); RAISE 'x'; EXCEPTION WHEN raise_exception THEN END $$}),
    '{1} ann editor', 'leaving in a block that failed';
is transaction($session, enter(2)), '{2} ann editor', 'the next transaction enters anew';
is transaction($session, enter(1), 'COMMIT; BEGIN', 'RESET ALL', enter(2)), '{2} ann editor', 'with no memory of the one before';

# Expired, it is no door either.
my $soon = int(time) + 2;
my $waiting = q{DO $$ BEGIN WHILE (SELECT is_valid FROM custody.context_info()) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$};
is transaction($session, enter(1, exp => $soon), $waiting, enter(2)), $refused, 'another organization after the end';
$soon = int(time) + 2;
is transaction($session, enter(1, exp => $soon), $waiting, enter(1)), '{1} ann editor', 'the same after the end';

# A user first, then one of the user's organizations.
is transaction($session, enter(), 'SELECT FROM custody.enter_org(1)'), '{1} ann editor', 'an organization for a user';
is transaction($session, enter(), 'SELECT FROM custody.enter_org(1)', 'SELECT FROM custody.enter_org(2)'), $refused, 'and not another one';
is transaction($session, enter(), 'SELECT FROM custody.enter_org(1)', enter(2)), $refused, 'nor with a token';
is transaction($session, enter(), enter(1)), $refused, 'a token instead of a membership';

# What may set contexts anyway, may here; and the session's context is one, too.
my $trusted = $cluster->session('shop', 'trusted');
is transaction($trusted, enter(1), q{SELECT FROM custody.set_context(2, 'job')}), '{2} job -', 'set_context replaces';
is transaction($trusted, enter(1), 'SELECT FROM custody.leave()', q{SELECT FROM custody.set_context(2, 'job')}), '{2} job -',
    'also what was left';
is transaction($trusted, q{SELECT FROM custody.set_context(2, 'job')}, enter(1)), $refused, 'a token after set_context';
$trusted->query(q{SELECT FROM custody.set_context(2, 'job', is_session => true)});
is transaction($trusted, enter(1)), $refused, 'a token over a session context';
$trusted->query('SELECT FROM custody.leave()');
is transaction($trusted, enter(1)), '{1} ann editor', 'once that is left';
$_->close for $session, $trusted;
done_testing;
