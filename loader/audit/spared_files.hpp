// What a command of custody audit reads is evidence: its result is never written over that.
#pragma once

#include <initializer_list>
#include <string>

#include "loader/cli/options.hpp"

namespace custody::audit {

/// Throws Error "usage" where --output is one of the files, by whatever name; "" and "-" are none.
void spare(const cli::Options &options, std::initializer_list<std::string> files);

} // namespace custody::audit
