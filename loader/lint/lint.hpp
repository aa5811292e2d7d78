// `custody lint`: what the catalogs of a server tell about the isolation of organizations. Needs no
// extension and writes nothing.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::lint {

/// Exit::unverified when something at or above --fail-on was found, or could not be looked for.
Exit lint(const cli::Options &options);

} // namespace custody::lint
