# What is below examples/ runs as it is: the migrations, twice, and what they move arrives; the gate
# passes what is the same and nothing else. The same for the least privileges that docs/loader.md names.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;
use File::Basename qw(dirname);
use File::Copy qw(copy);

my $examples = source_directory() . '/examples';
my $source = start_cluster('source');
my $target = start_cluster('target');
my $path = join ':', source_directory() . '/build', dirname(program('psql')), $ENV{PATH};

subtest 'plain' => sub {
    $source->create_database('shop');
    $source->file('shop', source_directory() . '/demo/generate.sql', variables => { rows => 3000 });
    $target->create_database('shop');
    my $run = move('plain', $source->conninfo('shop'), $target->conninfo('shop'));
    is $run->{exit}, 0, 'it ends well' or diag $run->{stderr};
    like $run->{stdout}, qr/everything arrived/, 'and says so';
    like $run->{stdout}, qr/public\.calls .* equal/, 'the proof is shown';
    is $target->sql('shop', 'SELECT count(*) FROM public.calls'),
        $source->sql('shop', 'SELECT count(*) FROM public.calls'), 'rows';
    is move('plain', $source->conninfo('shop'), $target->conninfo('shop'))->{exit}, 0,
        'a second time there is nothing to do';
};

subtest 'ci' => sub {
    my @sides = ($source->conninfo('shop'), $target->conninfo('shop'));
    my $gate = sub { example('ci', 'gate.sh', @_) };
    my $same = $gate->(@sides);
    is $same->{exit}, 0, 'what arrived passes' or diag $same->{stdout}, $same->{stderr};
    like $same->{stdout}, qr/^gate: schemas and rows are the same$/m, 'and is told so';
    my $proof = temporary_directory() . '/example-ci/proof';
    ok -s "$proof/$_", "proof/$_ is kept" for qw(compare.json report.json report.html);

    $target->sql('shop', "UPDATE public.calls SET notes = 'secret' WHERE id = (SELECT min(id) FROM public.calls)");
    my $rows = $gate->(@sides);
    is $rows->{exit}, 1, 'a row that differs does not pass';
    like $rows->{stderr}, qr/^gate: rows differ/m, 'the reason is told';
    unlike $rows->{stdout} . $rows->{stderr}, qr/secret/, 'without values';
    is custody('repair', '--source', $sides[0], '--target', $sides[1], '--table', 'public.calls', '--apply')->{exit}, 0, 'repaired';
    is $gate->(@sides)->{exit}, 0, 'it passes';

    $target->sql('shop', 'ALTER TABLE public.users ALTER full_name SET DEFAULT 0');
    my $schemas = $gate->(@sides);
    is $schemas->{exit}, 1, 'a definition that differs does not pass';
    like $schemas->{stderr}, qr/^gate: schemas differ/m, 'the reason is told';
    $target->sql('shop', 'ALTER TABLE public.users ALTER full_name DROP DEFAULT');
    is $gate->('host=/nowhere dbname=shop', $sides[1])->{exit}, 2, 'no connection is no verdict';
};

subtest 'supabase' => sub {
    my $service = start_cluster('service');
    $service->create_database('managed');
    $service->file('managed', source_directory() . '/test/data/examples/supabase.sql');
    $target->create_database('app');
    my @sides = ($service->conninfo('managed', 'app_admin'), $target->conninfo('app'));
    my $run = move('supabase', @sides);
    is $run->{exit}, 0, "it ends well" or diag $run->{stderr};
    is $target->sql('app', "SELECT string_agg(format('%s %s', target_object, target_rows), ', '"
            . " ORDER BY target_object COLLATE \"C\") FROM custody.migration_verdict"
            . " WHERE object_type = 'table' AND verdict = 'equal'"),
        'auth.identities 500, auth.users 500, public.posts 3000, public.profiles 500',
        'the application and its users arrived';
    is $target->sql('app', "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace"
            . " WHERE nspname !~ '^pg_|^information_schema'"),
        'auth custody extensions public', 'the schemas of the service stayed behind';
    is $target->sql('app', 'SELECT count(*) FROM pg_publication, pg_event_trigger'), 0,
        'so did its publications and event triggers';
    is $target->sql('app', q(SET ROLE authenticated;
        SELECT set_config('request.jwt.claim.sub', md5('7')::uuid::text, false) <> '';
        SELECT count(*), count(DISTINCT author) FROM public.posts)), "t\n6|1",
        'policies hide what they should';
    is $target->sql('app', q(INSERT INTO auth.users (id, email) VALUES (md5('new')::uuid, 'n@x');
        SELECT handle FROM public.profiles WHERE id = md5('new')::uuid)), 'n', 'triggers fire again';
    $target->sql('app', q(DELETE FROM auth.users WHERE email = 'n@x'));
    is move('supabase', @sides)->{exit}, 0, 'a second time there is nothing to do';
};

subtest 'least privileges' => sub {
    $target->create_database('least', extension => 1);
    $source->sql('shop', <<'SQL');
CREATE ROLE reader LOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA public, auth TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public, auth TO reader;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, auth TO reader;
SQL
    $target->sql('least', <<'SQL');
CREATE ROLE mover LOGIN;
SELECT custody.grant_duty('mover', 'operator');
GRANT SET ON PARAMETER session_replication_role TO mover;
GRANT CREATE ON DATABASE least TO mover;
GRANT CREATE ON SCHEMA public TO mover;
SQL
    my $run = custody('run', '--source', $source->conninfo('shop', 'reader'),
        '--target', $target->conninfo('least', 'mover'), '--no-owner', '--no-privileges');
    is $run->{exit}, 0, 'neither side needs a superuser' or diag $run->{stderr};
};
done_testing;

sub move {
    my ($name, @sides) = @_;
    return example($name, 'move.sh', @sides);
}

# In a folder of its own, as the user who copied the example would run it.
sub example {
    my ($name, $script, $from, $to) = @_;
    my $folder = temporary_directory() . "/example-$name";
    mkdir $folder;
    for my $file (glob "$examples/$name/*") {
        next if -d $file;
        copy($file, $folder) or die "copy $file: $!";
    }
    return run_command('sh', '-c', 'cd "$0" && sh "./$1"', $folder, $script,
        { env => { CUSTODY_SOURCE => $from, CUSTODY_TARGET => $to, PATH => $path } });
}
