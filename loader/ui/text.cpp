#include "loader/ui/text.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace custody::ui {
namespace {

struct Range {
    char32_t first, last;
};

// East Asian wide and emoji; enough for names, exact for none of the rare scripts.
constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
    Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE4F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F64F},
    Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

constexpr std::array kCombining{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0900, 0x0902}, Range{0x0E34, 0x0E3A}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

// Invisible, or turning the direction of what follows.
constexpr std::array kHidden{Range{0x00AD, 0x00AD}, Range{0x061C, 0x061C}, Range{0x180E, 0x180E},
                             Range{0x200B, 0x200F}, Range{0x2028, 0x202E}, Range{0x2060, 0x206F},
                             Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE0FFF}};

template <std::size_t N> bool within(const std::array<Range, N> &ranges, char32_t c) {
    for (const auto &range : ranges)
        if (c >= range.first && c <= range.last)
            return true;
    return false;
}

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
    bool valid = false;
};

Character decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return {lead, 1, true};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
        return {};
    char32_t code = lead & (0x7F >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80)
            return {};
        code = (code << 6) | (byte(i) & 0x3F);
    }
    constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return {};
    return {code, length, true};
}

std::size_t width_of(char32_t c) {
    if (within(kCombining, c))
        return 0;
    return within(kWide, c) ? 2 : 1;
}

std::string escaped_control(unsigned char c) {
    switch (c) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return fmt::format("\\x{:02x}", c);
    }
}

} // namespace

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const Character c = decode(text);
        const auto first = static_cast<unsigned char>(text[0]);
        if (!c.valid || c.code < 0x20 || c.code == 0x7F)
            result += escaped_control(first);
        else if ((c.code >= 0x80 && c.code < 0xA0) || within(kHidden, c.code))
            result += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c.code));
        else
            result += text.substr(0, c.bytes);
        text.remove_prefix(c.bytes);
    }
    return result;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const Character c = decode(text);
        width += width_of(c.code);
        text.remove_prefix(c.bytes);
    }
    return width;
}

std::size_t visible_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto escape = std::min(text.find('\x1b'), text.size());
        width += display_width(text.substr(0, escape));
        text.remove_prefix(escape);
        const auto end = std::min(text.find('m'), text.size());
        text.remove_prefix(text.empty() ? 0 : std::min(end + 1, text.size()));
    }
    return width;
}

std::string fitted(std::string_view text, std::size_t width) {
    std::string result;
    std::size_t used = 0;
    const bool cut = display_width(text) > width;
    const std::size_t room = cut && width > 0 ? width - 1 : width;
    while (!text.empty()) {
        const Character c = decode(text);
        if (used + width_of(c.code) > room)
            break;
        result += text.substr(0, c.bytes);
        used += width_of(c.code);
        text.remove_prefix(c.bytes);
    }
    if (cut && width > 0) {
        result += "…";
        ++used;
    }
    return result + std::string(width - used, ' ');
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
    std::string lines;
    std::size_t column = indent;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        const std::size_t room = visible_width(word);
        if (column > indent && column + 1 + room > width) {
            lines += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (!lines.empty()) {
            lines += ' ';
            ++column;
        }
        lines += word;
        column += room;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string size_text(std::int64_t bytes) {
    constexpr std::array kUnits{"bytes", "kB", "MB", "GB", "TB", "PB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, unit > 1 && value < 10 ? 1 : 0, kUnits[unit]);
}

std::string count_text(std::int64_t number) {
    std::string digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string short_count(std::int64_t number) {
    constexpr std::string_view kUnits = "kMGT";
    if (number < 10000)
        return std::to_string(number);
    auto value = static_cast<double>(number) / 1000;
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    const int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    return fmt::format("{:.{}f}{}", value, digits, kUnits[unit]);
}

std::string duration_text(double seconds) {
    if (seconds < 59.95)
        return fmt::format("{:.1f} s", std::max(0.0, seconds));
    const auto total = static_cast<std::int64_t>(std::llround(seconds));
    if (total < 3600)
        return fmt::format("{}:{:02}", total / 60, total % 60);
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

} // namespace custody::ui
