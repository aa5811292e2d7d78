// JSON Web Key Sets (RFC 7517): the public signature keys that an issuer publishes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/public_key.hpp"

namespace custody::token {

inline constexpr std::size_t kLargestJwks = 1 << 20; // bytes
inline constexpr std::size_t kMostJwks = 100;        // keys

struct Jwk {
    std::string kid; // "" = none
    PublicKey key;
};

/// The keys that can verify RS256, ES256 or EdDSA; others (for encryption, of other algorithms) are
/// passed over. Throws KeyError: for what is no set, a malformed or weak key, a private or
/// symmetric one, a kid twice, no usable key.
std::vector<Jwk> read_jwks(std::string_view text);

} // namespace custody::token
