// Which columns of a row type a digest is made of. Plain C-style: names are those of the database's
// encoding, and what is returned lives in the current memory context.
#pragma once

#include "common/digest_value.hpp"
#include "common/wire_row.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// A row type with the name that messages give it; nullptr where no relation has it.
struct RowType {
    TupleDesc columns;
    const char *relation;
};

inline RowType row_type_of(Relation relation) {
    return {RelationGetDescr(relation), RelationGetRelationName(relation)};
}

/// Position of a column by name; raises undefined_column, or feature_not_supported where it has no
/// stored value.
AttrNumber find_column(RowType row_type, const char *name);

/// All columns that are not generated, in canonical order: bytewise by their names in UTF-8.
char **canonical_columns(TupleDesc row_type, int *count);

/// The columns of the primary key; none where there is no primary key.
char **primary_key(Relation relation, int *count);

/// The form in which a profile takes these columns.
wire::Form form_of_columns(RowType row_type, Profile profile, char **columns, int count);

} // namespace custody::digest
