// Foreign keys that stand on the target's tables before their rows come. With triggers off they
// would be believed unchecked: they go, and the tasks of the migration make and validate them
// again.
#pragma once

#include <vector>

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

/// In the caller's transaction: drops those on and to the plan's tables that one of `tasks` makes.
/// Throws Error (foreign-key-unknown) when there is another one on or to a table of
/// `filled`.
void drop_foreign_keys(pq::Connection &target, const plan::Plan &plan,
                       const std::vector<const plan::Table *> &filled,
                       const std::vector<state::TaskRow> &tasks);

} // namespace custody::run
