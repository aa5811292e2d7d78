// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
#include "extension/digest/relation_scan.hpp"

namespace custody::digest {

void scan_relation(Relation relation, const RowShape *shape, ScanProgress *progress, TakeRow take,
                   void *taker) {
    check_storage(relation);
    begin_relation(progress, relation);
    MemoryContext of_scan =
        AllocSetContextCreate(CurrentMemoryContext, "custody scan", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(of_scan);
    RowEncoder encoder;
    init_encoder(&encoder, row_type_of(relation), shape);

    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    TableScanDesc scan = table_beginscan(relation, GetActiveSnapshot(), 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(of_scan, "custody wire row", ALLOCSET_DEFAULT_SIZES);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        MemoryContextSwitchTo(per_row);
        if (encoder.last_attribute > 0) {
            slot_getsomeattrs(slot, encoder.last_attribute);
        }
        encode_row(&encoder, slot->tts_values, slot->tts_isnull);
        take(taker, &encoder, slot);
        MemoryContextSwitchTo(of_scan);
        MemoryContextReset(per_row);
        count_row(progress, slot);
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextSwitchTo(caller);
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    MemoryContextDelete(of_scan);
    end_relation(progress);
}

} // namespace custody::digest
