// Tables whose rows the target places itself, by routing them through a common root.
#pragma once

#include <vector>

#include "loader/plan/plan.hpp"

namespace custody::plan {

/// Tables with the same root land mixed in its leaves, so that only their sums can be compared:
/// gives them one form, one list of key columns and one number of buckets.
void unify_roots(std::vector<Table> &tables);

} // namespace custody::plan
