// A comparison as a person or a program reads it. Pure: the same comparison gives the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/compare/model.hpp"

namespace custody::compare {

struct Look {
    bool color = false;
};

std::string render_text(const Comparison &comparison, const std::vector<std::string> &kinds,
                        const Look &look);
/// docs/report-schema.md describes it.
std::string render_json(const Comparison &comparison, const std::vector<std::string> &kinds);
/// One page without scripts and without anything from elsewhere.
std::string render_html(const Comparison &comparison, const std::vector<std::string> &kinds);

/// A line of two texts laid side by side: ' ' both have it, '-' only the source, '+' only the
/// target, '.' lines that both have were left out here.
struct DiffLine {
    char mark;
    std::string text;
    bool operator==(const DiffLine &) const = default;
};

/// What differs between two values, with `context` lines around each difference. A value that is
/// not there is a line "(none)".
std::vector<DiffLine> diff_lines(const Value &source, const Value &target, std::size_t context);

/// "tables", "indexes", ...
std::string plural(std::string_view kind);

/// "with 3 columns, 1 index", or "".
std::string parts_text(const Difference &difference);

/// One sentence: what the comparison found.
std::string headline(const Comparison &comparison);

/// "15.4" for 150004.
std::string version_text(int version);

} // namespace custody::compare
