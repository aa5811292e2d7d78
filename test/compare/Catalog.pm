package Catalog;
# Compares what neither a schema dump nor the rows show: sequences, large objects, and the flags of constraints,
# triggers, rules, row security, indexes and materialized views. Each query gives one JSON line per object.
use strict;
use warnings;

sub query {
    my ($conninfo, $sql) = @_;
    open my $pipe, '-|', 'psql', '-XqAt0', '-F', "\x01", '-v', 'ON_ERROR_STOP=1', '-d', $conninfo,
      '-c', "SET search_path = pg_catalog; SET client_encoding = 'UTF8'", '-c', $sql
      or die "could not start psql: $!\n";
    my $text = do { local $/; <$pipe> } // '';
    close $pipe or die "psql failed for \"$conninfo\" at: $sql\n";
    return map { [ split /\x01/, $_, -1 ] } split /\0/, $text;
}

sub literal_list {
    return join ', ', map { "'" . s/'/''/gr . "'" } @_;
}

# A WITH clause: the schemas that are compared.
sub scope {
    my ($option) = @_;
    my $excluded = literal_list(@{ $option->{excluded} });
    return <<"SQL";
WITH scope AS (SELECT oid, nspname FROM pg_namespace
               WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname <> ALL (ARRAY[$excluded]))
SQL
}

my %flags = (
    constraint => <<'SQL',
SELECT json_build_array(c.conrelid::regclass, c.contypid::regtype, c.conname, c.contype, 'validated', c.convalidated,
                        c.condeferrable, c.condeferred, c.conislocal, pg_get_constraintdef(c.oid))
FROM pg_constraint c WHERE c.connamespace IN (SELECT oid FROM scope) AND c.contype NOT IN ('t', 'n')
SQL
    trigger => <<'SQL',
SELECT json_build_array(t.tgrelid::regclass, t.tgname, 'enabled', t.tgenabled)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace IN (SELECT oid FROM scope) AND (NOT t.tgisinternal OR t.tgconstraint = 0)
SQL
    # Their names hold OIDs. They are what makes foreign keys work, so a loader must not leave them disabled.
    # Partitioned tables have some from 15 on only.
    'internal trigger' => <<'SQL',
SELECT json_build_array(t.tgrelid::regclass, 'enabled', t.tgenabled, t.tgfoid::regproc, count(*))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace IN (SELECT oid FROM scope) AND t.tgisinternal AND t.tgconstraint <> 0 AND c.relkind <> 'p'
GROUP BY t.tgrelid, t.tgenabled, t.tgfoid
SQL
    'event trigger' => <<'SQL',
SELECT json_build_array(evtname, 'enabled', evtenabled) FROM pg_event_trigger t
WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_event_trigger'::regclass AND objid = t.oid AND deptype = 'e')
SQL
    rule => <<'SQL',
SELECT json_build_array(r.ev_class::regclass, r.rulename, 'enabled', r.ev_enabled)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace IN (SELECT oid FROM scope)
SQL
    relation => <<'SQL',
SELECT json_build_array(c.oid::regclass, c.relkind, 'row security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
                        'populated', c.relispopulated, 'persistence', c.relpersistence, 'replica identity', c.relreplident,
                        'options', c.reloptions)
FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM scope)
SQL
    index => <<'SQL',
SELECT json_build_array(i.indexrelid::regclass, 'valid', i.indisvalid, 'ready', i.indisready, 'clustered', i.indisclustered,
                        'replica identity', i.indisreplident, 'unique', i.indisunique, i.indimmediate)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace IN (SELECT oid FROM scope)
SQL
);

sub sequence_lines {
    my ($conninfo, $scope) = @_;
    my @sequences = query($conninfo, <<"SQL");
$scope SELECT format('SELECT json_build_array(%L, last_value, is_called) FROM %I.%I', format('%I.%I', n.nspname, c.relname),
                     n.nspname, c.relname)
FROM pg_class c JOIN scope n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
SQL
    return () unless @sequences;
    return query($conninfo, join ' UNION ALL ', map { $_->[0] } @sequences);
}

sub large_object_lines {
    my ($option, $conninfo) = @_;
    my $owner = $option->{'no-owner'}      ? 'NULL' : 'pg_get_userbyid(lomowner)';
    my $acl   = $option->{'no-privileges'} ? 'NULL' : <<'SQL';
ARRAY(SELECT a::text FROM unnest(coalesce(lomacl, acldefault('L', lomowner))) AS a ORDER BY a::text COLLATE "C")
SQL
    return query($conninfo, <<"SQL");
SELECT json_build_array(oid, $owner, $acl, obj_description(oid, 'pg_largeobject'), encode(sha256(lo_get(oid)), 'hex'))
FROM pg_largeobject_metadata
SQL
}

sub database_lines {
    my ($conninfo) = @_;
    return query($conninfo, <<'SQL');
SELECT json_build_array('setting', setrole::regrole, c) FROM pg_db_role_setting, unnest(setconfig) AS c
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT json_build_array('comment', shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = current_database()
UNION ALL
SELECT json_build_array('privilege', a::text)
FROM pg_database, unnest(coalesce(datacl, acldefault('d', datdba))) AS a WHERE datname = current_database()
SQL
}

sub lines {
    my ($option, $conninfo) = @_;
    my $scope = scope($option);
    my %lines = map { $_ => [ query($conninfo, "$scope $flags{$_}") ] } keys %flags;
    $lines{sequence}       = [ sequence_lines($conninfo, $scope) ];
    $lines{'large object'} = [ large_object_lines($option, $conninfo) ];
    $lines{database}       = [ database_lines($conninfo) ] if $option->{database};
    return \%lines;
}

sub differences {
    my ($option, @conninfo) = @_;
    my ($a, $b) = map { lines($option, $_) } @conninfo;
    my @found;
    for my $class (sort keys %$a) {
        my %count;
        $count{ $_->[0] }++ for @{ $a->{$class} };
        $count{ $_->[0] }-- for @{ $b->{$class} };
        for my $line (grep { $count{$_} } sort keys %count) {
            push @found, "$class: only in " . ($count{$line} > 0 ? 'A' : 'B') . ": $line";
        }
    }
    return @found;
}

1;
