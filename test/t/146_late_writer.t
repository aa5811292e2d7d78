# Another extension changes a recorded table while a transaction commits. Before custody has closed the
# transaction's events that is one more event; after it, it is refused, and nothing is committed.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Ledger::Checks qw(reconciled);
use Custody::Test;

my $include = run_command($ENV{PG_CONFIG} || 'pg_config', '--includedir-server')->{stdout} =~ s/\n//r;
my $source = write_file(<<'C', 'late.c');
#include "postgres.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
PG_MODULE_MAGIC;
void _PG_init(void);
static char *statement = NULL;
static void late(XactEvent event, void *argument)
{
    char *now = statement;
    if (event != XACT_EVENT_PRE_COMMIT || now == NULL || *now == '\0')
        return;
    PushActiveSnapshot(GetTransactionSnapshot());
    SPI_connect();
    SPI_execute(now, false, 0);
    SPI_finish();
    PopActiveSnapshot();
}
void _PG_init(void)
{
    DefineCustomStringVariable("late.statement", "run at the end of each transaction", NULL, &statement, "",
                               PGC_USERSET, 0, NULL, NULL, NULL);
    RegisterXactCallback(late, NULL);
}
C
my $library = temporary_directory() . '/late.so';
my $made = run_command(qw(cc -O1 -shared -fPIC -I), $include, '-o', $library, $source);
is $made->{exit}, 0, 'a library that writes while a transaction commits' or diag $made->{stderr};
chmod 0755, $library;

my $c = start_cluster('one');
$c->create_database('d', extension => 1);
$c->sql('d', q{SELECT custody.init_ledger(); CREATE TABLE t (id int PRIMARY KEY, a text); SELECT custody.audit('t')});
my $verify = q{SELECT count(*) FROM custody.verify_ledger() WHERE status = 'refuted'};
sub ends_with { return "BEGIN; $_[0]; SET LOCAL late.statement = 'INSERT INTO t VALUES ($_[1], ''late'')'; COMMIT" }

# The server calls the newest callback first: a library that is loaded after custody writes in time.
my $after = $c->session('d');
$after->query("LOAD '\$libdir/custody'; LOAD '$library'");
$after->query(ends_with(q{INSERT INTO t VALUES (1, 'early')}, 2));
$after->query(ends_with('SELECT 1', 3));
is $c->sql('d', q{SELECT string_agg(id || ' ' || a, ', ' ORDER BY id) FROM t}), '1 early, 2 late, 3 late', 'before the events are closed it writes';
is $c->sql('d', $verify), 0, '... which is recorded';

my $before = $c->session('d');
$before->query("LOAD '$library'; LOAD '\$libdir/custody'");
for my $what (q{INSERT INTO t VALUES (101, 'early')}, 'SELECT 1') {
    like $before->query(ends_with($what, 200), error => 1), qr/a recorded table cannot be changed at the end of a transaction/, "after it, it does not: $what";
}
is $c->sql('d', 'SELECT count(*) FROM t'), 3, '... and nothing is committed';
$before->query(q{INSERT INTO t VALUES (101, 'as ever')});
$after->query(q{INSERT INTO t VALUES (102, 'as ever')});
is $c->sql('d', $verify), 0, 'the ledger is sound';
is reconciled($c, 'd', 't'), '', '... and agrees with the rows';
done_testing;
