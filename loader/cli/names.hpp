// Names as users write them: schema.table, or "Mixed Case"."with.dot".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace custody::cli {

/// Takes a dotted name apart: `public.calls` -> {public, calls}. A part in double quotes may hold
/// dots, and quotes doubled. Nothing is folded to lower case. An empty part or an open quote
/// throws Error (usage).
std::vector<std::string> split_name(std::string_view text);

/// The parts joined by dots, without quotes: the form of the keys in Options.
std::string plain_name(std::string_view text);

/// Splits `NAME=VALUE` at the first '=' outside of double quotes. Throws Error (usage) without one.
std::pair<std::string, std::string> split_pair(std::string_view text);

/// The candidate most like `word`, or "" when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string> &candidates);

} // namespace custody::cli
