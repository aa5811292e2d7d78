// VACUUM for the visibility map of tables that were not loaded frozen, ANALYZE for all.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Task rows of kind vacuum and analyze for the plan's tables, to be stored with the rest.
std::vector<state::TaskRow> maintenance_tasks(const plan::Plan &plan);

/// For each table, the bytes of all that are analyzed together with it: what waits for its rows.
std::map<int, double> family_bytes(pq::Connection &target, const plan::Plan &plan);

/// Jobs for those that are not done. Partitions are analyzed with their root: ANALYZE of a
/// partitioned table reads its partitions anyway, and nothing else ever makes the statistics of
/// the root. `before(table)` names the jobs that must be over first.
void add_maintenance(Context &context, Scheduler &scheduler, Worker &first,
                     const std::function<std::vector<JobId>(int table)> &before);

} // namespace custody::run
