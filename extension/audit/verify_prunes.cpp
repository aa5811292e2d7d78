// Plain C-style: no local has a destructor.
// The records of prunes. A partition that is dropped is gone for every snapshot, while the record
// that says so is there only for later ones: so they are read as they are now.
#include "extension/audit/newest_rows.hpp"
#include "extension/audit/verify.hpp"

namespace custody::audit {

namespace {

enum PruneColumn : AttrNumber { kLower = 3, kUpper = 4 };

} // namespace

void read_prunes(Verify *verify) {
    const NewestRows prunes = begin_newest("prune");
    LedgerRow row;
    while (next_newest(&prunes, &row)) {
        auto *time = static_cast<PrunedTime *>(palloc(sizeof(PrunedTime)));
        *time = {DatumGetTimestampTz(value_in(&row, kLower)),
                 DatumGetTimestampTz(value_in(&row, kUpper))};
        verify->prunes = lappend(verify->prunes, time);
    }
    end_newest(&prunes);
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
