// A change as SQL. Pure. Every name is qualified and every operator named by its schema, because
// the session's search_path is the user's own: the triggers of the target rely on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/pq/connection.hpp"
#include "loader/repair/change.hpp"

namespace custody::repair {

/// Where the values stand: quoted in the text, or in parameters.
enum class Style : std::uint8_t { literals, parameters };

struct Statement {
    std::string sql; // without a semicolon
    std::vector<pq::Param> parameters;
};

/// INSERT, UPDATE or DELETE of the one row (or the equal rows) of the change, and only as long as
/// the row is what it was. An update sets the columns that differ; one of no column, or of a
/// column that cannot be updated, is the caller's mistake.
Statement statement_of(const Schema &schema, const Change &change, Style style);

/// What locks the row of a delete that could take others along, in a statement before it: one that
/// waits for a transaction which adds such a row would not see it. Nothing where there are none.
std::optional<Statement> lock_of(const Schema &schema, const Change &change, Style style);

/// SELECT count(*) of the target's rows that are what the change wants.
Statement wanted_query(const Schema &schema, const Change &change);

/// Quoted for any setting of standard_conforming_strings; no control character stands for itself.
std::string quote_literal(std::string_view value);

/// The settings on which the text of values depends, for the session that runs the statements.
/// Nothing else of the session is changed: neither search_path nor row security nor triggers.
std::string_view session_settings() noexcept;

} // namespace custody::repair
