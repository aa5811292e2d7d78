// custody token: mints custody's own tokens, and makes keys. Asks no server.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::mint {

/// Throws Error (Exit::usage): key-file-unusable, token-malformed, usage.
Exit token(const cli::Options &options);

/// --new-key. Throws Error (Exit::usage).
Exit new_key(const cli::Options &options);

} // namespace custody::mint
