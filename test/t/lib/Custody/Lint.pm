# The rules of sql/lint/ and their cases in test/data/lint/, which bear the same name: what a rule has to find, after
# "-- planted: N", and the safe twin, after "-- safe". Each is done in a transaction of its own, which is rolled back.
package Custody::Lint;

use strict;
use warnings;
use utf8;
use Custody::Test ();
use File::Basename qw(basename);

use parent qw(Exporter);
our @EXPORT = qw(lint_cases run_cases);

# What every case may use. ctx() is the context of the safe ones.
my $world = <<'SQL';
CREATE ROLE app; CREATE ROLE other; CREATE ROLE unbound BYPASSRLS; CREATE ROLE owning;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO app; SET LOCAL search_path = s;
CREATE FUNCTION ctx() RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN '00000000-0000-0000-0000-000000000001'::uuid; END $$;
SQL

# By rule: {planted => SQL, count => how many findings, safe => SQL, version => of the server as the rule sees it}.
sub lint_cases {
    my %case;
    for my $path (glob Custody::Test::source_directory() . '/test/data/lint/*.sql') {
        open my $file, '<:utf8', $path or die "$path: $!";
        my $text = do { local $/; <$file> };
        my ($head, $count, $planted, $safe) = $text =~ /^(.*?)^-- planted: ([1-9]\d*)\n(.*?)^-- safe\n(.*)/ms
            or die "$path: no planted case with its number of findings, and safe one\n";
        $case{ basename($path, '.sql') } = {
            count => $count, planted => $planted, safe => $safe, map { /^-- (\w+): (\S+)/ ? ($1 => $2) : () } split /\n/, $head,
        };
    }
    return \%case;
}

# Runs the case of each rule [NAME, QUERY] in one session: NAME => {planted => [lines], safe => [lines]}.
sub run_cases {
    my ($cluster, $database, $cases, @rule) = @_;
    my $sql = "SELECT current_setting('server_version_num')::int >= 160000 AS from_16 \\gset\n";
    for my $rule (@rule) {
        my ($name, $query) = @$rule;
        my $case = $cases->{$name} or next;
        my $version = $case->{version};
        for my $kind (qw(planted safe)) {
            my $text = $query =~ s/\$1\b/'org_id'/gr;
            $text =~ s/current_setting\('server_version_num'\)/'$version'/g if $version && $kind eq 'planted';
            $sql .= "BEGIN;\n$world$case->{$kind};\nSET LOCAL search_path = pg_catalog, pg_temp;\n"
                . "SELECT '\@\@', '$name', '$kind', object, seen, remediation FROM ($text) f ORDER BY object COLLATE \"C\";\nROLLBACK;\n";
        }
    }
    my $path = Custody::Test::write_file($sql);
    my $run = Custody::Test::run_command(Custody::Test::program('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1',
        '-F', "\x1f", '-R', "\x1e", '-d', $cluster->conninfo($database), '-f', $path);
    my %found = map { $_->[0] => { planted => [], safe => [] } } @rule;
    utf8::decode($run->{stdout});
    for my $row (split /\x1e|\n(?=\@\@\x1f)/, $run->{stdout}) {
        my ($mark, $name, $kind, @cell) = split /\x1f/, $row, -1;
        push @{ $found{$name}{$kind} }, join ' | ', @cell if defined $kind;
    }
    $found{error} = "$run->{stderr}" if $run->{exit};
    return \%found;
}

1;
