// Plain C-style: no local has a destructor.
#include "extension/audit/image_decoding.hpp"

#include "common/big_endian.hpp"

#include "extension/pg/boundary.hpp"
#include "extension/pg/encoding.hpp"

namespace custody::audit {

namespace {

constexpr int32 kMaxDimensions = 6;

/// What is left of a value, walked from its start.
struct Cursor {
    std::byte *at;
    Size left;
};

[[noreturn]] void refuse_bytes(Oid type) {
    pg::raise(ERRCODE_INVALID_BINARY_REPRESENTATION,
              psprintf("stored value is not one of type %s", format_type_be(type)));
}

std::byte *take(Cursor *in, Size bytes, Oid type) {
    if (in->left < bytes) {
        refuse_bytes(type);
    }
    std::byte *taken = in->at;
    in->at += bytes;
    in->left -= bytes;
    return taken;
}

int32 take_i32(Cursor *in, Oid type) { return wire::get_i32(take(in, 4, type)); }

void put_types_back(const Decoding *decoding, Cursor in);

/// A length and the value behind it.
void restore_element(const Decoding *element, Cursor *in, Oid holder) {
    const int32 length = take_i32(in, holder);
    if (length == -1) {
        return;
    }
    if (length < 0) {
        refuse_bytes(holder);
    }
    std::byte *value = take(in, static_cast<Size>(length), holder);
    put_types_back(element, {value, static_cast<Size>(length)});
}

void restore_array(const Decoding *array, Cursor in) {
    const int32 dimensions = take_i32(&in, array->type);
    if (dimensions < 0 || dimensions > kMaxDimensions) {
        refuse_bytes(array->type);
    }
    wire::put_u32(take(&in, 8, array->type) + 4, array->children->type);
    (void)take(&in, static_cast<Size>(dimensions) * 8, array->type);
    while (in.left > 0) {
        restore_element(array->children, &in, array->type);
    }
}

void restore_composite(const Decoding *composite, Cursor in) {
    if (take_i32(&in, composite->type) != composite->child_count) {
        refuse_bytes(composite->type);
    }
    for (int i = 0; i < composite->child_count; ++i) {
        wire::put_u32(take(&in, 4, composite->type), composite->children[i].type);
        restore_element(&composite->children[i], &in, composite->type);
    }
}

void restore_range(const Decoding *range, Cursor in) {
    (void)take(&in, 1, range->type); // flags
    while (in.left > 0) {
        restore_element(range->children, &in, range->type);
    }
}

void restore_multirange(const Decoding *multirange, Cursor in) {
    (void)take_i32(&in, multirange->type);
    while (in.left > 0) {
        const int32 length = take_i32(&in, multirange->type);
        if (length < 0) {
            refuse_bytes(multirange->type);
        }
        std::byte *range = take(&in, static_cast<Size>(length), multirange->type);
        restore_range(multirange, {range, static_cast<Size>(length)});
    }
}

void put_types_back(const Decoding *decoding, Cursor in) {
    if (!decoding->holds_types) {
        return;
    }
    check_stack_depth();
    switch (decoding->shape) {
    case Shape::plain:
        break;
    case Shape::array:
        restore_array(decoding, in);
        break;
    case Shape::composite:
        restore_composite(decoding, in);
        break;
    case Shape::range:
        restore_range(decoding, in);
        break;
    case Shape::multirange:
        restore_multirange(decoding, in);
        break;
    }
}

void plan_type(Decoding *decoding, Oid type);

void plan_children(Decoding *decoding, Shape shape, int count) {
    decoding->shape = shape;
    decoding->child_count = count;
    decoding->children = static_cast<Decoding *>(palloc0(sizeof(Decoding) * Max(count, 1)));
}

void plan_only_child(Decoding *decoding, Shape shape, Oid child) {
    plan_children(decoding, shape, 1);
    plan_type(decoding->children, child);
    decoding->holds_types = shape == Shape::array || decoding->children->holds_types;
}

void plan_composite(Decoding *decoding, Oid type) {
    TupleDesc row_type = lookup_rowtype_tupdesc(type, -1);
    plan_children(decoding, Shape::composite, row_type->natts);
    decoding->child_count = 0;
    decoding->holds_types = true;
    for (int i = 0; i < row_type->natts; ++i) {
        Form_pg_attribute attribute = TupleDescAttr(row_type, i);
        if (!attribute->attisdropped) {
            plan_type(&decoding->children[decoding->child_count++], attribute->atttypid);
        }
    }
    ReleaseTupleDesc(row_type);
}

void plan_type(Decoding *decoding, Oid type) {
    check_stack_depth();
    CHECK_FOR_INTERRUPTS(); // types of types of types are many
    *decoding = {type, Shape::plain, false, 0, nullptr};
    const Oid base = getBaseType(type);
    HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(base));
    if (!HeapTupleIsValid(tuple)) {
        pg::raise(ERRCODE_INTERNAL_ERROR, psprintf("cache lookup failed for type %u", base));
    }
    const auto form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
    const bool is_array =
        OidIsValid(form->typelem) && form->typlen == -1 && form->typsend == F_ARRAY_SEND;
    const Oid element = form->typelem;
    const char kind = form->typtype;
    ReleaseSysCache(tuple);
    if (is_array) {
        plan_only_child(decoding, Shape::array, element);
    } else if (kind == TYPTYPE_COMPOSITE) {
        plan_composite(decoding, base);
    } else if (kind == TYPTYPE_RANGE) {
        plan_only_child(decoding, Shape::range, get_range_subtype(base));
#if CUSTODY_HAS_MULTIRANGES
    } else if (kind == TYPTYPE_MULTIRANGE) {
        plan_only_child(decoding, Shape::multirange, get_range_subtype(get_multirange_range(base)));
#endif
    }
}

/// An int2vector or oidvector without elements: the server's own function refuses what it sent.
bool is_empty_vector(const char *copy, Size length) {
    const auto *bytes = reinterpret_cast<const std::byte *>(copy);
    return length == 20 && wire::get_i32(bytes) == 1 && wire::get_i32(bytes + 12) == 0;
}

Datum receive(ValueDecoder *decoder, char *copy, Size length) {
    const Oid base = decoder->base;
    if ((base == INT2VECTOROID || base == OIDVECTOROID) && is_empty_vector(copy, length)) {
        return base == INT2VECTOROID ? DirectFunctionCall1(int2vectorin, CStringGetDatum(""))
                                     : DirectFunctionCall1(oidvectorin, CStringGetDatum(""));
    }
    put_types_back(&decoder->decoding, {reinterpret_cast<std::byte *>(copy), length});
    StringInfoData message = {copy, static_cast<int>(length), static_cast<int>(length) + 1, 0};
    const Datum value = pg::receive_from_utf8(&decoder->input, &message, decoder->io_parameter);
    if (message.cursor != message.len) {
        refuse_bytes(decoder->decoding.type);
    }
    return value;
}

Datum read_text(ValueDecoder *decoder, char *copy, Size length) {
    char *text = copy;
    if (GetDatabaseEncoding() != PG_SQL_ASCII) {
        text = pg_any_to_server(copy, static_cast<int>(length), PG_UTF8);
    }
    return InputFunctionCall(&decoder->input, text, decoder->io_parameter, -1);
}

} // namespace

void plan_decoding(ValueDecoder *decoder, Oid type, wire::Form form) {
    const Oid base = getBaseType(type);
    Oid function;
    bool is_varlena;
    decoder->form = form;
    decoder->base = base;
    if (form == wire::Form::text) {
        decoder->decoding = {type, Shape::plain, false, 0, nullptr};
        getTypeInputInfo(base, &function, &decoder->io_parameter);
    } else {
        plan_type(&decoder->decoding, type);
        getTypeBinaryInputInfo(base, &function, &decoder->io_parameter);
    }
    fmgr_info(function, &decoder->input);
    getTypeOutputInfo(base, &function, &is_varlena);
    fmgr_info(function, &decoder->output);
}

Datum decode_value(ValueDecoder *decoder, const std::byte *bytes, Size length) {
    if (length >= MaxAllocSize) {
        refuse_bytes(decoder->decoding.type);
    }
    auto *copy = static_cast<char *>(palloc(length + 1));
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return decoder->form == wire::Form::text ? read_text(decoder, copy, length)
                                             : receive(decoder, copy, length);
}

} // namespace custody::audit
