# What somebody with all rights does to a ledger: in a copy of a database, with all guards off, and on
# again as if nothing had been.
package Custody::Ledger::Tampering;

use strict;
use warnings;

use parent qw(Exporter);
our @EXPORT_OK = qw(tampered_copy);

# Makes database "tampered" anew as a copy of "sound", or another, and runs SQL in it; returns what psql said
# on stderr.
sub tampered_copy {
    my ($cluster, $sql, $sound) = @_;
    $cluster->drop_database('tampered');
    $cluster->create_database('tampered', template => $sound // 'sound');
    return ($cluster->psql('tampered', <<"SQL"))[2];
UPDATE pg_event_trigger SET evtenabled = 'D';
UPDATE pg_class SET relhastriggers = false WHERE relnamespace = 'custody_ledger'::regnamespace;
$sql;
UPDATE pg_class SET relhastriggers = true WHERE oid IN (SELECT tgrelid FROM pg_trigger);
UPDATE pg_event_trigger SET evtenabled = 'A';
SQL
}

1;
