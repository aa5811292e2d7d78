#include "common/base64url.hpp"

#include <array>
#include <cstdint>

namespace custody::token {

namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNone);
    for (std::uint8_t i = 0; i < 64; ++i) {
        values[static_cast<unsigned char>(kLetters[i])] = i;
    }
    return values;
}

constexpr auto kValues = make_values();

} // namespace

std::optional<std::size_t> decode_base64url(std::string_view text,
                                            std::span<std::byte> out) noexcept {
    const std::size_t size = text.size() * 6 / 8;
    if (text.size() % 4 == 1 || size > out.size()) {
        return std::nullopt;
    }
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const char c : text) {
        const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
        if (value == kNone) {
            return std::nullopt;
        }
        bits = (bits << 6) | value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[at++] = static_cast<std::byte>(bits >> held);
        }
    }
    if ((bits & ((1U << held) - 1)) != 0) {
        return std::nullopt;
    }
    return at;
}

std::optional<std::string> decode_base64url(std::string_view text) {
    std::string bytes(base64url_bytes(text.size()), '\0');
    const auto size = decode_base64url(text, std::as_writable_bytes(std::span(bytes)));
    if (!size) {
        return std::nullopt;
    }
    bytes.resize(*size);
    return bytes;
}

std::string encode_base64url(std::span<const std::byte> bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::byte byte : bytes) {
        bits = (bits << 8) | std::to_integer<std::uint32_t>(byte);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text += kLetters[(bits >> held) & 63];
        }
    }
    if (held > 0) {
        text += kLetters[(bits << (6 - held)) & 63];
    }
    return text;
}

std::string encode_base64url(std::string_view bytes) {
    return encode_base64url(std::as_bytes(std::span(bytes)));
}

} // namespace custody::token
