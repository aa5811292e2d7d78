# Findings that no other test meets: each situation is made, and `custody plan` must name it with the
# right severity and write nothing; a blocking one ends `custody run` with 3 before its first write.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $source = start_cluster('source');
my $target = start_cluster('target');
my $number = 0;

# What each side is made of, the finding, and whether it blocks. Options: user => [source, target],
# same => 1 (the source as the target), database => what CREATE DATABASE of the target takes.
sub finds {
    my ($code, $severity, $on_source, $on_target, %option) = @_;
    my $name = 'p' . ++$number;
    $source->create_database($name, options => $option{source_database} // '');
    $source->sql($name, $on_source);
    $target->create_database($name, extension => 1, options => $option{database} // '');
    $target->sql($name, $on_target) if $on_target;
    my @user = @{ $option{user} // [] };
    my $from = $option{same} ? $target->conninfo($name) : $source->conninfo($name, $user[0]);
    my @ends = ('--source', $from, '--target', $target->conninfo($name, $user[1]));
    my $plan = custody('plan', @ends, '--json', @{ $option{arguments} // [] });
    my $printed = eval { json($plan->{stdout}) } // {};
    my ($found) = grep { $_->{code} eq $code } @{ $printed->{findings} // [] };
    is $found && $found->{severity}, $severity, "$code: $severity" or diag $plan->{stdout}, $plan->{stderr};
    return if $severity ne 'blocking';
    is $plan->{exit}, 3, "$code: the plan exits with 3";
    my $run = custody('run', @ends, @{ $option{arguments} // [] });
    is $run->{exit}, 3, "$code: so does a run";
    like $run->{stderr}, qr/\[$code\]/, "$code: it says why";
    is $target->sql($name, 'SELECT count(*) FROM custody.migration'), '0', "$code: and writes nothing";
}

$_->sql('postgres', 'CREATE ROLE reader LOGIN; CREATE ROLE plain LOGIN') for $source, $target;

finds('same-database', 'blocking', 'SELECT', 'CREATE TABLE t (id integer)', same => 1);
finds('source-privilege', 'blocking', 'CREATE TABLE hidden (id integer)', undef, user => ['reader']);
finds('row-security-target', 'blocking', 'CREATE TABLE t (id integer)',
    q{CREATE TABLE t (id integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      ALTER TABLE t OWNER TO plain; GRANT CREATE, USAGE ON SCHEMA public TO plain;
      GRANT SET ON PARAMETER session_replication_role TO plain;
      GRANT custody_operator TO plain; SELECT custody.grant_duty('custody_operator', 'operator')},
    user => [ undef, 'plain' ], arguments => [ '--no-schema' ]);
finds('large-object-collision', 'blocking', q{SELECT lo_from_bytea(990001, 'here')},
    q{SELECT lo_from_bytea(990001, 'there')});
# UTF8 takes every character of LATIN1, not the other way round.
my $latin1 = q{ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'};
finds('encoding-differs', 'info', 'CREATE TABLE t (id integer)', undef, source_database => $latin1);
finds('encoding-differs', 'warning', 'CREATE TABLE t (id integer)', undef, database => $latin1);
finds('unlogged-table', 'info', 'CREATE UNLOGGED TABLE t (id integer)', undef);
finds('extension-created', 'info', 'CREATE EXTENSION hstore', undef);
finds('filter-invalid', 'blocking', 'CREATE TABLE t (id integer)', undef,
    arguments => [ '--where', 'public.t=nothing > 3' ]);

done_testing;
