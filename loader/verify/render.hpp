// A verification as a person reads it, and as JSON (docs/report-schema.md). Pure.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "loader/verify/comparison.hpp"
#include "loader/verify/scope.hpp"

namespace custody::verify {

nlohmann::json to_json(const Comparison &comparison);
/// What to_json() wrote, but for rows that differ. Throws nlohmann::json::exception.
Comparison comparison_from_json(const nlohmann::json &json);

/// Numbers of verdicts, in a line.
std::string headline(const Verification &verification);
/// What the profiles that were used prove; each sentence once.
std::vector<std::string> meanings(const std::vector<Comparison> &objects);
/// Where the digests came from and how they were made.
std::string ways_text(const Ways &ways);

std::string render_text(const Verification &verification);
std::string render_json(const Verification &verification);
/// One page without scripts and without anything from elsewhere.
std::string render_html(const Verification &verification);

/// What --dry-run prints: each table with the ways in which its digests would be had.
std::string describe_text(const Scope &scope);
std::string describe_json(const Scope &scope);

} // namespace custody::verify
