// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
// The ledger's index of block ranges against its table: what a range's summary leaves out is
// hidden from whoever looks rows up by their time. The rows of each range are read in the order of
// the table; the least and the greatest of their times must lie within its summary.
#include "extension/audit/verify_ranges.hpp"

namespace custody::audit {

namespace {

constexpr uint32 kInterruptMask = 0x3FF;
constexpr Oid kDatetimeMinmax = 4059; // datetime_minmax_ops of BRIN

struct Ranges {
    Relation index;
    Snapshot snapshot;
    BrinRevmap *map;
    BrinDesc *description;
    BlockNumber pages; // of a range
    MemoryContext per_range;
    BlockNumber range; // first block of the range whose rows come; Invalid: none yet
    TimestampTz least, greatest;
    uint64 count; // of ranges that have rows
    uint64 wrong;
};

/// A range without a summary is always read.
bool is_within_summary(Ranges *ranges) {
    Buffer buffer = InvalidBuffer;
    OffsetNumber place;
    Size size;
    BrinTuple *shared =
        custody_range_summary(ranges->map, ranges->range, &buffer, &place, &size, ranges->snapshot);
    bool within = true;
    if (shared != nullptr) {
        BrinTuple *tuple = brin_copy_tuple(shared, size, nullptr, nullptr);
        LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
        BrinMemTuple *summary = brin_deform_tuple(ranges->description, tuple, nullptr);
        const BrinValues *values = &summary->bt_columns[0];
        within =
            summary->bt_placeholder ||
            (!values->bv_allnulls && DatumGetTimestampTz(values->bv_values[0]) <= ranges->least &&
             DatumGetTimestampTz(values->bv_values[1]) >= ranges->greatest);
    }
    if (BufferIsValid(buffer)) {
        ReleaseBuffer(buffer);
    }
    return within;
}

void close_range(Ranges *ranges) {
    if (ranges->range == InvalidBlockNumber) {
        return;
    }
    MemoryContext caller = MemoryContextSwitchTo(ranges->per_range);
    ++ranges->count;
    ranges->wrong += is_within_summary(ranges) ? 0 : 1;
    MemoryContextSwitchTo(caller);
    MemoryContextReset(ranges->per_range);
}

void take_row(Ranges *ranges, HeapTuple tuple, TimestampTz at) {
    const BlockNumber block = ItemPointerGetBlockNumber(&tuple->t_self);
    const BlockNumber range = block - block % ranges->pages;
    if (range != ranges->range) {
        close_range(ranges);
        ranges->range = range;
        ranges->least = ranges->greatest = at;
    }
    ranges->least = Min(ranges->least, at);
    ranges->greatest = Max(ranges->greatest, at);
}

void read_table(Ranges *ranges, Relation table) {
    const int column = ranges->index->rd_index->indkey.values[0];
    // Not where another scan happens to be: the rows of a range come together.
    TableScanDesc scan = table_beginscan_strat(table, ranges->snapshot, 0, nullptr, true, false);
    HeapTuple tuple;
    uint32 rows = 0;
    while ((tuple = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
        bool is_null;
        const Datum at = heap_getattr(tuple, column, RelationGetDescr(table), &is_null);
        if (!is_null) {
            take_row(ranges, tuple, DatumGetTimestampTz(at));
        }
        if ((++rows & kInterruptMask) == 0) {
            CHECK_FOR_INTERRUPTS();
        }
    }
    table_endscan(scan);
    close_range(ranges);
}

} // namespace

bool is_index_of_times(Relation index) {
    return index->rd_rel->relam == BRIN_AM_OID && index->rd_index->indnatts == 1 &&
           index->rd_index->indkey.values[0] > 0 && index->rd_opfamily[0] == kDatetimeMinmax &&
           index->rd_opcintype[0] == TIMESTAMPTZOID &&
           heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr);
}

const char *what_is_wrong_in_ranges(Relation table, Relation index, Snapshot snapshot) {
    Ranges ranges = {};
    ranges.index = index;
    ranges.snapshot = snapshot;
    ranges.map = custody_range_map(index, &ranges.pages, snapshot);
    ranges.description = brin_build_desc(index);
    ranges.range = InvalidBlockNumber;
    ranges.per_range =
        AllocSetContextCreate(CurrentMemoryContext, "custody range check", ALLOCSET_DEFAULT_SIZES);
    read_table(&ranges, table);
    brin_free_desc(ranges.description);
    brinRevmapTerminate(ranges.map);
    MemoryContextDelete(ranges.per_range);
    return ranges.wrong == 0 ? nullptr
                             : psprintf("it hides rows: " UINT64_FORMAT " of " UINT64_FORMAT
                                        " ranges of blocks have times that their summary does not",
                                        ranges.wrong, ranges.count);
}

} // namespace custody::audit
