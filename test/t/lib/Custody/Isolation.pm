# The corpus of leaks of test/data/isolation: planted in a database, and judged.
package Custody::Isolation;

use strict;
use warnings;
use Custody::Test ();
use JSON::PP ();

use parent qw(Exporter);

our @EXPORT = qw(plant judge flagged rows);

# Makes the database with the whole corpus; returns what was planted, one hash for each place.
sub plant {
    my ($cluster, $database) = @_;
    $cluster->create_database($database, extension => 1);
    $cluster->file($database, Custody::Test::source_directory() . '/test/data/isolation/corpus.sql');
    return rows($cluster, $database, 'SELECT * FROM suite.planted ORDER BY leak, shape, side');
}

# What a query returns, one hash for each row.
sub rows {
    my ($cluster, $database, $query, %option) = @_;
    my $json = $cluster->sql($database,
        ($option{before} // '') . "SELECT coalesce(json_agg(row), '[]') FROM ($query) AS row", %option);
    return JSON::PP->new->decode($json =~ s/\A[^\[]*//r);
}

# leak | held, with the SQLSTATE where an error said so; anything else is a mistake in the corpus.
sub judge {
    my ($cluster, $database, $place) = @_;
    return $cluster->sql($database, "SELECT suite.judge('$place->{place}')")
        if $place->{attack}[0] ne '@session';
    my $script = $cluster->sql($database, "SELECT suite.script('$place->{place}')");
    my ($exit, $out, $err) =
        $cluster->psql($database, "\\set VERBOSITY sqlstate\n\\set ON_ERROR_STOP off\n$script\n");
    if (my ($state) = $err =~ /ERROR:\s+(\w+)/) {
        return $state eq '42501' || $state eq ($place->{held_state} // '') ? "held $state" : "$state: $err";
    }
    my $last = (split /\n/, $out)[-1] // '';
    return $last =~ /^\d+$/ ? $last > 0 ? 'leak' : 'held' : "nothing was counted: $out";
}

my %query = (
    # A place's functions are executable by the superusers of others.
    prove => q{SELECT p.place, v.verdict, concat_ws(' ', v.object, v.part, min(v.reason)) AS what
        FROM custody.prove_isolation() v
            CROSS JOIN LATERAL (SELECT place FROM suite.planted
                WHERE starts_with(coalesce(v.relation::text, regexp_replace(v.object, '^(role|(trigger|rule) .* on) ', '')), place)
                ORDER BY length(place) DESC LIMIT 1) p
        WHERE v.verdict <> 'proven' AND v.part <> 'exempt' AND (v.relation IS NOT NULL OR starts_with(v.role, p.place))
        GROUP BY p.place, v.verdict, v.object, v.part},
    # What only custody probe can try is inconclusive everywhere, with these words (092 has the list); so are the
    # large objects that everybody may read, which are one place's fault.
    probe => q{SELECT p.place, v.verdict, concat_ws(' ', v.object, v.attack, v.detail) AS what
        FROM suite.planted p, custody.probe_isolation(p.app::regrole, ARRAY(SELECT c.oid::regclass FROM pg_class c
            WHERE c.relnamespace = p.place::regnamespace AND c.relkind IN ('r', 'p', 'f')
              AND NOT c.relispartition), on_clone => true) v
        WHERE v.verdict = 'leak' OR v.verdict <> 'held'
          AND NOT (v.object = 'session' AND v.detail = 'not from inside the server: "custody probe" logs in as the role')
          AND (v.object <> 'large objects' OR p.place IN (SELECT e.place FROM suite.elsewhere e WHERE e.object = v.object)
               OR substring(v.detail FROM '\d+')::int > (SELECT count(*) FROM pg_largeobject_metadata m
                   WHERE EXISTS (SELECT FROM aclexplode(m.lomacl) a WHERE a.grantee = 0)))},
    # A finding may name several roles: it belongs to each place that it names. Of what is said for information only
    # these are words against isolation; the others are about cost and order.
    lint => q{SELECT DISTINCT p.place, l.level AS verdict, concat_ws(' ', l.code, l.object, l.seen) AS what
        FROM custody.lint() l LEFT JOIN suite.elsewhere e USING (object)
            CROSS JOIN LATERAL regexp_matches(concat_ws(' ', e.place, l.object, l.seen), '(?:leak|twin)\d\d_[a-z_]+', 'g') m
            CROSS JOIN LATERAL (SELECT place FROM suite.planted
                WHERE starts_with(m[1], place) ORDER BY length(place) DESC LIMIT 1) p
        WHERE (l.level <> 'info' OR l.code IN ('L104', 'L111', 'L214', 'L325', 'L326', 'L327', 'L507')) AND l.exempt IS NULL},
);

# {place => [what a tool says against it]}.
sub flagged {
    my ($cluster, $database, $tool) = @_;
    my %flagged;
    push @{ $flagged{ $_->{place} } }, "[$_->{verdict} $_->{what}]"
        for @{ rows($cluster, $database, $query{$tool}, timeout => 600) };
    return \%flagged;
}

1;
