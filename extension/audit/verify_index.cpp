// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// custody.verify_indexes(): what the indexes of the ledger show is what its tables hold. Who
// changes an index hides rows from those who look them up, not from those who read the table. Each
// B-tree is read from end to end: every visible row is there once, under the key that the row has,
// in order. Of the index of block ranges each range's summary is (verify_ranges).
#include "extension/audit/ledger_tables.hpp"
#include "extension/audit/verify_ranges.hpp"

#include "extension/digest/row_set.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr uint32 kInterruptMask = 0x3FF;

struct Rows {
    uint64 count;
    uint64 sum; // of hashes of their places, so that their order does not matter
};

struct IndexCheck {
    Relation table;
    Relation index;
    Snapshot snapshot;
    IndexInfo *info;
    EState *executor;
    TupleTableSlot *slot;
    MemoryContext per_row;
    uint64 wrong_keys;
    uint64 wrong_order;
};

void count_row(Rows *rows, const TupleTableSlot *slot) {
    const uint64 place = (uint64{ItemPointerGetBlockNumberNoCheck(&slot->tts_tid)} << 16) |
                         ItemPointerGetOffsetNumberNoCheck(&slot->tts_tid);
    ++rows->count;
    rows->sum += DatumGetUInt64(
        hash_any_extended(reinterpret_cast<const unsigned char *>(&place), sizeof(place), 0));
}

Rows read_table(IndexCheck *check) {
    Rows rows = {};
    ExprContext *context = GetPerTupleExprContext(check->executor);
    ExprState *predicate = ExecPrepareQual(check->info->ii_Predicate, check->executor);
    TableScanDesc scan = table_beginscan(check->table, check->snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, check->slot)) {
        context->ecxt_scantuple = check->slot;
        if (predicate == nullptr || ExecQual(predicate, context)) {
            count_row(&rows, check->slot);
        }
        ResetExprContext(context);
        if ((rows.count & kInterruptMask) == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
    table_endscan(scan);
    return rows;
}

void compare_key(IndexCheck *check, IndexScanDesc scan) {
    Datum in_index[INDEX_MAX_KEYS];
    Datum in_table[INDEX_MAX_KEYS];
    bool index_nulls[INDEX_MAX_KEYS];
    bool table_nulls[INDEX_MAX_KEYS];
    index_deform_tuple(scan->xs_itup, scan->xs_itupdesc, in_index, index_nulls);
    GetPerTupleExprContext(check->executor)->ecxt_scantuple = check->slot;
    FormIndexDatum(check->info, check->slot, check->executor, in_table, table_nulls);
    for (int i = 0; i < check->info->ii_NumIndexKeyAttrs; ++i) {
        Form_pg_attribute column = TupleDescAttr(scan->xs_itupdesc, i);
        if (index_nulls[i] != table_nulls[i] ||
            (!index_nulls[i] &&
             !datum_image_eq(in_index[i], in_table[i], column->attbyval, column->attlen))) {
            ++check->wrong_keys;
            return;
        }
    }
}

/// The entry before comes before this one. NULLs, which come last here, end the comparison.
void compare_order(IndexCheck *check, IndexScanDesc scan, IndexTuple before) {
    if (before == nullptr) {
        return;
    }
    for (int i = 0; i < check->info->ii_NumIndexKeyAttrs; ++i) {
        bool null_before;
        bool null_now;
        const Datum one = index_getattr(before, i + 1, scan->xs_itupdesc, &null_before);
        const Datum next = index_getattr(scan->xs_itup, i + 1, scan->xs_itupdesc, &null_now);
        if (null_before || null_now) {
            check->wrong_order += null_before && !null_now ? 1 : 0;
            return;
        }
        FmgrInfo *function =
            index_getprocinfo(check->index, static_cast<AttrNumber>(i + 1), BTORDER_PROC);
        const int32 order =
            DatumGetInt32(FunctionCall2Coll(function, check->index->rd_indcollation[i], one, next));
        if (order != 0) {
            check->wrong_order += order > 0 ? 1 : 0;
            return;
        }
    }
}

Rows read_index(IndexCheck *check) {
    Rows rows = {};
    IndexTuple before = nullptr;
    IndexScanDesc scan = custody_begin_index_scan(check->table, check->index, check->snapshot);
    scan->xs_want_itup = true;
    index_rescan(scan, nullptr, 0, nullptr, 0);
    MemoryContext caller = MemoryContextSwitchTo(check->per_row);
    while (index_getnext_tid(scan, ForwardScanDirection) != nullptr) {
        if (!index_fetch_heap(scan, check->slot)) {
            continue;
        }
        count_row(&rows, check->slot);
        compare_key(check, scan);
        compare_order(check, scan, before);
        MemoryContextReset(check->per_row);
        before = CopyIndexTuple(scan->xs_itup);
        if ((rows.count & kInterruptMask) == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
    MemoryContextSwitchTo(caller);
    index_endscan(scan);
    return rows;
}

char *what_is_wrong(IndexCheck *check) {
    const Rows stored = read_table(check);
    const Rows shown = read_index(check);
    if (stored.count != shown.count || stored.sum != shown.sum) {
        return psprintf("it shows " UINT64_FORMAT " rows, the table has " UINT64_FORMAT
                        ", or others",
                        shown.count, stored.count);
    }
    if (check->wrong_keys > 0) {
        return psprintf(UINT64_FORMAT " of its keys are not those of their rows",
                        check->wrong_keys);
    }
    return check->wrong_order > 0
               ? psprintf(UINT64_FORMAT " of its keys are out of order", check->wrong_order)
               : nullptr;
}

void put(const digest::RowSet *set, Relation index, const char *status, const char *detail) {
    Datum values[] = {
        CStringGetTextDatum(psprintf("custody_ledger.%s", RelationGetRelationName(index))),
        CStringGetTextDatum(status), CStringGetTextDatum(detail)};
    bool nulls[3] = {};
    digest::put_row(set, values, nulls);
}

void check_index(const digest::RowSet *set, Relation table, Oid oid, Snapshot snapshot) {
    IndexCheck check = {};
    check.table = table;
    check.index = index_open(oid, AccessShareLock);
    check.snapshot = snapshot;
    check.info = BuildIndexInfo(check.index);
    if (!check.index->rd_index->indisvalid) {
        // As REINDEX CONCURRENTLY has it for a while, and leaves it where it fails.
        put(set, check.index, "unproven", "it is not valid, and nothing is read by it");
    } else if (check.index->rd_rel->relam == BTREE_AM_OID) {
        check.executor = CreateExecutorState();
        check.slot = table_slot_create(table, nullptr);
        check.per_row = AllocSetContextCreate(CurrentMemoryContext, "custody index check",
                                              ALLOCSET_DEFAULT_SIZES);
        const char *wrong = what_is_wrong(&check);
        put(set, check.index, wrong == nullptr ? "proven" : "refuted",
            wrong == nullptr ? "it shows every row" : wrong);
        ExecDropSingleTupleTableSlot(check.slot);
        FreeExecutorState(check.executor);
        MemoryContextDelete(check.per_row);
    } else if (is_index_of_times(check.index)) {
        const char *wrong = what_is_wrong_in_ranges(table, check.index, snapshot);
        put(set, check.index, wrong == nullptr ? "proven" : "refuted",
            wrong == nullptr ? "its ranges have the times of their rows" : wrong);
    } else {
        put(set, check.index, "unproven", "an index that custody did not make is not compared");
    }
    index_close(check.index, AccessShareLock);
}

} // namespace

CUSTODY_FUNCTION(custody_verify_indexes) {
    const digest::RowSet set = digest::make_row_set(fcinfo);
    Snapshot snapshot = RegisterSnapshot(GetActiveSnapshot());
    constexpr const char *kTables[] = {"ledger", "incarnation", "audited", "descriptor", "block",
                                       "org",    "link",        "tx",      "event",      "hold",
                                       "held",   "held_event",  "request", "prune"};
    for (const char *name : kTables) {
        ListCell *leaf;
        foreach (leaf, leaf_partitions(name, AccessShareLock)) {
            Relation table = table_open(lfirst_oid(leaf), NoLock);
            ListCell *cell;
            foreach (cell, RelationGetIndexList(table)) {
                check_index(&set, table, lfirst_oid(cell), snapshot);
            }
            table_close(table, NoLock);
        }
    }
    UnregisterSnapshot(snapshot);
    return (Datum)0;
}

} // namespace custody::audit
