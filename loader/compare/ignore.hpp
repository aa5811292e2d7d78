// Differences that the user does not want to hear of: kind:name:property, each a shell pattern in
// which * matches anything, dots too. What is left out on the right is *. Pure.
#pragma once

#include <string>
#include <vector>

namespace custody::compare {

class IgnoreList {
  public:
    /// Throws Error "bad-ignore" (usage) for a pattern that no class or nothing at all can match.
    IgnoreList(const std::vector<std::string> &patterns, const std::vector<std::string> &kinds);

    /// The first pattern that fits, and counts it; "" when none does. `property` is "" for an
    /// object as a whole, which only a pattern without a property fits.
    std::string match(const std::string &kind, const std::string &name,
                      const std::string &property);

    /// Every pattern with how often it was the one.
    std::vector<std::pair<std::string, int>> uses() const;

  private:
    struct Pattern {
        std::string text, kind, name, property;
        int used = 0;
    };
    std::vector<Pattern> patterns_;
};

} // namespace custody::compare
