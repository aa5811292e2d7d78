// custody probe: attacks isolation from inside the server, and from outside as the application.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::probe {

/// Exit::ok when everything else than accepted inconclusives is held, otherwise Exit::unverified.
/// Throws Error: connection errors, those of the handshake, and Exit::refused (probe-refused).
Exit probe(const cli::Options &options);

} // namespace custody::probe
