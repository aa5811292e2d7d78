// Every finding that plan and preflight can make: one table, from which docs/diagnostics.md is
// checked.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "loader/plan/plan.hpp"

namespace custody::plan {

struct FindingCode {
    std::string_view code;
    Severity severity;        // as a rule; where a check lowers it the meaning says so
    std::string_view meaning; // one sentence for the documentation
    std::string_view remedy;  // what to do
};

std::span<const FindingCode> finding_codes();

/// A finding with severity and remedy from the table. An unknown code is a std::logic_error.
Finding make_finding(std::string_view code, std::string object, std::string seen);
Finding make_finding(std::string_view code, Severity severity, std::string object,
                     std::string seen);

/// The table as a section of docs/diagnostics.md.
std::string finding_codes_markdown();

} // namespace custody::plan
