// Values of rows as a report shows them: bounded, with their whole length told. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace custody::report {

inline constexpr std::size_t kExcerptBytes = 200;

/// A piece of a value, cut between characters.
struct Excerpt {
    std::string text;
    std::size_t from = 0;  // bytes of the value before it
    std::size_t bytes = 0; // of the whole value

    bool cut() const { return text.size() < bytes; }
    /// 'it''s' or …'the middle'… (12345 bytes), safe to print; plain for a number.
    std::string shown() const;
};

Excerpt excerpt(std::string_view value, std::size_t from = 0);

/// Where to begin so that the first byte in which two values differ is seen.
std::size_t begin_of_difference(std::string_view a, std::string_view b);

/// NULL, or the excerpt as it is shown.
std::string shown(const std::optional<std::string> &value, std::size_t from = 0);

} // namespace custody::report
