// The audit ledger of a source that has custody: not a user's tables, but moved by a path of its
// own, whole and byte for byte, when everything else is there and proven. Source and target then
// name each other's blocks.
#pragma once

#include <vector>

#include "loader/run/context.hpp"
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

/// When the ledger is there: closes the target's first block and has the source record it, where it
/// can be written. Returns what was done, for the task's note. May be done twice.
std::string anchor_ledgers(Context &context, Worker &worker);

} // namespace custody::run
