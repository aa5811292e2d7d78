// What a command of custody audit reads is evidence: its result is never written over that.
#pragma once

#include <string>
#include <vector>

#include "loader/cli/options.hpp"

namespace custody::audit {

/// Throws Error "usage" where --output, or what is written before it gets that name, is one of the
/// files or the configuration, by whatever name; "" and "-" are none.
void spare(const cli::Options &options, std::vector<std::string> files);

} // namespace custody::audit
