#include "extension/tenant/token_challenge.hpp"

#include <cstdio>
#include <cstring>

#include "common/base64url.hpp"
#include "common/hmac_key.hpp"
#include "extension/pg/values.hpp"

namespace custody::tenant {

namespace {

constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kLength = 22;

char outstanding[kLength];
bool is_outstanding = false;

constexpr std::size_t kUuidLength = 36;
char identity[kUuidLength + 1];

void make_identity() noexcept {
    char text[80];
    const int length = snprintf(text, sizeof(text), "custody database " UINT64_FORMAT " %u",
                                GetSystemIdentifier(), MyDatabaseId);
    auto hash = digest::sha256(
        std::as_bytes(std::span<const char>(text, static_cast<std::size_t>(length))));
    hash[6] = (hash[6] & std::byte{0x0F}) | std::byte{0x80}; // version 8, RFC 9562
    hash[8] = (hash[8] & std::byte{0x3F}) | std::byte{0x80};
    char *end = identity;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *end++ = '-';
        }
        end += snprintf(end, 3, "%02x", std::to_integer<unsigned>(hash[i]));
    }
}

} // namespace

std::string_view new_challenge() {
    std::array<std::byte, kRandomBytes> bytes;
    if (!pg_strong_random(bytes.data(), bytes.size())) {
        throw pg::Error(ERRCODE_INTERNAL_ERROR, "no random bytes are to be had");
    }
    const std::string text = token::encode_base64url(bytes);
    std::memcpy(outstanding, text.data(), kLength);
    is_outstanding = true;
    return {outstanding, kLength};
}

bool spend_challenge(std::string_view nonce) noexcept {
    if (!is_outstanding || !token::same_bytes(nonce, {outstanding, kLength})) {
        return false;
    }
    is_outstanding = false;
    token::wipe(outstanding, kLength);
    return true;
}

std::string_view database_id() noexcept {
    if (identity[0] == '\0') {
        make_identity();
    }
    return {identity, kUuidLength};
}

CUSTODY_FUNCTION(custody_challenge) { PG_RETURN_DATUM(pg::text_datum(new_challenge())); }

CUSTODY_FUNCTION(custody_database_id_text) { PG_RETURN_DATUM(pg::text_datum(database_id())); }

} // namespace custody::tenant
