// Unlogged tables are empty after a crash of the target, whatever their state says.
#pragma once

#include <vector>

#include "loader/pq/connection.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

/// Ids of the unlogged tables that were copied with rows and hold none now. Those that do not
/// exist are left out.
std::vector<int> emptied_tables(pq::Connection &target, const std::vector<state::TableRow> &tables);

} // namespace custody::run
