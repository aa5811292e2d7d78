// The verdict on one copied table.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Scans the target, counts the source, stores the verdict. Does nothing when there is one.
/// Tried again when a connection is lost.
void verify_table(Context &context, Worker &worker, const plan::Table &table);

/// Reads the source's rows of a finished table under the present snapshot and compares with what
/// was recorded: confirms the table, or returns why it must be copied again.
std::optional<std::string> recheck_source(Context &context, Worker &worker,
                                          const plan::Table &table);

} // namespace custody::run
