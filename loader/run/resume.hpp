// Going on with a migration that was begun: what it believes of the past, it checks first.
#pragma once

#include <vector>

#include "loader/run/context.hpp"
#include "loader/run/prepare.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Under the lock of the run: waits for the backends that a killed loader left, takes and records
/// a new snapshot. Throws Error: settings-differ, another-source, source-table-altered.
Prepared resume(const cli::Options &options, pq::Connection &target,
                const state::Migration &migration);

/// Throws Error "another-source" unless the source is the one the migration was begun from.
void require_same_source(const state::MigrationRow &row, const std::string &identity);

/// Decides table by table, before anything is copied. A finished table is believed when the
/// source reads the same under the new snapshot; any other, and one that was left unfinished, is
/// emptied and queued again, with the reason in the log; foreign keys go first and come back
/// later, because they would be believed unchecked. Large objects likewise. Failed tasks and
/// sequences are queued again.
void settle_tables(Context &context, Scheduler recheck, std::vector<Worker> &workers);

/// Queues unlogged tables that a crash of the target has emptied, and what stands on them.
void reset_emptied(Context &context, pq::Connection &target, const std::vector<int> &tables);

} // namespace custody::run
