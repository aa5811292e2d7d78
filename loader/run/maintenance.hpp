// VACUUM for the visibility map of tables that were not loaded frozen, ANALYZE for all.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Task rows of kind vacuum and analyze for the plan's tables, to be stored with the rest.
std::vector<state::TaskRow> maintenance_tasks(const plan::Plan &plan);

/// Jobs for those that are not done.
void add_maintenance(Context &context, Scheduler &scheduler, Worker &first);

/// ANALYZE of the partitioned parents of the plan's tables: autovacuum never does it.
void analyze_parents(Context &context, Worker &worker);

} // namespace custody::run
