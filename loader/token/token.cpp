#include "loader/token/token.hpp"

#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "common/key_lines.hpp"
#include "common/own_token.hpp"
#include "loader/report/output.hpp"
#include "loader/token/key_file.hpp"

namespace custody::mint {
namespace {

std::string symmetric_signature(const std::string &keys, const cli::Options &options,
                                const std::string &text) {
    const auto list = std::make_unique<std::array<token::FileKey, token::kMostFileKeys>>();
    const std::size_t count = token::read_key_lines(keys, *list);
    for (std::size_t i = 0; i < count; ++i) {
        const token::FileKey &key = (*list)[i];
        if (key.name_text() == options.kid && key.algorithm == token::Algorithm::hmac_sha256) {
            const auto signature = key.key.sign(text);
            return {reinterpret_cast<const char *>(signature.data()), signature.size()};
        }
    }
    throw token::KeyError("it has no HMAC-SHA256 key of this name");
}

std::string signature_of(const cli::Options &options, const std::string &text) {
    const std::string key = read_key_file(options.key_file);
    try {
        if (key.find("-----BEGIN") != std::string::npos)
            return token::Ed25519PrivateKey::parse(key).sign(text);
        return symmetric_signature(key, options, text);
    } catch (const token::KeyError &error) {
        throw unusable_key(options.key_file, error.what(),
                           "name the private key in PEM, or the file with the key of --kid");
    }
}

std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

token::OwnPayload payload_of(const cli::Options &options) {
    token::OwnPayload payload;
    payload.database = options.database_id;
    payload.issued = now();
    payload.nonce = options.nonce;
    token::Identity &identity = payload.identity;
    if (!options.orgs.empty())
        identity.kind = token::org_kind(options.org_type);
    for (const auto &org : options.orgs)
        identity.orgs.push_back(token::canonical_org(identity.kind, org));
    identity.user = options.user;
    identity.role = options.role;
    identity.claims = options.claims;
    identity.expires = payload.issued + options.lifetime;
    return payload;
}

void require(const cli::Options &options) {
    for (const auto &[name, value] :
         {std::pair("key-file", options.key_file), std::pair("kid", options.kid),
          std::pair("database-id", options.database_id), std::pair("user", options.user)})
        if (value.empty())
            throw Error(Exit::usage, "usage", fmt::format("no {} given", name), {},
                        fmt::format("write --{}=...", name));
}

} // namespace

std::string minted(const cli::Options &options) {
    require(options);
    std::string text;
    try {
        text = token::own_signed_text(options.kid, payload_of(options));
    } catch (const token::Refused &refused) {
        throw Error(Exit::usage, "token-malformed", "no database would take this token",
                    refused.what(), "docs/token-format.md says what each field may be");
    }
    const std::string signature = signature_of(options, text);
    const std::string whole = token::own_token(text, std::as_bytes(std::span(signature)));
    if (whole.size() > token::kLongestOwnToken)
        throw Error(Exit::usage, "token-malformed", "no database would take this token",
                    "the token is too long", "leave claims or organizations out");
    return whole;
}

Exit token(const cli::Options &options) {
    if (!options.new_key.empty())
        return new_key(options);
    report::write_result(options.output, minted(options) + "\n");
    return Exit::ok;
}

} // namespace custody::mint
