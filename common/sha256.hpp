// SHA-256 (FIPS 180-4) by libcrypto's block function, without the setup of an EVP context per row,
// which costs more than the hash of a short row does. Never throws, never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace custody::digest {

using Sha256Bytes = std::array<std::byte, 32>;

Sha256Bytes sha256(std::span<const std::byte> bytes) noexcept;

/// Of bytes that come in pieces.
class PiecewiseSha256 {
  public:
    static constexpr std::size_t kStateBytes = 128;

    PiecewiseSha256() noexcept;
    void add(std::span<const std::byte> piece) noexcept;
    /// Once; the state is spent then.
    Sha256Bytes value() noexcept;

  private:
    alignas(8) std::byte state_[kStateBytes];
};

} // namespace custody::digest
