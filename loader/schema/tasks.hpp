// Entries of the dump as tasks, with what each waits for. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "loader/schema/closure.hpp"
#include "loader/schema/compare.hpp"
#include "loader/schema/entry.hpp"
#include "loader/schema/facts.hpp"
#include "loader/state/rows.hpp"

namespace custody::schema {

struct TaskInput {
    const std::vector<Entry> &entries;
    const Facts &facts;
    const std::vector<bool> &kept;
    const std::vector<Presence> &presence;
    std::map<std::uint32_t, int> tables; // source oid -> plan::Table::id
};

/// Every kept entry ends in at least one task; ids are positions, from 1. A primary key or unique
/// constraint of a plain table becomes an index (parallel) and a constraint USING it, a foreign
/// key one that is not validated and its validation, a foreign key of a partitioned table those of
/// its leaves before its own, which then takes them over.
std::vector<state::TaskRow> make_tasks(const TaskInput &input);

} // namespace custody::schema
