// HMAC-SHA256 (RFC 2104) with a key whose two first blocks are hashed once. Trivially copyable, so
// that it can live in memory that no core dump shows; never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "common/sha256.hpp"

namespace custody::token {

inline constexpr std::size_t kShortestSecret = 32; // bytes: a shorter key can be guessed offline

class HmacKey {
  public:
    HmacKey() = default;
    explicit HmacKey(std::span<const std::byte> secret) noexcept;

    digest::Sha256Bytes sign(std::string_view text) const noexcept;
    /// In constant time for signatures of the right length.
    bool verify(std::string_view text, std::span<const std::byte> signature) const noexcept;

  private:
    digest::PiecewiseSha256 inner_, outer_;
};

/// Overwrites what a secret was in; not optimised away.
void wipe(void *memory, std::size_t size) noexcept;

/// Compares in a time that depends on the lengths only.
bool same_bytes(std::string_view a, std::string_view b) noexcept;

} // namespace custody::token
