// From the text of one setting to the member of Options that it fills.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/cli/option_table.hpp"

namespace custody::cli {

/// "64kB", "256MB", "1.5GB", "1 TB"; units of 1024, upper or lower case; a plain number is bytes.
/// Throws std::invalid_argument for anything else.
std::int64_t parse_size(std::string_view text);

/// on/off, true/false, yes/no, 1/0. Throws std::invalid_argument.
bool parse_bool(std::string_view text);

/// Fills the option's member. Lists are replaced by `values`; pairs are merged, so that one table
/// can be set on the command line and another in the file. `origin` names the place for messages:
/// "--jobs", "CUSTODY_JOBS", "move.toml line 3". Throws Error (usage).
void assign(Options &options, const Option &option, const std::vector<std::string> &values,
            const std::string &origin);

/// Elements of a list in an environment variable: separated by commas, quotes keep a comma.
std::vector<std::string> split_list(std::string_view text);

} // namespace custody::cli
