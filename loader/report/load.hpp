// Reads a report from the target's custody.migration* tables; writes nothing.
#pragma once

#include <cstdint>
#include <string>

#include "loader/pq/connection.hpp"
#include "loader/report/report.hpp"

namespace custody::report {

/// Throws Error (Exit::refused, migration-not-found) when there is no such migration.
Report load(pq::Connection &target, std::int64_t migration);

/// Id of the newest migration of this name. Throws Error as load().
std::int64_t find(pq::Connection &target, const std::string &name);

} // namespace custody::report
