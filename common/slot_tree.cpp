#include "common/slot_tree.hpp"

#include <algorithm>

namespace custody::ledger {

namespace {

/// First slot of subtree `index` at this depth; one past the last subtree it is kSlots.
std::uint32_t first_slot(unsigned depth, std::uint32_t index) noexcept {
    return index << (kSlotLevels - depth);
}

std::span<const SlotLeaf> before(std::span<const SlotLeaf> leaves, std::uint32_t slot) noexcept {
    const auto end = std::lower_bound(
        leaves.begin(), leaves.end(), slot,
        [](const SlotLeaf &leaf, std::uint32_t wanted) { return leaf.slot < wanted; });
    return leaves.first(static_cast<std::size_t>(end - leaves.begin()));
}

/// `leaves` are those of the subtree.
Hash subtree(std::span<const SlotLeaf> leaves, const Hash &secret, unsigned depth,
             std::uint32_t index) noexcept {
    if (leaves.empty()) {
        return empty_slots(secret, static_cast<std::uint8_t>(depth), index);
    }
    if (depth == kSlotLevels) {
        return leaves[0].leaf;
    }
    const auto left = before(leaves, first_slot(depth + 1, 2 * index + 1));
    return node(subtree(left, secret, depth + 1, 2 * index),
                subtree(leaves.subspan(left.size()), secret, depth + 1, 2 * index + 1));
}

} // namespace

Hash slot_root(std::span<const SlotLeaf> leaves, const Hash &secret) noexcept {
    return subtree(leaves, secret, 0, 0);
}

SlotPath slot_path(std::span<const SlotLeaf> leaves, const Hash &secret,
                   std::uint32_t slot) noexcept {
    SlotPath path;
    for (unsigned level = 0; level < kSlotLevels; ++level) {
        const unsigned depth = kSlotLevels - level;
        const std::uint32_t beside = (slot >> level) ^ 1;
        const auto up_to_end = before(leaves, first_slot(depth, beside + 1));
        const auto up_to_start = before(up_to_end, first_slot(depth, beside));
        path[level] = subtree(up_to_end.subspan(up_to_start.size()), secret, depth, beside);
    }
    return path;
}

Hash root_from_slot(const Hash &leaf, std::uint32_t slot, const SlotPath &path) noexcept {
    Hash tree = leaf;
    for (unsigned level = 0; level < kSlotLevels; ++level) {
        tree = (slot >> level & 1) != 0 ? node(path[level], tree) : node(tree, path[level]);
    }
    return tree;
}

} // namespace custody::ledger
