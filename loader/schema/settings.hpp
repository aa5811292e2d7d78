// What belongs to the source's database itself, as tasks for the target's database: settings, of
// roles in it too, comment and privileges.
#pragma once

#include <vector>

#include "loader/pq/connection.hpp"
#include "loader/state/rows.hpp"

namespace custody::schema {

/// ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET, COMMENT and, with `privileges`,
/// GRANT and REVOKE; ids are left to the caller. The database keeps its owner.
std::vector<state::TaskRow> database_tasks(pq::Connection &source, pq::Connection &target,
                                           bool privileges);

} // namespace custody::schema
