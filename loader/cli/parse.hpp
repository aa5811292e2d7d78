// From argv, environment and configuration file to Options.
// Precedence: command line, then environment (CUSTODY_*), then the file named by --config, then
// the defaults in Options. Everything that is wrong throws Error with Exit::usage.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loader/cli/options.hpp"

namespace custody::cli {

struct Parsed {
    Options options;
    /// Set for --help, --version, --man, ...: print this on stdout and exit 0.
    std::optional<std::string> print;
    /// For stderr, once the log is set up; none of them holds a password.
    std::vector<std::string> warnings;
};

/// Value of an environment variable, or nullptr.
using Environment = std::function<const char *(const char *)>;

/// Reads the process environment when none is given.
Parsed parse(int argc, const char *const *argv, const Environment &environment = {});

/// Throws Error "usage" where the command needs a server that nothing names: libpq's defaults
/// would be the same database for both sides.
void require_connections(const Options &options);

/// True when the conninfo string or URI holds a password.
bool holds_password(const std::string &conninfo);

} // namespace custody::cli
