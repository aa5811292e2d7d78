// Writes one value, with its length word, as the wire row has it. Plain C-style: an ERROR may jump
// over everything here. What a value needs while it is encoded goes to the current memory context,
// which the caller resets once per row.
#pragma once

#include "extension/digest/row_buffer.hpp"
#include "extension/digest/value_plan.hpp"

namespace custody::digest {

void encode_value(RowBuffer *out, ValuePlan *plan, Datum value);

/// The parts of it. None writes the length word.
void encode_numeric(RowBuffer *out, Datum value);
void encode_jsonb(RowBuffer *out, Datum value);
void encode_array(RowBuffer *out, ValuePlan *plan, Datum value);
void encode_composite(RowBuffer *out, ValuePlan *plan, Datum value);
void encode_range(RowBuffer *out, ValuePlan *plan, Datum value);
void encode_multirange(RowBuffer *out, ValuePlan *plan, Datum value);

/// A composite value as a tuple.
inline HeapTupleData tuple_of(HeapTupleHeader header) {
    HeapTupleData tuple;
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_tableOid = InvalidOid;
    tuple.t_data = header;
    return tuple;
}

/// A numeric as numeric_out writes it; `at` need not be aligned, `length` is that of its contents.
void append_numeric_text(RowBuffer *out, const char *at, Size length);

/// Texts of the database as UTF-8.
void append_utf8(RowBuffer *out, const char *text, Size length);

} // namespace custody::digest
