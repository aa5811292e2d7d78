// Plain C-style: no local has a destructor.
#include "extension/audit/ledger_tables.hpp"

#include "extension/audit/ledger_partition.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr const char *kSchema = "custody_ledger";
constexpr int32 kFormat = 1;

[[noreturn]] void refuse_corrupted(AttrNumber column, const char *what) {
    pg::raise(ERRCODE_DATA_CORRUPTED, "a row of the ledger does not have its form",
              psprintf("column %d %s", column, what));
}

bool is_btree_on(Relation index, AttrNumber first, AttrNumber second) {
    Form_pg_index form = index->rd_index;
    return index->rd_rel->relam == BTREE_AM_OID && form->indisvalid &&
           form->indkey.values[0] == first &&
           heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr) &&
           (second == InvalidAttrNumber ||
            (form->indnkeyatts > 1 && form->indkey.values[1] == second));
}

} // namespace

Oid ledger_table(const char *name) {
    const Oid schema = ledger_schema();
    const Oid table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
    if (!OidIsValid(table)) {
        pg::raise(ERRCODE_UNDEFINED_TABLE, "there is no audit ledger in this database",
                  psprintf("table \"%s.%s\" does not exist", kSchema, name),
                  "custody.init_ledger() makes it");
    }
    return table;
}

Relation open_ledger_table(const char *name, LOCKMODE lock) {
    return table_open(ledger_table(name), lock);
}

List *leaf_partitions(const char *name, LOCKMODE lock) {
    List *leaves = NIL;
    ListCell *cell;
    foreach (cell, find_all_inheritors(ledger_table(name), lock, nullptr)) {
        if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION) {
            leaves = lappend_oid(leaves, lfirst_oid(cell));
        }
    }
    return leaves;
}

Oid btree_on(Relation relation, AttrNumber first, AttrNumber second) {
    ListCell *cell;
    foreach (cell, RelationGetIndexList(relation)) {
        Relation index = index_open(lfirst_oid(cell), AccessShareLock);
        const bool fits = is_btree_on(index, first, second);
        index_close(index, AccessShareLock);
        if (fits) {
            return lfirst_oid(cell);
        }
    }
    pg::raise(
        ERRCODE_UNDEFINED_OBJECT,
        psprintf("table \"%s\" of the ledger lacks an index", RelationGetRelationName(relation)),
        nullptr, "Wait for the restore to end, or make it again.");
}

void take_apart(HeapTuple tuple, TupleDesc columns, LedgerRow *row) {
    if (likely(columns->natts <= kMostColumns)) {
        heap_deform_tuple(tuple, columns, row->values + 1, row->nulls + 1);
        return;
    }
    // Somebody added columns; verification says so (custody.verify_form()), and reads on.
    const auto count = static_cast<Size>(columns->natts);
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * count));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * count));
    heap_deform_tuple(tuple, columns, values, nulls);
    memcpy(row->values + 1, values, sizeof(Datum) * kMostColumns);
    memcpy(row->nulls + 1, nulls, sizeof(bool) * kMostColumns);
    pfree(values);
    pfree(nulls);
}

Datum value_in(const LedgerRow *row, AttrNumber column) {
    if (row->nulls[column]) {
        refuse_corrupted(column, "is NULL");
    }
    return row->values[column];
}

ledger::Bytes bytes_in(const LedgerRow *row, AttrNumber column) {
    struct varlena *value = PG_DETOAST_DATUM_PACKED(value_in(row, column));
    return {reinterpret_cast<const std::byte *>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

ledger::Hash hash_in(const LedgerRow *row, AttrNumber column) {
    const ledger::Bytes bytes = bytes_in(row, column);
    ledger::Hash hash;
    if (bytes.size() != hash.size()) {
        refuse_corrupted(column, psprintf("has %zu bytes", bytes.size()));
    }
    memcpy(hash.data(), bytes.data(), hash.size());
    return hash;
}

uint64 xid_in(const LedgerRow *row, AttrNumber column) {
    return U64FromFullTransactionId(DatumGetFullTransactionId(value_in(row, column)));
}

Datum bytes_datum(ledger::Bytes bytes) {
    auto *value = static_cast<bytea *>(palloc(VARHDRSZ + bytes.size()));
    SET_VARSIZE(value, VARHDRSZ + bytes.size());
    if (!bytes.empty()) {
        memcpy(VARDATA(value), bytes.data(), bytes.size());
    }
    return PointerGetDatum(value);
}

Datum hash_datum(const ledger::Hash &hash) { return bytes_datum(hash); }

HeapTuple form_ledger_row(Relation relation, int count, const Datum *values, const bool *nulls) {
    TupleDesc columns = RelationGetDescr(relation);
    if (columns->natts != count) {
        pg::raise(ERRCODE_DATA_CORRUPTED, "a table of the ledger has columns that are not its own",
                  psprintf("\"%s\" has %d columns, not %d", RelationGetRelationName(relation),
                           columns->natts, count),
                  "custody.verify_ledger() names them.");
    }
    return heap_form_tuple(columns, const_cast<Datum *>(values), const_cast<bool *>(nulls));
}

LedgerIdentity stored_ledger(Snapshot snapshot) {
    LedgerIdentity stored = {};
    Relation relation = open_ledger_table("ledger", AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        stored.format = row.nulls[kLedgerFormat] ? 0 : DatumGetInt32(row.values[kLedgerFormat]);
        stored.id = uuid_of(value_in(&row, kLedgerId));
        stored.there = true;
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return stored;
}

ledger::Uuid ledger_id(Snapshot snapshot) {
    const LedgerIdentity stored = stored_ledger(snapshot);
    if (!stored.there) {
        pg::raise(ERRCODE_DATA_CORRUPTED, "the ledger has no identity",
                  "table \"custody_ledger.ledger\" has no row");
    }
    if (stored.format != kFormat) {
        pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                  psprintf("the ledger has format %d", stored.format),
                  psprintf("this version of custody knows format %d", kFormat));
    }
    return stored.id;
}

} // namespace custody::audit
