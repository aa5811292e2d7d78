// Records as arguments of a function: of a table's row type, of another composite type, or
// anonymous. What is known of their type is found once per call site and kept there (fn_extra).
// Plain C-style: a reader belongs to the call site's memory context.
#pragma once

#include "extension/digest/row_encoder.hpp"

namespace custody::digest {

/// What the caller of the function chose; a null is the default.
struct RecordOptions {
    NullableDatum columns; // text[]: all that are not generated, in canonical order
    NullableDatum key;     // text[]: the primary key of the type's relation
    NullableDatum profile; // text: fast
    NullableDatum form;    // text: what the profile makes of the columns
    bool keyed;            // whether the key matters
    const EState *query;   // raise where row security may hide rows of the type's relation from it;
                           // nullptr: a single row hides nothing
};

struct RecordReader {
    MemoryContext context; // of everything below
    Oid type;
    int32 typmod;
    Oid role;                    // whose rows are hidden or not
    TypeCacheEntry *cached_type; // of a named type
    uint64 type_version;
    RecordOptions options;
    TupleDesc row_type;
    Datum *values;
    bool *nulls;
    RowEncoder encoder;
    wire::Form form;
    DigestValue none; // the digest of no such rows
};

/// Encodes the record that is an argument of the call. Raises null_value_not_allowed for NULL, and
/// what find_column(), init_encoder() and the readers of arguments raise.
RecordReader *read_record(FunctionCallInfo fcinfo, int argument, const RecordOptions *options);

/// The digest of no records of a type; false where only a record could tell what its columns are.
bool describe_records(Oid type, const RecordOptions *options, DigestValue *none);

} // namespace custody::digest
