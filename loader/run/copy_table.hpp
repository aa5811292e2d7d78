// Rows of one table from source to target, part by part.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// For a table of several parts, before the first of them: makes sure that the target table is
/// empty (empties it when the user asked for that). A table of one part does so in its own
/// transaction. Throws Error "target-not-empty".
void prepare_table(Context &context, Worker &worker, const plan::Table &table);

/// Copies one part; its rows, digests and state commit together. Tried again on a new connection
/// when one is lost; an unknown COMMIT is resolved by reading the state. Returns when the part is
/// done, whoever did it.
void copy_part(Context &context, Worker &worker, const plan::Table &table, const plan::Part &part);

/// Makes the target table empty for a table that is copied (again), inside the caller's
/// transaction: TRUNCATE, or DELETE where something references it.
void empty_target(pq::Connection &target, const plan::Table &table);

} // namespace custody::run
