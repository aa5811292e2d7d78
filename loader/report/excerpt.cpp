#include "loader/report/excerpt.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/ui/text.hpp"

namespace custody::report {
namespace {

/// At a continuation byte of UTF-8 no character begins.
std::size_t character_before(std::string_view text, std::size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
        --at;
    return at;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() < 40 &&
           text.find_first_not_of("0123456789", text[0] == '-' && text.size() > 1 ? 1 : 0) ==
               std::string_view::npos;
}

} // namespace

std::string Excerpt::shown() const {
    if (!cut() && is_number(text))
        return text;
    // Doubled, so that what printable() writes with one is no text of the value's own.
    std::string doubled;
    for (const char c : text)
        doubled += c == '\'' ? "''" : c == '\\' ? "\\\\" : std::string(1, c);
    const auto quoted = ui::printable(doubled);
    return fmt::format("{}'{}'{}{}", from > 0 ? "…" : "", quoted,
                       from + text.size() < bytes ? "…" : "",
                       cut() ? fmt::format(" ({} bytes)", bytes) : "");
}

Excerpt excerpt(std::string_view value, std::size_t from) {
    const auto begin = character_before(value, std::min(from, value.size()));
    const auto end = character_before(value, std::min(begin + kExcerptBytes, value.size()));
    return {std::string(value.substr(begin, end - begin)), begin, value.size()};
}

std::size_t begin_of_difference(std::string_view a, std::string_view b) {
    constexpr std::size_t kBefore = 40; // what stands before it says where it is
    if (a.size() <= kExcerptBytes && b.size() <= kExcerptBytes)
        return 0;
    const auto common = static_cast<std::size_t>(
        std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    return common <= kExcerptBytes / 2 ? 0 : common - kBefore;
}

std::string shown(const std::optional<std::string> &value, std::size_t from) {
    return value ? excerpt(*value, from).shown() : "NULL";
}

} // namespace custody::report
