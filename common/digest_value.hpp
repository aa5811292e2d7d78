// A digest with its description: what the SQL type custody.digest holds and the loader compares.
// Unlike digests (another encoding version, profile, form or column list, or one of them ad hoc)
// never compare. Plain values of fixed size, trivially copyable, no allocation but for texts.
// Text form: version:profile:form:columns:rows:sum, as in
//   1:fast:binary:9f2c51d0aa17b3e4:1000:4758ddac5f9ee9383325230e1f285505
// columns is columns_fingerprint() as 16 hexadecimal digits, with "adhoc-" before it for a digest
// of rows that are no table's; sum has 32 (fast) or 64 (sql, evidence) digits.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/digest.hpp"
#include "common/sha256.hpp"

namespace custody::digest {

/// fast: XXH3-128, sum mod 2^128. sql: SHA-256 as four big-endian 64-bit lanes, each summed mod
/// 2^64, so that plain SQL can compute it. evidence: Merkle root over sorted SHA-256 row hashes,
/// which cannot be added.
enum class Profile : std::uint8_t { fast, sql, evidence };

class DigestError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

std::string_view profile_name(Profile profile) noexcept;
Profile profile_from_name(std::string_view name); // throws DigestError

/// A row's or key's hash. fast: high and low 64 bits in the first two words, the rest zero;
/// otherwise the SHA-256 as four big-endian words.
struct RowHash {
    std::array<std::uint64_t, 4> words{};
    auto operator<=>(const RowHash &) const = default;
};

/// XXH3-128 and SHA-256 as the hash of a row in their profiles, and the former back.
RowHash to_row_hash(Hash128 number) noexcept;
RowHash to_row_hash(const Sha256Bytes &bytes) noexcept;
Hash128 to_number(const RowHash &fast) noexcept;

/// Hash of a wire row (or of a key's) in a profile; evidence hashes as sql does.
RowHash hash_row(Profile profile, std::span<const std::byte> wire_row) noexcept;

/// fast: the low bits of the 128-bit number; sql: the low bits of the last word. `buckets` is a
/// power of two up to kMaxBuckets.
inline std::uint32_t bucket_of(Profile profile, const RowHash &key_hash,
                               std::uint32_t buckets) noexcept {
    return static_cast<std::uint32_t>(key_hash.words[profile == Profile::fast ? 1 : 3]) &
           (buckets - 1);
}

struct DigestValue {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0; // columns_fingerprint()
    std::array<std::uint64_t, 4> sum{};
    std::uint8_t version = kEncodingVersion;
    Profile profile = Profile::fast;
    std::uint8_t form = 0; // wire::Form
    bool ad_hoc = false;
    std::array<std::uint8_t, 4> unused{};

    /// Same description, whatever rows and sum are.
    bool like(const DigestValue &other) const noexcept;
    /// Of a profile that adds up (fast, sql). Once per row, so inline.
    void add(const RowHash &row_hash) noexcept {
        ++rows;
        add_words(row_hash.words);
    }
    /// Of like digests of a profile that adds up; the caller has checked both.
    void plus(const DigestValue &other) noexcept;
    void minus(const DigestValue &other) noexcept;
    /// Rows and sum; the caller has checked that they are like.
    bool same(const DigestValue &other) const noexcept;

    std::string sum_hex() const;
    std::string to_text() const;
    static DigestValue from_text(std::string_view text); // throws DigestError

  private:
    void add_words(const std::array<std::uint64_t, 4> &words) noexcept {
        if (profile == Profile::fast) {
            const std::uint64_t low = sum[1] + words[1];
            sum[0] += words[0] + (low < words[1] ? 1 : 0);
            sum[1] = low;
            return;
        }
        for (std::size_t i = 0; i < sum.size(); ++i) {
            sum[i] += words[i];
        }
    }
};
static_assert(sizeof(DigestValue) == 56);

/// First 8 bytes, as a big-endian number, of the SHA-256 of the column names as a wire row: uint16
/// count, then for each name, in the order of the digest, int32 length and UTF-8 bytes.
std::uint64_t columns_fingerprint(std::span<const std::string_view> names);

} // namespace custody::digest
