// Which entries of the dump are moved: those the selection names, what they need, and what hangs
// on them. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/plan/selection.hpp"
#include "loader/schema/entry.hpp"
#include "loader/schema/facts.hpp"
#include "loader/schema/steps.hpp"

namespace custody::schema {

struct Closure {
    std::vector<bool> kept;                // by index of the entry
    std::vector<std::string> not_moved;    // "kind name: reason", for what one would not expect
    std::vector<std::string> without_rows; // tables that come only because something needs them
};

/// What selects: `broad` = only exclusions were given, objects outside schemas come too.
struct Scope {
    const plan::Selection &selection;
    bool broad = true;
    bool privileges = true;
};

Closure close(const std::vector<Entry> &entries, const Facts &facts, const Scope &scope);

/// The relation an entry is part of (its table); 0 when it is none's.
std::uint32_t host_of(const Entry &entry, const Facts &facts);

} // namespace custody::schema
