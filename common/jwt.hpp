// JSON Web Tokens in the compact form (RFC 7515, 7519): taken apart, and judged by what an issuer
// was registered with. Which key verifies is said by issuer and kid; its algorithm is the key's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/jwt_rules.hpp"
#include "common/public_key.hpp"
#include "common/token_identity.hpp"

namespace custody::token {

inline constexpr std::size_t kLongestJwt = 16384;

struct Jwt {
    std::string algorithm; // what the header says: compared with the key's, never believed
    std::optional<std::string> kid;
    std::string issuer; // what the payload says: it picks the key, which then has to agree
    nlohmann::json payload;
    std::string payload_text;
    std::string_view signed_text; // views into the token
    std::string_view signature;   // base64url
};

/// Throws Refused.
Jwt split_jwt(std::string_view token);

/// Throws Refused unless the header agrees with the key that is about to verify it.
void check_algorithm(const Jwt &jwt, Algorithm algorithm);

/// Who a token is for, once its signature is verified. Throws Refused.
Identity judge_jwt(const Jwt &jwt, const JwtRules &rules, std::int64_t now);

} // namespace custody::token
