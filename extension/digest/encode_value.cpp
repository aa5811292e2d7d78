// Plain C-style hot loop: no local has a destructor.
#include "extension/digest/encode_value.hpp"

#include "extension/pg/encoding.hpp"

namespace custody::digest {

void refuse_length() {
    pg::raise(ERRCODE_PROGRAM_LIMIT_EXCEEDED, "value is too long for a wire row",
              "it would have 1 GB or more, which no send or output function returns");
}

void grow(RowBuffer *out, Size more) {
    if (out->length - out->value + more >= MaxAllocSize) {
        refuse_length();
    }
    Size capacity = Max(out->capacity, Size{1024});
    while (capacity - out->length < more) {
        capacity *= 2;
    }
    out->data = static_cast<std::byte *>(repalloc_huge(out->data, capacity));
    out->capacity = capacity;
}

void append_utf8(RowBuffer *out, const char *text, Size length) {
    if (!database_needs_conversion()) {
        append(out, text, length);
        return;
    }
    const char *converted = pg_server_to_any(text, static_cast<int>(length), PG_UTF8);
    append(out, converted, converted == text ? length : strlen(converted));
}

namespace {

void encode_text(RowBuffer *out, const char *text, Size length) {
    const Size start = begin_value(out);
    append_utf8(out, text, length);
    end_value(out, start);
}

void encode_varlena(RowBuffer *out, Datum value, bool text) {
    struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
    if (text && database_needs_conversion()) {
        encode_text(out, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    } else {
        append_sized_bytes(out, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    }
}

void encode_label(RowBuffer *out, ValuePlan *plan, Oid oid) {
    EnumLabel *cached = &plan->labels[oid % kEnumCacheSize];
    if (cached->oid != oid || cached->era != enum_era()) {
        cached->era = enum_era();
        HeapTuple tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(oid));
        if (!HeapTupleIsValid(tuple)) {
            pg::raise(ERRCODE_INVALID_BINARY_REPRESENTATION,
                      psprintf("invalid internal value for enum: %u", oid));
        }
        const char *label = NameStr(reinterpret_cast<Form_pg_enum>(GETSTRUCT(tuple))->enumlabel);
        cached->length = static_cast<uint32>(strlen(label));
        memcpy(cached->label, label, cached->length);
        cached->oid = oid;
        ReleaseSysCache(tuple);
    }
    encode_text(out, cached->label, cached->length);
}

void encode_interval(RowBuffer *out, Datum value) {
    const Interval *interval = DatumGetIntervalP(value);
    std::byte *at = reserve(out, 20);
    wire::put_u32(at, 16);
    wire::put_big(at + 4, interval->time);
    wire::put_big(at + 12, interval->day);
    wire::put_big(at + 16, interval->month);
    out->length += 20;
}

void encode_float4(RowBuffer *out, Datum value) {
    append_sized(out, DatumGetInt32(value));
    wire::canonical_float4(out->data + out->length - 4);
}

void encode_float8(RowBuffer *out, Datum value) {
    const float8 number = DatumGetFloat8(value);
    uint64 bits;
    memcpy(&bits, &number, 8);
    append_sized(out, bits);
    wire::canonical_float8(out->data + out->length - 8);
}

void encode_bytea_text(RowBuffer *out, Datum value) {
    struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
    const Size length = VARSIZE_ANY_EXHDR(bytes);
    const Size start = begin_value(out);
    char *at = reinterpret_cast<char *>(reserve(out, 2 + 2 * length));
    *at++ = '\\';
    *at++ = 'x';
    hex_encode(VARDATA_ANY(bytes), length, at);
    out->length += 2 + 2 * length;
    end_value(out, start);
}

void encode_by_function(RowBuffer *out, ValuePlan *plan, Datum value) {
    if (plan->encoding == Encoding::send) {
        bytea *sent = pg::send_in_utf8(plan->function, value);
        append_sized_bytes(out, VARDATA(sent), VARSIZE(sent) - VARHDRSZ);
    } else {
        const char *text = OutputFunctionCall(plan->function, value);
        encode_text(out, text, strlen(text));
    }
}

/// Types whose length is known only when they are written.
void encode_open_ended(RowBuffer *out, ValuePlan *plan, Datum value) {
    const Size start = begin_value(out);
    switch (plan->encoding) {
    case Encoding::numeric:
        encode_numeric(out, value);
        break;
    case Encoding::jsonb:
        encode_jsonb(out, value);
        break;
    case Encoding::array:
        encode_array(out, plan, value);
        break;
    case Encoding::composite:
        encode_composite(out, plan, value);
        break;
    case Encoding::range:
        encode_range(out, plan, value);
        break;
    default:
        encode_multirange(out, plan, value);
        break;
    }
    end_value(out, start);
}

} // namespace

void encode_value(RowBuffer *out, ValuePlan *plan, Datum value) {
    switch (plan->encoding) {
    case Encoding::fixed1:
        append_sized(out, DatumGetUInt8(value));
        return;
    case Encoding::fixed2:
        append_sized(out, DatumGetInt16(value));
        return;
    case Encoding::fixed4:
        append_sized(out, DatumGetInt32(value));
        return;
    case Encoding::fixed8:
        append_sized(out, DatumGetInt64(value));
        return;
    case Encoding::float4:
        encode_float4(out, value);
        return;
    case Encoding::float8:
        encode_float8(out, value);
        return;
    case Encoding::uuid:
        append_sized_bytes(out, DatumGetPointer(value), UUID_LEN);
        return;
    case Encoding::interval:
        encode_interval(out, value);
        return;
    case Encoding::bytes:
        encode_varlena(out, value, false);
        return;
    case Encoding::text:
        encode_varlena(out, value, true);
        return;
    case Encoding::name:
        encode_text(out, NameStr(*DatumGetName(value)), strlen(NameStr(*DatumGetName(value))));
        return;
    case Encoding::enum_label:
        encode_label(out, plan, DatumGetObjectId(value));
        return;
    case Encoding::boolean_text:
        append_sized_bytes(out, DatumGetBool(value) ? "t" : "f", 1);
        return;
    case Encoding::bytea_text:
        encode_bytea_text(out, value);
        return;
    case Encoding::send:
    case Encoding::output:
        encode_by_function(out, plan, value);
        return;
    default:
        encode_open_ended(out, plan, value);
        return;
    }
}

} // namespace custody::digest
