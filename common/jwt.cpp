#include "common/jwt.hpp"

#include <algorithm>
#include <cmath>

#include "common/base64url.hpp"
#include "common/strict_json.hpp"

namespace custody::token {

namespace {

using Json = nlohmann::json;

constexpr double kLatest = 253402300799.0; // end of the year 9999

std::string decoded(std::string_view part) {
    auto text = decode_base64url(part);
    if (!text) {
        throw Refused("a part of the JWT is no base64url");
    }
    return std::move(*text);
}

std::string text_member(const Json &object, const char *name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) {
        throw Refused(std::string("the JWT has no text \"") + name + "\"");
    }
    return found->get<std::string>();
}

bool is_among(const std::string &word, const std::vector<std::string> &words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// A NumericDate, which may have a fraction; nothing where there is none.
std::optional<double> date(const Json &payload, const char *name) {
    const auto found = payload.find(name);
    if (found == payload.end()) {
        return std::nullopt;
    }
    const double value = found->is_number() ? found->get<double>() : -1;
    if (!(value >= 0) || value > kLatest) {
        throw Refused(std::string("the JWT has a malformed \"") + name + "\"");
    }
    return value;
}

void check_audience(const Json &payload, const std::vector<std::string> &audience) {
    if (audience.empty()) {
        return;
    }
    const auto found = payload.find("aud");
    if (found != payload.end() && found->is_string() &&
        is_among(found->get<std::string>(), audience)) {
        return;
    }
    if (found != payload.end() && found->is_array()) {
        for (const Json &one : *found) {
            if (one.is_string() && is_among(one.get<std::string>(), audience)) {
                return;
            }
        }
    }
    throw Refused("the JWT is for another audience");
}

void check_party(const Json &payload, const std::vector<std::string> &parties) {
    if (!parties.empty() && !is_among(text_member(payload, "azp"), parties)) {
        throw Refused("the JWT was issued to another party");
    }
}

std::int64_t check_dates(const Json &payload, std::int64_t skew, std::int64_t now) {
    const auto expires = date(payload, "exp");
    const auto from = date(payload, "nbf");
    const auto issued = date(payload, "iat");
    const auto clock = static_cast<double>(now);
    const auto leeway = static_cast<double>(skew);
    if (!expires) {
        throw Refused("the JWT does not expire");
    }
    if (std::floor(*expires) + leeway <= clock) {
        throw Refused("the JWT has expired");
    }
    if (from && *from > clock + leeway) {
        throw Refused("the JWT is not valid yet");
    }
    if (issued && *issued > clock + leeway) {
        throw Refused("the JWT was issued in the future");
    }
    return static_cast<std::int64_t>(std::floor(*expires)) + skew;
}

/// A text, or a whole number as text.
std::string plain_value(const Json &value, const char *what) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_number_integer()) {
        return value.dump();
    }
    throw Refused(std::string(what) + " is neither a text nor a whole number");
}

std::string value_at(const Json &payload, const std::vector<std::string> &path, const char *what) {
    const Json *found = path.empty() ? nullptr : find_path(payload, path);
    return found == nullptr ? std::string() : plain_value(*found, what);
}

} // namespace

Jwt split_jwt(std::string_view token) {
    if (token.size() > kLongestJwt) {
        throw Refused("the token is too long");
    }
    if (std::count(token.begin(), token.end(), '.') != 2) {
        throw Refused("the token is neither custody's nor a signed JWT");
    }
    const std::size_t payload = token.find('.') + 1;
    const std::size_t signature = token.find('.', payload) + 1;
    const Json header = parse_object(decoded(token.substr(0, payload - 1)));
    Jwt jwt;
    jwt.algorithm = text_member(header, "alg");
    if (header.contains("crit")) {
        throw Refused("the JWT has critical extensions");
    }
    if (header.contains("kid")) {
        jwt.kid = text_member(header, "kid");
    }
    jwt.payload_text = decoded(token.substr(payload, signature - 1 - payload));
    jwt.payload = parse_object(jwt.payload_text);
    jwt.issuer = text_member(jwt.payload, "iss");
    jwt.signed_text = token.substr(0, signature - 1);
    jwt.signature = token.substr(signature);
    return jwt;
}

void check_algorithm(const Jwt &jwt, Algorithm algorithm) {
    const std::string_view expected = jwt_algorithm(algorithm);
    if (expected.empty() || jwt.algorithm != expected) {
        throw Refused("the JWT names another algorithm than its key has");
    }
}

Identity judge_jwt(const Jwt &jwt, const JwtRules &rules, std::int64_t now) {
    if (jwt.issuer != rules.issuer) {
        throw Refused("the JWT is of another issuer");
    }
    check_audience(jwt.payload, rules.audience);
    check_party(jwt.payload, rules.authorized_parties);
    Identity identity;
    identity.expires = check_dates(jwt.payload, rules.skew, now);
    identity.user = value_at(jwt.payload, rules.user_path, "the user");
    check_text(identity.user, "the user");
    identity.role = value_at(jwt.payload, rules.role_path, "the role");
    if (!identity.role.empty()) {
        check_text(identity.role, "the role");
    }
    const Json *org = rules.org_path.empty() ? nullptr : find_path(jwt.payload, rules.org_path);
    if (org != nullptr) {
        identity.kind = rules.org_kind;
        identity.orgs.push_back(canonical_org(rules.org_kind, plain_value(*org, "the org")));
    }
    identity.claims = jwt.payload_text;
    return identity;
}

} // namespace custody::token
