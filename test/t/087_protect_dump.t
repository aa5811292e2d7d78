# A protected database dumped and restored is protected, knows that it is, and can be unprotected; the
# owner's own dump fails rather than leave rows out; a script that stopped in the middle goes on.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('source', extension => 1);
$cluster->sql('source', <<'SQL');
CREATE ROLE app;
CREATE ROLE owner LOGIN;
CREATE ROLE backup LOGIN BYPASSRLS IN ROLE pg_read_all_data;
CREATE TABLE orgs (id int8 PRIMARY KEY);
CREATE TABLE docs (id int PRIMARY KEY, org_id int8 REFERENCES orgs, cost numeric);
CREATE INDEX ON docs (cost);
CREATE TABLE pages (id int, doc int NOT NULL REFERENCES docs, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE pages_0 PARTITION OF pages FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO orgs VALUES (1), (2);
INSERT INTO docs VALUES (1, 1), (2, 2);
INSERT INTO pages VALUES (1, 1), (2, 2), (3, 2);
GRANT SELECT ON orgs, docs, pages, pages_0 TO app;
ALTER TABLE docs OWNER TO owner;
SQL
my $before = structure('source');

# Each statement a transaction of its own; the third from the end fails.
$cluster->sql('source', q{INSERT INTO custody.isolation_setting VALUES ('large_table', '0')});
my @statement = script();
cmp_ok @statement, '>', 50, 'a script of many statements';
$cluster->sql('source', $_) for @statement[ 0 .. $#statement - 12 ];
is $cluster->sql('source', 'SELECT count(*) FROM custody.protection'), 0, 'stopped before the end: not protected';
my @rest = script();
cmp_ok @rest, '<', 20, 'the next dry run has the rest only';
$cluster->sql('source', $_) for @rest;
my $todo = q{SELECT count(*) FROM custody.protect_schema('public', dry_run => true) WHERE sql IS NOT NULL};
is $cluster->sql('source', $todo), 0, 'and then nothing is left to do';

my $dump = sub {
    my ($user, @option) = @_;
    return run_command(program('pg_dump'), @option, '-d', $cluster->conninfo('source', $user));
};
my $failed = $dump->('owner', '--table=docs');
isnt $failed->{exit}, 0, 'a dump by the owner fails';
like $failed->{stderr}, qr/would be affected by row-level security/, '... and says why';
like $dump->('backup', '--table=docs')->{stdout}, qr/^2\t2\t/m, 'that of a role that bypasses row security has all rows';
$cluster->create_database('copy');
my $text = $dump->('postgres')->{stdout};
$cluster->sql('copy', $text);

is $cluster->sql('copy', $todo), 0, 'the copy is protected and knows it';
is seen('copy'), '1|1', 'a bound role sees the rows of its organization';
is seen('copy'), seen('source'), '... as in the source';
is $cluster->sql('copy', q{SELECT custody.unprotect(t::regclass) FROM unnest('{pages,docs,orgs}'::text[]) t}) ne '',
    1, 'the copy can be unprotected';
is structure('copy'), $before, '... and is as the source was before';
done_testing;

sub seen {
    my ($database) = @_;
    return $cluster->sql($database, <<'SQL');
BEGIN;
SELECT FROM custody.set_context(1::int8, 'ann');
SET LOCAL ROLE app;
SELECT (SELECT count(*) FROM docs), (SELECT count(*) FROM pages_0);
SQL
}

# The statements of the dry run.
sub script {
    return split /\x01/, $cluster->sql('source', q{SELECT string_agg(sql, E'\x01' ORDER BY step)
        FROM custody.protect_schema('public', roles => '{app}', dry_run => true) WHERE sql IS NOT NULL});
}

# All that protect() could change.
sub structure {
    my ($database) = @_;
    return $cluster->sql($database, <<'SQL');
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl,
       ARRAY(SELECT polname FROM pg_policy WHERE polrelid = c.oid),
       ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = c.oid ORDER BY 1),
       ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid ORDER BY 1),
       ARRAY(SELECT format('%s %s %s', attname, attnotnull, atthasdef) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
SQL
}
