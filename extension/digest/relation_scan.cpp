// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
#include "extension/digest/relation_scan.hpp"

#include "extension/digest/encode_value.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

struct ScanState {
    int column_count;
    AttrNumber last_attribute;
    AttrNumber *attributes;
    ValuePlan *plans;
    int key_count;
    int *key; // positions among the columns, ascending
    const ScanRequest *request;
    ScanResult *result;
    RowBuffer row;
    RowBuffer key_row;
    Size *ends; // of each column in the row, where there is a key
};

void init_buffer(RowBuffer *buffer) {
    buffer->capacity = 8192;
    buffer->length = 0;
    buffer->data = static_cast<std::byte *>(palloc(buffer->capacity));
}

int compare_ints(const void *a, const void *b) {
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

int compare_xids(const void *a, const void *b) {
    const TransactionId x = *static_cast<const TransactionId *>(a);
    const TransactionId y = *static_cast<const TransactionId *>(b);
    return x < y ? -1 : static_cast<int>(x > y);
}

void find_key(ScanState *state) {
    const ScanRequest *request = state->request;
    // One bucket needs no key: every row lands in it.
    state->key_count = request->buckets == 1 ? 0 : request->key_count;
    state->key = static_cast<int *>(palloc(sizeof(int) * Max(request->key_count, 1)));
    for (int i = 0; i < request->key_count; ++i) {
        int position = 0;
        while (position < request->column_count &&
               strcmp(request->columns[position], request->key[i]) != 0) {
            ++position;
        }
        if (position == request->column_count) {
            pg::raise(ERRCODE_UNDEFINED_COLUMN,
                      psprintf("key column \"%s\" is not among the columns", request->key[i]));
        }
        state->key[i] = position;
    }
    qsort(state->key, request->key_count, sizeof(int), compare_ints);
    for (int i = 1; i < request->key_count; ++i) {
        if (state->key[i] == state->key[i - 1]) {
            pg::raise(ERRCODE_DUPLICATE_COLUMN, psprintf("key column \"%s\" is named twice",
                                                         request->columns[state->key[i]]));
        }
    }
}

void find_columns(ScanState *state, Relation relation) {
    const ScanRequest *request = state->request;
    const int count = request->column_count;
    state->column_count = count;
    state->attributes = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * Max(count, 1)));
    state->plans = static_cast<ValuePlan *>(palloc(sizeof(ValuePlan) * Max(count, 1)));
    state->ends = static_cast<Size *>(palloc(sizeof(Size) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        const AttrNumber attribute = find_column(relation, request->columns[i]);
        for (int j = 0; j < i; ++j) {
            if (state->attributes[j] == attribute) {
                pg::raise(ERRCODE_DUPLICATE_COLUMN,
                          psprintf("column \"%s\" is named twice", request->columns[i]));
            }
        }
        state->attributes[i] = attribute;
        state->last_attribute = Max(state->last_attribute, attribute);
        plan_value(&state->plans[i],
                   TupleDescAttr(RelationGetDescr(relation), attribute - 1)->atttypid,
                   request->form);
    }
}

void encode_row(ScanState *state, TupleTableSlot *slot) {
    RowBuffer *row = &state->row;
    row->length = 0;
    append_big<uint16>(row, static_cast<uint16>(state->column_count));
    for (int i = 0; i < state->column_count; ++i) {
        const int attribute = state->attributes[i] - 1;
        if (slot->tts_isnull[attribute]) {
            append_null(row);
        } else {
            encode_value(row, &state->plans[i], slot->tts_values[attribute]);
        }
        state->ends[i] = row->length;
    }
}

Hash128 hash_key(ScanState *state) {
    RowBuffer *key = &state->key_row;
    key->length = 0;
    append_big<uint16>(key, static_cast<uint16>(state->key_count));
    for (int i = 0; i < state->key_count; ++i) {
        const int position = state->key[i];
        const Size start = position == 0 ? 2 : state->ends[position - 1];
        append(key, state->row.data + start, state->ends[position] - start);
    }
    return hash_bytes({key->data, key->length});
}

bool written_by_another(const ScanRequest *request, TupleTableSlot *slot) {
    bool null;
    const TransactionId xmin =
        DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &null));
    return null || bsearch(&xmin, request->writers, request->writer_count, sizeof(TransactionId),
                           compare_xids) == nullptr;
}

void add_row(ScanState *state, TupleTableSlot *slot) {
    if (state->last_attribute > 0) {
        slot_getsomeattrs(slot, state->last_attribute);
    }
    encode_row(state, slot);
    ScanResult *result = state->result;
    const Hash128 row_hash = hash_bytes({state->row.data, state->row.length});
    const Hash128 key_hash = state->key_count == 0 ? row_hash : hash_key(state);
    result->digests[static_cast<uint32>(key_hash) & (result->buckets - 1)].add(row_hash);
    ++result->rows;
    if (state->request->check_writers && written_by_another(state->request, slot)) {
        ++result->foreign_rows;
    }
}

} // namespace

void init_result(ScanResult *result, uint32 buckets) {
    result->rows = 0;
    result->foreign_rows = 0;
    result->buckets = buckets;
    // palloc aligns to 8 bytes, 128-bit integers want 16.
    char *room = static_cast<char *>(palloc0(sizeof(Digest) * buckets + alignof(Digest)));
    result->digests = reinterpret_cast<Digest *>(TYPEALIGN(alignof(Digest), room));
}

void scan_relation(Relation relation, const ScanRequest *request, ScanResult *result) {
    check_storage(relation);
    ScanState state;
    memset(&state, 0, sizeof(state));
    state.request = request;
    state.result = result;
    find_columns(&state, relation);
    find_key(&state);
    init_buffer(&state.row);
    init_buffer(&state.key_row);
    qsort(request->writers, request->writer_count, sizeof(TransactionId), compare_xids);

    TupleTableSlot *slot = table_slot_create(relation, nullptr);
    TableScanDesc scan = table_beginscan(relation, GetActiveSnapshot(), 0, nullptr);
    MemoryContext per_row =
        AllocSetContextCreate(CurrentMemoryContext, "custody wire row", ALLOCSET_DEFAULT_SIZES);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        MemoryContext caller = MemoryContextSwitchTo(per_row);
        add_row(&state, slot);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(per_row);
        CHECK_FOR_INTERRUPTS();
    }
    MemoryContextDelete(per_row);
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    pfree(state.row.data);
    pfree(state.key_row.data);
}

} // namespace custody::digest
