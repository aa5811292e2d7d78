// Plain C-style: reads a table that its caller has no right to read.
#include "extension/tenant/bound_roles.hpp"

namespace custody::tenant {

namespace {

bool can_become(Oid role) {
    return is_member_of_role_nosuper(GetSessionUserId(), role) ||
           is_member_of_role_nosuper(GetOuterUserId(), role) ||
           is_member_of_role_nosuper(GetUserId(), role);
}

Oid find_in(HeapTuple row, TupleDesc description, AttrNumber column) {
    bool is_null;
    const Datum roles = heap_getattr(row, column, description, &is_null);
    if (is_null) {
        return InvalidOid;
    }
    Datum *values;
    int count;
    deconstruct_array(DatumGetArrayTypeP(roles), REGROLEOID, sizeof(Oid), true, TYPALIGN_INT,
                      &values, nullptr, &count);
    for (int i = 0; i < count; ++i) {
        if (can_become(DatumGetObjectId(values[i]))) {
            return DatumGetObjectId(values[i]);
        }
    }
    return InvalidOid;
}

} // namespace

Oid find_bound_role() {
    const Oid protection = get_relname_relid("protection", get_namespace_oid("custody", false));
    const AttrNumber columns[] = {get_attnum(protection, "roles"),
                                  get_attnum(protection, "multi_roles")};
    Relation relation = table_open(protection, AccessShareLock);
    // What was protected a moment ago counts, whatever this transaction's snapshot is.
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    Oid bound = InvalidOid;
    HeapTuple row;
    while (!OidIsValid(bound) && (row = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
        for (const AttrNumber column : columns) {
            if (!OidIsValid(bound)) {
                bound = find_in(row, RelationGetDescr(relation), column);
            }
        }
    }
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
    table_close(relation, AccessShareLock);
    return bound;
}

} // namespace custody::tenant
