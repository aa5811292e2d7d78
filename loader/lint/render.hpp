// The report of a linting as text, JSON and SARIF.
#pragma once

#include <string>

#include "loader/lint/findings.hpp"

namespace custody::lint {

/// One sentence: how much was found.
std::string headline(const Report &report);

std::string render_text(const Report &report, bool color);
/// docs/report-schema.md describes it.
std::string render_json(const Report &report);
/// SARIF 2.1.0, for tools that collect the findings of analyses.
std::string render_sarif(const Report &report);

} // namespace custody::lint
