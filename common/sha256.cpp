// OpenSSL 3 declares the low-level functions deprecated in favour of EVP, whose setup for each hash
// takes longer than the hash of a short row; they use the same SHA instructions of the processor.
// Nothing else in the project may: the macro stays in this file.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/sha256.hpp"

#include <openssl/sha.h>

#include <type_traits>

namespace custody::digest {

static_assert(sizeof(SHA256_CTX) <= PiecewiseSha256::kStateBytes);
static_assert(alignof(SHA256_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<SHA256_CTX>);

namespace {

SHA256_CTX *as_context(std::byte *state) noexcept { return reinterpret_cast<SHA256_CTX *>(state); }

} // namespace

Sha256Bytes sha256(std::span<const std::byte> bytes) noexcept {
    PiecewiseSha256 hash;
    hash.add(bytes);
    return hash.value();
}

PiecewiseSha256::PiecewiseSha256() noexcept { SHA256_Init(as_context(state_)); }

void PiecewiseSha256::add(std::span<const std::byte> piece) noexcept {
    SHA256_Update(as_context(state_), piece.data(), piece.size());
}

Sha256Bytes PiecewiseSha256::value() noexcept {
    Sha256Bytes digest;
    SHA256_Final(reinterpret_cast<unsigned char *>(digest.data()), as_context(state_));
    return digest;
}

} // namespace custody::digest
