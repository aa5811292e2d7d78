// The verdict on one copied table.
#pragma once

#include "loader/run/context.hpp"
#include "loader/run/worker.hpp"

namespace custody::run {

/// Scans the target, counts the source, stores the verdict. One of this run that is "equal" stays;
/// a resumed run looks at the target again, because much may have happened in between. Tried again
/// when a connection is lost; any other error makes it "unverified".
void verify_table(Context &context, Worker &worker, const plan::Table &table);

/// The same for a table that may have a verdict: the source is read again too, under the present
/// snapshot.
void compare_again(Context &context, Worker &worker, const plan::Table &table);

/// Reads the source's rows of a finished table under the present snapshot and compares with what
/// was recorded: confirms the table, or returns why it must be copied again.
std::optional<std::string> recheck_source(Context &context, Worker &worker,
                                          const plan::Table &table);

} // namespace custody::run
