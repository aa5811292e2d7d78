// Loading a table that the target's audit ledger records: its capture trigger fires in replica mode
// too. The server counts the rows of a copy, and one event of kind load stands for them in the
// ledger; a baseline follows, as a task.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// In the transaction that copies the rows, before it writes any. The server then refuses to
/// commit it without record_load(). Returns false for a table that is not audited; nobody can
/// change that before the end of the transaction.
bool begin_load(pq::Connection &target, const plan::Table &table);

/// In the same transaction, when its part is set done: writes the event and adds the task.
void record_load(Context &context, pq::Connection &target, int table_id, int part);

/// Jobs for the baselines that are not recorded yet, also those that loads have just added.
void add_baselines(Context &context, Scheduler &scheduler, Worker &first);

} // namespace custody::run
