// Compares one table of a scope on both sides.
#pragma once

#include <chrono>

#include "loader/cli/options.hpp"
#include "loader/copy/stream.hpp"
#include "loader/run/worker.hpp"
#include "loader/ui/progress.hpp"
#include "loader/verify/scope.hpp"

namespace custody::verify {

/// What the workers of one verification share. Its parts are thread-safe or constant.
struct Shared {
    const cli::Options &options;
    const Scope &scope;
    copy::Snapshot *source; // null with stored digests
    copy::Snapshot &target;
    copy::RateLimiter &limiter;
    ui::Progress &progress;
    std::chrono::steady_clock::time_point taken; // no earlier than the snapshots
    bool whole_values = false; // of the rows that differ; a report shows no more than pieces
};

/// Digests of both sides at the same time, and what else has to hold before the table is equal;
/// rows that differ where they can be found. Throws SqlError, Error of a side that could not be
/// read ("snapshot-lost" among them).
Comparison compare_table(const Shared &shared, run::Worker &worker, const Item &item);

} // namespace custody::verify
