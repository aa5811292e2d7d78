#include "common/copy_text.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace custody::wire {

namespace {

constexpr std::byte kTab{'\t'};
constexpr std::byte kBackslash{'\\'};

constexpr std::uint64_t repeat(unsigned char byte) noexcept { return 0x0101010101010101ULL * byte; }

/// The high bit of the first zero byte (in memory order) is set; later ones may be set wrongly.
std::uint64_t zero_bytes(std::uint64_t word) noexcept {
    return (word - repeat(0x01)) & ~word & repeat(0x80);
}

/// Copies bytes up to the next delimiter or backslash, eight at a time while there is room.
void copy_plain(const std::byte *&at, const std::byte *end, std::byte *&out,
                std::byte *out_end) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        while (end - at >= 8 && out_end - out >= 8) {
            std::uint64_t word;
            std::memcpy(&word, at, 8);
            std::memcpy(out, &word, 8);
            const std::uint64_t special =
                zero_bytes(word ^ repeat('\t')) | zero_bytes(word ^ repeat('\\'));
            const int plain = special == 0 ? 8 : std::countr_zero(special) / 8;
            at += plain;
            out += plain;
            if (plain != 8) {
                return;
            }
        }
    }
    while (at != end && out != out_end && *at != kTab && *at != kBackslash) {
        *out++ = *at++;
    }
}

int octal_digit(const std::byte *at, const std::byte *end) noexcept {
    const int c = at == end ? -1 : std::to_integer<int>(*at);
    return c >= '0' && c <= '7' ? c - '0' : -1;
}

int hex_digit(const std::byte *at, const std::byte *end) noexcept {
    const int c = at == end ? -1 : std::to_integer<int>(*at);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const int lower = c | 0x20;
    return c != -1 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// `at` is behind the first digit of up to three.
std::byte read_octal(int value, const std::byte *&at, const std::byte *end) noexcept {
    for (int i = 0; i < 2; ++i) {
        const int digit = octal_digit(at, end);
        if (digit < 0) {
            break;
        }
        value = (value << 3) + digit;
        ++at;
    }
    return static_cast<std::byte>(value & 0xFF);
}

/// `at` is behind the x; up to two digits follow. Without any, the x stands for itself.
std::byte read_hex(const std::byte *&at, const std::byte *end) noexcept {
    int value = hex_digit(at, end);
    if (value < 0) {
        return std::byte{'x'};
    }
    ++at;
    const int digit = hex_digit(at, end);
    if (digit >= 0) {
        value = (value << 4) + digit;
        ++at;
    }
    return static_cast<std::byte>(value);
}

/// `at` is behind the backslash, and there is a byte.
std::byte read_escape(const std::byte *&at, const std::byte *end) noexcept {
    const std::byte c = *at++;
    switch (std::to_integer<char>(c)) {
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
        return read_octal(std::to_integer<int>(c) - '0', at, end);
    case 'x':
        return read_hex(at, end);
    case 'b':
        return std::byte{'\b'};
    case 'f':
        return std::byte{'\f'};
    case 'n':
        return std::byte{'\n'};
    case 'r':
        return std::byte{'\r'};
    case 't':
        return std::byte{'\t'};
    case 'v':
        return std::byte{'\v'};
    default:
        return c;
    }
}

} // namespace

bool text_is_null(const std::byte *at, const std::byte *end) noexcept {
    if (end - at < 2 || at[0] != kBackslash || at[1] != std::byte{'N'}) {
        return false;
    }
    // A lone backslash at the end of the line does not count, as in the server.
    return end - at == 2 || at[2] == kTab || (end - at == 3 && at[2] == kBackslash);
}

TextStop unescape_field(const std::byte *&at, const std::byte *end, std::byte *&out,
                        std::byte *out_end) noexcept {
    for (;;) {
        copy_plain(at, end, out, out_end);
        if (at == end) {
            return TextStop::end_of_line;
        }
        if (*at == kTab) {
            ++at;
            return TextStop::delimiter;
        }
        if (out == out_end) {
            return TextStop::out_of_room;
        }
        if (*at == kBackslash) {
            ++at;
            if (at == end) {
                return TextStop::end_of_line;
            }
            *out++ = read_escape(at, end);
        }
    }
}

} // namespace custody::wire
