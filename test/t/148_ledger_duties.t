# Duties that are given before there is a ledger are duties in it: whoever had one can read what the admin then makes; whoever
# has a function of one only, cannot.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', q{
    CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE cem LOGIN; CREATE ROLE oli LOGIN; CREATE ROLE timer LOGIN;
    SELECT custody.grant_duty('ann', 'admin'), custody.grant_duty('bob', 'legal'), custody.grant_duty('cem', 'auditor'),
           custody.grant_duty('oli', 'operator');
    GRANT USAGE ON SCHEMA custody TO timer; GRANT EXECUTE ON FUNCTION custody.seal(boolean) TO timer;
    GRANT SELECT ON custody.audit_exemption, custody.audit_attestation TO timer; GRANT CREATE ON SCHEMA public TO ann});
sub as { my ($user, $sql) = @_; return $cluster->sql('clinic', $sql, user => $user) }

as('ann', q{SELECT custody.init_ledger(); CREATE TABLE patient (id int PRIMARY KEY, name text); SELECT custody.audit('patient');
    INSERT INTO patient VALUES (7, 'Ada')});
is as('oli', 'SELECT custody.seal()'), 1, 'the operator seals';
is as($_->[0], 'SELECT ' . $_->[1]), $_->[2], "$_->[0]: $_->[1]" for
    ['ann', q{status FROM custody.reconcile('patient')}, 'proven'], ['ann', q{count(*) FROM custody.history('patient', '7')}, 1],
    ['bob', q{count(*) FROM custody.history('patient', '7')}, 1], ['bob', q{custody.place_hold('case', 'patient')}, 1],
    ['bob', q{custody.request_erase('patient', '{"id": 7}', 'x')}, 1],
    map([$_, q{bool_and(status = 'proven') FROM custody.verify_ledger() WHERE "check" = 'payloads'}, 't'], 'cem', 'oli', 'ann'),
    ['cem', q{count(*) > 0 FROM custody.export_ledger()}, 't'], ['cem', q{count(*) FROM custody_ledger.event WHERE op = 'I'}, 1];
is as('timer', 'SELECT custody.seal() > 1'), 't', 'a role that only seals does';
my ($exit, undef, $error) = $cluster->psql('clinic', 'SELECT FROM custody_ledger.event', user => 'timer');
like $error, qr/permission denied for schema custody_ledger/, '... and has no right to read';

done_testing;
