# Ways to rename and to alter a recorded table that do not name it in ALTER TABLE.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('clinic', extension => 1);
$cluster->sql('clinic', <<'SQL');
SELECT custody.init_ledger();
CREATE SCHEMA s;
CREATE TABLE s.t (id int PRIMARY KEY);
CREATE TABLE u (id int PRIMARY KEY);
CREATE TABLE parent (id int, secret text);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
INSERT INTO child VALUES (1, 'x');
SELECT custody.audit('s.t'), custody.audit('u'), custody.audit('child', redact => '{secret}');
ALTER INDEX u RENAME TO v;
ALTER SCHEMA s RENAME TO z;
ALTER TABLE parent RENAME secret TO hidden;
ALTER TABLE parent ADD extra int DEFAULT 5;
INSERT INTO child VALUES (2, 'in clear');
SQL
is $cluster->sql('clinic', q{SELECT string_agg(schema || '.' || name, ' ' ORDER BY id) FROM custody_ledger.audited}),
    'z.t public.v public.child', 'renamed by ALTER SCHEMA and ALTER INDEX';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE position('in clear'::bytea IN new) > 0}), 0,
    'an inherited column that is renamed stays redacted';
is $cluster->sql('clinic', q{SELECT count(*) FROM custody_ledger.event WHERE position('"default"'::bytea IN new) > 0}), 1,
    'a default for the rows of a child is an event';
$cluster->sql('clinic', 'DROP TABLE z.t, v');
is $cluster->sql('clinic', q{SELECT string_agg(name, ' ') FROM custody_ledger.audited WHERE active}), 'child',
    'a renamed table that is dropped is recorded no more';
done_testing;
