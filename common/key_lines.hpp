// The text of a key file: one symmetric key in a line,
//     NAME ALGORITHM SECRET
// ALGORITHM is HMAC-SHA256 (custody's own tokens) or HS256 (JWTs); SECRET is base64url, or text:
// and then the secret itself to the end of the line. Empty lines and lines with # are passed over.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "common/hmac_key.hpp"
#include "common/public_key.hpp"

namespace custody::token {

inline constexpr std::size_t kMostFileKeys = 64;
inline constexpr std::size_t kLargestKeyFile = 32768; // bytes

/// Trivially copyable: lives in memory that no core dump shows.
struct FileKey {
    std::array<char, 64> name; // filled up with NUL
    std::size_t name_length;
    Algorithm algorithm;
    HmacKey key;

    std::string_view name_text() const noexcept { return {name.data(), name_length}; }
};

/// Fills `keys` and returns how many there are. Throws KeyError, which names the line and shows
/// nothing of it: for a malformed line, an empty or short secret, a name twice, no key at all.
std::size_t read_key_lines(std::string_view text, std::span<FileKey> keys);

} // namespace custody::token
