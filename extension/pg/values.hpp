// Datums to C++ values and back. Guarded: throw ServerError, Error or std::bad_alloc.
// Results that are Datums live in the current memory context. Texts have the database encoding.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::pg {

/// The text of a text, varchar or bytea value.
std::string text_value(Datum text);
/// The elements of a text[] value. Throws Error (22004) when one is NULL; `what` names the
/// argument in its message.
std::vector<std::string> text_array_value(Datum array, const char *what);

Datum text_datum(std::string_view text);
Datum bytea_datum(std::span<const std::byte> bytes);

} // namespace custody::pg
