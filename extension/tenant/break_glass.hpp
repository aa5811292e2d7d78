// The rows of custody.break_glass, for who has no right to read them.
#pragma once

#include "extension/pg/boundary.hpp"

namespace custody::tenant {

struct BreakGlass {
    bool found = false;
    bool is_own_transaction = false; // not committed yet
    TimestampTz expires = 0;
    const char *org_type = nullptr; // texts in the current memory context
    const char *reason = nullptr;
    Datum orgs = 0; // text[]
};

/// The break glass of this id that the session's user has declared. Plain C-style.
BreakGlass find_break_glass(const pg_uuid_t *id);

} // namespace custody::tenant
