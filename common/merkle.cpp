#include "common/merkle.hpp"

#include <bit>
#include <cstring>

namespace custody::ledger {

namespace {

constexpr std::byte kNode{0x01};
constexpr std::byte kNoLeaves{0x13};

/// The largest power of two below `count`, which is at least 2.
std::uint64_t left_leaves(std::uint64_t count) noexcept { return std::bit_floor(count - 1); }

void path_into(std::vector<Hash> &path, std::span<const Hash> leaves, std::size_t index) {
    if (leaves.size() < 2) {
        return;
    }
    const std::size_t left = left_leaves(leaves.size());
    if (index < left) {
        path_into(path, leaves.first(left), index);
        path.push_back(tree_of(leaves.subspan(left)));
    } else {
        path_into(path, leaves.subspan(left), index - left);
        path.push_back(tree_of(leaves.first(left)));
    }
}

} // namespace

Hash node(const Hash &left, const Hash &right) noexcept {
    std::byte bytes[1 + 32 + 32];
    bytes[0] = kNode;
    std::memcpy(bytes + 1, left.data(), 32);
    std::memcpy(bytes + 33, right.data(), 32);
    return digest::sha256(bytes);
}

unsigned add_leaf(Hash *peaks, std::uint64_t count, const Hash &leaf) noexcept {
    unsigned peak = static_cast<unsigned>(std::popcount(count));
    Hash tree = leaf;
    for (; (count & 1) != 0; count >>= 1) {
        --peak;
        tree = node(peaks[peak], tree);
    }
    peaks[peak] = tree;
    return peak + 1;
}

Hash tree_of_peaks(const Hash *peaks, std::uint64_t count) noexcept {
    if (count == 0) {
        return digest::sha256(std::span(&kNoLeaves, 1));
    }
    int peak = std::popcount(count) - 1;
    Hash tree = peaks[peak];
    while (peak > 0) {
        --peak;
        tree = node(peaks[peak], tree);
    }
    return tree;
}

Hash tree_of(std::span<const Hash> leaves) noexcept {
    Hash peaks[kMostPeaks];
    std::uint64_t count = 0;
    for (const Hash &leaf : leaves) {
        add_leaf(peaks, count, leaf);
        ++count;
    }
    return tree_of_peaks(peaks, count);
}

std::vector<Hash> audit_path(std::span<const Hash> leaves, std::size_t index) {
    std::vector<Hash> path;
    path_into(path, leaves, index);
    return path;
}

std::optional<Hash> root_from_path(const Hash &leaf, std::uint64_t index, std::uint64_t count,
                                   std::span<const Hash> path) noexcept {
    if (index >= count) {
        return std::nullopt;
    }
    // As in RFC 9162, section 2.1.3.2: `last` is the place of the rightmost leaf, and both climb.
    std::uint64_t last = count - 1;
    Hash tree = leaf;
    for (const Hash &other : path) {
        if (last == 0) {
            return std::nullopt;
        }
        if ((index & 1) != 0 || index == last) {
            tree = node(other, tree);
            while ((index & 1) == 0 && index != 0) {
                index >>= 1;
                last >>= 1;
            }
        } else {
            tree = node(tree, other);
        }
        index >>= 1;
        last >>= 1;
    }
    return last == 0 ? std::optional(tree) : std::nullopt;
}

} // namespace custody::ledger
