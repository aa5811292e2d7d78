# docs/reference.md is what docs/reference.sql prints, and every object of the extension that a
# person may meet has a comment.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my $cluster = start_cluster('one');
$cluster->create_database('reference', extension => 1);

is $cluster->sql('reference', <<'SQL'), '', 'everything has a comment';
WITH member AS (
    SELECT classid, objid FROM pg_depend
     WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'custody'))
SELECT 'function ' || objid::regprocedure FROM member
 WHERE classid = 'pg_proc'::regclass AND obj_description(objid, 'pg_proc') IS NULL
UNION ALL
SELECT 'relation ' || c.oid::regclass FROM member JOIN pg_class c ON c.oid = objid
 WHERE classid = 'pg_class'::regclass AND c.relkind IN ('r', 'v')
   AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT format('column %s.%s', c.oid::regclass, a.attname)
  FROM member JOIN pg_class c ON c.oid = objid JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE classid = 'pg_class'::regclass AND c.relkind IN ('r', 'v') AND a.attnum > 0
   AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
SQL

my $made = $cluster->file('reference', source_directory() . '/docs/reference.sql');
open my $file, '<:utf8', source_directory() . '/docs/reference.md' or die "docs/reference.md: $!";
my $kept = do { local $/; <$file> };
s/\s+\z/\n/ for $made, $kept;
is $kept, $made, 'docs/reference.md is up to date: docs/reference.sql says how to make it';
done_testing;
