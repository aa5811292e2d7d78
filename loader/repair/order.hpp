// The order in which changes are made. Pure.
// Rows are deleted children first, then inserted and updated parents first; a change comes earlier
// where another needs it: a unique value is given up before another row takes it, a row refers to
// another only once that is there, and no longer once it goes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loader/repair/change.hpp"

namespace custody::repair {

/// Changes that have to be made in one transaction, in this order.
struct Unit {
    std::vector<Change> changes;
    std::vector<std::string> deferred; // constraints, quoted: checked at the end of the unit

    /// Rows, steps not counted.
    std::uint64_t rows() const;
};

struct Order {
    std::vector<Unit> units;
    /// What cannot be done by ordinary statements, and why.
    std::vector<std::pair<Change, std::string>> refused;
};

Order order_of(const Schema &schema, std::vector<Change> changes);

} // namespace custody::repair
