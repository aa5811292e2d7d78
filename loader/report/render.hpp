// A report as a person or a program reads it. Pure: the same report gives the same bytes.
#pragma once

#include <string>

#include "loader/report/report.hpp"

namespace custody::report {

struct TextLook {
    bool color = false;
    std::size_t width = 100; // of the terminal
};

/// For a terminal or a log; every table is listed.
std::string render_text(const Report &report, const TextLook &look);
/// docs/report-schema.md describes it.
std::string render_json(const Report &report);
/// One page without scripts and without anything from elsewhere.
std::string render_html(const Report &report);

/// "15.4" for 150004.
std::string version_text(int version_num);

} // namespace custody::report
