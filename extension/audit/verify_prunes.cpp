// Plain C-style: no local has a destructor.
// The records of prunes. A partition that is dropped is gone for every snapshot, while the record
// that says so is there only for later ones: so they are read as they are now.
#include "extension/audit/verify.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

enum PruneColumn : AttrNumber { kLower = 3, kUpper = 4, kPruneColumns = 8 };

struct PruneScan {
    Snapshot snapshot;
    Relation relation;
    SysScanDesc scan;
};

PruneScan begin_prunes() {
    PruneScan prunes = {RegisterSnapshot(GetLatestSnapshot()),
                        open_ledger_table("prune", AccessShareLock), nullptr};
    prunes.scan =
        systable_beginscan(prunes.relation, InvalidOid, false, prunes.snapshot, 0, nullptr);
    return prunes;
}

bool next_prune(const PruneScan *prunes, LedgerRow *row) {
    HeapTuple tuple = systable_getnext(prunes->scan);
    if (HeapTupleIsValid(tuple)) {
        take_apart(tuple, RelationGetDescr(prunes->relation), row);
    }
    return HeapTupleIsValid(tuple);
}

void end_prunes(const PruneScan *prunes) {
    systable_endscan(prunes->scan);
    table_close(prunes->relation, AccessShareLock);
    UnregisterSnapshot(prunes->snapshot);
}

} // namespace

void read_prunes(Verify *verify) {
    const PruneScan prunes = begin_prunes();
    LedgerRow row;
    while (next_prune(&prunes, &row)) {
        auto *time = static_cast<PrunedTime *>(palloc(sizeof(PrunedTime)));
        *time = {DatumGetTimestampTz(value_in(&row, kLower)),
                 DatumGetTimestampTz(value_in(&row, kUpper))};
        verify->prunes = lappend(verify->prunes, time);
    }
    end_prunes(&prunes);
}

bool is_pruned(const Verify *verify, TimestampTz at) {
    ListCell *cell;
    foreach (cell, verify->prunes) {
        const auto *time = static_cast<const PrunedTime *>(lfirst(cell));
        if (at >= time->lower && at < time->upper) {
            return true;
        }
    }
    return false;
}

CUSTODY_FUNCTION(custody_newest_prunes) {
    const digest::RowSet set = digest::make_row_set(fcinfo);
    const PruneScan prunes = begin_prunes();
    LedgerRow row;
    while (next_prune(&prunes, &row)) {
        digest::put_row(&set, row.values + 1, row.nulls + 1);
    }
    end_prunes(&prunes);
    return (Datum)0;
}

} // namespace custody::audit
