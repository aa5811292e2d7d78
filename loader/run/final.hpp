// The last comparison before the cut-over, with writers stopped: `custody run --final`.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"
#include "loader/pq/connection.hpp"
#include "loader/run/chronicle.hpp"
#include "loader/state/migration.hpp"

namespace custody::run {

/// Takes up a migration that is done, so that it can be judged again: it is open until finish().
/// Throws Error: run-in-progress, settings-differ.
void reopen_for_final(const cli::Options &options, pq::Connection &control,
                      const state::Migration &migration);

/// Reads all of the source again under a snapshot of its own and compares it with the target:
/// tables, sequences, large objects. Verdicts go into the state, so that a later run copies again
/// what is different. Then the run is at its end: finish().
Exit compare_finally(const cli::Options &options, pq::Connection &control,
                     const state::Migration &migration, Chronicle &chronicle);

} // namespace custody::run
