// application/x-www-form-urlencoded: NAME=VALUE pairs joined by '&', as every language can write
// them. Read strictly: what is not a letter, a digit or one of -._*~ stands as + (a space) or %XX.
#pragma once

#include <string>
#include <string_view>

namespace custody::token {

/// Takes the pairs of a text one by one. Throws Refused where the text is malformed.
class FormReader {
  public:
    explicit FormReader(std::string_view text) noexcept : rest_(text) {}

    /// Moves on to the next pair; false at the end.
    bool next();

    /// The name as it stands: names have only letters, digits and '_'.
    std::string_view name() const noexcept { return name_; }
    /// The value, decoded; any bytes.
    const std::string &value() const noexcept { return value_; }

  private:
    std::string_view rest_;
    std::string_view name_;
    std::string value_; // kept between pairs, so that its memory is
    bool first_ = true;
};

/// Appends a pair to a text that may hold others.
void append_pair(std::string &text, std::string_view name, std::string_view value);

} // namespace custody::token
