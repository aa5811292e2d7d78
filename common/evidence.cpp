#include "common/evidence.hpp"

#include "common/big_endian.hpp"

namespace custody::digest {

namespace {

constexpr std::byte kLeaf{0};
constexpr std::byte kNode{1};

void put_hash(std::byte *out, const RowHash &hash) noexcept {
    for (std::size_t i = 0; i < hash.words.size(); ++i) {
        wire::put_big(out + 8 * i, hash.words[i]);
    }
}

RowHash get_hash(const Sha256Bytes &bytes) noexcept {
    RowHash hash;
    for (std::size_t i = 0; i < hash.words.size(); ++i) {
        hash.words[i] = wire::get_big<std::uint64_t>(bytes.data() + 8 * i);
    }
    return hash;
}

} // namespace

void HashList::add(const RowHash &row_hash) noexcept {
    if (held_ == kHeld) {
        hash_.add(bytes_);
        held_ = 0;
    }
    put_hash(bytes_.data() + kHashBytes * held_, row_hash);
    ++held_;
    ++rows_;
}

RowHash HashList::value() noexcept {
    hash_.add(std::span(bytes_).first(kHashBytes * held_));
    return get_hash(hash_.value());
}

RowHash evidence_leaf(std::uint32_t bucket, std::uint64_t rows, const RowHash &list) noexcept {
    std::array<std::byte, 1 + 4 + 8 + 32> bytes;
    bytes[0] = kLeaf;
    wire::put_u32(bytes.data() + 1, bucket);
    wire::put_big(bytes.data() + 5, rows);
    put_hash(bytes.data() + 13, list);
    return get_hash(sha256(bytes));
}

RowHash evidence_root(std::span<RowHash> leaves) noexcept {
    for (std::size_t count = leaves.size(); count > 1; count /= 2) {
        for (std::size_t i = 0; i < count / 2; ++i) {
            std::array<std::byte, 1 + 32 + 32> bytes;
            bytes[0] = kNode;
            put_hash(bytes.data() + 1, leaves[2 * i]);
            put_hash(bytes.data() + 33, leaves[2 * i + 1]);
            leaves[i] = get_hash(sha256(bytes));
        }
    }
    return leaves[0];
}

} // namespace custody::digest
