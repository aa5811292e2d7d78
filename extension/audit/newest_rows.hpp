// Rows of a table of the ledger as they are now, whatever the transaction's snapshot is. Plain
// C-style.
#pragma once

#include "extension/audit/ledger_tables.hpp"

namespace custody::audit {

struct NewestRows {
    Snapshot snapshot;
    Relation relation;
    SysScanDesc scan;
};

NewestRows begin_newest(const char *table);
bool next_newest(const NewestRows *rows, LedgerRow *row);
void end_newest(const NewestRows *rows);

} // namespace custody::audit
