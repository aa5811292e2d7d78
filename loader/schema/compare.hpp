// What the target has already: its own dump against the source's, entry by entry. Pure.
#pragma once

#include <vector>

#include "loader/plan/plan.hpp"
#include "loader/schema/entry.hpp"

namespace custody::schema {

enum class Presence { absent, same, different };

struct Comparison {
    std::vector<Presence> presence; // by index of the source's entry
    std::vector<plan::Finding> findings;
};

/// Both made by the same pg_dump with the same options. The text of the definitions decides, and
/// for what a statement sets rather than makes (comments, grants), only sameness counts: another
/// one is set anew. `kept`: entries that are moved; others are not looked at.
Comparison compare(const std::vector<Entry> &source, const std::vector<bool> &kept,
                   const std::vector<Entry> &target, bool owners);

} // namespace custody::schema
