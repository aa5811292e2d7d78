// The end of a run: the state it is left in, and its exit code.
#pragma once

#include <vector>

#include "loader/run/context.hpp"
#include "loader/run/scheduler.hpp"

namespace custody::run {

/// After all work: done only when the target's own rules agree that every object is proven, and
/// nothing else was found. Prints the report.
Exit finish(const cli::Options &options, pq::Connection &control, Context &context,
            const std::vector<Failure> &failures, const std::vector<state::Unproven> &found = {});

/// After a run that was stopped: partial, as far as the target can still be reached.
void record_stop(const cli::Options &options, Context &context) noexcept;

/// A run of a migration that is done: prints its report again.
Exit already_done(const cli::Options &options, pq::Connection &control,
                  const state::Migration &migration);

} // namespace custody::run
