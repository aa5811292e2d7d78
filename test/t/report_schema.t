# Every field that a command prints as JSON is in docs/report-schema.md, in the section of the command.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

my %section = sections(source_directory() . '/docs/report-schema.md');
my $source = start_cluster('source');
my $target = start_cluster('target');
$source->create_database('shop');
$source->sql('shop', q{CREATE TABLE item (id int PRIMARY KEY, note text); CREATE SEQUENCE numbers;
    INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 100) i; CREATE TABLE bare (a int);
    INSERT INTO bare VALUES (1); CREATE TABLE refused (id int PRIMARY KEY); INSERT INTO refused VALUES (1)});
$target->create_database('shop', extension => 1);
my @ends = ('--source', $source->conninfo('shop'), '--target', $target->conninfo('shop'));
my @target = @ends[ 2, 3 ];

my $run = custody('run', @ends, '--json');
is $run->{exit}, 0, 'run' or diag $run->{stderr};
documented_ok('reports and of status', $run);
documented_ok('reports and of status', custody('status', @target, '--json'));

$target->sql('shop', q{UPDATE item SET note = NULL WHERE id = 42; DELETE FROM item WHERE id = 43;
    INSERT INTO item VALUES (1000); INSERT INTO bare VALUES (2); CREATE INDEX ON item (note); DELETE FROM refused;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse()});
documented_ok('custody verify', custody('verify', @ends, '--json', '--recheck', 0));
documented_ok('custody verify', custody('verify', @ends, '--json', '--dry-run'));
documented_ok('custody compare', custody('compare', @ends, '--json', '--ignore', 'trigger'));
documented_ok('custody repair', custody('repair', @ends, '--json', '--apply', '--recheck', 0));
documented_ok('custody lint', custody('lint', '--target', $source->conninfo('shop'), '--json', '--org-column', 'id'));
done_testing;

# Title => text of each part of the page.
sub sections {
    my ($path) = @_;
    open my $file, '<:utf8', $path or die "$path: $!";
    my ($title, %text);
    while (my $line = <$file>) {
        $title = $1 if $line =~ /^# The JSON of (.*)/;
        $text{$title} .= $line if defined $title;
    }
    return %text;
}

sub documented_ok {
    my ($title, $result) = @_;
    my $document = eval { json($result->{stdout}) };
    ok $document, "$title: JSON" or return diag $result->{stdout}, $result->{stderr};
    my %known = map { $_ => 1 } map { split /[.\[\]]+/ } $section{$title} =~ /`([\w.\[\]]+)`/g;
    $known{$_} = 1 for qw(schema_version);
    my %printed;
    collect($document, \%printed);
    my @missing = grep { !$known{$_} } sort keys %printed;
    is "@missing", '', "$title: every field is documented";
}

# The keys of all objects within; those of "parts" are classes of objects.
sub collect {
    my ($value, $printed) = @_;
    if (ref $value eq 'ARRAY') {
        collect($_, $printed) for @$value;
    } elsif (ref $value eq 'HASH') {
        for my $key (keys %$value) {
            $printed->{$key} = 1;
            collect($value->{$key}, $printed) unless $key eq 'parts';
        }
    }
}
