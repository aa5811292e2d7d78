// What a linting found: plain values, which the renderers read.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "loader/lint/rules.hpp"

namespace custody::lint {

struct Finding {
    const Rule *rule;
    std::string object;
    std::string seen;
    std::string remediation;
    std::optional<std::string> exempt; // the reason of the exemption that covers it
};

/// A rule that did not run: it has not passed.
struct NotRun {
    const Rule *rule;
    std::string reason;
    bool failed; // the server refused it; otherwise what it needs is not there
};

struct Report {
    std::string description; // host:port/database
    int version = 0;
    std::string user;
    std::string generated_at;
    std::string org_column; // "" = none given
    bool extension = false; // its state was read
    std::string fail_on;
    int rules_run = 0;
    std::vector<Finding> findings; // by code, then object
    std::vector<NotRun> not_run;
    std::vector<std::string> notes;

    int count(std::string_view level) const {
        return static_cast<int>(
            std::count_if(findings.begin(), findings.end(), [&](const auto &finding) {
                return !finding.exempt && finding.rule->level == level;
            }));
    }
    int exempt() const {
        return static_cast<int>(std::count_if(findings.begin(), findings.end(),
                                              [](const auto &f) { return f.exempt.has_value(); }));
    }
    /// 0 for info, 1 for warning, 2 for error.
    static int severity(std::string_view level) {
        return level == "error" ? 2 : level == "warning" ? 1 : 0;
    }
    /// Something at or above fail_on was found, or could not be looked for.
    bool failed() const {
        const int least = severity(fail_on);
        return std::any_of(
                   findings.begin(), findings.end(),
                   [&](const auto &f) { return !f.exempt && severity(f.rule->level) >= least; }) ||
               std::any_of(not_run.begin(), not_run.end(), [&](const auto &n) {
                   return n.failed && severity(n.rule->level) >= least;
               });
    }
};

} // namespace custody::lint
