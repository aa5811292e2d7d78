#include "extension/pg/values.hpp"

namespace custody::pg {

namespace {

struct varlena *detoast(Datum value) {
    return PG_DETOAST_DATUM_PACKED(value);
}

struct Elements {
    Datum *values;
    bool *nulls;
    int count;
};

Elements array_elements(Datum array) {
    Elements all{};
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &all.values,
                      &all.nulls, &all.count);
    return all;
}

Datum make_varlena(const void *bytes, std::size_t length) {
    auto *value = static_cast<struct varlena *>(palloc(length + VARHDRSZ));
    SET_VARSIZE(value, length + VARHDRSZ);
    memcpy(VARDATA(value), bytes, length);
    return PointerGetDatum(value);
}

} // namespace

std::string text_value(Datum text) {
    struct varlena *plain = call<detoast>(text);
    std::string value(VARDATA_ANY(plain), VARSIZE_ANY_EXHDR(plain));
    if (PointerGetDatum(plain) != text) {
        pfree(plain);
    }
    return value;
}

std::vector<std::string> text_array_value(Datum array, const char *what) {
    const Elements all = call<array_elements>(array);
    std::vector<std::string> values;
    values.reserve(static_cast<std::size_t>(all.count));
    for (int i = 0; i < all.count; ++i) {
        if (all.nulls[i]) {
            throw Error(ERRCODE_NULL_VALUE_NOT_ALLOWED, std::string(what) + " must not hold NULL")
                .detail("element " + std::to_string(i + 1) + " is NULL");
        }
        values.push_back(text_value(all.values[i]));
    }
    return values;
}

Datum text_datum(std::string_view text) { return call<make_varlena>(text.data(), text.size()); }

Datum bytea_datum(std::span<const std::byte> bytes) {
    return call<make_varlena>(bytes.data(), bytes.size());
}

} // namespace custody::pg
