// One line of JSON, read strictly and without copies: texts are unescaped, and hexadecimal digits
// decoded, in the memory of the line itself. A line may be as long as two images of a row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace custody::ledger {

enum class JsonKind : std::uint8_t { object, list, text, number, literal };

/// In the order of the line; an object's members are name, value, name, value ...
struct JsonValue {
    JsonKind kind;
    std::uint32_t size = 0; // members of an object, elements of a list
    std::uint32_t next = 0; // index of what follows it and all that is in it
    std::span<char> text;   // unescaped text, digits of a number, or null, true, false
};

class JsonLine {
  public:
    /// Deeper than anything in a bundle is.
    static constexpr unsigned kDeepest = 8;

    /// True where the line is one object in UTF-8 and nothing else. What is read points into it,
    /// and changes it. Twice the same name in an object is not looked for.
    bool parse(std::span<char> line);

    const JsonValue &at(std::uint32_t index) const noexcept { return values_[index]; }

  private:
    bool value(unsigned depth);
    bool object(unsigned depth);
    bool list(unsigned depth);
    bool text();
    bool escape(char *&out);
    bool four_digits(std::uint32_t &code);
    bool number();
    bool literal();
    void space() noexcept;
    bool take(char wanted) noexcept;

    std::vector<JsonValue> values_;
    char *here_ = nullptr;
    char *end_ = nullptr;
};

/// Valid UTF-8: no surrogates, nothing overlong, nothing past U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

} // namespace custody::ledger
