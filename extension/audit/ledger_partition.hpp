// Which partition of the ledger a time lies in. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// Schema custody_ledger; InvalidOid where it is not there, or belongs to a role that is neither a
/// superuser nor custody_ledger_owner: then its tables may be anything.
Oid ledger_schema();

/// Opens and locks the partition of a table of the ledger for writing, for the whole transaction,
/// whatever savepoints do: that of the time, or the default one. Raises
/// object_not_in_prerequisite_state where there is none.
Relation open_ledger_partition(const char *table, TimestampTz at);

/// True where the default partition was opened last and others have come since: by this very
/// transaction, as its lock keeps all others from making them.
bool is_left_behind(const char *table);

/// Registers what tells of new partitions. Once, from _PG_init.
void watch_partitions();

} // namespace custody::audit
