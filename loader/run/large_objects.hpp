// Large objects: the dump makes them, this fills them and proves what arrived.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// They belong to no schema, and the dump makes them: only a move of the whole brings them.
inline bool moves_large_objects(const cli::Options &options) {
    return !options.no_schema && options.schemas.empty() && options.tables.empty();
}

/// Task rows of kind large_object, one per object, for those the source's snapshot has.
std::vector<state::TaskRow> large_object_tasks(pq::Connection &source);

/// Size and digest of both sides' content, read now.
state::TaskProof large_object_proof(Worker &worker, const state::TaskRow &task);
/// The same against what the source said when the task was done.
state::TaskProof stored_large_object_proof(Worker &worker, const state::TaskRow &task);

/// On resume, under the new snapshot: one that is gone on the source goes, and one that is new
/// comes along, because the rows may name it.
void match_large_objects(Context &context, Worker &worker);

/// Jobs for those that are not done.
void add_large_objects(Context &context, Scheduler &scheduler,
                       const std::vector<state::TaskRow> &tasks);

} // namespace custody::run
