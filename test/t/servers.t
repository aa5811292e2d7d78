# Servers of other major versions start, with what a source needs. The extension is not for them:
# their packages bring no headers.
use FindBin;
use lib "$FindBin::Bin/lib";
use Custody::Test;

for my $version (13, 14, 16, 17, 18) {
    SKIP: {
        skip "no server $version from npm", 1 unless has_version($version);
        my $cluster = start_cluster("pg$version", version => $version);
        my $row = $cluster->sql('postgres', q{
            CREATE EXTENSION hstore;
            CREATE EXTENSION citext;
            SELECT current_setting('server_version_num')::int / 10000,
                   timestamptz '2024-07-01 12:00 Europe/Berlin' AT TIME ZONE 'UTC'
                       = '2024-07-01 10:00',
                   EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')});
        is $row, "$version|t|t", "version $version, with hstore, citext, time zones and ICU";
        $cluster->stop;
    }
}
done_testing;
