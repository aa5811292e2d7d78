// How the values of a type are encoded: found once from the catalog before a scan, then followed
// for each value. Plain C-style: everything lives in the memory context that is current when it is
// made, and nothing has a destructor.
#pragma once

#include "common/digest_value.hpp"
#include "common/wire_row.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

enum class Encoding : uint8 {
    fixed1, // sent as the value's bytes, big-endian
    fixed2,
    fixed4,
    fixed8,
    float4,
    float8,
    uuid,
    interval,
    bytes,      // varlena, as it is
    text,       // varlena, converted to UTF-8
    name,       // NameData, converted to UTF-8
    enum_label, // converted to UTF-8
    numeric,
    jsonb,
    array,
    composite,
    range,
    multirange,
    send,   // by the type's send function, texts in UTF-8
    output, // by the type's output function (text form), converted to UTF-8
    boolean_text,
    bytea_text,
};

struct EnumLabel {
    Oid oid;
    uint32 era; // enum_era() when it was read
    uint32 length;
    char label[NAMEDATALEN];
};

struct ValuePlan {
    Encoding encoding;
    bool by_value;
    char align;
    int16 length;
    int child_count;
    ValuePlan *children; // element of an array, fields of a composite, subtype of a range
    FmgrInfo *function;  // send or output
    TupleDesc row_type;  // of a composite
    Datum *values;       // of a composite: room for its attributes
    bool *nulls;
    TypeCacheEntry *cached_type; // of a range, of a multirange's range, of a composite
    uint64 row_type_version;     // of a composite
    EnumLabel *labels;           // small cache, by the low bits of the OID
};

inline constexpr uint32 kEnumCacheSize = 64;

/// Binary, or text when a column's type, at any depth, has no send or receive function or sends
/// an OID (docs/wire-format.md); in the sql profile also when plain SQL would have to rewrite the
/// inside of a value (common/sql_profile.hpp, sql_form()). `types` are type OIDs.
wire::Form form_of_types(Profile profile, const Oid *types, int count);

/// Fills the plan for a type in a form. Raises feature_not_supported when the binary form is asked
/// for a type that does not have it.
void plan_value(ValuePlan *plan, Oid type, wire::Form form);

/// True where a value holds composites.
bool holds_row_type(const ValuePlan *plan);

/// False once a composite type that the plan was made for has been altered.
bool row_types_unchanged(const ValuePlan *plan);

/// Another number when labels of enums may have been renamed.
uint32 enum_era();

/// True when texts must be converted: the database is neither in UTF-8 nor in SQL_ASCII.
bool database_needs_conversion();

} // namespace custody::digest
