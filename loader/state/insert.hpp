// Storing many rows in one statement each, as JSON. For the implementation of this room only.
#pragma once

#include <cstdint>
#include <span>

#include "loader/plan/plan.hpp"
#include "loader/pq/connection.hpp"
#include "loader/state/rows.hpp"

namespace custody::state {

/// Tables with their parts, all pending. Part ids continue after the migration's highest.
void insert_tables(pq::Connection &target, std::int64_t migration,
                   std::span<const plan::Table> tables);
void insert_parts(pq::Connection &target, std::int64_t migration, int table_id,
                  std::span<const plan::Part> parts);
/// Every task has its id.
void insert_tasks(pq::Connection &target, std::int64_t migration, std::span<const TaskRow> tasks);

} // namespace custody::state
