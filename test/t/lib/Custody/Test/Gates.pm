# A database whose move can be stopped in the middle of a COPY, on either side, and in the middle of
# an index build: functions that wait for an advisory lock which the test holds. No sleeping.
package Custody::Test::Gates;

use strict;
use warnings;
use Custody::Test ();
use Custody::Judge ();

use parent qw(Exporter);
our @EXPORT = qw(fill_gated close_gate blocked terminate ends gated state_of finished_ok READ WRITE INDEX);

use constant { READ => 42, WRITE => 43, INDEX => 44 };

my $schema = <<'SQL';
CREATE FUNCTION public.gate(key int) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(key); RETURN true; END $$;
CREATE FUNCTION public.gate_index(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN IF n = 10000 THEN PERFORM pg_advisory_xact_lock_shared(44); END IF; RETURN n; END $$;
CREATE TABLE big (id bigint PRIMARY KEY, payload text NOT NULL, CHECK (id <> 10000 OR public.gate(43)));
INSERT INTO big SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 20000) n;
CREATE INDEX big_gated ON big (public.gate_index(id));
CREATE TABLE child (id int, big bigint REFERENCES big);
INSERT INTO child SELECT n, 1 + n * 7 % 20000 FROM generate_series(1, 3000) n;
CREATE TABLE log (id bigint, at int, note text) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
CREATE TABLE log_2 PARTITION OF log DEFAULT;
INSERT INTO log SELECT n, n % 20, 'note ' || n FROM generate_series(1, 2000) n;
CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY, note text);
INSERT INTO scratch SELECT n, 'scratch ' || n FROM generate_series(1, 1000) n;
CREATE TABLE few (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);
INSERT INTO few (note) SELECT 'few ' || n FROM generate_series(1, 10) n;
CREATE SEQUENCE numbers;
SELECT setval('numbers', 4711), lo_from_bytea(900001, 'one'), lo_from_bytea(900002, repeat('two', 99999)::bytea);
ANALYZE;
SQL

# Makes the database and fills it.
sub fill_gated {
    my ($cluster, $database) = @_;
    $cluster->create_database($database);
    $cluster->sql($database, $schema);
}

# Holds a gate shut until the returned session is closed.
sub close_gate {
    my ($cluster, $database, $gate) = @_;
    my $session = $cluster->session($database);
    $session->query("SELECT pg_advisory_lock($gate)");
    return $session;
}

# Waits until a backend is held up by a lock in a statement that matches; its process id.
sub blocked {
    my ($cluster, $database, $pattern) = @_;
    return Custody::Test::wait_for("a backend blocked in $pattern", sub {
        return $cluster->sql('postgres', 'SELECT pid FROM pg_stat_activity WHERE datname = '
                . ":'database' AND wait_event_type = 'Lock' AND query ~* :'pattern' ORDER BY pid LIMIT 1",
            variables => { database => $database, pattern => $pattern });
    });
}

# Ends the backends that the condition on pg_stat_activity picks; how many. They are gone on return.
sub terminate {
    my ($cluster, $condition) = @_;
    my $pids = $cluster->sql('postgres', "WITH meant AS MATERIALIZED (SELECT pid FROM pg_stat_activity "
            . "WHERE pid <> pg_backend_pid() AND $condition) "
            . "SELECT string_agg(pid::text, ',') FROM meant WHERE pg_terminate_backend(pid)");
    return 0 unless $pids;
    Custody::Test::wait_for('they are gone', sub {
        return !$cluster->sql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid IN ($pids)");
    });
    return scalar(my @ended = split /,/, $pids);
}

# The options that name both ends; the source's COPY of "big" stops at its gate.
sub ends {
    my ($source, $from, $target, $to) = @_;
    return ('--source', $source->conninfo($from), '--target', $target->conninfo($to));
}
sub gated { return ('--where', 'public.big=id <> 10000 OR public.gate(42)') }

sub state_of {
    my ($target, $database) = @_;
    return $target->sql($database, 'SELECT state FROM custody.migration');
}

# Two tests: exit code 0, and the judge sees no difference. Takes a process that was started.
sub finished_ok {
    my ($process, $from, $to, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $process->wait(120);
    Test::More::is($process->exit_code, 0, "$name: exit code 0")
        or Test::More::diag($process->stderr);
    return Custody::Judge::same_ok($from, $to, "$name: nothing lost, nothing doubled");
}

1;
