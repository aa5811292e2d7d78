// Any bytes as one of custody's own tokens, and as the payload of one: never out of bounds, and
// what is read is what is written again. The first byte chooses.
#include "common/base64url.hpp"
#include "common/form_text.hpp"
#include "common/key_lines.hpp"
#include "common/own_token.hpp"

#include <cstdlib>
#include <memory>

using namespace custody::token;

namespace {

constexpr std::string_view kDatabase = "01234567-89ab-8cde-8f01-23456789abcd";

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_payload(const OwnPayload &payload) {
    const OwnPayload back =
        read_own_payload(split_own_token(own_signed_text("k", payload) + ".").payload);
    must(back.database == payload.database && back.issued == payload.issued &&
         back.nonce == payload.nonce && back.identity.kind == payload.identity.kind &&
         back.identity.orgs == payload.identity.orgs &&
         back.identity.user == payload.identity.user &&
         back.identity.role == payload.identity.role &&
         back.identity.claims == payload.identity.claims &&
         back.identity.expires == payload.identity.expires);
    check_own_payload(payload, kDatabase, 1800000000);
}

void check_token(std::string_view text) {
    const OwnToken parts = split_own_token(text);
    must(std::string(kOwnPrefix) + std::string(parts.kid) + '.' + std::string(parts.payload) + '.' +
             std::string(parts.signature) ==
         text);
    check_payload(read_own_payload(parts.payload));
}

void check_base64url(std::string_view text) {
    const auto bytes = decode_base64url(text);
    must(!bytes || encode_base64url(*bytes) == text);
    must(decode_base64url(encode_base64url(text)) == text);
}

void check_form(std::string_view text) {
    FormReader fields(text);
    std::string again;
    while (fields.next()) {
        append_pair(again, fields.name(), fields.value());
        std::string one;
        append_pair(one, fields.name(), fields.value());
        FormReader back(one);
        must(back.next() && back.name() == fields.name() && back.value() == fields.value() &&
             !back.next());
    }
}

void check_keys(std::string_view text) {
    static std::array<FileKey, kMostFileKeys> keys;
    must(read_key_lines(text, keys) <= kMostFileKeys);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char *>(bytes + 1), size - 1);
    try {
        switch (bytes[0] % 5) {
        case 0:
            check_token(text);
            break;
        case 1: // most inputs that are no base64url would never reach the payload
            check_payload(read_own_payload(encode_base64url(text)));
            break;
        case 2:
            check_base64url(text);
            break;
        case 3:
            check_form(text);
            break;
        default:
            check_keys(text);
        }
    } catch (const Refused &) {
        return 0;
    } catch (const KeyError &) {
        return 0;
    }
    return 0;
}
