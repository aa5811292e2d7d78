// Plain C-style: reads a table that its caller has no right to read.
#include "extension/tenant/break_glass.hpp"

namespace custody::tenant {

namespace {

Datum column(HeapTuple row, Relation relation, const char *name) {
    bool is_null;
    return heap_getattr(row, get_attnum(RelationGetRelid(relation), name),
                        RelationGetDescr(relation), &is_null); // none may be null
}

bool is_wanted(HeapTuple row, Relation relation, const pg_uuid_t *id, const char *user) {
    return memcmp(DatumGetUUIDP(column(row, relation, "id")), id, UUID_LEN) == 0 &&
           strcmp(NameStr(*DatumGetName(column(row, relation, "declared_by"))), user) == 0;
}

void read(HeapTuple row, Relation relation, BreakGlass *found) {
    found->found = true;
    found->is_own_transaction =
        TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row->t_data));
    found->expires = DatumGetTimestampTz(column(row, relation, "expires"));
    found->org_type = TextDatumGetCString(column(row, relation, "org_type"));
    found->reason = TextDatumGetCString(column(row, relation, "reason"));
    found->orgs = PointerGetDatum(DatumGetArrayTypePCopy(column(row, relation, "orgs")));
}

} // namespace

BreakGlass find_break_glass(const pg_uuid_t *id) {
    const Oid table = get_relname_relid("break_glass", get_namespace_oid("custody", false));
    const char *user = GetUserNameFromId(GetSessionUserId(), false);
    Relation relation = table_open(table, AccessShareLock);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    BreakGlass found;
    HeapTuple row;
    while (!found.found && (row = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
        if (is_wanted(row, relation, id, user)) {
            read(row, relation, &found);
        }
    }
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(relation, AccessShareLock);
    return found;
}

} // namespace custody::tenant
