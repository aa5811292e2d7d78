# The tenant context and what is outside of one session: values that wait for the library to load, the
# ends of transactions that are prepared, other databases and backends, and the log.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('context', conf => { max_prepared_transactions => 2 });
$cluster->sql('postgres', 'CREATE ROLE app LOGIN; CREATE ROLE support LOGIN');
$cluster->create_database('shop', extension => 1);
$cluster->sql('shop', q{
    GRANT custody_break_glass TO support;
    GRANT USAGE ON SCHEMA custody TO app;
    CREATE TABLE docs AS SELECT i AS id, i % 4 AS org_id FROM generate_series(1, 4000) i;
    ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON docs TO app USING (org_id = custody.current_org_bigint());
    GRANT ALL ON docs TO app;
    CREATE TABLE maybe AS TABLE docs;
    ALTER TABLE maybe ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON maybe TO app USING (org_id = custody.current_org_or_null_bigint());
    GRANT ALL ON maybe TO app});

# A value as the setter would write it, for org 1 and without end.
my $good = $cluster->sql('shop', q{BEGIN; SELECT FROM custody.set_context(1::bigint, 'mallory', expires => 'infinity');
    SELECT current_setting('custody.context'); COMMIT});
like $good, qr/^1:b/, 'a context that looks good';
(my $escaped = $good) =~ s/([ \\])/\\$1/g;

# What a role sees in a fresh session, in which nothing has loaded the library yet.
sub seen {
    my ($user, %option) = @_;
    my $before = $option{before} // '';
    my $result = run_command(program('psql'), qw(-XAtq -d), $cluster->conninfo('shop', $user), '-c', $before || 'SELECT',
        '-c', 'SELECT count(*) FROM maybe', '-c', 'SELECT is_valid FROM custody.context_info()', '-c',
        'SELECT count(*) FROM docs', { env => { PGOPTIONS => $option{startup} } });
    return $result;
}

sub is_refused {
    my ($name, %option) = @_;
    my $as_app = seen('app', %option);
    is $as_app->{stdout}, "0\nf\n", "$name: no row, no context" or diag $as_app->{stderr};
    like $as_app->{stderr}, qr/ERROR:  no tenant context\n.*\z/s, "$name: the strict accessor raises";
    my $as_superuser = run_command(program('psql'), qw(-XAtq -d), $cluster->conninfo('shop'), '-c', $option{before} || 'SELECT',
        '-c', 'SELECT is_valid FROM custody.context_info()', { env => { PGOPTIONS => $option{startup} } });
    is $as_superuser->{stdout}, "f\n", "$name: nor for a superuser" or diag $as_superuser->{stderr};
}

is_refused('nothing set');
my $parallel = join ' ', map { "-c $_" } qw(force_parallel_mode=on parallel_setup_cost=0 parallel_tuple_cost=0
    min_parallel_table_scan_size=0 parallel_leader_participation=off);
is_refused('startup option', startup => "-c custody.context=$escaped");
is_refused('startup option with workers', startup => "$parallel -c custody.context=$escaped");
is_refused('SET before the library', before => "SET custody.context = '$good'");
is_refused('SET before the library with workers', before => "SET custody.context = '$good'", startup => $parallel);
is_refused('set_config before the library', before => "SELECT FROM set_config('custody.context', '$good', false)");
{
    my $session = $cluster->session('shop', 'app');
    $session->query("BEGIN; SET LOCAL custody.context = '$good'; SAVEPOINT s; SET custody.context = 'other'");
    like $session->query('SELECT count(*) FROM maybe'), qr/^(?:WARNING.*\n(?:DETAIL.*\n)?(?:HINT.*\n)?)*0$/,
        'a stack of values before the library: no row';
    $session->query('ROLLBACK TO s');
    is $session->query('SELECT count(*) FROM maybe'), '0', 'nor after a rollback to a savepoint';
    $session->query('COMMIT');
    is $session->query('SELECT count(*) FROM maybe'), '0', 'nor after the commit';
    like $session->query("SET custody.context = '$good'", error => 1), qr/permission denied/, 'nor set any more';
    $session->close;
}
# Without the library the server cannot know better than to store it; with it the login is not harmed.
for my $target ('ROLE app', 'ROLE postgres', 'DATABASE shop', 'ROLE app IN DATABASE shop', 'ROLE ALL') {
    $cluster->sql('shop', "ALTER $target SET custody.context = '$good'");
    is_refused("ALTER $target SET");
    is_refused("ALTER $target SET, with workers", startup => $parallel);
    $cluster->sql('shop', "ALTER $target RESET custody.context");
}
my ($status, undef, $error) = $cluster->psql('shop', "ALTER ROLE app SET custody.context = '$good'", user => 'app');
isnt $status, 0, 'a role cannot store it for itself';

# The server's own settings: at most a value that is refused when the library comes.
my $value = $good =~ s/'/''/gr;
$cluster->configure('custody.context' => "'$value'");
$cluster->restart;
is_refused('postgresql.conf');
$cluster->configure('shared_preload_libraries' => q{'$libdir/custody'});
$cluster->restart;
is_refused('postgresql.conf and shared_preload_libraries');
is_refused('then SET', before => "SET custody.context = '$good'");
for my $user ('app', 'postgres') {
    my $login = run_command(program('psql'), qw(-XAtq -d), $cluster->conninfo('shop', $user), '-c',
        'SELECT is_valid FROM custody.context_info()', { env => { PGOPTIONS => "-c custody.context=$escaped" } });
    unlike $login->{stdout}, qr/^t/m, "startup option and shared_preload_libraries, $user: no context";
}

# PREPARE TRANSACTION takes the rows along, not the context; whoever commits needs none.
my $session = $cluster->session('shop');
$session->query(q{BEGIN; SELECT FROM custody.set_context(2::bigint, 'ann'); SET LOCAL ROLE app;
    INSERT INTO docs VALUES (9001, 2); PREPARE TRANSACTION 'p'});
is $session->query('SELECT is_valid FROM custody.context_info()'), 'f', 'no context after PREPARE TRANSACTION';
my $other = $cluster->session('shop');
$other->query("COMMIT PREPARED 'p'");
is $other->query('SELECT is_valid FROM custody.context_info()'), 'f', 'nor after COMMIT PREPARED';
is $other->query('SELECT org_id FROM docs WHERE id = 9001'), '2', 'the row is there';

# A session's context is that backend's, in that database.
$cluster->create_database('second', extension => 1);
$session->query(q{SELECT FROM custody.set_context(3::bigint, 'ann', is_session => true)});
is $session->query('SELECT custody.current_org_bigint()'), '3', 'of the session';
is $other->query('SELECT is_valid FROM custody.context_info()'), 'f', 'not of another backend';
is $cluster->sql('second', 'SELECT is_valid FROM custody.context_info()'), 'f', 'not in another database';
$session->query('DISCARD ALL');
is $session->query('SELECT is_valid FROM custody.context_info()'), 'f', 'DISCARD ALL ends it';
$_->close for $session, $other;

# What policies call is for everybody, also where nothing new is; and where that is the built-in default, no
# privileges are stored, which each query would read.
my $stored = q{SELECT string_agg(DISTINCT proname::text, ' ') FROM pg_proc WHERE pronamespace = 'custody'::regnamespace
    AND proname ~ '^(leave|context_info|current_.*)$' AND };
is $cluster->sql('shop', "$stored proacl IS NOT NULL"), '', 'no accessor has privileges of its own';
$cluster->create_database('strict');
$cluster->sql('strict', 'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; CREATE EXTENSION custody;
    GRANT USAGE ON SCHEMA custody TO app');
is $cluster->sql('strict', "$stored NOT has_function_privilege('app', oid, 'EXECUTE')"), '',
    'under default privileges that give none, everybody may call them';
is $cluster->sql('strict', 'SELECT custody.current_org_or_null_uuid() IS NULL', user => 'app'), 't', 'and calls them';

# Break glass: what is rolled back is on record all the same, in the table and in the log.
my $position = $cluster->log_position;
my $id = $cluster->sql('shop', q{SELECT custody.declare_break_glass('{1,2}'::bigint[], E'ticket 7\nLOG:  all is well')},
    user => 'support');
$cluster->sql('shop', "BEGIN; SELECT FROM custody.enter_break_glass('$id'); ROLLBACK", user => 'support');
my $log = $cluster->log_since($position);
like $log, qr/LOG:  break glass $id declared by "support" for organizations \["1","2"\]: "ticket 7\\nLOG:  all is well"$/m,
    'the declaration is in the log, on one line';
like $log, qr/LOG:  break glass $id entered by "support" for organizations \["1","2"\]: "ticket 7\\nLOG:  all is well"$/m,
    'so is the entry, though it was rolled back';
is $cluster->sql('shop', "SELECT reason FROM custody.break_glass WHERE id = '$id'"), "ticket 7\nLOG:  all is well", 'and in the table';
done_testing;
