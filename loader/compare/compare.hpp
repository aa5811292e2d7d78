// `custody compare`: what differs between the schemas of two databases. Needs the extension on
// neither side and writes nothing.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::compare {

/// Exit::ok when nothing differs, Exit::unverified when something does or could not be read.
Exit compare(const cli::Options &options);

} // namespace custody::compare
