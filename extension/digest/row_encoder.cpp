// Plain C-style hot loop: no local has a destructor, an ERROR may jump over everything.
#include "extension/digest/row_encoder.hpp"

#include "extension/pg/boundary.hpp"

namespace custody::digest {

namespace {

void init_buffer(RowBuffer *buffer) {
    buffer->capacity = 8192;
    buffer->length = buffer->value = 0;
    buffer->data = static_cast<std::byte *>(palloc(buffer->capacity));
}

int compare_ints(const void *a, const void *b) {
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

void find_key(RowEncoder *encoder, const RowShape *shape) {
    encoder->key_count = shape->key_count;
    encoder->key = static_cast<int *>(palloc(sizeof(int) * Max(shape->key_count, 1)));
    for (int i = 0; i < shape->key_count; ++i) {
        int position = 0;
        while (position < shape->column_count &&
               strcmp(shape->columns[position], shape->key[i]) != 0) {
            ++position;
        }
        if (position == shape->column_count) {
            pg::raise(ERRCODE_UNDEFINED_COLUMN,
                      psprintf("key column \"%s\" is not among the columns", shape->key[i]),
                      nullptr,
                      "add it to the columns, or name a key that is; with '{}' the hash of the row "
                      "picks the bucket");
        }
        encoder->key[i] = position;
    }
    qsort(encoder->key, shape->key_count, sizeof(int), compare_ints);
    for (int i = 1; i < shape->key_count; ++i) {
        if (encoder->key[i] == encoder->key[i - 1]) {
            pg::raise(ERRCODE_DUPLICATE_COLUMN, psprintf("key column \"%s\" is named twice",
                                                         shape->columns[encoder->key[i]]));
        }
    }
}

void find_columns(RowEncoder *encoder, RowType row_type, const RowShape *shape) {
    const int count = shape->column_count;
    encoder->column_count = count;
    encoder->attributes = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * Max(count, 1)));
    encoder->plans = static_cast<ValuePlan *>(palloc(sizeof(ValuePlan) * Max(count, 1)));
    encoder->ends = static_cast<Size *>(palloc(sizeof(Size) * Max(count, 1)));
    for (int i = 0; i < count; ++i) {
        const AttrNumber attribute = find_column(row_type, shape->columns[i]);
        for (int j = 0; j < i; ++j) {
            if (encoder->attributes[j] == attribute) {
                pg::raise(ERRCODE_DUPLICATE_COLUMN,
                          psprintf("column \"%s\" is named twice", shape->columns[i]));
            }
        }
        encoder->attributes[i] = attribute;
        encoder->last_attribute = Max(encoder->last_attribute, attribute);
        plan_value(&encoder->plans[i], TupleDescAttr(row_type.columns, attribute - 1)->atttypid,
                   shape->form);
    }
}

} // namespace

DigestValue describe(const RowShape *shape, bool ad_hoc) {
    auto *names = static_cast<std::string_view *>(
        palloc(sizeof(std::string_view) * Max(shape->column_count, 1)));
    for (int i = 0; i < shape->column_count; ++i) {
        char *name = shape->columns[i];
        names[i] = pg_server_to_any(name, static_cast<int>(strlen(name)), PG_UTF8);
    }
    DigestValue none;
    none.columns = columns_fingerprint({names, static_cast<Size>(shape->column_count)});
    none.profile = shape->profile;
    none.form = static_cast<uint8>(shape->form);
    none.ad_hoc = ad_hoc;
    pfree(names);
    return none;
}

void init_encoder(RowEncoder *encoder, RowType row_type, const RowShape *shape) {
    memset(encoder, 0, sizeof(*encoder));
    encoder->profile = shape->profile;
    find_columns(encoder, row_type, shape);
    for (int i = 0; i < encoder->column_count; ++i) {
        encoder->holds_row_types |= holds_row_type(encoder->plans + i);
    }
    find_key(encoder, shape);
    init_buffer(&encoder->row);
    init_buffer(&encoder->key_row);
}

bool row_types_unchanged(const RowEncoder *encoder) {
    bool unchanged = true;
    for (int i = 0; i < encoder->column_count && encoder->holds_row_types && unchanged; ++i) {
        unchanged = row_types_unchanged(encoder->plans + i);
    }
    return unchanged;
}

void encode_row(RowEncoder *encoder, const Datum *values, const bool *nulls) {
    RowBuffer *row = &encoder->row;
    row->length = row->value = 0;
    append_big<uint16>(row, static_cast<uint16>(encoder->column_count));
    for (int i = 0; i < encoder->column_count; ++i) {
        const int attribute = encoder->attributes[i] - 1;
        row->value = row->length;
        if (nulls[attribute]) {
            append_null(row);
        } else {
            encode_value(row, &encoder->plans[i], values[attribute]);
        }
        encoder->ends[i] = row->length;
    }
}

void encode_key(RowEncoder *encoder) {
    RowBuffer *key = &encoder->key_row;
    key->length = key->value = 0;
    append_big<uint16>(key, static_cast<uint16>(encoder->key_count));
    for (int i = 0; i < encoder->key_count; ++i) {
        const int position = encoder->key[i];
        const Size start = position == 0 ? 2 : encoder->ends[position - 1];
        key->value = key->length;
        append(key, encoder->row.data + start, encoder->ends[position] - start);
    }
}

} // namespace custody::digest
