// Changes that stand in each other's way, as two rows that exchange a unique value. Pure.
// In this order, until nothing stands in the way any more: constraints that are deferrable are
// deferred; a unique or referring column that may be NULL is set to NULL at first, or filled in
// last; a row that nothing refers to is deleted and inserted again.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/repair/graph.hpp"
#include "loader/repair/order.hpp"

namespace custody::repair {

/// Change `first` has to come before `second`.
struct Edge {
    /// unique: second takes a value that first gives up. refers: second refers to a row that first
    /// makes. referred: first refers to a row that second takes away.
    enum class Reason : std::uint8_t { unique, refers, referred };

    std::size_t first = 0, second = 0;
    Reason reason = Reason::unique;
    std::size_t constraint = 0; // of the table's uniques, or of the schema's foreign keys
};

/// Adds the changes to the order: as one unit, or as refused. A single change has no edges.
void resolve(const Schema &schema, std::vector<Change> changes, std::vector<Edge> edges,
             Order &order);

} // namespace custody::repair
