// The options that make a migration the one it is: stored with it, and compared on resume.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "loader/cli/options.hpp"

namespace custody::run {

/// Selection, mapping, casts and what is moved; never connection strings.
nlohmann::json settings_json(const cli::Options &options);

/// The options with selection, mapping and casts as they were stored.
cli::Options with_stored_settings(cli::Options options, const nlohmann::json &stored);

/// Throws Error "settings-differ" (refused) naming the options in which a resumed run differs
/// from the one that was begun.
void require_same_settings(const nlohmann::json &stored, const cli::Options &options);

} // namespace custody::run
