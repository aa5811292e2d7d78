// Which step an entry of the dump belongs to, by its kind alone. Pure.
#pragma once

#include <string>

#include "loader/schema/entry.hpp"
#include "loader/schema/phase.hpp"

namespace custody::schema {

enum class Place {
    relation, // has rows, or looks as if: the selection decides
    object,   // lives in a schema or in the database
    hosted,   // part of one relation and goes where it goes: index, trigger, policy, ...
    attached, // goes where everything goes that it names: comment, grant, foreign key, ...
    left_out, // not moved, for the reason given
    silent,   // not an object: a setting of the dump's own session
};

struct Step {
    Place place = Place::object;
    Phase phase = Phase::pre_data;
    std::string kind = "schema"; // of the task
    std::string reason;          // for left_out
};

/// The one place that knows the kinds of entries; unknown ones go by their section.
Step step_of(const Entry &entry);

/// A grant on an object of the source's own custody.
bool is_grant_of_custody(const Entry &entry);

/// "index public.name", for lists that a person reads.
std::string describe(const Entry &entry);

} // namespace custody::schema
