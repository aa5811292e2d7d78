#include "common/hmac_key.hpp"

#include <cstring>
#include <type_traits>

#include <openssl/crypto.h>

namespace custody::token {

static_assert(std::is_trivially_copyable_v<HmacKey>);

namespace {

constexpr std::size_t kBlock = 64;

} // namespace

HmacKey::HmacKey(std::span<const std::byte> secret) noexcept {
    std::array<std::byte, kBlock> block{};
    if (secret.size() > kBlock) {
        digest::PiecewiseSha256 piecewise; // leaves no copy of the secret on the stack
        piecewise.add(secret);
        auto hash = piecewise.value();
        std::memcpy(block.data(), hash.data(), hash.size());
        wipe(hash.data(), hash.size());
    } else if (!secret.empty()) {
        std::memcpy(block.data(), secret.data(), secret.size());
    }
    for (std::byte &byte : block) {
        byte ^= std::byte{0x36};
    }
    inner_.add(block);
    for (std::byte &byte : block) {
        byte ^= std::byte{0x36 ^ 0x5C};
    }
    outer_.add(block);
    wipe(block.data(), block.size());
}

digest::Sha256Bytes HmacKey::sign(std::string_view text) const noexcept {
    digest::PiecewiseSha256 inner = inner_;
    digest::PiecewiseSha256 outer = outer_;
    inner.add(std::as_bytes(std::span(text)));
    outer.add(inner.value());
    const auto value = outer.value();
    wipe(&inner, sizeof(inner));
    wipe(&outer, sizeof(outer));
    return value;
}

bool HmacKey::verify(std::string_view text, std::span<const std::byte> signature) const noexcept {
    const auto expected = sign(text);
    return signature.size() == expected.size() &&
           CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

void wipe(void *memory, std::size_t size) noexcept { OPENSSL_cleanse(memory, size); }

bool same_bytes(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace custody::token
