// The TOML file of --config: the options under their long names, and tables of its own.
//
//   source = "service=old"            # or [source] with libpq's keywords
//   jobs = 8
//   schema = ["app", "billing"]
//   [map]
//   app = "crm"
//   [table."app.calls"]
//   where = "started_at >= '2024-01-01'"
//   target = "crm.call"
//   cast.kind = "crm.call_kind"
#pragma once

#include <string>
#include <vector>

#include "loader/cli/options.hpp"

namespace custody::cli {

/// Fills options from the file. An unknown key is an error that names the line; settings of
/// commands other than options.command are checked and kept. Adds to `warnings` when the file
/// holds a password that others can read. Throws Error (usage).
void read_config(const std::string &path, Options &options, std::vector<std::string> &warnings);

} // namespace custody::cli
