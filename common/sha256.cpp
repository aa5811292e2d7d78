// OpenSSL 3 declares the low-level functions deprecated in favour of EVP, whose setup for each hash
// takes longer than the hash of a short row; they use the same SHA instructions of the processor.
// Nothing else in the project may: the macro stays in this file.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/sha256.hpp"

#include <openssl/sha.h>

#include <cstring>
#include <type_traits>

#include "common/big_endian.hpp"

namespace custody::digest {

static_assert(sizeof(SHA256_CTX) <= PiecewiseSha256::kStateBytes);
static_assert(alignof(SHA256_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<SHA256_CTX>);

namespace {

SHA256_CTX *as_context(std::byte *state) noexcept { return reinterpret_cast<SHA256_CTX *>(state); }

constexpr std::size_t kBlock = SHA256_CBLOCK;
constexpr std::size_t kEnd = 1 + 8; // a bit that ends the message, and its length
constexpr std::size_t kShort = 4 * kBlock - kEnd;

/// Padded by ourselves, a short message is whole blocks: nothing is kept over for SHA256_Final().
Sha256Bytes sha256_of_short(std::span<const std::byte> bytes) noexcept {
    std::byte blocks[4 * kBlock];
    const std::size_t size = (bytes.size() + kEnd + kBlock - 1) / kBlock * kBlock;
    if (!bytes.empty()) { // an empty span may have no address
        std::memcpy(blocks, bytes.data(), bytes.size());
    }
    blocks[bytes.size()] = std::byte{0x80};
    std::memset(blocks + bytes.size() + 1, 0, size - bytes.size() - kEnd);
    wire::put_big<std::uint64_t>(blocks + size - 8, std::uint64_t{bytes.size()} * 8);
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, blocks, size);
    Sha256Bytes digest;
    for (std::size_t i = 0; i < 8; ++i) {
        wire::put_u32(digest.data() + 4 * i, context.h[i]);
    }
    return digest;
}

} // namespace

Sha256Bytes sha256(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() <= kShort) {
        return sha256_of_short(bytes);
    }
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
