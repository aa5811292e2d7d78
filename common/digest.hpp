// Row hashes and the digests they add up to (docs/wire-format.md has the bytes).
// A digest is the number of rows and the sum mod 2^128 of their hashes: order-free and additive,
// so a table is the sum of its buckets, of its parts and of its partitions.
// Not thread-safe; plain values, owned by whoever holds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace custody::digest {

using Hash128 = unsigned __int128;

/// Version of the wire row encoding; digests of different versions never compare.
inline constexpr int kEncodingVersion = 1;

/// XXH3-128 (seed 0) of the bytes: high 64 bits first.
Hash128 hash_bytes(std::span<const std::byte> bytes) noexcept;

/// The same hash of bytes that come in pieces; for values too large to be laid out in one buffer.
class PiecewiseHash {
  public:
    static constexpr std::size_t kStateBytes = 576;

    PiecewiseHash() noexcept;
    void add(std::span<const std::byte> piece) noexcept;
    Hash128 value() noexcept;

  private:
    alignas(64) std::byte state_[kStateBytes];
};

inline constexpr std::uint32_t kMaxBuckets = 65536;

/// A power of two from 1 to kMaxBuckets.
constexpr bool valid_bucket_count(std::uint32_t buckets) noexcept {
    return buckets != 0 && buckets <= kMaxBuckets && (buckets & (buckets - 1)) == 0;
}

struct Digest {
    std::uint64_t rows = 0;
    Hash128 sum = 0;

    void add(Hash128 row_hash) noexcept {
        ++rows;
        sum += row_hash;
    }
    Digest &operator+=(const Digest &other) noexcept {
        rows += other.rows;
        sum += other.sum;
        return *this;
    }
    Digest &operator-=(const Digest &other) noexcept {
        rows -= other.rows;
        sum -= other.sum;
        return *this;
    }
    bool operator==(const Digest &) const = default;
    /// The sum as 32 lower-case hexadecimal digits.
    std::string hex() const;
};

/// Writes the 24 bytes of a digest, big-endian: rows (8 bytes), sum (16 bytes).
void write_digest(const Digest &digest, std::byte *out) noexcept;

/// One digest per bucket. The number of buckets is a power of two.
class BucketSet {
  public:
    /// Throws std::invalid_argument unless valid_bucket_count(buckets).
    explicit BucketSet(std::uint32_t buckets = 1);

    /// Puts a row into the bucket of its key; `key_hash` is the row hash where there is no key.
    void add(Hash128 key_hash, Hash128 row_hash) noexcept {
        digests_[bucket_of(key_hash)].add(row_hash);
    }
    std::uint32_t bucket_of(Hash128 key_hash) const noexcept {
        return static_cast<std::uint32_t>(key_hash) & mask_;
    }
    /// Throws std::invalid_argument when the numbers of buckets differ.
    BucketSet &operator+=(const BucketSet &other);
    bool operator==(const BucketSet &) const = default;

    std::uint32_t size() const noexcept { return mask_ + 1; }
    const Digest &at(std::uint32_t bucket) const { return digests_.at(bucket); }
    Digest total() const noexcept;

    /// Big-endian, per bucket: rows (8 bytes), sum (16 bytes).
    std::vector<std::byte> to_bytes() const;
    /// Throws std::invalid_argument when the length is not 24 times a power of two.
    static BucketSet from_bytes(std::span<const std::byte> bytes);

  private:
    std::uint32_t mask_;
    std::vector<Digest> digests_;
};

} // namespace custody::digest
