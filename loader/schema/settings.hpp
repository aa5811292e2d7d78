// Settings of the source's database and of roles in it, as tasks for the target's database.
#pragma once

#include <vector>

#include "loader/pq/connection.hpp"
#include "loader/state/rows.hpp"

namespace custody::schema {

/// ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET; ids are left to the caller.
std::vector<state::TaskRow> setting_tasks(pq::Connection &source, pq::Connection &target);

} // namespace custody::schema
