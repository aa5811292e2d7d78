// Plain C-style: no local has a destructor.
#include "extension/tenant/key_rows.hpp"

namespace custody::tenant {

namespace {

void grow(TableRows *rows, int *room) {
    if (rows->count < *room) {
        return;
    }
    *room *= 2;
    const Size cells = static_cast<Size>(*room) * static_cast<Size>(rows->columns);
    rows->values = static_cast<Datum *>(repalloc(rows->values, cells * sizeof(Datum)));
    rows->nulls = static_cast<bool *>(repalloc(rows->nulls, cells * sizeof(bool)));
}

void add_row(TableRows *rows, TupleTableSlot *slot) {
    const Size start = static_cast<Size>(rows->count) * static_cast<Size>(rows->columns);
    slot_getallattrs(slot);
    for (int i = 0; i < rows->columns; ++i) {
        Form_pg_attribute column = TupleDescAttr(slot->tts_tupleDescriptor, i);
        const Size cell = start + static_cast<Size>(i);
        rows->nulls[cell] = slot->tts_isnull[i];
        rows->values[cell] = 0;
        if (slot->tts_isnull[i]) {
            continue;
        }
        rows->values[cell] = column->attlen == -1
                                 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(slot->tts_values[i]))
                                 : datumCopy(slot->tts_values[i], column->attbyval, column->attlen);
    }
    rows->count++;
}

} // namespace

Oid custody_table(const char *table) {
    const Oid schema = get_namespace_oid("custody", true);
    return OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
}

TableRows read_rows(const char *table) {
    TableRows rows = {};
    const Oid oid = custody_table(table);
    Relation relation = OidIsValid(oid) ? try_relation_open(oid, AccessShareLock) : nullptr;
    if (relation == nullptr) {
        return rows;
    }
    int room = 16;
    rows.columns = RelationGetDescr(relation)->natts;
    const Size cells = static_cast<Size>(room) * static_cast<Size>(rows.columns);
    rows.values = static_cast<Datum *>(palloc(cells * sizeof(Datum)));
    rows.nulls = static_cast<bool *>(palloc(cells * sizeof(bool)));
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        grow(&rows, &room);
        add_row(&rows, slot);
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    relation_close(relation, AccessShareLock);
    return rows;
}

} // namespace custody::tenant
