# What is moved, and where to: patterns, filters, other names, casts, owners, privileges and roles; on the command
# line, in a TOML file and in the environment.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Judge;

my ($source, $target) = map { start_cluster($_) } qw(source target);
$source->create_database('shop');
$source->sql('shop', <<'SQL');
CREATE ROLE "Shop Owner" NOLOGIN CREATEDB;
CREATE ROLE reader LOGIN PASSWORD 'secret' CONNECTION LIMIT 3;
CREATE ROLE team NOLOGIN;
GRANT team TO reader;
CREATE SCHEMA app AUTHORIZATION "Shop Owner";
CREATE SCHEMA log;
CREATE SCHEMA "Odd.Schema";
CREATE TABLE app.users (id integer PRIMARY KEY, name text NOT NULL, org integer NOT NULL);
CREATE TABLE app.orders (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES app.users, price numeric(10,2),
    at timestamptz(3) DEFAULT '2025-01-01 00:00+00', code text);
CREATE TABLE app.orders_old (LIKE app.orders);
CREATE TABLE log.users (id integer, what text);
CREATE TABLE log.events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE log.events_2024 PARTITION OF log.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE log.events_2025 PARTITION OF log.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE "Odd.Schema"."Order Items" (id integer PRIMARY KEY, "It's" text);
CREATE TABLE "Odd.Schema"."100%" (id integer);
INSERT INTO app.users SELECT g, 'user ' || g, g % 3 FROM generate_series(1, 300) AS g;
INSERT INTO app.orders SELECT g, g % 300 + 1, g + 0.25, '2025-01-01 00:00+00'::timestamptz + g * interval '1 hour', g
    FROM generate_series(1, 1000) AS g;
INSERT INTO app.orders_old SELECT id + 5000, user_id, price FROM app.orders WHERE id <= 50;
INSERT INTO log.users VALUES (1, 'x');
INSERT INTO log.events SELECT '2024-12-01'::date + g, 'e' || g FROM generate_series(0, 60) AS g;
INSERT INTO "Odd.Schema"."Order Items" VALUES (1, ''), (2, NULL);
ALTER TABLE app.users OWNER TO "Shop Owner";
GRANT SELECT ON app.users TO reader;
GRANT SELECT, INSERT ON app.orders TO team WITH GRANT OPTION;
SQL

my $databases = 0;

sub new_target {
    my ($sql) = @_;
    my $name = 'shop' . ++$databases;
    $target->create_database($name, extension => 1);
    $target->sql($name, $sql) if $sql;
    return $name;
}

sub ends { ('--source', $source->conninfo('shop'), '--target', $target->conninfo($_[0])) }

my $empty = new_target();

# The tables of the plan, in order.
sub planned {
    my (@option) = @_;
    my $plan = custody('plan', ends($empty), '--json', '--no-owner', '--no-privileges', @option);
    return "exit $plan->{exit}: $plan->{stderr}" if $plan->{exit};
    return join ' ', sort map { "$_->{schema}.$_->{name}" } @{ json($plan->{stdout})->{tables} };
}

sub refused {
    my ($exit, $code, @option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $plan = custody('plan', ends($empty), @option);
    is $plan->{exit}, $exit, "@option: exit $exit" or diag $plan->{stdout};
    like "$plan->{stdout}$plan->{stderr}", qr/(\[$code\]|^blocking $code: ).*hint: /ms, "with $code and a hint";
    return $plan->{stderr};
}

my $app = 'app.orders app.orders_old app.users';
my $log = 'log.events_2024 log.events_2025 log.users';
my $odd = 'Odd.Schema.100% Odd.Schema.Order Items';
is planned(), "$odd $app $log", 'everything';
is planned('--schema', 'app'), $app, 'one schema';
is planned('-n', 'a*', '-n', '?og'), "$app $log", 'schemas by patterns';
is planned('-n', '"Odd.Schema"'), $odd, 'a quoted schema';
is planned('-n', '[!al]*'), $odd, 'a negated set';
is planned('-t', 'users'), 'app.users log.users', 'a table in any schema';
is planned('-t', 'app.order*'), 'app.orders app.orders_old', 'tables by a pattern';
is planned('-t', 'log.events'), 'log.events_2024 log.events_2025', 'a partitioned table';
is planned('-t', 'events_2025'), 'log.events_2025', 'one of its partitions';
is planned('-t', '"Odd.Schema"."Order Items"'), 'Odd.Schema.Order Items', 'a quoted table';
is planned('-t', 'users', '-n', 'log'), "app.users $log", 'tables add to schemas';
is planned('-N', 'log', '-N', 'O*'), $app, 'all but some schemas';
is planned('-N', 'O*', '-T', 'log.events', '-T', '*_old'), 'app.orders app.users log.users', 'all but some tables';
is planned('-t', 'app.*', '-T', 'app.users'), 'app.orders app.orders_old', 'exclusion wins';

like refused(1, 'pattern-matches-nothing', '--schema', 'nowhere'), qr/nowhere/, 'and the pattern';
refused(1, 'pattern-matches-nothing', '--table', 'app.user');
refused(1, 'pattern-matches-nothing', '--table', 'USERS');
refused(1, 'pattern-matches-nothing', '--exclude-table', 'tmp_*');
refused(1, 'pattern-matches-nothing', '--where', 'app.nothing=true');
refused(1, 'pattern-matches-nothing', '--map', 'apps=crm', '--no-schema');
refused(1, 'bad-pattern', '--table', 'app."users');
refused(1, 'bad-pattern', '--table', 'us[ers');
refused(1, 'cast-matches-nothing', '--cast', 'app.users.nam=text');
refused(3, 'mapping-needs-target-schema', '--map', 'app=crm', '--no-owner', '--no-privileges');

# The same from a file and from the environment; the command line wins.
my $file = write_file(<<'TOML', 'shop.toml');
exclude-schema = ["log", "O*"]
no-owner = true
[table."app.users"]
where = "org = 1 -- only these"
TOML
is planned('--config', $file), $app, 'patterns from a file';
is planned({ env => { CUSTODY_CONFIG => $file } }), $app, 'the file from the environment';
is planned('-c', $file, '-N', 'app'), "$odd $log", 'the command line wins';
is planned({ env => { CUSTODY_TABLE => 'app.users' } }), 'app.users', 'a pattern from the environment';

# Rows that meet a condition, from the file; owners and privileges as they are, with the roles.
{
    my $name = new_target();
    my @option = (ends($name), '-n', 'app', '--where', 'app.orders_old=user_id < 20 AND price > 10');
    my $run = custody('run', @option);
    is $run->{exit}, 3, 'roles that the target lacks are refused';
    like $run->{stderr}, qr/\[role-missing\]/, 'by their code';
    is $target->sql($name, 'SELECT count(*) FROM custody.migration'), 0, 'and nothing is written';

    $run = custody('run', @option, '--where', 'app.users=org >= 0', '--roles');
    is $run->{exit}, 0, 'they are created with --roles' or diag $run->{stderr};
    is $target->sql($name, q{SELECT string_agg(concat_ws(' ', rolname, rolcanlogin, rolcreatedb, rolconnlimit,
            rolpassword IS NULL), ', ' ORDER BY rolname) FROM pg_authid WHERE rolname IN ('Shop Owner', 'reader', 'team')}),
        'Shop Owner f f -1 t, reader t f 3 t, team f f -1 t', 'without passwords and without power';
    is $target->sql($name, q{SELECT pg_has_role('reader', 'team', 'MEMBER')}), 't', 'as members of each other';
    is $target->sql($name, 'SELECT count(*), min(id), max(price) FROM app.orders_old'), '9|5010|18.25',
        'the rows of the condition alone';
    my $owners = q{SELECT relowner::regrole, relacl FROM pg_class WHERE oid IN ('app.users'::regclass,
        'app.orders'::regclass) ORDER BY relname};
    is $target->sql($name, $owners), $source->sql('shop', $owners), 'owners and privileges are the same';
}

# Neither owners nor privileges.
{
    my $name = new_target();
    my $run = custody('run', ends($name), '--config', $file, '--no-privileges', '-T', 'orders*');
    is $run->{exit}, 0, 'a run without owners and privileges' or diag $run->{stderr};
    is $target->sql($name, q{SELECT relowner::regrole, relacl FROM pg_class WHERE oid = 'app.users'::regclass}),
        'postgres|', 'leaves both alone';
    is $target->sql($name, 'SELECT count(*), min(org), max(org) FROM app.users'), '100|1|1',
        'and takes the condition of the file';
    my $verify = custody('verify', ends($name));
    is $verify->{exit}, 0, 'custody verify knows the condition' or diag $verify->{stderr};
}

# Other names, other orders of columns, other types.
my $crm = <<'SQL';
CREATE SCHEMA crm;
CREATE TABLE crm.users (org bigint NOT NULL, extra text DEFAULT 'new', name varchar, id integer PRIMARY KEY);
CREATE TABLE crm."Order" (code integer, at timestamptz, price numeric(12,2), user_id bigint NOT NULL
    REFERENCES crm.users, id bigint PRIMARY KEY);
SQL
my @renamed = ('-t', 'app.users', '-t', 'app.orders', '--no-schema', '--map', 'app=crm', '--map',
    'app.orders=crm."Order"');
{
    my $name = new_target($crm);
    my $run = custody('run', ends($name), @renamed);
    is $run->{exit}, 3, 'a column that does not fit is refused';
    like $run->{stderr}, qr/app\.orders\.code: .*text.*integer.*\[column-type\]/, 'with both types';

    $run = custody('run', ends($name), @renamed, '--cast', 'app.orders.code=integer', '--json');
    is $run->{exit}, 0, 'and moved with a cast that the user chose' or diag $run->{stderr};
    my ($orders) = grep { $_->{source} eq 'app.orders' } @{ json($run->{stdout})->{tables} };
    is "$orders->{target} $orders->{lossy_rows} $orders->{verdict}", 'crm.Order 0 equal',
        'the report has the other name, and counts that nothing was lost';
    my $columns = 'id, user_id, price, at, code';
    is $target->sql($name, qq{SELECT $columns FROM crm."Order" ORDER BY id}),
        $source->sql('shop', "SELECT $columns FROM app.orders ORDER BY id"), 'the same rows';
    is $target->sql($name, q{SELECT count(*) FROM crm.users WHERE extra = 'new'}), 300, 'a column of its own';
    is $target->sql($name, q{SELECT convalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'crm'::regnamespace}),
        't',
        'the foreign key is back, and valid';
}

# A cast that loses: counted, never called equal.
{
    $source->sql('shop', q{UPDATE app.orders SET code = '007' WHERE id IN (7, 8)});
    my $config = write_file(<<'TOML', 'lossy.toml');
no-schema = true
[table."app.users"]
target = "crm.users"
[table."app.orders"]
target = 'crm."Order"'
cast.code = "integer"
TOML
    my $name = new_target($crm);
    my $run = custody('run', ends($name), '-t', 'app.users', '-t', 'app.orders', '-c', $config, '--json');
    is $run->{exit}, 5, 'a cast that loses ends with exit 5' or diag $run->{stderr};
    my ($orders) = grep { $_->{source} eq 'app.orders' } @{ json($run->{stdout})->{tables} };
    is "$orders->{verdict} $orders->{lossy_rows}", 'different 2', 'different, by the rows that do not survive';
    like $orders->{reason}, qr/2 rows/, 'as its reason says';
    my $verify = custody('verify', ends($name));
    is $verify->{exit}, 5, 'custody verify says so, too';
    like $verify->{stdout}, qr/app\.orders +different/, 'of the table';
}
done_testing;
