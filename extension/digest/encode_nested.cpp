// Plain C-style hot loop: arrays, composites, ranges and multiranges, written in canonical form
// at once (array flags recomputed, type OIDs zero), so that nothing is rewritten afterwards.
#include "extension/digest/encode_value.hpp"

namespace custody::digest {

namespace {

constexpr int kCheckEvery = 4096;

Datum fetch(const ValuePlan *plan, const char *at) {
    return fetch_att(at, plan->by_value, plan->length);
}

void encode_elements(RowBuffer *out, ValuePlan *element, ArrayType *array, int count,
                     Size flags_at) {
    const char *at = ARR_DATA_PTR(array);
    const bits8 *present = ARR_NULLBITMAP(array);
    bool any_null = false;
    for (int i = 0; i < count; ++i) {
        if (i % kCheckEvery == 0) {
            CHECK_FOR_INTERRUPTS();
        }
        if (present != nullptr && (present[i / 8] & (1 << (i % 8))) == 0) {
            append_null(out);
            any_null = true;
            continue;
        }
        encode_value(out, element, fetch(element, at));
        at = att_addlength_pointer(at, element->length, at);
        at = reinterpret_cast<const char *>(att_align_nominal(at, element->align));
    }
    wire::put_u32(out->data + flags_at, any_null ? 1 : 0);
}

void encode_range_contents(RowBuffer *out, ValuePlan *plan, const RangeType *range) {
    RangeBound lower;
    RangeBound upper;
    bool empty;
    range_deserialize(plan->cached_type, range, &lower, &upper, &empty);
    append_big<uint8>(out, static_cast<uint8>(range_get_flags(range)));
    if (!empty && !lower.infinite) {
        encode_value(out, plan->children, lower.val);
    }
    if (!empty && !upper.infinite) {
        encode_value(out, plan->children, upper.val);
    }
}

} // namespace

void encode_array(RowBuffer *out, ValuePlan *plan, Datum value) {
    check_stack_depth();
    ArrayType *array = DatumGetArrayTypeP(value);
    const int dimensions = ARR_NDIM(array);
    append_big<int32>(out, dimensions);
    const Size flags_at = out->length;
    append_big<uint32>(out, 0);
    append_big<uint32>(out, 0); // the element type's OID
    for (int i = 0; i < dimensions; ++i) {
        append_big<int32>(out, ARR_DIMS(array)[i]);
        append_big<int32>(out, ARR_LBOUND(array)[i]);
    }
    const int count = ArrayGetNItems(dimensions, ARR_DIMS(array));
    encode_elements(out, plan->children, array, count, flags_at);
}

void encode_composite(RowBuffer *out, ValuePlan *plan, Datum value) {
    check_stack_depth();
    HeapTupleData tuple = tuple_of(DatumGetHeapTupleHeader(value));
    heap_deform_tuple(&tuple, plan->row_type, plan->values, plan->nulls);

    const Size count_at = out->length;
    int32 fields = 0;
    append_big<int32>(out, 0);
    for (int i = 0; i < plan->child_count; ++i) {
        if (TupleDescAttr(plan->row_type, i)->attisdropped) {
            continue;
        }
        ++fields;
        append_big<uint32>(out, 0); // the field type's OID
        if (plan->nulls[i]) {
            append_null(out);
        } else {
            encode_value(out, &plan->children[i], plan->values[i]);
        }
    }
    wire::put_u32(out->data + count_at, static_cast<uint32>(fields));
}

void encode_range(RowBuffer *out, ValuePlan *plan, Datum value) {
    check_stack_depth();
    encode_range_contents(out, plan, DatumGetRangeTypeP(value));
}

#if CUSTODY_HAS_MULTIRANGES
void encode_multirange(RowBuffer *out, ValuePlan *plan, Datum value) {
    check_stack_depth();
    int32 count;
    RangeType **ranges;
    multirange_deserialize(plan->cached_type, DatumGetMultirangeTypeP(value), &count, &ranges);
    append_big<int32>(out, count);
    for (int32 i = 0; i < count; ++i) {
        const Size start = begin_value(out);
        encode_range_contents(out, plan, ranges[i]);
        end_value(out, start);
    }
}
#else
void encode_multirange(RowBuffer *, ValuePlan *, Datum) {}
#endif

} // namespace custody::digest
