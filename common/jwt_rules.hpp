// What an issuer of JSON Web Tokens was registered with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/token_identity.hpp"

namespace custody::token {

/// What an issuer's tokens must be like.
struct JwtRules {
    std::string issuer;
    std::vector<std::string> audience;           // one of these, unless empty
    std::vector<std::string> authorized_parties; // azp is one of these, unless empty
    OrgKind org_kind = OrgKind::none;
    std::vector<std::string> org_path; // empty: its tokens name no org
    std::vector<std::string> user_path;
    std::vector<std::string> role_path; // empty: no role
    std::int64_t skew = 0;              // seconds
};

} // namespace custody::token
