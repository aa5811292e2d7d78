// Plain C-style: no local has a destructor.
#include "extension/audit/ledger_snapshot.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// The xid in full of one that is not ahead of the counter.
uint64 in_full(TransactionId xid, uint64 next) {
    const uint64 epoch = next >> 32;
    const uint64 full = (epoch << 32) | xid;
    return xid > static_cast<uint32>(next) ? full - (uint64{1} << 32) : full;
}

} // namespace

LedgerSnapshot make_ledger_snapshot(Snapshot snapshot) {
    const uint64 next = U64FromFullTransactionId(ReadNextFullTransactionId());
    auto *running = static_cast<uint64 *>(palloc(sizeof(uint64) * (snapshot->xcnt + 1)));
    LedgerSnapshot made = {in_full(snapshot->xmin, next), in_full(snapshot->xmax, next), 0,
                           running};
    for (uint32 i = 0; i < snapshot->xcnt; ++i) {
        running[made.running_count++] = in_full(snapshot->xip[i], next);
    }
    const uint64 own = U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
    if (own != 0 && own < made.xmax) {
        running[made.running_count++] = own;
        made.xmin = Min(made.xmin, own);
    }
    std::sort(running, running + made.running_count);
    made.running_count =
        static_cast<uint32>(std::unique(running, running + made.running_count) - running);
    return made;
}

char *snapshot_text(const LedgerSnapshot *snapshot) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, UINT64_FORMAT ":" UINT64_FORMAT ":", snapshot->xmin, snapshot->xmax);
    for (uint32 i = 0; i < snapshot->running_count; ++i) {
        appendStringInfo(&text, i == 0 ? UINT64_FORMAT : "," UINT64_FORMAT, snapshot->running[i]);
    }
    return text.data;
}

Datum snapshot_datum(const LedgerSnapshot *snapshot) {
    return DirectFunctionCall1(pg_snapshot_in, CStringGetDatum(snapshot_text(snapshot)));
}

LedgerSnapshot read_ledger_snapshot(Datum value) {
    const char *text = DatumGetCString(DirectFunctionCall1(pg_snapshot_out, value));
    LedgerSnapshot read = {};
    auto *running = static_cast<uint64 *>(palloc(sizeof(uint64) * (strlen(text) / 2 + 1)));
    read.running = running;
    char *end;
    read.xmin = strtoull(text, &end, 10);
    read.xmax = strtoull(end + 1, &end, 10);
    while (end[0] != '\0' && end[1] != '\0') {
        running[read.running_count++] = strtoull(end + 1, &end, 10);
    }
    return read;
}

} // namespace custody::audit
