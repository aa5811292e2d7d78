#include "common/own_token.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/base64url.hpp"
#include "common/form_text.hpp"
#include "common/strict_json.hpp"

namespace custody::token {

namespace {

enum Field : unsigned { db, org, org_type, user, role, exp, iat, nonce, claims };

constexpr std::array<std::string_view, 9> kFields{"db",  "org", "org_type", "user",  "role",
                                                  "exp", "iat", "nonce",    "claims"};

unsigned field_of(std::string_view name) {
    const auto found = std::find(kFields.begin(), kFields.end(), name);
    if (found == kFields.end()) {
        throw Refused("the payload has an unknown field");
    }
    return static_cast<unsigned>(found - kFields.begin());
}

std::int64_t seconds(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool plain = !text.empty() && text.size() <= 12 && text[0] >= '1' && text[0] <= '9';
    if (!plain || error != std::errc() || end != text.data() + text.size()) {
        throw Refused("the payload has a malformed time");
    }
    return value;
}

void check_claims(std::string_view text) {
    if (!text.empty()) {
        (void)parse_object(text);
    }
}

/// What the fields must be together, whether read or to be written.
void check_fields(const OwnPayload &payload) {
    const Identity &identity = payload.identity;
    if (canonical_org(OrgKind::uuid, payload.database) != payload.database) {
        throw Refused("the database is not written canonically");
    }
    if ((identity.kind == OrgKind::none) != identity.orgs.empty()) {
        throw Refused("the payload has an org without a type, or a type without an org");
    }
    if (identity.orgs.size() > kMostOrgs) {
        throw Refused("the payload has too many orgs");
    }
    for (const std::string &one : identity.orgs) {
        if (canonical_org(identity.kind, one) != one) {
            throw Refused("an org is not written canonically");
        }
    }
    check_text(identity.user, "the user");
    if (!identity.role.empty()) {
        check_text(identity.role, "the role");
    }
    if (!payload.nonce.empty()) {
        check_text(payload.nonce, "the nonce");
    }
    if (payload.issued >= identity.expires) {
        throw Refused("the token expires before it is issued");
    }
    check_claims(identity.claims);
}

void take(OwnPayload &payload, unsigned field, const std::string &value) {
    Identity &identity = payload.identity;
    if (value.empty()) {
        throw Refused("the payload has an empty field");
    }
    switch (static_cast<Field>(field)) {
    case db:
        payload.database = value;
        break;
    case org:
        identity.orgs.push_back(value);
        break;
    case org_type:
        identity.kind = org_kind(value);
        if (identity.kind == OrgKind::none) {
            throw Refused("the payload has an unknown type of org");
        }
        break;
    case user:
        identity.user = value;
        break;
    case role:
        identity.role = value;
        break;
    case exp:
        identity.expires = seconds(value);
        break;
    case iat:
        payload.issued = seconds(value);
        break;
    case nonce:
        payload.nonce = value;
        break;
    case claims:
        identity.claims = value;
        break;
    }
}

} // namespace

bool is_own_token(std::string_view token) noexcept { return token.starts_with(kOwnPrefix); }

bool is_kid(std::string_view kid) noexcept {
    return !kid.empty() && kid.size() <= 64 && std::all_of(kid.begin(), kid.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '_';
    });
}

OwnToken split_own_token(std::string_view token) {
    if (token.size() > kLongestOwnToken) {
        throw Refused("the token is too long");
    }
    if (!is_own_token(token) || std::count(token.begin(), token.end(), '.') != 3) {
        throw Refused("the token does not have four parts");
    }
    const std::size_t payload = token.find('.', kOwnPrefix.size()) + 1;
    const std::size_t signature = token.find('.', payload) + 1;
    OwnToken parts;
    parts.kid = token.substr(kOwnPrefix.size(), payload - 1 - kOwnPrefix.size());
    parts.payload = token.substr(payload, signature - 1 - payload);
    parts.signature = token.substr(signature);
    parts.signed_text = token.substr(0, signature - 1);
    if (!is_kid(parts.kid)) {
        throw Refused("the token names no key");
    }
    return parts;
}

OwnPayload read_own_payload(std::string_view payload) {
    std::array<std::byte, base64url_bytes(kLongestOwnToken)> bytes;
    const auto size = decode_base64url(payload, bytes);
    if (!size) {
        throw Refused("the payload is no base64url");
    }
    FormReader fields({reinterpret_cast<const char *>(bytes.data()), *size});
    OwnPayload result;
    unsigned seen = 0;
    while (fields.next()) {
        const unsigned field = field_of(fields.name());
        if ((seen & (1U << field)) != 0 && field != org) {
            throw Refused("the payload has a field twice");
        }
        seen |= 1U << field;
        take(result, field, fields.value());
    }
    constexpr unsigned kRequired = (1U << db) | (1U << user) | (1U << exp) | (1U << iat);
    if ((seen & kRequired) != kRequired) {
        throw Refused("the payload lacks a field");
    }
    check_fields(result);
    return result;
}

std::string own_signed_text(std::string_view kid, const OwnPayload &payload) {
    if (!is_kid(kid)) {
        throw Refused("the name of the key is malformed");
    }
    check_fields(payload);
    const Identity &identity = payload.identity;
    std::string form;
    append_pair(form, kFields[db], payload.database);
    if (identity.kind != OrgKind::none) {
        append_pair(form, kFields[org_type], org_kind_word(identity.kind));
        for (const std::string &one : identity.orgs) {
            append_pair(form, kFields[org], one);
        }
    }
    append_pair(form, kFields[user], identity.user);
    const auto optional = [&](Field field, const std::string &value) {
        if (!value.empty()) {
            append_pair(form, kFields[field], value);
        }
    };
    optional(role, identity.role);
    append_pair(form, kFields[iat], std::to_string(payload.issued));
    append_pair(form, kFields[exp], std::to_string(identity.expires));
    optional(nonce, payload.nonce);
    optional(claims, identity.claims);
    return std::string(kOwnPrefix) + std::string(kid) + '.' + encode_base64url(form);
}

std::string own_token(const std::string &signed_text, std::span<const std::byte> signature) {
    return signed_text + '.' + encode_base64url(signature);
}

void check_own_payload(const OwnPayload &payload, std::string_view database, std::int64_t now) {
    if (payload.database != database) {
        throw Refused("the token is for another database");
    }
    if (payload.identity.expires <= now) {
        throw Refused("the token has expired");
    }
    if (payload.issued > now + kSkew) {
        throw Refused("the token was issued in the future");
    }
}

} // namespace custody::token
