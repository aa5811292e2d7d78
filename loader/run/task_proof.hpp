// The verdict on what is no row: an index, a constraint, a sequence says the same on both sides.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// The positions of both sides, read now; "ahead" as the reason when the target has gone further.
state::TaskProof sequence_proof(Worker &worker, const state::TaskRow &task);
/// The same against what the source said when the task was done: the source is not asked. Throws
/// Error (unverified) "source-value-missing" when that was not recorded.
state::TaskProof stored_sequence_proof(Worker &worker, const state::TaskRow &task);

/// For a task whose kind needs a proof: reads what both sides say now, in the target's
/// transaction, and stores the verdict. Nothing for other kinds.
void prove_task(Context &context, Worker &worker, const state::TaskRow &task);

} // namespace custody::run
