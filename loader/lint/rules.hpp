// The rules of custody lint, made from sql/lint/ (CMakeLists.txt): the text that custody.lint() of
// the extension runs. Every query has $1, the name of the org column or NULL.
#pragma once

#include <span>
#include <string_view>

namespace custody::lint {

struct Rule {
    std::string_view code;
    std::string_view name;
    std::string_view level; // error, warning or info
    std::string_view title;
    std::string_view why;
    std::string_view needs; // "", org (a known org column) or custody (the extension's state)
    int since;              // least server_version_num; 0 = any
    std::string_view query; // columns object, seen, remediation
};

/// In the order of their codes.
std::span<const Rule> rules();

/// All rules with since == 0 at once: columns code, object, seen, remediation.
extern const std::string_view kBatch;

/// The text in a query that reads the extension's state, and what stands for it without one.
extern const std::string_view kProtection;
extern const std::string_view kNoProtection;

} // namespace custody::lint
