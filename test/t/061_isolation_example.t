# The example of isolation ends in isolation, twice; and its gate tells each way of breaking it, from what is as safe
# as before.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use File::Basename qw(dirname);
use File::Copy qw(copy);

my $cluster = start_cluster('server');
my $example = source_directory() . '/examples/isolation';
my $folder = temporary_directory() . '/example-isolation';
my $path = join ':', source_directory() . '/build', dirname(program('psql')), $ENV{PATH};
mkdir $folder;
for my $file (glob "$example/*") {
    copy($file, $folder) or die "copy $file: $!";
}

sub script {
    my ($script, $database) = @_;
    return run_command('sh', '-c', 'cd "$0" && sh "./$1"', $folder, $script, { env => { PATH => $path,
        CUSTODY_TARGET => $cluster->conninfo($database), CUSTODY_APP => $cluster->conninfo($database, 'backend') } });
}

# gate.sql alone; its exit code and what it shows.
sub gate {
    my ($database) = @_;
    my ($exit, $out, $err) = $cluster->psql($database, undef, file => "$example/gate.sql");
    return ($exit, "$out\n$err");
}

$cluster->create_database('app');
my $run = script('isolate.sh', 'app');
is $run->{exit}, 0, 'it ends well' or diag $run->{stdout}, $run->{stderr};
like $run->{stdout}, qr/^gate: isolated$/m, 'and says so';
like $run->{stdout}, qr/^=== proven: t, held: t, clean: t$/m, 'proven, held, and nothing to be said';
like $run->{stdout}, qr/^ +10 \| +250 \| +500 \| +50 \| +25 \| +5 \| +1$/m, 'the application sees one organization';
is $cluster->sql('app', q{SELECT count(*) FILTER (WHERE org_id IS NULL) || ' of ' || count(*) FROM public.tasks}),
    '0 of 2000', 'every task has its organization, and the orphans are gone';
is script('isolate.sh', 'app')->{exit}, 0, 'a second time it ends in the same way';
my ($refused, undef, $why) = $cluster->psql('app',
    'BEGIN; DROP POLICY custody_floor ON public.tasks; ALTER POLICY custody_select ON public.tasks USING (true); COMMIT');
isnt $refused, 0, 'the guard refuses what opens a table';
like $why, qr/public\.tasks/, 'and names it';

# What was done with the guard off; what the gate then shows: proven, held, clean, and where.
my @broken = (
    [ 'an open policy', 'DROP POLICY custody_floor ON public.tasks; ALTER POLICY custody_select ON public.tasks USING (true)',
        'fff', qr/public\.tasks\|read_all\|leak/, qr/public\.tasks.*refuted/ ],
    [ 'a policy that lets all be deleted', 'DROP POLICY custody_floor ON public.invoices; ALTER POLICY custody_delete ON public.invoices USING (true)',
        'fff', qr/public\.invoices\|delete_blind\|leak/, qr/public\.invoices.*DELETE.*refuted/ ],
    [ 'a view that reads as its owner', 'CREATE VIEW public.all_tasks AS SELECT * FROM public.tasks; GRANT SELECT ON public.all_tasks TO authenticated',
        'fff', qr/public\.all_tasks\|read_all\|leak/, qr/L501/ ],
    [ 'set_context for the application', 'GRANT EXECUTE ON FUNCTION custody.set_context(uuid, text, text, timestamptz, jsonb, boolean) TO authenticated',
        'ttf', qr/^context.*set_context/m ],
    [ 'a definer function', 'CREATE FUNCTION public.peek() RETURNS SETOF public.invoices LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM public.invoices $$',
        'fff', qr/public\.peek\(\)/ ],
    [ 'TRUNCATE', 'GRANT TRUNCATE ON public.invoices TO service_role', 'fff', qr/public\.invoices\|truncate\|leak/ ],
    [ 'a table owned by the application', 'ALTER TABLE public.projects OWNER TO backend', 'fff', qr/public\.projects\|owner\|leak/ ],
    [ 'a table without protection', 'CREATE TABLE public.notes (org_id uuid, body text); GRANT SELECT ON public.notes TO authenticated;
        INSERT INTO public.notes SELECT id, name FROM public.organizations', 'tff', qr/public\.notes\|read_all\|leak/ ],
    [ 'an exemption that is over', q{UPDATE custody.exemption SET expires = now() - interval '1 day' WHERE code = 'unique_oracle'},
        'tft', qr/unique_oracle\|inconclusive/ ],
    [ 'a policy under the floor', 'CREATE POLICY more ON public.tasks FOR SELECT TO authenticated USING (true)', 'ttt' ],
);
for my $broken (@broken) {
    my ($name, $sql, $expected, @shown) = @$broken;
    $cluster->create_database('broken', template => 'app');
    $cluster->sql('broken', "SELECT custody.set_guard('off'); $sql; SELECT custody.set_guard('refuse')");
    my ($exit, $out) = gate('broken');
    is $exit, $expected eq 'ttt' ? 0 : 3, "$name: the exit code";
    my $verdict = join '', $out =~ /^=== proven: (.), held: (.), clean: (.)$/m;
    is $verdict, $expected, "$name: the gate" or diag $out;
    like $out, $_, "$name: $_" for @shown;
    if ($name =~ /view/) {
        isnt script('gate.sh', 'broken')->{exit}, 0, 'gate.sh stops';
        my @target = ('--target', $cluster->conninfo('broken'));
        is custody('lint', @target)->{exit}, 5, 'custody lint, too';
        is custody('probe', @target, '--role-conninfo', $cluster->conninfo('broken', 'backend'), '--key-file', "$folder/app1.pem",
            '--kid', 'app1')->{exit}, 5, 'custody probe, too';
    }
    $cluster->drop_database('broken');
}

# Roles belong to the cluster: no guard sees them, the gate does.
$cluster->sql('app', 'ALTER ROLE backend BYPASSRLS');
my ($exit, $out) = gate('app');
is $exit, 3, 'a login that bypasses row security';
like $out, qr/backend\|role backend\|become\|leak/, 'is shown';
like $out, qr/^=== proven: f, held: f, clean: f$/m, 'it is not proven either';
$cluster->sql('app', 'ALTER ROLE backend NOBYPASSRLS');
is script('gate.sh', 'app')->{exit}, 0, 'and when it is undone the gate passes';

# The commands of the pages run as they are written, one after the other.
my $no_pooler;
for my $page ([ 'docs/isolation.md', 'In short' ], [ 'README.md', 'Isolate organizations' ]) {
    my ($file, $heading) = @$page;
    open my $text, '<:utf8', source_directory() . "/$file" or die "$file: $!";
    my $whole = do { local $/; <$text> };
    my ($section) = $whole =~ /^## \Q$heading\E\n(.*?)^## /ms;
    my ($sql) = $section =~ /^```sql\n(.*?)^```/ms;
    my ($sh) = $section =~ /^```sh\n(.*?)^```/ms;
    $no_pooler //= ($whole =~ /^(INSERT INTO custody\.exemption[^;]*'pooler'[^;]*;)/m)[0];
    $cluster->create_database('page');
    $cluster->sql('page', <<'SQL');
SELECT 'CREATE ROLE app LOGIN' WHERE to_regrole('app') IS NULL \gexec
CREATE TABLE orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE docs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs, title text);
CREATE TABLE lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc_id uuid NOT NULL REFERENCES docs, words text);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
INSERT INTO orgs (name) SELECT 'org ' || n FROM generate_series(1, 3) n;
INSERT INTO docs (org_id, title) SELECT o.id, 'doc ' || n FROM orgs o, generate_series(1, 5) n;
INSERT INTO lines (doc_id, words) SELECT d.id, 'line ' || n FROM docs d, generate_series(1, 5) n;
ANALYZE;
SQL
    $cluster->sql('page', 'CREATE EXTENSION custody') if $sql !~ /CREATE EXTENSION/;
    my ($exit, $out, $err) = $cluster->psql('page', $sql);
    is $exit, 0, "$file: SQL" or diag $err;
    like $out, qr/^3\|\d+\|0\|0\|0\|\{postgres\}\|t$/m, "$file: proven";
    unlike $out, qr/\|leak\|/, "$file: nothing leaks";
    $cluster->sql('page', $no_pooler);
    my %service = (app => 'app', admin => 'postgres', new => 'postgres');
    my $services = write_file(join('', map { "[$_]\nhost=@{[ $cluster->socket_directory ]}\ndbname=page\nuser=$service{$_}\n" } keys %service), 'services');
    unlink "$folder/app1.pem";
    my $shell = run_command('sh', '-ec', "cd '$folder'\n$sh", { env => { PATH => $path, PGSERVICEFILE => $services } });
    is $shell->{exit}, 0, "$file: shell" or diag $shell->{stdout}, $shell->{stderr};
    like $shell->{stdout}, qr/^every attack was held: \d+ held, 0 leak, 0 inconclusive/m, "$file: held";
    $cluster->drop_database('page');
}

done_testing;
