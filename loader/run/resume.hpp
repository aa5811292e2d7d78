// Going on with a migration that was begun: what it believes of the past, it checks first.
#pragma once

#include "loader/run/prepare.hpp"
#include "loader/ui/progress.hpp"

namespace custody::run {

/// Locks the run, waits for backends that a killed loader left, takes a new snapshot and decides
/// table by table: a finished table whose source reads the same under the new snapshot is
/// believed; any other is emptied and queued again, with the reason in the log.
Prepared resume(const cli::Options &options, pq::Connection &target,
                const state::Migration &migration, ui::Progress &progress);

} // namespace custody::run
