// Plain C-style: no local has a destructor.
// The fold: a row's events, in their order, become the row as they left it (aggregate
// custody.fold).
#include "common/big_endian.hpp"
#include "common/ledger_image.hpp"

#include "extension/audit/fold_plan.hpp"
#include "extension/digest/row_buffer.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::audit {

namespace {

constexpr int32 kUnknown = -5; // no event says; an image of kind `changed` leaves it out

struct FoldedValue {
    int32 form; // 0, kValueNull, ..., kUnknown
    int position;
    Size length;
    std::byte *bytes; // owned
    std::byte salt[16];
};

/// The row as the events so far left it.
struct Folding {
    bool exists;
    bool begun; // some event was about it
    int count;
    FoldedValue *values;
    int32 descriptor;
    int64 incarnation;
    uint64 xid;
    int32 seq;
    TimestampTz at;
};

enum Argument { kState, kPlan, kDescriptor, kOp, kImage, kSalt, kIncarnation, kXid, kSeq, kAt };

const FoldPlan *plan_of(FunctionCallInfo fcinfo) {
    if (fcinfo->args[kPlan].isnull) {
        refuse_fold_plan();
    }
    struct varlena *text = PG_DETOAST_DATUM_PACKED(fcinfo->args[kPlan].value);
    const auto *plan = static_cast<const FoldPlan *>(fcinfo->flinfo->fn_extra);
    if (plan == nullptr || plan->length != VARSIZE_ANY_EXHDR(text) ||
        memcmp(plan->text, VARDATA_ANY(text), plan->length) != 0) {
        MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
        char *copy = pnstrdup(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
        plan = read_fold_plan(copy, VARSIZE_ANY_EXHDR(text));
        fcinfo->flinfo->fn_extra = const_cast<FoldPlan *>(plan);
        MemoryContextSwitchTo(caller);
    }
    return plan;
}

void keep(FoldedValue *value, int32 form, const std::byte *bytes, Size length) {
    if (value->bytes != nullptr) {
        pfree(value->bytes);
        value->bytes = nullptr;
    }
    value->form = form;
    value->length = length;
    if (bytes != nullptr) {
        value->bytes = static_cast<std::byte *>(palloc(Max(length, Size{1})));
        memcpy(value->bytes, bytes, length);
    }
}

void take_value(FoldedValue *value, const ledger::ImageValue *stored, const pg_uuid_t *salt) {
    switch (stored->form) {
    case 0:
        keep(value, 0, stored->bytes.data(), stored->bytes.size());
        return;
    case ledger::kValueHashed:
    case ledger::kValueTooLarge:
        keep(value, stored->form, stored->hash.data(), stored->hash.size());
        value->position = stored->position;
        value->length = static_cast<Size>(stored->length);
        memcpy(value->salt, salt->data, sizeof(value->salt));
        return;
    default:
        keep(value, stored->form, nullptr, 0);
        return;
    }
}

/// What the columns have that the event's descriptor does not have.
void take_constants(Folding *row, const FoldMap *map) {
    for (int i = 0; i < row->count; ++i) {
        const FoldColumn *column = &map->columns[i];
        switch (column->source) {
        case FoldSource::null:
            keep(&row->values[i], ledger::kValueNull, nullptr, 0);
            break;
        case FoldSource::constant:
            keep(&row->values[i], 0, column->bytes, column->length);
            break;
        default:
            keep(&row->values[i], kUnknown, nullptr, 0);
            break;
        }
    }
}

void take_image(Folding *row, const FoldMap *map, bytea *image, const pg_uuid_t *salt) {
    ledger::ImageReader reader(
        {reinterpret_cast<const std::byte *>(VARDATA_ANY(image)), VARSIZE_ANY_EXHDR(image)});
    if (reader.kind() == ledger::ImageKind::full || !row->exists) {
        take_constants(row, map);
    }
    ledger::ImageValue value;
    while (reader.next(value)) {
        if (value.position >= map->source_count) {
            break;
        }
        const int target = map->targets[value.position];
        if (target >= 0) {
            take_value(&row->values[target], &value, salt);
        }
    }
    if (!reader.complete() || reader.kind() == ledger::ImageKind::text) {
        pg::raise(ERRCODE_DATA_CORRUPTED, "invalid image of the audit ledger");
    }
    row->exists = true;
}

Folding *make_folding(MemoryContext context, int count) {
    auto *row = static_cast<Folding *>(MemoryContextAllocZero(context, sizeof(Folding)));
    row->count = count;
    row->values = static_cast<FoldedValue *>(
        MemoryContextAllocZero(context, sizeof(FoldedValue) * Max(count, 1)));
    return row;
}

/// `image` is of the call: what is read of it lives as long as the row, and it itself must not.
void fold_event(Folding *row, const FoldMap *map, FunctionCallInfo fcinfo, bytea *image) {
    const char op = DatumGetChar(fcinfo->args[kOp].value);
    row->begun = true;
    row->descriptor = map->descriptor;
    row->incarnation = DatumGetInt64(fcinfo->args[kIncarnation].value);
    row->xid = U64FromFullTransactionId(DatumGetFullTransactionId(fcinfo->args[kXid].value));
    row->seq = DatumGetInt32(fcinfo->args[kSeq].value);
    row->at = DatumGetTimestampTz(fcinfo->args[kAt].value);
    if (op == 'D' || op == 'L' || op == 'M' || op == 'T') {
        row->exists = false;
    } else if (image == nullptr || fcinfo->args[kSalt].isnull) {
        for (int i = 0; i < row->count; ++i) { // erased: any column may have changed
            keep(&row->values[i], kUnknown, nullptr, 0);
        }
        row->exists = true;
    } else {
        take_image(row, map, image, DatumGetUUIDP(fcinfo->args[kSalt].value));
    }
}

void put_value(digest::RowBuffer *image, digest::RowBuffer *hashes, const FoldedValue *value) {
    image->value = image->length;
    if (value->form == 0) {
        digest::append_sized_bytes(image, value->bytes, value->length);
        return;
    }
    digest::append_big<int32>(image, value->form);
    if (value->form == ledger::kValueTooLarge) {
        digest::append_big<uint64>(image, value->length);
    }
    if (value->form == ledger::kValueHashed || value->form == ledger::kValueTooLarge) {
        digest::append(image, value->bytes, 32);
        digest::append(hashes, value->salt, sizeof(value->salt));
        digest::append_big<uint16>(hashes, static_cast<uint16>(value->position));
    }
}

digest::RowBuffer empty_buffer() {
    digest::RowBuffer buffer = {static_cast<std::byte *>(palloc(1024)), VARHDRSZ, 1024, VARHDRSZ};
    return buffer;
}

Datum as_datum(digest::RowBuffer *buffer) {
    SET_VARSIZE(buffer->data, buffer->length);
    return PointerGetDatum(buffer->data);
}

Datum folded_row(const Folding *row, TupleDesc row_type) {
    digest::RowBuffer image = empty_buffer();
    digest::RowBuffer hashes = empty_buffer();
    uint16 known = 0;
    for (int i = 0; i < row->count; ++i) {
        known += row->values[i].form != kUnknown;
    }
    const bool whole = known == row->count;
    digest::append_big<uint8>(&image, whole ? 1 : 2);
    digest::append_big(&image, known);
    for (int i = 0; i < row->count; ++i) {
        if (row->values[i].form == kUnknown) {
            continue;
        }
        if (!whole) {
            digest::append_big(&image, static_cast<uint16>(i));
        }
        put_value(&image, &hashes, &row->values[i]);
    }
    Datum values[] = {as_datum(&image),
                      as_datum(&hashes),
                      BoolGetDatum(whole),
                      BoolGetDatum(row->exists),
                      Int32GetDatum(row->descriptor),
                      Int64GetDatum(row->incarnation),
                      FullTransactionIdGetDatum(FullTransactionIdFromU64(row->xid)),
                      Int32GetDatum(row->seq),
                      TimestampTzGetDatum(row->at)};
    bool nulls[9] = {!row->exists, !row->exists};
    return HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
}

} // namespace

} // namespace custody::audit

CUSTODY_FUNCTION(custody_fold_event) {
    using namespace custody::audit;
    MemoryContext context;
    if (AggCheckCallContext(fcinfo, &context) == 0) {
        custody::pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED,
                           "function is called outside an aggregate");
    }
    const FoldPlan *plan = plan_of(fcinfo);
    auto *row = PG_ARGISNULL(kState) ? make_folding(context, plan->count)
                                     : reinterpret_cast<Folding *>(PG_GETARG_POINTER(kState));
    if (row->count != plan->count) { // the state has the room that the first plan asked for
        refuse_fold_plan();
    }
    const FoldMap *map = find_fold_map(plan, PG_GETARG_INT32(kDescriptor));
    if (map != nullptr) {
        bytea *image = PG_ARGISNULL(kImage) ? nullptr : DatumGetByteaPP(PG_GETARG_DATUM(kImage));
        MemoryContext caller = MemoryContextSwitchTo(context);
        fold_event(row, map, fcinfo, image);
        MemoryContextSwitchTo(caller);
    }
    PG_RETURN_POINTER(row);
}

CUSTODY_FUNCTION(custody_folded_row) {
    using namespace custody::audit;
    const auto *row =
        PG_ARGISNULL(0) ? nullptr : reinterpret_cast<const Folding *>(PG_GETARG_POINTER(0));
    if (row == nullptr || !row->begun) {
        PG_RETURN_NULL();
    }
    TupleDesc row_type;
    if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE) {
        custody::pg::raise(ERRCODE_FEATURE_NOT_SUPPORTED, "function returns no row type");
    }
    return folded_row(row, BlessTupleDesc(row_type));
}
