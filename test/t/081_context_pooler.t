# Behind pgbouncer in transaction mode: a backend goes from one client to the next with every
# transaction, and takes no context along, nor rows of one.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use Custody::Test::Pooler;

plan skip_all => 'no pgbouncer' unless Custody::Test::Pooler->program;
my $cluster = start_cluster('pooled');
$cluster->create_database('shop', extension => 1);
$cluster->sql('shop', q{
    CREATE ROLE app LOGIN;
    GRANT USAGE ON SCHEMA custody TO app;
    GRANT EXECUTE ON FUNCTION custody.set_context(bigint, text, text, timestamptz, jsonb, boolean) TO app;
    CREATE TABLE docs AS SELECT i AS id, i % 8 AS org_id FROM generate_series(1, 800) i;
    CREATE INDEX ON docs (org_id);
    ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON docs TO app USING (org_id = custody.current_org_or_null_bigint());
    GRANT ALL ON docs TO app;
    CREATE FUNCTION look(org bigint) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        own bigint;
        foreign_rows bigint;
    BEGIN
        SELECT count(*) FILTER (WHERE org_id = org), count(*) FILTER (WHERE org_id <> org) INTO own, foreign_rows FROM docs;
        IF own <> coalesce(org * 0 + 100, 0) OR foreign_rows <> 0 THEN
            RAISE 'org % sees % rows of its own and % of others', org, own, foreign_rows;
        END IF;
    END$$});

# One backend for all.
my $one = Custody::Test::Pooler->start($cluster, 'shop', user => 'app', size => 1);
my ($a, $b) = map { Custody::Test::Session->new(program('psql'), $one->conninfo) } 1 .. 2;
my $pid = $a->query('SELECT pg_backend_pid()');
is $b->query('SELECT pg_backend_pid()'), $pid, 'two clients, one backend';
is $a->query(q{BEGIN; SELECT FROM custody.set_context(1, 'ann'); SELECT count(*) FROM docs; COMMIT}) =~ s/^\n//r, '100',
    'a client in its context';
is $b->query('SELECT count(*) FROM docs'), '0', 'the next client has none';
is $b->query('SELECT is_valid FROM custody.context_info()'), 'f', 'and is told so';
$a->query(q{BEGIN; SELECT FROM custody.set_context(1, 'ann'); SAVEPOINT s; SELECT count(*) FROM docs; ROLLBACK});
is $b->query('SELECT count(*) FROM docs'), '0', 'nor after a rollback';
like $a->query(q{BEGIN; SELECT FROM custody.set_context(1, 'ann'); DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM docs; COMMIT},
    error => 1), qr/cursor WITH HOLD cannot keep rows/, 'no cursor stays';
like $b->query('FETCH ALL FROM kept', error => 1), qr/cursor "kept" does not exist/, 'for the next client';
$a->query(q{PREPARE seen AS SELECT count(*) FROM docs});
is $b->query('EXECUTE seen'), '0', 'a prepared statement of the former client has no context either';
$b->query(q{BEGIN; SELECT FROM custody.set_context(2, 'bob'); SELECT look(2)});
is $b->query('EXECUTE seen; COMMIT'), '100', 'and in another one sees that';
# What is for the session is for whoever comes next: nothing for a pooler, and so the caller has to ask for it.
$a->query(q{SELECT FROM custody.set_context(3, 'ann', is_session => true)});
is $b->query('SELECT count(*) FROM docs'), '100', 'a session context stays with the backend';
$b->query('SELECT FROM custody.leave()');
is $a->query('SELECT count(*) FROM docs'), '0', 'until somebody leaves it';
$_->close for $a, $b;
$one->stop;

# Many clients on three backends, each transaction another organization, every third without one.
my $few = Custody::Test::Pooler->start($cluster, 'shop', user => 'app', size => 3);
my $script = write_file(<<'SQL', 'clients.sql');
\set org random(0, 7)
\set how random(0, 2)
\if :how = 0
SELECT look(NULL);
\elif :how = 1
BEGIN;
SELECT FROM custody.set_context(:org::bigint, 'client');
SELECT look(:org);
SAVEPOINT s;
SELECT FROM custody.set_context(((:org + 1) % 8)::bigint, 'client');
SELECT look((:org + 1) % 8);
ROLLBACK TO s;
SELECT look(:org);
COMMIT;
\else
BEGIN;
SELECT FROM custody.set_context(:org::bigint, 'client');
SELECT look(:org);
SELECT FROM custody.leave();
SELECT look(NULL);
ROLLBACK;
\endif
SQL
for my $protocol (qw(simple extended)) {
    my $clients = run_command(program('pgbench'), qw(-n -c 12 -j 2 -t 100 -M), $protocol, '--random-seed=' . seed(), '-f', $script,
        $few->conninfo);
    is $clients->{exit}, 0, "clients on few backends, protocol $protocol" or diag $clients->{stderr};
    like $clients->{stdout}, qr{actually processed: 1200/1200}, 'every transaction saw what it should';
}
$few->stop;
done_testing;
