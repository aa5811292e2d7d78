// The command `custody run`, and what the other commands share with it.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"
#include "loader/pq/connection.hpp"

namespace custody::run {

/// A pinned connection to the target, after the handshake. Throws Error: connection, mismatch.
pq::Connection open_target(const cli::Options &options);

/// Moves the database, or goes on with it, and reports. Every error that ends it is thrown.
Exit run(const cli::Options &options);

/// Prints the plan and its findings; writes nothing anywhere.
Exit plan(const cli::Options &options);

} // namespace custody::run
