// Keys, issuers and the membership table of this database, read once per backend and again when one
// of their tables has changed. A key that was dropped is gone for every backend as soon as that is
// committed, in running transactions too.
#pragma once

#include "common/jwt_rules.hpp"
#include "common/public_key.hpp"
#include "extension/pg/boundary.hpp"

namespace custody::tenant {

/// A public key as its row has it. libcrypto takes a tenth of a millisecond to read one: that is
/// left to the first token that names it.
class StoredKey {
  public:
    StoredKey(std::string text, std::string algorithm)
        : text_(std::move(text)), algorithm_(std::move(algorithm)) {}

    /// Throws token::KeyError for what is no key, or of another algorithm than the row says.
    const token::PublicKey &get() const;

  private:
    std::string text_, algorithm_;
    mutable std::optional<token::PublicKey> key_;
};

struct OwnKey {
    std::string kid;
    std::optional<StoredKey> key; // none: an HMAC key, which is in the key file
    bool single_use = false;
};

struct IssuerKey {
    std::string kid; // "" = for any token of the issuer that names none of the others
    std::optional<StoredKey> key;
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
    std::vector<OwnKey> own; // by kid
    std::vector<Issuer> issuers;
    std::optional<MembershipSource> membership;
};

/// As of now. The reference is good until the next call. Guarded.
const KeyCache &key_cache();

} // namespace custody::tenant
