#include "common/jwks.hpp"

#include <algorithm>
#include <optional>

#include "common/base64url.hpp"
#include "common/strict_json.hpp"
#include "common/token_identity.hpp"

namespace custody::token {

namespace {

using Json = nlohmann::json;

/// "" where the key has no such member.
std::string member(const Json &jwk, const char *name) {
    const auto found = jwk.find(name);
    if (found == jwk.end()) {
        return {};
    }
    if (!found->is_string()) {
        throw KeyError(std::string("member \"") + name + "\" of a key is no text");
    }
    return found->get<std::string>();
}

std::string bytes_member(const Json &jwk, const char *name) {
    const auto bytes = decode_base64url(member(jwk, name));
    if (!bytes || bytes->empty()) {
        throw KeyError(std::string("member \"") + name + "\" of a key is no base64url");
    }
    return *bytes;
}

void refuse_secrets(const Json &jwk) {
    if (member(jwk, "kty") == "oct" || jwk.contains("k")) {
        throw KeyError("a symmetric key belongs into the key file");
    }
    if (jwk.contains("d")) {
        throw KeyError("a private key belongs to the issuer alone");
    }
}

bool is_for_signatures(const Json &jwk) {
    const std::string use = member(jwk, "use");
    if (!use.empty() && use != "sig") {
        return false;
    }
    const auto operations = jwk.find("key_ops");
    return operations == jwk.end() ||
           (operations->is_array() &&
            std::find(operations->begin(), operations->end(), "verify") != operations->end());
}

/// Nothing for a key that is of no use here.
std::optional<PublicKey> read_key(const Json &jwk) {
    const std::string type = member(jwk, "kty");
    const std::string algorithm = member(jwk, "alg");
    const std::string curve = member(jwk, "crv");
    const auto is = [&](const char *wanted, std::string_view word) {
        return type == wanted && (algorithm.empty() || algorithm == word);
    };
    if (is("RSA", "RS256")) {
        return PublicKey::rsa(bytes_member(jwk, "n"), bytes_member(jwk, "e"));
    }
    if (is("EC", "ES256") && curve == "P-256") {
        return PublicKey::p256(bytes_member(jwk, "x"), bytes_member(jwk, "y"));
    }
    if ((is("OKP", "EdDSA") || is("OKP", "Ed25519")) && curve == "Ed25519") {
        return PublicKey::ed25519(bytes_member(jwk, "x"));
    }
    return std::nullopt;
}

Json parse_set(std::string_view text) {
    if (text.size() > kLargestJwks) {
        throw KeyError("the key set is too large");
    }
    try {
        return parse_object(text);
    } catch (const Refused &refused) {
        throw KeyError(refused.what());
    }
}

} // namespace

std::vector<Jwk> read_jwks(std::string_view text) {
    const Json set = parse_set(text);
    const auto keys = set.find("keys");
    if (keys == set.end() || !keys->is_array() || keys->size() > kMostJwks) {
        throw KeyError("the key set has no array \"keys\" of at most 100 keys");
    }
    std::vector<Jwk> result;
    for (const Json &jwk : *keys) {
        if (!jwk.is_object()) {
            throw KeyError("a key of the set is no object");
        }
        refuse_secrets(jwk);
        if (!is_for_signatures(jwk)) {
            continue;
        }
        if (auto key = read_key(jwk)) {
            Jwk found{member(jwk, "kid"), std::move(*key)};
            if (std::any_of(result.begin(), result.end(),
                            [&](const Jwk &other) { return other.kid == found.kid; })) {
                throw KeyError("two keys of the set have the same kid");
            }
            result.push_back(std::move(found));
        }
    }
    if (result.empty()) {
        throw KeyError("the set has no key for RS256, ES256 or EdDSA");
    }
    return result;
}

} // namespace custody::token
