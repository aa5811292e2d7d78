// custody's own tokens: custody1.KID.PAYLOAD.SIGNATURE. docs/token-format.md has every byte.
// Taking one apart says nothing about who made it: the signature, over signed_text, comes first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/token_identity.hpp"

namespace custody::token {

inline constexpr std::string_view kOwnPrefix = "custody1.";
inline constexpr std::size_t kLongestOwnToken = 8192;
inline constexpr std::size_t kMostOrgs = 1000;
inline constexpr std::int64_t kSkew = 30; // seconds by which the minting clock may be ahead

/// The parts of a token, as views into it.
struct OwnToken {
    std::string_view kid;
    std::string_view payload;   // base64url
    std::string_view signature; // base64url
    std::string_view signed_text;
};

struct OwnPayload {
    Identity identity;    // expires is exp
    std::string database; // what custody.database_id() returns
    std::string nonce;    // what custody.challenge() returned; "" = none
    std::int64_t issued = 0;
};

bool is_own_token(std::string_view token) noexcept;
/// A name that a key may have: 1 to 64 letters, digits, '-' and '_'.
bool is_kid(std::string_view kid) noexcept;

/// Throws Refused.
OwnToken split_own_token(std::string_view token);

/// Reads the payload part, whose signature has been verified. Throws Refused.
OwnPayload read_own_payload(std::string_view payload);

/// The text that is signed, up to the last dot. Throws Refused for what would be refused when read.
std::string own_signed_text(std::string_view kid, const OwnPayload &payload);

/// The whole token.
std::string own_token(const std::string &signed_text, std::span<const std::byte> signature);

/// Whether a token with this payload may be used at `now` (seconds since 1970) in the database.
/// Throws Refused. The nonce is the caller's business.
void check_own_payload(const OwnPayload &payload, std::string_view database, std::int64_t now);

} // namespace custody::token
