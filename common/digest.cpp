#include "common/digest.hpp"

#include <stdexcept>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace custody::digest {

namespace {

constexpr std::size_t kDigestBytes = 24;

Hash128 from_xxh(XXH128_hash_t hash) noexcept {
    return (static_cast<Hash128>(hash.high64) << 64) | hash.low64;
}

void put_u64(std::byte *out, std::uint64_t value) noexcept {
    for (int shift = 56; shift >= 0; shift -= 8) {
        *out++ = static_cast<std::byte>(value >> shift);
    }
}

std::uint64_t get_u64(const std::byte *in) noexcept {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
        value = (value << 8) | std::to_integer<std::uint64_t>(in[i]);
    }
    return value;
}

XXH3_state_t *as_state(std::byte *bytes) noexcept {
    return reinterpret_cast<XXH3_state_t *>(bytes);
}

} // namespace

Hash128 hash_bytes(std::span<const std::byte> bytes) noexcept {
    return from_xxh(XXH3_128bits(bytes.data(), bytes.size()));
}

static_assert(sizeof(XXH3_state_t) == PiecewiseHash::kStateBytes);
static_assert(alignof(XXH3_state_t) <= 64);

PiecewiseHash::PiecewiseHash() noexcept { XXH3_128bits_reset(as_state(state_)); }

void PiecewiseHash::add(std::span<const std::byte> piece) noexcept {
    XXH3_128bits_update(as_state(state_), piece.data(), piece.size());
}

Hash128 PiecewiseHash::value() noexcept { return from_xxh(XXH3_128bits_digest(as_state(state_))); }

std::string Digest::hex() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(32, '0');
    Hash128 rest = sum;
    for (std::size_t i = text.size(); i-- > 0; rest >>= 4) {
        text[i] = kDigits[static_cast<unsigned>(rest) & 0xF];
    }
    return text;
}

void write_digest(const Digest &digest, std::byte *out) noexcept {
    put_u64(out, digest.rows);
    put_u64(out + 8, static_cast<std::uint64_t>(digest.sum >> 64));
    put_u64(out + 16, static_cast<std::uint64_t>(digest.sum));
}

BucketSet::BucketSet(std::uint32_t buckets) : mask_(buckets - 1) {
    if (!valid_bucket_count(buckets)) {
        throw std::invalid_argument("number of buckets is not a power of two from 1 to 65536");
    }
    digests_.resize(buckets);
}

BucketSet &BucketSet::operator+=(const BucketSet &other) {
    if (mask_ != other.mask_) {
        throw std::invalid_argument("digests with different numbers of buckets do not add up");
    }
    for (std::size_t i = 0; i < digests_.size(); ++i) {
        digests_[i] += other.digests_[i];
    }
    return *this;
}

Digest BucketSet::total() const noexcept {
    Digest sum;
    for (const Digest &digest : digests_) {
        sum += digest;
    }
    return sum;
}

std::vector<std::byte> BucketSet::to_bytes() const {
    std::vector<std::byte> bytes(digests_.size() * kDigestBytes);
    std::byte *out = bytes.data();
    for (const Digest &digest : digests_) {
        write_digest(digest, out);
        out += kDigestBytes;
    }
    return bytes;
}

BucketSet BucketSet::from_bytes(std::span<const std::byte> bytes) {
    const std::size_t buckets = bytes.size() / kDigestBytes;
    if (bytes.size() % kDigestBytes != 0 || buckets > kMaxBuckets ||
        !valid_bucket_count(static_cast<std::uint32_t>(buckets))) {
        throw std::invalid_argument("length of digests is not 24 times a power of two");
    }
    BucketSet set(static_cast<std::uint32_t>(buckets));
    const std::byte *in = bytes.data();
    for (Digest &digest : set.digests_) {
        digest.rows = get_u64(in);
        digest.sum = (static_cast<Hash128>(get_u64(in + 8)) << 64) | get_u64(in + 16);
        in += kDigestBytes;
    }
    return set;
}

} // namespace custody::digest
