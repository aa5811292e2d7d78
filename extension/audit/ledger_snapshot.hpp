// The snapshots by which blocks choose their transactions: a pg_snapshot taken apart. Plain
// C-style: lists of xids live in the current memory context.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

struct LedgerSnapshot {
    uint64 xmin;
    uint64 xmax;
    uint32 running_count;
    const uint64 *running; // ascending, from xmin to below xmax
};

/// What the snapshot of a statement sees. A transaction that has an xid is running in it, though it
/// sees itself.
LedgerSnapshot make_ledger_snapshot(Snapshot snapshot);

/// Of a value of pg_snapshot.
LedgerSnapshot read_ledger_snapshot(Datum value);
Datum snapshot_datum(const LedgerSnapshot *snapshot);
/// As pg_snapshot prints it.
char *snapshot_text(const LedgerSnapshot *snapshot);

/// A snapshot of which nobody knows: it sees nothing.
inline constexpr LedgerSnapshot kSeesNothing = {FirstNormalTransactionId, FirstNormalTransactionId,
                                                0, nullptr};

inline bool sees(const LedgerSnapshot *snapshot, uint64 xid) {
    if (xid < snapshot->xmin) {
        return true;
    }
    return xid < snapshot->xmax &&
           !std::binary_search(snapshot->running, snapshot->running + snapshot->running_count, xid);
}

} // namespace custody::audit
