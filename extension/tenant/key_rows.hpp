// The rows of one of custody's own small tables, as they are committed now: whoever asks, whatever
// policies say, and not as of the transaction's snapshot, in which a key may still stand that was
// dropped since.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::tenant {

struct TableRows {
    int columns;
    int count;
    Datum *values; // row after row
    bool *nulls;
};

/// The table's rows, in the current memory context, nothing in them compressed or stored elsewhere.
/// May ereport. No rows and no columns where there is no such table.
TableRows read_rows(const char *table);

/// OID of a table of schema custody; InvalidOid where there is none. May ereport.
Oid custody_table(const char *table);

} // namespace custody::tenant
