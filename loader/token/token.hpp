// custody token: mints custody's own tokens, and makes keys. Asks no server.
#pragma once

#include "loader/cli/options.hpp"
#include "loader/core/error.hpp"

namespace custody::mint {

/// The token that the options describe. Throws Error (Exit::usage): key-file-unusable,
/// token-malformed, usage.
std::string minted(const cli::Options &options);

/// Prints it, or makes a key. Throws as minted().
Exit token(const cli::Options &options);

/// --new-key. Throws Error (Exit::usage).
Exit new_key(const cli::Options &options);

} // namespace custody::mint
