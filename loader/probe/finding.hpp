// What a probe found: plain values, which the renderers read.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace custody::probe {

struct Finding {
    std::string object;
    std::string attack;
    std::string verdict = "inconclusive"; // held, leak or inconclusive
    std::string statement;
    std::string detail;
    std::string sqlstate;                // "" = none
    std::optional<std::string> accepted; // why an inconclusive one is accepted, and until when
    std::string from = "outside";        // or inside: custody.probe_isolation()
};

struct Report {
    std::string description; // host:port/database
    int version = 0;
    std::string role;
    std::string generated_at;
    bool pooler = false;
    bool on_clone = false;
    std::vector<Finding> findings; // in the order of the attacks

    int count(std::string_view verdict) const {
        return static_cast<int>(
            std::count_if(findings.begin(), findings.end(), [&](const Finding &finding) {
                return finding.verdict == verdict && !finding.accepted;
            }));
    }
    int accepted() const {
        return static_cast<int>(std::count_if(findings.begin(), findings.end(),
                                              [](const Finding &f) { return bool(f.accepted); }));
    }
    /// There was something to attack, and nothing but what is accepted did not hold.
    bool held() const {
        return count("held") > 0 && count("leak") == 0 && count("inconclusive") == 0;
    }
};

/// One sentence.
std::string headline(const Report &report);
std::string render_text(const Report &report, bool color);
std::string render_json(const Report &report);

} // namespace custody::probe
