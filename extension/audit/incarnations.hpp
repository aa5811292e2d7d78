// The places where transactions of the ledger ran (docs/ledger-format.md, sections 2 and 6), as
// table custody_ledger.incarnation has them. Plain C-style.
#pragma once

#include "extension/audit/ledger_tables.hpp"

namespace custody::audit {

struct LedgerIncarnation {
    int64 name; // its first 8 bytes, as the tables have it
    ledger::Hash hash;
    uint64 system;
    uint32 timeline;
    Oid database;
    int32 lineage;
};

struct LedgerIncarnations {
    LedgerIncarnation *all;
    int count;
    int room;
};

LedgerIncarnation make_incarnation(uint64 system, uint32 timeline, Oid database);
/// Of this server, in this database; not in recovery.
LedgerIncarnation running_incarnation();

LedgerIncarnations read_incarnations(Snapshot snapshot);
const LedgerIncarnation *find_incarnation(const LedgerIncarnations *known, int64 name);
int32 newest_lineage(const LedgerIncarnations *known);

/// Writes a new one into the table and adds it to what is known.
const LedgerIncarnation *add_incarnation(LedgerIncarnations *known, const LedgerIncarnation *made,
                                         int64 parent, const char *reason);

/// One that wrote before anybody noted it: on a timeline between those of a database that is known.
/// Adds it, with that one's lineage; nullptr where none of them has this name.
const LedgerIncarnation *find_passed_by(LedgerIncarnations *known, int64 name);

} // namespace custody::audit
