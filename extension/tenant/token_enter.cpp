// The path of an HMAC token has no SQL, no JSON and hardly an allocation: a web request that takes
// a millisecond passes here first.
#include "common/base64url.hpp"
#include "common/jwt.hpp" // before the server's macros
#include "common/own_token.hpp"

#include "extension/tenant/token_enter.hpp"

#include "extension/tenant/context.hpp"
#include "extension/tenant/key_cache.hpp"
#include "extension/tenant/key_file.hpp"
#include "extension/tenant/token_challenge.hpp"

namespace custody::tenant {

namespace {

using token::Refused;

constexpr std::int64_t kEpoch = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * std::int64_t{86400};
constexpr std::size_t kLongestSignature = 1024; // RSA of 8192 bits

/// A signature taken out of its token.
class Signature {
  public:
    explicit Signature(std::string_view text) {
        const auto size = token::decode_base64url(text, bytes_);
        if (!size) {
            throw Refused("the signature is no base64url");
        }
        size_ = *size;
    }

    std::span<const std::byte> bytes() const noexcept { return std::span(bytes_).first(size_); }

  private:
    std::array<std::byte, kLongestSignature> bytes_;
    std::size_t size_;
};

std::int64_t now() noexcept { return GetCurrentTimestamp() / USECS_PER_SEC + kEpoch; }

const char *convert_to_server(const char *text, int length) {
    return pg_any_to_server(text, length, PG_UTF8);
}

/// UTF-8 in the database's encoding.
std::string server_text(std::string text) {
    if (GetDatabaseEncoding() == PG_UTF8 || text.empty()) {
        return text;
    }
    const char *converted =
        pg::call<convert_to_server>(text.c_str(), static_cast<int>(text.size()));
    return converted == text.c_str() ? std::move(text) : std::string(converted);
}

OrgType org_type(token::OrgKind kind) noexcept {
    switch (kind) {
    case token::OrgKind::uuid:
        return OrgType::kUuid;
    case token::OrgKind::bigint:
        return OrgType::kBigint;
    case token::OrgKind::text:
        return OrgType::kText;
    case token::OrgKind::none:
        break;
    }
    return OrgType::kNone;
}

void enter_identity(token::Identity &&identity, const char *way) {
    ContextValues values;
    values.org_type = org_type(identity.kind);
    values.orgs = std::move(identity.orgs);
    for (std::string &org : values.orgs) {
        org = server_text(std::move(org));
    }
    values.user = server_text(std::move(identity.user));
    values.role = server_text(std::move(identity.role));
    values.claims = server_text(std::move(identity.claims));
    values.way = way;
    values.expires = (identity.expires - kEpoch) * USECS_PER_SEC;
    set_current(values, false);
}

const OwnKey &find_own_key(std::string_view kid) {
    const std::vector<OwnKey> &keys = key_cache().own;
    const auto found = std::lower_bound(
        keys.begin(), keys.end(), kid, [](const OwnKey &key, auto name) { return key.kid < name; });
    if (found == keys.end() || found->kid != kid) {
        throw Refused("there is no such key");
    }
    return *found;
}

void enter_own(std::string_view text) {
    const token::OwnToken parts = token::split_own_token(text);
    const OwnKey &key = find_own_key(parts.kid);
    const Signature signature(parts.signature);
    const bool good = key.key ? key.key->get().verify(parts.signed_text, signature.bytes())
                              : file_key(parts.kid, token::Algorithm::hmac_sha256)
                                    .verify(parts.signed_text, signature.bytes());
    if (!good) {
        throw Refused("the signature is wrong");
    }
    token::OwnPayload payload = token::read_own_payload(parts.payload);
    token::check_own_payload(payload, database_id(), now());
    if (key.single_use && payload.nonce.empty()) {
        throw Refused("the key's tokens must answer a challenge");
    }
    if (!payload.nonce.empty() && !spend_challenge(payload.nonce)) {
        throw Refused("the token does not answer this session's challenge");
    }
    enter_identity(std::move(payload.identity), kToken);
}

/// The key is said by the kid; only where the header names none, or the issuer's keys have none, by
/// there being one.
const IssuerKey &find_issuer_key(const Issuer &issuer, const std::optional<std::string> &kid) {
    const IssuerKey *nameless = nullptr;
    for (const IssuerKey &key : issuer.keys) {
        if (kid && !key.kid.empty() && key.kid == *kid) {
            return key;
        }
        nameless = key.kid.empty() ? &key : nameless;
    }
    if (nameless != nullptr) {
        return *nameless;
    }
    if (!kid && issuer.keys.size() == 1) {
        return issuer.keys.front();
    }
    throw Refused("the issuer has no such key");
}

const Issuer &find_issuer(const std::string &name) {
    for (const Issuer &issuer : key_cache().issuers) {
        if (issuer.rules.issuer == name) {
            return issuer;
        }
    }
    throw Refused("there is no such issuer");
}

void enter_jwt(std::string_view text) {
    const token::Jwt jwt = token::split_jwt(text);
    const Issuer &issuer = find_issuer(jwt.issuer);
    const IssuerKey &key = find_issuer_key(issuer, jwt.kid);
    const Signature signature(jwt.signature);
    token::check_algorithm(jwt, key.key ? key.key->get().algorithm() : token::Algorithm::hs256);
    const bool good = key.key ? key.key->get().verify(jwt.signed_text, signature.bytes())
                              : file_key(key.secret, token::Algorithm::hs256)
                                    .verify(jwt.signed_text, signature.bytes());
    if (!good) {
        throw Refused("the signature is wrong");
    }
    enter_identity(token::judge_jwt(jwt, issuer.rules, now()), kJwt);
}

/// What a token says may not fit into this database: a character that its encoding does not have.
/// That the transaction has a context already is nothing that the token is to blame for.
bool is_the_tokens_fault(int sqlstate) noexcept {
    return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_DATA_EXCEPTION ||
           sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

} // namespace

void refuse_token(const char *cause) {
    throw pg::Error(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, "token refused").log_detail(cause);
}

void enter_token(std::string_view text) {
    try {
        token::is_own_token(text) ? enter_own(text) : enter_jwt(text);
    } catch (const Refused &refused) {
        refuse_token(refused.what());
    } catch (const token::KeyError &error) {
        refuse_token(error.what());
    } catch (const pg::Error &error) {
        if (is_the_tokens_fault(error.sqlstate())) {
            refuse_token(error.what());
        }
        throw;
    } catch (const pg::ServerError &error) {
        if (is_the_tokens_fault(error.sqlstate())) {
            refuse_token(error.what());
        }
        throw;
    }
}

static struct varlena *whole(Datum text) { return PG_DETOAST_DATUM_PACKED(text); }

CUSTODY_FUNCTION(custody_enter) {
    if (PG_ARGISNULL(0)) {
        refuse_token("the token is null");
    }
    const auto *text = pg::call<whole>(PG_GETARG_DATUM(0));
    enter_token({VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)});
    PG_RETURN_VOID();
}

} // namespace custody::tenant
