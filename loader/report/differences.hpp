// The rows of a table that differ, as text, JSON (docs/report-schema.md) and a piece of HTML.
// Pure. Of redacted differences no value is shown, as there is none.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "loader/verify/differences.hpp"

namespace custody::report {

/// Indented lines, each with its newline; "" where no row is named.
std::string differences_text(const verify::TableDifferences &differences);
nlohmann::json differences_json(const verify::TableDifferences &differences);
/// A table, escaped; "" where no row is named.
std::string differences_html(const verify::TableDifferences &differences);

std::string_view kind_name(verify::Kind kind) noexcept; // missing, extra, different
std::string_view age_name(verify::Age age) noexcept;    // open, persistent, in_flight
/// How a row is told apart: "id = 7", its values where there is no key, or its places.
std::string row_name(const verify::TableDifferences &of, const verify::Difference &row);
/// Source and target: the pieces in which both values differ, as in "'old'" and "NULL".
std::pair<std::string, std::string> shown_values(const verify::ColumnDifference &column);
/// "(3,14)"
std::string ctid_text(std::uint64_t ctid);

} // namespace custody::report
