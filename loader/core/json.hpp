// JSON, read and written. nlohmann's templates are compiled once, in json.cpp, and not in each of
// the forty files that include this header in place of theirs: that took a third of the time of
// their compilation.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace custody {

/// Throws nlohmann::json::parse_error where the text is no JSON.
nlohmann::json parse_json(std::string_view text);

/// Discarded (is_discarded()) where the text is no JSON.
nlohmann::json try_json(std::string_view text);

/// In one line, for another program. What is no UTF-8, as names of a database in SQL_ASCII need not
/// be, becomes U+FFFD.
std::string json_line(const nlohmann::json &value);

/// The same over many lines, with a newline at the end: what --json prints.
std::string json_document(const nlohmann::json &value);
std::string json_document(const nlohmann::ordered_json &value);

} // namespace custody
