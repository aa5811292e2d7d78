// Tasks of the schema: each one's SQL, its state and its proof in one transaction.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"
#include "loader/schema/schema.hpp"

namespace custody::run {

/// Runs one task unless it is done already. A failure is recorded with its SQLSTATE and thrown
/// as Error "task-failed"; a lost connection, a deadlock or a lock timeout is tried again.
void run_task(Context &context, Worker &worker, const state::TaskRow &task);

/// Runs the tasks of a phase one after the other, in order; failures do not stop the rest.
void run_phase(Context &context, Worker &worker, const std::string &phase,
               std::vector<Failure> &failures);

} // namespace custody::run
