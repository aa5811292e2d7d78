// JSON as a token may carry it: UTF-8, no key twice in an object, no deep nesting, no NUL in a
// text; two readers can then not disagree about what was signed.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace custody::token {

inline constexpr int kDeepest = 16;

/// The object that the text is. Throws Refused for any other text.
nlohmann::json parse_object(std::string_view text);

/// The member that a path of names leads to; nullptr where it leads to none, or to null.
const nlohmann::json *find_path(const nlohmann::json &object, const std::vector<std::string> &path);

} // namespace custody::token
