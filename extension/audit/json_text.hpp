// Strings of JSON for the texts of structural events. Plain C-style.
#pragma once

#include "extension/pg/postgres.hpp"

namespace custody::audit {

/// A JSON string, or null for nullptr.
inline void append_json(StringInfo out, const char *text) {
    if (text == nullptr) {
        appendStringInfoString(out, "null");
    } else {
        escape_json(out, text);
    }
}

} // namespace custody::audit
