// Keys, issuers and the membership table of this database, read once per backend and again when one
// of their tables has changed. A key that was dropped is gone for every backend as soon as that is
// committed, in running transactions too.
#pragma once

#include "common/jwt_rules.hpp"
#include "common/public_key.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::tenant {

struct OwnKey {
    std::string kid;
    std::optional<token::PublicKey> key; // none: an HMAC key, which is in the key file
    bool single_use = false;
};

struct IssuerKey {
    std::string kid; // "" = for any token of the issuer that names none of the others
    std::optional<token::PublicKey> key;
    std::string secret; // without key: name of an HS256 key in the key file
};

struct Issuer {
    token::JwtRules rules;
    std::vector<IssuerKey> keys;
};

struct MembershipSource {
    Oid relation = InvalidOid;
    std::string user_column, org_column, role_column; // "" = no role
};

struct KeyCache {
    std::vector<OwnKey> own;
    std::vector<Issuer> issuers;
    std::optional<MembershipSource> membership;
};

/// As of now. The reference is good until the next call. Guarded.
const KeyCache &key_cache();

} // namespace custody::tenant
