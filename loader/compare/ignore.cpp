#include "loader/compare/ignore.hpp"

#include <fnmatch.h>

#include <algorithm>

#include <fmt/format.h>

#include "loader/cli/names.hpp"
#include "loader/core/error.hpp"

namespace custody::compare {
namespace {

bool fits(const std::string &pattern, const std::string &text) {
    return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

Error bad(const std::string &pattern, const std::string &seen, const std::string &hint) {
    return {Exit::usage, "bad-ignore", fmt::format("malformed ignore pattern \"{}\"", pattern),
            seen, hint};
}

} // namespace

IgnoreList::IgnoreList(const std::vector<std::string> &patterns,
                       const std::vector<std::string> &kinds) {
    for (const auto &text : patterns) {
        // A name may hold colons; kinds and properties that are given do not.
        const auto first = std::min(text.find(':'), text.size());
        const auto last =
            text.rfind(':') > first ? std::min(text.rfind(':'), text.size()) : text.size();
        Pattern pattern{text, text.substr(0, first), "*", "*"};
        if (first < text.size())
            pattern.name = text.substr(first + 1, last - first - 1);
        if (last < text.size())
            pattern.property = text.substr(last + 1);
        if (pattern.kind.empty() || pattern.name.empty() || pattern.property.empty())
            throw bad(text, "a part is empty", "write kind:name:property, with * for any");
        if (std::none_of(kinds.begin(), kinds.end(),
                         [&](const auto &kind) { return fits(pattern.kind, kind); })) {
            const auto meant = cli::nearest(pattern.kind, kinds);
            throw bad(text, fmt::format("there is no kind \"{}\"", pattern.kind),
                      meant.empty() ? fmt::format("the kinds are {}", fmt::join(kinds, ", "))
                                    : fmt::format("did you mean \"{}\"?", meant));
        }
        patterns_.push_back(std::move(pattern));
    }
}

std::string IgnoreList::match(const std::string &kind, const std::string &name,
                              const std::string &property) {
    for (auto &pattern : patterns_) {
        const bool fitting =
            property.empty() ? pattern.property == "*" : fits(pattern.property, property);
        if (fitting && fits(pattern.kind, kind) && fits(pattern.name, name)) {
            ++pattern.used;
            return pattern.text;
        }
    }
    return "";
}

std::vector<std::pair<std::string, int>> IgnoreList::uses() const {
    std::vector<std::pair<std::string, int>> result;
    for (const auto &pattern : patterns_)
        result.emplace_back(pattern.text, pattern.used);
    return result;
}

} // namespace custody::compare
