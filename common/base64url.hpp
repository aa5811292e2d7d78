// Base64url without padding (RFC 4648, section 5), strictly: one text for each sequence of bytes,
// so that nobody can write a token in a second way.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace custody::token {

/// Most bytes that a text of `length` characters can stand for.
constexpr std::size_t base64url_bytes(std::size_t length) { return length / 4 * 3 + length % 4; }

/// Decodes into `out`; the number of bytes, or nothing where the text is malformed, has padding,
/// white space or bits left over, or does not fit. Never allocates.
std::optional<std::size_t> decode_base64url(std::string_view text,
                                            std::span<std::byte> out) noexcept;

std::optional<std::string> decode_base64url(std::string_view text);

std::string encode_base64url(std::span<const std::byte> bytes);
std::string encode_base64url(std::string_view bytes);

} // namespace custody::token
