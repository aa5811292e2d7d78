// The command `custody abandon`.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::run {

/// Drops the state of an unfinished migration and, with drop_rows, the rows that it copied. Puts
/// back nothing of the schema. Throws Error: run-in-progress, nothing-to-abandon.
Exit abandon(const cli::Options &options);

} // namespace custody::run
