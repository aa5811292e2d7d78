// Plain C-style: no local has a destructor.
// The first block of an incarnation also takes what other lineages left in no block: transactions
// that were in a dump, but not sealed when it was made. All of tx is looked through for it, once.
#include "extension/audit/adoption_notes.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

/// What one lineage has sealed: what the snapshot of its last block sees.
struct Sealed {
    int32 lineage;
    LedgerSnapshot snapshot;
};

struct Others {
    Sealed *lineages; // by number, from 0 on
    int32 count;
    Adopted *adopted; // by any block, ascending
    Size adopted_count;
    Size adopted_room;
};

void take_notes(Others *others, const LedgerRow *row) {
    AdoptionReader reader = read_notes(bytes_in(row, kBlockNotes));
    Adopted one;
    while (next_adopted(&reader, &one)) {
        if (others->adopted_count == others->adopted_room) {
            others->adopted_room = Max(Size{64}, others->adopted_room * 2);
            const Size bytes = sizeof(Adopted) * others->adopted_room;
            others->adopted = static_cast<Adopted *>(
                others->adopted == nullptr ? MemoryContextAllocHuge(CurrentMemoryContext, bytes)
                                           : repalloc_huge(others->adopted, bytes));
        }
        others->adopted[others->adopted_count++] = one;
    }
}

/// Blocks come in no order: the last of a lineage is the one with the greatest number.
Others read_others(Seal *seal) {
    Others others = {};
    others.count = newest_lineage(&seal->known) + 1;
    others.lineages = static_cast<Sealed *>(palloc0(sizeof(Sealed) * Size(others.count)));
    auto *last = static_cast<int64 *>(palloc0(sizeof(int64) * Size(others.count)));
    for (int32 i = 0; i < others.count; ++i) {
        others.lineages[i].snapshot = kSeesNothing;
    }
    Relation relation = open_ledger_table("block", AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, seal->snapshot, 0, nullptr);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        take_apart(tuple, RelationGetDescr(relation), &row);
        const int64 number = DatumGetInt64(value_in(&row, kBlockNumber));
        const int32 lineage = DatumGetInt32(value_in(&row, kBlockLineage));
        if (lineage > 0 && lineage < others.count && number > last[lineage]) {
            last[lineage] = number;
            others.lineages[lineage].snapshot =
                read_ledger_snapshot(value_in(&row, kBlockSnapshot));
        }
        take_notes(&others, &row);
        CHECK_FOR_INTERRUPTS();
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    std::sort(others.adopted, others.adopted + others.adopted_count, comes_before);
    return others;
}

bool is_left_over(const Seal *seal, const Others *others, const LedgerIncarnation *incarnation,
                  uint64 xid) {
    if (incarnation->lineage == seal->here.lineage || incarnation->lineage >= others->count ||
        sees(&others->lineages[incarnation->lineage].snapshot, xid)) {
        return false;
    }
    return !std::binary_search(others->adopted, others->adopted + others->adopted_count,
                               Adopted{incarnation->name, xid}, comes_before);
}

void look_through(Seal *seal, const Others *others, Relation relation) {
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, seal->snapshot, 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody adoption", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = CurrentMemoryContext;
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        MemoryContextSwitchTo(per_row);
        take_apart(tuple, RelationGetDescr(relation), &row);
        const LedgerIncarnation *incarnation =
            incarnation_of(seal, DatumGetInt64(value_in(&row, kTxIncarnation)));
        if (is_left_over(seal, others, incarnation, xid_in(&row, kTxXid))) {
            put_member(seal, &row, incarnation);
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(per_row);
        CHECK_FOR_INTERRUPTS();
    }
    systable_endscan(scan);
    MemoryContextDelete(per_row);
}

} // namespace

void adopt_members(Seal *seal) {
    if (!is_adoption(seal) || seal->known.count < 2) {
        return;
    }
    const Others others = read_others(seal);
    ListCell *cell;
    foreach (cell, leaf_partitions("tx", AccessShareLock)) {
        Relation relation = table_open(lfirst_oid(cell), NoLock);
        look_through(seal, &others, relation);
        table_close(relation, AccessShareLock);
    }
}

} // namespace custody::audit
