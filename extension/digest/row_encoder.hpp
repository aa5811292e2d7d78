// Rows of one row type as wire rows, with their hashes and those of their keys. Plain C-style: the
// encoder and all it holds belong to the memory context that is current in init_encoder(), and what
// a value needs while it is encoded goes to the current context, which the caller resets per row.
#pragma once

#include "extension/digest/columns.hpp"
#include "extension/digest/encode_value.hpp"

namespace custody::digest {

/// What of a row is digested and how.
struct RowShape {
    Profile profile;
    wire::Form form;
    int column_count;
    char **columns; // in the order of the digest
    int key_count;
    char **key; // among the columns, in any order; none = the row is its own key
};

/// The digest of no rows of a shape.
DigestValue describe(const RowShape *shape, bool ad_hoc);

struct RowEncoder {
    Profile profile;
    int column_count;
    AttrNumber last_attribute; // how far a tuple must be deformed
    AttrNumber *attributes;
    ValuePlan *plans;
    bool holds_row_types; // inside of columns
    int key_count;
    int *key; // positions among the columns, ascending
    RowBuffer row;
    RowBuffer key_row;
    Size *ends; // of each column in the row
};

/// Raises undefined_column and duplicate_column for names that do not fit the row type.
void init_encoder(RowEncoder *encoder, RowType row_type, const RowShape *shape);

/// False once a composite type inside of a column has been altered.
bool row_types_unchanged(const RowEncoder *encoder);

/// Puts a row together, from deformed values up to last_attribute.
void encode_row(RowEncoder *encoder, const Datum *values, const bool *nulls);

/// Puts the key's row together, out of the row.
void encode_key(RowEncoder *encoder);

/// Of the row encoded last.
inline RowHash encoded_row_hash(const RowEncoder *encoder) {
    return hash_row(encoder->profile, {encoder->row.data, encoder->row.length});
}

/// Of the key of the row encoded last; the row's own hash where there is no key.
inline RowHash encoded_key_hash(RowEncoder *encoder, const RowHash *row_hash) {
    if (encoder->key_count == 0) {
        return *row_hash;
    }
    encode_key(encoder);
    return hash_row(encoder->profile, {encoder->key_row.data, encoder->key_row.length});
}

} // namespace custody::digest
