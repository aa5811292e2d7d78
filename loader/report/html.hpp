// The pieces of the HTML report. Every text that comes from a database or a user goes through
// escaped(); the page has no script, and its policy would not run one.
#pragma once

#include <string>
#include <string_view>

#include "loader/report/report.hpp"

namespace custody::report::html {

/// Safe as text and inside a quoted attribute; control characters are shown, not obeyed.
std::string escaped(std::string_view text);

/// The same for a message of several lines, which stay lines.
std::string message(std::string_view text);

/// A verdict, state or severity as a colored word.
std::string chip(std::string_view verdict);
/// The style of a verdict, state or severity: equal, different or unverified.
std::string_view verdict_class(std::string_view verdict);

/// What every page begins with. Texts as they are: page_start() escapes them.
struct PageStart {
    std::string_view title, heading, made_at;
    std::string_view verdict;  // equal, different or unverified
    std::string_view headline; // one sentence; its first letter becomes a capital
    std::string_view style;    // more CSS of this page
};
std::string page_start(const PageStart &page);

/// A bar chart of spans over time, as inline SVG; "" when there is nothing to show.
std::string timeline(const Report &report);

/// Name of the style of a kind of work: one of a fixed set.
std::string_view kind_class(std::string_view kind);

extern const std::string_view kStyle;

} // namespace custody::report::html
