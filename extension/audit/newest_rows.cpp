// Plain C-style: no local has a destructor.
#include "extension/audit/newest_rows.hpp"

#include "extension/digest/row_set.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

void put_newest(FunctionCallInfo fcinfo, const char *table) {
    const digest::RowSet set = digest::make_row_set(fcinfo);
    const NewestRows rows = begin_newest(table);
    LedgerRow row;
    while (next_newest(&rows, &row)) {
        digest::put_row(&set, row.values + 1, row.nulls + 1);
    }
    end_newest(&rows);
}

} // namespace

NewestRows begin_newest(const char *table) {
    NewestRows rows = {RegisterSnapshot(GetLatestSnapshot()),
                       open_ledger_table(table, AccessShareLock), nullptr};
    rows.scan = systable_beginscan(rows.relation, InvalidOid, false, rows.snapshot, 0, nullptr);
    return rows;
}

bool next_newest(const NewestRows *rows, LedgerRow *row) {
    HeapTuple tuple = systable_getnext(rows->scan);
    if (HeapTupleIsValid(tuple)) {
        take_apart(tuple, RelationGetDescr(rows->relation), row);
    }
    return HeapTupleIsValid(tuple);
}

void end_newest(const NewestRows *rows) {
    systable_endscan(rows->scan);
    table_close(rows->relation, AccessShareLock);
    UnregisterSnapshot(rows->snapshot);
}

CUSTODY_FUNCTION(custody_newest_prunes) {
    put_newest(fcinfo, "prune");
    return (Datum)0;
}

CUSTODY_FUNCTION(custody_newest_audited) {
    put_newest(fcinfo, "audited");
    return (Datum)0;
}

CUSTODY_FUNCTION(custody_newest_holds) {
    put_newest(fcinfo, "hold");
    return (Datum)0;
}

} // namespace custody::audit
