// From the bytes of a value, as the wire row has them (docs/wire-format.md), back to the value.
// What the wire row left out, the OIDs of types inside of arrays and composites, is put back first.
// Plain C-style: plans and values live in the memory context that is current when they are made.
#pragma once

#include "common/wire_row.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::audit {

enum class Shape : uint8 { plain, array, composite, range, multirange };

/// How values of one type are read; where it is the element of another, what is put back.
struct Decoding {
    Oid type; // as declared, a domain perhaps
    Shape shape;
    bool holds_types; // at any depth
    int child_count;
    Decoding *children; // element of an array, fields of a composite, subtype of a range
};

struct ValueDecoder {
    Decoding decoding;
    Oid base; // of a domain; else the type
    wire::Form form;
    Oid io_parameter;
    FmgrInfo input; // receive, or input in the text form
    FmgrInfo output;
};

/// For values of a type, of the base type where it is a domain: constraints may be younger than the
/// value. Raises what the look-up of its functions raises.
void plan_decoding(ValueDecoder *decoder, Oid type, wire::Form form);

/// Raises invalid_binary_representation, and whatever the type raises, where the bytes are no value
/// of the type as it is now. Settings are pinned (pinned_settings.hpp) by the caller.
Datum decode_value(ValueDecoder *decoder, const std::byte *bytes, Size length);

} // namespace custody::audit
