// The audit ledger of a source that has custody: not a user's tables, but moved by a path of its
// own, whole and byte for byte, when everything else is there and proven. Source and target then
// name each other's blocks.
#pragma once

#include <vector>

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Whether the whole database is moved and has a ledger.
bool moves_ledger(const cli::Options &options, pq::Connection &source);

/// The tasks of kind ledger and ledger_anchor, with ids from `first_id`.
std::vector<state::TaskRow> ledger_tasks(int first_id);

/// Before the snapshot is taken: closes a block over what the source's ledger has, where the
/// role may do that; otherwise warns, and what is in no block is adopted by the target's first.
void seal_source(const cli::Options &options);

/// In the transaction that claimed the task: copies the ledger's rows, compares their digests, and
/// lets recording go on. Throws Error "ledger-different", or "ledger-too-early" while something
/// else of the migration is not proven.
state::TaskProof move_ledger(Context &context, Worker &worker, const state::TaskRow &task);

/// What the source's ledger has under the snapshot of this run, of which it was not moved, against
/// what the target's has of it: transactions by incarnation, but for those by which an
/// anchor_ledgers() named a target. Nothing that a ledger has goes away or changes.
state::TaskProof ledger_proof(Worker &worker);

/// Jobs that prove again the ledger that is there: on resume and for the last comparison, when the
/// source's may have gone on.
void compare_ledger_again(Context &context, Scheduler &scheduler,
                          const std::vector<state::TaskRow> &tasks);

/// The ledger that the source has got since the migration was planned.
std::vector<state::Unproven> new_ledger(const cli::Options &options, pq::Connection &source,
                                        const std::vector<state::TaskRow> &tasks);

/// When the ledger is there: closes the target's first block and has the source record it, where it
/// can be written. Returns what was done, for the task's note. May be done twice.
std::string anchor_ledgers(Context &context, Worker &worker);

} // namespace custody::run
