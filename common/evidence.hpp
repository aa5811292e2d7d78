// What the evidence profile makes of row hashes (docs/wire-format.md, section 5): the SHA-256 of a
// bucket's hashes in ascending order, and a Merkle tree over all buckets. Plain values, no
// allocation, nothing throws. The caller sorts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/digest_value.hpp"
#include "common/sha256.hpp"

namespace custody::digest {

/// Leaves of a table's tree; a row's leaf is bucket_of() its row hash.
inline constexpr std::uint32_t kEvidenceBuckets = 1024;

/// SHA-256 of the 32-byte row hashes of one bucket, one after the other.
class HashList {
  public:
    void add(const RowHash &row_hash) noexcept;
    std::uint64_t rows() const noexcept { return rows_; }
    /// Of what was added; then the list is to be made anew.
    RowHash value() noexcept;

  private:
    static constexpr std::size_t kHashBytes = 32;
    static constexpr std::size_t kHeld = 64;

    PiecewiseSha256 hash_;
    std::uint64_t rows_ = 0;
    std::size_t held_ = 0; // hashes are handed over in blocks
    std::array<std::byte, kHashBytes * kHeld> bytes_;
};

/// SHA-256(0x00, uint32 bucket, uint64 rows, list hash).
RowHash evidence_leaf(std::uint32_t bucket, std::uint64_t rows, const RowHash &list) noexcept;

/// Folds a power of two of leaves, in place, to the root; a node is SHA-256(0x01, left, right).
RowHash evidence_root(std::span<RowHash> leaves) noexcept;

} // namespace custody::digest
