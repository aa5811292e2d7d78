// Plain C-style: no local has a destructor.
#include "extension/audit/verify.hpp"

namespace custody::audit {

namespace {

enum PruneColumn : AttrNumber { kLower = 3, kUpper = 4 };

} // namespace

void read_prunes(Verify *verify) {
    Relation relation = open_ledger_table("prune", AccessShareLock);
    SysScanDesc scan =
        systable_beginscan(relation, InvalidOid, false, verify->snapshot, 0, nullptr);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        auto *time = static_cast<PrunedTime *>(palloc(sizeof(PrunedTime)));
        *time = {DatumGetTimestampTz(value_in(&row, kLower)),
                 DatumGetTimestampTz(value_in(&row, kUpper))};
        verify->prunes = lappend(verify->prunes, time);
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
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

} // namespace custody::audit
