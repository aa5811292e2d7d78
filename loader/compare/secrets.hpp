// What no report may show. Pure.
#pragma once

#include <string>

namespace custody::compare {

/// True when the property's name or the value itself tells of a password, key or token.
bool is_secret(const std::string &property, const std::string &value);

} // namespace custody::compare
