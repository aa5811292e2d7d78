// Plain C-style: no local has a destructor.
#include "extension/audit/verify.hpp"

#include "extension/audit/adoption_notes.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

template <typename Entry>
Entry *room_for_one(MemoryContext memory, Entry *all, Size count, Size *room) {
    if (count < *room) {
        return all;
    }
    *room = Max(Size{64}, *room * 2);
    const Size bytes = sizeof(Entry) * *room;
    return static_cast<Entry *>(all == nullptr ? MemoryContextAllocHuge(memory, bytes)
                                               : repalloc_huge(all, bytes));
}

void take_adopted(Frame *frame, const LedgerRow *row, uint64 number) {
    AdoptionReader reader = read_notes(bytes_in(row, kBlockNotes));
    Adopted one;
    while (next_adopted(&reader, &one)) {
        frame->adopted =
            room_for_one(frame->memory, frame->adopted, frame->adopted_count, &frame->adopted_room);
        frame->adopted[frame->adopted_count++] = {one, number};
    }
}

/// Into the context of the frame; the row's own goes.
LedgerSnapshot keep_snapshot(const Frame *frame, const LedgerRow *row) {
    LedgerSnapshot kept = read_ledger_snapshot(value_in(row, kBlockSnapshot));
    const Size bytes = sizeof(uint64) * kept.running_count;
    auto *running = static_cast<uint64 *>(MemoryContextAlloc(frame->memory, Max(bytes, Size{1})));
    memcpy(running, kept.running, bytes);
    kept.running = running;
    return kept;
}

/// One that is not is refuted when its turn comes.
bool is_whole(const LedgerRow *row) {
    return !row->nulls[kBlockNumber] && !row->nulls[kBlockLineage] && !row->nulls[kBlockSnapshot] &&
           !row->nulls[kBlockSealedAt] && !row->nulls[kBlockNotes];
}

void take_block(Frame *frame, const LedgerRow *row, uint64 *last) {
    BlockFrame block = {};
    block.number = static_cast<uint64>(DatumGetInt64(value_in(row, kBlockNumber)));
    block.lineage = DatumGetInt32(value_in(row, kBlockLineage));
    block.sealed_at = DatumGetTimestampTz(value_in(row, kBlockSealedAt));
    if (block.number > *last) {
        *last = block.number;
        frame->last_lineage = block.lineage;
    }
    take_adopted(frame, row, block.number);
    const bool below = block.number < frame->from;
    const bool fits = block.lineage > 0 && block.lineage < frame->lineages;
    if (below && fits && block.number > frame->before[block.lineage].number) {
        block.snapshot = keep_snapshot(frame, row);
        frame->before[block.lineage] = block;
    }
    if (block.number + 1 >= frame->from && block.number <= frame->to) {
        block.snapshot = keep_snapshot(frame, row);
        frame->blocks = room_for_one(frame->memory, frame->blocks, frame->count, &frame->room);
        frame->blocks[frame->count++] = block;
    }
}

/// The first block of the lineage in the range that sees the xid: snapshots of a lineage only ever
/// see more.
uint64 first_that_sees(const Frame *frame, int32 lineage, uint64 xid) {
    if (lineage < 1 || lineage >= frame->lineages) {
        return kOutside;
    }
    BlockFrame *const *begin = frame->by_lineage + frame->lineage_starts[lineage];
    BlockFrame *const *end = frame->by_lineage + frame->lineage_starts[lineage + 1];
    BlockFrame *const *at = std::partition_point(
        begin, end, [xid](const BlockFrame *block) { return !sees(&block->snapshot, xid); });
    while (at != end && (*at)->number < frame->from) {
        ++at;
    }
    return at == end ? kOutside : (*at)->number;
}

void sort_blocks(Frame *frame) {
    std::sort(frame->blocks, frame->blocks + frame->count,
              [](const BlockFrame &a, const BlockFrame &b) { return a.number < b.number; });
    frame->by_lineage = static_cast<BlockFrame **>(
        MemoryContextAllocHuge(CurrentMemoryContext, sizeof(BlockFrame *) * (frame->count + 1)));
    frame->lineage_starts =
        static_cast<Size *>(palloc0(sizeof(Size) * (static_cast<Size>(frame->lineages) + 2)));
    for (Size i = 0; i < frame->count; ++i) {
        const int32 lineage = frame->blocks[i].lineage;
        if (lineage >= 0 && lineage < frame->lineages) {
            ++frame->lineage_starts[lineage + 1];
        }
    }
    for (int32 lineage = 0; lineage <= frame->lineages; ++lineage) {
        frame->lineage_starts[lineage + 1] += frame->lineage_starts[lineage];
    }
    auto *next =
        static_cast<Size *>(palloc(sizeof(Size) * (static_cast<Size>(frame->lineages) + 2)));
    memcpy(next, frame->lineage_starts, sizeof(Size) * (static_cast<Size>(frame->lineages) + 2));
    for (Size i = 0; i < frame->count; ++i) {
        const int32 lineage = frame->blocks[i].lineage;
        if (lineage >= 0 && lineage < frame->lineages) {
            frame->by_lineage[next[lineage]++] = frame->blocks + i;
        }
    }
    pfree(next);
}

} // namespace

Frame read_frame(Snapshot snapshot, uint64 from, uint64 to) {
    Frame frame = {};
    frame.memory = CurrentMemoryContext;
    frame.from = from;
    frame.with_tail = to == 0;
    frame.to = to == 0 ? PG_UINT64_MAX - 2 : to;
    frame.known = read_incarnations(snapshot);
    frame.lineages = newest_lineage(&frame.known) + 1;
    frame.before =
        static_cast<BlockFrame *>(palloc0(sizeof(BlockFrame) * static_cast<Size>(frame.lineages)));
    if (!RecoveryInProgress()) {
        frame.here = running_incarnation();
    }
    uint64 last = 0;
    Relation relation = open_ledger_table("block", AccessShareLock);
    SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody blocks", ALLOCSET_DEFAULT_SIZES);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        LedgerRow row;
        MemoryContextSwitchTo(per_row);
        take_apart(tuple, RelationGetDescr(relation), &row);
        if (is_whole(&row)) {
            take_block(&frame, &row, &last);
        }
        MemoryContextSwitchTo(frame.memory);
        MemoryContextReset(per_row);
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextDelete(per_row);
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    frame.to = frame.with_tail ? last : Min(frame.to, last);
    sort_blocks(&frame);
    std::sort(frame.adopted, frame.adopted + frame.adopted_count,
              [](const AdoptedBy &a, const AdoptedBy &b) { return comes_before(a.one, b.one); });
    return frame;
}

const BlockFrame *frame_of(const Frame *frame, uint64 block) {
    const BlockFrame *begin = frame->blocks;
    const BlockFrame *end = begin + frame->count;
    const BlockFrame *at = std::lower_bound(
        begin, end, block, [](const BlockFrame &a, uint64 number) { return a.number < number; });
    return at != end && at->number == block ? at : nullptr;
}

uint64 block_of(Frame *frame, int64 incarnation, uint64 xid) {
    const Adopted one = {incarnation, xid};
    const AdoptedBy *begin = frame->adopted;
    const AdoptedBy *end = begin + frame->adopted_count;
    const AdoptedBy *by =
        std::lower_bound(begin, end, one, [](const AdoptedBy &a, const Adopted &b) {
            return comes_before(a.one, b);
        });
    if (by != end && !comes_before(one, by->one)) {
        return by->block >= frame->from && by->block <= frame->to ? by->block : kOutside;
    }
    const LedgerIncarnation *known = find_incarnation(&frame->known, incarnation);
    if (known == nullptr) {
        return !frame->with_tail ? kOutside : incarnation == frame->here.name ? kTail : kUnknown;
    }
    const BlockFrame *before = frame->before + known->lineage;
    if (before->number > 0 && sees(&before->snapshot, xid)) {
        return kOutside;
    }
    const uint64 block = first_that_sees(frame, known->lineage, xid);
    if (block != kOutside || !frame->with_tail) {
        return block;
    }
    return known->lineage == frame->last_lineage || known->name == frame->here.name ? kTail
                                                                                    : kUnknown;
}

} // namespace custody::audit
