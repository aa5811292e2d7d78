// The commands that only show what the target's state says.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::run {

/// What is under way or was done last.
Exit status(const cli::Options &options);

/// The report of the newest migration of the name, in the forms the options ask for; the exit
/// code is its verdict's.
Exit report(const cli::Options &options);

} // namespace custody::run
