// Reads what the ledger has of a table, and finds its columns in the relation. Plain C-style.
#pragma once

#include "extension/audit/capture_table.hpp"

namespace custody::audit {

/// The newest descriptor of a table; of the ledger itself for table 0.
struct Descriptor {
    int32 id;
    int32 version;
    ledger::Hash hash;
    Datum text; // nullptr: there is none
};
Descriptor newest_descriptor(int32 tbl);

/// Fills the table from the ledger, in its context. Renews the descriptor where the relation's
/// columns are others by now. False where it does not fit even then. Raises
/// object_not_in_prerequisite_state where the ledger does not know the identity.
bool read_capture_table(CaptureTable *table, Relation relation, const char *identity);

} // namespace custody::audit
