// The command `custody repair`: what differs is found as `custody verify` finds it, and becomes SQL
// for the target. The source is only read.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::repair {

/// Exit::ok only when both sides are equal: found so, or compared again after the changes.
/// All rows that differ are held in memory, with their values.
Exit repair(const cli::Options &options);

} // namespace custody::repair
